/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mastercf.h: the services of master.cf (master(5)), as they stand: each column
 * checked, the -o options of smtpd as settings. What becomes of them is
 * config.c's. One thread; strings belong to a struct store.
 */
#ifndef PENSTOCK_CONFIG_MASTERCF_H
#define PENSTOCK_CONFIG_MASTERCF_H

#include "engine/config/settings.h"

struct mastercf_entry {
	const char *name; /* "smtp", "127.0.0.1:2525", "pickup" */
	const char *type; /* inet, unix, unix-dgram, fifo, pass */
	const char *command;
	unsigned line;
	struct settings options; /* -o name=value */
	bool is_started;	 /* for the reader of this struct to set */
};

/* Zeroed: empty. */
struct mastercf {
	struct mastercf_entry *all;
	unsigned n;
};

/*
 * Parses master.cf's text, in place. What is wrong is in *diag with file and
 * line. 0, or -EINVAL when any of it is an error.
 */
MUST_USE int mastercf_parse(struct mastercf *m, struct store *st, char *text,
			    size_t len, const char *file, struct diag *diag);
MUST_USE int mastercf_read(struct mastercf *m, struct store *st,
			   const char *file, struct diag *diag);
void mastercf_fini(struct mastercf *m);

/*
 * "smtp", "2525", "127.0.0.1:smtp", "[::1]:25": host without brackets (empty:
 * none given) and the port's number. false: *why.
 */
bool mastercf_split_address(struct span name, struct span *host_out,
			    uint16_t *port_out, const char **why);

#endif
