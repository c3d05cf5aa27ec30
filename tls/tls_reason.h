/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_reason.h: why TLS connections fail: one table for logs and counters. Any
 * thread.
 */
#ifndef PENSTOCK_TLS_TLS_REASON_H
#define PENSTOCK_TLS_TLS_REASON_H

enum tls_reason {
#define REASON(sym, key, text) TLS_REASON_##sym,
#include "tls/tls_reason.def"
#undef REASON
	TLS_REASON_N
};

const char *tls_reason_key(enum tls_reason reason);
const char *tls_reason_text(enum tls_reason reason);
/* What an error code of the library is in this table. */
enum tls_reason tls_reason_of(unsigned long error);

#endif
