/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_fuzz.h: what the fuzz targets of the configuration share: a copy of
 * the input that a parser may write into, and what every finding must be.
 */
#ifndef PENSTOCK_TESTS_CONFIG_FUZZ_H
#define PENSTOCK_TESTS_CONFIG_FUZZ_H

#include "engine/base/diag.h"
#include "engine/base/span.h"

#include <stdio.h>
#include <stdlib.h>

/* With room for the NUL behind it, and not a byte more. */
__attribute__((unused)) static char *
fuzz_copy(struct span s)
{
	char *p = malloc(s.len + 1);

	must(p != NULL);
	if (s.len)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return p;
}

__attribute__((unused)) static unsigned
fuzz_lines_n(struct span s)
{
	unsigned n = 1;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == '\n';
	return n;
}

/* Does it have the form "file:line: text", all on one line? */
static bool
fuzz_is_finding(struct span text, struct span file, unsigned lines_n)
{
	uint64_t line;

	if (span_find(text, '\n') < text.len ||
	    !span_has_prefix_nocase(text, file))
		return false;
	text = span_from(text, file.len);
	if (text.len == 0 || text.p[0] != ':')
		return false;
	text = span_from(text, 1);
	if (!span_to_u64(span_to(text, span_find(text, ':')), &line))
		return false;
	text = span_from(text, span_find(text, ':'));
	return line >= 1 && line <= lines_n && text.len > 2 && text.p[1] == ' ';
}

/*
 * Every finding says where, with a line that the file has: in file, or in the
 * one of one line that names it (or NULL).
 */
__attribute__((unused)) static void
fuzz_check_findings(const struct diag *d, const char *file, unsigned lines_n,
		    const char *naming)
{
	unsigned errors_n = 0;

	for (const struct diag_line *l = d->first; l != NULL; l = l->next) {
		errors_n += l->level == DIAG_ERROR;
		if (fuzz_is_finding(span_of(l->text), span_of(file), lines_n))
			continue;
		if (naming != NULL &&
		    fuzz_is_finding(span_of(l->text), span_of(naming), 1))
			continue;
		fprintf(stderr, "this finding does not say where: %s\n",
			l->text);
		abort();
	}
	must(errors_n == d->errors_n);
}

/*
 * May this value be opened here? Not what would read this machine's files or
 * ask its name service: a slash is fine behind a digit or a bracket only.
 */
__attribute__((unused)) static bool
fuzz_is_hermetic(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '/' &&
		    (i == 0 || strchr("0123456789]", s.p[i - 1]) == NULL ||
		     s.p[i - 1] == '\0'))
			return false;
		if (span_has_prefix_nocase(span_from(s, i), SPAN("unix:")))
			return false;
	}
	return true;
}

#endif
