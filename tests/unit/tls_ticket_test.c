/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket keys: how long each encrypts, and how long it decrypts. */
#include "tls/tls_ticket.h"
#include "tests/unit/check.h"

#define PERIOD 1000u

int
main(void)
{
	struct tls_ticket_key first, second, third, found;
	struct tls_tickets t;

	tls_tickets_init(&t, PERIOD);
	CHECK_ROW("one period");
	CHECK(tls_tickets_new(&t, 1, &first));
	CHECK(tls_tickets_new(&t, PERIOD, &second));
	CHECK(memcmp(&first, &second, sizeof(first)) == 0);
	CHECK(tls_tickets_find(&t, 1, first.name, &found) == TLS_TICKET_GOOD);
	CHECK(memcmp(&first, &found, sizeof(first)) == 0);

	CHECK_ROW("nobody has asked for a new one yet");
	CHECK(tls_tickets_find(&t, PERIOD + 1, first.name, &found) ==
	      TLS_TICKET_RENEW);

	CHECK_ROW("the next period");
	CHECK(tls_tickets_new(&t, PERIOD + 1, &second));
	CHECK(memcmp(first.name, second.name, sizeof(first.name)) != 0);
	CHECK(memcmp(first.aes, second.aes, sizeof(first.aes)) != 0);
	CHECK(memcmp(first.mac, second.mac, sizeof(first.mac)) != 0);
	CHECK(tls_tickets_find(&t, 2 * PERIOD, first.name, &found) ==
	      TLS_TICKET_RENEW);
	CHECK(memcmp(first.aes, found.aes, sizeof(first.aes)) == 0);
	CHECK(tls_tickets_find(&t, 2 * PERIOD + 1, first.name, &found) ==
	      TLS_TICKET_UNKNOWN);
	CHECK(tls_tickets_find(&t, 2 * PERIOD, second.name, &found) ==
	      TLS_TICKET_GOOD);

	CHECK_ROW("a longer period holds, a shorter one is not taken");
	tls_tickets_need(&t, 3 * PERIOD);
	tls_tickets_need(&t, 1);
	CHECK(tls_tickets_new(&t, 4 * PERIOD, &third));
	CHECK(memcmp(second.name, third.name, sizeof(second.name)) == 0);

	CHECK_ROW("a name that nobody has made");
	memset(first.name, 0, sizeof(first.name));
	CHECK(tls_tickets_find(&t, 4 * PERIOD, first.name, &found) ==
	      TLS_TICKET_UNKNOWN);
	tls_tickets_fini(&t);
	return check_end();
}
