/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is parsed of TLS settings: a line of protocols, one of options, and a
 * value of tls_server_sni_maps in base64, which is certificates that somebody
 * else wrote. No value names a file here: files are the same parser's input.
 */
#include "tls/tls_certs.h"
#include "tls/tls_protocol.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
try_certs(struct span pem)
{
	struct tls_cfg cfg = { .cert_file = "" };
	struct tls_certs certs = { .n = 0 };
	struct diag diag;
	struct tls_say say = { &cfg, &diag, TLS_PLACE_SNI_MAPS };
	size_t room = pem.len * 2 + 8;
	char *text = must_alloc(room);
	int len = EVP_EncodeBlock((unsigned char *)text,
				  (const unsigned char *)pem.p, (int)pem.len);
	struct span value = { text, (size_t)len };

	diag_init(&diag);
	/* Without this it would be a list of files. */
	if (memmem(pem.p, pem.len, "-----BEGIN ", 11) != NULL &&
	    memchr(pem.p, '\0', pem.len) == NULL && value.len >= 8) {
		bool is_ok = tls_certs_add_value(&certs, &say, value);

		must(is_ok == (diag.errors_n == 0));
		must(certs.n <= TLS_CERTS_MAX);
		for (unsigned i = 0; i < certs.n; i++)
			must(certs.all[i].key && certs.all[i].cert);
	}
	tls_certs_fini(&certs);
	diag_fini(&diag);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all = { (const char *)data, n }, line, bad;
	struct tls_protocols p;
	uint64_t options;
	size_t end = span_find(all, '\n');

	line = span_to(all, end);
	if (!tls_protocols_parse(line, &p, &bad))
		must(bad.len == 0 ||
		     (bad.p >= line.p && bad.p + bad.len <= line.p + line.len));
	for (int i = 0; i < 2; i++)
		if (!tls_options_parse(line, i, &options, &bad))
			must(bad.p >= line.p &&
			     bad.p + bad.len <= line.p + line.len);
	if (end < n && n < 65536)
		try_certs(span_from(all, end + 1));
	return 0;
}
