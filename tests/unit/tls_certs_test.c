/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and certificates out of PEM in every order, right and wrong. */
#include "tls/tls_certs.h"
#include "tests/unit/tls_files.h"

/* How a row's certificates are asked for. */
enum how { PAIR, FILES, VALUE, BASE64 };

/* a, b: files of the folder, or NULL; n: what is found, or -1 and why. */
static const struct row {
	const char *name;
	enum how how;
	const char *a, *b;
	int n;
	const char *why;
} rows[] = {
	{ "a pair", PAIR, "ec.pem", "ec.key", 1, NULL },
	{ "both in one file", PAIR, "ec.chain", "ec.chain", 1, NULL },
	{ "no file", PAIR, "none.pem", "ec.key", -1, "No such file" },
	{ "no key file", PAIR, "ec.pem", "none.key", -1, "No such file" },
	{ "another's key", PAIR, "ec.pem", "ec2.key", -1, "not that of the" },
	{ "a key of another type", PAIR, "ec.pem", "rsa.key", -1,
	  "not that of the" },
	{ "a key is no certificate", PAIR, "ec.key", "ec.key", -1,
	  "no certificate in it" },
	{ "a certificate is no key", PAIR, "ec.pem", "ec.pem", -1,
	  "no private key in it" },
	{ "an empty file", PAIR, "empty", "ec.key", -1,
	  "no certificate in it" },
	{ "not PEM", PAIR, "text", "ec.key", -1, "no certificate in it" },
	{ "damaged", PAIR, "damaged", "ec.key", -1, "damaged PEM" },
	{ "PEM of something else", PAIR, "wrong", "ec.key", -1,
	  "not a certificate" },
	{ "a pass phrase", PAIR, "ec.pem", "locked.key", -1, "pass phrase" },
	{ "one chain file", FILES, "ec.chain", NULL, 1, NULL },
	{ "two types", FILES, "ec.chain", "rsa.chain", 2, NULL },
	{ "key and certificate apart", FILES, "ec.key", "ec.pem", 1, NULL },
	{ "the certificate first", FILES, "ec.pem", "ec.key", -1,
	  "before its private key" },
	{ "the same type twice", FILES, "ec.chain", "ec2.chain", -1,
	  "already" },
	{ "a key alone", FILES, "ec.key", NULL, -1, "without its certificate" },
	{ "a key too many", FILES, "ec.key", "rsa.chain", -1,
	  "without its certificate" },
	{ "a locked key in a chain", FILES, "locked.key", "ec.pem", -1,
	  "pass phrase" },
	{ "a value of files", VALUE, "ec.chain", "rsa.chain", 2, NULL },
	{ "a value in base64", BASE64, "ec.chain", NULL, 1, NULL },
	{ "half a value in base64", BASE64, "ec.key", NULL, -1,
	  "without its certificate" },
};

static void
write_odd_files(void)
{
	EVP_PKEY *key = make_key("ec");
	FILE *f = fopen(files_path("locked.key"), "w");

	must(f != NULL);
	must(PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "abcd", 4,
				       NULL, NULL) == 1);
	must(fclose(f) == 0);
	EVP_PKEY_free(key);
	write_text(files_path("empty"), "");
	write_text(files_path("text"), "hello\nworld\n");
	write_text(files_path("damaged"), "-----BEGIN CERTIFICATE-----\n!!!!\n"
					  "-----END CERTIFICATE-----\n");
	write_text(files_path("wrong"), "-----BEGIN CERTIFICATE-----\nMAA=\n"
					"-----END CERTIFICATE-----\n");
}

/* The file in base64. The caller frees it. */
static char *
encode(const char *path)
{
	unsigned char bytes[8192];
	FILE *f = fopen(path, "r");
	size_t n;
	char *out;

	must(f != NULL);
	n = fread(bytes, 1, sizeof(bytes), f);
	must(n > 0 && n < sizeof(bytes));
	fclose(f);
	out = malloc(n * 2);
	must(out != NULL);
	EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
	return out;
}

static bool
add(struct tls_certs *certs, const struct tls_say *say, const struct row *row)
{
	char both[300], *value;
	bool is_ok;

	if (row->how == PAIR)
		return tls_certs_add_pair(certs, say, files_path(row->a),
					  files_path(row->b));
	if (row->how == BASE64) {
		value = encode(files_path(row->a));
		is_ok = tls_certs_add_value(certs, say, span_of(value));
		free(value);
		return is_ok;
	}
	snprintf(both, sizeof(both), "%s, %s", files_path(row->a),
		 row->b ? files_path(row->b) : "");
	return row->how == FILES
		       ? tls_certs_add_files(certs, say, span_of(both))
		       : tls_certs_add_value(certs, say, span_of(both));
}

static void
test_row(const struct row *row)
{
	struct tls_cfg cfg = { .cert_file = "" };
	struct tls_certs certs = { .n = 0 };
	struct diag diag;
	struct tls_say say = { &cfg, &diag, TLS_PLACE_CERT_FILE };
	bool is_ok;

	CHECK_ROW(row->name);
	diag_init(&diag);
	is_ok = add(&certs, &say, row);
	CHECK(is_ok == (row->n >= 0));
	CHECK(diag.errors_n == (is_ok ? 0 : 1));
	if (row->n >= 0)
		CHECK(certs.n == (unsigned)row->n);
	else if (diag.first != NULL &&
		 strstr(diag.first->text, row->why) == NULL)
		CHECK_SPAN(span_of(diag.first->text), row->why);
	CHECK(ERR_peek_error() == 0);
	tls_certs_fini(&certs);
	diag_fini(&diag);
}

/* What signs it is kept, in order. */
static void
test_chain(void)
{
	EVP_PKEY *root_key = make_key("ec"), *key = make_key("ec");
	X509 *root = make_cert(root_key, "root", -60, 86400, NULL, NULL);
	X509 *leaf = make_cert(key, "leaf", -60, 86400, root, root_key);
	struct tls_cfg cfg = { .cert_file = "" };
	struct tls_certs certs = { .n = 0 };
	struct diag diag;
	struct tls_say say = { &cfg, &diag, TLS_PLACE_CERT_FILE };

	CHECK_ROW("a chain");
	diag_init(&diag);
	write_pem(files_path("long.chain"), "w", key, leaf);
	write_pem(files_path("long.chain"), "a", NULL, root);
	CHECK(tls_certs_add_files(&certs, &say,
				  span_of(files_path("long.chain"))));
	CHECK(certs.n == 1 && sk_X509_num(certs.all[0].chain) == 1);
	CHECK(X509_cmp(certs.all[0].cert, leaf) == 0);
	CHECK(X509_cmp(sk_X509_value(certs.all[0].chain, 0), root) == 0);
	tls_certs_fini(&certs);
	CHECK_ROW("no file at all");
	CHECK(!tls_certs_add_files(&certs, &say, SPAN(" , ")));
	diag_fini(&diag);
	X509_free(leaf);
	X509_free(root);
	EVP_PKEY_free(key);
	EVP_PKEY_free(root_key);
}

int
main(void)
{
	files_open();
	files_make("ec", "ec");
	files_make("ec", "ec2");
	files_make("rsa", "rsa");
	write_odd_files();
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i]);
	test_chain();
	files_close();
	return check_end();
}
