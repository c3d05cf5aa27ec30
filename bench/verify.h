/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify.h: the other half of a ledger: is every acknowledged message in its
 * mailbox exactly once, byte for byte behind the header fields that delivery
 * adds? Blocks on the disk; one thread.
 */
#ifndef PENSTOCK_BENCH_VERIFY_H
#define PENSTOCK_BENCH_VERIFY_H

#include "engine/base/must.h"

#include <stdio.h>

struct verify_cfg {
	const char *ledger_path;
	const char *base;   /* of the maildirs */
	const char *format; /* of one under it: %d domain, %u user */
	FILE *faults;	    /* a line for each of the first ones; or NULL */
};

struct verify_result {
	uint64_t runs_n, torn_lines_n; /* of the ledger */
	uint64_t acked_n;	       /* messages */
	uint64_t expected_n;	       /* message and mailbox pairs of those */
	uint64_t files_n, bytes;
	uint64_t found_n;   /* expected, there, and byte-exact */
	uint64_t extra_n;   /* delivered without our having had the 250: fine */
	uint64_t foreign_n; /* of runs that the ledger does not know: fine */
	uint64_t tmp_n;	    /* in tmp/: fine, no reader looks there */
	/* faults */
	uint64_t missing_n;
	uint64_t duplicates_n; /* the second and later files of a message */
	uint64_t damaged_n;    /* torn, changed, or without any token */
	uint64_t misplaced_n;  /* in a mailbox that it was not sent to */
};

bool verify_has_fault(const struct verify_result *v);

/*
 * EX_OK whether or not there are faults; EX_NOINPUT, EX_DATAERR (the ledger),
 * EX_IOERR after a line on stderr.
 */
MUST_USE int verify_run(const struct verify_cfg *cfg,
			struct verify_result *out);

/*
 * Takes off the fields that delivery puts on top (Return-Path, X-Original-To,
 * Delivered-To, Received). False when the first or third is there with another
 * value than these addresses.
 */
struct span;
bool verify_trace_skip(struct span *stored, const char *return_path,
		       const char *delivered_to);

#endif
