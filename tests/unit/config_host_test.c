/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and networks that come from this host, and what overrides them. */
#include "engine/config/config_priv.h"
#include "tests/unit/config_rig.h"

#include <unistd.h>

static const struct {
	const char *name, *main_cf;
	const char *param, *want; /* NULL: see check_own() */
} rows[] = {
	{ "domain of the host name", "myhostname = a.b.example\n", "mydomain",
	  "b.example" },
	{ "host name without a dot", "myhostname = a\n", "mydomain",
	  "localdomain" },
	{ "both given", "myhostname = a.x.example\nmydomain = y.example\n",
	  "mydomain", "y.example" },
	{ "host name from the domain",
	  "myhostname = mail.$mydomain\nmydomain = y.example\n", "myhostname",
	  "mail.y.example" },
	{ "order does not matter",
	  "myorigin = $mydomain\nmydomain = y.example\n", "myorigin",
	  "y.example" },
	{ "folder", "", "config_directory", NULL },
	{ "networks given", "mynetworks = 192.0.2.0/24\n", "mynetworks",
	  "192.0.2.0/24" },
	{ "networks, IPv4 alone",
	  "compatibility_level = 2\ninet_protocols = ipv4\n", "mynetworks",
	  "" },
};

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

int
main(void)
{
	char host[256] = "";

	scratch_open("config_host");
	must(gethostname(host, sizeof(host) - 1) == 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct config *cfg;
		struct scope sc;
		struct diag d;
		const char *got;

		CHECK_ROW(rows[i].name);
		cfg = rig_load(rows[i].main_cf, "", &d);
		must(cfg != NULL);
		sc = config_scope(cfg, NULL, &d);
		got = scope_value(&sc, rows[i].param, NULL);
		if (rows[i].want == NULL)
			CHECK_SPAN(span_of(got), scratch_dir);
		else if (*rows[i].want)
			CHECK_SPAN(span_of(got), rows[i].want);
		else
			CHECK(has(got, "127.0.0.0/8") && !has(got, "["));
		config_put(&cfg);
		diag_fini(&d);
	}
	CHECK_ROW("nothing given");
	{
		struct diag d;
		struct config *cfg = rig_load("", "", &d);
		struct scope sc;
		const char *name;

		must(cfg != NULL);
		sc = config_scope(cfg, NULL, &d);
		name = scope_value(&sc, "myhostname", NULL);
		CHECK(strncmp(name, host, strlen(host)) == 0);
		CHECK(has(name, "."));
		CHECK(has(scope_value(&sc, "mynetworks", NULL), "127.0.0.0/8"));
		CHECK(cfg->services_n == 0 && cfg->listens_n == 0);
		config_put(&cfg);
		diag_fini(&d);
	}
	CHECK_ROW("host name that leads to the domain that leads to it");
	{
		struct diag d;

		CHECK(rig_load("myhostname = x.$mydomain\n"
			       "mydomain = $myhostname\n",
			       "", &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, "leads back to itself"));
		diag_fini(&d);
	}
	scratch_close();
	return check_end();
}
