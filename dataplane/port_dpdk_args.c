/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAL's arguments. What an operator has to give is which devices there are;
 * what follows from that is added here, unless the operator has said otherwise.
 */
#include "dataplane/port_dpdk_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "penstock_dpdk_args"

static bool
arg_add(struct dpdk_args *a, char *arg)
{
	if (a->argc == (int)DPDK_ARGS_MAX)
		return false;
	a->argv[a->argc++] = arg;
	a->argv[a->argc] = NULL;
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes one word from *in to *out, without its quotes; false: none is left, or
 * with *quote set: the quote is not closed. */
static bool
word_take(const char **in, char **out, char *quote)
{
	const char *p = *in;
	char *to = *out;

	*quote = 0;
	while (is_space(*p))
		p++;
	if (*p == '\0')
		return false;
	for (; *p != '\0' && (*quote || !is_space(*p)); p++) {
		if (*quote ? *p == *quote : *p == '\'' || *p == '"')
			*quote = *quote ? 0 : *p;
		else
			*to++ = *p;
	}
	*to++ = '\0';
	*in = p;
	*out = to;
	return *quote == 0;
}

/* Whether an option is there, as "--name", "--name=value" or "-n…". */
static bool
has_option(const struct dpdk_args *a, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < a->argc; i++)
		if (strncmp(a->argv[i], name, n) == 0 &&
		    (name[1] != '-' || a->argv[i][n] == '\0' ||
		     a->argv[i][n] == '='))
			return true;
	return false;
}

static bool
has_word(const struct dpdk_args *a, const char *part)
{
	for (int i = 1; i < a->argc; i++)
		if (strstr(a->argv[i], part) != NULL)
			return true;
	return false;
}

static void
option_remove(struct dpdk_args *a, const char *name)
{
	int to = 1;

	for (int i = 1; i < a->argc; i++)
		if (strcmp(a->argv[i], name) != 0)
			a->argv[to++] = a->argv[i];
	a->argc = to;
	a->argv[to] = NULL;
}

/*
 * Nothing is shared with other processes. EAL has --in-memory for that, but
 * refuses it together with --no-huge, and memif refuses to work with it or
 * with --no-shconf: then there is a runtime folder of this process's own.
 */
static bool
add_unshared(struct dpdk_args *a, char *room, size_t room_bytes, unsigned pid)
{
	bool is_no_huge = has_option(a, "--no-huge");
	bool is_memif = has_word(a, "net_memif");

	if (has_option(a, "--file-prefix") || has_option(a, "--proc-type"))
		return true;
	if (is_no_huge || is_memif)
		option_remove(a, "--in-memory");
	if (!is_memif)
		return has_option(a, "--in-memory") ||
		       has_option(a, "--no-shconf") ||
		       arg_add(a, is_no_huge ? "--no-shconf" : "--in-memory");
	option_remove(a, "--no-shconf");
	a->is_private_dir = true;
	snprintf(room, room_bytes, "--file-prefix=penstock-%u", pid);
	return arg_add(a, room) &&
	       (is_no_huge || has_option(a, "--huge-unlink") ||
		arg_add(a, "--huge-unlink"));
}

static bool
add_missing(struct dpdk_args *a, char *room, unsigned cpu, unsigned pid,
	    uint32_t memory_mb)
{
	enum { PART = 64 };
	bool is_ok = true;

	if (!has_option(a, "-l") && !has_option(a, "-c") &&
	    !has_option(a, "--lcores")) {
		snprintf(room, PART, "--lcores=%u", cpu);
		is_ok &= arg_add(a, room);
	}
	is_ok &= add_unshared(a, room + PART, PART, pid);
	if (has_option(a, "--no-huge") && !has_option(a, "-m") &&
	    !has_option(a, "--socket-mem")) {
		snprintf(room + 2 * PART, PART, "%u", memory_mb);
		is_ok &= arg_add(a, "-m") && arg_add(a, room + 2 * PART);
	}
	if (!has_option(a, "--no-telemetry") && !has_option(a, "--telemetry"))
		is_ok &= arg_add(a, "--no-telemetry");
	return is_ok;
}

int
dpdk_args_init(struct dpdk_args *a, const char *text, unsigned cpu,
	       unsigned pid, uint32_t memory_mb, struct diag *diag)
{
	enum { ROOM = 256 };
	size_t n = strlen(text) + 1;
	char *at, quote = 0;
	bool is_ok = true;

	*a = (struct dpdk_args) { .text = must_alloc(ROOM + 2 * n) };
	at = a->text + ROOM;
	is_ok = arg_add(a, "penstock");
	while (is_ok) {
		char *word = at;

		if (!word_take(&text, &at, &quote))
			break;
		is_ok = arg_add(a, word);
	}
	if (quote) {
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  NAME ": a quote (%c) is not closed", quote);
		goto fail;
	}
	is_ok = is_ok && add_missing(a, a->text, cpu, pid, memory_mb);
	if (is_ok)
		return 0;
	diag_fail(diag, EX_CONFIG, NULL, 0,
		  NAME ": more than %u words: give fewer", DPDK_ARGS_MAX - 8);
fail:
	dpdk_args_fini(a);
	return -EINVAL;
}

void
dpdk_args_fini(struct dpdk_args *a)
{
	free(a->text);
	*a = (struct dpdk_args) { 0 };
}

/* The first line of said that has part in it, without its tag; or "". */
static struct span
line_with(const char *said, const char *part)
{
	const char *at = strstr(said, part), *from, *to;

	if (at == NULL)
		return SPAN("");
	for (from = at; from > said && from[-1] != '\n'; from--)
		;
	to = at + strcspn(at, "\n");
	if (strncmp(from, "EAL: ", 5) == 0)
		from += 5;
	return (struct span) { from, (size_t)(to - from) };
}

/* The last line with a word in it. */
static struct span
line_last(const char *said)
{
	size_t end = strlen(said), from;

	while (end && (is_space(said[end - 1]) || said[end - 1] == '.'))
		end--;
	for (from = end; from && said[from - 1] != '\n'; from--)
		;
	if (strncmp(said + from, "EAL: ", 5) == 0)
		from += 5;
	return (struct span) { said + from, end - from };
}

static const struct {
	const char *part; /* of what EAL says */
	int exit_code;
	const char *remedy;
} explained[] = {
	{ "unrecognized option", EX_CONFIG,
	  "that is no option of DPDK's: `dpdk-testpmd --help` lists them" },
	{ "invalid option", EX_CONFIG,
	  "that is no option of DPDK's: `dpdk-testpmd --help` lists them" },
	{ "requires an argument", EX_CONFIG, "give it one: --option=value" },
	{ "hugepage information", EX_UNAVAILABLE,
	  "no huge pages: reserve with `dpdk-hugepages.py --setup 1G` (or "
	  "vm.nr_hugepages in sysctl), or add --no-huge" },
	{ "No free hugepages", EX_UNAVAILABLE,
	  "no huge pages: reserve with `dpdk-hugepages.py --setup 1G` (or "
	  "vm.nr_hugepages in sysctl), or add --no-huge" },
	{ "Unable to parse device", EX_CONFIG,
	  "no driver has that name: --vdev=net_memif0,… net_tap0,… "
	  "net_af_packet0,… net_af_xdp0,…, or for a card -a 0000:03:00.0" },
	{ "failed to parse device", EX_CONFIG,
	  "no driver has that name: --vdev=net_memif0,… net_tap0,… "
	  "net_af_packet0,… net_af_xdp0,…, or for a card -a 0000:03:00.0" },
	{ "invalid core", EX_CONFIG,
	  "name processors that this machine has: --lcores=0" },
	{ "Not enough memory", EX_UNAVAILABLE,
	  "give DPDK less (-m MEGABYTES), or free memory or huge pages" },
	{ "Cannot allocate memory", EX_UNAVAILABLE,
	  "give DPDK less (-m MEGABYTES), or free memory or huge pages" },
	{ "Cannot init memory", EX_UNAVAILABLE,
	  "give DPDK less (-m MEGABYTES), or free memory or huge pages" },
	{ "VFIO group", EX_NOPERM,
	  "start as root, or let this user open /dev/vfio; load vfio-pci and "
	  "turn the IOMMU on" },
	{ "runtime directory", EX_CANTCREAT,
	  "start as root, or set XDG_RUNTIME_DIR to a folder that is there" },
	{ "create lock on", EX_TEMPFAIL,
	  "another process has that --file-prefix: name another one" },
};

void
dpdk_args_explain(const char *said, int error, struct diag *diag)
{
	struct span line;

	for (size_t i = 0; i < ARRAY_N(explained); i++) {
		line = line_with(said, explained[i].part);
		if (line.len == 0)
			continue;
		diag_fail(diag, explained[i].exit_code, NULL, 0,
			  NAME ": %s (DPDK: %.*s)", explained[i].remedy,
			  SPAN_FMT(line));
		return;
	}
	line = line_last(said);
	diag_fail(diag, EX_UNAVAILABLE, NULL, 0,
		  NAME ": DPDK does not start: %s%s%.*s", strerror(error),
		  line.len ? ": " : "", SPAN_FMT(line));
}
