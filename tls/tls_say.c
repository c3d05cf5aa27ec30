/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings about TLS settings, in words and with their places. */
#include "tls/tls_say.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 600

static const char *const names[] = {
#define TLS_PLACE(symbol, parameter) #parameter,
#include "tls/tls_place.def"
#undef TLS_PLACE
};

PRINTF_LIKE(3, 0)
static void
add(const struct tls_say *say, enum diag_level level, const char *fmt,
    va_list args)
{
	const struct tls_where *where = &say->cfg->where[say->place];
	char text[TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, args);
	diag_add(say->diag, level, where->file, where->line, "%s: %s",
		 names[say->place], text);
}

bool
tls_fail(const struct tls_say *say, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(say, DIAG_ERROR, fmt, args);
	va_end(args);
	ERR_clear_error();
	return false;
}

void
tls_say(const struct tls_say *say, enum diag_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(say, level, fmt, args);
	va_end(args);
}

const char *
tls_error(void)
{
	unsigned long e = ERR_get_error();
	const char *why = NULL;

	if (e != 0)
		why = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e))
					  : ERR_reason_error_string(e);
	ERR_clear_error();
	return why ? why : "the library says no more";
}
