/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_auth.h: a connection's logging in: what its SMTP machine wants, asked of
 * a SASL server. Its worker's thread only; never blocks.
 */
#ifndef PENSTOCK_ENGINE_CONN_AUTH_H
#define PENSTOCK_ENGINE_CONN_AUTH_H

#include "engine/conn.h"

/* Finds its server, if it has one. */
void conn_auth_open(struct worker *w, struct conn *c);
/* SMTP_WANT_AUTH: answers at once, or c->wait is CONN_WAIT_AUTH. */
void conn_auth_run(struct worker *w, struct conn *c);
/* The server has answered: runs it. */
void conn_auth_answered(struct worker *w, struct conn *c);
/* struct smtp_shared's. */
void conn_auth_offer(const struct smtp *s, char out[SMTP_AUTH_OFFER_MAX]);

#endif
