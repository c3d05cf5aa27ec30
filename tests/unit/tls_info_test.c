/* SPDX-License-Identifier: BSD-2-Clause */
/* What logs and headers say of a handshake. */
#include "tests/unit/tls_rig.h"

static const struct {
	const char *name;
	int version;
	bool is_rsa, is_certified;
	const char *suite, *cipher, *group;
	const char *trust, *summary, *detail, *peer;
} rows[] = {
	{ "1.3, RSA", TLS1_3_VERSION, true, false, "TLS_AES_256_GCM_SHA384",
	  NULL, "X25519", "Anonymous",
	  "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
	  "key-exchange X25519 server-signature RSA-PSS (2048 bits) "
	  "server-digest SHA256",
	  "No client certificate requested" },
	{ "1.3, ECDSA", TLS1_3_VERSION, false, false, "TLS_AES_128_GCM_SHA256",
	  NULL, "P-384", "Anonymous",
	  "TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits)",
	  "key-exchange ECDHE (secp384r1) server-signature ECDSA (prime256v1) "
	  "server-digest SHA256",
	  "No client certificate requested" },
	{ "1.2", TLS1_2_VERSION, true, false, NULL,
	  "ECDHE-RSA-AES128-GCM-SHA256", "X25519", "Anonymous",
	  "TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)", "",
	  "No client certificate requested" },
	{ "client certificate", TLS1_2_VERSION, true, true, NULL,
	  "ECDHE-RSA-AES128-GCM-SHA256", "X25519:P-256", "Untrusted",
	  "TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)", "",
	  "Client CN \"client ?x? ?y?\", Issuer \"client ?x? ?y?\" (not "
	  "verified)" },
};

static int
take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct rig r = { .version = rows[i].version,
				 .is_rsa = rows[i].is_rsa,
				 .is_client_certified = rows[i].is_certified };
		const struct tls_info *info;

		CHECK_ROW(rows[i].name);
		rig_open(&r);
		if (rows[i].is_certified)
			SSL_CTX_set_verify(r.ctx.ssl, SSL_VERIFY_PEER,
					   take_any);
		if (rows[i].suite)
			SSL_CTX_set_ciphersuites(r.client_ctx, rows[i].suite);
		if (rows[i].cipher)
			SSL_CTX_set_cipher_list(r.client_ctx, rows[i].cipher);
		SSL_CTX_set1_groups_list(r.client_ctx, rows[i].group);
		rig_connect(&r);
		SSL_set_tlsext_host_name(r.client, "mx(1).example.test");
		CHECK(rig_handshake(&r));
		if (tls_conn_state(r.conn) != TLS_OPEN) {
			fprintf(stderr, "\t%s\n", tls_conn_error(r.conn));
			return 1;
		}
		info = tls_conn_info(r.conn);
		CHECK_SPAN(span_of(info->trust), rows[i].trust);
		CHECK_SPAN(span_of(info->summary), rows[i].summary);
		CHECK_SPAN(span_of(info->detail), rows[i].detail);
		CHECK_SPAN(span_of(info->peer), rows[i].peer);
		CHECK_SPAN(span_of(info->certificate),
			   rows[i].is_certified ? "AA:BB" : "");
		CHECK_SPAN(span_of(info->public_key),
			   rows[i].is_certified ? "CC:DD" : "");
		CHECK_SPAN(span_of(info->sni), "mx?1?.example.test");
		CHECK(!info->is_resumed);
		rig_disconnect(&r);
		rig_close(&r);
	}
	return check_end();
}
