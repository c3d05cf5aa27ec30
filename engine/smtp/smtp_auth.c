/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH (RFC 4954) as the protocol sees it: who may log in when, and lines that
 * go to and fro. What is in them is the owner's and its server's business.
 */
#include "engine/smtp/smtp_int.h"

#include <stdio.h>
#include <stdlib.h>

/* There is a server that could be asked, whatever else stands against it. */
static bool
is_active(const struct smtp *s)
{
	return s->cfg->is_auth && s->is_auth_possible;
}

static bool
is_plain_forbidden(const struct smtp *s)
{
	return s->cfg->is_auth_tls_only && s->tls == NULL;
}

bool
smtp_auth_is_offered(const struct smtp *s)
{
	return is_active(s) && !is_plain_forbidden(s) &&
	       !smtp_is_discarded(s, "AUTH") &&
	       !(s->cfg->auth_exceptions != NULL &&
		 match_client(s->cfg->auth_exceptions,
			      span_of(smtp_client_name(s)),
			      &s->client_ip) == TABLE_FOUND);
}

bool
smtp_auth_is_owed(struct smtp *s)
{
	if (s->is_auth_known || !smtp_auth_is_offered(s))
		return false;
	s->is_helo_due = s->is_waiting = true;
	s->auth_step = SMTP_AUTH_WAIT;
	return true;
}

/* --- what is kept --- */

static void
drop_response(struct smtp_auth *a)
{
	if (a->response != NULL)
		explicit_bzero(a->response, strlen(a->response));
	free(a->response);
	a->response = NULL;
}

void
smtp_auth_drop(struct smtp *s)
{
	if (s->auth == NULL)
		return;
	drop_response(s->auth);
	free(s->auth);
	s->auth = NULL;
}

/* What goes into logs and headers must be harmless there. */
static void
copy_printable(struct span in, char *out, size_t cap)
{
	size_t n = span_copy(in, out, cap);

	for (size_t i = 0; i < n; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '?';
}

bool
smtp_auth_set(struct smtp *s, struct span method, struct span user)
{
	smtp_auth_drop(s);
	if (user.len >= sizeof(s->auth->user))
		return false;
	s->auth = calloc(1, sizeof(*s->auth));
	if (s->auth == NULL)
		return false;
	copy_printable(method, s->auth->method, sizeof(s->auth->method));
	copy_printable(user, s->auth->user, sizeof(s->auth->user));
	s->auth->is_done = true;
	return true;
}

const struct smtp_auth *
smtp_login(const struct smtp *s)
{
	return s->auth != NULL && s->auth->is_done ? s->auth : NULL;
}

/* --- lines --- */

static enum smtp_want
say(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	smtp_reply(s, out, reply, NULL);
	return SMTP_WANT_BYTES;
}

static enum smtp_want
ask(struct smtp *s, enum smtp_auth_step step)
{
	s->auth_step = (uint8_t)step;
	s->is_waiting = true;
	return SMTP_WANT_AUTH;
}

static bool
keep_response(struct smtp_auth *a, struct span text)
{
	drop_response(a);
	a->response = strndup(text.p, text.len);
	a->has_response = true;
	return a->response != NULL;
}

static enum smtp_reply
refusal(const struct smtp *s)
{
	if (s->helo[0] == '\0' && s->cfg->is_helo_required)
		return REPLY_NEED_HELO;
	if (!is_active(s) || smtp_is_discarded(s, "AUTH"))
		return REPLY_NO_AUTH;
	if (s->txn != NULL)
		return REPLY_IN_TRANSACTION;
	if (is_plain_forbidden(s))
		return REPLY_AUTH_NEEDS_TLS;
	if (s->auth != NULL)
		return REPLY_AUTH_ACTIVE;
	return REPLY_OK;
}

enum smtp_want
smtp_auth(struct smtp *s, struct span args, struct smtp_out *out)
{
	struct span mech = span_word(&args, " \t");
	struct span response = span_word(&args, " \t");
	enum smtp_reply reply = refusal(s);

	if (reply == REPLY_OK && (mech.len == 0 || span_trim(args).len))
		reply = REPLY_SYNTAX_AUTH;
	if (reply != REPLY_OK)
		return say(s, out, reply);
	if (!smtp_is_within(s, SMTP_EVENT_AUTH))
		return smtp_limited(s, out, REPLY_TOO_MANY_AUTH);
	s->auth = calloc(1, sizeof(*s->auth));
	if (s->auth == NULL)
		return say(s, out, REPLY_AUTH_NO_MEMORY);
	copy_printable(mech, s->auth->method, sizeof(s->auth->method));
	/* Section 4: "=" is a response that is there, and empty. */
	if (span_is_equal(response, SPAN("=")))
		response.len = 0;
	else if (response.len == 0)
		return ask(s, SMTP_AUTH_FIRST);
	if (!keep_response(s->auth, response)) {
		smtp_auth_drop(s);
		return say(s, out, REPLY_AUTH_NO_MEMORY);
	}
	return ask(s, SMTP_AUTH_FIRST);
}

static enum smtp_want
give_up(struct smtp *s, struct smtp_out *out, enum smtp_reply reply,
	enum smtp_auth_step step)
{
	smtp_reply(s, out, reply, NULL);
	smtp_set_command_state(s);
	return ask(s, step);
}

/* What the client answers to a challenge. */
static enum smtp_want
take_line(struct smtp *s, struct span line, struct smtp_out *out)
{
	if (!smtp_line_cut_end(s, &line) || span_is_equal(line, SPAN("*")))
		return give_up(s, out, REPLY_AUTH_ABORTED, SMTP_AUTH_ABORTED);
	if (!keep_response(s->auth, line))
		return give_up(s, out, REPLY_AUTH_NO_MEMORY, SMTP_AUTH_ENDED);
	return ask(s, SMTP_AUTH_NEXT);
}

enum smtp_want
smtp_auth_step(struct smtp *s, struct span *in, struct smtp_out *out)
{
	enum smtp_want want = SMTP_WANT_BYTES;
	struct span line;

	switch (smtp_line_next(s, in, &line)) {
	case LINE_MORE:
		return SMTP_WANT_BYTES;
	case LINE_NO_MEMORY:
		return SMTP_WANT_MEMORY;
	case LINE_OVERLONG:
		want = give_up(s, out, REPLY_AUTH_TOO_LONG, SMTP_AUTH_ENDED);
		break;
	case LINE_IS:
		want = take_line(s, line, out);
		break;
	}
	s->is_request_over = true;
	if (s->partial != NULL) {
		chunk_put(s->partial);
		s->partial = NULL;
	}
	return want;
}

/* --- answers --- */

/* The server's own words: longer than other replies, and base64. */
static void
challenge(struct smtp *s, struct smtp_out *out, const char *text)
{
	size_t len = strlen(text);

	smtp_out_put(out, "334 ", 4);
	smtp_out_put(out, text, len);
	smtp_out_put(out, "\r\n", 2);
	smtp_set_state(s, ST_AUTH);
}

static void
fail(struct smtp *s, struct smtp_out *out, enum smtp_reply reply,
     const char *text)
{
	smtp_reply(s, out, reply, text);
	smtp_auth_drop(s);
	smtp_set_command_state(s);
}

static void
succeed(struct smtp *s, struct smtp_out *out, const char *user)
{
	drop_response(s->auth);
	copy_printable(span_of(user), s->auth->user, sizeof(s->auth->user));
	s->auth->is_done = true;
	s->verb_ok_n[SMTP_VERB_AUTH]++;
	smtp_reply(s, out, REPLY_AUTH_OK, NULL);
	smtp_set_command_state(s);
}

void
smtp_authed(struct smtp *s, struct smtp_out *out,
	    enum smtp_auth_outcome outcome, const char *text, const char *user,
	    uint64_t now_us)
{
	unsigned errors_before = s->errors_n;

	must(s->is_waiting && s->state != ST_CLOSED);
	s->is_waiting = false;
	/* The wait was not the peer's. */
	s->deadline_us = now_us + s->cfg->timeout_us;
	switch (outcome) {
	case SMTP_AUTH_NOTHING:
		if (s->auth_step == SMTP_AUTH_WAIT)
			s->is_auth_known = true;
		else
			smtp_auth_drop(s);
		return;
	case SMTP_AUTH_MORE:
		drop_response(s->auth);
		challenge(s, out, text);
		return;
	case SMTP_AUTH_OK:
		succeed(s, out, user);
		return;
	case SMTP_AUTH_FAIL:
		fail(s, out, REPLY_AUTH_FAILED, text);
		break;
	case SMTP_AUTH_TEMP:
		fail(s, out, REPLY_AUTH_TEMP, text);
		break;
	}
	(void)smtp_has_to_pause(s, errors_before, now_us);
}
