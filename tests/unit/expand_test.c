/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The $name language. Wants without a mark are what Postfix 3.7's postconf -x
 * prints for the same value; "!text" wants an error that says text, where
 * postconf says "macro processing error" too.
 */
#include "engine/config/expand.h"
#include "tests/unit/check.h"

#include <errno.h>

static const struct {
	const char *name, *value;
} defs[] = {
	{ "a", "hello" },
	{ "b", "[$a]" },
	{ "empty", "" },
	{ "loop", "x$loop" },
	{ "loop2", "${loop3}" },
	{ "loop3", "y $loop2" },
	{ "level", "3.6" },
	{ "open", "${a" },
	{ "laugh0", "$laugh1$laugh1$laugh1$laugh1" },
	{ "laugh1", "$laugh2$laugh2$laugh2$laugh2$laugh2$laugh2$laugh2" },
	{ "laugh2", "$laugh3$laugh3$laugh3$laugh3$laugh3$laugh3$laugh3" },
	{ "laugh3", "$laugh4$laugh4$laugh4$laugh4$laugh4$laugh4$laugh4" },
	{ "laugh4", "$laugh5$laugh5$laugh5$laugh5$laugh5$laugh5$laugh5" },
	{ "laugh5", "$laugh6$laugh6$laugh6$laugh6$laugh6$laugh6$laugh6" },
	{ "laugh6", "$empty$empty$empty$empty$empty$empty$empty$empty" },
};

static const struct {
	const char *in, *want;
} rows[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "$a world", "hello world" },
	{ "${a} $(a) x${a}y", "hello hello xhelloy" },
	{ "$b", "[hello]" },
	{ "$a.b", "hello.b" },
	{ "$a-b", "hello-b" },
	{ "$a$a", "hellohello" },
	{ "$a_b", "" },
	{ "$$a", "$a" },
	{ "$1", "" },
	{ "${1}", "" },
	{ "a{b}c", "a{b}c" },
	{ "x $undefd! y", "x ! y" },
	{ "${a?yes}", "yes" },
	{ "${nope?yes}", "" },
	{ "${nope:no}", "no" },
	{ "${a:no}", "" },
	{ "${a?}|", "|" },
	{ "${empty?x}|", "|" },
	{ "${empty:x}|", "x|" },
	{ "${a?x:y}", "x:y" },
	{ "${nope?x:y}", "" },
	{ "${a?{A}:{B}}", "A" },
	{ "${nope?{A}:{B}}", "B" },
	{ "${nope?{x}}|", "|" },
	{ "${a?{x}}}", "x}" },
	{ "${a?{x}:y}", "x" },
	{ "${nope?{x}:y}", "y" },
	{ "${nope:{x} }|", "x|" },
	{ "${a ? {x} : {y}}", "x" },
	{ "${ a }", "hello" },
	{ "${ a?x}", "x" },
	{ "$(a?(x))", "(x)" },
	{ "$(a?{x}:{y})", "x" },
	{ "${a?{x $b y}}", "x [hello] y" },
	{ "${b?$a}", "hello" },
	{ "${a:x}${nope:${a}}", "hello" },
	{ "${a?{{x}}}", "{x}" },
	{ "${nope?{{x}}:{y}}", "y" },
	{ "${a}}", "hello}" },
	{ "${a?$nope}|", "|" },
	{ "${nope?{$}}|", "|" },
	{ "${{$a} == {hello} ? {eq} : {ne}}", "eq" },
	{ "${{$a}!={hello}?{ne}:{eq}}", "eq" },
	{ "${{10} < {9} ? {lt} : {ge}}", "ge" },
	{ "${{010} == {10} ? {y} : {n}}", "y" },
	{ "${{x10} == {10} ? {y} : {n}}", "n" },
	{ "${{-1} < {0} ? {y} : {n}}", "y" },
	{ "${{ 1 }=={1} ? {y}:{n}}", "n" },
	{ "${{0x1}=={1} ? {y}:{n}}", "n" },
	{ "${{3.10} < {3.9} ? {lt} : {ge}}", "lt" },
	{ "${{} < {a} ? {y}:{n}}", "y" },
	{ "${{b} > {a} ? {y}:{n}}", "y" },
	{ "${{b} >= {b} ? {y}:{n}}", "y" },
	{ "${{b} <= {a} ? {y}:{n}}", "n" },
	{ "${{ hello } == {hello} ? {y}:{n}}", "n" },
	{ "${{$nope} == {} ? {undef} : {def}}", "undef" },
	{ "${{10} == {10}}", "true" },
	{ "${{10} == {11}}", "" },
	{ "${{a} < {b} ? {yes}}", "yes" },
	{ "${{a} > {b} ? {yes}}", "" },
	{ "${{a} > {b} : {no}}", "no" },
	{ "${{1}=={2} : x}|", " x|" },
	{ "${{a}=={a}?{}:{n}}|", "|" },
	{ "${{1}=={1} ? {a}: }|", "a|" },
	{ "${{1}=={1}?{${{2}=={2}?{in}:{out}}}:{no}}", "in" },
	{ "${{3.10} <level {3.9} ? {lt} : {ge}}", "ge" },
	{ "${{1} <=level {1.0} ? {y} : {n}}", "y" },
	{ "${{1} ==level {1.0} ? {y} : {n}}", "y" },
	{ "${{1.2.3} <level {2} ? {y}:{n}}", "y" },
	{ "${{$level} <level {3.6} ? {no} : {yes}}", "yes" },
	{ "${{$level} >level {2} ? {y} : {n}}", "y" },
	{ "$", "!a name is missing after \"$\"" },
	{ "a$ b", "!a name is missing after \"$\"" },
	{ "${}", "!a name is missing in \"${}\"" },
	{ "${a", "!\"${a\" is not closed: add \"}\"" },
	{ "$(a}", "!\"$(a}\" is not closed: add \")\"" },
	{ "${a.b}", "!\"?\" or \":\" is expected at \".b\"" },
	{ "${a$b}", "!is expected at \"$b\"" },
	{ "${$a}", "!a name is missing" },
	{ "${a?{b}{c}}", "!\":\" or the end is expected at \"{c}\"" },
	{ "${a?{x}y}", "!is expected at \"y\"" },
	{ "${a:{x}:{y}}", "!nothing is expected at \":{y}\"" },
	{ "${{x} = {y} ? {a} : {b}}",
	  "!==, !=, <, <=, > or >= is expected at \"= {y}" },
	{ "${{1} =< {1} ? {y}:{n}}", "!is expected at \"=< {1}" },
	{ "${{a}}", "!is expected at \"\"" },
	{ "${{a} == b ? {x}:{y}}", "!\"{text}\" is expected at \"b" },
	{ "${{a} == {b} ? {x}:{y} z}", "!nothing is expected" },
	{ "${{1}=={1} junk }", "!is expected at \"junk" },
	{ "${{1.x} <level {2} ? {y} : {n}}", "!compatibility levels" },
	{ "${{} <level {2} ? {y}:{n}}", "!compatibility levels" },
	{ "$loop", "!$loop leads back to itself" },
	{ "$loop2", "!$loop2 leads back to itself" },
	{ "$me", "!$me leads back to itself" },
	{ "${a:$me}", "" },
	{ "$laugh0", "!names have to be replaced" },
};

static bool
lookup(void *arg, struct span name, struct span *value_out)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_N(defs); i++)
		if (span_is_equal(span_of(defs[i].name), name)) {
			*value_out = span_of(defs[i].value);
			return true;
		}
	if (!span_is_equal(name, SPAN("me")))
		return false;
	*value_out = SPAN("never asked");
	return true;
}

static const struct expand_env env = { .lookup = lookup };

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct text out = { 0 };
		struct expand_error error = { .why = "" };
		bool wants_error = rows[i].want[0] == '!';
		int res = expand(&env, SPAN("me"), span_of(rows[i].in), &out,
				 &error);

		CHECK_ROW(rows[i].in);
		CHECK(res == (wants_error ? -EINVAL : 0));
		if (wants_error)
			CHECK(error.name.len > 0);
		if (!wants_error)
			CHECK_SPAN(text_span(&out), rows[i].want);
		else if (strstr(error.why, rows[i].want + 1) == NULL)
			CHECK_SPAN(span_of(error.why), rows[i].want);
		text_fini(&out);
	}
}

static void
test_limits(void)
{
	struct text in = { 0 }, out = { 0 };
	struct expand_error error;

	CHECK_ROW("nested deeply");
	for (int i = 0; i < 1000; i++)
		text_addf(&in, "${a?");
	for (int i = 0; i < 1000; i++)
		text_addf(&in, "}");
	CHECK(expand(&env, SPAN(""), text_span(&in), &out, &error) == -EINVAL);
	CHECK(strstr(error.why, "nested too deeply") != NULL);
	CHECK_ROW("too long");
	text_cut(&in, 0);
	text_cut(&out, 0);
	for (int i = 0; i < 10000; i++)
		text_addf(&in, "$a-%0200d", i);
	CHECK(expand(&env, SPAN(""), text_span(&in), &out, &error) == -EINVAL);
	CHECK(strstr(error.why, "longer than") != NULL);
	text_fini(&in);
	text_fini(&out);
}

static void
add_name(void *arg, struct span name)
{
	text_addf(arg, "%.*s|", SPAN_FMT(name));
}

/* In whose value it is wrong, however deep. */
static void
test_blame(void)
{
	static const struct {
		const char *in, *want;
	} blames[] = {
		{ "$", "me" },	     { "${a?${b", "me" },
		{ "$loop", "loop" }, { "${a?{$loop2}}", "loop3" },
		{ "$open", "open" }, { "${{$open} == {x}}", "open" },
	};

	for (size_t i = 0; i < ARRAY_N(blames); i++) {
		struct expand_error error;
		struct text out = { 0 };

		CHECK_ROW(blames[i].in);
		CHECK(expand(&env, SPAN("me"), span_of(blames[i].in), &out,
			     &error) == -EINVAL);
		CHECK_SPAN(error.name, blames[i].want);
		text_fini(&out);
	}
}

static void
test_names(void)
{
	struct text got = { 0 };

	CHECK_ROW("names");
	expand_names(SPAN("$a ${b?$c} $(d) $$e ${{$f} == {x} ? {$g}} $ ${ h }"),
		     add_name, &got);
	CHECK_SPAN(text_span(&got), "a|b|c|d|f|g|h|");
	text_fini(&got);
}

static void
test_level(void)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0: none */
	} levels[] = {
		{ "0", 1 },
		{ "3.6", 300060000 + 1 },
		{ "3", 300000000 + 1 },
		{ "3.6.1", 300060001 + 1 },
		{ "", 0 },
		{ "a", 0 },
		{ "3.", 0 },
		{ "3..6", 0 },
		{ ".3", 0 },
		{ "3.6.1.1", 0 },
		{ "-1", 0 },
		{ "99999", 0 },
	};

	for (size_t i = 0; i < ARRAY_N(levels); i++) {
		uint64_t level = 0;
		bool is_ok = expand_level(span_of(levels[i].text), &level);

		CHECK_ROW(levels[i].text);
		CHECK(is_ok == (levels[i].want != 0));
		if (is_ok)
			CHECK(level + 1 == levels[i].want);
	}
}

int
main(void)
{
	test_rows();
	test_limits();
	test_blame();
	test_names();
	test_level();
	return check_end();
}
