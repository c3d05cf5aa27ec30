/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a path: what is taken is canonical, and stays itself. */
#include "engine/base/addr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_canonical(const struct addr *a)
{
	char plain[ADDR_BYTES_MAX], path[ADDR_BYTES_MAX + 3];
	struct span in = { path, (size_t)a->len + 2 };
	struct addr again;
	const char *why;

	must(a->len <= ADDR_BYTES_MAX && a->at <= a->len);
	must(a->text[a->len] == '\0');
	must(a->at == a->len || a->text[a->at] == '@');
	for (unsigned i = 0; i < a->len; i++)
		must((unsigned char)a->text[i] >= ' ' && a->text[i] != 127);
	path[0] = '<';
	memcpy(path + 1, a->text, a->len);
	path[a->len + 1] = '>';
	must(addr_parse_path(&in, &again, &why) == ADDR_OK);
	must(in.len == 0);
	must(span_is_equal(addr_span(a), addr_span(&again)));
	if (a->len == 0)
		return;
	must(addr_parse(addr_span(a), &again, &why) == ADDR_OK);
	must(span_is_equal(addr_span(a), addr_span(&again)));
	must(a->at == again.at && a->is_utf8 == again.is_utf8 &&
	     a->is_literal == again.is_literal);
	must(addr_unquote(a, plain) <= a->at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* A copy of its own: a read past the end is seen. */
	char *text = malloc(n ? n : 1);
	struct span in = { text, n };
	const char *why = NULL;
	struct addr a;

	must(text != NULL);
	if (n)
		memcpy(text, data, n);
	if (addr_parse_path(&in, &a, &why) == ADDR_OK) {
		must(in.p + in.len == text + n && in.len <= n);
		check_canonical(&a);
	} else {
		must(why != NULL);
	}
	in = (struct span) { text, n };
	if (addr_parse(in, &a, &why) == ADDR_OK)
		check_canonical(&a);
	free(text);
	return 0;
}
