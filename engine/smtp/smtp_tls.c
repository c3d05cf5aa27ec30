/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS as the protocol sees it: STARTTLS (RFC 3207) and services that begin with
 * a handshake (RFC 8314). The handshake itself is the owner's.
 */
#include "engine/smtp/smtp_int.h"

static bool
is_configured(const struct smtp *s)
{
	return s->cfg->tls_level != SMTP_TLS_NONE &&
	       !smtp_is_discarded(s, "STARTTLS");
}

bool
smtp_tls_is_offered(const struct smtp *s)
{
	return s->tls == NULL && s->is_tls_possible && is_configured(s);
}

enum smtp_want
smtp_starttls(struct smtp *s, struct span args, struct smtp_out *out)
{
	enum smtp_reply reply = REPLY_OK;

	if (args.len)
		reply = REPLY_SYNTAX_STARTTLS;
	else if (s->tls != NULL)
		reply = REPLY_TLS_ACTIVE;
	else if (!is_configured(s))
		reply = REPLY_NO_TLS;
	else if (!s->is_tls_possible)
		reply = REPLY_TLS_BROKEN;
	if (reply != REPLY_OK) {
		smtp_reply(s, out, reply, NULL);
		return SMTP_WANT_BYTES;
	}
	if (!smtp_is_within(s, SMTP_EVENT_STARTTLS))
		return smtp_limited(s, out, REPLY_TOO_MANY_TLS);
	s->is_waiting = true;
	s->is_tls_asked = true;
	return SMTP_WANT_TLS;
}

void
smtp_tls_begin(struct smtp *s, struct smtp_out *out, bool is_possible,
	       uint64_t now_us)
{
	must(s->is_waiting && s->tls == NULL);
	if (!s->is_tls_asked) {
		must(s->state == ST_TLS && is_possible);
		s->deadline_us = now_us + s->cfg->starttls_timeout_us;
		return;
	}
	if (!is_possible) {
		s->is_waiting = s->is_tls_asked = false;
		smtp_reply(s, out, REPLY_TLS_BUSY, NULL);
		return;
	}
	smtp_reply(s, out, REPLY_TLS_GO, NULL);
	s->verb_ok_n[SMTP_VERB_STARTTLS]++;
	/* RFC 3207 section 4.2: nothing said before holds. */
	if (s->txn != NULL)
		smtp_txn_end(s);
	s->helo[0] = '\0';
	s->proto = SMTP_PROTO_SMTP;
	smtp_auth_drop(s);
	chunk_put(s->partial);
	s->partial = NULL;
	smtp_set_state(s, ST_TLS);
	s->deadline_us = now_us + s->cfg->starttls_timeout_us;
}

void
smtp_tls_done(struct smtp *s, const struct smtp_tls *tls, uint64_t now_us)
{
	must(s->is_waiting && s->state == ST_TLS);
	s->is_waiting = false;
	s->tls = tls;
	s->is_over_limit = !smtp_is_within(s, SMTP_EVENT_TLS);
	smtp_set_state(s, s->is_tls_asked ? ST_START : ST_GREET);
	s->deadline_us = now_us + s->cfg->timeout_us;
}

bool
smtp_in_tls(const struct smtp *s)
{
	return s->state == ST_TLS;
}
