/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that a reload could not read are named; the others are not. */
#include "tests/unit/tls_files.h"

#include <sys/stat.h>

static void
test_row(const char *name, const struct tls_cfg *cfg, unsigned warnings_n,
	 const char *text)
{
	struct diag diag;

	CHECK_ROW(name);
	diag_init(&diag);
	tls_access_check(cfg, &diag);
	CHECK(diag.errors_n == 0 && diag.warnings_n == warnings_n);
	CHECK(text == NULL || (diag.last && strstr(diag.last->text, text)));
	diag_fini(&diag);
}

int
main(void)
{
	struct tls_cfg cfg;

	files_open();
	files_make("ec", "mx");
	cfg = cfg_of("mx");
	test_row("readable", &cfg, 0, NULL);
	cfg.eccert_file = "none";
	cfg.chain_files = "";
	test_row("none is no file", &cfg, 0, NULL);
	cfg.key_file = files_path("gone");
	test_row("gone", &cfg, 1, "smtpd_tls_key_file: /tmp/");
	cfg.ocsp_file = "/nonexistent/a, /nonexistent/b";
	test_row("lists", &cfg, 3, "/nonexistent/b");
	if (geteuid() == 0) {
		cfg = cfg_of("mx");
		must(chmod(cfg.key_file, 0600) == 0);
		must(chmod(files_dir, 0755) == 0 && setegid(2525) == 0 &&
		     seteuid(2525) == 0);
		/* access() asks for the real user: be that one too. */
		must(setreuid(2525, 0) == 0);
		test_row("another's", &cfg, 1, "Permission denied");
		must(setreuid(0, 0) == 0 && setegid(0) == 0);
	}
	files_close();
	return check_end();
}
