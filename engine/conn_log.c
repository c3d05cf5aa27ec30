/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection's log lines. */
#include "engine/conn_log.h"
#include "engine/base/log.h"
#include "engine/base/print.h"

#include <stdio.h>

/* "name[address]" */
struct client_text {
	char text[IP_TEXT_MAX + 264];
};

static const char *
client(const struct conn *c, struct client_text *buf)
{
	struct print pr = { buf->text, 0, sizeof(buf->text) - 1 };
	char ip[IP_TEXT_MAX];

	ip_print(&c->smtp.client_ip, ip);
	print_some(&pr, smtp_client_name(&c->smtp), 255);
	print_span(&pr, SPAN("["));
	print_text(&pr, ip);
	print_span(&pr, SPAN("]"));
	buf->text[pr.len] = '\0';
	return buf->text;
}

/* Postfix logs "submission/smtpd" when a service has its own syslog_name. */
static const char *
module(const struct conn *c)
{
	(void)c;
	return "smtpd";
}

void
conn_log_connect(const struct conn *c)
{
	struct client_text buf;

	log_say(LOG_LEVEL_INFO, module(c), "connect from %s", client(c, &buf));
}

void
conn_log_forged(const struct conn *c)
{
	bool is_later = smtp_name_status(&c->smtp) == SMTP_NAME_TRYAGAIN;
	char ip[IP_TEXT_MAX];

	ip_print(&c->smtp.client_ip, ip);
	log_say(LOG_LEVEL_WARNING, module(c),
		"hostname %s does not resolve to address %s%s",
		smtp_reverse_name(&c->smtp), ip,
		is_later ? ": Temporary failure in name resolution" : "");
}

/* " name=n", " name=ok/n" */
static void
put_count(struct print *pr, const char *name, unsigned ok, unsigned n)
{
	print_span(pr, SPAN(" "));
	print_text(pr, name);
	print_span(pr, SPAN("="));
	if (ok != n) {
		print_u64(pr, ok, 1);
		print_span(pr, SPAN("/"));
	}
	print_u64(pr, n, 1);
}

static void
count_commands(const struct smtp *s, char *out, size_t cap)
{
	struct print pr = { out, 0, cap - 1 };
	unsigned all = 0, ok = 0;

	for (int v = 0; v < SMTP_VERB_N; v++) {
		char name[16];
		unsigned n = s->verb_n[v], good = s->verb_ok_n[v];

		all += n;
		ok += good;
		if (n == 0)
			continue;
		span_copy_lower(span_of(smtp_verb_name((enum smtp_verb)v)),
				name, sizeof(name));
		put_count(&pr, name, good, n);
	}
	put_count(&pr, "commands", ok, all);
	out[pr.len] = '\0';
}

void
conn_log_disconnect(const struct conn *c)
{
	struct client_text buf;
	char commands[400];

	if (c->smtp.has_too_many_errors)
		log_say(LOG_LEVEL_INFO, module(c),
			"too many errors after %s from %s",
			smtp_state_name(&c->smtp), client(c, &buf));
	if (c->smtp.is_name_wanted)
		conn_log_connect(c); /* it waited for a name */
	count_commands(&c->smtp, commands, sizeof(commands));
	log_say(LOG_LEVEL_INFO, module(c), "disconnect from %s%s",
		client(c, &buf), commands);
}

void
conn_log_lost(const struct conn *c)
{
	struct client_text buf;

	log_say(LOG_LEVEL_INFO, module(c), "lost connection after %s from %s",
		smtp_state_name(&c->smtp), client(c, &buf));
}

void
conn_log_timeout(const struct conn *c)
{
	struct client_text buf;

	log_say(LOG_LEVEL_INFO, module(c), "timeout after %s from %s",
		smtp_state_name(&c->smtp), client(c, &buf));
}

void
conn_log_tls(const struct conn *c, const struct tls_info *info)
{
	struct client_text buf;
	bool has_sni = *info->sni != '\0', has_more = *info->detail != '\0';

	if (c->service->smtp.tls_loglevel < 1)
		return;
	log_say(LOG_LEVEL_INFO, module(c),
		"%s TLS connection established from %s%s%s: %s%s%s",
		info->trust, client(c, &buf), has_sni ? " to " : "", info->sni,
		info->summary, has_more ? " " : "", info->detail);
}

void
conn_log_tls_failed(const struct conn *c, enum tls_reason reason,
		    const char *words)
{
	struct client_text buf;

	log_say(LOG_LEVEL_INFO, module(c), "SSL_accept error from %s: %s%s%s",
		client(c, &buf), tls_reason_text(reason), *words ? ": " : "",
		words);
}

void
conn_log_limit(const struct conn *c, const char *what, unsigned n)
{
	struct client_text buf;

	log_say(LOG_LEVEL_WARNING, module(c),
		"%s limit exceeded: %u from %s for service %s", what, n,
		client(c, &buf), c->service->name);
}

void
conn_log_auth_failed(const struct conn *c, const char *text, const char *user)
{
	struct client_text buf;

	log_say(LOG_LEVEL_WARNING, module(c),
		"%s: SASL %.100s authentication failed: %s, "
		"sasl_username=%.100s",
		client(c, &buf), c->smtp.auth->method,
		*text ? text : "(reason unavailable)",
		*user ? user : "(unavailable)");
}

void
conn_log_auth_aborted(const struct conn *c)
{
	struct client_text buf;

	log_say(LOG_LEVEL_WARNING, module(c),
		"%s: SASL %s authentication aborted", client(c, &buf),
		c->smtp.auth->method);
}

/* Who a message or a refusal is about, when it has logged in. */
static void
put_login(struct print *pr, const struct smtp *s, const char *sender)
{
	const struct smtp_auth *login = smtp_login(s);

	if (login != NULL) {
		print_span(pr, SPAN(", sasl_method="));
		print_text(pr, login->method);
		print_span(pr, SPAN(", sasl_username="));
		print_text(pr, login->user);
	}
	if (*sender != '\0') {
		print_span(pr, SPAN(", sasl_sender="));
		print_text(pr, sender);
	}
}

void
conn_log_verdict(const struct conn *c, const char *verb, unsigned code,
		 const char *text)
{
	static const char *const stages[SMTP_CHECK_N] = {
		[SMTP_CHECK_CONNECT] = "CONNECT",
		[SMTP_CHECK_HELO] = "HELO",
		[SMTP_CHECK_MAIL] = "MAIL",
		[SMTP_CHECK_RCPT] = "RCPT",
		[SMTP_CHECK_DATA] = "DATA",
		[SMTP_CHECK_EOD] = "END-OF-MESSAGE",
		[SMTP_CHECK_VRFY] = "VRFY",
		[SMTP_CHECK_ETRN] = "ETRN",
	};
	const struct smtp *s = &c->smtp;
	struct smtp_facts facts = smtp_facts(s);
	struct client_text buf;
	const struct smtp_auth *login = smtp_login(s);
	char number[12] = "";

	if (code)
		snprintf(number, sizeof(number), "%u ", code);
	log_say(LOG_LEVEL_INFO, module(c),
		"NOQUEUE: %s: %s from %s: %s%s; from=<%s> to=<%s> proto=%s "
		"helo=<%s>%s%s%s",
		verb, stages[s->check], client(c, &buf), number, text,
		facts.sender ? facts.sender->text : "",
		facts.rcpt ? facts.rcpt->text : "", smtp_proto_name(s), s->helo,
		login ? " sasl_username=<" : "", login ? login->user : "",
		login ? ">" : "");
}

void
conn_log_message(const struct conn *c)
{
	struct smtp_facts facts = smtp_facts(&c->smtp);
	struct client_text buf;
	char line[LOG_LINE_MAX];
	struct print pr = PRINT_INTO(line);

	print_hex(&pr, c->msg->id);
	print_span(&pr, SPAN(": client="));
	print_text(&pr, client(c, &buf));
	put_login(&pr, &c->smtp, smtp_auth_sender(&c->smtp));
	log_put(LOG_LEVEL_INFO, module(c), print_done(&pr));

	pr.len = 0;
	print_hex(&pr, c->msg->id);
	print_span(&pr, SPAN(": from=<"));
	print_text(&pr, facts.sender->text);
	print_span(&pr, SPAN(">, size="));
	print_u64(&pr, facts.size_bytes, 1);
	print_span(&pr, SPAN(", nrcpt="));
	print_u64(&pr, c->msg->env.rcpt_n, 1);
	print_span(&pr, SPAN(" (queue active)"));
	log_put(LOG_LEVEL_INFO, "qmgr", print_done(&pr));
}

void
conn_log_commit_failed(const struct conn *c, enum queue_outcome outcome)
{
	struct client_text buf;

	log_say(LOG_LEVEL_WARNING, module(c),
		"message from %s not accepted: %s", client(c, &buf),
		outcome == QUEUE_FULL ? "the queue or its disk is full"
				      : "the queue could not be written");
}
