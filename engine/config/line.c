/* SPDX-License-Identifier: BSD-2-Clause */
/* Logical lines, joined in place: what is joined is never longer. */
#include "engine/config/line.h"

void
line_reader_init(struct line_reader *r, char *buf, size_t len)
{
	*r = (struct line_reader) { .next = buf, .end = buf + len, .line = 1 };
}

/* The end of the physical line at p: its newline, or r->end. */
static char *
physical_end(const struct line_reader *r, char *p)
{
	char *nl = memchr(p, '\n', (size_t)(r->end - p));

	return nl ? nl : r->end;
}

/* Empty, white space only, or a comment. */
static bool
is_nothing(const char *p, const char *end)
{
	while (p < end && line_is_space(*p))
		p++;
	return p == end || *p == '#';
}

static void
step(struct line_reader *r, char *end)
{
	if (end < r->end) {
		r->next = end + 1;
		r->line++;
	} else {
		r->next = end;
	}
}

/* Joins the continuation lines that follow; gives the end of the text. */
static char *
join(struct line_reader *r, char *to)
{
	while (r->next < r->end) {
		char *p = r->next, *end = physical_end(r, p);

		if (!is_nothing(p, end)) {
			if (!line_is_space(*p))
				break;
			memmove(to, p, (size_t)(end - p));
			to += end - p;
		}
		step(r, end);
	}
	return to;
}

bool
line_next(struct line_reader *r, struct line *out)
{
	while (r->next < r->end) {
		char *p = r->next, *end = physical_end(r, p), *to;

		out->first = r->line;
		step(r, end);
		if (is_nothing(p, end))
			continue;
		to = join(r, end);
		while (to > p && line_is_space(to[-1]))
			to--;
		*to = '\0';
		out->p = p;
		out->len = (size_t)(to - p);
		out->is_indented = line_is_space(*p);
		out->has_nul = memchr(p, '\0', out->len) != NULL;
		return true;
	}
	return false;
}
