/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OCSP stapling out of files: each has one answer in DER, as "openssl ocsp
 * -respout" writes it, about one certificate or more, found by serial number.
 * Fetching them is another program's work; a reload reads them again. Whose
 * signature they bear is for clients to check.
 */
#include "tls/tls_ctx_int.h"

#include <errno.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <time.h>

#define SEPARATORS	 " \t\r\n,"
#define ANSWER_BYTES_MAX (64u * 1024)

/* One certificate's answer. */
struct answer {
	struct answer *next;
	ASN1_INTEGER *serial;
	int64_t end_s; /* INT64_MAX: it does not say */
	unsigned char *der;
	size_t der_bytes;
};

struct tls_ocsp {
	struct answer *first;
};

static int64_t
seconds_of(const ASN1_GENERALIZEDTIME *t)
{
	struct tm tm;

	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return INT64_MAX;
	return (int64_t)timegm(&tm);
}

static void
add_single(struct tls_ocsp *ocsp, OCSP_SINGLERESP *single,
	   const unsigned char *der, size_t der_bytes)
{
	OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
	ASN1_GENERALIZEDTIME *until = NULL;
	ASN1_INTEGER *serial = NULL;
	struct answer *a = must_alloc(sizeof(*a));

	OCSP_single_get0_status(single, NULL, NULL, NULL, &until);
	must(OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) == 1);
	a->serial = ASN1_INTEGER_dup(serial);
	a->end_s = seconds_of(until);
	a->der = OPENSSL_memdup(der, der_bytes);
	must(a->serial != NULL && a->der != NULL);
	a->der_bytes = der_bytes;
	a->next = ocsp->first;
	ocsp->first = a;
}

static const char *
add_der(struct tls_ocsp *ocsp, const unsigned char *der, size_t der_bytes)
{
	const unsigned char *at = der;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der_bytes);
	OCSP_BASICRESP *basic;
	int status;

	if (response == NULL)
		return "no OCSP response in DER";
	status = OCSP_response_status(response);
	basic = status == OCSP_RESPONSE_STATUS_SUCCESSFUL
			? OCSP_response_get1_basic(response)
			: NULL;
	OCSP_RESPONSE_free(response);
	if (basic == NULL)
		return status == OCSP_RESPONSE_STATUS_SUCCESSFUL
			       ? "an OCSP response of an unknown type"
			       : OCSP_response_status_str(status);
	for (int i = 0; i < OCSP_resp_count(basic); i++)
		add_single(ocsp, OCSP_resp_get0(basic, i), der, der_bytes);
	OCSP_BASICRESP_free(basic);
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
add_file(struct tls_ocsp *ocsp, const char *file)
{
	unsigned char *der = malloc(ANSWER_BYTES_MAX);
	FILE *f = fopen(file, "re");
	const char *why = NULL;
	size_t n = 0;

	must(der != NULL);
	if (f == NULL) {
		free(der);
		return strerror(errno);
	}
	n = fread(der, 1, ANSWER_BYTES_MAX, f);
	if (ferror(f))
		why = "cannot be read";
	else if (n == ANSWER_BYTES_MAX)
		why = "too large for an OCSP response";
	else
		why = add_der(ocsp, der, n);
	fclose(f);
	free(der);
	return why;
}

/* Sent along, as long as it holds. */
static int
on_status(SSL *ssl, void *arg)
{
	const struct tls_ocsp *ocsp = tls_ctx_of(ssl)->ocsp;
	X509 *cert = SSL_get_certificate(ssl);
	unsigned char *copy;

	for (struct answer *a = ocsp->first; cert && a; a = a->next) {
		if (ASN1_INTEGER_cmp(a->serial, X509_get0_serialNumber(cert)) ||
		    a->end_s <= (int64_t)time(NULL))
			continue;
		copy = OPENSSL_memdup(a->der, a->der_bytes);
		if (copy == NULL)
			break;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)a->der_bytes);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

void
tls_ocsp_setup(struct tls_ctx *ctx, const struct tls_say *say_in)
{
	struct span left = span_of(say_in->cfg->ocsp_file), word;
	struct tls_ocsp *ocsp = must_alloc(sizeof(*ocsp));
	struct tls_say say = *say_in;

	say.place = TLS_PLACE_OCSP_FILE;
	while ((word = span_word(&left, SEPARATORS)).len) {
		char *file = strndup(word.p, word.len);
		const char *why;

		must(file != NULL);
		why = add_file(ocsp, file);
		if (why != NULL)
			tls_say(&say, DIAG_WARNING,
				"%s: %s: nothing is stapled from it: fetch it "
				"anew",
				file, why);
		free(file);
	}
	for (struct answer *a = ocsp->first; a != NULL; a = a->next)
		if (a->end_s <= (int64_t)time(NULL))
			tls_say(&say, DIAG_WARNING,
				"a response is out of date and is not sent: "
				"fetch it anew");
	(void)tls_error();
	ctx->ocsp = ocsp;
	if (ocsp->first == NULL)
		tls_ocsp_free(&ctx->ocsp);
	else
		SSL_CTX_set_tlsext_status_cb(ctx->ssl, on_status);
}

void
tls_ocsp_free(struct tls_ocsp **ocsp_inout)
{
	struct tls_ocsp *ocsp = *ocsp_inout;

	*ocsp_inout = NULL;
	while (ocsp != NULL && ocsp->first != NULL) {
		struct answer *a = ocsp->first;

		ocsp->first = a->next;
		ASN1_INTEGER_free(a->serial);
		OPENSSL_free(a->der);
		free(a);
	}
	free(ocsp);
}
