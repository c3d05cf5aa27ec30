/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock check`: reads everything that run would read, names each parameter
 * that is not applied and each service that is not started, starts nothing.
 */
#include "engine/cmd.h"
#include "engine/site.h"

#include <sysexits.h>

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
	site = site_open(dir, &diag);
	if (site != NULL)
		for (unsigned i = 0; i < site->cfg->services_n; i++)
			policy_check_cfg(site->policies[i], &diag);
	diag_print(&diag, DIAG_NOTE);
	code = diag.exit_code;
	if (diag.errors_n == 0)
		printf("%s: %u services, %u warnings, no errors\n", dir,
		       site->cfg->services_n, diag.warnings_n);
	site_put(&site);
	diag_fini(&diag);
	return code;
}
