/* SPDX-License-Identifier: BSD-2-Clause */
/* Restriction lists as text: words, what is unknown, what is not built. */
#include "tests/unit/policy_site.h"

static void
test_words(void)
{
	static const struct {
		const char *name, *text;
		const char *words[4];
	} rows[] = {
		{ "commas and blanks", "a, b\n\tc,,d", { "a", "b", "c", "d" } },
		{ "braces hold together",
		  "a inline:{ {b = c, d} } e",
		  { "a", "inline:{ {b = c, d} }", "e" } },
		{ "open brace", "a {b c", { "a", "{b c" } },
		{ "closing brace alone", "a} b", { "a}", "b" } },
		{ "nothing", " , ", { NULL } },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span rest = span_of(rows[i].text), word;
		unsigned n = 0;

		CHECK_ROW(rows[i].name);
		while ((word = policy_word_next(&rest)).len > 0) {
			CHECK(n < 4 && rows[i].words[n] != NULL);
			if (n < 4 && rows[i].words[n] != NULL)
				CHECK_SPAN(word, rows[i].words[n]);
			n++;
		}
		CHECK(n == 4 || rows[i].words[n] == NULL);
	}
}

static const struct policy_class classes[] = {
	{ "myclass", "reject_unauth_destination" },
	{ "weak", "permit_mynetworks" },
	{ "mutual1", "mutual2" },
	{ "mutual2", "mutual1" },
};
#define CLASSES .classes = classes, .classes_n = ARRAY_N(classes)

static const struct {
	const char *name;
	struct site_text site;
	const char *error, *warning; /* NULL: none */
} opens[] = {
	{ "as it should be",
	  { .client = "permit_mynetworks, reject" },
	  NULL,
	  NULL },
	{ "any case", { .client = "Permit_MyNetworks, REJECT" }, NULL, NULL },
	{ "unknown word",
	  { .client = "permit_mynetwork" },
	  "service smtp: smtpd_client_restrictions: unknown restriction "
	  "\"permit_mynetwork\"; the nearest is permit_mynetworks",
	  NULL },
	{ "unknown word, nearest is a class",
	  { .rcpt = "myclas", CLASSES },
	  "the nearest is myclass",
	  NULL },
	{ "unknown word in a class",
	  { .classes = &(const struct policy_class) { "c", "rejct" },
	    .classes_n = 1 },
	  "service smtp: c: unknown restriction \"rejct\"; the nearest is "
	  "reject",
	  NULL },
	{ "a very long word",
	  { .client = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		      "xxxxxxxxxxxxxxxxxxxxxx" },
	  "unknown restriction",
	  NULL },
	{ "not built, to reject",
	  { .client = "reject_unverified_sender" },
	  "reject_unverified_sender needs address verification, which is not "
	  "built yet",
	  NULL },
	{ "not built, to warn",
	  { .client = "warn_if_reject reject_unverified_sender" },
	  NULL,
	  "warn_if_reject reject_unverified_sender is left out: it needs "
	  "address verification" },
	{ "warn_if_reject covers one only",
	  { .client = "warn_if_reject reject_unverified_sender, "
		      "reject_unverified_recipient" },
	  "reject_unverified_recipient needs address verification",
	  "reject_unverified_sender is left out" },
	{ "list in DNS",
	  { .client = "reject_rbl_client x.example" },
	  NULL,
	  NULL },
	{ "list in DNS, with a filter",
	  { .client = "reject_rbl_client x.example=127.0.[0;2..4].2" },
	  NULL,
	  NULL },
	{ "list in DNS, with none",
	  { .client = "reject_rbl_client x.example=127.0.0" },
	  "reject_rbl_client: want a domain, or domain=filter",
	  NULL },
	{ "list in DNS, without its name",
	  { .client = "reject_rbl_client" },
	  "reject_rbl_client wants a domain behind it",
	  NULL },
	{ "policy server",
	  { .rcpt = "check_policy_service { inet:127.0.0.1:1, timeout=1 }" },
	  NULL,
	  NULL },
	{ "policy server, nowhere",
	  { .rcpt = "check_policy_service 127.0.0.1:1" },
	  "want inet:host:port or unix:path",
	  NULL },
	{ "policy server, unknown setting",
	  { .rcpt = "check_policy_service { inet:127.0.0.1:1, colour=red }" },
	  "colour=red: want one of",
	  NULL },
	{ "policy server, no time",
	  { .rcpt = "check_policy_service { inet:127.0.0.1:1, timeout=x }" },
	  "timeout=x: want one of",
	  NULL },
	{ "sleep", { .rcpt = "sleep 1" }, NULL, NULL },
	{ "sleep, no number",
	  { .rcpt = "sleep well" },
	  "sleep: want seconds, up to 3600, not well",
	  NULL },
	{ "SASL, to permit",
	  { .client = "permit_sasl_authenticated" },
	  NULL,
	  NULL },
	{ "table missing",
	  { .client = "check_client_access" },
	  "check_client_access wants a type:table behind it",
	  NULL },
	{ "table is none",
	  { .client = "check_client_access permit" },
	  "check_client_access wants a type:table behind it",
	  NULL },
	{ "table of no type",
	  { .client = "check_client_access nosuch:x" },
	  "nosuch:x: there is no table type",
	  NULL },
	{ "bare table", { .sender = "inline:{ {x = OK} }" }, NULL, NULL },
	{ "bare table at DATA",
	  { .data = "inline:{ {x = OK} }" },
	  "say what to look up",
	  NULL },
	{ "bare table in a class",
	  { .classes =
		    &(const struct policy_class) { "c", "inline:{ {x = OK} }" },
	    .classes_n = 1 },
	  "say what to look up",
	  NULL },
	{ "behind permit",
	  { .client = "permit, reject" },
	  NULL,
	  "reject after permit is never reached" },
	{ "behind reject",
	  { .client = "reject, permit" },
	  NULL,
	  "permit after reject is never reached" },
	{ "warn_if_reject reject is no end",
	  { .client = "warn_if_reject reject, permit" },
	  NULL,
	  NULL },
	{ "warn_if_reject with nothing",
	  { .client = "permit_mynetworks, warn_if_reject" },
	  NULL,
	  "warn_if_reject with nothing behind" },
	{ "too early",
	  { .client = "reject_unauth_destination", .is_eager = true },
	  NULL,
	  "with smtpd_delay_reject = no it does nothing here" },
	{ "not too early",
	  { .sender = "check_helo_access static:OK", .is_eager = true },
	  NULL,
	  NULL },
	{ "nobody says no",
	  { .relay = "", .rcpt = "permit_mynetworks" },
	  "else anybody may relay",
	  NULL },
	{ "nobody says no: permit comes first",
	  { .relay = "", .rcpt = "permit, reject_unauth_destination" },
	  "else anybody may relay",
	  "is never reached" },
	{ "nobody says no: only warned",
	  { .relay = "", .rcpt = "warn_if_reject reject_unauth_destination" },
	  "else anybody may relay",
	  NULL },
	{ "a no in a class",
	  { .relay = "", .rcpt = "myclass", CLASSES },
	  NULL,
	  NULL },
	{ "no no in a class",
	  { .relay = "", .rcpt = "weak", CLASSES },
	  "else anybody may relay",
	  NULL },
	{ "classes of each other end",
	  { .relay = "", .rcpt = "mutual1", CLASSES },
	  "else anybody may relay",
	  NULL },
	{ "a no in the recipient list",
	  { .relay = "", .rcpt = "reject_unauth_destination" },
	  NULL,
	  NULL },
};

static void
test_opens(void)
{
	for (size_t i = 0; i < ARRAY_N(opens); i++) {
		struct site s;

		CHECK_ROW(opens[i].name);
		site_open(&s, &opens[i].site);
		CHECK((s.policy == NULL) == (opens[i].error != NULL));
		CHECK((s.diag.errors_n > 0) == (opens[i].error != NULL));
		if (opens[i].error != NULL)
			CHECK(site_said(&s, DIAG_ERROR, opens[i].error));
		CHECK((s.diag.warnings_n > 0) == (opens[i].warning != NULL));
		if (opens[i].warning != NULL)
			CHECK(site_said(&s, DIAG_WARNING, opens[i].warning));
		site_close(&s);
	}
}

static void
test_sasl_note(void)
{
	struct site_text text = { .client = "permit_sasl_authenticated" };
	struct site s;

	CHECK_ROW("SASL is noted");
	site_open(&s, &text);
	CHECK(site_said(&s, DIAG_NOTE,
			"permit_sasl_authenticated finds "
			"nobody"));
	site_close(&s);
}

/* Every word is found, and each that lacks something says what. */
static void
test_table(void)
{
	static const char *const names[] = {
#define BUILT(name, fn, known, arg) name,
#define HOSTS(name, fn, known, dns) name,
#define LACKS(name, what)	    name,
#include "engine/policy/restrictions.def"
#undef BUILT
#undef HOSTS
#undef LACKS
	};

	for (size_t i = 0; i < ARRAY_N(names); i++) {
		const struct policy_word *word;

		CHECK_ROW(names[i]);
		word = policy_word_find(span_of(names[i]));
		CHECK(word != NULL && strcmp(word->name, names[i]) == 0);
		if (word == NULL)
			continue;
		CHECK((word->eval == NULL) == (word->lacks != NULL));
	}
	CHECK_ROW("no such word");
	CHECK(policy_word_find(SPAN("")) == NULL);
	CHECK(policy_word_find(SPAN("permi")) == NULL);
}

int
main(void)
{
	test_words();
	test_opens();
	test_sasl_note();
	test_table();
	return check_end();
}
