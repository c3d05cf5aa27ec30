/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates of clients: who is asked, whose signatures count, fingerprints.
 * An untrusted one is no fault (the client may be known by its fingerprint)
 * unless a trusted one is required.
 */
#include "tls/tls_ctx_int.h"
#include "tls/tls_peer.h"

#include <openssl/x509.h>

static int
on_verify_any(int is_ok, X509_STORE_CTX *store)
{
	return 1;
}

static bool
load_authorities(SSL_CTX *ssl, struct tls_say say)
{
	const char *file = say.cfg->ca_file, *path = say.cfg->ca_path;
	STACK_OF(X509_NAME) * names;

	file = file && *file ? file : NULL;
	path = path && *path ? path : NULL;
	say.place = file ? TLS_PLACE_CA_FILE : TLS_PLACE_CA_PATH;
	if ((file || path) &&
	    SSL_CTX_load_verify_locations(ssl, file, path) != 1)
		return tls_fail(&say, "%s: cannot be read: %s",
				file ? file : path, tls_error());
	if (say.cfg->is_default_ca &&
	    SSL_CTX_set_default_verify_paths(ssl) != 1)
		return tls_fail(&say, "tls_append_default_CA: %s", tls_error());
	if (file == NULL || !(say.cfg->is_asking || say.cfg->is_requiring))
		return true;
	names = SSL_load_client_CA_file(file);
	if (names == NULL)
		return tls_fail(&say, "%s: %s", file, tls_error());
	SSL_CTX_set_client_CA_list(ssl, names);
	return true;
}

bool
tls_verify_setup(struct tls_ctx *ctx, const struct tls_say *say_in)
{
	struct tls_say say = *say_in;
	const struct tls_cfg *cfg = say.cfg;
	const char *digest = cfg->digest && *cfg->digest ? cfg->digest
							 : "sha256";
	int mode = SSL_VERIFY_NONE;

	say.place = TLS_PLACE_DIGEST;
	ctx->digest = EVP_get_digestbyname(digest);
	if (ctx->digest == NULL)
		return tls_fail(&say, "%s is no digest: write sha256", digest);
	if (!load_authorities(ctx->ssl, say))
		return false;
	if (cfg->is_asking || cfg->is_requiring)
		mode = SSL_VERIFY_PEER;
	say.place = TLS_PLACE_REQ_CCERT;
	if (cfg->is_requiring && cfg->is_mandatory)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else if (cfg->is_requiring)
		tls_say(&say, DIAG_WARNING,
			"a client is asked for a certificate, but not refused "
			"without one: that needs smtpd_tls_security_level = "
			"encrypt");
	SSL_CTX_set_verify(
		ctx->ssl, mode,
		mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT ? NULL : on_verify_any);
	SSL_CTX_set_verify_depth(ctx->ssl, (int)cfg->verify_depth);
	return true;
}

/* "AB:CD:..." */
static void
put_hex(const unsigned char *bytes, unsigned n, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (unsigned i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
		*out++ = i + 1 < n ? ':' : '\0';
	}
}

bool
tls_peer_fingerprints(SSL *ssl, struct tls_fingerprints *out)
{
	const EVP_MD *md = tls_ctx_of(ssl)->digest;
	X509 *cert = SSL_get0_peer_certificate(ssl);
	unsigned char sum[EVP_MAX_MD_SIZE], *key = NULL;
	unsigned n;
	int len;

	*out = (struct tls_fingerprints) { 0 };
	if (cert == NULL || X509_digest(cert, md, sum, &n) != 1)
		return false;
	put_hex(sum, n, out->certificate);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
	if (len <= 0)
		return false;
	if (EVP_Digest(key, (size_t)len, sum, &n, md, NULL) != 1)
		n = 0;
	OPENSSL_free(key);
	if (n > 0)
		put_hex(sum, n, out->public_key);
	return n > 0;
}
