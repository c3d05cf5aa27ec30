/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of a server's mechanisms a client may use: security options as Postfix
 * has them, and smtpd_sasl_mechanism_filter.
 */
#include "engine/base/print.h"
#include "engine/policy/sasl_int.h"

#include <stdio.h>

/* Words of smtpd_sasl_security_options. */
static const struct {
	const char *word;
	uint32_t flag;
	bool is_needed; /* else what has the flag is left out */
} options[] = {
	{ "noplaintext", SASL_FLAG_PLAINTEXT, false },
	{ "noactive", SASL_FLAG_ACTIVE, false },
	{ "nodictionary", SASL_FLAG_DICTIONARY, false },
	{ "noanonymous", SASL_FLAG_ANONYMOUS, false },
	{ "forward_secrecy", SASL_FLAG_FORWARD_SECRECY, true },
	{ "mutual_auth", SASL_FLAG_MUTUAL_AUTH, true },
};

/* -1: no such word. */
static int
option_find(struct span word)
{
	for (size_t i = 0; i < ARRAY_N(options); i++)
		if (span_is_equal_nocase(word, span_of(options[i].word)))
			return (int)i;
	return -1;
}

struct span
sasl_options_unknown(const char *text)
{
	struct span list = span_of(text), word;

	while ((word = span_word(&list, ", \t\r\n")).len)
		if (option_find(word) < 0)
			return word;
	return SPAN("");
}

static bool
is_fit(const struct sasl_cfg *cfg, bool is_tls, const char *name,
       uint32_t flags)
{
	struct span list = span_of(is_tls ? cfg->tls_options : cfg->options);
	struct span word;

	if (flags & SASL_FLAG_PRIVATE)
		return false;
	while ((word = span_word(&list, ", \t\r\n")).len) {
		int i = option_find(word);

		if (i >= 0 &&
		    ((flags & options[i].flag) != 0) != options[i].is_needed)
			return false;
	}
	return cfg->filter == NULL ||
	       match_name(cfg->filter, span_of(name)) == TABLE_FOUND;
}

void
sasl_mechs_add(struct sasl_mechs *m, struct span name, uint32_t flags)
{
	if (m->n == SASL_MECHS_MAX || name.len >= SASL_MECH_BYTES_MAX)
		return;
	span_copy(name, m->all[m->n].name, SASL_MECH_BYTES_MAX);
	m->all[m->n++].flags = flags;
}

bool
sasl_mechs_is_equal(const struct sasl_mechs *a, const struct sasl_mechs *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (strcmp(a->all[i].name, b->all[i].name) != 0 ||
		    a->all[i].flags != b->all[i].flags)
			return false;
	return true;
}

void
sasl_mechs_offer(const struct sasl_mechs *m, const struct sasl_cfg *cfg,
		 bool is_tls, char out[SASL_MECHS_TEXT_MAX])
{
	struct print pr = { out, 0, SASL_MECHS_TEXT_MAX - 1 };

	for (unsigned i = 0; m != NULL && i < m->n; i++) {
		size_t len = strlen(m->all[i].name);

		if (pr.cap - pr.len < len + 1 ||
		    !is_fit(cfg, is_tls, m->all[i].name, m->all[i].flags))
			continue;
		print_span(&pr, pr.len ? SPAN(" ") : SPAN(""));
		print_text(&pr, m->all[i].name);
	}
	out[pr.len] = '\0';
}

bool
sasl_mechs_offers(const struct sasl_mechs *m, const struct sasl_cfg *cfg,
		  bool is_tls, struct span mech)
{
	for (unsigned i = 0; m != NULL && i < m->n; i++)
		if (span_is_equal_nocase(mech, span_of(m->all[i].name)))
			return is_fit(cfg, is_tls, m->all[i].name,
				      m->all[i].flags);
	return false;
}
