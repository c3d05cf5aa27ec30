/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the client is, by name, before it is greeted. */
#include "engine/conn.h"
#include "engine/conn_log.h"
#include "engine/policy/dns.h"

static_assert((int)SMTP_NAME_OK == (int)DNS_CLIENT_OK, "same");
static_assert((int)SMTP_NAME_UNKNOWN == (int)DNS_CLIENT_UNKNOWN, "same");
static_assert((int)SMTP_NAME_TRYAGAIN == (int)DNS_CLIENT_TRYAGAIN, "same");
static_assert((int)SMTP_NAME_FORGED == (int)DNS_CLIENT_FORGED, "same");

void
conn_name(struct worker *w, struct conn *c)
{
	struct smtp_found found;
	struct dns_client client;

	if (!dns_client_find(w->lookups, &c->pins, &c->smtp.client_ip,
			     w->now_us, &client)) {
		counter_add(&w->stats.waits_lookup, 1);
		c->wait = CONN_WAIT_LOOKUP;
		return;
	}
	lookup_pins_drop(w->lookups, &c->pins);
	found = (struct smtp_found) {
		.name = span_of(client.name),
		.reverse_name = span_of(client.reverse_name),
		.name_status = (enum smtp_name_status)client.name_status,
		.reverse_status = (enum smtp_name_status)client.reverse_status,
	};
	smtp_named(&c->smtp, &found, w->now_us);
	if (client.reverse_status == DNS_CLIENT_OK &&
	    client.name_status != DNS_CLIENT_OK)
		conn_log_forged(c);
	conn_log_connect(c);
}
