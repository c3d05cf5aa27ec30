/* SPDX-License-Identifier: BSD-2-Clause */
/* Two keys, of which the older one only decrypts. */
#include "tls/tls_ticket.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

void
tls_tickets_init(struct tls_tickets *t, uint64_t period_us)
{
	*t = (struct tls_tickets) { .period_us = period_us };
	must(pthread_mutex_init(&t->lock, NULL) == 0);
}

void
tls_tickets_fini(struct tls_tickets *t)
{
	pthread_mutex_destroy(&t->lock);
	OPENSSL_cleanse(t, sizeof(*t));
}

void
tls_tickets_need(struct tls_tickets *t, uint64_t period_us)
{
	pthread_mutex_lock(&t->lock);
	if (t->period_us < period_us)
		t->period_us = period_us;
	pthread_mutex_unlock(&t->lock);
}

static bool
is_young(const struct tls_ticket_key *key, uint64_t now_us, uint64_t most_us)
{
	return key->born_us != 0 && now_us - key->born_us < most_us;
}

/* A new key in the place of one that has had its time. */
static bool
rotate(struct tls_tickets *t, uint64_t now_us)
{
	struct tls_ticket_key key;

	if (is_young(&t->now, now_us, t->period_us))
		return true;
	key.born_us = now_us;
	if (RAND_bytes(key.name, sizeof(key.name)) != 1 ||
	    RAND_priv_bytes(key.aes, sizeof(key.aes)) != 1 ||
	    RAND_priv_bytes(key.mac, sizeof(key.mac)) != 1)
		return false;
	t->before = t->now;
	t->now = key;
	OPENSSL_cleanse(&key, sizeof(key));
	return true;
}

bool
tls_tickets_new(struct tls_tickets *t, uint64_t now_us,
		struct tls_ticket_key *out)
{
	bool is_ok;

	pthread_mutex_lock(&t->lock);
	is_ok = rotate(t, now_us);
	if (is_ok)
		*out = t->now;
	pthread_mutex_unlock(&t->lock);
	return is_ok;
}

enum tls_ticket
tls_tickets_find(struct tls_tickets *t, uint64_t now_us,
		 const unsigned char *name, struct tls_ticket_key *out)
{
	enum tls_ticket found = TLS_TICKET_UNKNOWN;

	pthread_mutex_lock(&t->lock);
	if (is_young(&t->now, now_us, 2 * t->period_us) &&
	    memcmp(t->now.name, name, sizeof(t->now.name)) == 0) {
		*out = t->now;
		found = is_young(&t->now, now_us, t->period_us)
				? TLS_TICKET_GOOD
				: TLS_TICKET_RENEW;
	} else if (is_young(&t->before, now_us, 2 * t->period_us) &&
		   memcmp(t->before.name, name, sizeof(t->before.name)) == 0) {
		*out = t->before;
		found = TLS_TICKET_RENEW;
	}
	pthread_mutex_unlock(&t->lock);
	return found;
}
