/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span.h: a borrowed run of bytes, and what is asked of one. Any thread; never
 * allocates. A span is not NUL-terminated and may hold any byte. ASCII case
 * rules only: locale never matters here.
 */
#ifndef PENSTOCK_BASE_SPAN_H
#define PENSTOCK_BASE_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p;
	size_t len;
};

#define SPAN(literal) ((struct span) { (literal), sizeof(literal) - 1 })
#define SPAN_FMT(s)   (int)(s).len, (s).p /* for "%.*s" */

static inline struct span
span_of(const char *cstr)
{
	return (struct span) { cstr, cstr ? strlen(cstr) : 0 };
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool
ascii_is_alnum(char c)
{
	char l = ascii_lower(c);

	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

static inline bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
ascii_is_space(char c)
{
	return ascii_is_blank(c) || c == '\r' || c == '\n';
}

static inline bool
span_is_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Equal but for ASCII case. */
bool span_has_prefix_nocase(struct span s, struct span prefix);
static inline bool
span_is_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_has_prefix_nocase(a, b);
}

/* First (last) place of c, or s.len. */
size_t span_find(struct span s, char c);
size_t span_find_last(struct span s, char c);

/* Bytes from (up to) the i-th; i may be s.len, not more. */
static inline struct span
span_from(struct span s, size_t i)
{
	assert(i <= s.len);
	return (struct span) { s.p + i, s.len - i };
}

static inline struct span
span_to(struct span s, size_t i)
{
	assert(i <= s.len);
	return (struct span) { s.p, i };
}

/* Without blanks (space, tab, CR, LF) at both ends. */
static inline struct span
span_trim(struct span s)
{
	while (s.len && ascii_is_space(s.p[0]))
		s = span_from(s, 1);
	while (s.len && ascii_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate. */
bool span_is_utf8(struct span s);

/*
 * The next word of *s, cut at any byte of seps; *s moves past it. An empty
 * result means that nothing is left.
 */
struct span span_word(struct span *s, const char *seps);

/* Decimal digits only, all of s, no overflow: true and *out, else false. */
bool span_to_u64(struct span s, uint64_t *out);

/* Copies with a NUL, truncating at cap - 1. Gives the bytes copied. */
size_t span_copy(struct span s, char *dst, size_t cap);
/* The same in lower case. */
size_t span_copy_lower(struct span s, char *dst, size_t cap);

/* FNV-1a with a finisher: for tables whose keys nobody hostile chooses. */
uint64_t span_hash(struct span s);

#endif
