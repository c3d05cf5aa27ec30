/* SPDX-License-Identifier: BSD-2-Clause */
/* Wherever a file is torn, what is called whole is whole. */
#include "engine/pcap_cut.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define FILE_MAX 4096u

struct file {
	unsigned char p[FILE_MAX];
	size_t n;
	size_t ends[8]; /* behind the head, and behind each frame */
	unsigned ends_n;
};

static void
add(struct file *f, size_t n)
{
	memset(f->p + f->n, 0xa5, n);
	f->n += n;
}

static void
file_make(struct file *f)
{
	static const uint32_t lens[] = { 60, 0, 1514, 1, 16, 24 };

	memset(f, 0, sizeof(*f));
	add(f, 24);
	f->ends[f->ends_n++] = f->n;
	for (unsigned i = 0; i < ARRAY_N(lens); i++) {
		add(f, 16);
		memcpy(f->p + f->n - 8, &lens[i], 4);
		add(f, lens[i]);
		f->ends[f->ends_n++] = f->n;
	}
}

static void
test_torn(const struct file *f, size_t n, size_t piece)
{
	struct pcap_cut c = { 0 };
	unsigned whole_n = 0;

	for (size_t at = 0; at < n; at += piece)
		pcap_cut_feed(&c, f->p + at, n - at < piece ? n - at : piece);
	while (whole_n < f->ends_n && f->ends[whole_n] <= n)
		whole_n++;
	CHECK(c.bytes == n);
	CHECK(c.whole_bytes == (whole_n ? f->ends[whole_n - 1] : 0));
	CHECK(c.frames_n == (whole_n ? whole_n - 1 : 0));
}

/* A length that cannot be true leads nowhere, and nothing is written. */
static void
test_absurd(void)
{
	unsigned char junk[4096];
	struct pcap_cut c = { 0 };

	memset(junk, 0xff, sizeof(junk));
	for (unsigned i = 0; i < 100; i++)
		pcap_cut_feed(&c, junk, sizeof(junk));
	CHECK(c.bytes == 100 * sizeof(junk) && c.whole_bytes == 24);
	CHECK(c.frames_n == 0);
}

int
main(void)
{
	static const size_t pieces[] = { 1, 7, 16, 24, 1000, FILE_MAX };
	struct file f;

	file_make(&f);
	for (unsigned i = 0; i < ARRAY_N(pieces); i++)
		for (size_t n = 0; n <= f.n; n++)
			test_torn(&f, n, pieces[i]);
	test_absurd();
	return check_end();
}
