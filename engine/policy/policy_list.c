/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restriction lists: from a parameter's text to an array of rules. A word that
 * nobody knows stops the start: at run time it could only be 451 4.3.5, as in
 * Postfix. What is known but not built is named, and left out where that lets
 * nothing in.
 */
#include "engine/base/clock.h"
#include "engine/policy/policy_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WORD_MAX    64
#define RULES_MAX   1024 /* of one list */
#define PAUSE_S_MAX 3600

/* One row of the table: what the parameter is, and where it runs. */
static const struct {
	const char *parameter;
	const char *default_word; /* before a bare type:table */
	enum policy_stage stage;
} list_kinds[POLICY_LIST_N] = {
	[POLICY_LIST_CLIENT] = { "smtpd_client_restrictions",
				 "check_client_access", POLICY_CONNECT },
	[POLICY_LIST_HELO] = { "smtpd_helo_restrictions", "check_helo_access",
			       POLICY_HELO },
	[POLICY_LIST_SENDER] = { "smtpd_sender_restrictions",
				 "check_sender_access", POLICY_MAIL },
	[POLICY_LIST_RELAY] = { "smtpd_relay_restrictions",
				"check_recipient_access", POLICY_RCPT },
	[POLICY_LIST_RCPT] = { "smtpd_recipient_restrictions",
			       "check_recipient_access", POLICY_RCPT },
	[POLICY_LIST_DATA] = { "smtpd_data_restrictions", NULL, POLICY_DATA },
	[POLICY_LIST_EOD] = { "smtpd_end_of_data_restrictions", NULL,
			      POLICY_EOD },
	[POLICY_LIST_ETRN] = { "smtpd_etrn_restrictions", "check_etrn_access",
			       POLICY_ETRN },
};

/* clang-format off */
static const struct policy_word words[] = {
#define BUILT(name, fn, known, arg) \
	{ name, policy_eval_##fn, POLICY_##known, POLICY_ARG_##arg, \
	  DNS_A, NULL },
#define HOSTS(name, fn, known, dns) \
	{ name, policy_eval_##fn, POLICY_##known, POLICY_ARG_TABLE, \
	  DNS_##dns, NULL },
#define LACKS(name, what) \
	{ name, NULL, POLICY_CONNECT, POLICY_ARG_NONE, DNS_A, what },
#include "engine/policy/restrictions.def"
#undef BUILT
#undef HOSTS
#undef LACKS
};
/* clang-format on */

const struct policy_word *
policy_word_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_N(words); i++)
		if (span_is_equal_nocase(name, span_of(words[i].name)))
			return &words[i];
	return NULL;
}

const struct policy_list *
policy_class_find(const struct policy *policy, struct span name)
{
	const struct policy_cfg *cfg = policy->cfg;

	for (unsigned i = 0; i < cfg->classes_n; i++)
		if (span_is_equal(name, span_of(cfg->classes[i].name)))
			return &policy->classes[i];
	return NULL;
}

/* --- the nearest word --- */

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance; both are at most WORD_MAX long. */
static unsigned
distance(struct span a, struct span b)
{
	unsigned row[WORD_MAX + 1];

	for (unsigned j = 0; j <= b.len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned cost = ascii_lower(a.p[i - 1]) !=
					ascii_lower(b.p[j - 1]);
			unsigned next = min3(row[j] + 1, row[j - 1] + 1,
					     diagonal + cost);

			diagonal = row[j];
			row[j] = next;
		}
	}
	return row[b.len];
}

const char *
policy_word_nearest(const struct policy *policy, struct span name)
{
	const struct policy_cfg *cfg = policy->cfg;
	const char *best = words[0].name;
	unsigned least = WORD_MAX + 1;

	if (name.len > WORD_MAX)
		name.len = WORD_MAX;
	for (size_t i = 0; i < ARRAY_N(words) + cfg->classes_n; i++) {
		const char *word =
			i < ARRAY_N(words)
				? words[i].name
				: cfg->classes[i - ARRAY_N(words)].name;
		unsigned d;

		if (strlen(word) > WORD_MAX)
			continue;
		d = distance(name, span_of(word));
		if (d < least) {
			least = d;
			best = word;
		}
	}
	return best;
}

/* --- words --- */

struct span
policy_word_next(struct span *rest)
{
	static const char seps[] = ", \t\r\n";
	unsigned depth = 0;
	struct span word;
	size_t n = 0;

	while (rest->len > 0 && rest->p[0] != '\0' &&
	       strchr(seps, rest->p[0]) != NULL)
		*rest = span_from(*rest, 1);
	for (; n < rest->len; n++) {
		char c = rest->p[n];

		if (c == '{')
			depth++;
		else if (c == '}' && depth > 0)
			depth--;
		else if (depth == 0 && c != '\0' && strchr(seps, c) != NULL)
			break;
	}
	word = span_to(*rest, n);
	*rest = span_from(*rest, n);
	return word;
}

/* --- compiling --- */

struct compile {
	struct policy *policy;
	struct diag *diag;
	const char *parameter;
	const char *default_word;
	enum policy_stage stage; /* of the list; a class's: RCPT */
	struct policy_list *list;
	bool is_bad;
	bool is_warn;	/* warn_if_reject stands before */
	bool is_closed; /* permit or reject: the rest is never reached */
};

PRINTF_LIKE(3, 4)
static void
complain(struct compile *c, enum diag_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_add(c->diag, level, NULL, 0, "service %s: %s: %s",
		 c->policy->service, c->parameter, text);
	if (level == DIAG_ERROR)
		c->is_bad = true;
}

static void
add_rule(struct compile *c, struct policy_rule rule)
{
	must(c->list->rules_n < RULES_MAX);
	rule.is_warn = c->is_warn;
	c->list->rules[c->list->rules_n++] = rule;
}

static void
lacks(struct compile *c, const struct policy_word *word)
{
	if (c->is_warn)
		complain(c, DIAG_WARNING,
			 "warn_if_reject %s is left out: it needs %s",
			 word->name, word->lacks);
	else
		complain(c, DIAG_ERROR,
			 "%s needs %s, which is not built yet: leave it out, "
			 "or put warn_if_reject before it",
			 word->name, word->lacks);
}

/* The table behind check_..._access. */
static void
add_table(struct compile *c, const struct policy_word *word, struct span name)
{
	struct policy_rule rule = { .word = word };

	rule.table = table_open(name, c->policy->cfg->dir, c->diag);
	if (rule.table == NULL) {
		/* the table has said what is wrong with it, and where */
		complain(c, DIAG_NOTE, "%s: cannot use %.*s", word->name,
			 SPAN_FMT(name));
		c->is_bad = true;
		return;
	}
	add_rule(c, rule);
}

static void
add_server(struct compile *c, const struct policy_word *word, struct span arg)
{
	struct policy_rule rule = { .word = word };

	rule.server = policy_server_open(c->policy->cfg, arg, c->diag);
	if (rule.server == NULL) {
		complain(c, DIAG_ERROR, "%s: cannot use %.*s", word->name,
			 SPAN_FMT(arg));
		return;
	}
	c->policy->has_servers = true;
	add_rule(c, rule);
}

static void
add_rbl(struct compile *c, const struct policy_word *word, struct span arg)
{
	struct policy_rule rule = { .word = word };
	struct policy_rbl rbl;

	if (!policy_rbl_read(arg, &rbl)) {
		complain(c, DIAG_ERROR,
			 "%s: want a domain, or domain=filter such as "
			 "127.0.0.[2..11;20], not %.*s",
			 word->name, SPAN_FMT(arg));
		return;
	}
	rule.rbl = must_alloc(sizeof(*rule.rbl));
	*rule.rbl = rbl;
	add_rule(c, rule);
}

static void
add_pause(struct compile *c, const struct policy_word *word, struct span arg)
{
	struct policy_rule rule = { .word = word };

	if (!span_to_u64(arg, &rule.pause_us) || rule.pause_us > PAUSE_S_MAX) {
		complain(c, DIAG_ERROR, "%s: want seconds, up to %d, not %.*s",
			 word->name, PAUSE_S_MAX, SPAN_FMT(arg));
		return;
	}
	rule.pause_us *= US_PER_SEC;
	add_rule(c, rule);
}

static bool
is_table_name(struct span word)
{
	return span_find(word, ':') < word.len;
}

static const char *const arg_names[] = {
	[POLICY_ARG_TABLE] = "a type:table",
	[POLICY_ARG_WORD] = "a word",
	[POLICY_ARG_SERVER] = "inet:host:port or unix:path",
	[POLICY_ARG_RBL] = "a domain",
	[POLICY_ARG_SECONDS] = "seconds",
};

static bool
is_about_login(const struct policy_word *word)
{
	return word->eval == policy_eval_sasl_access ||
	       word->eval == policy_eval_mismatch ||
	       word->eval == policy_eval_known_mismatch ||
	       word->eval == policy_eval_auth_mismatch ||
	       word->eval == policy_eval_unauth_mismatch;
}

/* A restriction and, where it has one, its argument. */
static void
add_word(struct compile *c, const struct policy_word *word, struct span *rest)
{
	struct span arg = { "", 0 };

	if (word->arg != POLICY_ARG_NONE) {
		arg = policy_word_next(rest);
		if (arg.len == 0 ||
		    (word->arg == POLICY_ARG_TABLE && !is_table_name(arg))) {
			complain(c, DIAG_ERROR, "%s wants %s behind it",
				 word->name, arg_names[word->arg]);
			return;
		}
	}
	if (word->eval == NULL) {
		lacks(c, word);
		return;
	}
	if (!c->policy->cfg->is_delay_reject && word->known > c->stage)
		complain(c, DIAG_WARNING,
			 "%s knows nothing yet at this stage: with "
			 "smtpd_delay_reject = no it does nothing here",
			 word->name);
	if ((word->eval == policy_eval_sasl || is_about_login(word)) &&
	    !c->policy->cfg->is_sasl_enabled)
		complain(c, DIAG_NOTE,
			 "%s finds nobody: smtpd_sasl_auth_enable = no here",
			 word->name);
	switch (word->arg) {
	case POLICY_ARG_TABLE:
		add_table(c, word, arg);
		return;
	case POLICY_ARG_SERVER:
		add_server(c, word, arg);
		return;
	case POLICY_ARG_RBL:
		add_rbl(c, word, arg);
		return;
	case POLICY_ARG_SECONDS:
		add_pause(c, word, arg);
		return;
	case POLICY_ARG_WORD:
	case POLICY_ARG_NONE:
		break;
	}
	add_rule(c, (struct policy_rule) { .word = word });
}

/* Nothing behind permit or reject is ever asked. */
static void
close_list(struct compile *c, const struct policy_word *word, struct span rest)
{
	struct span next = policy_word_next(&rest);
	bool is_end = word->eval == policy_eval_permit ||
		      word->eval == policy_eval_reject ||
		      word->eval == policy_eval_defer;

	if (!is_end || c->is_warn)
		return;
	c->is_closed = true;
	if (next.len > 0)
		complain(c, DIAG_WARNING, "%.*s after %s is never reached",
			 SPAN_FMT(next), word->name);
}

static void
add_next(struct compile *c, struct span *rest)
{
	struct span name = policy_word_next(rest);
	const struct policy_word *word = policy_word_find(name);
	const struct policy_list *class = policy_class_find(c->policy, name);

	if (span_is_equal_nocase(name, SPAN("warn_if_reject"))) {
		c->is_warn = true;
		return;
	}
	if (word != NULL) {
		add_word(c, word, rest);
		close_list(c, word, *rest);
	} else if (class != NULL) {
		add_rule(c, (struct policy_rule) { .class = class });
	} else if (is_table_name(name) && c->default_word != NULL) {
		add_table(c, policy_word_find(span_of(c->default_word)), name);
	} else if (is_table_name(name)) {
		complain(c, DIAG_ERROR,
			 "%.*s: say what to look up: check_client_access, "
			 "check_helo_access, check_sender_access or "
			 "check_recipient_access before it",
			 SPAN_FMT(name));
	} else {
		complain(c, DIAG_ERROR,
			 "unknown restriction \"%.*s\"; the nearest is %s",
			 SPAN_FMT(name), policy_word_nearest(c->policy, name));
	}
	c->is_warn = false;
}

static bool
compile(struct compile *c, const char *text)
{
	struct span rest = span_of(text), count = rest;
	unsigned n = 0;

	while (policy_word_next(&count).len > 0)
		n++;
	if (n == 0)
		return true;
	if (n > RULES_MAX) {
		complain(c, DIAG_ERROR, "more than %d words", RULES_MAX);
		return false;
	}
	c->list->rules = must_alloc(n * sizeof(c->list->rules[0]));
	while (span_trim(rest).len > 0 && !c->is_closed) {
		struct span look = rest;

		if (policy_word_next(&look).len == 0)
			break;
		add_next(c, &rest);
	}
	if (c->is_warn)
		complain(c, DIAG_WARNING, "warn_if_reject with nothing behind");
	return !c->is_bad;
}

/*
 * Postfix refuses to run where nothing says no to a foreign recipient. The
 * same words count, and a class counts when it has one.
 */
static bool
has_required(const struct policy_list *list, unsigned depth)
{
	for (unsigned i = 0; depth < 100 && i < list->rules_n; i++) {
		const struct policy_rule *rule = &list->rules[i];

		if (rule->is_warn)
			continue;
		if (rule->word == NULL) {
			if (has_required(rule->class, depth + 1))
				return true;
			continue;
		}
		if (rule->word->eval == policy_eval_permit)
			return false;
		if (rule->word->eval == policy_eval_reject ||
		    rule->word->eval == policy_eval_defer ||
		    rule->word->eval == policy_eval_defer_if_permit ||
		    rule->word->eval == policy_eval_reject_unauth ||
		    rule->word->eval == policy_eval_defer_unauth)
			return true;
	}
	return false;
}

static bool
open_classes(struct policy *policy, struct diag *diag)
{
	const struct policy_cfg *cfg = policy->cfg;
	bool ok = true;

	if (cfg->classes_n == 0)
		return true;
	policy->classes =
		must_alloc(cfg->classes_n * sizeof(policy->classes[0]));
	for (unsigned i = 0; i < cfg->classes_n; i++) {
		struct compile c = { .policy = policy,
				     .diag = diag,
				     .parameter = cfg->classes[i].name,
				     .stage = POLICY_RCPT,
				     .list = &policy->classes[i] };

		ok &= compile(&c, cfg->classes[i].restrictions);
	}
	return ok;
}

bool
policy_lists_open(struct policy *policy, struct diag *diag)
{
	const struct policy_cfg *cfg = policy->cfg;
	const char *const texts[POLICY_LIST_N] = {
		[POLICY_LIST_CLIENT] = cfg->client_restrictions,
		[POLICY_LIST_HELO] = cfg->helo_restrictions,
		[POLICY_LIST_SENDER] = cfg->sender_restrictions,
		[POLICY_LIST_RELAY] = cfg->relay_restrictions,
		[POLICY_LIST_RCPT] = cfg->recipient_restrictions,
		[POLICY_LIST_DATA] = cfg->data_restrictions,
		[POLICY_LIST_EOD] = cfg->eod_restrictions,
		[POLICY_LIST_ETRN] = cfg->etrn_restrictions,
	};
	bool ok = open_classes(policy, diag);

	for (unsigned i = 0; i < POLICY_LIST_N; i++) {
		struct compile c = { .policy = policy,
				     .diag = diag,
				     .parameter = list_kinds[i].parameter,
				     .default_word = list_kinds[i].default_word,
				     .stage = list_kinds[i].stage,
				     .list = &policy->lists[i] };

		ok &= compile(&c, texts[i]);
	}
	if (ok && !has_required(&policy->lists[POLICY_LIST_RELAY], 0) &&
	    !has_required(&policy->lists[POLICY_LIST_RCPT], 0)) {
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "service %s: smtpd_relay_restrictions or "
			 "smtpd_recipient_restrictions must hold one of "
			 "reject_unauth_destination, defer_unauth_destination, "
			 "reject, defer, defer_if_permit: else anybody may "
			 "relay",
			 policy->service);
		ok = false;
	}
	return ok;
}

static void
close_one(struct policy_list *list)
{
	for (unsigned i = 0; i < list->rules_n; i++) {
		struct policy_rule *rule = &list->rules[i];

		if (rule->word == NULL)
			continue;
		if (rule->word->arg == POLICY_ARG_TABLE)
			table_close(&rule->table);
		else if (rule->word->arg == POLICY_ARG_SERVER)
			policy_server_close(&rule->server);
		else if (rule->word->arg == POLICY_ARG_RBL)
			free(rule->rbl);
	}
	free(list->rules);
}

void
policy_lists_close(struct policy *policy)
{
	for (unsigned i = 0; i < POLICY_LIST_N; i++)
		close_one(&policy->lists[i]);
	for (unsigned i = 0; policy->classes && i < policy->cfg->classes_n; i++)
		close_one(&policy->classes[i]);
	free(policy->classes);
}
