/* SPDX-License-Identifier: BSD-2-Clause */
/* What an auth server says: each kind of line, and what is none. */
#include "engine/policy/sasl_said.h"
#include "tests/unit/check.h"

static const struct {
	const char *line;
	enum sasl_said_kind kind;
	uint32_t id, flags;
	const char *mech, *text, *user;
	bool is_temp;
} rows[] = {
	{ "VERSION\t1\t2", SASL_SAID_VERSION, .mech = "", .text = "",
	  .user = "" },
	{ "VERSION\tx", SASL_SAID_BAD, .mech = "", .text = "", .user = "" },
	{ "MECH\tPLAIN\tplaintext", SASL_SAID_MECH,
	  .flags = SASL_FLAG_PLAINTEXT, .mech = "PLAIN", .text = "",
	  .user = "" },
	{ "MECH\tSCRAM-SHA-256\tdictionary\tactive\tmutual-auth\tnew",
	  SASL_SAID_MECH,
	  .flags = SASL_FLAG_DICTIONARY | SASL_FLAG_ACTIVE |
		   SASL_FLAG_MUTUAL_AUTH,
	  .mech = "SCRAM-SHA-256", .text = "", .user = "" },
	{ "MECH\tX\tanonymous\tforward-secrecy\tprivate", SASL_SAID_MECH,
	  .flags = SASL_FLAG_ANONYMOUS | SASL_FLAG_FORWARD_SECRECY |
		   SASL_FLAG_PRIVATE,
	  .mech = "X", .text = "", .user = "" },
	{ "MECH", SASL_SAID_BAD, .mech = "", .text = "", .user = "" },
	{ "MECH\tA B", SASL_SAID_BAD, .mech = "A B", .text = "", .user = "" },
	{ "DONE", SASL_SAID_DONE, .mech = "", .text = "", .user = "" },
	{ "CONT\t7\tYWJj", SASL_SAID_CONT, 7, .mech = "", .text = "YWJj",
	  .user = "" },
	{ "CONT\t7\t", SASL_SAID_CONT, 7, .mech = "", .text = "", .user = "" },
	{ "CONT\t7\ta b", SASL_SAID_BAD, 7, .mech = "", .text = "a b",
	  .user = "" },
	{ "CONT\t4294967296\tx", SASL_SAID_BAD, .mech = "", .text = "",
	  .user = "" },
	{ "CONT\t\tx", SASL_SAID_BAD, .mech = "", .text = "", .user = "" },
	{ "OK\t4294967295\tuser=joe@x\tnologin\treason=no", SASL_SAID_OK,
	  4294967295u, .mech = "", .text = "", .user = "joe@x" },
	{ "OK\t1", SASL_SAID_OK, 1, .mech = "", .text = "", .user = "" },
	{ "OK\tx", SASL_SAID_BAD, .mech = "", .text = "", .user = "" },
	{ "FAIL\t2\tuser=joe\treason=No way", SASL_SAID_FAIL, 2, .mech = "",
	  .text = "No way", .user = "joe" },
	{ "FAIL\t2\ttemp", SASL_SAID_FAIL, 2, .mech = "", .text = "",
	  .user = "", .is_temp = true },
	{ "FAIL\t2\tcode=temp_fail", SASL_SAID_FAIL, 2, .mech = "", .text = "",
	  .user = "", .is_temp = true },
	{ "FAIL", SASL_SAID_BAD, .mech = "", .text = "", .user = "" },
	{ "SPID\t1", SASL_SAID_OTHER, .mech = "", .text = "", .user = "" },
	{ "", SASL_SAID_OTHER, .mech = "", .text = "", .user = "" },
};

static void
test_lines(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char text[256];
		struct sasl_said said;
		struct span in = { text,
				   (size_t)snprintf(text, sizeof(text),
						    "%s\nrest", rows[i].line) };

		CHECK_ROW(rows[i].line);
		CHECK(sasl_said_next(&in, &said) == rows[i].kind);
		CHECK_SPAN(in, "rest");
		CHECK(said.id == rows[i].id && said.flags == rows[i].flags);
		CHECK(said.is_temp == rows[i].is_temp);
		CHECK_SPAN(said.mech, rows[i].mech);
		CHECK_SPAN(said.text, rows[i].text);
		CHECK_SPAN(said.user, rows[i].user);
	}
}

static void
test_edges(void)
{
	static char long_line[SASL_SAID_BYTES_MAX + 1];
	struct sasl_said said;
	struct span in = SPAN("CONT\t1\tabc");

	CHECK_ROW("half a line");
	CHECK(sasl_said_next(&in, &said) == SASL_SAID_MORE);
	CHECK_SPAN(in, "CONT\t1\tabc");
	CHECK_ROW("too long");
	memset(long_line, 'x', sizeof(long_line));
	in = (struct span) { long_line, SASL_SAID_BYTES_MAX };
	CHECK(sasl_said_next(&in, &said) == SASL_SAID_BAD);
	in.len--;
	CHECK(sasl_said_next(&in, &said) == SASL_SAID_MORE);
	CHECK_ROW("a challenge that is too long");
	memcpy(long_line, "CONT\t1\t", 7);
	long_line[7 + SASL_CHALLENGE_MAX] = '\n';
	in = (struct span) { long_line, 8 + SASL_CHALLENGE_MAX };
	CHECK(sasl_said_next(&in, &said) == SASL_SAID_CONT);
	CHECK(said.text.len == SASL_CHALLENGE_MAX);
	long_line[7 + SASL_CHALLENGE_MAX] = 'x';
	long_line[8 + SASL_CHALLENGE_MAX] = '\n';
	in = (struct span) { long_line, 9 + SASL_CHALLENGE_MAX };
	CHECK(sasl_said_next(&in, &said) == SASL_SAID_BAD);
}

static void
test_copy(void)
{
	char out[8];

	CHECK_ROW("copy");
	CHECK(sasl_said_copy(SPAN("a\001tb\x7f"), out, sizeof(out)));
	CHECK_SPAN(span_of(out), "a?b?");
	CHECK(sasl_said_copy(SPAN("1234567"), out, sizeof(out)));
	CHECK(!sasl_said_copy(SPAN("12345678"), out, sizeof(out)));
	CHECK(sasl_said_copy(SPAN("x\001"), out, sizeof(out)));
	CHECK_SPAN(span_of(out), "x?");
	CHECK(sasl_is_base64(SPAN("")) && sasl_is_base64(SPAN("aZ09+/==")));
	CHECK(!sasl_is_base64(SPAN("a\t")) && !sasl_is_base64(SPAN("a-")));
}

int
main(void)
{
	test_lines();
	test_edges();
	test_copy();
	return check_end();
}
