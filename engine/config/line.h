/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h: the logical lines that main.cf, master.cf and every table text are
 * made of (postconf(5), "logical lines"): a line that begins with white space
 * continues the one before; empty lines and lines whose first byte that is not
 * white space is "#" do not exist, not even between a line and its
 * continuation. Works in place, any thread, no allocation.
 */
#ifndef PENSTOCK_CONFIG_LINE_H
#define PENSTOCK_CONFIG_LINE_H

#include "engine/base/span.h"

struct line_reader {
	char *next, *end; /* what is left; *end must be writable */
	unsigned line;	  /* of the file, that *next stands on */
};

struct line {
	char *p; /* NUL-terminated, joined, blanks at its end cut off */
	size_t len;
	unsigned first;	  /* line of the file that it begins on */
	bool is_indented; /* continues nothing: an error for the caller */
	bool has_nul;	  /* a NUL byte inside: an error for the caller */
};

/* buf[len] must be writable: a NUL goes there. */
void line_reader_init(struct line_reader *r, char *buf, size_t len);
/* false at the end. The line stays valid; its bytes are overwritten text. */
bool line_next(struct line_reader *r, struct line *out);

static inline bool
line_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
