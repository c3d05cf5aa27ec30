/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h: blast's command line into what load_run() and verify_run() take.
 * One thread; says on stderr what is wrong, and what would be right.
 */
#ifndef PENSTOCK_BENCH_OPTIONS_H
#define PENSTOCK_BENCH_OPTIONS_H

#include "bench/load_run.h"
#include "bench/verify.h"
#include "dataplane/host_cfg.h"

#include <stdio.h>

struct options {
	bool is_verify, is_help, is_version;
	bool is_json, is_strict, is_quiet;
	const char *to; /* HOST:PORT as given */
	const char *ledger_path;
	struct dataplane_cfg dataplane;
	struct message_cfg msg;
	struct load_cfg load; /* gen and ledger still to be opened */
	struct verify_cfg verify;
};

/*
 * argv's strings are kept. EX_OK, or what to exit with (EX_USAGE, EX_NOHOST)
 * after a line on stderr.
 */
MUST_USE int options_parse(struct options *o, int argc, char **argv);
void options_help(FILE *out);

#endif
