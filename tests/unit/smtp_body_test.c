/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies: every row is fed whole, byte by byte, cut at every place, into chunks
 * that are nearly full, and with the chunks taken away under way; all of it
 * must come out the same.
 */
#include "engine/smtp/smtp_body.h"
#include "tests/unit/check.h"

#include "engine/base/must.h"

#include <stdio.h>
#include <stdlib.h>

#define DROPS	 "bcc, content-length, resent-bcc, return-path"
#define TEXT_MAX (256u * 1024)
/* Leaves as little as is never refused, whatever name is held back. */
#define TINY_USED                                   \
	(CHUNK_SMALL_BYTES - sizeof(struct chunk) - \
	 (BODY_NAME_MAX + BODY_ROOM_MIN + 128))

#define N10  "NNNNNNNNNN"
#define N100 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10

enum how {
	LF_END = 1, /* smtpd_forbid_bare_newline = no */
	BDAT = 2,
	BINARY = 4,
};

enum fed { FED_END = 1, FED_BARE = 2, FED_BIG = 4 };

struct row {
	const char *name;
	unsigned how;
	struct span in, out, rest;
	unsigned want; /* of enum fed */
	unsigned received_n;
	uint64_t size_max;
};

#define S(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}
#define ROW(name_, how_, in_, out_, rest_, want_)                     \
	.name = (name_), .how = (how_), .in = S(in_), .out = S(out_), \
	.rest = S(rest_), .want = (want_)

/* Of the many ways to end data, CRLF.CRLF alone does. */
#define ODD_END(name, between, out)                                            \
	{                                                                      \
		ROW(name, 0, "\r\na" between "b\r\n.\r\nQ", out, "Q", FED_END) \
	}
#define ODD_LF_END(name, between, out)                                \
	{                                                             \
		ROW(name, 0, "\r\na" between "b\r\n.\r\nQ", out, "Q", \
		    FED_END | FED_BARE)                               \
	}

static const struct row rows[] = {
	{ ROW("empty", 0, ".\r\nQUIT\r\n", "", "QUIT\r\n", FED_END) },
	{ ROW("empty line", 0, "\r\n.\r\n", "\n", "", FED_END) },
	{ ROW("header only", 0, "A: b\r\n.\r\n", "A: b\n", "", FED_END) },
	{ ROW("usual", 0, "A: b\r\nC: d\r\n\r\ne\r\nf\r\n.\r\n",
	      "A: b\nC: d\n\ne\nf\n", "", FED_END) },
	{ ROW("not over yet", 0, "A: b\r\n\r\nc\r\n.", "A: b\n\nc\n", "", 0) },
	{ ROW("CR held back", 0, "\r\nc\r\n.\r", "\nc\n", "", 0) },
	{ ROW("one dot less", 0, "\r\n..a\r\n...\r\n. b\r\n.c.\r\n.\r\n",
	      "\n.a\n..\n b\nc.\n", "", FED_END) },
	{ ROW("dots inside stay", 0, "\r\na.\r\nb..c\r\n.\r\n", "\na.\nb..c\n",
	      "", FED_END) },
	{ ROW("dot in front of a header", 0, ".A: b\r\n..: c\r\n.\r\n",
	      "A: b\n.: c\n", "", FED_END) },
	{ ROW("pipelined behind the end", 0, "\r\na\r\n.\r\n.\r\n", "\na\n",
	      ".\r\n", FED_END) },
	ODD_LF_END("LF.LF", "\n.\n", "\na\nb\n"),
	ODD_LF_END("LF.CRLF", "\n.\r\n", "\na\nb\n"),
	ODD_LF_END("CRLF.LF", "\r\n.\n", "\na\nb\n"),
	ODD_END("CR.CR", "\r.\r", "\na\r.\rb\n"),
	ODD_LF_END("CR.LF", "\r.\n", "\na\r.\nb\n"),
	ODD_LF_END("LF.CR", "\n.\r", "\na\n\rb\n"),
	ODD_END("CR.CRLF", "\r.\r\n", "\na\r.\nb\n"),
	ODD_END("CRLF.CR", "\r\n.\r", "\na\n\rb\n"),
	ODD_END("CRLF NUL . CRLF", "\r\n\0.\r\n", "\na\n\0.\nb\n"),
	ODD_END("CRLF . NUL CRLF", "\r\n.\0\r\n", "\na\n\0\nb\n"),
	ODD_END("CRLF.CRCRLF", "\r\n.\r\r\n", "\na\n\r\nb\n"),
	ODD_END("CRLF CR.CRLF", "\r\n\r.\r\n", "\na\n\r.\nb\n"),
	ODD_LF_END("LFLF.LF", "\n\n.\n", "\na\n\nb\n"),
	ODD_LF_END("LF.LF twice", "\n.\n.\n", "\na\nb\n"),
	{ ROW("CRCRLF.CRLF", 0, "\r\na\r\r\n.\r\nQ", "\na\r\n", "Q", FED_END) },
	{ ROW("LF.CRLF.CRLF", 0, "\r\na\n.\r\n.\r\nQ", "\na\n", "Q",
	      FED_END | FED_BARE) },
	{ ROW("dot line in the headers", 0, "A: b\n.\nC: d\r\n.\r\n",
	      "A: b\nC: d\n", "", FED_END | FED_BARE) },
	{ ROW("no: LF.LF", LF_END, "\r\na\n.\nQ", "\na\n", "Q",
	      FED_END | FED_BARE) },
	{ ROW("no: LF.CRLF", LF_END, "\r\na\n.\r\nQ", "\na\n", "Q",
	      FED_END | FED_BARE) },
	{ ROW("no: CRLF.LF", LF_END, "\r\na\r\n.\nQ", "\na\n", "Q",
	      FED_END | FED_BARE) },
	{ ROW("no: CR.CR", LF_END, "\r\na\r.\rb\r\n.\r\nQ", "\na\r.\rb\n", "Q",
	      FED_END) },
	{ ROW("no: CR.LF", LF_END, "\r\na\r.\nb\r\n.\r\nQ", "\na\r.\nb\n", "Q",
	      FED_END | FED_BARE) },
	{ ROW("no: CRLF.CR", LF_END, "\r\na\r\n.\rb\r\n.\r\nQ", "\na\n\rb\n",
	      "Q", FED_END) },
	{ ROW("bare LF", 0, "A: b\nC: d\n\ne\n\r\n.\r\n", "A: b\nC: d\n\ne\n\n",
	      "", FED_END | FED_BARE) },
	{ ROW("bare CR", 0, "A: b\rc\r\n\r\nd\re\r\n.\r\n", "A: b\rc\n\nd\re\n",
	      "", FED_END) },
	{ ROW("CRs before the end", 0, "\r\na\r\r\r\n.\r\n", "\na\r\r\n", "",
	      FED_END) },
	{ ROW("dropped", 0,
	      "Bcc: a\r\nA: b\r\nRETURN-path: <c>\r\nContent-Length: 3\r\n\r\n"
	      "Bcc: stays\r\n.\r\n",
	      "A: b\n\nBcc: stays\n", "", FED_END) },
	{ ROW("dropped with its lines", 0,
	      "Bcc: a,\r\n b,\r\n\tc\r\nA: b\r\n d\r\n.\r\n", "A: b\n d\n", "",
	      FED_END) },
	{ ROW("dropped, blanks before the colon", 0,
	      "Bcc \t: a\r\nA: b\r\n.\r\n", "A: b\n", "", FED_END) },
	{ ROW("dropped last", 0, "A: b\r\nBcc: a\r\n\r\nc\r\n.\r\n",
	      "A: b\n\nc\n", "", FED_END) },
	{ ROW("nothing but dropped", 0, "Bcc: a\r\n.\r\n", "", "", FED_END) },
	{ ROW("dropped, then text", 0, "Bcc: a\r\nno header\r\n.\r\n",
	      "\nno header\n", "", FED_END) },
	{ ROW("nearly dropped", 0, "Bccc: a\r\nBc: d\r\nX-Bcc: e\r\n.\r\n",
	      "Bccc: a\nBc: d\nX-Bcc: e\n", "", FED_END) },
	{ ROW("hops", 0,
	      "Received: a\r\nX: b\r\nreceived:\r\n c\r\nRECEIVED : d\r\n\r\n"
	      "Received: e\r\n.\r\n",
	      "Received: a\nX: b\nreceived:\n c\nRECEIVED : d\n\n"
	      "Received: e\n",
	      "", FED_END),
	  .received_n = 3 },
	{ ROW("no hops", 0, "Received\r\n.\r\n", "\nReceived\n", "", FED_END) },
	{ ROW("folded is no hop", 0, "A: b\r\n Received: c\r\n.\r\n",
	      "A: b\n Received: c\n", "", FED_END) },
	{ ROW("no headers", 0, "Hello there\r\n.\r\n", "\nHello there\n", "",
	      FED_END) },
	{ ROW("no headers, one word", 0, "Hello\r\n.\r\n", "\nHello\n", "",
	      FED_END) },
	{ ROW("no headers, not over", 0, "Hello", "", "", 0) },
	{ ROW("headers end in text", 0, "A: b\r\nno\r\nC: d\r\n.\r\n",
	      "A: b\n\nno\nC: d\n", "", FED_END) },
	{ ROW("headers end in text behind a blank", 0,
	      "A: b\r\nno c: d\r\n.\r\n", "A: b\n\nno c: d\n", "", FED_END) },
	{ ROW("blank first", 0, " a\r\nB: c\r\n.\r\n", "\n a\nB: c\n", "",
	      FED_END) },
	{ ROW("tab first", 0, "\ta\r\n.\r\n", "\n\ta\n", "", FED_END) },
	{ ROW("blank line of blanks", 0, " \r\na\r\n.\r\n", "\n \na\n", "",
	      FED_END) },
	{ ROW("blanks continue", 0, "A: b\r\n \r\nC: d\r\n.\r\n",
	      "A: b\n \nC: d\n", "", FED_END) },
	{ ROW("colon first", 0, ":a\r\nB: c\r\n.\r\n", "\n:a\nB: c\n", "",
	      FED_END) },
	{ ROW("CR first", 0, "\ra\r\n.\r\n", "\n\ra\n", "", FED_END) },
	{ ROW("NUL in a name", 0, "A\0: b\r\n.\r\n", "\nA\0: b\n", "",
	      FED_END) },
	{ ROW("NUL in a value", 0, "A: \0b\r\n\r\n\0\r\n.\r\n",
	      "A: \0b\n\n\0\n", "", FED_END) },
	{ ROW("8-bit name", 0, "\xc3\xbc: b\r\n.\r\n", "\n\xc3\xbc: b\n", "",
	      FED_END) },
	{ ROW("8-bit value", 0, "A: \xff\xfe\r\n\r\n\x80\r\n.\r\n",
	      "A: \xff\xfe\n\n\x80\n", "", FED_END) },
	{ ROW("DEL in a name", 0, "A\x7f: b\r\n.\r\n", "\nA\x7f: b\n", "",
	      FED_END) },
	{ ROW("odd name", 0, "!#$%&'*+-/=?^_`{|}~(\"<>@,;\\[]: b\r\n.\r\n",
	      "!#$%&'*+-/=?^_`{|}~(\"<>@,;\\[]: b\n", "", FED_END) },
	{ ROW("mbox separator", 0, "From a@b Mon\r\nC: d\r\n.\r\n",
	      "X-Mailbox-Line: From a@b Mon\nC: d\n", "", FED_END) },
	{ ROW("quoted separator", 0, ">From a\r\n>>From b\r\nC: d\r\n.\r\n",
	      "X-Mailbox-Line: >From a\nX-Mailbox-Line: >>From b\nC: d\n", "",
	      FED_END) },
	{ ROW("separator and nothing", 0, "From \r\nC: d\r\n.\r\n",
	      "X-Mailbox-Line: From \nC: d\n", "", FED_END) },
	{ ROW("separator, then a blank", 0, "From a\r\n b\r\nC: d\r\n.\r\n",
	      "X-Mailbox-Line: From a\n\n b\nC: d\n", "", FED_END) },
	{ ROW("separator, then the body", 0, "From a\r\n\r\nFrom b\r\n.\r\n",
	      "X-Mailbox-Line: From a\n\nFrom b\n", "", FED_END) },
	{ ROW("separator too late", 0, "A: b\r\nFrom a\r\nC: d\r\n.\r\n",
	      "A: b\n\nFrom a\nC: d\n", "", FED_END) },
	{ ROW("From as a header", 0, "From: a\r\nFrom : b\r\n.\r\n",
	      "From: a\nFrom : b\n", "", FED_END) },
	{ ROW("from in lower case", 0, "from a\r\n.\r\n", "\nfrom a\n", "",
	      FED_END) },
	{ ROW("size, exact", 0, "A: b\r\n.\r\n", "A: b\n", "", FED_END),
	  .size_max = 6 },
	{ ROW("size, one more", 0, "A: b\r\n.\r\n", "A: b\n", "",
	      FED_END | FED_BIG),
	  .size_max = 5 },
	{ ROW("size, dots do not count", 0, "\r\n..\r\n.\r\n", "\n.\n", "",
	      FED_END),
	  .size_max = 5 },
	{ ROW("size, dots, one more", 0, "\r\n..\r\n.\r\n", "\n.\n", "",
	      FED_END | FED_BIG),
	  .size_max = 4 },
	{ ROW("size, nothing", 0, ".\r\n", "", "", FED_END), .size_max = 1 },
	{ ROW("size, LF.LF", LF_END, "\r\na\n.\n", "\na\n", "",
	      FED_END | FED_BARE),
	  .size_max = 4 },
	{ ROW("size, LF.LF, one more", LF_END, "\r\nab\n.\n", "\nab\n", "",
	      FED_END | FED_BARE | FED_BIG),
	  .size_max = 4 },
	{ ROW("far too big, goes on to the end", 0,
	      "A: b\r\n\r\n12345678901234567890\r\n.1\r\n..\r\n.\r\nQ", "", "Q",
	      FED_END | FED_BIG),
	  .size_max = 10 },
	{ ROW("BDAT keeps dots", BDAT, "A: b\r\n\r\n.\r\n..c\r\n.\r\n",
	      "A: b\n\n.\n..c\n.\n", "", 0) },
	{ ROW("BDAT without a line end", BDAT, "A: b\r\n\r\nc", "A: b\n\nc", "",
	      0) },
	{ ROW("BDAT ends in CR", BDAT, "A: b\r\n\r\nc\r", "A: b\n\nc\r", "",
	      0) },
	{ ROW("BDAT ends in a name", BDAT, "A: b\r\nCc", "A: b\n\nCc", "", 0) },
	{ ROW("BDAT ends in a separator", BDAT, "From ",
	      "X-Mailbox-Line: From ", "", 0) },
	{ ROW("BDAT ends in CR for a header", BDAT, "A\r", "\nA\r", "", 0) },
	{ ROW("BDAT of nothing", BDAT, "", "", "", 0) },
	{ ROW("BDAT, bare LF", BDAT, "A: b\n\nc\n", "A: b\n\nc\n", "",
	      FED_BARE) },
	{ ROW("binary", BDAT | BINARY, "A: b\r\n c\r\n\r\nd\r\ne\nf\rg\0\r\n",
	      "A: b\r\n c\r\n\r\nd\r\ne\nf\rg\0\r\n", "", 0) },
	{ ROW("binary, dropped", BDAT | BINARY, "Bcc: b\r\nA: c\r\n\r\nd",
	      "A: c\r\n\r\nd", "", 0) },
};

struct feeder {
	struct smtp_body body;
	struct chunk_pool *pool;
	bool is_tiny, is_taken, is_over;
	unsigned how;
	char *text;
	size_t len, fed;
};

static void
drain(struct feeder *f)
{
	struct chunk *chunks = smtp_body_chunks_take(&f->body);

	CHECK(smtp_body_held_bytes(&f->body) == 0);
	for (struct chunk *c = chunks; c != NULL; c = c->next) {
		size_t used = f->is_tiny ? TINY_USED : 0;

		must(f->len + c->len - used <= TEXT_MAX);
		memcpy(f->text + f->len, c->data + used, c->len - used);
		f->len += c->len - used;
	}
	chunk_put(chunks);
}

/* A chunk, or what is left of one that was nearly full already. */
static void
add_chunk(struct feeder *f)
{
	struct chunk *c = chunk_get(f->pool, CHUNK_SMALL);

	must(c != NULL);
	if (f->is_taken)
		drain(f);
	c->len = f->is_tiny ? TINY_USED : 0;
	smtp_body_chunk_add(&f->body, c);
}

static void
feed(struct feeder *f, struct span in)
{
	while (in.len && !f->is_over) {
		size_t had = in.len;
		enum body_result r =
			f->how & BDAT ? smtp_body_feed_chunk(&f->body, &in)
				      : smtp_body_feed(&f->body, &in);

		f->fed += had - in.len;
		if (r == BODY_CHUNK)
			add_chunk(f);
		else
			CHECK(r == BODY_END || in.len == 0);
		f->is_over = r == BODY_END;
	}
}

static void
feeder_init(struct feeder *f, const struct row *row, bool is_tiny,
	    bool is_taken)
{
	f->is_tiny = is_tiny;
	f->is_taken = is_taken;
	f->is_over = false;
	f->how = row->how;
	f->len = f->fed = 0;
	smtp_body_init(&f->body, row->size_max, DROPS);
	f->body.is_lf_dot_end = row->how & LF_END;
	f->body.is_binary = row->how & BINARY;
	add_chunk(f);
}

static void
feeder_check(struct feeder *f, const struct row *row)
{
	struct smtp_body *b = &f->body;
	unsigned got = (f->is_over ? FED_END : 0) |
		       (b->has_bare_lf ? FED_BARE : 0) |
		       (b->is_too_big ? FED_BIG : 0);

	if (f->how & BDAT)
		smtp_body_finish(b);
	CHECK(got == row->want);
	CHECK(b->received_n == row->received_n);
	CHECK(f->fed == row->in.len - row->rest.len);
	if (!(row->want & FED_BIG)) {
		uint64_t bytes = b->bytes;

		drain(f);
		CHECK(f->len == bytes);
		CHECK(span_is_equal((struct span) { f->text, f->len },
				    row->out));
	}
	smtp_body_fini(b);
	CHECK(chunk_pool_used_bytes(f->pool) == 0);
}

/* Whole (0) or in pieces of this many bytes. */
static void
run_pieces(struct feeder *f, const struct row *row, size_t piece)
{
	struct span in = row->in;

	while (in.len && !f->is_over) {
		size_t n = piece && piece < in.len ? piece : in.len;

		feed(f, span_to(in, n));
		in = span_from(in, n);
	}
	feeder_check(f, row);
}

static void
test_rows(struct feeder *f)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (int tiny = 0; tiny < 2; tiny++)
			for (int taken = 0; taken < 2; taken++) {
				CHECK_ROW(rows[i].name);
				for (size_t n = 0; n <= rows[i].in.len; n++) {
					feeder_init(f, &rows[i], tiny, taken);
					run_pieces(f, &rows[i], n);
					feeder_init(f, &rows[i], tiny, taken);
					feed(f, span_to(rows[i].in, n));
					feed(f, span_from(rows[i].in, n));
					feeder_check(f, &rows[i]);
				}
			}
}

/* --- sizes that no literal has --- */

struct long_text {
	char *in, *out;
	struct row row;
};

static void
add(char *text, size_t *len, const char *more, size_t n)
{
	must(*len + n <= TEXT_MAX);
	memcpy(text + *len, more, n);
	*len += n;
}

/* `repeat` lines: what goes in and what must come out. */
static void
long_text_make(struct long_text *t, const char *name, const char *in,
	       const char *out, size_t repeat, const char *end)
{
	size_t in_n = 0, out_n = 0;

	for (size_t i = 0; i < repeat; i++) {
		add(t->in, &in_n, in, strlen(in));
		add(t->out, &out_n, out, strlen(out));
	}
	add(t->in, &in_n, end, strlen(end));
	for (const char *c = end; *c && strcmp(c, ".\r\n") != 0; c++)
		if (*c != '\r')
			add(t->out, &out_n, c, 1);
	t->row = (struct row) {
		name, 0, { t->in, in_n }, { t->out, out_n }, { "", 0 }, FED_END,
		0,    0
	};
}

static void
run_long(struct feeder *f, struct long_text *t)
{
	static const size_t pieces[] = { 0,   1,   2,	 3,    255,
					 256, 257, 1447, 1448, 8168 };

	CHECK_ROW(t->row.name);
	for (size_t i = 0; i < ARRAY_N(pieces); i++)
		for (int how = 0; how < 4; how++) {
			feeder_init(f, &t->row, how & 1, how & 2);
			run_pieces(f, &t->row, pieces[i]);
		}
}

static void
test_long(struct feeder *f)
{
	static const struct {
		const char *name, *in, *out;
		size_t repeat;
		const char *end;
	} texts[] = {
		{ "headers", "A: bcdefghijklmnopqrstuvwxyz\r\n",
		  "A: bcdefghijklmnopqrstuvwxyz\n", 3000, "\r\nx\r\n.\r\n" },
		{ "headers with long names", N100 N100 N100 N100 "N: o\r\n",
		  N100 N100 N100 N100 "N: o\n", 500, "\r\nx\r\n.\r\n" },
		{ "dropped headers", "Bcc: bcdefghijklmnopqrstuvwxyz\r\n", "",
		  3000, "\r\nx\r\n.\r\n" },
		{ "continuation", "A: b\r\n cdefghijklmnopqrstuvwxyz\r\n",
		  "A: b\n cdefghijklmnopqrstuvwxyz\n", 3000, "\r\nx\r\n.\r\n" },
		/* Each grows by 16 bytes: nothing else makes text longer. */
		{ "separators", "From \r\n", "X-Mailbox-Line: From \n", 5000,
		  "\r\nx\r\n.\r\n" },
		{ "bare separators", "From \n", "X-Mailbox-Line: From \n", 5000,
		  "\r\nx\r\n.\r\n" },
		{ "quoted separators", ">From x\r\n",
		  "X-Mailbox-Line: >From x\n", 5000, "\r\nx\r\n.\r\n" },
		{ "long line", "A: b", "A: b", 40000, "\r\n\r\nx\r\n.\r\n" },
		{ "long value with CRs", "A: \rb", "A: \rb", 30000,
		  "\r\n\r\n.\r\n" },
		{ "dots", "\r\n..", "\n.", 30000, "\r\n.\r\n" },
		{ "CRs", "A:\r\r\r", "A:\r\r\r", 30000, "\r\n.\r\n" },
	};
	struct long_text t = { malloc(TEXT_MAX), malloc(TEXT_MAX), { 0 } };

	must(t.in != NULL && t.out != NULL);
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		long_text_make(&t, texts[i].name, texts[i].in, texts[i].out,
			       texts[i].repeat, texts[i].end);
		t.row.want |= strstr(texts[i].name, "bare") ? FED_BARE : 0;
		run_long(f, &t);
	}
	free(t.in);
	free(t.out);
}

/* A name of n bytes: a header up to a line's length, text from there. */
static void
test_long_names(struct feeder *f)
{
	static const struct {
		const char *name;
		size_t n;
		bool is_header;
	} names[] = {
		{ "76", 76, true },
		{ "77", 77, true },
		{ "998", BODY_NAME_MAX, true },
		{ "999", BODY_NAME_MAX + 1, false },
		{ "5000", 5000, false },
	};
	char *in = malloc(TEXT_MAX), *out = malloc(TEXT_MAX);

	must(in != NULL && out != NULL);
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		size_t n = names[i].n, in_n = 0, out_n = 0;
		struct long_text t = { .in = in, .out = out };

		add(out, &out_n, "\n", names[i].is_header ? 0 : 1);
		memset(in, 'N', n);
		memset(out + out_n, 'N', n);
		in_n = n;
		out_n += n;
		add(in, &in_n, ": v\r\nB: c\r\n.\r\n", 14);
		add(out, &out_n, ": v\nB: c\n", 9);
		t.row = (struct row) { .name = names[i].name,
				       .in = { in, in_n },
				       .out = { out, out_n },
				       .want = FED_END };
		run_long(f, &t);
	}
	free(in);
	free(out);
}

/* A body of size bytes, its line end and stuffed dots as given. */
static void
test_size_limits(struct feeder *f)
{
	static const uint64_t limits[] = { 1000, 8000, 8168, 65536, 100000 };
	struct long_text t = { malloc(TEXT_MAX), malloc(TEXT_MAX), { 0 } };

	must(t.in != NULL && t.out != NULL);
	CHECK_ROW("size limit");
	for (size_t i = 0; i < ARRAY_N(limits); i++)
		for (int more = -1; more <= 1; more++) {
			size_t n = (size_t)limits[i] + (size_t)more;
			struct span in = { t.in, n + 4 };

			memset(t.in, 'x', n);
			memcpy(t.in, "\r\n..", 4); /* one of the dots counts */
			memcpy(t.in + n - 1, "\r\n.\r\n", 5);
			t.row = (struct row) { .name = "size limit",
					       .in = in,
					       .want = FED_END | FED_BIG,
					       .size_max = limits[i] };
			for (size_t piece = 0; piece < 4000; piece += 1333) {
				feeder_init(f, &t.row, piece > 2000, true);
				for (size_t at = 0; at < in.len;) {
					size_t len = in.len - at;

					if (piece && piece < len)
						len = piece;
					feed(f,
					     span_to(span_from(in, at), len));
					at += len;
				}
				CHECK(f->is_over);
				CHECK(smtp_body_size(&f->body) == n);
				CHECK(f->body.is_too_big == (more > 0));
				smtp_body_fini(&f->body);
				CHECK(chunk_pool_used_bytes(f->pool) == 0);
			}
		}
	free(t.in);
	free(t.out);
}

/* What is beyond the limit takes no memory. */
static void
test_too_big_is_dropped(struct feeder *f)
{
	static const struct row row = { .size_max = 10000 };
	char text[1000];
	uint64_t most = 0;

	CHECK_ROW("too big is dropped");
	memset(text, 'x', sizeof(text));
	feeder_init(f, &row, false, false);
	for (int i = 0; i < 1000; i++) {
		feed(f, (struct span) { text, sizeof(text) });
		if (chunk_pool_used_bytes(f->pool) > most)
			most = chunk_pool_used_bytes(f->pool);
	}
	CHECK(f->body.is_too_big);
	CHECK(chunk_pool_used_bytes(f->pool) == 0);
	CHECK(most <= 4 * CHUNK_SMALL_BYTES);
	feed(f, SPAN("\r\n.\r\n"));
	CHECK(f->is_over);
	smtp_body_fini(&f->body);
}

static void
test_put(struct feeder *f)
{
	static const struct row row = { .name = "text in front" };

	CHECK_ROW(row.name);
	feeder_init(f, &row, false, false);
	smtp_body_put(&f->body, SPAN("Received: me\n"));
	feed(f, SPAN("Received: you\r\n\r\na\r\n.\r\n"));
	CHECK(f->body.received_n == 1);
	CHECK(smtp_body_size(&f->body) == 20);
	drain(f);
	CHECK_SPAN(((struct span) { f->text, f->len }),
		   "Received: me\nReceived: you\n\na\n");
	smtp_body_fini(&f->body);
}

int
main(void)
{
	struct feeder f = { .pool = chunk_pool_open(4u << 20),
			    .text = malloc(TEXT_MAX) };

	must(f.pool != NULL && f.text != NULL);
	test_rows(&f);
	test_long(&f);
	test_long_names(&f);
	test_size_limits(&f);
	test_too_big_is_dropped(&f);
	test_put(&f);
	free(f.text);
	chunk_pool_close(&f.pool);
	return check_end();
}
