/* SPDX-License-Identifier: BSD-2-Clause */
/* EAL's arguments out of a text, and its failures as sentences. */
#include "dataplane/port_dpdk_args.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

static const struct {
	const char *name, *text, *want;
} rows[] = {
	{ "nothing", "", "penstock --lcores=3 --in-memory --no-telemetry" },
	{ "a card", " -a  0000:03:00.0\t",
	  "penstock -a 0000:03:00.0 --lcores=3 --in-memory --no-telemetry" },
	{ "no huge pages", "--no-huge --no-pci",
	  "penstock --no-huge --no-pci --lcores=3 --no-shconf -m 96 "
	  "--no-telemetry" },
	{ "both, which EAL refuses", "--in-memory --no-huge",
	  "penstock --no-huge --lcores=3 --no-shconf -m 96 --no-telemetry" },
	{ "memif shares", "--in-memory --vdev=net_memif0,role=client",
	  "penstock --vdev=net_memif0,role=client --lcores=3 "
	  "--file-prefix=penstock-77 --huge-unlink --no-telemetry" },
	{ "memif without huge pages", "--no-huge --vdev=net_memif0",
	  "penstock --no-huge --vdev=net_memif0 --lcores=3 "
	  "--file-prefix=penstock-77 -m 96 --no-telemetry" },
	{ "the operator's own",
	  "-l 0,1 --file-prefix=a --no-huge -m 512 --telemetry",
	  "penstock -l 0,1 --file-prefix=a --no-huge -m 512 --telemetry" },
	{ "given together", "-m512 --no-huge --lcores='(0-1)' --no-shconf",
	  "penstock -m512 --no-huge --lcores=(0-1) --no-shconf "
	  "--no-telemetry" },
	{ "quotes", "--vdev='net_pcap0,rx_pcap=/a b' \"-c 1\" --in-memory",
	  "penstock --vdev=net_pcap0,rx_pcap=/a b -c 1 --in-memory "
	  "--no-telemetry" },
	{ "not the option, only its beginning", "--no-huge-not --in-memory-not",
	  "penstock --no-huge-not --in-memory-not --lcores=3 --in-memory "
	  "--no-telemetry" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char got[512] = "";
		struct dpdk_args a;
		struct diag diag;

		CHECK_ROW(rows[i].name);
		diag_init(&diag);
		CHECK(dpdk_args_init(&a, rows[i].text, 3, 77, 96, &diag) == 0);
		for (int k = 0; k < a.argc; k++) {
			strcat(got, k ? " " : "");
			strcat(got, a.argv[k]);
		}
		CHECK(a.argv[a.argc] == NULL);
		CHECK_SPAN(span_of(got), rows[i].want);
		dpdk_args_fini(&a);
		diag_fini(&diag);
	}
}

static void
test_refused(void)
{
	struct dpdk_args a;
	struct diag diag;
	char *many = must_alloc(4 * DPDK_ARGS_MAX + 1);

	CHECK_ROW("a quote that is not closed");
	diag_init(&diag);
	CHECK(dpdk_args_init(&a, "--vdev='net_tap0", 0, 1, 96, &diag) ==
	      -EINVAL);
	CHECK(findings_has(&diag, DIAG_ERROR,
			   "penstock_dpdk_args: a quote (') is not closed"));
	diag_fini(&diag);

	CHECK_ROW("more words than there is room for");
	for (unsigned i = 0; i < DPDK_ARGS_MAX; i++)
		strcat(many, " -v");
	diag_init(&diag);
	CHECK(dpdk_args_init(&a, many, 0, 1, 96, &diag) == -EINVAL);
	CHECK(findings_has(&diag, DIAG_ERROR, "give fewer"));
	CHECK(diag.exit_code == EX_CONFIG);
	diag_fini(&diag);
	free(many);
}

static const struct {
	const char *said;
	int error, exit_code;
	const char *want;
} failures[] = {
	{ "EAL: No free 2048 kB hugepages reported on node 0\n"
	  "EAL: FATAL: Cannot get hugepage information.\n",
	  EACCES, EX_UNAVAILABLE, "no huge pages: reserve with" },
	{ "penstock: unrecognized option '--foo'\n", EINVAL, EX_CONFIG,
	  "(DPDK: penstock: unrecognized option '--foo')" },
	{ "EAL: Unable to parse device 'net_nosuch0'\n", ENODEV, EX_CONFIG,
	  "no driver has that name" },
	{ "EAL: Detected\nEAL: something else\n\n", EIO, EX_UNAVAILABLE,
	  "DPDK does not start: Input/output error: something else" },
	{ "", EPERM, EX_UNAVAILABLE,
	  "DPDK does not start: Operation not permitted" },
};

static void
test_failures(void)
{
	for (size_t i = 0; i < ARRAY_N(failures); i++) {
		struct diag diag;

		CHECK_ROW(failures[i].want);
		diag_init(&diag);
		dpdk_args_explain(failures[i].said, failures[i].error, &diag);
		CHECK(findings_has(&diag, DIAG_ERROR, failures[i].want));
		CHECK(diag.errors_n == 1 &&
		      diag.exit_code == failures[i].exit_code);
		findings_has(&diag, DIAG_ERROR, failures[i].want)
			? (void)0
			: findings_print(&diag);
		diag_fini(&diag);
	}
}

int
main(void)
{
	test_rows();
	test_refused();
	test_failures();
	return check_end();
}
