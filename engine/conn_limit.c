/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which events of a connection are counted for its client, against which limit,
 * and the warnings that Postfix's smtpd has for it.
 */
#include "engine/conn_limit.h"
#include "engine/conn_log.h"

static const struct {
	enum limit_rate rate;
	const char *what; /* of the log line */
} events[] = {
	[SMTP_EVENT_CONNECT] = { LIMIT_CONNECT, "Connection rate" },
	[SMTP_EVENT_MAIL] = { LIMIT_MESSAGE, "Message delivery request rate" },
	[SMTP_EVENT_RCPT] = { LIMIT_RCPT, "Recipient address rate" },
	[SMTP_EVENT_AUTH] = { LIMIT_AUTH, "AUTH command rate" },
	[SMTP_EVENT_STARTTLS] = { LIMIT_TLS, "New TLS session rate" },
	[SMTP_EVENT_TLS] = { LIMIT_TLS, "New TLS session rate" },
};
static_assert(ARRAY_N(events) == SMTP_EVENT_N, "a row per event");

static bool
is_excepted(const struct conn *c)
{
	const struct match *list = c->service->limits.exceptions;
	const struct smtp *s = &c->smtp;

	return smtp_xclient_is_allowed(s) ||
	       (list != NULL && !match_is_empty(list) &&
		match_client(list, span_of(smtp_client_name(s)),
			     &s->client_ip) == TABLE_FOUND);
}

static bool
has_limit(const struct limits_cfg *cfg)
{
	uint32_t any = cfg->conns_max;

	for (int i = 0; i < LIMIT_RATE_N; i++)
		any |= cfg->rates_max[i];
	return any != 0;
}

static bool
is_over(struct conn *c, const char *what, uint32_t n, uint32_t max)
{
	struct worker *w = c->smtp.shared->owner;

	if (max == 0 || n <= max)
		return false;
	counter_add(&w->stats.limited, 1);
	conn_log_limit(c, what, n);
	return true;
}

/* A connection begins: false: one too many. */
static bool
enter(struct worker *w, struct conn *c)
{
	const struct limits_cfg *cfg = &c->service->limits;
	uint32_t conns_n = 0;

	if (w->limits == NULL || !has_limit(cfg) || is_excepted(c))
		return true;
	c->limit = limits_enter(w->limits, net_service_idx(w->net, c->stream),
				&c->smtp.client_ip, cfg, w->now_us, &conns_n);
	return c->limit == NULL ||
	       !is_over(c, "Connection concurrency", conns_n, cfg->conns_max);
}

bool
conn_limit_is_within(struct smtp *s, enum smtp_event event)
{
	struct conn *c = CONTAINER_OF(s, struct conn, smtp);
	const struct limits_cfg *cfg = &c->service->limits;
	enum limit_rate rate = events[event].rate;
	struct worker *w = s->shared->owner;
	bool has_entered = event != SMTP_EVENT_CONNECT || enter(w, c);
	uint32_t n;

	if (c->limit == NULL || cfg->rates_max[rate] == 0 ||
	    (event == SMTP_EVENT_TLS && c->tls_info->is_resumed))
		return has_entered;
	if (event == SMTP_EVENT_STARTTLS)
		n = limits_counted(c->limit, rate, cfg, w->now_us);
	else
		n = limits_count(c->limit, rate, cfg, w->now_us);
	/* One too many counts, but is said once. */
	return has_entered &&
	       !is_over(c, events[event].what, n, cfg->rates_max[rate]);
}
