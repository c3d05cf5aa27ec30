/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbox.h: mailboxes that are one file (RFC 4155), as Postfix's virtual(8)
 * writes them with virtual_mailbox_lock = fcntl, dotlock. Delivery threads;
 * blocks on disks and, for a bounded time, on locks. Nothing is flushed here.
 */
#ifndef PENSTOCK_DELIVER_MBOX_H
#define PENSTOCK_DELIVER_MBOX_H

#include "deliver/letter.h"

#include <limits.h>
#include <sys/types.h>

#define MBOX_WHY_MAX (PATH_MAX + 100)

struct mbox {
	int fd;
	char path[PATH_MAX];
	char lock_path[PATH_MAX];
};

/*
 * Opens or creates (0600) and locks it, waiting for at most wait_us. 0 or
 * -errno, -EAGAIN when somebody else has the lock; why then is a sentence.
 */
MUST_USE int mbox_open(struct mbox *m, struct span path, gid_t gid,
		       uint64_t wait_us, char why[MBOX_WHY_MAX]);
/*
 * Appends one message, all of it or nothing. bytes_max: of the whole mailbox,
 * 0 for none. 0 or -errno, -EFBIG: over bytes_max. *doing_out as
 * letter_write() has it.
 */
MUST_USE int mbox_append(struct mbox *m, const struct letter *l,
			 struct span sender, uint64_t bytes_max,
			 const char **doing_out);
void mbox_close(struct mbox *m);

#endif
