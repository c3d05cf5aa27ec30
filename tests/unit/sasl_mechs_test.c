/* SPDX-License-Identifier: BSD-2-Clause */
/* What is offered of what a server has: options, filter, TLS. */
#include "engine/policy/sasl_int.h"
#include "tests/unit/check.h"

#define ALL "PLAIN LOGIN DIGEST-MD5 SCRAM-SHA-256 ANONYMOUS GSSAPI"

static struct sasl_mechs mechs;

static const struct {
	const char *name, *options, *tls_options, *filter;
	bool is_tls;
	const char *want;
} rows[] = {
	{ "anything", "", "", NULL, false, ALL },
	{ "the default", "noanonymous", "", NULL, false,
	  "PLAIN LOGIN DIGEST-MD5 SCRAM-SHA-256 GSSAPI" },
	{ "TLS has its own", "noanonymous", "noplaintext", NULL, true,
	  "DIGEST-MD5 SCRAM-SHA-256 ANONYMOUS GSSAPI" },
	{ "nothing plain", "noplaintext, noanonymous", "", NULL, false,
	  "DIGEST-MD5 SCRAM-SHA-256 GSSAPI" },
	{ "nodictionary", "nodictionary", "", NULL, false, "ANONYMOUS GSSAPI" },
	{ "noactive", "noactive", "", NULL, false, "ANONYMOUS GSSAPI" },
	{ "mutual", "mutual_auth", "", NULL, false, "SCRAM-SHA-256 GSSAPI" },
	{ "forward secrecy", "forward_secrecy", "", NULL, false, "" },
	{ "filter", "", "", "!plain, static:rest", false,
	  "LOGIN DIGEST-MD5 SCRAM-SHA-256 ANONYMOUS GSSAPI" },
	{ "filter by name", "", "", "plain login", false, "PLAIN LOGIN" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct diag diag;
		struct sasl_cfg cfg = { .options = rows[i].options,
					.tls_options = rows[i].tls_options };
		char out[SASL_MECHS_TEXT_MAX];
		struct span all = SPAN(ALL), want = span_of(rows[i].want), word;

		CHECK_ROW(rows[i].name);
		diag_init(&diag);
		if (rows[i].filter != NULL)
			cfg.filter = match_open(MATCH_STRING,
						span_of(rows[i].filter), "/",
						NULL, 0, &diag);
		CHECK(diag.errors_n == 0);
		sasl_mechs_offer(&mechs, &cfg, rows[i].is_tls, out);
		CHECK_SPAN(span_of(out), rows[i].want);
		while ((word = span_word(&all, " ")).len) {
			struct span rest = want, one;
			bool is_in = false;

			while ((one = span_word(&rest, " ")).len)
				is_in |= span_is_equal(one, word);
			CHECK(sasl_mechs_offers(&mechs, &cfg, rows[i].is_tls,
						word) == is_in);
		}
		CHECK(!sasl_mechs_offers(&mechs, &cfg, false, SPAN("HIDDEN")));
		CHECK(!sasl_mechs_offers(&mechs, &cfg, false, SPAN("X")));
		CHECK(!sasl_mechs_offers(NULL, &cfg, false, SPAN("PLAIN")));
		match_close(&cfg.filter);
		diag_fini(&diag);
	}
}

static void
test_full(void)
{
	struct sasl_cfg cfg = { .options = "", .tls_options = "" };
	struct sasl_mechs many = { 0 }, other = { 0 };
	char out[SASL_MECHS_TEXT_MAX], name[64];

	CHECK_ROW("too many");
	for (int i = 0; i < 2 * SASL_MECHS_MAX; i++) {
		snprintf(name, sizeof(name), "MECHANISM-NUMBER-%d", i);
		sasl_mechs_add(&many, span_of(name), 0);
	}
	CHECK(many.n == SASL_MECHS_MAX);
	sasl_mechs_offer(&many, &cfg, false, out);
	CHECK(strlen(out) < SASL_MECHS_TEXT_MAX && strlen(out) > 300);
	sasl_mechs_add(&other,
		       SPAN("A-NAME-THAT-IS-LONGER-THAN-ANY-MECHANISM'S"), 0);
	CHECK(other.n == 0 && !sasl_mechs_is_equal(&many, &other));
	CHECK(sasl_mechs_is_equal(&many, &many));
	sasl_mechs_add(&other, SPAN("PLAIN"), 0);
	many = other;
	CHECK(sasl_mechs_is_equal(&many, &other));
	many.all[0].flags = 1;
	CHECK(!sasl_mechs_is_equal(&many, &other));
	sasl_mechs_offer(NULL, &cfg, false, out);
	CHECK_SPAN(span_of(out), "");
}

int
main(void)
{
	sasl_mechs_add(&mechs, SPAN("PLAIN"),
		       SASL_FLAG_PLAINTEXT | SASL_FLAG_DICTIONARY |
			       SASL_FLAG_ACTIVE);
	sasl_mechs_add(&mechs, SPAN("LOGIN"),
		       SASL_FLAG_PLAINTEXT | SASL_FLAG_DICTIONARY |
			       SASL_FLAG_ACTIVE);
	sasl_mechs_add(&mechs, SPAN("DIGEST-MD5"),
		       SASL_FLAG_DICTIONARY | SASL_FLAG_ACTIVE);
	sasl_mechs_add(&mechs, SPAN("SCRAM-SHA-256"),
		       SASL_FLAG_DICTIONARY | SASL_FLAG_ACTIVE |
			       SASL_FLAG_MUTUAL_AUTH);
	sasl_mechs_add(&mechs, SPAN("ANONYMOUS"), SASL_FLAG_ANONYMOUS);
	sasl_mechs_add(&mechs, SPAN("GSSAPI"), SASL_FLAG_MUTUAL_AUTH);
	sasl_mechs_add(&mechs, SPAN("HIDDEN"), SASL_FLAG_PRIVATE);
	test_rows();
	test_full();
	CHECK_ROW("options");
	CHECK_SPAN(sasl_options_unknown("noplaintext, NOanonymous"), "");
	CHECK_SPAN(sasl_options_unknown("noplaintext nothing"), "nothing");
	return check_end();
}
