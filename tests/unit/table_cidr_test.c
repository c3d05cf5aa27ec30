/* SPDX-License-Identifier: BSD-2-Clause */
/* cidr: as Postfix 3.7's postmap -q answers. */
#include "tests/unit/rules_rows.h"

static const struct rules_row rows[] = {
	{ "plain",
	  "192.0.2.0/24 ok $1\n",
	  { { "192.0.2.5", "ok $1" }, { "192.0.3.1", NULL } } },
	{ "single address",
	  "192.0.2.1 x\n",
	  { { "192.0.2.1", "x" }, { "192.0.2.2", NULL } } },
	{ "not",
	  "!192.0.2.0/24 no\n",
	  { { "192.0.3.1", "no" }, { "192.0.2.5", NULL } } },
	{ "not, with a space", "! 192.0.2.1 x\n", { { "1.2.3.4", "x" } } },
	{ "IPv6",
	  "::1 six\n2001:db8::/32 doc\n",
	  { { "::1", "six" },
	    { "2001:db8::5", "doc" },
	    { "0:0:0:0:0:0:0:1", "six" },
	    { "2001:db9::", NULL } } },
	{ "brackets", "[::1]/128 x\n", { { "::1", "x" } } },
	{ "first wins",
	  "192.0.2.1 a\n192.0.2.0/24 b\n",
	  { { "192.0.2.1", "a" }, { "192.0.2.2", "b" } } },
	{ "if",
	  "if 192.0.2.0/24\n192.0.2.1 one\nendif\n0.0.0.0/0 rest\n",
	  { { "192.0.2.1", "one" },
	    { "192.0.2.2", "rest" },
	    { "::1", NULL } } },
	{ "if not",
	  "if !192.0.2.0/24\n192.0.3.1 one\nendif\n",
	  { { "192.0.3.1", "one" }, { "192.0.2.1", NULL } } },
	{ "everything in IPv6",
	  "::/0 six\n",
	  { { "::1", "six" }, { "1.2.3.4", NULL } } },
	{ "not, of the other kind of address",
	  "!::1 six\n!10.0.0.0/8 four\n",
	  { { "1.2.3.4", "four" },
	    { "10.1.1.1", NULL },
	    { "::1", NULL },
	    { "::2", "six" } } },
	{ "if, of the other kind of address",
	  "if !::1\n0.0.0.0/0 a\n::/0 b\nendif\n0.0.0.0/0 rest\n",
	  { { "1.2.3.4", "rest" }, { "::1", NULL }, { "::2", "b" } } },
	{ "key is no address",
	  "0.0.0.0/0 x\n",
	  { { "[192.0.2.1]", NULL }, { "foo", NULL }, { "", NULL } } },
	{ "host bits",
	  "192.0.2.1/24 x\n",
	  { { NULL, "t:1: \"192.0.2.1/24\": host bits" } } },
	{ "no address",
	  "foo bar\n",
	  { { NULL, "t:1: \"foo\": not an address" } } },
	{ "prefix", "192.0.2.0/33 x\n", { { NULL, "bad prefix length" } } },
	{ "no result", "192.0.2.1\n", { { NULL, "a result is missing" } } },
};

int
main(void)
{
	rules_rows_test(&table_cidr_kind, rows, ARRAY_N(rows));
	return check_end();
}
