/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON without a blank, on one line; text with two columns for each level. In
 * text a list is its items one after the other.
 */
#include "engine/printer.h"
#include "engine/base/must.h"

#include <inttypes.h>

#define NAME_COLUMNS 22

static void
separate(struct printer *p)
{
	if (p->is_json && p->has_item)
		fputc(',', p->out);
	p->has_item = true;
}

static void
indent(const struct printer *p)
{
	fprintf(p->out, "%*s", (int)(2 * p->depth), "");
}

static void
begin(struct printer *p, const char *name, char bracket)
{
	separate(p);
	if (p->is_json) {
		if (name != NULL)
			fprintf(p->out, "\"%s\":", name);
		fputc(bracket, p->out);
	} else if (name != NULL && bracket == '{') {
		indent(p);
		fprintf(p->out, "%s\n", name);
	}
	p->has_item = false;
}

static void
end(struct printer *p, char bracket)
{
	if (p->is_json)
		fputc(bracket, p->out);
	p->has_item = true;
}

void
printer_begin(struct printer *p, FILE *out, bool is_json)
{
	*p = (struct printer) { .out = out, .is_json = is_json };
	if (is_json)
		fputc('{', out);
}

void
printer_end(struct printer *p)
{
	must(p->depth == 0);
	if (p->is_json)
		fputs("}\n", p->out);
}

void
printer_open(struct printer *p, const char *name)
{
	begin(p, name, '{');
	p->depth++;
}

void
printer_close(struct printer *p)
{
	must(p->depth > 0);
	p->depth--;
	end(p, '}');
}

void
printer_list_open(struct printer *p, const char *name)
{
	begin(p, name, '[');
}

void
printer_list_close(struct printer *p)
{
	end(p, ']');
}

void
printer_item_open(struct printer *p)
{
	begin(p, NULL, '{');
}

void
printer_item_close(struct printer *p)
{
	end(p, '}');
}

void
printer_number(struct printer *p, const char *name, uint64_t value)
{
	separate(p);
	if (p->is_json) {
		fprintf(p->out, "\"%s\":%" PRIu64, name, value);
		return;
	}
	indent(p);
	fprintf(p->out, "%-*s %" PRIu64 "\n", NAME_COLUMNS, name, value);
}

void
printer_count(struct printer *p, const char *name, uint64_t value)
{
	if (p->is_json || value)
		printer_number(p, name, value);
}

void
printer_text(struct printer *p, const char *name, const char *text)
{
	separate(p);
	if (p->is_json) {
		fprintf(p->out, "\"%s\":\"%s\"", name, text);
		return;
	}
	indent(p);
	fprintf(p->out, "%-*s %s\n", NAME_COLUMNS, name, text);
}
