/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why TLS connections fail: the library has some hundreds of codes, an operator
 * has a dozen cases.
 */
#include "tls/tls_reason.h"
#include "engine/base/must.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static const struct {
	const char *key, *text;
} rows[] = {
#define REASON(sym, key, text) [TLS_REASON_##sym] = { key, text },
#include "tls/tls_reason.def"
#undef REASON
};
static_assert(ARRAY_N(rows) == TLS_REASON_N, "a row per reason");

static const struct {
	int code;
	enum tls_reason reason;
} codes[] = {
	{ SSL_R_HTTP_REQUEST, TLS_REASON_NOT_TLS },
	{ SSL_R_HTTPS_PROXY_REQUEST, TLS_REASON_NOT_TLS },
	{ SSL_R_WRONG_VERSION_NUMBER, TLS_REASON_NOT_TLS },
	{ SSL_R_UNKNOWN_PROTOCOL, TLS_REASON_NOT_TLS },
	{ SSL_R_UNSUPPORTED_PROTOCOL, TLS_REASON_VERSION },
	{ SSL_R_VERSION_TOO_LOW, TLS_REASON_VERSION },
	{ SSL_R_VERSION_TOO_HIGH, TLS_REASON_VERSION },
	{ SSL_R_INAPPROPRIATE_FALLBACK, TLS_REASON_VERSION },
	{ SSL_R_NO_SHARED_CIPHER, TLS_REASON_CIPHER },
	{ SSL_R_NO_SHARED_GROUPS, TLS_REASON_CIPHER },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, TLS_REASON_CIPHER },
	{ SSL_R_NO_SUITABLE_GROUPS, TLS_REASON_CIPHER },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_REASON_CIPHER },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_REASON_CIPHER },
	{ SSL_R_NO_CIPHERS_SPECIFIED, TLS_REASON_CIPHER },
	{ SSL_R_CLIENTHELLO_TLSEXT, TLS_REASON_SNI },
	{ SSL_R_CALLBACK_FAILED, TLS_REASON_SNI },
	{ SSL_R_CERTIFICATE_VERIFY_FAILED, TLS_REASON_CLIENT_CERT },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_REASON_CLIENT_CERT },
	{ SSL_R_BAD_SIGNATURE, TLS_REASON_CLIENT_CERT },
	{ ERR_R_MALLOC_FAILURE, TLS_REASON_MEMORY },
};

const char *
tls_reason_key(enum tls_reason reason)
{
	return rows[reason].key;
}

const char *
tls_reason_text(enum tls_reason reason)
{
	return rows[reason].text;
}

enum tls_reason
tls_reason_of(unsigned long error)
{
	int code = ERR_GET_REASON(error);

	if (error == 0)
		return TLS_REASON_OTHER;
	for (size_t i = 0; i < ARRAY_N(codes); i++)
		if (codes[i].code == code)
			return codes[i].reason;
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return TLS_REASON_OTHER;
	/* The library gives the peer's alert as its number plus this. */
	if (code >= SSL_AD_REASON_OFFSET)
		return TLS_REASON_ALERT;
	return TLS_REASON_BROKEN;
}
