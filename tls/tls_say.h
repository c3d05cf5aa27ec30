/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_say.h: findings about a service's TLS settings, each with the place where
 * the parameter stands. One thread. Private to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_SAY_H
#define PENSTOCK_TLS_TLS_SAY_H

#include "engine/base/diag.h"
#include "tls/tls_cfg.h"

/* Whom to tell about which settings. */
struct tls_say {
	const struct tls_cfg *cfg;
	struct diag *diag;
	enum tls_place place; /* of the parameter that is looked at */
};

/* "main.cf:12: smtpd_tls_cert_file: ..."; gives false. */
PRINTF_LIKE(2, 3)
bool tls_fail(const struct tls_say *say, const char *fmt, ...);
PRINTF_LIKE(3, 4)
void tls_say(const struct tls_say *say, enum diag_level level, const char *fmt,
	     ...);
/* The cause of the library's last failure, in words; empties its queue. */
const char *tls_error(void);

#endif
