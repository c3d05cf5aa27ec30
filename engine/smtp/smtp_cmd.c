/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands (RFC 5321 section 4.1), but for what DATA and BDAT receive and
 * what XCLIENT sets. Each gets its arguments trimmed and answers at once, or
 * asks policy first.
 */
#include "engine/smtp/smtp_int.h"

#include <stdio.h>

static enum smtp_want
say(struct smtp *s, struct smtp_out *out, enum smtp_reply reply,
    const char *arg)
{
	smtp_reply(s, out, reply, arg);
	return SMTP_WANT_BYTES;
}

/* Said, and counted as a command that was fine. */
static enum smtp_want
say_ok(struct smtp *s, struct smtp_out *out, enum smtp_verb verb,
       enum smtp_reply reply, const char *arg)
{
	s->verb_ok_n[verb]++;
	return say(s, out, reply, arg);
}

static bool
is_listed(const struct match *list, struct span name)
{
	return list != NULL && match_name(list, name) == TABLE_FOUND;
}

/* --- HELO, EHLO --- */

/* What a client says of itself goes into headers and logs: keep it harmless. */
void
smtp_helo_set(struct smtp *s, struct span name)
{
	size_t n = span_copy(name, s->helo, sizeof(s->helo));

	for (size_t i = 0; i < n; i++)
		if (s->helo[i] <= ' ' || s->helo[i] > '~' ||
		    strchr("()<>;\"\\@", s->helo[i]))
			s->helo[i] = '?';
}

static enum smtp_want
greet(struct smtp *s, struct span args, struct smtp_out *out,
      enum smtp_proto proto)
{
	enum smtp_verb verb = proto == SMTP_PROTO_ESMTP ? SMTP_VERB_EHLO
							: SMTP_VERB_HELO;

	if (args.len == 0)
		return say(s, out,
			   verb == SMTP_VERB_EHLO ? REPLY_SYNTAX_EHLO
						  : REPLY_SYNTAX_HELO,
			   NULL);
	if (s->txn != NULL)
		smtp_txn_end(s);
	smtp_helo_set(s, args);
	s->proto = (uint8_t)proto;
	s->pending_verb = (uint8_t)verb;
	smtp_set_command_state(s);
	if (verb == SMTP_VERB_EHLO && smtp_auth_is_owed(s))
		return SMTP_WANT_AUTH;
	return smtp_ask(s, SMTP_CHECK_HELO);
}

static enum smtp_want
cmd_helo(struct smtp *s, struct span args, struct smtp_out *out)
{
	return greet(s, args, out, SMTP_PROTO_SMTP);
}

static enum smtp_want
cmd_ehlo(struct smtp *s, struct span args, struct smtp_out *out)
{
	return greet(s, args, out, SMTP_PROTO_ESMTP);
}

bool
smtp_xclient_is_allowed(const struct smtp *s)
{
	return s->cfg->xclient_hosts != NULL &&
	       match_client(s->cfg->xclient_hosts, span_of(smtp_client_name(s)),
			    &s->client_ip) == TABLE_FOUND;
}

bool
smtp_is_discarded(const struct smtp *s, const char *keyword)
{
	struct span list = span_of(s->cfg->discard_ehlo_keywords), word;

	while ((word = span_word(&list, ", \t\r\n")).len)
		if (span_is_equal_nocase(word, span_of(keyword)))
			return true;
	return false;
}

/* One line of EHLO's answer: "keyword[ rest]". */
static void
ehlo_line(struct smtp *s, struct smtp_out *out, uint32_t *last_at,
	  const char *keyword, const char *rest)
{
	char line[SMTP_LINE_BYTES_MAX + 1];
	int n;

	if (smtp_is_discarded(s, keyword))
		return;
	n = snprintf(line, sizeof(line), "250-%s%s\r\n", keyword, rest);
	must(n > 0 && n < (int)sizeof(line));
	*last_at = out->len;
	smtp_out_put(out, line, (size_t)n);
}

/* RFC 4954 section 3; and once more as clients from before it read it. */
static void
ehlo_auth(struct smtp *s, struct smtp_out *out, uint32_t *last_at)
{
	char text[1 + SMTP_AUTH_OFFER_MAX] = " ";

	if (!smtp_auth_is_offered(s))
		return;
	s->shared->auth_offer(s, text + 1);
	if (text[1] == '\0')
		return;
	ehlo_line(s, out, last_at, "AUTH", text);
	text[0] = '=';
	if (s->cfg->is_auth_broken)
		ehlo_line(s, out, last_at, "AUTH", text);
}

static void
ehlo_reply(struct smtp *s, struct smtp_out *out)
{
	uint32_t first_at = out->len, last_at = out->len;
	char text[64];

	smtp_reply(s, out, REPLY_OK_HELO, s->cfg->myhostname);
	ehlo_line(s, out, &last_at, "PIPELINING", "");
	snprintf(text, sizeof(text), " %llu",
		 (unsigned long long)s->cfg->message_bytes_max);
	ehlo_line(s, out, &last_at, "SIZE",
		  s->cfg->message_bytes_max ? text : " 0");
	if (!s->cfg->is_vrfy_disabled)
		ehlo_line(s, out, &last_at, "VRFY", "");
	if (smtp_tls_is_offered(s))
		ehlo_line(s, out, &last_at, "STARTTLS", "");
	ehlo_auth(s, out, &last_at);
	if (smtp_xclient_is_allowed(s))
		ehlo_line(s, out, &last_at, "XCLIENT",
			  " NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN"
			  " DESTADDR DESTPORT");
	ehlo_line(s, out, &last_at, "ENHANCEDSTATUSCODES", "");
	if (!s->cfg->is_8bitmime_disabled)
		ehlo_line(s, out, &last_at, "8BITMIME", "");
	ehlo_line(s, out, &last_at, "DSN", "");
	if (s->cfg->is_smtputf8)
		ehlo_line(s, out, &last_at, "SMTPUTF8", "");
	if (!smtp_is_discarded(s, "CHUNKING"))
		ehlo_line(s, out, &last_at, "BINARYMIME", "");
	snprintf(text, sizeof(text), " RCPTMAX=%u", s->cfg->rcpt_max);
	ehlo_line(s, out, &last_at, "LIMITS", text);
	ehlo_line(s, out, &last_at, "CHUNKING", "");
	/* The last line, which may be the first, keeps its blank. */
	if (last_at != first_at)
		out->p[first_at + 3] = '-';
	out->p[last_at + 3] = ' ';
}

void
smtp_helo_accepted(struct smtp *s, struct smtp_out *out)
{
	s->verb_ok_n[s->pending_verb]++;
	if (s->proto == SMTP_PROTO_ESMTP)
		ehlo_reply(s, out);
	else
		smtp_reply(s, out, REPLY_OK_HELO, s->cfg->myhostname);
}

/* --- MAIL, RCPT --- */

/* "FROM:" or "TO:", blanks around the colon tolerated; then the path. */
static bool
cut_keyword(struct span *args, struct span keyword)
{
	struct span s = *args;

	if (!span_has_prefix_nocase(s, keyword))
		return false;
	s = span_trim(span_from(s, keyword.len));
	if (s.len == 0 || s.p[0] != ':')
		return false;
	*args = span_trim(span_from(s, 1));
	return args->len > 0;
}

static enum smtp_reply
mail_parse(struct smtp *s, struct span args, const char **arg_out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply reply;
	const char *why;

	if (!cut_keyword(&args, SPAN("FROM")))
		return REPLY_SYNTAX_MAIL;
	if (s->cfg->is_strict_rfc821 && args.p[0] != '<')
		return REPLY_BAD_SENDER;
	if (addr_parse_path(&args, &t->sender, &why) != ADDR_OK)
		return REPLY_BAD_SENDER;
	if (args.len && !ascii_is_blank(args.p[0]))
		return REPLY_BAD_SENDER;
	reply = smtp_mail_params(s, span_trim(args), arg_out);
	if (reply != REPLY_OK)
		return reply;
	if (t->sender.is_utf8 && s->cfg->is_smtputf8 && !t->is_smtputf8)
		return REPLY_NEED_SMTPUTF8;
	if (s->cfg->message_bytes_max &&
	    t->size_declared > s->cfg->message_bytes_max)
		return REPLY_TOO_BIG_DECLARED;
	/* Memory that is nearly out is kept for what is already coming in. */
	if (chunk_pool_is_scarce(s->shared->chunks))
		return REPLY_NO_STORAGE;
	return REPLY_OK;
}

static enum smtp_want
cmd_mail(struct smtp *s, struct span args, struct smtp_out *out)
{
	const char *arg = NULL;
	enum smtp_reply reply;

	if (s->helo[0] == '\0' && s->cfg->is_helo_required)
		return say(s, out, REPLY_NEED_HELO, NULL);
	if (smtp_txn_get(s) == NULL)
		return say(s, out, REPLY_NO_STORAGE, NULL);
	reply = mail_parse(s, args, &arg);
	if (reply != REPLY_OK) {
		(void)say(s, out, reply, arg);
		smtp_txn_end(s);
		return SMTP_WANT_BYTES;
	}
	if (!smtp_is_within(s, SMTP_EVENT_MAIL)) {
		smtp_txn_end(s);
		return smtp_limited(s, out, REPLY_TOO_MUCH_MAIL);
	}
	return smtp_ask(s, SMTP_CHECK_MAIL);
}

static enum smtp_reply
rcpt_parse(struct smtp *s, struct span args, const char **arg_out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply reply;
	const char *why;

	if (!cut_keyword(&args, SPAN("TO")))
		return REPLY_SYNTAX_RCPT;
	if (s->cfg->is_strict_rfc821 && args.p[0] != '<')
		return REPLY_BAD_RECIPIENT;
	if (addr_parse_path(&args, &t->rcpt, &why) != ADDR_OK ||
	    t->rcpt.len == 0 || (args.len && !ascii_is_blank(args.p[0])))
		return REPLY_BAD_RECIPIENT;
	reply = smtp_rcpt_params(s, span_trim(args), arg_out);
	if (reply != REPLY_OK)
		return reply;
	if (t->rcpt.is_utf8 && s->cfg->is_smtputf8 && !t->is_smtputf8)
		return REPLY_NEED_SMTPUTF8;
	if (t->rcpt_ok_n >= s->cfg->rcpt_max)
		return REPLY_TOO_MANY_RCPT;
	return REPLY_OK;
}

static enum smtp_want
cmd_rcpt(struct smtp *s, struct span args, struct smtp_out *out)
{
	const char *arg = NULL;
	enum smtp_reply reply;

	if (s->txn->has_bdat)
		return say(s, out, REPLY_AFTER_BDAT, "RCPT");
	s->txn->rcpt_asked_n++;
	reply = rcpt_parse(s, args, &arg);
	if (reply != REPLY_OK)
		return say(s, out, reply, arg);
	if (!smtp_is_within(s, SMTP_EVENT_RCPT))
		return smtp_limited(s, out, REPLY_TOO_MANY_RCPTS_FROM);
	return smtp_ask(s, SMTP_CHECK_RCPT);
}

/* --- the rest --- */

static enum smtp_want
cmd_data(struct smtp *s, struct span args, struct smtp_out *out)
{
	return smtp_data(s, args, out);
}

static enum smtp_want
cmd_bdat(struct smtp *s, struct span args, struct smtp_out *out)
{
	return smtp_bdat(s, args, out);
}

static enum smtp_want
cmd_xclient(struct smtp *s, struct span args, struct smtp_out *out)
{
	return smtp_xclient(s, args, out);
}

static enum smtp_want
cmd_rset(struct smtp *s, struct span args, struct smtp_out *out)
{
	if (args.len)
		return say(s, out, REPLY_SYNTAX_RSET, NULL);
	if (s->txn != NULL)
		smtp_txn_end(s);
	smtp_set_command_state(s);
	return say_ok(s, out, SMTP_VERB_RSET, REPLY_OK, NULL);
}

static enum smtp_want
cmd_noop(struct smtp *s, struct span args, struct smtp_out *out)
{
	(void)args;
	return say_ok(s, out, SMTP_VERB_NOOP, REPLY_OK, NULL);
}

static enum smtp_want
cmd_vrfy(struct smtp *s, struct span args, struct smtp_out *out)
{
	bool is_borrowed = s->txn == NULL;
	const char *why;

	if (s->cfg->is_vrfy_disabled)
		return say(s, out, REPLY_NO_VRFY, NULL);
	if (args.len == 0)
		return say(s, out, REPLY_SYNTAX_VRFY, NULL);
	if (is_borrowed && smtp_txn_get(s) == NULL)
		return say(s, out, REPLY_NO_STORAGE, NULL);
	if (addr_parse_path(&args, &s->txn->rcpt, &why) == ADDR_OK &&
	    s->txn->rcpt.len != 0 &&
	    (span_trim(args).len == 0 ||
	     span_is_equal_nocase(span_trim(args), SPAN("SMTPUTF8"))))
		return smtp_ask(s, SMTP_CHECK_VRFY);
	if (is_borrowed)
		smtp_txn_end(s);
	return say(s, out, REPLY_BAD_RECIPIENT, NULL);
}

/*
 * RFC 1985. There is no mail for others that could be started: who is allowed
 * to ask is told so.
 */
static enum smtp_want
cmd_etrn(struct smtp *s, struct span args, struct smtp_out *out)
{
	struct span domain = span_word(&args, " \t");
	struct ip ip;
	const char *why;

	if (s->cfg->is_helo_required && s->helo[0] == '\0')
		return say(s, out, REPLY_ETRN_NEEDS_HELO, NULL);
	if (domain.len == 0 || span_trim(args).len > 0)
		return say(s, out, REPLY_SYNTAX_ETRN, NULL);
	if (domain.p[0] == '@' || domain.p[0] == '#')
		domain = span_from(domain, 1);
	if (!addr_is_hostname(domain, &why) && !addr_is_literal(domain, &ip))
		return say(s, out, REPLY_BAD_ETRN, NULL);
	if (smtp_txn_get(s) == NULL)
		return say(s, out, REPLY_NO_STORAGE, NULL);
	span_copy(domain, s->txn->etrn, sizeof(s->txn->etrn));
	return smtp_ask(s, SMTP_CHECK_ETRN);
}

static enum smtp_want
cmd_help(struct smtp *s, struct span args, struct smtp_out *out)
{
	(void)args;
	return say_ok(s, out, SMTP_VERB_HELP, REPLY_HELP,
		      "HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY ETRN "
		      "HELP QUIT (RFC 5321)");
}

static enum smtp_want
cmd_quit(struct smtp *s, struct span args, struct smtp_out *out)
{
	(void)args;
	(void)say_ok(s, out, SMTP_VERB_QUIT, REPLY_BYE, NULL);
	smtp_set_state(s, ST_CLOSED);
	return SMTP_WANT_CLOSE;
}

static const struct {
	struct span name;
	uint32_t states; /* where legal */
	enum smtp_want (*run)(struct smtp *s, struct span args,
			      struct smtp_out *out);
	uint8_t elsewhere; /* enum smtp_reply */
	bool is_junk;
	bool is_plain;
} verbs[] = {
#define VERB(sym, text, states, run, elsewhere, junk, plain)           \
	[SMTP_VERB_##sym] = { { text, sizeof(text) - 1 }, states, run, \
			      REPLY_##elsewhere,	  junk,	  plain },
#include "engine/smtp/verbs.def"
#undef VERB
};
static_assert(ARRAY_N(verbs) == SMTP_VERB_UNKNOWN, "a row per verb");
static_assert(REPLY_N <= UINT8_MAX, "replies fit the rows");

const char *
smtp_verb_name(enum smtp_verb verb)
{
	static const char *const names[] = {
#define VERB(sym, text, states, run, elsewhere, junk, plain) \
	[SMTP_VERB_##sym] = text,
#include "engine/smtp/verbs.def"
#undef VERB
		[SMTP_VERB_UNKNOWN] = "UNKNOWN",
	};

	return names[verb];
}

static enum smtp_verb
verb_find(struct span name)
{
	for (int i = 0; i < SMTP_VERB_UNKNOWN; i++)
		/* Most are told apart by their first letter. */
		if (((verbs[i].name.p[0] ^ name.p[0]) & 0xdf) == 0 &&
		    span_is_equal_nocase(verbs[i].name, name))
			return (enum smtp_verb)i;
	return SMTP_VERB_UNKNOWN;
}

static enum smtp_want
unknown_command(struct smtp *s, struct span name, struct smtp_out *out)
{
	s->verb_n[SMTP_VERB_UNKNOWN]++;
	if (is_listed(s->cfg->noop_commands, name))
		return say(s, out, REPLY_OK, NULL);
	if (!is_listed(s->cfg->forbidden_commands, name))
		return say(s, out, REPLY_UNKNOWN_COMMAND, NULL);
	(void)say(s, out, REPLY_RULES, NULL);
	smtp_set_state(s, ST_CLOSED);
	return SMTP_WANT_CLOSE;
}

/* RFC 5321 section 3.1: no service for this client, whatever it asks. */
static enum smtp_want
denied(struct smtp *s, enum smtp_verb verb, struct smtp_out *out)
{
	char text[SMTP_HELO_MAX + IP_TEXT_MAX + 2], ip[IP_TEXT_MAX];

	s->verb_n[verb]++;
	ip_print(&s->client_ip, ip);
	snprintf(text, sizeof(text), "%.255s[%s]", smtp_client_name(s), ip);
	return say(s, out, REPLY_DENIED, text);
}

/* RFC 2920 section 3.1: behind these, nothing until they are answered. */
static bool
ends_group(const struct smtp *s, enum smtp_verb verb)
{
	static const uint32_t last =
		1u << SMTP_VERB_HELO | 1u << SMTP_VERB_EHLO |
		1u << SMTP_VERB_STARTTLS | 1u << SMTP_VERB_AUTH |
		1u << SMTP_VERB_DATA | 1u << SMTP_VERB_NOOP |
		1u << SMTP_VERB_VRFY;

	return s->proto != SMTP_PROTO_ESMTP || last & 1u << verb;
}

enum smtp_want
smtp_command(struct smtp *s, struct span line, struct smtp_out *out)
{
	struct span name, args = line;
	enum smtp_verb verb;

	if (s->cfg->is_smtputf8 && !span_is_utf8(line))
		return say(s, out, REPLY_BAD_UTF8, NULL);
	name = span_word(&args, " \t");
	args = span_trim(args);
	if (name.len == 0)
		return say(s, out, REPLY_BAD_SYNTAX, NULL);
	verb = verb_find(name);
	s->where = (uint8_t)verb;
	if (s->state == ST_DENIED && verb != SMTP_VERB_QUIT)
		return denied(s, verb, out);
	if (verb == SMTP_VERB_UNKNOWN)
		return unknown_command(s, name, out);
	s->verb_n[verb]++;
	if (s->is_pipelined && ends_group(s, verb))
		s->was_pipelined_badly = true;
	if (smtp_tls_is_owed(s) && !verbs[verb].is_plain)
		return say(s, out, REPLY_NEED_TLS, NULL);
	if (verbs[verb].is_junk && s->junk_n++ > s->cfg->junk_max)
		smtp_error_count(s);
	if (!(verbs[verb].states & (1u << s->state)))
		return say(s, out, (enum smtp_reply)verbs[verb].elsewhere,
			   NULL);
	return verbs[verb].run(s, args, out);
}
