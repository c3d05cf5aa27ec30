/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's codes in the operator's table. */
#include "tls/tls_reason.h"
#include "tests/unit/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static const struct {
	const char *name;
	int lib, code;
	enum tls_reason reason;
} rows[] = {
	{ "nothing", 0, 0, TLS_REASON_OTHER },
	{ "HTTP", ERR_LIB_SSL, SSL_R_HTTP_REQUEST, TLS_REASON_NOT_TLS },
	{ "TLS 1.0", ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL,
	  TLS_REASON_VERSION },
	{ "no cipher", ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, TLS_REASON_CIPHER },
	{ "no certificate", ERR_LIB_SSL,
	  SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_REASON_CLIENT_CERT },
	{ "unknown CA, says the peer", ERR_LIB_SSL,
	  SSL_R_TLSV1_ALERT_UNKNOWN_CA, TLS_REASON_ALERT },
	{ "bad MAC", ERR_LIB_SSL, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
	  TLS_REASON_BROKEN },
	{ "another library's", ERR_LIB_EVP, 100, TLS_REASON_OTHER },
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned long error =
			rows[i].lib ? ERR_PACK(rows[i].lib, 0, rows[i].code)
				    : 0;

		CHECK_ROW(rows[i].name);
		CHECK(tls_reason_of(error) == rows[i].reason);
	}
	CHECK_ROW("texts");
	for (int i = 0; i < TLS_REASON_N; i++) {
		CHECK(*tls_reason_key((enum tls_reason)i) != '\0');
		CHECK((*tls_reason_text((enum tls_reason)i) == '\0') ==
		      (i == TLS_REASON_NONE));
	}
	return check_end();
}
