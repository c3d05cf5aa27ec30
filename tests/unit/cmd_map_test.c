/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock map` as a command: what it prints, and its exit codes, which are
 * those of postmap -q where postmap has them.
 */
#include "engine/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/command.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

static const struct {
	const char *name;
	const char *args[6];
	const char *in;	 /* stdin */
	const char *out; /* with "*" in front: a part of it */
	const char *err; /* a part of it */
	int code;
} rows[] = {
	{ "found", { "map", "-q", "A", "hash:t" }, "", "b c\n", "", 0 },
	{ "not found", { "map", "-q", "x", "hash:t" }, "", "", "", 1 },
	{ "hash is the default",
	  { "map", "-q", "a", "t" },
	  "",
	  "b c\n",
	  "",
	  0 },
	{ "second table has it",
	  { "map", "-q", "x", "hash:t", "inline:{x=y}" },
	  "",
	  "y\n",
	  "",
	  0 },
	{ "first table wins",
	  { "map", "-q", "a", "t", "static:s" },
	  "",
	  "b c\n",
	  "",
	  0 },
	{ "failure",
	  { "map", "-q", "a", "fail:x" },
	  "",
	  "",
	  "looking up \"a\" failed",
	  EX_TEMPFAIL },
	{ "keys from stdin",
	  { "map", "-q", "-", "t" },
	  "a\nx\nD\n",
	  "a\tb c\nD\te\n",
	  "",
	  0 },
	{ "none of the keys", { "map", "-q", "-", "t" }, "x\ny", "", "", 1 },
	{ "stdin without newline at the end",
	  { "map", "-q", "-", "t" },
	  "d",
	  "d\te\n",
	  "",
	  0 },
	{ "check",
	  { "map", "inline:{a=b}" },
	  "",
	  "*inline:{a=b}: 1 entries, ",
	  "",
	  0 },
	{ "check a table with a warning",
	  { "map", "dup" },
	  "",
	  "*bytes in memory, 1 warnings\n",
	  "penstock: warning: dup:2: \"a\" is there already",
	  0 },
	{ "check a table with an error",
	  { "map", "bad" },
	  "",
	  "",
	  "penstock: error: bad:1: foo: a value is missing",
	  EX_DATAERR },
	{ "missing",
	  { "map", "none" },
	  "",
	  "",
	  "penstock: error: hash:none: none cannot be read: No such",
	  EX_NOINPUT },
	{ "no such type",
	  { "map", "hsah:t" },
	  "",
	  "",
	  "no table type",
	  EX_CONFIG },
	{ "aliases",
	  { "map", "-a", "-q", "root", "al" },
	  "",
	  "me, you\n",
	  "",
	  0 },
	{ "postalias",
	  { "/usr/sbin/postalias", "-q", "root", "al" },
	  "",
	  "me, you\n",
	  "",
	  0 },
	{ "rows", { "map", "-s", "inline:{a=b}" }, "", "a\tb\n", "", 0 },
	{ "no rows",
	  { "map", "-s", "static:x" },
	  "",
	  "",
	  "has no rows to print",
	  EX_USAGE },
	{ "postmap's options",
	  { "postmap", "-f", "-q", "a", "t" },
	  "",
	  "b c\n",
	  "",
	  0 },
	{ "no table", { "map" }, "", "", "usage: penstock map", EX_USAGE },
	{ "no such option",
	  { "map", "-Z", "t" },
	  "",
	  "",
	  "usage: penstock map",
	  EX_USAGE },
};

int
main(void)
{
	scratch_open("cmd_map");
	must(chdir(scratch_dir) == 0);
	scratch_write("t", "a b c\nD e\n");
	scratch_write("dup", "a b\na c\n");
	scratch_write("bad", "foo\n");
	scratch_write("al", "root: me, you\n");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct command got;

		CHECK_ROW(rows[i].name);
		command_run(&got, cmd_map, rows[i].args, rows[i].in);
		CHECK(got.code == rows[i].code);
		if (rows[i].out[0] == '*')
			CHECK(strstr(got.out, rows[i].out + 1) != NULL);
		else
			CHECK_SPAN(span_of(got.out), rows[i].out);
		CHECK(strstr(got.err, rows[i].err) != NULL);
		CHECK(*rows[i].err || !*got.err);
		command_fini(&got);
	}
	CHECK_ROW("help");
	{
		const char *const args[] = { "map", "--help", NULL };
		struct command got;

		command_run(&got, cmd_map, args, "");
		CHECK(got.code == EX_OK && !*got.err);
		CHECK(strncmp(got.out, "usage: penstock map", 19) == 0);
		command_fini(&got);
	}
	must(chdir("/") == 0);
	scratch_close();
	return check_end();
}
