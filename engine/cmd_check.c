/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock check`: reads everything that run would read, names each parameter
 * that is not applied and each service that is not started, starts nothing.
 */
#include "engine/cmd.h"
#include "engine/config/say.h"
#include "engine/site.h"
#include "tls/tls_ctx.h"

#include <sysexits.h>

/* Services share certificates: each finding once. */
static void
check_tls(const struct site *site, struct diag *diag)
{
	for (unsigned i = 0; site && i < site->cfg->services_n; i++) {
		struct diag found;

		if (site->tls[i] == NULL)
			continue;
		diag_init(&found);
		tls_ctx_check(site->tls[i], &found);
		for (struct diag_line *l = found.first; l; l = l->next)
			say(diag, l->level, NULL, 0, "%s", l->text);
		diag_fini(&found);
	}
}

int
cmd_check(int argc, char **argv)
{
	const char *dir = cmd_dir_option(argc, argv);
	struct diag diag;
	struct site *site;
	int code;

	if (dir == NULL)
		return EX_USAGE;
	diag_init(&diag);
	site = site_open(dir, NULL, &diag);
	if (site != NULL)
		for (unsigned i = 0; i < site->cfg->services_n; i++)
			policy_check_cfg(site->policies[i], &diag);
	check_tls(site, &diag);
	diag_print(&diag, DIAG_NOTE);
	code = diag.exit_code;
	if (diag.errors_n == 0)
		printf("%s: %u services, %u warnings, no errors\n", dir,
		       site->cfg->services_n, diag.warnings_n);
	site_put(&site);
	diag_fini(&diag);
	return code;
}
