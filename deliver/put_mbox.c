/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs of a mailbox that is one file: locked once per batch, however many
 * messages it gets. A mailbox that somebody else holds for too long defers all
 * of them: other mailboxes wait in the same thread.
 */
#include "deliver/mbox.h"
#include "deliver/put.h"

#include <errno.h>
#include <stdlib.h>

#define LOCK_WAIT_US (2 * 1000 * 1000u)

static void
end_all(struct jobs *js, struct box *box, int err, const char *why)
{
	for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next)
		put_error(&js->v[i], err, "delivery failed to mailbox %.*s: %s",
			  SPAN_FMT(box->path), why);
}

static void
append(struct put *p, struct jobs *js, struct box *box, struct job *job,
       struct mbox *m)
{
	const struct mail *mail = &js->mails[job->mail_idx];
	struct envelope_rcpt rcpt = jobs_rcpt(js, job);
	const char *doing;
	struct letter l;
	int err;

	if (!letter_init(&l, p->q, mail->msg, mail->sender, &rcpt)) {
		job_end(job, JOB_FAILED,
			"5.1.3 control character in an address");
		return;
	}
	err = mbox_append(m, &l, mail->sender, p->mailbox_bytes_max, &doing);
	if (err) {
		put_error(job, err,
			  "delivery failed to mailbox %.*s: error %s: %s",
			  SPAN_FMT(box->path), doing, strerror(-err));
		return;
	}
	job->state = JOB_WRITTEN;
	p->delivered_bytes += l.bytes;
}

void
put_mbox(struct put *p, struct jobs *js, struct box *box)
{
	struct mbox *m = malloc(sizeof(*m));
	char why[MBOX_WHY_MAX];
	int err;

	if (m == NULL) {
		end_all(js, box, -ENOMEM, strerror(ENOMEM));
		return;
	}
	err = mbox_open(m, box->path, js->v[box->todo].gid, LOCK_WAIT_US, why);
	if (err) {
		end_all(js, box, err, why);
		goto out;
	}
	err = put_use_disk(p, js, box, m->fd, m->path);
	if (err)
		end_all(js, box, err, "finding the disk failed");
	else
		for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next)
			append(p, js, box, &js->v[i], m);
	mbox_close(m);
out:
	free(m);
}
