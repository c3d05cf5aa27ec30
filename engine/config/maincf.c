/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.cf: logical lines of "name = value". Only syntax: what a name means and
 * whether a value is right is param.c's.
 */
#include "engine/config/line.h"
#include "engine/config/say.h"
#include "engine/config/settings.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#define MAINCF_BYTES_MAX (16u * 1024 * 1024)

static struct span
skip_space(struct span s)
{
	while (s.len && line_is_space(s.p[0]))
		s = span_from(s, 1);
	return s;
}

bool
maincf_split(struct span text, struct span *name_out, struct span *value_out,
	     const char **why)
{
	size_t n = 0;
	struct span rest;

	text = skip_space(text);
	while (n < text.len && text.p[n] != '=' && !line_is_space(text.p[n]))
		n++;
	*name_out = span_to(text, n);
	rest = skip_space(span_from(text, n));
	*why = "the name before \"=\" is missing: write \"name = value\"";
	if (n == 0)
		return false;
	*why = "\"=\" is missing after the name: write \"name = value\"; a "
	       "line that continues the one before begins with white space";
	if (rest.len == 0 || rest.p[0] != '=')
		return false;
	*value_out = skip_space(span_from(rest, 1));
	while (value_out->len &&
	       line_is_space(value_out->p[value_out->len - 1]))
		value_out->len--;
	return true;
}

static bool
parse_line(struct settings *s, struct store *st, const struct line *line,
	   const char *file, struct diag *diag)
{
	struct span name, value;
	const struct setting *old;
	const char *why = NULL;

	if (line->is_indented)
		why = "this line begins with white space, but there is none "
		      "before it that it could continue: remove the white "
		      "space";
	else if (line->has_nul)
		why = "a NUL byte is in this line: remove it";
	else if (maincf_split((struct span) { line->p, line->len }, &name,
			      &value, &why))
		why = NULL;
	if (why != NULL) {
		say(diag, DIAG_ERROR, file, line->first, "%.40s: %s", line->p,
		    why);
		return false;
	}
	old = settings_find(s, name);
	if (old != NULL)
		say(diag, DIAG_WARNING, file, line->first,
		    "%s replaces the value of line %u: remove one of them",
		    old->name, old->line);
	settings_set(s, &(struct setting) { .name = store_str(st, name),
					    .value = store_str(st, value),
					    .file = file,
					    .line = line->first });
	return true;
}

int
maincf_parse(struct settings *s, struct store *st, char *text, size_t len,
	     const char *file, struct diag *diag)
{
	struct line_reader r;
	struct line line;
	bool is_ok = true;

	line_reader_init(&r, text, len);
	while (line_next(&r, &line))
		is_ok &= parse_line(s, st, &line, file, diag);
	return is_ok ? 0 : -EINVAL;
}

int
maincf_read(struct settings *s, struct store *st, const char *file,
	    struct diag *diag)
{
	struct text text = { 0 };
	int res = text_read_file(&text, file, MAINCF_BYTES_MAX);

	if (res != 0) {
		say_fail(diag, EX_NOINPUT, file, 0,
			 "cannot be read: %s: -c DIR names the folder that "
			 "holds main.cf and master.cf",
			 strerror(-res));
		return res;
	}
	if (text.len)
		res = maincf_parse(s, st, text.p, text.len, file, diag);
	text_fini(&text);
	return res;
}
