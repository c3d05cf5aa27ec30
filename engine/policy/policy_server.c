/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_policy_service and sleep: what a policy server is told about a session
 * (SMTPD_POLICY_README has the attributes), and what is done with its answer.
 */
#include "engine/base/clock.h"
#include "engine/base/print.h"
#include "engine/policy/policy_priv.h"
#include "engine/policy/server.h"

#include <stdlib.h>
#include <string.h>

/* --- the argument --- */

static char *
copy_text(struct span text)
{
	char *copy = must_alloc(text.len + 1);

	span_copy(text, copy, text.len + 1);
	return copy;
}

static bool
read_time(struct span text, uint64_t *out)
{
	static const struct {
		char unit;
		uint32_t s;
	} units[] = { { 's', 1 },
		      { 'm', 60 },
		      { 'h', 3600 },
		      { 'd', 86400 },
		      { 'w', 604800 } };
	uint64_t n, s = 1;

	for (size_t i = 0; text.len > 0 && i < ARRAY_N(units); i++)
		if (ascii_lower(text.p[text.len - 1]) == units[i].unit) {
			s = units[i].s;
			text.len--;
			break;
		}
	if (!span_to_u64(text, &n) || n > UINT32_MAX)
		return false;
	*out = n * s * US_PER_SEC;
	return true;
}

static bool
read_number(struct span text, uint32_t *out)
{
	uint64_t n;

	if (!span_to_u64(text, &n) || n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
set(struct policy_server *server, struct span name, struct span value)
{
	struct server_def *def = server->def;
	char **text = NULL;

	if (span_is_equal(name, SPAN("timeout")))
		return read_time(value, &def->timeout_us) && def->timeout_us;
	if (span_is_equal(name, SPAN("max_idle")))
		return read_time(value, &def->max_idle_us) && def->max_idle_us;
	if (span_is_equal(name, SPAN("max_ttl")))
		return read_time(value, &def->max_ttl_us) && def->max_ttl_us;
	if (span_is_equal(name, SPAN("retry_delay")))
		return read_time(value, &def->retry_delay_us) &&
		       def->retry_delay_us;
	if (span_is_equal(name, SPAN("request_limit")))
		return read_number(value, &def->request_limit);
	if (span_is_equal(name, SPAN("try_limit")))
		return read_number(value, &def->try_limit) && def->try_limit;
	if (span_is_equal(name, SPAN("default_action")))
		text = &server->default_action;
	else if (span_is_equal(name, SPAN("policy_context")))
		text = &server->context;
	else
		return false;
	free(*text);
	*text = copy_text(value);
	return true;
}

/* "{ what }": without its braces. */
static struct span
unbrace(struct span s)
{
	if (s.len >= 2 && s.p[0] == '{' && s.p[s.len - 1] == '}')
		s = span_trim((struct span) { s.p + 1, s.len - 2 });
	return s;
}

/* "name=value", or the same in braces, then with blanks. */
static bool
read_setting(struct policy_server *server, struct span word, struct diag *diag)
{
	struct span text = unbrace(word), name, value;
	size_t at = span_find(text, '=');

	name = span_trim(span_to(text, at));
	value = at < text.len ? span_trim(span_from(text, at + 1)) : text;
	if (at < text.len && set(server, name, value))
		return true;
	diag_add(diag, DIAG_ERROR, NULL, 0,
		 "%s: %.*s: want one of timeout, max_idle, max_ttl, "
		 "retry_delay, request_limit, try_limit, default_action, "
		 "policy_context, and = with a value",
		 server->def->name, SPAN_FMT(word));
	return false;
}

struct policy_server *
policy_server_open(const struct policy_cfg *cfg, struct span arg,
		   struct diag *diag)
{
	struct span rest = unbrace(arg), name = policy_word_next(&rest), word;
	const char *action = cfg->server_default_action;
	const char *dir = cfg->queue_dir ? cfg->queue_dir : "";
	struct policy_server *server;
	struct server_def *def;
	bool ok = true;

	def = server_def_open(name, dir, diag);
	if (def == NULL)
		return NULL;
	def->timeout_us = cfg->server_timeout_us;
	def->max_idle_us = cfg->server_max_idle_us;
	def->max_ttl_us = cfg->server_max_ttl_us;
	def->retry_delay_us = cfg->server_retry_delay_us;
	def->request_limit = cfg->server_request_limit;
	def->try_limit = cfg->server_try_limit;
	server = must_alloc(sizeof(*server));
	server->def = def;
	server->default_action = copy_text(span_of(action));
	server->context = copy_text(span_of(cfg->server_context));
	while (ok && (word = policy_word_next(&rest)).len > 0)
		ok = read_setting(server, word, diag);
	if (!ok)
		policy_server_close(&server);
	return server;
}

void
policy_server_close(struct policy_server **server)
{
	if (*server == NULL)
		return;
	server_def_put(&(*server)->def);
	free((*server)->default_action);
	free((*server)->context);
	free(*server);
	*server = NULL;
}

bool
policy_has_servers(const struct policy *policy)
{
	return policy->has_servers;
}

/* --- the question --- */

/* Whatever a peer has sent stays on its line. */
static void
put(struct print *pr, const char *name, struct span value)
{
	size_t from;

	print_text(pr, name);
	print_span(pr, SPAN("="));
	from = pr->len;
	print_span(pr, value);
	for (; from < pr->len; from++)
		if ((unsigned char)pr->p[from] < ' ' || pr->p[from] == 127)
			pr->p[from] = '?';
	print_span(pr, SPAN("\n"));
}

static void
put_text(struct print *pr, const char *name, const char *value)
{
	put(pr, name, span_of(value));
}

static void
put_number(struct print *pr, const char *name, uint64_t n)
{
	char digits[PRINT_U64_MAX];
	struct print text = PRINT_INTO(digits);

	print_u64(&text, n, 1);
	put(pr, name, print_done(&text));
}

static void
put_ip(struct print *pr, const char *name, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	put(pr, name, (struct span) { text, ip_print(ip, text) });
}

static void
put_id(struct print *pr, const char *name, uint64_t id)
{
	char digits[16];
	struct print text = PRINT_INTO(digits);

	if (id != 0)
		print_hex(&text, id);
	put(pr, name, print_done(&text));
}

static void
put_client(struct print *pr, const struct policy_query *q)
{
	put_ip(pr, "client_address", &q->client_ip);
	put(pr, "client_name", q->client_name);
	put_number(pr, "client_port", q->client_port);
	put(pr, "reverse_client_name",
	    q->reverse_name.len > 0 ? q->reverse_name : SPAN("unknown"));
	put_ip(pr, "server_address", &q->server_ip);
	put_number(pr, "server_port", q->server_port);
}

static void
put_envelope(struct print *pr, const struct policy_eval *e)
{
	const struct policy_query *q = e->query;
	bool is_late = q->stage == POLICY_DATA || q->stage == POLICY_EOD;
	char text[ADDR_BYTES_MAX + 1];

	put(pr, "helo_name", q->helo);
	put_text(pr, "sender", e->sender_text);
	span_copy(q->rcpt_first, text, sizeof(text));
	if (is_late)
		put_text(pr, "recipient", q->rcpt_n == 1 ? text : "");
	else
		put_text(pr, "recipient", e->rcpt_text);
	put_number(pr, "recipient_count", is_late ? q->rcpt_n : 0);
	put_id(pr, "queue_id", q->rcpt_n > 0 ? q->message_id : 0);
	put_id(pr, "instance", q->message_id);
	put_number(pr, "size", q->size_bytes);
	put(pr, "etrn_domain", q->etrn);
	put_text(pr, "stress", e->policy->cfg->stress);
}

/* Out of "TLSv1.3 with cipher NAME (256/256 bits)". */
static void
put_tls(struct print *pr, const struct policy_query *q)
{
	struct span rest = span_of(q->tls), protocol, cipher, bits;
	uint64_t n = 0;

	protocol = span_word(&rest, " ");
	(void)span_word(&rest, " "); /* with */
	(void)span_word(&rest, " "); /* cipher */
	cipher = span_word(&rest, " ");
	bits = span_trim(rest);
	if (bits.len > 1)
		(void)span_to_u64(
			span_to(span_from(bits, 1), span_find(bits, '/') - 1),
			&n);
	put(pr, "encryption_protocol", protocol);
	put(pr, "encryption_cipher", cipher);
	put_number(pr, "encryption_keysize", n);
}

static struct span
write_question(const struct policy_eval *e, const struct policy_server *server,
	       char out[SERVER_TEXT_MAX])
{
	struct print pr = { out, 0, SERVER_TEXT_MAX };
	const struct policy_query *q = e->query;
	const struct policy_login *login = q->login;
	const struct policy_ccert *ccert = q->ccert;

	put_text(&pr, "request", "smtpd_access_policy");
	put_text(&pr, "protocol_state", q->where);
	put_text(&pr, "protocol_name", q->proto);
	put_client(&pr, q);
	put_envelope(&pr, e);
	put_text(&pr, "sasl_method", login ? login->method : "");
	put_text(&pr, "sasl_username", login ? login->user : "");
	put_text(&pr, "sasl_sender", login ? login->sender : "");
	put_text(&pr, "ccert_subject", "");
	put_text(&pr, "ccert_issuer", "");
	put_text(&pr, "ccert_fingerprint", ccert ? ccert->certificate : "");
	put_text(&pr, "ccert_pubkey_fingerprint",
		 ccert ? ccert->public_key : "");
	put_tls(&pr, q);
	put_text(&pr, "policy_context", server->context);
	print_span(&pr, SPAN("\n"));
	return print_done(&pr);
}

/* --- restrictions --- */

static enum policy_answer
begin(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_server *server = rule->server;
	char text[SERVER_TEXT_MAX];
	struct span question = write_question(e, server, text);

	if (question.len < SERVER_TEXT_MAX &&
	    server_ask(e->query->lookups, e->query->pins, server->def, question,
		       rule))
		return policy_wait(e);
	return policy_server_error(e);
}

enum policy_answer
policy_eval_server(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct server_ask *ask;
	struct span action;

	if (e->query->pins == NULL)
		return policy_server_error(e);
	ask = server_find(e->query->pins, rule);
	if (ask == NULL)
		return begin(e, rule);
	if (!ask->lookup.is_done)
		return policy_wait(e);
	action = ask->is_ok ? (struct span) { ask->answer, ask->answer_len }
			    : span_of(rule->server->default_action);
	return policy_access_obey(e, rule->server->def->name, action);
}

enum policy_answer
policy_eval_sleep(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct server_ask *ask;

	if (rule->pause_us == 0)
		return POLICY_DUNNO;
	if (e->query->pins == NULL)
		return policy_server_error(e);
	ask = server_find(e->query->pins, rule);
	if (ask != NULL)
		return ask->lookup.is_done ? POLICY_DUNNO : policy_wait(e);
	if (server_pause(e->query->lookups, e->query->pins, rule->pause_us,
			 rule))
		return policy_wait(e);
	return policy_server_error(e);
}
