/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection's log lines. */
#include "engine/conn_log.h"
#include "engine/base/log.h"

#include <stdio.h>

/* "name[address]" */
struct client_text {
	char text[IP_TEXT_MAX + 264];
};

static const char *
client(const struct conn *c, struct client_text *buf)
{
	char ip[IP_TEXT_MAX];

	ip_print(&c->smtp.client_ip, ip);
	snprintf(buf->text, sizeof(buf->text), "%.255s[%s]",
		 smtp_client_name(&c->smtp), ip);
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

static void
count_commands(const struct smtp *s, char *out, size_t cap)
{
	unsigned all = 0, ok = 0;
	size_t at = 0;

	out[0] = '\0';
	for (int v = 0; v < SMTP_VERB_N; v++) {
		char name[16];
		unsigned n = s->verb_n[v], good = s->verb_ok_n[v];

		all += n;
		ok += good;
		if (n == 0 || at >= cap - 48)
			continue;
		span_copy_lower(span_of(smtp_verb_name((enum smtp_verb)v)),
				name, sizeof(name));
		if (good == n)
			at += (size_t)snprintf(out + at, cap - at, " %s=%u",
					       name, n);
		else
			at += (size_t)snprintf(out + at, cap - at, " %s=%u/%u",
					       name, good, n);
	}
	if (ok == all)
		snprintf(out + at, cap - at, " commands=%u", all);
	else
		snprintf(out + at, cap - at, " commands=%u/%u", ok, all);
}

void
conn_log_disconnect(const struct conn *c)
{
	struct client_text buf;
	char commands[400];

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
	};
	const struct smtp *s = &c->smtp;
	struct smtp_facts facts = smtp_facts(s);
	struct client_text buf;
	char number[12] = "";

	if (code)
		snprintf(number, sizeof(number), "%u ", code);
	log_say(LOG_LEVEL_INFO, module(c),
		"NOQUEUE: %s: %s from %s: %s%s; from=<%s> to=<%s> proto=%s "
		"helo=<%s>",
		verb, stages[s->check], client(c, &buf), number, text,
		facts.sender ? facts.sender->text : "",
		facts.rcpt ? facts.rcpt->text : "", smtp_proto_name(s),
		s->helo);
}

void
conn_log_message(const struct conn *c)
{
	struct smtp_facts facts = smtp_facts(&c->smtp);
	struct client_text buf;
	char id[QUEUE_ID_TEXT_MAX];

	queue_id_print(c->msg->id, id);
	log_say(LOG_LEVEL_INFO, module(c), "%s: client=%s", id,
		client(c, &buf));
	log_say(LOG_LEVEL_INFO, "qmgr",
		"%s: from=<%s>, size=%llu, nrcpt=%u (queue active)", id,
		facts.sender->text, (unsigned long long)facts.size_bytes,
		c->msg->env.rcpt_n);
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
