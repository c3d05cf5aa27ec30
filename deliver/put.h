/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * put.h: the steps that take a batch's jobs into mailboxes. Each delivery
 * thread has a struct put of its own; blocks on disks. Nobody else flushes:
 * between the steps the caller does.
 *
 *	put_mail    who may be delivered at all, and into which mailbox
 *	put_box     written: whole in tmp/, or appended to an mbox
 *	(flush)
 *	put_move    moved: under its own name in new/
 *	(flush)
 *	put_finish  sent
 */
#ifndef PENSTOCK_DELIVER_PUT_H
#define PENSTOCK_DELIVER_PUT_H

#include "deliver/fwdloop.h"
#include "deliver/jobs.h"
#include "deliver/maildir.h"

struct put {
	struct queue *q;
	struct disks *disks;
	uint64_t mailbox_bytes_max;
	uint32_t minimum_uid;
	uid_t uid; /* the process's */
	gid_t gid;
	char host[MAILDIR_HOST_MAX + 1]; /* as file names have it */
	struct fwdloop fwdloop;
	/* counted up, for the caller to take */
	uint64_t delivered_n, delivered_bytes, deferred_n, failed_n, found_n;
};

void put_mail(struct put *p, struct jobs *js, uint32_t mail_idx);
void put_box(struct put *p, struct jobs *js, struct box *box);
void put_move(struct put *p, struct jobs *js);
void put_finish(struct put *p, struct jobs *js);

/* A step of put_box() for a mailbox that is one file. */
void put_mbox(struct put *p, struct jobs *js, struct box *box);
/* Ends a job with err's code: failed for good, or deferred. */
PRINTF_LIKE(3, 4)
void put_error(struct job *job, int err, const char *fmt, ...);
/* Before the first byte: the box's disk belongs to the batch. 0 or -errno. */
MUST_USE int put_use_disk(struct put *p, struct jobs *js, struct box *box,
			  int fd, const char *file_path);

#endif
