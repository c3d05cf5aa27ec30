/* SPDX-License-Identifier: BSD-2-Clause */
/* What `penstock config` prints, as postconf would; and the manual page. */
#include "tests/unit/config_rig.h"

#include <sysexits.h>

static const char main_cf[] = RIG_MAIN "own = $mydomain\n"
				       "smtpd_banner = $own ESMTP\n"
				       "soft_bounce = no\n"
				       "smtpd_timeout = 5m\n";

static const struct {
	const char *name;
	unsigned flags;
	const char *names[3];
	const char *want; /* the whole output; or with "*" in front a part */
	int code;
} rows[] = {
	{ "one", 0, { "smtpd_timeout" }, "smtpd_timeout = 5m\n", EX_OK },
	{ "raw",
	  0,
	  { "smtpd_banner", "own" },
	  "smtpd_banner = $own ESMTP\nown = $mydomain\n",
	  EX_OK },
	{ "expanded",
	  CONFIG_PRINT_EXPANDED,
	  { "smtpd_banner" },
	  "smtpd_banner = example.com ESMTP\n",
	  EX_OK },
	{ "empty",
	  0,
	  { "virtual_alias_maps", "virtual_maps" },
	  "virtual_alias_maps = $virtual_maps\nvirtual_maps =\n",
	  EX_OK },
	{ "default",
	  CONFIG_PRINT_DEFAULT,
	  { "smtpd_timeout", "mydomain" },
	  "smtpd_timeout = ${stress?{10}:{300}}s\nmydomain = example.com\n",
	  EX_OK },
	{ "of Postfix's",
	  0,
	  { "data_directory" },
	  "data_directory = /var/lib/postfix\n",
	  EX_OK },
	{ "unknown", 0, { "nonsense", "own" }, "own = $mydomain\n", EX_USAGE },
	{ "only those set",
	  CONFIG_PRINT_SET,
	  { NULL },
	  "alias_database =\nalias_maps =\ncompatibility_level = 3.6\n"
	  "inet_interfaces = loopback-only\nmyhostname = mx.example.com\n"
	  "mynetworks = 127.0.0.0/8\nown = $mydomain\n"
	  "smtpd_banner = $own ESMTP\nsmtpd_timeout = 5m\n"
	  "soft_bounce = no\n",
	  EX_OK },
	{ "only those set, named",
	  CONFIG_PRINT_SET,
	  { "own", "myorigin" },
	  "own = $mydomain\n",
	  EX_OK },
	{ "all", 0, { NULL }, "*\npenstock_workers = 0\n", EX_OK },
	{ "help",
	  CONFIG_PRINT_HELP,
	  { "penstock_workers" },
	  "penstock_workers = 0\n"
	  "    worker threads; 0: one for each core but the last, at least "
	  "one\n"
	  "    (number; the process; at most 256)\n",
	  EX_OK },
	{ "help of a foreign one",
	  CONFIG_PRINT_HELP,
	  { "always_bcc" },
	  "*    copies would not be made",
	  EX_OK },
	{ "help of a name of its own",
	  CONFIG_PRINT_HELP,
	  { "own" },
	  "own = $mydomain\n    a name of this configuration's own\n",
	  EX_OK },
};

static char *
print(const struct config *cfg, size_t i, int *code_out)
{
	char *out = NULL, *names[3];
	size_t bytes;
	unsigned n = 0;
	FILE *f = open_memstream(&out, &bytes);

	while (n < 3 && rows[i].names[n]) {
		names[n] = (char *)rows[i].names[n];
		n++;
	}
	*code_out = config_print(cfg, names, n, rows[i].flags, f);
	fclose(f);
	return out;
}

static void
test_manual(void)
{
	char *out = NULL;
	size_t bytes;
	FILE *f = open_memstream(&out, &bytes);

	CHECK_ROW("manual");
	config_print_manual(f);
	fclose(f);
	CHECK(strncmp(out, ".Sh PARAMETERS\n", 15) == 0);
	CHECK(strstr(out, ".It Ic smtpd_timeout\nhow long a client") != NULL);
	CHECK(strstr(out, "\n.El\n") != NULL);
	CHECK(strstr(out, "${stress?{10}:{300}}s") != NULL);
	free(out);
}

int
main(void)
{
	struct config *cfg;
	struct diag d;

	scratch_open("config_print");
	cfg = rig_load(main_cf, "", &d);
	must(cfg != NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		int code;
		char *out = print(cfg, i, &code);

		CHECK_ROW(rows[i].name);
		CHECK(code == rows[i].code);
		if (rows[i].want[0] == '*')
			CHECK(strstr(out, rows[i].want + 1) != NULL);
		else
			CHECK_SPAN(span_of(out), rows[i].want);
		free(out);
	}
	config_put(&cfg);
	diag_fini(&d);
	test_manual();
	scratch_close();
	return check_end();
}
