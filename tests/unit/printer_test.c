/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures as JSON and as text, nested and in lists. */
#include "engine/printer.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static void
describe(struct printer *p)
{
	printer_open(p, "first");
	printer_number(p, "one", 1);
	printer_count(p, "none", 0);
	printer_count(p, "some", UINT64_MAX);
	printer_open(p, "empty");
	printer_close(p);
	printer_open(p, "inner");
	printer_text(p, "state", "valid");
	printer_close(p);
	printer_number(p, "last", 2);
	printer_close(p);
	printer_open(p, "second");
	printer_list_open(p, "nothing");
	printer_list_close(p);
	printer_list_open(p, "items");
	for (unsigned i = 0; i < 2; i++) {
		printer_item_open(p);
		printer_number(p, "item", i);
		printer_text(p, "link", "up");
		printer_item_close(p);
	}
	printer_list_close(p);
	printer_close(p);
}

static const struct {
	const char *name;
	bool is_json;
	const char *text;
} rows[] = {
	{ "JSON", true,
	  "{\"first\":{\"one\":1,\"none\":0,\"some\":18446744073709551615,"
	  "\"empty\":{},\"inner\":{\"state\":\"valid\"},\"last\":2},"
	  "\"second\":{\"nothing\":[],\"items\":[{\"item\":0,\"link\":\"up\"},"
	  "{\"item\":1,\"link\":\"up\"}]}}\n" },
	{ "text", false,
	  "first\n"
	  "  one                    1\n"
	  "  some                   18446744073709551615\n"
	  "  empty\n"
	  "  inner\n"
	  "    state                  valid\n"
	  "  last                   2\n"
	  "second\n"
	  "  item                   0\n"
	  "  link                   up\n"
	  "  item                   1\n"
	  "  link                   up\n" },
};

int
main(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		struct printer p;

		must(out != NULL);
		CHECK_ROW(rows[i].name);
		printer_begin(&p, out, rows[i].is_json);
		describe(&p);
		printer_end(&p);
		fclose(out);
		CHECK_SPAN(((struct span) { text, len }), rows[i].text);
		free(text);
	}
	return check_end();
}
