/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_ask(): which lists run at which stage, in which order, and how a
 * verdict comes together: Postfix's rules on warn_if_reject, defer_if_permit,
 * defer_if_reject and on what a list's permit ends (its own list only).
 */
#include "engine/base/print.h"
#include "engine/policy/lookup.h"
#include "engine/policy/policy_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define DEPTH_MAX 100 /* of lists in lists, as in Postfix */

/* --- verdicts --- */

/* What a peer or a table wrote must not break a reply or a log line. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = ' ';
}

/* "5.7.1 …" with the class digit of the code. */
static unsigned
format(char out[POLICY_TEXT_MAX], unsigned code, const char *dsn,
       const char *fmt, va_list args)
{
	int n;

	if (code < 400 || code > 599) {
		snprintf(out, POLICY_TEXT_MAX, "4.7.1 Service unavailable");
		return 450;
	}
	n = snprintf(out, POLICY_TEXT_MAX, "%s ", dsn);
	vsnprintf(out + n, POLICY_TEXT_MAX - (size_t)n, fmt, args);
	out[0] = (char)('0' + code / 100);
	make_printable(out);
	return code;
}

void
policy_say(struct policy_eval *e, const char *verb, const char *fmt, ...)
{
	struct policy_finding *finding;
	va_list args;

	if (e->is_silent || e->out->findings_n == POLICY_FINDINGS_MAX)
		return;
	finding = &e->out->findings[e->out->findings_n++];
	finding->verb = verb;
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
	make_printable(finding->text);
}

static enum policy_answer
refuse(struct policy_eval *e, unsigned code)
{
	e->out->code = (uint16_t)code;
	e->out->is_close = code == 421 || code == 521;
	return POLICY_REJECT;
}

static enum policy_answer
vreject(struct policy_eval *e, enum policy_reject_kind kind, unsigned code,
	const char *dsn, const char *fmt, va_list args)
{
	code = format(e->out->text, code, dsn, fmt, args);
	if (e->warn_n > 0 && kind == POLICY_BY_POLICY) {
		policy_say(e, "reject_warning", "%u %.*s", code,
			   POLICY_TEXT_MAX - 8, e->out->text);
		e->out->text[0] = '\0';
		return POLICY_DUNNO;
	}
	if (e->if_reject.is_active && code >= 500) {
		e->if_reject.is_active = false;
		memcpy(e->out->text, e->if_reject.text, POLICY_TEXT_MAX);
		code = e->if_reject.code;
	}
	return refuse(e, code);
}

enum policy_answer
policy_reject(struct policy_eval *e, enum policy_reject_kind kind,
	      unsigned code, const char *dsn, const char *fmt, ...)
{
	enum policy_answer answer;
	va_list args;

	va_start(args, fmt);
	answer = vreject(e, kind, code, dsn, fmt, args);
	va_end(args);
	return answer;
}

/* Keeps the first reason. */
static void
defer(struct policy_defer *d, unsigned code, const char *dsn, const char *fmt,
      va_list args)
{
	if (d->is_active)
		return;
	d->is_active = true;
	d->code = (uint16_t)format(d->text, code, dsn, fmt, args);
}

enum policy_answer
policy_defer_if_permit(struct policy_eval *e, unsigned code, const char *dsn,
		       const char *fmt, ...)
{
	enum policy_answer answer = POLICY_DUNNO;
	va_list args;

	va_start(args, fmt);
	if (e->warn_n > 0)
		answer = vreject(e, POLICY_BY_POLICY, code, dsn, fmt, args);
	else
		defer(&e->if_permit, code, dsn, fmt, args);
	va_end(args);
	return answer;
}

enum policy_answer
policy_defer_if_reject(struct policy_eval *e, unsigned code, const char *dsn,
		       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	defer(&e->if_reject, code, dsn, fmt, args);
	va_end(args);
	return POLICY_DUNNO;
}

enum policy_answer
policy_wait(struct policy_eval *e)
{
	e->out->is_pending = true;
	return POLICY_REJECT;
}

enum policy_answer
policy_server_error(struct policy_eval *e)
{
	return policy_reject(e, POLICY_BY_TROUBLE, 451, "4.3.5",
			     "Server configuration error");
}

enum policy_answer
policy_lookup_error(struct policy_eval *e, const char *name)
{
	return policy_reject(e, POLICY_BY_TROUBLE, 451, "4.3.0",
			     "<%s>: Temporary lookup failure", name);
}

/* --- addresses of the query --- */

static enum policy_answer
resolve(struct policy_eval *e, const struct addr *a, struct policy_addr *out,
	const char *name, bool is_sender)
{
	switch (policy_resolve(e->policy, a, out)) {
	case POLICY_RESOLVE_OK:
		return POLICY_OK;
	case POLICY_RESOLVE_ERROR:
		return policy_lookup_error(e, name);
	default:
		break;
	}
	return policy_reject(
		e, POLICY_BY_TROUBLE, 501, is_sender ? "5.1.7" : "5.1.3",
		"Bad %s address syntax", is_sender ? "sender" : "recipient");
}

enum policy_answer
policy_eval_get_rcpt(struct policy_eval *e, const struct policy_addr **out)
{
	enum policy_answer answer = POLICY_OK;

	*out = NULL;
	if (e->query->rcpt == NULL)
		return POLICY_OK;
	if (!e->is_rcpt_resolved)
		answer = resolve(e, e->query->rcpt, &e->rcpt, e->rcpt_text,
				 false);
	e->is_rcpt_resolved = answer == POLICY_OK;
	*out = e->is_rcpt_resolved ? &e->rcpt : NULL;
	return answer;
}

enum policy_answer
policy_eval_get_sender(struct policy_eval *e, const struct policy_addr **out)
{
	enum policy_answer answer = POLICY_OK;

	*out = NULL;
	if (e->query->sender == NULL || e->query->sender->len == 0)
		return POLICY_OK;
	if (!e->is_sender_resolved)
		answer = resolve(e, e->query->sender, &e->sender,
				 e->sender_text, true);
	e->is_sender_resolved = answer == POLICY_OK;
	*out = e->is_sender_resolved ? &e->sender : NULL;
	return answer;
}

/* --- lists --- */

enum policy_answer
policy_eval_rule(struct policy_eval *e, const struct policy_rule *rule)
{
	enum policy_answer answer;

	e->warn_n += rule->is_warn;
	answer = rule->word != NULL ? rule->word->eval(e, rule)
				    : policy_eval_list(e, rule->class);
	e->warn_n -= rule->is_warn;
	return answer;
}

enum policy_answer
policy_eval_list(struct policy_eval *e, const struct policy_list *list)
{
	enum policy_answer answer = POLICY_DUNNO;

	if (++e->depth > DEPTH_MAX) {
		e->depth--;
		return policy_server_error(e);
	}
	for (unsigned i = 0; i < list->rules_n; i++) {
		if (e->out->is_discard)
			break;
		answer = policy_eval_rule(e, &list->rules[i]);
		if (answer != POLICY_DUNNO)
			break;
		if (e->if_permit.is_active && e->if_reject.is_active)
			break;
	}
	e->depth--;
	return answer;
}

/* One parameter's list, about one thing. */
static enum policy_answer
run_list(struct policy_eval *e, enum policy_list_id id, const char *subject,
	 const char *name)
{
	e->subject = subject;
	e->name = name;
	e->if_reject.is_active = false;
	return policy_eval_list(e, &e->policy->lists[id]);
}

static enum policy_answer
run_client(struct policy_eval *e)
{
	return run_list(e, POLICY_LIST_CLIENT, POLICY_SUBJECT_CLIENT,
			e->client);
}

static enum policy_answer
run_helo(struct policy_eval *e)
{
	if (e->query->helo.len == 0)
		return POLICY_DUNNO;
	return run_list(e, POLICY_LIST_HELO, POLICY_SUBJECT_HELO, e->helo);
}

static enum policy_answer
run_sender(struct policy_eval *e)
{
	enum policy_answer answer;

	if (e->query->sender == NULL)
		return POLICY_DUNNO;
	answer = run_list(e, POLICY_LIST_SENDER, POLICY_SUBJECT_SENDER,
			  e->sender_text);
	if (answer != POLICY_REJECT && !e->is_sender_checked &&
	    !e->out->is_discard && e->query->sender->len > 0 &&
	    e->policy->cfg->is_reject_unlisted_sender)
		answer = policy_eval_unlisted_sender(e, NULL);
	return answer;
}

/* The deferral that an earlier list asked for. */
static enum policy_answer
settle_permit(struct policy_eval *e)
{
	if (!e->if_permit.is_active)
		return POLICY_OK;
	memcpy(e->out->text, e->if_permit.text, POLICY_TEXT_MAX);
	return refuse(e, e->if_permit.code);
}

/*
 * The stages before this one were answered when they came; only what they left
 * behind (defer_if_permit) counts now.
 */
static void
run_for_deferral(struct policy_eval *e)
{
	e->is_silent = true;
	(void)run_client(e);
	if (!e->out->is_pending)
		(void)run_helo(e);
	if (!e->out->is_pending)
		(void)run_sender(e);
	e->is_silent = false;
	e->out->code = 0;
	e->out->is_close = false;
	e->out->text[0] = '\0';
}

static bool
has_early_lists(const struct policy *policy)
{
	return policy->lists[POLICY_LIST_CLIENT].rules_n > 0 ||
	       policy->lists[POLICY_LIST_HELO].rules_n > 0 ||
	       policy->lists[POLICY_LIST_SENDER].rules_n > 0;
}

static enum policy_answer
run_rcpt_lists(struct policy_eval *e)
{
	bool is_relay_first = e->policy->cfg->is_relay_before_rcpt;
	enum policy_answer answer;

	answer = run_list(e,
			  is_relay_first ? POLICY_LIST_RELAY : POLICY_LIST_RCPT,
			  POLICY_SUBJECT_RCPT, e->rcpt_text);
	if (answer == POLICY_REJECT)
		return answer;
	return run_list(e,
			is_relay_first ? POLICY_LIST_RCPT : POLICY_LIST_RELAY,
			POLICY_SUBJECT_RCPT, e->rcpt_text);
}

static enum policy_answer
run_rcpt(struct policy_eval *e)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct addr *rcpt = e->query->rcpt;

	/* RFC 5321 section 4.5.1 */
	if (rcpt->at == rcpt->len && policy_is_postmaster(addr_local(rcpt)))
		return POLICY_OK;
	if (!cfg->is_delay_reject && has_early_lists(e->policy))
		run_for_deferral(e);
	if (e->out->is_pending)
		return POLICY_REJECT;
	if (cfg->is_delay_reject &&
	    (run_client(e) == POLICY_REJECT || run_helo(e) == POLICY_REJECT ||
	     run_sender(e) == POLICY_REJECT))
		return POLICY_REJECT;
	if (run_rcpt_lists(e) == POLICY_REJECT ||
	    settle_permit(e) == POLICY_REJECT)
		return POLICY_REJECT;
	if (cfg->is_reject_unlisted_recipient && !e->is_rcpt_checked &&
	    !e->out->is_discard)
		return policy_eval_unlisted_rcpt(e, NULL);
	return POLICY_OK;
}

static enum policy_answer
run_late(struct policy_eval *e, enum policy_list_id id, const char *subject,
	 const char *name)
{
	enum policy_answer answer = run_list(e, id, subject, name);

	return answer == POLICY_REJECT ? answer : settle_permit(e);
}

static enum policy_answer
run_etrn(struct policy_eval *e)
{
	char domain[ADDR_BYTES_MAX + 1];

	if (e->policy->cfg->is_delay_reject &&
	    (run_client(e) == POLICY_REJECT || run_helo(e) == POLICY_REJECT))
		return POLICY_REJECT;
	span_copy(e->query->etrn, domain, sizeof(domain));
	return run_late(e, POLICY_LIST_ETRN, POLICY_SUBJECT_ETRN, domain);
}

static enum policy_answer
run_stage(struct policy_eval *e)
{
	bool is_delayed = e->policy->cfg->is_delay_reject;

	switch (e->query->stage) {
	case POLICY_CONNECT:
		return is_delayed ? POLICY_OK : run_client(e);
	case POLICY_HELO:
		return is_delayed ? POLICY_OK : run_helo(e);
	case POLICY_MAIL:
		return is_delayed ? POLICY_OK : run_sender(e);
	case POLICY_RCPT:
	case POLICY_VRFY:
		return run_rcpt(e);
	case POLICY_DATA:
		return run_late(e, POLICY_LIST_DATA, POLICY_SUBJECT_DATA,
				"DATA");
	case POLICY_EOD:
		return run_late(e, POLICY_LIST_EOD, POLICY_SUBJECT_EOD,
				"END-OF-MESSAGE");
	case POLICY_ETRN:
		return run_etrn(e);
	default:
		must(e->query->stage < POLICY_STAGE_N);
		return POLICY_OK;
	}
}

bool
policy_is_idle(const struct policy *policy, enum policy_stage stage)
{
	switch (stage) {
	case POLICY_CONNECT:
	case POLICY_HELO:
	case POLICY_MAIL:
		return policy->cfg->is_delay_reject;
	case POLICY_DATA:
		return policy->lists[POLICY_LIST_DATA].rules_n == 0;
	case POLICY_EOD:
		return policy->lists[POLICY_LIST_EOD].rules_n == 0;
	default:
		return false;
	}
}

/* "unknown" is what a client is called that has no name. */
static void
copy_name(struct span name, char out[DNS_NAME_MAX + 1])
{
	span_copy(name.len > 0 ? name : SPAN("unknown"), out, DNS_NAME_MAX + 1);
}

static void
begin(struct policy_eval *e)
{
	const struct policy_query *q = e->query;
	struct print pr = { e->client, 0, sizeof(e->client) - 1 };
	char ip[IP_TEXT_MAX];

	ip_print(&q->client_ip, ip);
	print_some(&pr, q->client_name.p,
		   q->client_name.len < 255 ? q->client_name.len : 255);
	print_span(&pr, SPAN("["));
	print_text(&pr, ip);
	print_span(&pr, SPAN("]"));
	e->client[pr.len] = '\0';
	copy_name(q->client_name, e->client_name);
	copy_name(q->reverse_name, e->reverse_name);
	span_copy(q->helo, e->helo, sizeof(e->helo));
	e->sender_text[0] = e->rcpt_text[0] = '\0';
	if (q->sender != NULL)
		policy_print_addr(q->sender, e->sender_text);
	if (q->rcpt != NULL)
		policy_print_addr(q->rcpt, e->rcpt_text);
}

void
policy_ask(const struct policy *policy, const struct policy_query *query,
	   struct policy_verdict *out)
{
	struct policy_eval e; /* 16 KiB: only what needs it is set */

	policy_verdict_init(out);
	e.policy = policy;
	e.query = query;
	e.out = out;
	e.subject = e.name = "";
	e.depth = e.warn_n = 0;
	e.is_silent = false;
	e.is_rcpt_checked = e.is_sender_checked = false;
	e.is_rcpt_resolved = e.is_sender_resolved = false;
	e.if_permit.is_active = e.if_reject.is_active = false;
	if (query->pins != NULL)
		query->pins->pass_n++;
	begin(&e);
	if (run_stage(&e) != POLICY_REJECT)
		out->code = 0;
	if (out->is_pending)
		out->findings_n = 0;
}
