/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of protocols and of the library's options, as postconf(5) has them
 * (smtpd_tls_mandatory_protocols, tls_ssl_options, tls_disable_workarounds).
 */
#include "tls/tls_protocol.h"

#include "engine/base/must.h"

#include <openssl/ssl.h>

#define SEPARATORS " \t\r\n,:"

static const struct {
	const char *name;
	int version;
	uint64_t option;
} protocols[] = {
	{ "SSLv2", SSL2_VERSION, 0 }, /* the library has none */
	{ "SSLv3", SSL3_VERSION, SSL_OP_NO_SSLv3 },
	{ "TLSv1", TLS1_VERSION, SSL_OP_NO_TLSv1 },
	{ "TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
	{ "TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
	{ "TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};

static const struct {
	const char *name;
	bool is_workaround;
	uint64_t option;
} options[] = {
	{ "CRYPTOPRO_TLSEXT_BUG", true, SSL_OP_CRYPTOPRO_TLSEXT_BUG },
	{ "DONT_INSERT_EMPTY_FRAGMENTS", true,
	  SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS },
	{ "LEGACY_SERVER_CONNECT", true, SSL_OP_LEGACY_SERVER_CONNECT },
	{ "MICROSOFT_BIG_SSLV3_BUFFER", true, 0 },
	{ "MICROSOFT_SESS_ID_BUG", true, 0 },
	{ "MSIE_SSLV2_RSA_PADDING", true, 0 },
	{ "NETSCAPE_CHALLENGE_BUG", true, 0 },
	{ "NETSCAPE_REUSE_CIPHER_CHANGE_BUG", true, 0 },
	{ "SAFARI_ECDHE_ECDSA_BUG", true, SSL_OP_SAFARI_ECDHE_ECDSA_BUG },
	{ "SSLEAY_080_CLIENT_DH_BUG", true, 0 },
	{ "SSLREF2_REUSE_CERT_TYPE_BUG", true, 0 },
	{ "TLSEXT_PADDING", true, SSL_OP_TLSEXT_PADDING },
	{ "TLS_BLOCK_PADDING_BUG", true, 0 },
	{ "TLS_D5_BUG", true, 0 },
	{ "TLS_ROLLBACK_BUG", true, SSL_OP_TLS_ROLLBACK_BUG },
	{ "ENABLE_MIDDLEBOX_COMPAT", false, SSL_OP_ENABLE_MIDDLEBOX_COMPAT },
	{ "LEGACY_SERVER_CONNECT", false, SSL_OP_LEGACY_SERVER_CONNECT },
	{ "NO_COMPRESSION", false, SSL_OP_NO_COMPRESSION },
	{ "NO_RENEGOTIATION", false, SSL_OP_NO_RENEGOTIATION },
	{ "NO_SESSION_RESUMPTION_ON_RENEGOTIATION", false,
	  SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION },
	{ "NO_TICKET", false, SSL_OP_NO_TICKET },
	{ "PRIORITIZE_CHACHA", false, SSL_OP_PRIORITIZE_CHACHA },
};

static bool
parse_hex(struct span text, uint64_t *out)
{
	uint64_t value = 0;

	if (!span_has_prefix_nocase(text, SPAN("0x")) || text.len < 3 ||
	    text.len > 18)
		return false;
	for (size_t i = 2; i < text.len; i++) {
		char c = ascii_lower(text.p[i]);

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		value = value << 4 |
			(uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*out = value;
	return true;
}

/* Its row, or ARRAY_N(protocols). */
static size_t
find_protocol(struct span name)
{
	size_t i = 0;

	while (i < ARRAY_N(protocols) &&
	       !span_is_equal_nocase(span_of(protocols[i].name), name))
		i++;
	return i;
}

/* What follows ">=" or "<=". */
static bool
parse_limit(struct span text, int *version)
{
	size_t i = find_protocol(text);
	uint64_t value;

	if (text.len == 0) {
		*version = 0;
		return true;
	}
	if (i < ARRAY_N(protocols)) {
		*version = protocols[i].version;
		return true;
	}
	if (!parse_hex(text, &value) || value > 0xffff)
		return false;
	*version = (int)value;
	return true;
}

static bool
parse_word(struct span word, struct tls_protocols *out, unsigned *named,
	   unsigned *refused)
{
	bool is_not = word.p[0] == '!';
	size_t i;

	if (span_has_prefix_nocase(word, SPAN(">=")))
		return parse_limit(span_from(word, 2), &out->version_min);
	if (span_has_prefix_nocase(word, SPAN("<=")))
		return parse_limit(span_from(word, 2), &out->version_max);
	i = find_protocol(span_from(word, is_not));
	if (i == ARRAY_N(protocols))
		return false;
	*(is_not ? refused : named) |= 1u << i;
	return true;
}

bool
tls_protocols_parse(struct span list, struct tls_protocols *out,
		    struct span *bad)
{
	unsigned named = 0, refused = 0;
	bool is_any = false;
	struct span word;

	*out = (struct tls_protocols) { 0 };
	while ((word = span_word(&list, SEPARATORS)).len)
		if (!parse_word(word, out, &named, &refused)) {
			*bad = word;
			return false;
		}
	if (named != 0)
		refused |= ~named;
	for (size_t i = 0; i < ARRAY_N(protocols); i++) {
		int v = protocols[i].version;

		if (refused & 1u << i)
			out->options |= protocols[i].option;
		else if (v >= TLS1_VERSION && v >= out->version_min &&
			 (out->version_max == 0 || v <= out->version_max))
			is_any = true;
	}
	*bad = (struct span) { "", 0 };
	return is_any;
}

bool
tls_options_parse(struct span list, bool is_workaround, uint64_t *out,
		  struct span *bad)
{
	struct span word;

	*out = 0;
	if (parse_hex(span_trim(list), out))
		return true;
	while ((word = span_word(&list, SEPARATORS)).len) {
		size_t i = 0;

		while (i < ARRAY_N(options) &&
		       (options[i].is_workaround != is_workaround ||
			!span_is_equal_nocase(span_of(options[i].name), word)))
			i++;
		if (i == ARRAY_N(options)) {
			*bad = word;
			return false;
		}
		*out |= options[i].option;
	}
	return true;
}
