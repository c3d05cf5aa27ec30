/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of `penstock net`: one table says which there are, of which verb, and
 * within what bounds. What they filter by reads as it does in other programs:
 * host ADDRESS, port NUMBER, "and" between them.
 */
#include "engine/net_words.h"
#include "dataplane/look.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BOTH (1u << NET_CONNECTIONS | 1u << NET_CAPTURE)

enum word {
	WORD_AND,
	WORD_HOST,
	WORD_PORT,
	WORD_STATE,
	WORD_JSON,
	WORD_LIMIT,
	WORD_COUNT,
	WORD_SECONDS,
	WORD_MEGABYTES,
	WORD_SNAP,
	WORD_N
};

static const struct {
	const char *text;
	unsigned verbs;	   /* that have it */
	const char *value; /* what follows; NULL: nothing */
	uint64_t min, max; /* a number; max 0: none */
} rows[] = {
	[WORD_AND] = { "and", BOTH, NULL, 0, 0 },
	[WORD_HOST] = { "host", BOTH, "an address or network", 0, 0 },
	[WORD_PORT] = { "port", BOTH, "a port", 1, 65535 },
	[WORD_STATE] = { "state", 1u << NET_CONNECTIONS, "a state", 0, 0 },
	[WORD_JSON] = { "--json", 1u << NET_CONNECTIONS, NULL, 0, 0 },
	[WORD_LIMIT] = { "--limit", 1u << NET_CONNECTIONS,
			 "a number of connections", 1, 10000000 },
	[WORD_COUNT] = { "--count", 1u << NET_CAPTURE, "a number of frames", 1,
			 1000000000000 },
	[WORD_SECONDS] = { "--seconds", 1u << NET_CAPTURE, "seconds", 1,
			   604800 },
	[WORD_MEGABYTES] = { "--megabytes", 1u << NET_CAPTURE,
			     "the file's size", 1, 10000000 },
	[WORD_SNAP] = { "--snap", 1u << NET_CAPTURE, "bytes of each frame", 14,
			65535 },
};
static_assert(ARRAY_N(rows) == WORD_N, "word rows");

static bool
say_usage(FILE *errors)
{
	fputs("penstock: usage: penstock net [-c DIR] connections [--json] "
	      "[--limit N] [state NAME] [host ADDRESS[/BITS]] [port N]\n"
	      "penstock: usage: penstock net [-c DIR] capture FILE [--count N] "
	      "[--seconds N] [--megabytes N] [--snap N] "
	      "[host ADDRESS[/BITS]] [port N]\n",
	      errors);
	return false;
}

static enum word
find(const char *text, enum net_verb verb)
{
	unsigned i = 0;

	while (i < WORD_N && (strcmp(text, rows[i].text) != 0 ||
			      !(rows[i].verbs & 1u << verb)))
		i++;
	return (enum word)i;
}

static bool
set_number(enum word w, const char *text, struct net_words *out, FILE *errors)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno ||
	    n < rows[w].min || n > rows[w].max) {
		fprintf(errors,
			"penstock: net: %s %s: %s is wanted: a number from "
			"%" PRIu64 " to %" PRIu64 "\n",
			rows[w].text, text, rows[w].value, rows[w].min,
			rows[w].max);
		return false;
	}
	if (w == WORD_PORT)
		out->capture.port = (uint16_t)n;
	else if (w == WORD_LIMIT)
		out->limit = n;
	else if (w == WORD_COUNT)
		out->capture.frames_n_max = n;
	else if (w == WORD_SECONDS)
		out->capture.us_max = n * US_PER_SEC;
	else if (w == WORD_MEGABYTES)
		out->capture.bytes_max = n * 1000000;
	else
		out->capture.snap_bytes = (uint32_t)n;
	return true;
}

static bool
set_host(const char *text, struct net_words *out, FILE *errors)
{
	const char *why = "neither an address nor a network";

	if (!ip_net_parse(span_of(text), &out->capture.net, &why)) {
		fprintf(errors, "penstock: net: host %s: %s\n", text, why);
		return false;
	}
	out->capture.has_net = true;
	return true;
}

static bool
set_state(const char *text, struct net_words *out, FILE *errors)
{
	for (unsigned i = 0; i < TCP_STATES_N; i++)
		if (strcmp(text, look_state_name(i)) == 0) {
			out->state = i;
			return true;
		}
	fprintf(errors, "penstock: net: state %s: there are", text);
	for (unsigned i = 0; i < TCP_STATES_N; i++)
		fprintf(errors, " %s", look_state_name(i));
	fputc('\n', errors);
	return false;
}

static bool
set(enum word w, const char *value, struct net_words *out, FILE *errors)
{
	if (rows[w].value && value == NULL) {
		fprintf(errors, "penstock: net: %s: %s is missing\n",
			rows[w].text, rows[w].value);
		return false;
	}
	if (rows[w].max)
		return set_number(w, value, out, errors);
	if (w == WORD_HOST)
		return set_host(value, out, errors);
	if (w == WORD_STATE)
		return set_state(value, out, errors);
	if (w == WORD_JSON)
		out->is_json = true;
	return true;
}

bool
net_words_parse(int argc, char **argv, struct net_words *out, FILE *errors)
{
	bool is_given[WORD_N] = { false };

	*out = (struct net_words) {
		.state = TCP_STATES_N,
		.limit = NET_LIMIT_DEFAULT,
		.capture = { .us_max = NET_SECONDS_DEFAULT * US_PER_SEC,
			     .bytes_max = NET_MEGABYTES_DEFAULT * 1000000ull },
	};
	if (argc >= 2 && strcmp(argv[1], "connections") == 0)
		out->verb = NET_CONNECTIONS;
	else if (argc >= 2 && strcmp(argv[1], "capture") == 0)
		out->verb = NET_CAPTURE;
	else
		return say_usage(errors);
	for (int i = 2; i < argc; i++) {
		enum word w = find(argv[i], out->verb);

		if (w == WORD_N && out->verb == NET_CAPTURE && !out->file &&
		    (argv[i][0] != '-' || argv[i][1] == '\0')) {
			out->file = argv[i];
			continue;
		}
		if (w == WORD_N || (w != WORD_AND && is_given[w])) {
			fprintf(errors, "penstock: net: \"%s\" is %s\n",
				argv[i],
				w == WORD_N ? "not expected here"
					    : "there twice");
			return say_usage(errors);
		}
		is_given[w] = true;
		if (!set(w, rows[w].value && i + 1 < argc ? argv[i + 1] : NULL,
			 out, errors))
			return false;
		i += rows[w].value != NULL;
	}
	if (out->verb == NET_CAPTURE && out->file == NULL) {
		fputs("penstock: net: capture: a FILE is missing; - is "
		      "standard output\n",
		      errors);
		return say_usage(errors);
	}
	return true;
}
