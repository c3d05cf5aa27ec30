/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h: what simulations draw from a seed, and the bytes that their
 * programs send each other. One thread; for one file of a program.
 */
#ifndef PENSTOCK_TESTS_STREAM_H
#define PENSTOCK_TESTS_STREAM_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#include <string.h>

struct draw {
	uint64_t x;
};

static uint64_t
draw(struct draw *d, uint64_t n)
{
	uint64_t z = d->x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return n ? (z ^ z >> 31) % n : 0;
}

/* The streams: pieces of one text whose length is prime, so that no power of
 * two is like another. At most STREAM_PIECE bytes of it at off. */
#define STREAM_PRIME 65521u
#define STREAM_PIECE 8192u

static uint8_t stream_text[STREAM_PRIME + STREAM_PIECE];

static void
stream_init(void)
{
	struct draw d = { 1 };

	for (unsigned i = 0; i < STREAM_PRIME; i++)
		stream_text[i] = (uint8_t)draw(&d, 256);
	memcpy(stream_text + STREAM_PRIME, stream_text, STREAM_PIECE);
}

static const uint8_t *
stream_at(uint32_t id, bool is_client, uint64_t off)
{
	return stream_text +
	       (off + id * 7919u + is_client * 31u) % STREAM_PRIME;
}

static bool
is_stream(struct span in, uint32_t id, bool is_client, uint64_t off)
{
	while (in.len) {
		size_t n = in.len < STREAM_PIECE ? in.len : STREAM_PIECE;

		if (memcmp(in.p, stream_at(id, is_client, off), n) != 0)
			return false;
		in.p += n;
		in.len -= n;
		off += n;
	}
	return true;
}

#endif
