/* SPDX-License-Identifier: BSD-2-Clause */
/* Options as peers write them, and as they should not. */
#include "dataplane/tcp_opt.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static const struct {
	const char *name;
	const char *bytes;
	uint32_t n;
	const char *want; /* "!": malformed */
} rows[] = {
	{ "none", "", 0, "" },
	{ "end at once", "\0\2\4", 3, "" },
	{ "mss", "\2\4\5\264", 4, " mss=1460" },
	{ "mss of a wrong length", "\2\3\5", 3, "" },
	{ "mss that is too long", "\2\5\1\2\3", 5, "" },
	{ "nops", "\1\1\1\1", 4, "" },
	{ "window scale", "\1\3\3\7", 4, " ws=7" },
	{ "window scale over 14", "\3\3\377", 3, " ws=14" },
	{ "window scale of 14", "\3\3\16", 3, " ws=14" },
	{ "sack permitted", "\4\2", 2, " sackok" },
	{ "sack permitted, too long", "\4\3\0", 3, "" },
	{ "timestamps", "\1\1\10\12\0\0\0\1\0\0\0\2", 12, " ts=1/2" },
	{ "timestamps, short", "\10\11\0\0\0\1\0\0\0", 9, "" },
	{ "one sack", "\1\1\5\12\0\0\0\1\0\0\0\2", 12, " sack=1-2" },
	{ "two sacks", "\5\22\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4", 18,
	  " sack=1-2 sack=3-4" },
	{ "sack of no block", "\5\2", 2, "" },
	{ "sack of half a block", "\5\6\0\0\0\1", 6, "" },
	{ "unknown, skipped", "\36\4xx\4\2", 6, " sackok" },
	{ "fast open, skipped", "\42\12abcdefgh\4\2", 12, " sackok" },
	{ "all of a SYN", "\2\4\5\264\4\2\10\12\0\0\0\11\0\0\0\0\1\3\3\7", 20,
	  " mss=1460 ws=7 ts=9/0 sackok" },
	{ "the last of two counts", "\2\4\0\1\2\4\0\2", 8, " mss=2" },
	{ "length 0", "\2\0\0\0", 4, "!" },
	{ "length 1", "\2\1\0\0", 4, "!" },
	{ "length beyond the end", "\2\5\0\0", 4, "!" },
	{ "kind without length", "\1\1\1\2", 4, "!" },
	{ "sack beyond the end", "\5\42\0\0\0\1\0\0\0\2", 10, "!" },
	{ "unknown of length 0", "\76\0\1\1", 4, "!" },
	{ "unknown of length 255", "\76\377\1\1", 4, "!" },
};

static void
say(const struct tcp_opts *o, char *out, size_t cap)
{
	int n = 0;

	out[0] = '\0';
	if (o->has_mss)
		n += snprintf(out + n, cap - (size_t)n, " mss=%u", o->mss);
	if (o->has_wscale)
		n += snprintf(out + n, cap - (size_t)n, " ws=%u", o->wscale);
	if (o->has_ts)
		n += snprintf(out + n, cap - (size_t)n, " ts=%u/%u", o->ts_val,
			      o->ts_ecr);
	if (o->is_sack_ok)
		n += snprintf(out + n, cap - (size_t)n, " sackok");
	for (unsigned i = 0; i < o->sacks_n; i++)
		n += snprintf(out + n, cap - (size_t)n, " sack=%u-%u",
			      o->sacks[i].start, o->sacks[i].end);
}

static void
test_read(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		/* Memory of exactly n bytes: a read beyond is seen. */
		uint8_t *p = malloc(rows[i].n + !rows[i].n);
		struct tcp_opts o;
		char got[200] = "!";

		must(p != NULL);
		memcpy(p, rows[i].bytes, rows[i].n);
		CHECK_ROW(rows[i].name);
		if (tcp_opt_read(p, rows[i].n, &o))
			say(&o, got, sizeof(got));
		CHECK_SPAN(span_of(got), rows[i].want);
		free(p);
	}
}

/* What is written is read back, and is whole words. */
static void
test_write(void)
{
	for (unsigned bits = 0; bits < 16; bits++)
		for (uint8_t sacks = 0; sacks <= TCP_SACKS_MAX; sacks++) {
			struct tcp_opts o = {
				.has_mss = bits & 1,
				.mss = 1220,
				.has_wscale = (bits & 2) != 0,
				.wscale = 9,
				.has_ts = (bits & 4) != 0,
				.ts_val = 0xfffffff0,
				.ts_ecr = 17,
				.is_sack_ok = (bits & 8) != 0,
				.sacks_n = sacks,
				.sacks = { { 1, 2 },
					   { 3, 4 },
					   { 5, 6 },
					   { 7, 8 } },
			}, back;
			uint8_t p[TCP_OPTS_BYTES_MAX];
			uint32_t n = tcp_opt_write(&o, p), fit = 0;
			uint32_t others = (bits & 1) * 4 + (bits >> 1 & 1) * 4 +
					  (bits >> 2 & 1) * 12 +
					  (bits >> 3 & 1) * 4;
			char want[200], got[200];

			while (fit < sacks &&
			       others + 4 + 8 * (fit + 1) <= sizeof(p))
				fit++;
			o.sacks_n = (uint8_t)fit;
			CHECK_ROW("written and read");
			CHECK(n % 4 == 0 && n <= sizeof(p));
			CHECK(tcp_opt_read(p, n, &back));
			say(&o, want, sizeof(want));
			say(&back, got, sizeof(got));
			CHECK_SPAN(span_of(got), want);
			CHECK(tcp_opt_is_plain_ts(p) ==
			      (n >= 4 && !(bits & 1) && (bits & 4)));
		}
}

int
main(void)
{
	test_read();
	test_write();
	return check_end();
}
