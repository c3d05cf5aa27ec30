/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_files.h: certificates in files of their own folder, contexts made of
 * them, and handshakes with those over memory. One thread.
 */
#ifndef PENSTOCK_TESTS_TLS_FILES_H
#define PENSTOCK_TESTS_TLS_FILES_H

#include "tests/unit/check.h"
#include "tls/tls_ctx_int.h"
#include "tls/tls_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static char files_dir[] = "/tmp/penstock-tls.XXXXXX";

static UNUSED void
files_open(void)
{
	must(mkdtemp(files_dir) != NULL);
}

static UNUSED void
files_close(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", files_dir);
	must(system(command) == 0);
}

/* A path in the folder; a few stay valid at once. */
static UNUSED const char *
files_path(const char *name)
{
	static char paths[16][128];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", files_dir, name);
	return path;
}

static UNUSED EVP_PKEY *
make_key(const char *type)
{
	EVP_PKEY *key = strcmp(type, "rsa") == 0 ? EVP_RSA_gen(2048)
						 : EVP_EC_gen("P-256");

	must(key != NULL);
	return key;
}

/* From `from` to `until` seconds from now; signed by itself, or by issuer. */
static UNUSED X509 *
make_cert(EVP_PKEY *key, const char *name, long from, long until, X509 *issuer,
	  EVP_PKEY *issuer_key)
{
	static long serial = 1000;
	char san[200];
	X509V3_CTX ext_ctx;
	X509_EXTENSION *ext;
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	must(X509_set_version(x, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), until);
	must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					(const unsigned char *)name, -1, -1,
					0) == 1);
	must(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer)
					    : subject) == 1);
	must(X509_set_pubkey(x, key) == 1);
	snprintf(san, sizeof(san), "DNS:%s", name);
	X509V3_set_ctx_nodb(&ext_ctx);
	ext = X509V3_EXT_conf_nid(NULL, &ext_ctx, NID_subject_alt_name, san);
	must(ext != NULL && X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
	ext = X509V3_EXT_conf_nid(NULL, &ext_ctx, NID_basic_constraints,
				  issuer ? "CA:FALSE" : "CA:TRUE");
	must(ext != NULL && X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
	must(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()) > 0);
	return x;
}

static UNUSED void
write_pem(const char *path, const char *mode, EVP_PKEY *key, X509 *cert)
{
	FILE *f = fopen(path, mode);

	must(f != NULL);
	must(key == NULL ||
	     PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	must(cert == NULL || PEM_write_X509(f, cert) == 1);
	must(fclose(f) == 0);
}

static UNUSED void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* NAME.key, NAME.pem and NAME.chain (key first), self-signed for a day. */
static UNUSED void
files_make(const char *type, const char *name)
{
	EVP_PKEY *key = make_key(type);
	X509 *cert = make_cert(key, name, -60, 86400, NULL, NULL);
	char file[64];

	snprintf(file, sizeof(file), "%s.key", name);
	write_pem(files_path(file), "w", key, NULL);
	snprintf(file, sizeof(file), "%s.pem", name);
	write_pem(files_path(file), "w", NULL, cert);
	snprintf(file, sizeof(file), "%s.chain", name);
	write_pem(files_path(file), "w", key, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* A context with the certificate NAME, which the caller may change first. */
static UNUSED struct tls_cfg
cfg_of(const char *name)
{
	char cert[64], key[64];

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	return (struct tls_cfg) {
		.cert_file = files_path(cert),
		.key_file = files_path(key),
		.protocols = ">=TLSv1.2",
		.mandatory_protocols = ">=TLSv1.2",
		.ciphers = TLS_GRADE_MEDIUM,
		.mandatory_ciphers = TLS_GRADE_MEDIUM,
		.lists = { [TLS_GRADE_MEDIUM] = "HIGH:MEDIUM" },
		.curves = "X25519 prime256v1",
		.session_us = 3600000000,
		.verify_depth = 9,
	};
}

/* One that has to work. */
static UNUSED struct tls_ctx *
ctx_of(const struct tls_cfg *cfg, struct tls_shared *shared)
{
	struct diag diag;
	struct tls_ctx *ctx;

	diag_init(&diag);
	ctx = tls_ctx_new(cfg, shared, &diag);
	diag_print(&diag, DIAG_WARNING);
	must(ctx != NULL);
	diag_fini(&diag);
	return ctx;
}

/* What a client wants, and what came of it. */
struct meeting {
	int version; /* 0: any */
	const char *name, *ciphers, *groups;
	bool is_without_tickets;
	bool is_stapled;
	const char *alpn;     /* with its length before it */
	SSL_SESSION *session; /* to be resumed, or NULL */
	X509 *cert;	      /* the client's own */
	EVP_PKEY *key;
	/* the outcome */
	SSL *client, *server;
	bool is_done;
	SSL_SESSION *next; /* to be resumed later: the caller's */
};

static UNUSED int
on_client_session(SSL *ssl, SSL_SESSION *session)
{
	struct meeting *m = SSL_get_app_data(ssl);

	SSL_SESSION_free(m->next);
	m->next = session;
	return 1;
}

static UNUSED SSL_CTX *
client_ctx(const struct meeting *m)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx != NULL);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
						    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_client_session);
	must(SSL_CTX_set_min_proto_version(ctx, m->version) == 1);
	must(SSL_CTX_set_max_proto_version(ctx, m->version) == 1);
	if (m->ciphers != NULL)
		must(SSL_CTX_set_cipher_list(ctx, m->ciphers) == 1);
	if (m->groups != NULL)
		must(SSL_CTX_set1_groups_list(ctx, m->groups) == 1);
	if (m->is_without_tickets)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	if (m->cert != NULL)
		must(SSL_CTX_use_cert_and_key(ctx, m->cert, m->key, NULL, 1) ==
		     1);
	return ctx;
}

/* One after the other until both are done or nothing moves. */
static UNUSED void
meet(struct meeting *m, struct tls_ctx *ctx)
{
	SSL_CTX *own = client_ctx(m);
	BIO *a, *b;
	int c = 0, s = 0;
	char byte;

	must(BIO_new_bio_pair(&a, 65536, &b, 65536) == 1);
	m->client = SSL_new(own);
	m->server = SSL_new(tls_ctx_ssl(ctx));
	SSL_CTX_free(own);
	must(m->client != NULL && m->server != NULL);
	SSL_set_bio(m->client, a, a);
	SSL_set_bio(m->server, b, b);
	SSL_set_app_data(m->client, m);
	if (m->name != NULL)
		must(SSL_set_tlsext_host_name(m->client, m->name) == 1);
	if (m->alpn != NULL)
		must(SSL_set_alpn_protos(m->client,
					 (const unsigned char *)m->alpn,
					 (unsigned)strlen(m->alpn)) == 0);
	if (m->is_stapled)
		SSL_set_tlsext_status_type(m->client, TLSEXT_STATUSTYPE_ocsp);
	if (m->session != NULL)
		must(SSL_set_session(m->client, m->session) == 1);
	SSL_set_connect_state(m->client);
	SSL_set_accept_state(m->server);
	for (int i = 0; i < 20 && (c != 1 || s != 1); i++) {
		c = SSL_do_handshake(m->client);
		s = SSL_do_handshake(m->server);
	}
	if (c == 1) /* what follows: tickets, or an alert */
		(void)!SSL_read(m->client, &byte, 1);
	m->is_done = c == 1 && s == 1;
	ERR_clear_error();
}

static UNUSED void
part(struct meeting *m)
{
	if (m->is_done) {
		SSL_shutdown(m->client);
		SSL_shutdown(m->server);
	}
	SSL_free(m->client);
	SSL_free(m->server);
	m->client = m->server = NULL;
	ERR_clear_error();
}

/* The name of the server's certificate, or "". */
static UNUSED const char *
name_seen(const struct meeting *m)
{
	static char name[100];
	X509 *cert = SSL_get0_peer_certificate(m->client);

	name[0] = '\0';
	if (cert != NULL)
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
					  NID_commonName, name, sizeof(name));
	return name;
}

#endif
