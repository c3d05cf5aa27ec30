/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivered-To fields, gathered line by line. Lines are looked at in place; a
 * line that is cut by the end of a piece is put together in a buffer.
 */
#include "deliver/fwdloop.h"

#include <stdlib.h>

void
fwdloop_begin(struct fwdloop *f)
{
	f->is_over = false;
	f->addrs_n = f->line_len = 0;
	f->addrs_len = 0;
}

/*
 * Without memory the address is not remembered: a loop is then found a round
 * later, or by the hop count.
 */
static void
add(struct fwdloop *f, struct span addr)
{
	size_t want = f->addrs_len + addr.len + 1;

	if (f->addrs_n == FWDLOOP_ADDRS_MAX || memchr(addr.p, '\0', addr.len))
		return;
	if (want > f->addrs_cap) {
		char *p = realloc(f->addrs, want * 2);

		if (p == NULL)
			return;
		f->addrs = p;
		f->addrs_cap = want * 2;
	}
	span_copy(addr, f->addrs + f->addrs_len, addr.len + 1);
	f->addrs_len = want;
	f->addrs_n++;
}

/* A header line has a name and a colon, or goes on from the line before. */
static bool
is_header(struct span line)
{
	size_t colon = span_find(line, ':');
	struct span name = span_trim(span_to(line, colon));

	if (ascii_is_blank(line.p[0]))
		return true;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] < 33 ||
		    (unsigned char)name.p[i] > 126)
			return false;
	return name.len > 0 && colon < line.len;
}

/* line: without its LF. */
static void
see_line(struct fwdloop *f, struct span line)
{
	static const struct span field = SPAN("Delivered-To:");
	char c = line.len ? ascii_lower(line.p[0]) : '\0';

	if (c == 'd' && span_has_prefix_nocase(line, field)) {
		struct span addr = span_trim(span_from(line, field.len));

		if (addr.len)
			add(f, addr);
	} else if (line.len == 0 || !is_header(line)) {
		f->is_over = true;
	}
}

/* A piece of a line whose end, or whose beginning, is in another piece. */
static void
keep(struct fwdloop *f, struct span part)
{
	size_t room = sizeof(f->line) - f->line_len;
	size_t n = part.len < room ? part.len : room;

	if (n)
		memcpy(f->line + f->line_len, part.p, n);
	f->line_len += (uint32_t)n;
}

bool
fwdloop_feed(struct fwdloop *f, struct span bytes)
{
	while (!f->is_over && bytes.len) {
		size_t len = span_find(bytes, '\n');
		struct span line = span_to(bytes, len);

		if (len == bytes.len) {
			keep(f, line);
			return true;
		}
		bytes = span_from(bytes, len + 1);
		if (f->line_len) {
			keep(f, line);
			line = (struct span) { f->line, f->line_len };
			f->line_len = 0;
		}
		see_line(f, line);
	}
	return !f->is_over;
}

void
fwdloop_end(struct fwdloop *f)
{
	if (!f->is_over && f->line_len)
		see_line(f, (struct span) { f->line, f->line_len });
	f->is_over = true;
}

bool
fwdloop_has(const struct fwdloop *f, struct span addr)
{
	const char *p = f->addrs;

	for (uint32_t i = 0; i < f->addrs_n; i++) {
		struct span seen = span_of(p);

		if (span_is_equal_nocase(seen, addr))
			return true;
		p += seen.len + 1;
	}
	return false;
}

void
fwdloop_fini(struct fwdloop *f)
{
	free(f->addrs);
	*f = (struct fwdloop) { 0 };
}
