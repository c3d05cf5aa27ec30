/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Will a reload be able to read what the start has read? Keys often belong to
 * root alone, whom the process was then and is no more.
 */
#include "tls/tls_ctx.h"
#include "tls/tls_say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEPARATORS " \t\r\n,"

static void
check_file(const struct tls_say *say, struct span word)
{
	char *file = strndup(word.p, word.len);

	must(file != NULL);
	if (strcmp(file, "none") != 0 && access(file, R_OK) != 0)
		tls_say(say, DIAG_WARNING,
			"%s: %s for the user that Penstock has become: a "
			"reload will not see a new one, and goes on with what "
			"it has: give that user (penstock_user) the right to "
			"read it, or restart when it is renewed",
			file, strerror(errno));
	free(file);
}

void
tls_access_check(const struct tls_cfg *cfg, struct diag *diag)
{
	const struct {
		enum tls_place place;
		const char *files;
	} all[] = {
		{ TLS_PLACE_CHAIN_FILES, cfg->chain_files },
		{ TLS_PLACE_CERT_FILE, cfg->cert_file },
		{ TLS_PLACE_KEY_FILE, cfg->key_file },
		{ TLS_PLACE_ECCERT_FILE, cfg->eccert_file },
		{ TLS_PLACE_ECKEY_FILE, cfg->eckey_file },
		{ TLS_PLACE_CA_FILE, cfg->ca_file },
		{ TLS_PLACE_OCSP_FILE, cfg->ocsp_file },
	};
	struct tls_say say = { cfg, diag, TLS_PLACE_CERT_FILE };

	for (size_t i = 0; i < ARRAY_N(all); i++) {
		struct span left = span_of(all[i].files), word;

		say.place = all[i].place;
		while ((word = span_word(&left, SEPARATORS)).len)
			check_file(&say, word);
	}
}
