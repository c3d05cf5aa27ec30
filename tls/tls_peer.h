/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_peer.h: who a client is by its certificate. Whoever has the connection;
 * never blocks. Private to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_PEER_H
#define PENSTOCK_TLS_TLS_PEER_H

#include "engine/base/must.h"

#include <openssl/ssl.h>

#define TLS_FINGERPRINT_BYTES (EVP_MAX_MD_SIZE * 3)

/* "AB:CD:...", by smtpd_tls_fingerprint_digest: keys of relay_clientcerts. */
struct tls_fingerprints {
	char certificate[TLS_FINGERPRINT_BYTES];
	char public_key[TLS_FINGERPRINT_BYTES];
};

/* false, both empty: there is no certificate. */
bool tls_peer_fingerprints(SSL *ssl, struct tls_fingerprints *out);

#endif
