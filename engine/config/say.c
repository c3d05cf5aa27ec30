/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings without repetition. */
#include "engine/config/say.h"
#include "engine/config/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

/* Is "file:line: text" (or its shorter forms) there at that level? */
static bool
is_said(const struct diag *d, enum diag_level level, const char *file,
	unsigned line, const char *text)
{
	struct text whole = { 0 };
	bool found = false;

	if (file != NULL)
		text_addf(&whole, "%s:", file);
	if (file != NULL && line)
		text_addf(&whole, "%u:", line);
	text_addf(&whole, "%s%s", file ? " " : "", text);
	for (const struct diag_line *l = d->first; l && !found; l = l->next)
		found = l->level == level &&
			strcmp(l->text, text_cstr(&whole)) == 0;
	text_fini(&whole);
	return found;
}

static void
say_text(struct diag *d, enum diag_level level, int exit_code, const char *file,
	 unsigned line, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (is_said(d, level, file, line, text))
		return;
	if (level == DIAG_ERROR)
		diag_fail(d, exit_code, file, line, "%s", text);
	else
		diag_add(d, level, file, line, "%s", text);
}

void
say(struct diag *d, enum diag_level level, const char *file, unsigned line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_text(d, level, EX_CONFIG, file, line, fmt, ap);
	va_end(ap);
}

void
say_fail(struct diag *d, int exit_code, const char *file, unsigned line,
	 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_text(d, DIAG_ERROR, exit_code, file, line, fmt, ap);
	va_end(ap);
}
