/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_protocol.h: lists of protocols in both of Postfix's forms, and lists of
 * the library's options. Any thread. Private to tls/ and its tests.
 */
#ifndef PENSTOCK_TLS_TLS_PROTOCOL_H
#define PENSTOCK_TLS_TLS_PROTOCOL_H

#include "engine/base/span.h"

/* Versions are those of the wire: 0x0301 is TLS 1.0. 0: no limit. */
struct tls_protocols {
	int version_min, version_max;
	uint64_t options; /* SSL_OP_NO_... of what is left out between */
};

/*
 * "!SSLv2, !SSLv3", "TLSv1.2 TLSv1.3", ">=TLSv1.2, <=0x0304". false: *bad is
 * the word that is wrong, or empty: no protocol is left.
 */
bool tls_protocols_parse(struct span list, struct tls_protocols *out,
			 struct span *bad);

/*
 * tls_ssl_options, or with is_workaround tls_disable_workarounds: names, or one
 * number in hexadecimal. false: *bad is the word that is wrong.
 */
bool tls_options_parse(struct span list, bool is_workaround, uint64_t *out,
		       struct span *bad);

#endif
