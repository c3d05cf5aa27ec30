/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivered-To fields: whole or in pieces (the first byte says how long), the
 * same addresses must be found.
 */
#include "deliver/fwdloop.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
scan(struct fwdloop *f, struct span text, size_t step)
{
	fwdloop_begin(f);
	while (text.len) {
		size_t len = text.len < step ? text.len : step;
		char *copy = malloc(len);

		must(copy != NULL);
		memcpy(copy, text.p, len);
		fwdloop_feed(f, (struct span) { copy, len });
		free(copy);
		text = span_from(text, len);
	}
	fwdloop_end(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fwdloop whole = { 0 }, pieces = { 0 };
	struct span text;
	const char *p;

	if (size == 0 || size > FWDLOOP_LINE_BYTES)
		return 0;
	text = (struct span) { (const char *)data + 1, size - 1 };
	scan(&whole, text, SIZE_MAX);
	scan(&pieces, text, data[0] ? data[0] : 1);
	must(whole.addrs_n == pieces.addrs_n);
	must(whole.addrs_n <= FWDLOOP_ADDRS_MAX);
	p = whole.addrs;
	for (uint32_t i = 0; i < whole.addrs_n; i++) {
		must(fwdloop_has(&pieces, span_of(p)));
		p += strlen(p) + 1;
	}
	fwdloop_fini(&whole);
	fwdloop_fini(&pieces);
	return 0;
}
