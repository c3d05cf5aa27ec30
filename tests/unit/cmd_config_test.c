/* SPDX-License-Identifier: BSD-2-Clause */
/* `penstock config` as a command: its options and exit codes. */
#include "engine/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/command.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

static const struct {
	const char *name;
	const char *args[8];
	const char *out, *err; /* parts of them; "": nothing at all */
	int code;
} rows[] = {
	{ "one",
	  { "config", "-c", ".", "smtpd_timeout" },
	  "smtpd_timeout = 5m\n",
	  "",
	  EX_OK },
	{ "set",
	  { "config", "-c", ".", "-n" },
	  "smtpd_timeout = 5m\n",
	  "",
	  EX_OK },
	{ "expanded",
	  { "config", "-c", ".", "-x", "myorigin" },
	  "myorigin = mx.example.com\n",
	  "",
	  EX_OK },
	{ "default",
	  { "config", "-c", ".", "-d", "-x", "smtpd_timeout" },
	  "smtpd_timeout = 300s\n",
	  "",
	  EX_OK },
	{ "help",
	  { "config", "-c", ".", "-h", "smtpd_timeout" },
	  "how long a client may be silent",
	  "",
	  EX_OK },
	{ "all",
	  { "config", "-c", "." },
	  "\nmessage_size_limit = 10240000\n",
	  "",
	  EX_OK },
	{ "unknown",
	  { "config", "-c", ".", "nonsense" },
	  "",
	  "penstock: there is no parameter nonsense",
	  EX_USAGE },
	{ "values and tables are check's to judge",
	  { "config", "-c", "wrong", "smtpd_timeout" },
	  "smtpd_timeout = x\n",
	  "",
	  EX_OK },
	{ "broken",
	  { "config", "-c", "broken", "smtpd_timeout" },
	  "smtpd_timeout = 5m\n",
	  "penstock: error: broken/main.cf:2: no sign: \"=\" is missing",
	  EX_CONFIG },
	{ "missing",
	  { "config", "-c", "none" },
	  "",
	  "none/main.cf: cannot be read: No such",
	  EX_NOINPUT },
	{ "usage",
	  { "config", "--help" },
	  "usage: penstock config",
	  "",
	  EX_OK },
	{ "manual",
	  { "config", "--manual" },
	  ".It Ic smtpd_timeout\n",
	  "",
	  EX_OK },
	{ "no such option",
	  { "config", "-Z" },
	  "",
	  "usage: penstock config",
	  EX_USAGE },
};

int
main(void)
{
	scratch_open("cmd_config");
	must(chdir(scratch_dir) == 0);
	must(mkdir("broken", 0700) == 0 && mkdir("wrong", 0700) == 0);
	scratch_write("main.cf", "myhostname = mx.example.com\n"
				 "smtpd_timeout = 5m\nalias_maps =\n");
	scratch_write("master.cf", "");
	scratch_write("wrong/main.cf",
		      "smtpd_timeout = x\nvirtual_alias_maps = hash:/no\n");
	scratch_write("broken/main.cf", "smtpd_timeout = 5m\nno sign\n");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct command got;

		CHECK_ROW(rows[i].name);
		command_run(&got, cmd_config, rows[i].args, "");
		CHECK(got.code == rows[i].code);
		CHECK(strstr(got.out, rows[i].out) != NULL);
		CHECK(*rows[i].out || !*got.out);
		CHECK(strstr(got.err, rows[i].err) != NULL);
		CHECK(*rows[i].err || !*got.err);
		command_fini(&got);
	}
	must(chdir("/") == 0);
	scratch_close();
	return check_end();
}
