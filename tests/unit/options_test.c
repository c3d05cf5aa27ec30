/* SPDX-License-Identifier: BSD-2-Clause */
/* What each option does, and what is refused with which code. */
#include "bench/options.h"
#include "tests/unit/check.h"

#include <netinet/in.h>
#include <sysexits.h>
#include <unistd.h>

#define ARGS_MAX 12
#define TO	 "--to", "127.0.0.1:2525"

static const struct {
	const char *name;
	const char *args[ARGS_MAX];
	int code;
} rows[] = {
	{ "server alone", { TO }, EX_OK },
	{ "IPv6", { "--to", "[::1]:2525" }, EX_OK },
	{ "help needs nothing", { "--help" }, EX_OK },
	{ "verify", { "--verify", "l", "--maildirs", "m" }, EX_OK },
	{ "idle alone", { TO, "--idle", "5" }, EX_OK },
	{ "nothing", { NULL }, EX_USAGE },
	{ "no port", { "--to", "127.0.0.1" }, EX_USAGE },
	{ "empty port", { "--to", "127.0.0.1:" }, EX_USAGE },
	{ "no host", { "--to", ":25" }, EX_USAGE },
	{ "port that is none", { "--to", "127.0.0.1:99999x" }, EX_NOHOST },
	{ "unknown option", { TO, "--frobnicate" }, EX_USAGE },
	{ "value missing", { "--to" }, EX_USAGE },
	{ "operand", { TO, "more" }, EX_USAGE },
	{ "size zero-length", { TO, "--size", "" }, EX_USAGE },
	{ "size of letters", { TO, "--size", "4k" }, EX_USAGE },
	{ "size upside down", { TO, "--size", "9-4" }, EX_USAGE },
	{ "size too large", { TO, "--size", "9999999999999999" }, EX_USAGE },
	{ "connections 0", { TO, "--connections", "0" }, EX_USAGE },
	{ "messages 0", { TO, "--messages", "0" }, EX_USAGE },
	{ "messages negative", { TO, "--messages", "-1" }, EX_USAGE },
	{ "too many recipients", { TO, "--recipients", "1001" }, EX_USAGE },
	{ "threads over connections", { TO, "--threads", "2" }, EX_USAGE },
	{ "verify alone", { "--verify", "l" }, EX_USAGE },
	{ "TLS", { TO, "--tls", "starttls", "--tls-resume" }, EX_OK },
	{ "TLS of no kind", { TO, "--tls", "yes" }, EX_USAGE },
	{ "resume what", { TO, "--tls-resume" }, EX_USAGE },
	{ "maildirs alone", { TO, "--maildirs", "m" }, EX_USAGE },
};

static int
parse(struct options *o, const char *const *args)
{
	char *argv[ARGS_MAX + 2] = { (char *)"blast" };
	int argc = 1;

	while (argc <= ARGS_MAX && args[argc - 1] != NULL) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	return options_parse(o, argc, argv);
}

static void
test_defaults(void)
{
	const char *const args[ARGS_MAX] = { TO };
	struct sockaddr_in to;
	struct options o;

	CHECK_ROW("defaults");
	CHECK(parse(&o, args) == EX_OK);
	memcpy(&to, &o.load.to, sizeof(to));
	CHECK(to.sin_family == AF_INET && ntohs(to.sin_port) == 2525);
	CHECK(ntohl(to.sin_addr.s_addr) == INADDR_LOOPBACK);
	CHECK(o.load.messages_n == 1 && o.load.connections_n == 1);
	CHECK(o.load.duration_us == LOAD_NO_LIMIT && o.load.rate == 0);
	CHECK(o.msg.size_min == 4096 && o.msg.size_max == 4096);
	CHECK(strlen(o.msg.run_id) == MESSAGE_RUN_ID_LEN);
	CHECK(!o.load.is_retry && !o.load.is_persist && !o.is_json);
}

static void
test_values(void)
{
	const char *const one[ARGS_MAX] = { TO,		  "--size", "1000-2000",
					    "--persist",  "--rate", "7",
					    "--duration", "3" };
	const char *const two[ARGS_MAX] = {
		TO, "--recipients", "3",     "--mailboxes", "9", "--from",
		"", "--bdat",	    "--json"
	};
	struct options o, again;

	CHECK_ROW("values");
	CHECK(parse(&o, one) == EX_OK);
	CHECK(o.msg.size_min == 1000 && o.msg.size_max == 2000);
	CHECK(o.load.is_persist && o.load.is_retry);
	CHECK(o.load.rate == 7 && o.load.duration_us == 3000000);
	CHECK(o.load.messages_n == LOAD_NO_LIMIT);
	CHECK(parse(&o, two) == EX_OK);
	CHECK(o.msg.rcpts_n == 3 && o.msg.mailboxes_n == 9);
	CHECK(o.msg.from[0] == '\0' && o.load.is_bdat && o.is_json);

	CHECK_ROW("run ids differ");
	CHECK(parse(&again, two) == EX_OK);
	CHECK(strcmp(o.msg.run_id, again.msg.run_id) != 0);
}

/* Each option is in the help, with its value. */
static void
test_help(void)
{
	static const char *const names[] = {
#define OPTION(symbol, name, value, help) "--" name " ",
#include "bench/options.def"
#undef OPTION
	};
	static char text[16384];
	FILE *f = fmemopen(text, sizeof(text), "w");

	CHECK_ROW("help");
	options_help(f);
	fclose(f);
	for (size_t i = 0; i < ARRAY_N(names); i++)
		CHECK(strstr(text, names[i]) != NULL);
}

int
main(void)
{
	struct options o;

	/* the complaints themselves are for people */
	must(freopen("/dev/null", "w", stdout) != NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		CHECK(parse(&o, rows[i].args) == rows[i].code);
	}
	test_defaults();
	test_values();
	test_help();
	return check_end();
}
