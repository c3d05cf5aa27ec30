/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_certs.h: private keys with their certificates and chains, out of PEM
 * files or values of tables: one set, in which each type of key is once, is
 * what one name is served with. One thread makes it; then immutable and any
 * thread's. Private to tls/ and its tests.
 */
#ifndef PENSTOCK_TLS_TLS_CERTS_H
#define PENSTOCK_TLS_TLS_CERTS_H

#include "tls/tls_say.h"

#include <openssl/ssl.h>

#define TLS_CERTS_MAX 4 /* RSA, ECDSA, Ed25519, and one to spare */

struct tls_cert {
	EVP_PKEY *key;
	X509 *cert;
	STACK_OF(X509) * chain; /* NULL: none */
	char *file;		/* where it was found */
};

struct tls_certs {
	struct tls_cert all[TLS_CERTS_MAX];
	unsigned n;
};

/*
 * Each adds to *certs; false after saying why (tls_fail). What was added by
 * then is still the caller's to release.
 */

/* smtpd_tls_cert_file and key_file: the first certificate, the first key. */
MUST_USE bool tls_certs_add_pair(struct tls_certs *certs,
				 const struct tls_say *say,
				 const char *cert_file, const char *key_file);
/* smtpd_tls_chain_files: in each file keys before their certificates. */
MUST_USE bool tls_certs_add_files(struct tls_certs *certs,
				  const struct tls_say *say, struct span files);
/*
 * A value of tls_server_sni_maps: a list of files, or PEM in base64, as
 * postmap -F puts it into tables.
 */
MUST_USE bool tls_certs_add_value(struct tls_certs *certs,
				  const struct tls_say *say, struct span value);
void tls_certs_fini(struct tls_certs *certs);

/* false without memory. */
MUST_USE bool tls_certs_use(const struct tls_certs *certs, SSL_CTX *ctx);
/* Instead of those of its context. */
MUST_USE bool tls_certs_use_now(const struct tls_certs *certs, SSL *ssl);

#endif
