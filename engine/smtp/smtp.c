/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SMTP machine's frame: sessions, states, lines out of bytes, and the
 * answers that come back from outside. Commands are in smtp_cmd.c, bodies in
 * smtp_data.c.
 */
#include "engine/smtp/smtp_int.h"
#include "engine/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

void
smtp_set_state(struct smtp *s, enum smtp_state state)
{
	must(s->state != ST_CLOSED || state == ST_CLOSED);
	s->state = (uint8_t)state;
	s->is_request_over = true;
}

void
smtp_set_command_state(struct smtp *s)
{
	smtp_set_state(s, s->txn ? ST_MAIL : s->helo[0] ? ST_READY : ST_START);
}

void
smtp_init(struct smtp *s, const struct smtp_cfg *cfg,
	  struct smtp_shared *shared, const struct ip *client_ip,
	  uint16_t client_port, uint64_t now_us)
{
	memset(s, 0, offsetof(struct smtp, helo) + 1);
	s->cfg = cfg;
	s->shared = shared;
	s->client_ip = *client_ip;
	s->client_port = client_port;
	s->state = ST_GREET;
	s->where = SMTP_WHERE_CONNECT;
	s->is_name_wanted = cfg->is_peername_lookup;
	s->deadline_us = now_us + cfg->timeout_us;
	if (cfg->proxy == SMTP_PROXY_HAPROXY) {
		s->state = ST_PROXY;
		s->deadline_us = now_us + cfg->proxy_timeout_us;
	}
	if (s->state == ST_GREET && cfg->is_tls_wrapped) {
		s->state = ST_TLS;
		s->deadline_us = now_us + cfg->starttls_timeout_us;
	}
	smtp_client_rules(s);
}

void
smtp_fini(struct smtp *s)
{
	if (s->txn != NULL)
		smtp_txn_end(s);
	chunk_put(s->partial);
	s->partial = NULL;
	smtp_names_drop(s);
	smtp_auth_drop(s);
	s->state = ST_CLOSED;
}

static void
addr_clear(struct addr *a)
{
	a->len = a->at = 0;
	a->is_utf8 = a->is_literal = false;
	a->text[0] = '\0';
}

struct smtp_txn *
smtp_txn_get(struct smtp *s)
{
	struct smtp_txn *t = s->shared->free_txns;

	must(s->txn == NULL);
	if (t != NULL)
		s->shared->free_txns = t->next_free;
	else if ((t = malloc(sizeof(*t))) == NULL)
		return NULL;
	memset(t, 0, offsetof(struct smtp_txn, envid));
	t->envid[0] = t->orcpt[0] = '\0';
	t->rcpt_first[0] = t->auth_sender[0] = '\0';
	addr_clear(&t->sender);
	addr_clear(&t->rcpt);
	s->txn = t;
	return t;
}

void
smtp_txn_end(struct smtp *s)
{
	struct smtp_txn *t = s->txn;

	smtp_body_fini(&t->body);
	free(t->headers);
	t->headers = NULL;
	t->headers_len = 0;
	t->next_free = s->shared->free_txns;
	s->shared->free_txns = t;
	s->txn = NULL;
}

void
smtp_shared_fini(struct smtp_shared *shared)
{
	while (shared->free_txns != NULL) {
		struct smtp_txn *t = shared->free_txns;

		shared->free_txns = t->next_free;
		free(t);
	}
}

enum smtp_want
smtp_ask(struct smtp *s, enum smtp_check check)
{
	s->check = (uint8_t)check;
	s->is_waiting = true;
	return SMTP_WANT_CHECK;
}

/* --- commands --- */

static enum smtp_want
close_with(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	smtp_reply(s, out, reply, s->cfg->myhostname);
	smtp_set_state(s, ST_CLOSED);
	return SMTP_WANT_CLOSE;
}

enum smtp_want
smtp_limited(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	char ip[IP_TEXT_MAX];

	ip_print(&s->client_ip, ip);
	smtp_reply(s, out, reply, ip);
	return SMTP_WANT_BYTES;
}

/* The client has too many of these: nothing more of it. */
static enum smtp_want
close_limited(struct smtp *s, struct smtp_out *out, const char *what)
{
	char text[SMTP_LINE_BYTES_MAX], ip[IP_TEXT_MAX];

	ip_print(&s->client_ip, ip);
	snprintf(text, sizeof(text), "%.300s Error: too many %s from %s",
		 s->cfg->myhostname, what, ip);
	smtp_reply(s, out, REPLY_TOO_MANY_CONNS, text);
	smtp_set_state(s, ST_CLOSED);
	return SMTP_WANT_CLOSE;
}

/* Once a session, when the client is known: false: one too many. */
static bool
is_welcome(struct smtp *s)
{
	if (s->is_counted)
		return true;
	s->is_counted = true;
	return smtp_is_within(s, SMTP_EVENT_CONNECT);
}

/* A wrapped service: nothing can be said to who is not welcome. */
static enum smtp_want
tls_step(struct smtp *s)
{
	if (!is_welcome(s)) {
		smtp_set_state(s, ST_CLOSED);
		return SMTP_WANT_CLOSE;
	}
	s->is_waiting = true;
	return SMTP_WANT_TLS;
}

static enum smtp_want
greet_step(struct smtp *s, struct smtp_out *out)
{
	return is_welcome(s) ? smtp_ask(s, SMTP_CHECK_CONNECT)
			     : close_limited(s, out, "connections");
}

static enum smtp_want
command_step(struct smtp *s, struct span *in, struct smtp_out *out)
{
	enum smtp_want want = SMTP_WANT_BYTES;
	struct span line;

	s->has_too_many_errors = s->errors_n >= s->cfg->hard_errors_max;
	if (s->has_too_many_errors)
		return close_with(s, out, REPLY_TOO_MANY_ERRORS);
	switch (smtp_line_next(s, in, &line)) {
	case LINE_MORE:
		return SMTP_WANT_BYTES;
	case LINE_NO_MEMORY:
		return SMTP_WANT_MEMORY;
	case LINE_OVERLONG:
		s->is_request_over = true;
		s->where = SMTP_VERB_UNKNOWN;
		s->verb_n[SMTP_VERB_UNKNOWN]++;
		smtp_reply(s, out, REPLY_LINE_TOO_LONG, NULL);
		return SMTP_WANT_BYTES;
	case LINE_IS:
		break;
	}
	s->is_request_over = true;
	s->is_pipelined = in->len > 0;
	if (smtp_line_cut_end(s, &line))
		want = smtp_command(s, line, out);
	else
		want = close_with(s, out, REPLY_BARE_LF);
	if (s->partial != NULL) {
		chunk_put(s->partial);
		s->partial = NULL;
	}
	return want;
}

/* --- the PROXY header --- */

static enum smtp_want
proxy_step(struct smtp *s, struct span *in)
{
	size_t had = s->partial ? s->partial->len : 0;
	size_t n = in->len < PROXY_BYTES_MAX - had ? in->len
						   : PROXY_BYTES_MAX - had;
	struct proxy_info info;
	struct span seen;

	if (n == 0 && had < PROXY_BYTES_MAX)
		return SMTP_WANT_BYTES;
	if (!smtp_line_keep(s, span_to(*in, n)))
		return SMTP_WANT_MEMORY;
	*in = span_from(*in, n);
	seen = chunk_span(s->partial);
	switch (smtp_proxy_parse(&seen, &info)) {
	case PROXY_MORE:
		if (s->partial->len < PROXY_BYTES_MAX)
			return SMTP_WANT_BYTES;
		/* fall through */
	case PROXY_BAD:
		smtp_set_state(s, ST_CLOSED);
		return SMTP_WANT_CLOSE;
	case PROXY_DONE:
		break;
	}
	/* What is behind the header came with this very input. */
	must(seen.len <= n);
	*in = (struct span) { in->p - seen.len, in->len + seen.len };
	chunk_put(s->partial);
	s->partial = NULL;
	if (!info.is_local) {
		s->client_ip = info.ip;
		s->client_port = info.port;
		smtp_client_rules(s);
	}
	smtp_set_state(s, s->cfg->is_tls_wrapped ? ST_TLS : ST_GREET);
	return SMTP_WANT_BYTES;
}

static enum smtp_want
step_once(struct smtp *s, struct span *in, struct smtp_out *out)
{
	if (s->is_name_wanted && s->state != ST_PROXY &&
	    s->state != ST_CLOSED) {
		s->is_waiting = true;
		return SMTP_WANT_NAME;
	}
	if (s->is_over_limit)
		return close_limited(s, out, "new TLS sessions");
	if (s->is_helo_due) {
		s->is_helo_due = false;
		return smtp_ask(s, SMTP_CHECK_HELO);
	}
	switch ((enum smtp_state)s->state) {
	case ST_PROXY:
		return proxy_step(s, in);
	case ST_TLS:
		return tls_step(s);
	case ST_GREET:
		return greet_step(s, out);
	case ST_DENIED:
	case ST_START:
	case ST_READY:
	case ST_MAIL:
		return command_step(s, in, out);
	case ST_DATA:
		return smtp_data_step(s, in, out);
	case ST_CHUNK:
		return smtp_chunk_step(s, in, out);
	case ST_SWALLOW:
		return smtp_swallow_step(s, in);
	case ST_AUTH:
		return smtp_auth_step(s, in, out);
	case ST_CLOSED:
	case ST_N:
		break;
	}
	return SMTP_WANT_CLOSE;
}

static enum smtp_want
steps(struct smtp *s, struct span *in, struct smtp_out *out, uint64_t now_us)
{
	enum smtp_want want = SMTP_WANT_BYTES;
	enum smtp_state before;

	do {
		unsigned errors_before = s->errors_n;
		size_t had = in->len;

		if (out->cap - out->len < SMTP_OUT_ROOM_MIN)
			return SMTP_WANT_FLUSH;
		before = (enum smtp_state)s->state;
		want = step_once(s, in, out);
		if (want == SMTP_WANT_BYTES &&
		    smtp_has_to_pause(s, errors_before, now_us))
			return SMTP_WANT_PAUSE;
		if (want == SMTP_WANT_BYTES && in->len == had &&
		    s->state == before)
			break;
	} while (want == SMTP_WANT_BYTES);
	return want;
}

enum smtp_want
smtp_step(struct smtp *s, struct span *in, struct smtp_out *out,
	  uint64_t now_us)
{
	bool was_in_request = smtp_is_in_request(s);
	size_t had = in->len;
	enum smtp_want want;

	must(!s->is_waiting);
	if (s->resume_us > now_us)
		return SMTP_WANT_PAUSE;
	s->resume_us = 0;
	s->is_request_over = false;
	want = steps(s, in, out, now_us);
	smtp_deadline_renew(s, was_in_request && !s->is_request_over,
			    had - in->len, now_us);
	return want;
}

/* --- answers --- */

void
smtp_txn_begin(struct smtp *s, struct envelope *env, uint64_t id,
	       uint64_t wall_us)
{
	must(s->is_waiting && s->check == SMTP_CHECK_MAIL);
	s->txn->env = env;
	s->txn->id = id;
	s->txn->wall_us = wall_us;
}

bool
smtp_prepend(struct smtp *s, struct span lines)
{
	struct smtp_txn *t = s->txn;

	if (t->headers == NULL)
		t->headers = malloc(SMTP_HEADERS_MAX);
	if (t->headers == NULL || lines.len > SMTP_HEADERS_MAX - t->headers_len)
		return false;
	memcpy(t->headers + t->headers_len, lines.p, lines.len);
	t->headers_len = (uint16_t)(t->headers_len + lines.len);
	return true;
}

/* VRFY and ETRN outside of a transaction borrowed one for what they name. */
static void
borrowed_end(struct smtp *s)
{
	if (s->txn->env == NULL)
		smtp_txn_end(s);
}

static void
refused(struct smtp *s)
{
	switch ((enum smtp_check)s->check) {
	case SMTP_CHECK_CONNECT:
		smtp_set_state(s, ST_DENIED);
		return;
	case SMTP_CHECK_HELO:
		s->helo[0] = '\0';
		return;
	case SMTP_CHECK_MAIL:
	case SMTP_CHECK_EOD:
		smtp_txn_end(s);
		smtp_set_command_state(s);
		return;
	case SMTP_CHECK_DATA:
		smtp_data_refused(s);
		return;
	case SMTP_CHECK_RCPT:
	case SMTP_CHECK_N:
		return;
	case SMTP_CHECK_VRFY:
	case SMTP_CHECK_ETRN:
		borrowed_end(s);
	}
}

static void
accepted(struct smtp *s, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;

	switch ((enum smtp_check)s->check) {
	case SMTP_CHECK_CONNECT:
		smtp_reply(s, out, REPLY_GREETING, s->cfg->banner);
		smtp_set_state(s, ST_START);
		return;
	case SMTP_CHECK_HELO:
		smtp_helo_accepted(s, out);
		return;
	case SMTP_CHECK_MAIL:
		must(t->env != NULL);
		s->verb_ok_n[SMTP_VERB_MAIL]++;
		smtp_reply(s, out, REPLY_OK_MAIL, NULL);
		smtp_set_command_state(s);
		return;
	case SMTP_CHECK_RCPT:
		if (t->rcpt_ok_n++ == 0)
			span_copy(addr_span(&t->rcpt), t->rcpt_first,
				  sizeof(t->rcpt_first));
		s->verb_ok_n[SMTP_VERB_RCPT]++;
		smtp_reply(s, out, REPLY_OK_RCPT, NULL);
		return;
	case SMTP_CHECK_VRFY:
		s->verb_ok_n[SMTP_VERB_VRFY]++;
		smtp_reply(s, out, REPLY_OK_VRFY, t->rcpt.text);
		borrowed_end(s);
		return;
	case SMTP_CHECK_ETRN:
		smtp_reply(s, out, REPLY_NO_ETRN, t->etrn);
		borrowed_end(s);
		return;
	case SMTP_CHECK_DATA:
		smtp_data_accepted(s, out);
		return;
	case SMTP_CHECK_EOD:
	case SMTP_CHECK_N:
		return;
	}
}

void
smtp_checked(struct smtp *s, struct smtp_out *out, unsigned code,
	     const char *text, bool is_close, uint64_t now_us)
{
	unsigned errors_before = s->errors_n;

	must(s->is_waiting && s->state != ST_CLOSED);
	s->is_waiting = false;
	/* The wait was not the peer's. */
	s->deadline_us = now_us + s->cfg->timeout_us;
	if (code == 0) {
		accepted(s, out);
		return;
	}
	smtp_reply_text(s, out, code, text);
	refused(s);
	if (is_close)
		smtp_set_state(s, ST_CLOSED);
	(void)smtp_has_to_pause(s, errors_before, now_us);
}

void
smtp_committed(struct smtp *s, struct smtp_out *out, enum smtp_commit outcome,
	       uint64_t now_us)
{
	must(s->is_waiting && s->state != ST_CLOSED);
	s->is_waiting = false;
	s->deadline_us = now_us + s->cfg->timeout_us;
	smtp_message_done(s, out, outcome);
}

static void
hang_up(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	if (s->state != ST_PROXY && s->state != ST_CLOSED &&
	    out->cap - out->len >= SMTP_REPLY_BYTES_MAX)
		smtp_reply(s, out, reply, s->cfg->myhostname);
	s->is_waiting = false;
	smtp_set_state(s, ST_CLOSED);
}

void
smtp_timed_out(struct smtp *s, struct smtp_out *out)
{
	hang_up(s, out, REPLY_TIMEOUT);
}

void
smtp_shutting_down(struct smtp *s, struct smtp_out *out)
{
	hang_up(s, out, REPLY_SHUTDOWN);
}

void
smtp_out_of_storage(struct smtp *s, struct smtp_out *out)
{
	hang_up(s, out, REPLY_OUT_OF_STORAGE);
}

/* --- facts --- */

bool
smtp_is_idle(const struct smtp *s)
{
	if (s->state == ST_TLS || s->is_name_wanted)
		return true;
	return !s->is_waiting && s->state != ST_DATA && s->state != ST_CHUNK &&
	       !(s->txn != NULL && s->txn->has_bdat);
}

bool
smtp_has_txn(const struct smtp *s)
{
	return s->txn != NULL && s->txn->env != NULL;
}

struct smtp_facts
smtp_facts(const struct smtp *s)
{
	const struct smtp_txn *t = s->txn;

	if (t == NULL)
		return (struct smtp_facts) { 0 };
	if (s->check == SMTP_CHECK_ETRN)
		return (struct smtp_facts) { .etrn = span_of(t->etrn) };
	return (struct smtp_facts){
		.sender = s->check == SMTP_CHECK_VRFY ? NULL : &t->sender,
		.rcpt = &t->rcpt,
		.like = {
			.orig = addr_span(&t->rcpt),
			.orcpt = { t->orcpt, t->orcpt_len },
			.notify = t->notify,
		},
		.size_bytes = s->check == SMTP_CHECK_EOD ? t->body.bytes :
							   t->size_declared,
		.rcpt_n = t->rcpt_ok_n,
		.rcpt_first = span_of(t->rcpt_first),
	};
}

void
smtp_envelope_head(const struct smtp *s, struct envelope_head *head)
{
	const struct smtp_txn *t = s->txn;

	head->sender = addr_span(&t->sender);
	head->envid = (struct span) { t->envid, t->envid_len };
	head->body = t->body_type;
	head->ret = t->ret;
	head->is_smtputf8 = t->is_smtputf8;
	head->is_esmtp = s->proto == SMTP_PROTO_ESMTP;
}

struct chunk *
smtp_body_take(struct smtp *s)
{
	return smtp_body_chunks_take(&s->txn->body);
}

void
smtp_too_big(struct smtp *s)
{
	s->txn->body.is_too_big = true;
}

const char *
smtp_auth_sender(const struct smtp *s)
{
	return s->txn != NULL ? s->txn->auth_sender : "";
}

const char *
smtp_proto_name(const struct smtp *s)
{
	return s->proto == SMTP_PROTO_ESMTP ? "ESMTP" : "SMTP";
}

const char *
smtp_state_name(const struct smtp *s)
{
	if (s->where == SMTP_WHERE_CONNECT)
		return "CONNECT";
	if (s->where == SMTP_WHERE_MESSAGE)
		return "END-OF-MESSAGE";
	return smtp_verb_name((enum smtp_verb)s->where);
}
