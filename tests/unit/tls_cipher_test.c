/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of protocols, ciphers and groups, seen by a client. */
#include "tests/unit/tls_files.h"

/* A change of the settings, and a client: done, or what is said. */
static const struct row {
	const char *name;
	struct tls_cfg change; /* its texts that are not NULL, its flags */
	struct meeting client;
	bool is_done;
	int version;	    /* when it matters */
	const char *cipher; /* when it matters */
	const char *why;    /* of a context that cannot be made */
} rows[] = {
	{ "TLS 1.3", { 0 }, { 0 }, true, TLS1_3_VERSION, NULL, NULL },
	{ "TLS 1.2",
	  { 0 },
	  { .version = TLS1_2_VERSION },
	  true,
	  TLS1_2_VERSION,
	  NULL,
	  NULL },
	{ "TLS 1.1 is left out",
	  { 0 },
	  { .version = TLS1_1_VERSION },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "TLS 1.1 is let in",
	  { .protocols = ">=TLSv1" },
	  { .version = TLS1_1_VERSION },
	  true,
	  TLS1_1_VERSION,
	  NULL,
	  NULL },
	{ "the other syntax",
	  { .protocols = "!SSLv2, !SSLv3" },
	  { .version = TLS1_VERSION },
	  true,
	  TLS1_VERSION,
	  NULL,
	  NULL },
	{ "one is excluded",
	  { .protocols = "!TLSv1.2" },
	  { .version = TLS1_2_VERSION },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "a last one",
	  { .protocols = "<=TLSv1.2" },
	  { 0 },
	  true,
	  TLS1_2_VERSION,
	  NULL,
	  NULL },
	{ "mandatory ones do not hold",
	  { .mandatory_protocols = ">=TLSv1.3" },
	  { .version = TLS1_2_VERSION },
	  true,
	  0,
	  NULL,
	  NULL },
	{ "mandatory ones hold",
	  { .mandatory_protocols = ">=TLSv1.3", .is_mandatory = true },
	  { .version = TLS1_2_VERSION },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "the client's order",
	  { 0 },
	  { .version = TLS1_2_VERSION,
	    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:"
		       "ECDHE-ECDSA-AES256-GCM-SHA384" },
	  true,
	  0,
	  "ECDHE-ECDSA-AES128-GCM-SHA256",
	  NULL },
	{ "our order",
	  { .is_preempting = true },
	  { .version = TLS1_2_VERSION,
	    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:"
		       "ECDHE-ECDSA-AES256-GCM-SHA384" },
	  true,
	  0,
	  "ECDHE-ECDSA-AES256-GCM-SHA384",
	  NULL },
	{ "excluded",
	  { .exclude = "AES128, aNULL" },
	  { .version = TLS1_2_VERSION,
	    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "excluded where TLS is demanded",
	  { .mandatory_exclude = "AES128" },
	  { .version = TLS1_2_VERSION,
	    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" },
	  true,
	  0,
	  NULL,
	  NULL },
	{ "and it is",
	  { .mandatory_exclude = "AES128", .is_mandatory = true },
	  { .version = TLS1_2_VERSION,
	    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "nobody, for who asks for no name of ours",
	  { 0 },
	  { .version = TLS1_2_VERSION, .ciphers = "AECDH-AES256-SHA" },
	  true,
	  0,
	  "AECDH-AES256-SHA",
	  NULL },
	{ "who is asked for a certificate is somebody",
	  { .is_asking = true },
	  { .version = TLS1_2_VERSION, .ciphers = "AECDH-AES256-SHA" },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "Diffie-Hellman",
	  { 0 },
	  { .version = TLS1_2_VERSION, .ciphers = "ADH-AES256-GCM-SHA384" },
	  true,
	  0,
	  NULL,
	  NULL },
	{ "none of that",
	  { .dh_file = "none" },
	  { .version = TLS1_2_VERSION, .ciphers = "ADH-AES256-GCM-SHA384" },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "a group of ours",
	  { .curves = "X448 prime256v1" },
	  { .groups = "X448" },
	  true,
	  0,
	  NULL,
	  NULL },
	{ "no group of ours",
	  { .curves = "X448" },
	  { .groups = "X25519" },
	  false,
	  0,
	  NULL,
	  NULL },
	{ "a group nobody knows is left out",
	  { .curves = "no-such X25519" },
	  { .groups = "X25519" },
	  true,
	  0,
	  NULL,
	  NULL },
	{ "bad protocols",
	  { .protocols = "TLSv9" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "smtpd_tls_protocols: TLSv9 is no protocol" },
	{ "no protocol",
	  { .protocols = "TLSv1.2, !TLSv1.2" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "leaves no protocol" },
	{ "bad mandatory protocols",
	  { .mandatory_protocols = "x", .is_mandatory = true },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "smtpd_tls_mandatory_protocols: x" },
	{ "no cipher",
	  { .lists = { [TLS_GRADE_MEDIUM] = "NOSUCH" } },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "smtpd_tls_ciphers: no cipher is left" },
	{ "an exclusion that includes",
	  { .exclude = "+AES" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "smtpd_tls_exclude_ciphers: +AES" },
	{ "no group",
	  { .curves = "no such" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "tls_eecdh_auto_curves: no such" },
	{ "a bad option",
	  { .options = "FAST" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "tls_ssl_options: FAST" },
	{ "a bad workaround",
	  { .workarounds = "FAST" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "tls_disable_workarounds: FAST" },
	{ "no parameters",
	  { .dh_file = "/nonexistent" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "cannot read: No such file" },
	{ "a file of something else",
	  { .dh_file = "/dev/null" },
	  { 0 },
	  false,
	  0,
	  NULL,
	  "no Diffie-Hellman parameters" },
};

static void
set(const char **field, const char *value)
{
	if (value != NULL)
		*field = value;
}

static struct tls_cfg
changed(const struct tls_cfg *by)
{
	struct tls_cfg cfg = cfg_of("ec");

	set(&cfg.protocols, by->protocols);
	set(&cfg.mandatory_protocols, by->mandatory_protocols);
	set(&cfg.exclude, by->exclude);
	set(&cfg.mandatory_exclude, by->mandatory_exclude);
	set(&cfg.curves, by->curves);
	set(&cfg.dh_file, by->dh_file);
	set(&cfg.options, by->options);
	set(&cfg.workarounds, by->workarounds);
	cfg.lists[TLS_GRADE_MEDIUM] = "aNULL:-aNULL:HIGH:MEDIUM:@STRENGTH";
	set(&cfg.lists[TLS_GRADE_MEDIUM], by->lists[TLS_GRADE_MEDIUM]);
	cfg.is_mandatory = by->is_mandatory;
	cfg.is_preempting = by->is_preempting;
	cfg.is_asking = by->is_asking;
	return cfg;
}

static void
test_row(const struct row *row)
{
	struct tls_cfg cfg = changed(&row->change);
	struct meeting m = row->client;
	struct tls_ctx *ctx;
	struct diag diag;

	CHECK_ROW(row->name);
	diag_init(&diag);
	ctx = tls_ctx_new(&cfg, NULL, &diag);
	CHECK((ctx == NULL) == (row->why != NULL));
	if (ctx == NULL) {
		CHECK(diag.last && row->why &&
		      strstr(diag.last->text, row->why) != NULL);
	} else {
		meet(&m, ctx);
		CHECK(m.is_done == row->is_done);
		if (m.is_done && row->version)
			CHECK(SSL_version(m.client) == row->version);
		if (m.is_done && row->cipher)
			CHECK_SPAN(span_of(SSL_get_cipher_name(m.client)),
				   row->cipher);
		part(&m);
		SSL_SESSION_free(m.next);
		tls_ctx_put(&ctx);
	}
	diag_fini(&diag);
}

int
main(void)
{
	files_open();
	files_make("ec", "ec");
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i]);
	files_close();
	return check_end();
}
