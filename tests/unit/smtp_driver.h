/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_driver.h: plays the owner of an SMTP session for tests: keeps what the
 * machine has not used up, answers its wants, collects what it says and the
 * messages it makes, and holds it to its contract. One thread.
 *
 * Policy: answers[] per stage; besides, RCPT TO:<no...> is always refused. A
 * match list is one address or a list of names, unless a test links the real
 * ones and says so by DRIVER_REAL_MATCH.
 */
#ifndef PENSTOCK_TESTS_SMTP_DRIVER_H
#define PENSTOCK_TESTS_SMTP_DRIVER_H

#include "engine/base/clock.h"
#include "engine/smtp/smtp_int.h"

#include <stdlib.h>

#define DRIVER_WALL_US 1795410252000000ull /* Mon, 23 Nov 2026 05:04:12 UTC */
#define DRIVER_ID      0x0123456789ABCDEFull

#ifndef DRIVER_REAL_MATCH
struct match {
	const char *text; /* "192.0.2.1" or "mx.example.org, GET" */
};

enum table_result
match_name(const struct match *match, struct span name)
{
	struct span list = span_of(match->text), word;

	while ((word = span_word(&list, ", ")).len)
		if (span_is_equal_nocase(word, name))
			return TABLE_FOUND;
	return TABLE_NOT_FOUND;
}

enum table_result
match_client(const struct match *match, struct span name, const struct ip *ip)
{
	struct ip want_ip;

	if (ip_parse(span_of(match->text), &want_ip))
		return ip_is_equal(ip, &want_ip) ? TABLE_FOUND
						 : TABLE_NOT_FOUND;
	return match_name(match, name);
}
#endif

struct text {
	char *p;
	size_t len, cap;
};

static inline void
text_add(struct text *t, struct span more)
{
	if (t->len + more.len + 1 > t->cap) {
		t->cap = (t->len + more.len + 1) * 2;
		t->p = realloc(t->p, t->cap);
		must(t->p != NULL);
	}
	if (more.len)
		memcpy(t->p + t->len, more.p, more.len);
	t->len += more.len;
	t->p[t->len] = '\0';
}

static inline struct span
text_span(const struct text *t)
{
	return (struct span) { t->p, t->len };
}

struct driver_answer {
	unsigned code; /* 0: go on */
	const char *text;
	bool is_close;
};

struct driver {
	struct smtp s;
	struct smtp_cfg cfg;
	struct smtp_shared shared;
	struct chunk_pool *pool;
	struct ip ip;
	struct envelope env;
	struct smtp_out out;
	uint64_t now_us;

	struct driver_answer answers[SMTP_CHECK_N];
	enum smtp_commit outcome;
	struct smtp_found found; /* the client's name */
	uint64_t check_us;	 /* how long policy takes */
	bool stops_at_pause;	 /* else time is moved on */
	bool stops_at_commit;	 /* else it is answered */
	bool is_tls_busy, is_tls_broken;
	bool is_auth_broken, is_auth_unknown;

	struct text in;	   /* not used up yet */
	struct text said;  /* replies */
	struct text mail;  /* chunks of the message that is coming in */
	struct text kept;  /* messages that were committed, one by one */
	struct text asked; /* stages, a letter each: CHMRDEV */
	unsigned wants[SMTP_WANT_CLOSE + 1];
	unsigned mails_n;
	unsigned facts_rcpt_n; /* at the last commit */
	enum smtp_want want;   /* the last one */
};

#ifndef DRIVER_REAL_MATCH
static struct match driver_forbidden = { "CONNECT, GET, POST" };
#endif

static const struct smtp_cfg driver_cfg = {
	.myhostname = "mx.example.com",
	.mail_name = "Postfix",
	.banner = "mx.example.com ESMTP Postfix",
	.message_bytes_max = 10240000,
	.rcpt_max = 1000,
	.rcpt_overshoot_max = 1000,
	.line_bytes_max = 2048,
	.hops_max = 50,
	.soft_errors_max = 10,
	.hard_errors_max = 20,
	.junk_max = 100,
	.error_sleep_us = 1000000,
	.timeout_us = 300000000,
	.starttls_timeout_us = 60000000,
	.proxy_timeout_us = 5000000,
	.min_data_rate = 500,
	.is_smtputf8 = true,
	.bare_newline = SMTP_BARE_NEWLINE_NORMALIZE,
	.auth_response_max = 12288,
	.drop_headers = "bcc, content-length, resent-bcc, return-path",
#ifndef DRIVER_REAL_MATCH
	.forbidden_commands = &driver_forbidden,
#endif
	.discard_ehlo_keywords = "",
};

static const struct smtp_tls driver_tls = {
	.summary = "TLSv1.3 with cipher TLS_X (256/256 bits)",
	.detail = "key-exchange X25519",
	.peer = "No client certificate requested",
};

static inline void driver_auth_offer(const struct smtp *s,
				     char out[SMTP_AUTH_OFFER_MAX]);

static inline void
driver_init(struct driver *d, uint64_t pool_bytes)
{
	must(setenv("TZ", "UTC0", 1) == 0);
	memset(d, 0, sizeof(*d));
	d->cfg = driver_cfg;
	d->pool = chunk_pool_open(pool_bytes);
	must(d->pool != NULL);
	d->shared.chunks = d->pool;
	d->shared.stream_bytes = 256 * 1024;
	d->shared.auth_offer = driver_auth_offer;
	d->out.cap = 16384;
	d->out.p = malloc(d->out.cap);
	must(d->out.p != NULL);
	must(ip_parse(SPAN("192.0.2.1"), &d->ip));
	d->now_us = 1000000;
	text_add(&d->said, SPAN(""));
	text_add(&d->mail, SPAN(""));
	text_add(&d->kept, SPAN(""));
	text_add(&d->asked, SPAN(""));
}

static inline void
driver_flush(struct driver *d)
{
	must(d->out.len <= d->out.cap);
	text_add(&d->said, (struct span) { d->out.p, d->out.len });
	d->out.len = 0;
}

static inline void
driver_take(struct driver *d)
{
	struct chunk *chunks = smtp_body_take(&d->s);

	for (struct chunk *c = chunks; c != NULL; c = c->next)
		text_add(&d->mail, chunk_span(c));
	chunk_put(chunks);
}

static inline struct driver_answer
driver_answer(struct driver *d, enum smtp_check check)
{
	struct smtp_facts facts = smtp_facts(&d->s);

	if (check == SMTP_CHECK_RCPT || check == SMTP_CHECK_VRFY)
		must(facts.rcpt != NULL && facts.rcpt->len > 0);
	if (check == SMTP_CHECK_RCPT && facts.rcpt->len > 2 &&
	    memcmp(facts.rcpt->text, "no", 2) == 0)
		return (struct driver_answer) { 550, "5.1.1 no such user",
						false };
	return d->answers[check];
}

static inline void
driver_check(struct driver *d)
{
	enum smtp_check check = (enum smtp_check)d->s.check;
	struct driver_answer a = driver_answer(d, check);
	struct envelope_head head = { 0 };

	text_add(&d->asked, (struct span) { &"CHMRDEVT"[check], 1 });
	if (a.code == 0 && check == SMTP_CHECK_MAIL) {
		smtp_envelope_head(&d->s, &head);
		must(envelope_begin(&d->env, &head) == 0);
		d->mail.len = 0;
		smtp_txn_begin(&d->s, &d->env, DRIVER_ID, DRIVER_WALL_US);
	}
	if (a.code == 0 && check == SMTP_CHECK_RCPT) {
		struct smtp_facts facts = smtp_facts(&d->s);

		facts.like.rcpt = facts.like.orig;
		must(envelope_rcpt_add(&d->env, &facts.like) == 0);
	}
	d->now_us += d->check_us;
	smtp_checked(&d->s, &d->out, a.code, a.text, a.is_close, d->now_us);
}

static inline void
driver_commit(struct driver *d)
{
	struct smtp_facts facts = smtp_facts(&d->s);

	driver_take(d);
	must(facts.size_bytes == d->mail.len);
	must(facts.rcpt_n == d->env.rcpt_n && facts.rcpt_n > 0);
	d->facts_rcpt_n = facts.rcpt_n;
	if (d->outcome == SMTP_COMMIT_OK) {
		text_add(&d->kept, text_span(&d->mail));
		d->mails_n++;
	}
	smtp_committed(&d->s, &d->out, d->outcome, d->now_us);
}

/* Plain text goes on after it: what TLS does to bytes is not looked at here. */
static inline void
driver_tls_run(struct driver *d)
{
	smtp_tls_begin(&d->s, &d->out, !d->is_tls_busy, d->now_us);
	if (d->is_tls_busy)
		return;
	must(d->s.txn == NULL && d->s.partial == NULL);
	must(d->s.deadline_us == d->now_us + d->cfg.starttls_timeout_us);
	smtp_tls_done(&d->s, &driver_tls, d->now_us);
	must(d->s.deadline_us == d->now_us + d->cfg.timeout_us);
}

static inline void
driver_auth_offer(const struct smtp *s, char out[SMTP_AUTH_OFFER_MAX])
{
	must(s->is_auth_possible);
	span_copy(s->tls ? SPAN("PLAIN LOGIN") : SPAN("LOGIN"), out,
		  SMTP_AUTH_OFFER_MAX);
}

/*
 * A server that knows PLAIN, whose response is "ok", "temp" or wrong, and
 * LOGIN, which asks twice and believes it all.
 */
static inline void
driver_auth(struct driver *d)
{
	const struct smtp_auth *a = d->s.auth;
	enum smtp_auth_outcome outcome = SMTP_AUTH_NOTHING;
	const char *text = "";

	text_add(&d->asked, (struct span) { &"?FNAE"[d->s.auth_step], 1 });
	if (d->s.auth_step == SMTP_AUTH_FIRST && !a->has_response) {
		outcome = SMTP_AUTH_MORE;
		text = a->method[0] == 'L' ? "VXNlcm5hbWU6" : "";
	} else if (d->s.auth_step == SMTP_AUTH_FIRST ||
		   d->s.auth_step == SMTP_AUTH_NEXT) {
		outcome = strcmp(a->response, "ok") == 0     ? SMTP_AUTH_OK
			  : strcmp(a->response, "temp") == 0 ? SMTP_AUTH_TEMP
			  : strcmp(a->response, "more") == 0 ? SMTP_AUTH_MORE
							     : SMTP_AUTH_FAIL;
		text = outcome == SMTP_AUTH_MORE ? "UGFzc3dvcmQ6"
						 : "for a reason";
	}
	smtp_authed(&d->s, &d->out, outcome, text, "u(1)\t@x", d->now_us);
}

/* Steps until the machine wants bytes, or something that a test looks at. */
static inline void
driver_run(struct driver *d)
{
	struct span in = text_span(&d->in);

	for (bool is_done = false; !is_done;) {
		d->want = smtp_step(&d->s, &in, &d->out, d->now_us);
		must(in.len <= d->in.len &&
		     in.p + in.len == d->in.p + d->in.len);
		d->wants[d->want]++;
		is_done = true;
		switch (d->want) {
		case SMTP_WANT_BYTES:
			must(in.len == 0);
			break;
		case SMTP_WANT_CLOSE:
			break;
		case SMTP_WANT_FLUSH:
			must(d->out.len > 0);
			driver_flush(d);
			is_done = false;
			break;
		case SMTP_WANT_NAME:
			smtp_named(&d->s, &d->found, d->now_us);
			is_done = false;
			break;
		case SMTP_WANT_CHECK:
			driver_check(d);
			is_done = false;
			break;
		case SMTP_WANT_TLS:
			driver_tls_run(d);
			is_done = false;
			break;
		case SMTP_WANT_AUTH:
			driver_auth(d);
			is_done = false;
			break;
		case SMTP_WANT_STREAM:
			driver_take(d);
			is_done = false;
			break;
		case SMTP_WANT_COMMIT:
			if (!d->stops_at_commit)
				driver_commit(d);
			is_done = d->stops_at_commit;
			break;
		case SMTP_WANT_MEMORY:
			must(chunk_pool_used_bytes(d->pool) > 0);
			break;
		case SMTP_WANT_PAUSE:
			must(d->s.resume_us > d->now_us);
			if (!d->stops_at_pause)
				d->now_us = d->s.resume_us;
			is_done = d->stops_at_pause;
			break;
		}
	}
	memmove(d->in.p, in.p, in.len);
	d->in.len = in.len;
	driver_flush(d);
}

static inline void
driver_open(struct driver *d)
{
	text_add(&d->in, SPAN(""));
	smtp_init(&d->s, &d->cfg, &d->shared, &d->ip, 4321, d->now_us);
	d->s.is_tls_possible = !d->is_tls_broken;
	d->s.is_auth_possible = !d->is_auth_broken;
	d->s.is_auth_known = !d->is_auth_unknown;
	driver_run(d);
}

/* Nothing more is fed to a machine that has closed. */
static inline void
driver_feed(struct driver *d, struct span bytes)
{
	text_add(&d->in, bytes);
	if (d->want != SMTP_WANT_CLOSE)
		driver_run(d);
}

static inline void
driver_say(struct driver *d, const char *text)
{
	driver_feed(d, span_of(text));
}

/* In pieces of n bytes; 0: in one. */
static inline void
driver_feed_pieces(struct driver *d, struct span bytes, size_t n)
{
	while (bytes.len) {
		size_t len = n && n < bytes.len ? n : bytes.len;

		driver_feed(d, span_to(bytes, len));
		bytes = span_from(bytes, len);
	}
}

/* The session is over; what it said and kept stays to be looked at. */
static inline void
driver_end(struct driver *d)
{
	smtp_fini(&d->s);
	must(chunk_pool_used_bytes(d->pool) == 0);
	must(!smtp_has_txn(&d->s));
	d->in.len = 0;
	d->want = SMTP_WANT_BYTES;
}

static inline void
driver_forget(struct driver *d)
{
	d->said.len = d->kept.len = d->asked.len = d->mail.len = 0;
	d->said.p[0] = d->kept.p[0] = d->asked.p[0] = d->mail.p[0] = '\0';
	d->mails_n = 0;
	memset(d->wants, 0, sizeof(d->wants));
}

static inline void
driver_fini(struct driver *d)
{
	driver_end(d);
	smtp_shared_fini(&d->shared);
	chunk_pool_close(&d->pool);
	envelope_fini(&d->env);
	free(d->in.p);
	free(d->said.p);
	free(d->mail.p);
	free(d->kept.p);
	free(d->asked.p);
	free(d->out.p);
}

#endif
