/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diag.h: what is wrong with an input, collected so that a person sees all of
 * it at once: "file:line: what is wrong, and what would be right". Start-up,
 * reload and commands only; one thread at a time; allocates.
 */
#ifndef PENSTOCK_BASE_DIAG_H
#define PENSTOCK_BASE_DIAG_H

#include "engine/base/must.h"

enum diag_level {
	DIAG_NOTE,    /* said by check, harmless: a service not used */
	DIAG_WARNING, /* works, but not as the file says */
	DIAG_ERROR,   /* nothing starts with this */
};

struct diag_line {
	struct diag_line *next;
	enum diag_level level;
	char *text; /* "file:line: message", no newline */
};

struct diag {
	struct diag_line *first, *last;
	unsigned errors_n, warnings_n;
	int exit_code; /* of sysexits.h, set by the first error */
};

void diag_init(struct diag *d);
void diag_fini(struct diag *d);

/* file may be NULL and line 0 (left out). An error's exit code: EX_CONFIG. */
PRINTF_LIKE(5, 6)
void diag_add(struct diag *d, enum diag_level level, const char *file,
	      unsigned line, const char *fmt, ...);
/* An error with an exit code of its own, such as EX_NOINPUT. */
PRINTF_LIKE(5, 6)
void diag_fail(struct diag *d, int exit_code, const char *file, unsigned line,
	       const char *fmt, ...);

/* All lines of at least `least`, each as "penstock: LEVEL: text", on stderr. */
void diag_print(const struct diag *d, enum diag_level least);

#endif
