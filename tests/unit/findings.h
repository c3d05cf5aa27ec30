/* SPDX-License-Identifier: BSD-2-Clause */
/* findings.h: what tests of the configuration ask of a struct diag. */
#ifndef PENSTOCK_TESTS_FINDINGS_H
#define PENSTOCK_TESTS_FINDINGS_H

#include "engine/base/diag.h"

#include <stdio.h>
#include <string.h>

/* Is there a finding of that level with text in it? "" wants none at all. */
__attribute__((unused)) static bool
findings_has(const struct diag *d, enum diag_level level, const char *text)
{
	unsigned n = 0;

	for (const struct diag_line *l = d->first; l != NULL; l = l->next) {
		if (l->level != level)
			continue;
		if (*text && strstr(l->text, text))
			return true;
		n++;
	}
	return *text == '\0' && n == 0;
}

/* For a failed check: all of them. */
__attribute__((unused)) static void
findings_print(const struct diag *d)
{
	for (const struct diag_line *l = d->first; l != NULL; l = l->next)
		fprintf(stderr, "\tfound (%u) %s\n", l->level, l->text);
}

#endif
