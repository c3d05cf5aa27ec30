/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_log.h: what a connection says to the log, in the words that Postfix's
 * smtpd and qmgr use, so that log readers need not learn new ones. Its worker's
 * thread only; never blocks.
 */
#ifndef PENSTOCK_ENGINE_CONN_LOG_H
#define PENSTOCK_ENGINE_CONN_LOG_H

#include "engine/conn.h"

void conn_log_connect(const struct conn *c);
/* Its reverse name has other addresses, or none. */
void conn_log_forged(const struct conn *c);
/* Why, where it made too many errors; and with the commands counted:
 * "disconnect from … ehlo=1 mail=1 … commands=5". */
void conn_log_disconnect(const struct conn *c);
/* The peer went away without QUIT. */
void conn_log_lost(const struct conn *c);
void conn_log_timeout(const struct conn *c);
/* smtpd_tls_loglevel 1: "Anonymous TLS connection established from ..." */
void conn_log_tls(const struct conn *c, const struct tls_info *info);
/* words: the library's, or "". */
void conn_log_tls_failed(const struct conn *c, enum tls_reason reason,
			 const char *words);
/* what: "Connection concurrency", ...; n: how many there were. */
void conn_log_limit(const struct conn *c, const char *what, unsigned n);
/* text: the server's reason, or ""; user: who it was about, or "". */
void conn_log_auth_failed(const struct conn *c, const char *text,
			  const char *user);
/* The client has sent "*". */
void conn_log_auth_aborted(const struct conn *c);
/* verb: "reject", "reject_warning", …; code 0: it stands in text already. */
void conn_log_verdict(const struct conn *c, const char *verb, unsigned code,
		      const char *text);
/* The message as it goes to the queue: client=…, then from=…, size=…. */
void conn_log_message(const struct conn *c);
void conn_log_commit_failed(const struct conn *c, enum queue_outcome outcome);

#endif
