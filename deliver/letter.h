/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * letter.h: a message as one recipient's mailbox gets it: the three fields of
 * delivery in front (RFC 5321 section 4.4, RFC 9228), the body of the queue
 * behind, not a byte of it copied. One thread at a time.
 */
#ifndef PENSTOCK_DELIVER_LETTER_H
#define PENSTOCK_DELIVER_LETTER_H

#include "queue/queue.h"

#include <sys/uio.h>

#define LETTER_PARTS_N 7 /* of the head */

struct letter {
	struct queue *q;
	const struct queue_msg *msg;
	struct iovec head[LETTER_PARTS_N];
	uint64_t bytes; /* head and body */
};

/*
 * Borrows all of it. False: an address holds a byte that would break the
 * header (NUL, CR, LF).
 */
MUST_USE bool letter_init(struct letter *l, struct queue *q,
			  const struct queue_msg *msg, struct span sender,
			  const struct envelope_rcpt *rcpt);

/*
 * Writes it all at the file's position. 0, or -errno; *doing_out then says
 * what failed: "reading message" or "writing message".
 */
MUST_USE int letter_write(const struct letter *l, int fd,
			  const char **doing_out);

/* All bytes, whatever it takes. 0 or -errno. Changes parts. */
MUST_USE int letter_write_parts(int fd, struct iovec *parts, int parts_n);

#endif
