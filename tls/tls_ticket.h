/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_ticket.h: the keys of session tickets (RFC 5077), one set for all
 * threads, services and reloads of the process. A key encrypts for one period
 * and decrypts for one more; so a ticket is good for a period at least. Keys
 * are never written anywhere. Any thread; a mutex is held for a copy. Private
 * to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_TICKET_H
#define PENSTOCK_TLS_TLS_TICKET_H

#include "engine/base/must.h"

#include <pthread.h>

#define TLS_TICKET_NAME_BYTES 16

struct tls_ticket_key {
	unsigned char name[TLS_TICKET_NAME_BYTES];
	unsigned char aes[32], mac[32];
	uint64_t born_us; /* 0: there is none */
};

struct tls_tickets {
	pthread_mutex_t lock;
	uint64_t period_us;
	struct tls_ticket_key now, before;
};

void tls_tickets_init(struct tls_tickets *t, uint64_t period_us);
void tls_tickets_fini(struct tls_tickets *t);
/* Keys are kept for the longest period that anybody has asked for. */
void tls_tickets_need(struct tls_tickets *t, uint64_t period_us);

/* What a ticket made now is encrypted with. false: no random numbers. */
MUST_USE bool tls_tickets_new(struct tls_tickets *t, uint64_t now_us,
			      struct tls_ticket_key *out);

enum tls_ticket {
	TLS_TICKET_UNKNOWN,
	TLS_TICKET_GOOD,
	TLS_TICKET_RENEW /* good, but from the key before */
};
enum tls_ticket tls_tickets_find(struct tls_tickets *t, uint64_t now_us,
				 const unsigned char *name,
				 struct tls_ticket_key *out);

#endif
