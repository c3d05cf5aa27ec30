/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of bytes: compare, cut, convert. No allocation, no locale. */
#include "engine/base/span.h"
#include "engine/base/must.h"

bool
span_has_prefix_nocase(struct span s, struct span prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[i]))
			return false;
	return true;
}

size_t
span_find(struct span s, char c)
{
	const char *hit = s.len ? memchr(s.p, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.p) : s.len;
}

size_t
span_find_last(struct span s, char c)
{
	const char *hit = s.len ? memrchr(s.p, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.p) : s.len;
}

bool
span_is_utf8(struct span s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	size_t i = 0;

	while (i < s.len) {
		unsigned char c;
		unsigned more;
		uint32_t rune;
		uint64_t eight;

		if (s.len - i >= sizeof(eight)) {
			memcpy(&eight, s.p + i, sizeof(eight));
			if (!(eight & 0x8080808080808080)) {
				i += sizeof(eight);
				continue;
			}
		}
		c = (unsigned char)s.p[i++];
		more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		rune = more ? c & (0x3fu >> more) : c;

		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || s.len - i < more)
			return false;
		for (unsigned n = 0; n < more; n++, i++) {
			if (((unsigned char)s.p[i] & 0xc0) != 0x80)
				return false;
			rune = rune << 6 | (s.p[i] & 0x3f);
		}
		if (rune < least[more] || rune > 0x10ffff ||
		    (rune >= 0xd800 && rune <= 0xdfff))
			return false;
	}
	return true;
}

static bool
is_one_of(char c, const char *set)
{
	for (; *set; set++)
		if (*set == c)
			return true;
	return false;
}

struct span
span_word(struct span *s, const char *seps)
{
	size_t n = 0;
	struct span word;
	char top = 0; /* most bytes of a word are above all of these */

	for (const char *sep = seps; *sep; sep++)
		top = *sep > top ? *sep : top;
	while (s->len && is_one_of(s->p[0], seps))
		*s = span_from(*s, 1);
	while (n < s->len && (s->p[n] > top || !is_one_of(s->p[n], seps)))
		n++;
	word = span_to(*s, n);
	*s = span_from(*s, n);
	return word;
}

bool
span_to_u64(struct span s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

size_t
span_copy(struct span s, char *dst, size_t cap)
{
	size_t n = s.len < cap ? s.len : cap - 1;

	must(cap > 0);
	if (n)
		memcpy(dst, s.p, n);
	dst[n] = '\0';
	return n;
}

size_t
span_copy_lower(struct span s, char *dst, size_t cap)
{
	size_t n = span_copy(s, dst, cap);

	for (size_t i = 0; i < n; i++)
		dst[i] = ascii_lower(dst[i]);
	return n;
}

uint64_t
span_hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ull;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}
