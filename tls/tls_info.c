/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a handshake has agreed on, in the words of Postfix's log lines and
 * Received: headers; made once, on the TLS thread.
 */
#include "engine/base/print.h"
#include "tls/tls_conn.h"
#include "tls/tls_peer.h"

#include <openssl/x509.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 128
#define TEXT_MAX_BYTES (1024 + 2 * TLS_FINGERPRINT_BYTES)

/* What a peer says of itself goes into headers and logs: keep it harmless. */
static void
put_clean(struct print *pr, const char *text)
{
	for (size_t i = 0; text[i] != '\0' && i < NAME_MAX_BYTES; i++) {
		char c = text[i];

		if (c < ' ' || c > '~' || strchr("\"\\()", c))
			c = '?';
		print_span(pr, (struct span) { &c, 1 });
	}
}

static void
put_number(struct print *pr, const char *before, int n, const char *after)
{
	print_text(pr, before);
	print_u64(pr, n > 0 ? (uint64_t)n : 0, 1);
	print_text(pr, after);
}

static void
put_summary(struct print *pr, const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	int alg_bits = 0, use_bits = SSL_CIPHER_get_bits(cipher, &alg_bits);

	print_text(pr, SSL_get_version(ssl));
	print_text(pr, " with cipher ");
	print_text(pr, SSL_CIPHER_get_name(cipher));
	put_number(pr, " (", use_bits, "/");
	put_number(pr, "", alg_bits, " bits)");
}

static void
put_group(struct print *pr, const EVP_PKEY *key)
{
	char name[48];

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL)) {
		print_text(pr, " (");
		put_clean(pr, name);
		print_text(pr, ")");
	}
}

static void
put_exchange(struct print *pr, SSL *ssl)
{
	EVP_PKEY *key = NULL;

	if (!SSL_get_tmp_key(ssl, &key))
		return;
	print_text(pr, "key-exchange ");
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_DH:
		put_number(pr, "DHE (", EVP_PKEY_get_bits(key), " bits)");
		break;
	case EVP_PKEY_EC:
		print_text(pr, "ECDHE");
		put_group(pr, key);
		break;
	default:
		print_text(pr, OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
	}
	EVP_PKEY_free(key);
}

static void
put_signature(struct print *pr, SSL *ssl)
{
	X509 *cert = SSL_get_certificate(ssl);
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	int nid;

	if (key == NULL || SSL_session_reused(ssl))
		return;
	print_text(pr, " server-signature ");
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA: /* RFC 8446 allows nothing else */
		put_number(pr, "RSA-PSS (", EVP_PKEY_get_bits(key), " bits)");
		break;
	case EVP_PKEY_EC:
		print_text(pr, "ECDSA");
		put_group(pr, key);
		break;
	default:
		print_text(pr, OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
	}
	if (SSL_get_signature_nid(ssl, &nid) && nid != NID_undef) {
		print_text(pr, " server-digest ");
		print_text(pr, OBJ_nid2sn(nid));
	}
}

static void
put_common_name(struct print *pr, const X509_NAME *name)
{
	char text[NAME_MAX_BYTES + 1] = "";

	if (X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, text,
				      sizeof(text)) < 0)
		text[0] = '\0';
	put_clean(pr, text);
}

static void
put_peer(struct print *pr, SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);

	if (cert == NULL) {
		print_text(pr, SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER
				       ? "Client did not present a certificate"
				       : "No client certificate requested");
		return;
	}
	print_text(pr, "Client CN \"");
	put_common_name(pr, X509_get_subject_name(cert));
	print_text(pr, "\", Issuer \"");
	put_common_name(pr, X509_get_issuer_name(cert));
	print_text(pr, SSL_get_verify_result(ssl) == X509_V_OK
			       ? "\" (verified OK)"
			       : "\" (not verified)");
}

/* Ends the string that begins at `at`. */
static size_t
end_string(struct print *pr)
{
	print_span(pr, (struct span) { "", 1 });
	return pr->len;
}

bool
tls_info_take(struct tls_conn *c)
{
	const char *sni = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
	X509 *cert = SSL_get0_peer_certificate(c->ssl);
	char text[TEXT_MAX_BYTES];
	struct print pr = PRINT_INTO(text);
	size_t detail_at, peer_at, sni_at, cert_at, key_at;
	struct tls_fingerprints prints;

	put_summary(&pr, c->ssl);
	detail_at = end_string(&pr);
	if (SSL_version(c->ssl) >= TLS1_3_VERSION) {
		put_exchange(&pr, c->ssl);
		put_signature(&pr, c->ssl);
	}
	peer_at = end_string(&pr);
	put_peer(&pr, c->ssl);
	sni_at = end_string(&pr);
	put_clean(&pr, sni ? sni : "");
	(void)tls_peer_fingerprints(c->ssl, &prints);
	cert_at = end_string(&pr);
	print_text(&pr, prints.certificate);
	key_at = end_string(&pr);
	print_text(&pr, prints.public_key);
	end_string(&pr);
	must(pr.len < pr.cap);
	c->info_text = malloc(pr.len);
	if (c->info_text == NULL)
		return false;
	memcpy(c->info_text, text, pr.len);
	c->info = (struct tls_info) {
		.protocol = SSL_get_version(c->ssl),
		.trust = cert == NULL ? "Anonymous"
			 : SSL_get_verify_result(c->ssl) == X509_V_OK
				 ? "Trusted"
				 : "Untrusted",
		.summary = c->info_text,
		.detail = c->info_text + detail_at,
		.peer = c->info_text + peer_at,
		.sni = c->info_text + sni_at,
		.certificate = c->info_text + cert_at,
		.public_key = c->info_text + key_at,
		.is_resumed = SSL_session_reused(c->ssl),
	};
	return true;
}
