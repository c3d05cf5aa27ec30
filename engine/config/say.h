/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h: findings about a configuration, each said once however often the same
 * value is looked at (a parameter is read again for every service). One thread.
 */
#ifndef PENSTOCK_CONFIG_SAY_H
#define PENSTOCK_CONFIG_SAY_H

#include "engine/base/diag.h"

/* Like diag_add(), unless that very line is there already. */
PRINTF_LIKE(5, 6)
void say(struct diag *d, enum diag_level level, const char *file, unsigned line,
	 const char *fmt, ...);
/* Like diag_fail(). */
PRINTF_LIKE(5, 6)
void say_fail(struct diag *d, int exit_code, const char *file, unsigned line,
	      const char *fmt, ...);

#endif
