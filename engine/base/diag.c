/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of complaints, in the order in which they were found. */
#include "engine/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

void
diag_init(struct diag *d)
{
	*d = (struct diag) { .exit_code = EX_OK };
}

void
diag_fini(struct diag *d)
{
	while (d->first != NULL) {
		struct diag_line *line = d->first;

		d->first = line->next;
		free(line->text);
		free(line);
	}
	diag_init(d);
}

static void
add(struct diag *d, enum diag_level level, int exit_code, const char *file,
    unsigned line_no, const char *fmt, va_list args)
{
	struct diag_line *line = must_alloc(sizeof(*line));
	char *message, *where;
	int ok;

	ok = vasprintf(&message, fmt, args);
	must(ok >= 0);
	if (file != NULL && line_no != 0)
		ok = asprintf(&where, "%s:%u: ", file, line_no);
	else
		ok = asprintf(&where, "%s%s", file ? file : "",
			      file ? ": " : "");
	must(ok >= 0);
	ok = asprintf(&line->text, "%s%s", where, message);
	must(ok >= 0);
	free(where);
	free(message);
	line->level = level;
	if (d->last != NULL)
		d->last->next = line;
	else
		d->first = line;
	d->last = line;
	d->errors_n += level == DIAG_ERROR;
	d->warnings_n += level == DIAG_WARNING;
	if (level == DIAG_ERROR && d->exit_code == EX_OK)
		d->exit_code = exit_code;
}

void
diag_add(struct diag *d, enum diag_level level, const char *file, unsigned line,
	 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, level, EX_CONFIG, file, line, fmt, args);
	va_end(args);
}

void
diag_fail(struct diag *d, int exit_code, const char *file, unsigned line,
	  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(d, DIAG_ERROR, exit_code, file, line, fmt, args);
	va_end(args);
}

void
diag_print(const struct diag *d, enum diag_level least)
{
	static const char *const names[] = { "note", "warning", "error" };

	for (const struct diag_line *l = d->first; l != NULL; l = l->next)
		if (l->level >= least)
			fprintf(stderr, "penstock: %s: %s\n", names[l->level],
				l->text);
}
