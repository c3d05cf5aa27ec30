/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h: policy servers (SMTPD_POLICY_README): one thread for the process
 * keeps connections to all of them and has the clock of whatever a session must
 * wait for; workers hand it questions and take answers, neither waiting for the
 * other. Nothing here blocks but servers_open(), servers_close() and
 * server_def_open(), which may ask for a host's address.
 */
#ifndef PENSTOCK_POLICY_SERVER_H
#define PENSTOCK_POLICY_SERVER_H

#include "engine/base/diag.h"
#include "engine/base/span.h"
#include "engine/policy/lookup.h"

#include <stdatomic.h>
#include <sys/socket.h>

#define SERVER_ADDRS_MAX  4
#define SERVER_ANSWER_MAX 2048 /* line_length_limit */
#define SERVER_TEXT_MAX	  16384

/* What is known of a server: "inet:host:port", "unix:path". Immutable. */
struct server_def {
	_Atomic uint32_t refs;
	const char *name;
	struct {
		struct sockaddr_storage sa;
		socklen_t len;
	} addrs[SERVER_ADDRS_MAX];
	unsigned addrs_n; /* 0: its name has no address */
	/* smtpd_policy_service_... */
	uint64_t timeout_us, max_idle_us, max_ttl_us, retry_delay_us;
	uint32_t request_limit; /* of one connection; 0: none */
	uint32_t try_limit;
};

/*
 * Finds name's addresses; a path is one below dir. The limits are the caller's
 * to fill. NULL: an error is in *diag.
 */
struct server_def *server_def_open(struct span name, const char *dir,
				   struct diag *diag);
struct server_def *server_def_get(struct server_def *def);
void server_def_put(struct server_def **def);

struct servers;

/* Starts the thread. NULL: see *diag. */
struct servers *servers_open(unsigned workers_n, struct diag *diag);
/* After the workers' end. Takes *servers; NULL is fine. */
void servers_close(struct servers **servers);
/* For a worker's lookups_add(LOOKUP_SERVERS). */
struct lookup_source *servers_source(struct servers *servers,
				     unsigned worker_idx);

/* One question; a pause when it has no text. */
struct server_ask {
	struct lookup lookup;
	struct server_def *def;
	const void *who; /* asks: the caller's */
	uint32_t pass_n; /* of pins: the pass that used it last */
	/* the answer, once lookup.is_done: the action, NUL-terminated */
	bool is_ok; /* else nobody gave one */
	uint16_t answer_len;
	char answer[SERVER_ANSWER_MAX + 1];
};

/*
 * Worker: pins a question to a session and sends it on its way; the outcome
 * comes once, by lookups_reap(). text: the attributes, with their empty line.
 * pause_us: waits so long and asks nobody. false: no memory.
 */
MUST_USE bool server_ask(struct lookups *all, struct lookup_pins *pins,
			 struct server_def *def, struct span text,
			 const void *who);
MUST_USE bool server_pause(struct lookups *all, struct lookup_pins *pins,
			   uint64_t pause_us, const void *who);
/*
 * The oldest question of who's that this pass (pins->pass_n) has not used yet:
 * who may ask more than once in an evaluation. NULL: there is none.
 */
const struct server_ask *server_find(struct lookup_pins *pins, const void *who);

#endif
