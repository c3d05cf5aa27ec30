/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome.h: what a delivery's outcome is called: enhanced status codes
 * (RFC 3463), and log lines in the form that Postfix's readers know. Any
 * thread; never blocks.
 */
#ifndef PENSTOCK_DELIVER_OUTCOME_H
#define PENSTOCK_DELIVER_OUTCOME_H

#include "queue/queue.h"

/*
 * The code for a mailbox that could not be written. Temporary all but for
 * EFBIG: what an operator can mend must not lose mail.
 */
const char *outcome_code(int err);

struct outcome {
	uint64_t queue_id;
	const struct envelope_rcpt *rcpt;
	uint8_t transport; /* enum envelope_transport, as it holds now */
	enum queue_rcpt_result result;
	const char *why; /* "2.0.0 delivered to maildir" */
	uint64_t arrival_us, taken_us, done_us; /* wall clock */
};

/* ID: to=<…>, orig_to=<…>, relay=…, delay=…, delays=…, dsn=…, status=… (…) */
void outcome_rcpt(const struct outcome *r);
/* ID: removed */
void outcome_removed(uint64_t queue_id);

/* "0", "0.05", "1.2", "12": two digits, no finer than a hundredth second. */
#define OUTCOME_DELAY_MAX 24
void outcome_delay(uint64_t us, char out[OUTCOME_DELAY_MAX]);

#endif
