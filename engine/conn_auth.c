/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH between the SMTP machine and a SASL server: whether a mechanism may be
 * used at all, questions to and fro, and the log lines that fail2ban reads.
 */
#include "engine/conn_auth.h"
#include "engine/conn_log.h"
#include "engine/policy/sasl_said.h"

static_assert(SMTP_AUTH_OFFER_MAX == SASL_MECHS_TEXT_MAX, "EHLO's line");
static_assert(SMTP_AUTH_CHALLENGE_MAX == SASL_CHALLENGE_MAX, "334's line");
static_assert(SMTP_AUTH_USER_MAX == SASL_USER_BYTES_MAX, "names fit");

void
conn_auth_open(struct worker *w, struct conn *c)
{
	const struct sasl_cfg *cfg = &c->service->sasl;

	if (!c->service->smtp.is_auth || w->sasl == NULL || cfg->path == NULL)
		return;
	c->sasl = sasl_server_find(w->sasl, cfg->path);
	c->smtp.is_auth_possible = c->sasl != NULL;
	c->smtp.is_auth_known = c->sasl != NULL &&
				sasl_server_is_known(c->sasl);
}

void
conn_auth_offer(const struct smtp *s, char out[SMTP_AUTH_OFFER_MAX])
{
	const struct conn *c = CONTAINER_OF(s, struct conn, smtp);

	sasl_server_offer(c->sasl, &c->service->sasl, s->tls != NULL, out);
}

/* --- questions --- */

/* No answer can come: this is one. */
static void
fail(struct worker *w, struct conn *c, enum smtp_auth_outcome outcome,
     const char *why)
{
	sasl_auth_close(&c->auth);
	counter_add(outcome == SMTP_AUTH_TEMP ? &w->stats.auth_unanswered
					      : &w->stats.auth_failed,
		    1);
	conn_log_auth_failed(c, why, "");
	smtp_authed(&c->smtp, &w->out, outcome, why, "", w->now_us);
}

static bool
begin(const struct worker *w, struct conn *c, const struct smtp_auth *auth)
{
	struct sasl_question q = {
		.mech = span_of(auth->method),
		.service = span_of(c->service->sasl.service),
		.response = span_of(auth->response),
		.has_response = auth->has_response,
		.is_tls = c->smtp.tls != NULL,
		.client_ip = c->smtp.client_ip,
		.client_port = c->smtp.client_port,
	};

	q.has_local =
		net_local(w->net, c->stream, &q.local_ip, &q.local_port) == 0;
	return sasl_auth_begin(c->auth, &q);
}

static void
first(struct worker *w, struct conn *c)
{
	const struct smtp_auth *auth = c->smtp.auth;

	if (!sasl_server_offers(c->sasl, &c->service->sasl, c->smtp.tls != NULL,
				span_of(auth->method))) {
		fail(w, c, SMTP_AUTH_FAIL, "Invalid authentication mechanism");
		return;
	}
	if (!sasl_is_base64(span_of(auth->response))) {
		fail(w, c, SMTP_AUTH_FAIL,
		     "Invalid base64 data in initial response");
		return;
	}
	c->auth = sasl_auth_new(w->sasl, w->idx, c->sasl, c);
	if (c->auth == NULL || !begin(w, c, auth)) {
		fail(w, c, SMTP_AUTH_TEMP, "out of memory");
		return;
	}
	c->wait = CONN_WAIT_AUTH;
}

static void
next(struct worker *w, struct conn *c)
{
	struct span response = span_of(c->smtp.auth->response);

	if (!sasl_is_base64(response))
		fail(w, c, SMTP_AUTH_FAIL,
		     "Invalid base64 data in continued response");
	else if (!sasl_auth_go_on(c->auth, response))
		fail(w, c, SMTP_AUTH_TEMP, "out of memory");
	else
		c->wait = CONN_WAIT_AUTH;
}

static void
wait_for_server(struct worker *w, struct conn *c)
{
	c->auth = sasl_server_is_known(c->sasl)
			  ? NULL
			  : sasl_auth_new(w->sasl, w->idx, c->sasl, c);
	if (c->auth == NULL) {
		smtp_authed(&c->smtp, &w->out, SMTP_AUTH_NOTHING, "", "",
			    w->now_us);
		return;
	}
	sasl_auth_wait(c->auth);
	c->wait = CONN_WAIT_AUTH;
}

void
conn_auth_run(struct worker *w, struct conn *c)
{
	switch ((enum smtp_auth_step)c->smtp.auth_step) {
	case SMTP_AUTH_WAIT:
		wait_for_server(w, c);
		return;
	case SMTP_AUTH_FIRST:
		first(w, c);
		return;
	case SMTP_AUTH_NEXT:
		next(w, c);
		return;
	case SMTP_AUTH_ABORTED:
		conn_log_auth_aborted(c);
		break;
	case SMTP_AUTH_ENDED:
		break;
	}
	sasl_auth_close(&c->auth);
	smtp_authed(&c->smtp, &w->out, SMTP_AUTH_NOTHING, "", "", w->now_us);
}

/* --- answers --- */

static void
take(struct worker *w, struct conn *c, const struct sasl_answer *a)
{
	enum smtp_auth_outcome outcome = SMTP_AUTH_NOTHING;

	switch (a->outcome) {
	case SASL_NOTHING:
		break;
	case SASL_MORE:
		outcome = SMTP_AUTH_MORE;
		break;
	case SASL_OK:
		counter_add(&w->stats.auth_ok, 1);
		outcome = SMTP_AUTH_OK;
		break;
	case SASL_FAIL:
		counter_add(&w->stats.auth_failed, 1);
		outcome = SMTP_AUTH_FAIL;
		break;
	case SASL_TEMP:
		counter_add(&w->stats.auth_unanswered, 1);
		outcome = SMTP_AUTH_TEMP;
		break;
	}
	if (outcome == SMTP_AUTH_FAIL || outcome == SMTP_AUTH_TEMP)
		conn_log_auth_failed(c, a->text, a->user);
	smtp_authed(&c->smtp, &w->out, outcome, a->text, a->user, w->now_us);
	if (outcome != SMTP_AUTH_MORE)
		sasl_auth_close(&c->auth);
}

void
conn_auth_answered(struct worker *w, struct conn *c)
{
	struct sasl_answer a = sasl_auth_answer(c->auth);

	must(c->wait == CONN_WAIT_AUTH);
	c->wait = CONN_WAIT_PEER;
	c->has_work = true;
	take(w, c, &a);
	conn_run(w, c);
}
