/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service may agree on with a client: protocols, ciphers (Postfix's
 * grades, without what is excluded), groups for key exchange, options.
 */
#include "tls/tls_ctx_int.h"
#include "tls/tls_protocol.h"

#include <openssl/pem.h>
#include <stdlib.h>

#define LIST_MAX   8192
#define SEPARATORS " \t\r\n,:"

struct list {
	char text[LIST_MAX];
	size_t len;
	bool is_full;
};

static void
list_add(struct list *list, const char *before, struct span s)
{
	size_t n = strlen(before);

	if (list->len + n + s.len >= sizeof(list->text)) {
		list->is_full = true;
		return;
	}
	memcpy(list->text + list->len, before, n);
	memcpy(list->text + list->len + n, s.p, s.len);
	list->len += n + s.len;
	list->text[list->len] = '\0';
}

static bool
add_exclusions(struct list *list, struct tls_say say, enum tls_place place,
	       const char *words)
{
	struct span left = span_of(words), word;

	say.place = place;
	while ((word = span_word(&left, SEPARATORS)).len) {
		if (strchr("!+-@", word.p[0]))
			return tls_fail(&say,
					"%.*s: name a cipher or a property of "
					"ciphers, without %c",
					SPAN_FMT(word), word.p[0]);
		list_add(list, ":!", word);
	}
	return true;
}

static bool
set_ciphers(SSL_CTX *ssl, struct tls_say say)
{
	const struct tls_cfg *cfg = say.cfg;
	enum tls_grade grade = cfg->is_mandatory ? cfg->mandatory_ciphers
						 : cfg->ciphers;
	const char *base = cfg->lists[grade];
	struct list list = { .len = 0 };

	list_add(&list, "", span_of(base && *base ? base : "DEFAULT"));
	if (!add_exclusions(&list, say, TLS_PLACE_EXCLUDE, cfg->exclude) ||
	    (cfg->is_mandatory &&
	     !add_exclusions(&list, say, TLS_PLACE_MANDATORY_EXCLUDE,
			     cfg->mandatory_exclude)))
		return false;
	/* Who has no certificate of its own cannot be asked for one. */
	if (cfg->is_asking || cfg->is_requiring)
		list_add(&list, ":!", SPAN("aNULL"));
	say.place = cfg->is_mandatory ? TLS_PLACE_MANDATORY_CIPHERS
				      : TLS_PLACE_CIPHERS;
	if (list.is_full)
		return tls_fail(&say, "the list of ciphers is too long");
	if (SSL_CTX_set_cipher_list(ssl, list.text) != 1)
		return tls_fail(&say, "no cipher is left of %.400s: %s",
				list.text, tls_error());
	return true;
}

static bool
set_protocols(SSL_CTX *ssl, struct tls_say say)
{
	const char *list = say.cfg->is_mandatory ? say.cfg->mandatory_protocols
						 : say.cfg->protocols;
	struct tls_protocols p;
	struct span bad;

	say.place = say.cfg->is_mandatory ? TLS_PLACE_MANDATORY_PROTOCOLS
					  : TLS_PLACE_PROTOCOLS;
	if (!tls_protocols_parse(span_of(list), &p, &bad)) {
		if (bad.len == 0)
			return tls_fail(&say,
					"%s leaves no protocol: write "
					">=TLSv1.2, or names such as TLSv1.3",
					list);
		return tls_fail(&say,
				"%.*s is no protocol: write SSLv3, TLSv1, "
				"TLSv1.1, TLSv1.2, TLSv1.3, with !, >= or <= "
				"before it",
				SPAN_FMT(bad));
	}
	/* Ours are the limits, whatever the library's own file says. */
	if (SSL_CTX_set_min_proto_version(ssl, p.version_min) != 1 ||
	    SSL_CTX_set_max_proto_version(ssl, p.version_max) != 1)
		return tls_fail(&say, "%s: the library has no such protocol",
				list);
	SSL_CTX_set_options(ssl, p.options);
	return true;
}

static bool
set_options(SSL_CTX *ssl, struct tls_say say)
{
	uint64_t set, clear;
	struct span bad;

	say.place = TLS_PLACE_OPTIONS;
	if (!tls_options_parse(span_of(say.cfg->options), false, &set, &bad))
		return tls_fail(&say, "%.*s is no option known here",
				SPAN_FMT(bad));
	say.place = TLS_PLACE_WORKAROUNDS;
	if (!tls_options_parse(span_of(say.cfg->workarounds), true, &clear,
			       &bad))
		return tls_fail(&say, "%.*s is no workaround known here",
				SPAN_FMT(bad));
	SSL_CTX_clear_options(ssl, SSL_OP_ALL);
	SSL_CTX_set_options(ssl, (SSL_OP_ALL & ~clear) | set |
					 SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION);
	if (say.cfg->is_preempting)
		SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	return true;
}

/* As Postfix does: what the library does not know is left out. */
static bool
set_curves(SSL_CTX *ssl, struct tls_say say)
{
	struct span left = span_of(say.cfg->curves), word;
	struct list list = { .len = 0 };

	say.place = TLS_PLACE_CURVES;
	while ((word = span_word(&left, SEPARATORS)).len) {
		char name[64];

		if (span_copy(word, name, sizeof(name)) == word.len &&
		    SSL_CTX_set1_groups_list(ssl, name) == 1)
			list_add(&list, list.len ? ":" : "", word);
		else
			tls_say(&say, DIAG_WARNING,
				"the library does not know %.*s",
				SPAN_FMT(word));
	}
	(void)tls_error();
	if (say.cfg->curves == NULL || *say.cfg->curves == '\0')
		return true;
	if (list.len == 0 || list.is_full ||
	    SSL_CTX_set1_groups_list(ssl, list.text) != 1)
		return tls_fail(&say,
				"%s: none of these is a group of the library: "
				"write X25519 prime256v1, for instance",
				say.cfg->curves);
	return true;
}

static bool
set_dh(SSL_CTX *ssl, struct tls_say say)
{
	const char *file = say.cfg->dh_file;
	EVP_PKEY *params;
	BIO *bio;

	say.place = TLS_PLACE_DH_FILE;
	if (file == NULL || *file == '\0' || strcmp(file, "auto") == 0)
		return SSL_CTX_set_dh_auto(ssl, 1) == 1;
	if (strcmp(file, "none") == 0)
		return true;
	bio = BIO_new_file(file, "re");
	if (bio == NULL)
		return tls_fail(&say, "%s: cannot read: %s", file, tls_error());
	params = PEM_read_bio_Parameters(bio, NULL);
	BIO_free(bio);
	if (params == NULL)
		return tls_fail(&say,
				"%s: there are no Diffie-Hellman parameters in "
				"it, in PEM form: %s",
				file, tls_error());
	if (SSL_CTX_set0_tmp_dh_pkey(ssl, params) == 1)
		return true;
	EVP_PKEY_free(params);
	return tls_fail(&say, "%s: cannot be used: %s", file, tls_error());
}

bool
tls_cipher_setup(SSL_CTX *ssl, const struct tls_say *say)
{
	/* Grades are Postfix's; the library's own levels would add to them. */
	SSL_CTX_set_security_level(ssl, 0);
	return set_options(ssl, *say) && set_protocols(ssl, *say) &&
	       set_ciphers(ssl, *say) && set_curves(ssl, *say) &&
	       set_dh(ssl, *say);
}
