/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and certificates out of PEM. A key comes before its certificate, which
 * comes before those that sign it; a pair of files gives the two apart.
 */
#include "tls/tls_certs.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1u << 20)
#define SEPARATORS     " \t\r\n,"

/* What one PEM object is to us. */
enum kind { KIND_KEY, KIND_LOCKED_KEY, KIND_CERT, KIND_OTHER };

static enum kind
kind_of(const char *name, const char *header)
{
	if (strcmp(name, PEM_STRING_X509) == 0 ||
	    strcmp(name, PEM_STRING_X509_OLD) == 0 ||
	    strcmp(name, PEM_STRING_X509_TRUSTED) == 0)
		return KIND_CERT;
	if (strcmp(name, PEM_STRING_PKCS8) == 0)
		return KIND_LOCKED_KEY;
	if (strcmp(name, PEM_STRING_PKCS8INF) != 0 &&
	    strcmp(name, PEM_STRING_RSA) != 0 &&
	    strcmp(name, PEM_STRING_ECPRIVATEKEY) != 0)
		return KIND_OTHER;
	return strstr(header, "ENCRYPTED") ? KIND_LOCKED_KEY : KIND_KEY;
}

static void
release(struct tls_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->cert);
	sk_X509_pop_free(c->chain, X509_free);
	free(c->file);
	*c = (struct tls_cert) { 0 };
}

void
tls_certs_fini(struct tls_certs *certs)
{
	while (certs->n > 0)
		release(&certs->all[--certs->n]);
}

/* Takes *c into the set, or releases it. */
static bool
add(struct tls_certs *certs, const struct tls_say *say, struct tls_cert *c)
{
	const char *why = NULL;

	if (c->cert == NULL)
		why = "a private key without its certificate: the certificate "
		      "comes after the key";
	else if (X509_check_private_key(c->cert, c->key) != 1)
		why = "the private key is not that of the certificate: put the "
		      "two together that were made together";
	else if (certs->n == TLS_CERTS_MAX)
		why = "too many certificates: one of each type is enough";
	for (unsigned i = 0; why == NULL && i < certs->n; i++)
		if (EVP_PKEY_get_base_id(certs->all[i].key) ==
		    EVP_PKEY_get_base_id(c->key))
			why = "there is a certificate of this type of key "
			      "already: take one out";
	if (why != NULL) {
		tls_fail(say, "%s: %s", c->file ? c->file : "the value", why);
		release(c);
		return false;
	}
	certs->all[certs->n++] = *c;
	*c = (struct tls_cert) { 0 };
	return true;
}

/* --- objects in order --- */

/* What reads one source, or several, object by object. */
struct reader {
	struct tls_certs *certs;
	const struct tls_say *say;
	const char *file;    /* or NULL */
	bool is_pair;	     /* only the first of each is wanted */
	struct tls_cert now; /* not complete yet */
	unsigned objects_n;
};

static const char *
name_of(const struct reader *r)
{
	return r->file ? r->file : "the value";
}

static bool
take_key(struct reader *r, const unsigned char *data, long len)
{
	if (r->is_pair && r->now.key != NULL)
		return true;
	if (!r->is_pair && r->now.key != NULL &&
	    !add(r->certs, r->say, &r->now))
		return false;
	r->now.key = d2i_AutoPrivateKey(NULL, &data, len);
	if (r->now.key == NULL)
		return tls_fail(r->say, "%s: not a private key: %s", name_of(r),
				tls_error());
	if (r->now.file == NULL && r->file != NULL)
		r->now.file = strdup(r->file);
	return true;
}

static bool
take_cert(struct reader *r, const unsigned char *data, long len)
{
	X509 *x = d2i_X509_AUX(NULL, &data, len);

	if (x == NULL)
		return tls_fail(r->say, "%s: not a certificate: %s", name_of(r),
				tls_error());
	if (!r->is_pair && r->now.key == NULL) {
		X509_free(x);
		return tls_fail(r->say,
				"%s: a certificate before its private key: put "
				"the key first",
				name_of(r));
	}
	if (r->now.cert == NULL) {
		r->now.cert = x;
		return true;
	}
	if (r->now.chain == NULL)
		r->now.chain = sk_X509_new_null();
	must(r->now.chain != NULL && sk_X509_push(r->now.chain, x) > 0);
	return true;
}

static bool
take(struct reader *r, enum kind kind, const unsigned char *data, long len)
{
	switch (kind) {
	case KIND_KEY:
		return take_key(r, data, len);
	case KIND_CERT:
		return take_cert(r, data, len);
	case KIND_LOCKED_KEY:
		return tls_fail(r->say,
				"%s: the private key has a pass phrase, which "
				"nobody could type: take it off with \"openssl "
				"pkey -in FILE -out NEW\"",
				name_of(r));
	case KIND_OTHER:
		break;
	}
	return true;
}

/* wanted: of a pair's file, the kind that it is read for; else KIND_OTHER. */
static bool
read_bio(struct reader *r, BIO *bio, enum kind wanted)
{
	char *name, *header;
	unsigned char *data;
	bool is_ok = true;
	long len;

	r->objects_n = 0;
	while (is_ok && PEM_read_bio(bio, &name, &header, &data, &len)) {
		enum kind kind = kind_of(name, header);
		bool is_key = kind == KIND_KEY || kind == KIND_LOCKED_KEY;

		if (wanted == KIND_OTHER || is_key == (wanted == KIND_KEY)) {
			r->objects_n += kind != KIND_OTHER;
			is_ok = take(r, kind, data, len);
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	if (!is_ok)
		return false;
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return tls_fail(r->say, "%s: damaged PEM: %s", name_of(r),
				tls_error());
	ERR_clear_error();
	if (r->objects_n > 0)
		return true;
	return tls_fail(r->say, "%s: there is no %s in it, in PEM form",
			name_of(r),
			wanted == KIND_KEY    ? "private key"
			: wanted == KIND_CERT ? "certificate"
					      : "private key or certificate");
}

static bool
read_file(struct reader *r, const char *file, enum kind wanted)
{
	FILE *f = fopen(file, "re");
	bool is_ok;
	BIO *bio;

	if (f == NULL)
		return tls_fail(
			r->say, "%s: cannot read: %s%s", file, strerror(errno),
			errno == EACCES ? ": the user that Penstock runs as "
					  "(penstock_user) has to read it when "
					  "it is reloaded; or restart"
					: "");
	bio = BIO_new_fp(f, BIO_CLOSE);
	must(bio != NULL);
	r->file = file;
	is_ok = read_bio(r, bio, wanted);
	r->file = NULL;
	BIO_free(bio);
	return is_ok;
}

bool
tls_certs_add_pair(struct tls_certs *certs, const struct tls_say *say,
		   const char *cert_file, const char *key_file)
{
	struct reader r = { .certs = certs, .say = say, .is_pair = true };

	ERR_clear_error();
	if (!read_file(&r, cert_file, KIND_CERT) ||
	    !read_file(&r, key_file, KIND_KEY)) {
		release(&r.now);
		return false;
	}
	free(r.now.file);
	r.now.file =
		strdup(strcmp(cert_file, key_file) == 0 ? cert_file : key_file);
	return add(certs, say, &r.now);
}

/* The last key's certificates are complete. */
static bool
finish(struct reader *r, bool is_ok)
{
	if (is_ok && r->now.key != NULL)
		return add(r->certs, r->say, &r->now);
	release(&r->now);
	return is_ok;
}

bool
tls_certs_add_files(struct tls_certs *certs, const struct tls_say *say,
		    struct span files)
{
	struct reader r = { .certs = certs, .say = say };
	unsigned before_n = certs->n;
	bool is_ok = true;
	struct span word;

	ERR_clear_error();
	while (is_ok && (word = span_word(&files, SEPARATORS)).len) {
		char *file = strndup(word.p, word.len);

		must(file != NULL);
		is_ok = read_file(&r, file, KIND_OTHER);
		free(file);
	}
	is_ok = finish(&r, is_ok);
	if (is_ok && certs->n == before_n)
		return tls_fail(say, "no file is named");
	return is_ok;
}

/* The bytes behind base64, or NULL: it is something else. */
static unsigned char *
decode(struct span text, size_t *len_out)
{
	unsigned char *out;
	int len;

	text = span_trim(text);
	if (text.len < 8 || text.len % 4 != 0 || text.len > FILE_BYTES_MAX)
		return NULL;
	out = malloc(text.len / 4 * 3 + 1);
	must(out != NULL);
	len = EVP_DecodeBlock(out, (const unsigned char *)text.p,
			      (int)text.len);
	if (len > 0) {
		out[len] = '\0';
		*len_out = (size_t)len;
		/* Padding is decoded as zero bytes, which end the string. */
		if (strstr((char *)out, "-----BEGIN ") != NULL)
			return out;
	}
	ERR_clear_error();
	free(out);
	return NULL;
}

bool
tls_certs_add_value(struct tls_certs *certs, const struct tls_say *say,
		    struct span value)
{
	struct reader r = { .certs = certs, .say = say };
	size_t len;
	unsigned char *pem = decode(value, &len);
	BIO *bio;
	bool is_ok;

	if (pem == NULL)
		return tls_certs_add_files(certs, say, value);
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem, (int)strnlen((char *)pem, len));
	must(bio != NULL);
	is_ok = finish(&r, read_bio(&r, bio, KIND_OTHER));
	BIO_free(bio);
	OPENSSL_cleanse(pem, len);
	free(pem);
	return is_ok;
}

bool
tls_certs_use(const struct tls_certs *certs, SSL_CTX *ctx)
{
	for (unsigned i = 0; i < certs->n; i++)
		if (SSL_CTX_use_cert_and_key(ctx, certs->all[i].cert,
					     certs->all[i].key,
					     certs->all[i].chain, 1) != 1)
			return false;
	return true;
}

bool
tls_certs_use_now(const struct tls_certs *certs, SSL *ssl)
{
	SSL_certs_clear(ssl);
	for (unsigned i = 0; i < certs->n; i++)
		if (SSL_use_cert_and_key(ssl, certs->all[i].cert,
					 certs->all[i].key, certs->all[i].chain,
					 1) != 1)
			return false;
	return true;
}
