/* SPDX-License-Identifier: BSD-2-Clause */
/* What policy says of a stage of a session, and what follows from a yes. */
#include "engine/base/clock.h"
#include "engine/conn.h"
#include "engine/conn_log.h"

static_assert((int)SMTP_CHECK_N == (int)POLICY_STAGE_N, "same stages");
static_assert((int)SMTP_CHECK_RCPT == (int)POLICY_RCPT, "same stages");
static_assert((int)SMTP_CHECK_VRFY == (int)POLICY_VRFY, "same stages");
static_assert((int)SMTP_CHECK_ETRN == (int)POLICY_ETRN, "same stages");

/* What only a policy server asks for. */
static void
add_details(const struct worker *w, struct conn *c, struct policy_query *q)
{
	q->client_port = c->smtp.client_port;
	q->tls = c->smtp.tls != NULL ? c->smtp.tls->summary : NULL;
	q->message_id = c->msg != NULL ? c->msg->id : 0;
	if (net_local(w->net, c->stream, &q->server_ip, &q->server_port) != 0)
		q->server_ip = (struct ip) { 0 }; /* it is just going */
}

/* Who the client has shown to be: what query_of() points at. */
struct who {
	struct policy_login login;
	struct policy_ccert ccert;
};

static void
add_who(struct conn *c, struct who *who, struct policy_query *q)
{
	const struct smtp_auth *login = smtp_login(&c->smtp);
	const struct tls_info *info = c->tls_info;

	if (login != NULL) {
		who->login =
			(struct policy_login) { login->method, login->user,
						smtp_auth_sender(&c->smtp) };
		q->login = &who->login;
	}
	if (info != NULL) {
		who->ccert = (struct policy_ccert) {
			info->certificate, info->public_key,
			strcmp(info->trust, "Trusted") == 0
		};
		q->ccert = &who->ccert;
	}
}

static struct policy_query
query_of(const struct worker *w, struct conn *c)
{
	const struct smtp *s = &c->smtp;
	struct smtp_facts facts = smtp_facts(s);

	return (struct policy_query) {
		.stage = (enum policy_stage)s->check,
		.lookups = w->lookups,
		.pins = &c->pins,
		.where = smtp_state_name(s),
		.rcpt_first = facts.rcpt_first,
		.etrn = facts.etrn,
		.client_ip = s->client_ip,
		.client_name = span_of(smtp_client_name(s)),
		.reverse_name = span_of(smtp_reverse_name(s)),
		.client_status = (uint8_t)smtp_name_status(s),
		.reverse_status = (uint8_t)smtp_reverse_status(s),
		.now_us = w->now_us,
		.helo = span_of(s->helo),
		.proto = smtp_proto_name(s),
		.sender = facts.sender,
		.rcpt = facts.rcpt,
		.size_bytes = facts.size_bytes,
		.rcpt_n = facts.rcpt_n,
		.is_pipelined = s->is_pipelined,
		.was_pipelined_badly = s->was_pipelined_badly,
		.is_tls = s->tls != NULL,
	};
}

/* MAIL was accepted: the message and its envelope begin. */
static unsigned
begin_message(struct worker *w, struct conn *c)
{
	struct smtp *s = &c->smtp;
	struct envelope_head head = {
		.arrival_us = clock_wall_us(),
		.client_name = span_of(smtp_client_name(s)),
		.client_ip = s->client_ip,
		.client_port = s->client_port,
		.helo = span_of(s->helo),
	};

	must(c->msg == NULL);
	if (!queue_has_room(w->queue, smtp_facts(s).size_bytes))
		return 452;
	c->msg = queue_msg_new(w->queue, w->idx);
	if (c->msg == NULL)
		return 452;
	c->is_discard = c->is_sealed = false;
	head.queue_id = c->msg->id;
	smtp_envelope_head(s, &head);
	if (envelope_begin(&c->msg->env, &head) != 0) {
		queue_msg_drop(w->queue, &c->msg);
		return 452;
	}
	smtp_txn_begin(s, &c->msg->env, c->msg->id, head.arrival_us);
	return 0;
}

/* What policy wants before the message, once there is one to come. */
static void
prepend(struct conn *c, const struct policy_verdict *verdict)
{
	struct span lines = { verdict->headers, verdict->headers_len };

	if (lines.len > 0 && c->smtp.txn != NULL &&
	    !smtp_prepend(&c->smtp, lines))
		conn_log_verdict(c, "warning", 0,
				 "no room for more headers: PREPEND");
}

/* False: the answer is on its way. */
static bool
ask_policy(struct worker *w, struct conn *c, struct policy_verdict *verdict)
{
	struct policy_query query = query_of(w, c);
	struct who who;

	add_who(c, &who, &query);
	if (policy_has_servers(c->policy))
		add_details(w, c, &query);
	policy_ask(c->policy, &query, verdict);
	if (verdict->is_pending) {
		counter_add(&w->stats.waits_lookup, 1);
		c->wait = CONN_WAIT_LOOKUP;
		return false;
	}
	lookup_pins_drop(w->lookups, &c->pins);
	for (unsigned i = 0; i < verdict->findings_n; i++)
		conn_log_verdict(c, verdict->findings[i].verb, 0,
				 verdict->findings[i].text);
	if (verdict->is_discard && query.stage <= POLICY_EOD)
		c->is_discard = true;
	prepend(c, verdict);
	return true;
}

static void
answer(struct worker *w, struct conn *c)
{
	enum policy_stage stage = (enum policy_stage)c->smtp.check;
	struct policy_verdict verdict; /* 6 KiB: not cleared */

	policy_verdict_init(&verdict);
	if (!policy_is_idle(c->policy, stage) && !ask_policy(w, c, &verdict))
		return;
	if (verdict.code == 0 && stage == POLICY_MAIL) {
		verdict.code = (uint16_t)begin_message(w, c);
		if (verdict.code != 0)
			span_copy(SPAN("4.3.1 Insufficient system storage"),
				  verdict.text, sizeof(verdict.text));
	}
	if (verdict.code == 0 && stage == POLICY_RCPT) {
		struct smtp_facts facts = smtp_facts(&c->smtp);

		verdict.code = (uint16_t)policy_route(c->policy, facts.rcpt,
						      &facts.like, &c->msg->env,
						      verdict.text);
	}
	if (verdict.code != 0) {
		counter_add(&w->stats.rejects, 1);
		conn_log_verdict(c, "reject", verdict.code, verdict.text);
	}
	smtp_checked(&c->smtp, &w->out, verdict.code, verdict.text,
		     verdict.is_close, w->now_us);
}

void
conn_check(struct worker *w, struct conn *c)
{
	if (c->smtp.is_name_wanted)
		conn_name(w, c);
	else
		answer(w, c);
}

void
conn_looked_up(struct worker *w, struct conn *c)
{
	must(c->wait == CONN_WAIT_LOOKUP);
	c->wait = CONN_WAIT_PEER;
	c->has_work = true;
	conn_check(w, c);
	conn_run(w, c);
}
