/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of protocols and options in every form that postconf(5) has. */
#include "tls/tls_protocol.h"
#include "tests/unit/check.h"
#include "engine/base/must.h"

#include <openssl/ssl.h>

#define NO_OLD (SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1)

static const struct {
	const char *list;
	int min, max;
	uint64_t options;
	const char *bad; /* NULL: it is right */
} lists[] = {
	{ "", 0, 0, 0, NULL },
	{ "!SSLv2, !SSLv3", 0, 0, SSL_OP_NO_SSLv3, NULL },
	{ "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1", 0, 0, NO_OLD, NULL },
	{ ">=TLSv1.2", TLS1_2_VERSION, 0, 0, NULL },
	{ ">=tlsv1.2, <=TLSV1.3", TLS1_2_VERSION, TLS1_3_VERSION, 0, NULL },
	{ ">=0x0303 <=0304", TLS1_2_VERSION, 0, 0, "<=0304" },
	{ ">=0x0303 <=0x0304", TLS1_2_VERSION, TLS1_3_VERSION, 0, NULL },
	{ ">=", 0, 0, 0, NULL },
	{ "TLSv1.2 TLSv1.3", 0, 0, NO_OLD, NULL },
	{ "TLSv1.3", 0, 0, NO_OLD | SSL_OP_NO_TLSv1_2, NULL },
	{ "TLSv1.2, !TLSv1.2", 0, 0, 0, "" },
	{ ">=TLSv1.3, <=TLSv1.2", 0, 0, 0, "" },
	{ "SSLv2", 0, 0, 0, "" },
	{ "TLSv1.4", 0, 0, 0, "TLSv1.4" },
	{ "!TLSv1.4", 0, 0, 0, "!TLSv1.4" },
	{ ">TLSv1.2", 0, 0, 0, ">TLSv1.2" },
	{ ">=0x", 0, 0, 0, ">=0x" },
	{ ">=0x10303", 0, 0, 0, ">=0x10303" },
	{ "!", 0, 0, 0, "!" },
};

static const struct {
	const char *list;
	bool is_workaround;
	uint64_t value;
	const char *bad;
} words[] = {
	{ "", false, 0, NULL },
	{ "NO_TICKET", false, SSL_OP_NO_TICKET, NULL },
	{ "no_ticket, PRIORITIZE_CHACHA", false,
	  SSL_OP_NO_TICKET | SSL_OP_PRIORITIZE_CHACHA, NULL },
	{ "0x4000", false, 0x4000, NULL },
	{ "NO_TICKETS", false, 0, "NO_TICKETS" },
	{ "TLSEXT_PADDING", false, 0, "TLSEXT_PADDING" },
	{ "TLSEXT_PADDING", true, SSL_OP_TLSEXT_PADDING, NULL },
	{ "MICROSOFT_SESS_ID_BUG", true, 0, NULL },
	{ "0xfffffffff", true, 0xfffffffff, NULL },
	{ "0x11112222333344445", true, 0, "0x11112222333344445" },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(lists); i++) {
		struct tls_protocols p;
		struct span bad = { "", 0 };
		bool is_ok =
			tls_protocols_parse(span_of(lists[i].list), &p, &bad);

		CHECK_ROW(lists[i].list);
		CHECK(is_ok == (lists[i].bad == NULL));
		if (lists[i].bad != NULL) {
			CHECK_SPAN(bad, lists[i].bad);
			continue;
		}
		CHECK(p.version_min == lists[i].min);
		CHECK(p.version_max == lists[i].max);
		CHECK(p.options == lists[i].options);
	}
	for (size_t i = 0; i < ARRAY_N(words); i++) {
		struct span bad = { "", 0 };
		uint64_t value;
		bool is_ok = tls_options_parse(span_of(words[i].list),
					       words[i].is_workaround, &value,
					       &bad);

		CHECK_ROW(words[i].list);
		CHECK(is_ok == (words[i].bad == NULL));
		if (is_ok)
			CHECK(value == words[i].value);
		else
			CHECK_SPAN(bad, words[i].bad);
	}
	return check_end();
}
