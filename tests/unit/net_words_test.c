/* SPDX-License-Identifier: BSD-2-Clause */
/* What may stand behind `penstock net`, and what is said of anything else. */
#include "engine/net_words.h"
#include "dataplane/look.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define WORDS_MAX 16

static const struct {
	const char *name;
	const char *line;
	const char *error; /* NULL: it is right; else a part of what is said */
} rows[] = {
	{ "all", "net connections", NULL },
	{ "each word",
	  "net connections --json --limit 10 host 192.0.2.0/24 "
	  "and port 25 and state established",
	  NULL },
	{ "capture", "net capture FILE", NULL },
	{ "filter first", "net capture port 25 FILE", NULL },
	{ "each of its words",
	  "net capture --count 5 --seconds 6 --megabytes "
	  "7 --snap 96 FILE host 2001:db8::1 port 25",
	  NULL },
	{ "standard output", "net capture -", NULL },
	{ "highest", "net capture F port 65535 --seconds 604800", NULL },
	{ "nothing", "net", "usage:" },
	{ "another verb", "net stop", "usage:" },
	{ "no file", "net capture", "a FILE is missing" },
	{ "two files", "net capture a b", "\"b\" is not expected" },
	{ "unknown option", "net capture --fast a", "\"--fast\" is not" },
	{ "another verb's option", "net connections --count 5",
	  "\"--count\" is not" },
	{ "another verb's word", "net capture f state closed",
	  "\"state\" is not" },
	{ "no value", "net capture a --count", "--count: a number of frames" },
	{ "none", "net capture a --count 0", "from 1 to" },
	{ "no number", "net capture a --seconds ten", "--seconds ten:" },
	{ "negative", "net capture a --seconds -1", "--seconds -1:" },
	{ "with a unit", "net capture a --megabytes 5M", "--megabytes 5M:" },
	{ "past 64 bits", "net capture a --count 99999999999999999999",
	  "from 1 to" },
	{ "no port", "net connections port 0", "from 1 to 65535" },
	{ "past the last port", "net connections port 65536", "from 1 to" },
	{ "a name", "net connections host example.test",
	  "host example.test: " },
	{ "host bits", "net connections host 192.0.2.1/24",
	  "host 192.0.2.1/24: " },
	{ "no state", "net connections state open", "there are closed listen" },
	{ "twice", "net connections port 25 port 26", "\"port\" is there" },
	{ "a frame's bytes", "net capture a --snap 13", "from 14 to 65535" },
};

static bool
parse(const char *line, struct net_words *out, char **text)
{
	static char copy[512];
	char *argv[WORDS_MAX + 1] = { 0 }, *save = NULL, *word;
	size_t text_n;
	int argc = 0;
	FILE *errors = open_memstream(text, &text_n);
	bool is_ok;

	must(errors != NULL && strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	is_ok = net_words_parse(argc, argv, out, errors);
	fclose(errors);
	return is_ok;
}

static void
test_values(void)
{
	struct net_words w;
	char *text = NULL;
	struct ip ip;

	CHECK_ROW("values");
	must(ip_parse(SPAN("192.0.2.77"), &ip));
	CHECK(parse(rows[1].line, &w, &text) && w.verb == NET_CONNECTIONS);
	CHECK(w.is_json && w.limit == 10 && w.capture.port == 25);
	CHECK(w.capture.has_net && ip_net_has(&w.capture.net, &ip));
	CHECK_SPAN(span_of(look_state_name(w.state)), "established");
	free(text);
	CHECK(parse(rows[4].line, &w, &text) && w.verb == NET_CAPTURE);
	CHECK_SPAN(span_of(w.file), "FILE");
	CHECK(w.capture.frames_n_max == 5 &&
	      w.capture.us_max == 6 * US_PER_SEC &&
	      w.capture.bytes_max == 7000000 && w.capture.snap_bytes == 96);
	CHECK(w.capture.has_net && !ip_net_has(&w.capture.net, &ip));
	free(text);
	CHECK_ROW("bounds that nobody has named");
	CHECK(parse("net capture -", &w, &text) && w.file[0] == '-');
	CHECK(w.capture.us_max == NET_SECONDS_DEFAULT * US_PER_SEC);
	CHECK(w.capture.bytes_max == NET_MEGABYTES_DEFAULT * 1000000ull);
	CHECK(w.capture.frames_n_max == 0 && w.capture.snap_bytes == 0);
	CHECK(!w.capture.has_net && w.capture.port == 0);
	free(text);
	CHECK(parse("net connections", &w, &text));
	CHECK(w.state == TCP_STATES_N && w.limit == NET_LIMIT_DEFAULT);
	free(text);
}

int
main(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct net_words w;
		char *text = NULL;
		bool is_ok;

		CHECK_ROW(rows[i].name);
		is_ok = parse(rows[i].line, &w, &text);
		CHECK(is_ok == (rows[i].error == NULL));
		if (rows[i].error)
			CHECK(strstr(text, rows[i].error) != NULL);
		else
			CHECK(text[0] == '\0');
		free(text);
	}
	test_values();
	return check_end();
}
