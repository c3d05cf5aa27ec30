/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of a batch. A file costs open, writev, close and rename, and
 * nothing else: the disk is looked up once per mailbox and batch, and an
 * earlier delivery is looked for only when there was one.
 */
#include "deliver/put.h"
#include "deliver/letter.h"
#include "deliver/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool
is_mbox(const struct box *box)
{
	return box->path.p[box->path.len - 1] != '/';
}

void
put_error(struct job *job, int err, const char *fmt, ...)
{
	const char *code = outcome_code(err);
	char text[PATH_MAX + 256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	job_end(job, code[0] == '5' ? JOB_FAILED : JOB_DEFERRED, "%s %s", code,
		text);
}

int
put_use_disk(struct put *p, struct jobs *js, struct box *box, int fd,
	     const char *file_path)
{
	struct maildir_path dir;
	int64_t idx;

	if (LIKELY(box->disk_idx != JOBS_NONE))
		return 0;
	span_copy(span_of(file_path), dir.text, sizeof(dir.text));
	strrchr(dir.text, '/')[1] = '\0';
	idx = jobs_disk(js, p->disks, fd, dir.text);
	if (idx < 0)
		return (int)idx;
	box->disk_idx = (uint32_t)idx;
	return 0;
}

static unsigned
name_of(const struct put *p, const struct jobs *js, const struct job *job,
	char name[MAILDIR_NAME_MAX])
{
	const struct mail *mail = &js->mails[job->mail_idx];

	return maildir_name(name, mail->arrival_us, mail->msg->id,
			    job->rcpt_idx, p->host);
}

/* False: the job has ended. */
static bool
make_letter(struct put *p, struct jobs *js, struct job *job, struct letter *l)
{
	const struct mail *mail = &js->mails[job->mail_idx];
	struct envelope_rcpt rcpt = jobs_rcpt(js, job);

	if (letter_init(l, p->q, mail->msg, mail->sender, &rcpt))
		return true;
	job_end(job, JOB_FAILED, "5.1.3 control character in an address");
	return false;
}

static void
put_file(struct put *p, struct jobs *js, struct box *box, struct job *job)
{
	char name_text[MAILDIR_NAME_MAX];
	struct span name = { name_text, name_of(p, js, job, name_text) };
	const char *doing = "finding the disk";
	struct maildir_path path;
	struct letter l;
	int fd, err;

	if (!make_letter(p, js, job, &l))
		return;
	if (p->mailbox_bytes_max && l.bytes > p->mailbox_bytes_max) {
		put_error(job, -EFBIG,
			  "maildir delivery failed: error writing message: %s",
			  strerror(EFBIG));
		return;
	}
	fd = maildir_create(&path, box->path, name, job->gid);
	if (fd < 0) {
		put_error(job, fd,
			  "maildir delivery failed: create maildir file "
			  "%.*stmp/%.*s: %s",
			  SPAN_FMT(box->path), SPAN_FMT(name), strerror(-fd));
		return;
	}
	err = put_use_disk(p, js, box, fd, path.text);
	if (!err)
		err = letter_write(&l, fd, &doing);
	if (close(fd) && !err)
		err = -errno;
	if (!err) {
		job->state = JOB_WRITTEN;
		p->delivered_bytes += l.bytes;
		return;
	}
	maildir_discard(box->path, name);
	put_error(job, err, "maildir delivery failed: error %s: %s: %s", doing,
		  path.text, strerror(-err));
}

static bool
was_tried(const struct jobs *js, const struct job *job)
{
	const struct queue_msg *msg = js->mails[job->mail_idx].msg;

	return job->state == JOB_TODO &&
	       (msg->is_recovered || msg->attempts_n > 0);
}

/* An earlier attempt's file is the delivery, once it is known to be durable. */
static void
take_found(struct put *p, struct jobs *js, struct box *box,
	   struct maildir_wanted *w)
{
	struct job *job = &js->v[(uintptr_t)w->tag];
	int fd, err;

	if (!w->is_whole) {
		job->instead = w->path;
		w->path = NULL;
		return;
	}
	fd = open(w->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 ? -errno : put_use_disk(p, js, box, fd, w->path);
	if (fd >= 0)
		close(fd);
	if (err == -ENOENT)
		return; /* its owner was quick: once more is better than never
			 */
	if (err) {
		put_error(job, err, "cannot open %s: %s", w->path,
			  strerror(-err));
		return;
	}
	job->state = JOB_MOVED;
	p->found_n++;
}

static void
end_unknown(struct jobs *js, const struct box *box, int err)
{
	for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next)
		if (was_tried(js, &js->v[i]))
			put_error(&js->v[i], err,
				  "cannot look for an earlier delivery in "
				  "%.*s: %s",
				  SPAN_FMT(box->path), strerror(-err));
}

/* Looks for the files of jobs that may have been done before. */
static void
find_earlier(struct put *p, struct jobs *js, struct box *box)
{
	struct maildir_wanted *wanted;
	uint32_t n = 0;
	int err;

	for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next)
		n += was_tried(js, &js->v[i]);
	if (LIKELY(n == 0))
		return;
	wanted = calloc(n, sizeof(*wanted));
	if (wanted == NULL) {
		end_unknown(js, box, -ENOMEM);
		return;
	}
	n = 0;
	for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next) {
		struct job *job = &js->v[i];
		struct letter l;

		if (!was_tried(js, job) || !make_letter(p, js, job, &l))
			continue;
		wanted[n++] = (struct maildir_wanted) {
			.queue_id = l.msg->id,
			.rcpt_idx = job->rcpt_idx,
			.bytes = l.bytes,
			.tag = (void *)(uintptr_t)i,
		};
	}
	err = maildir_find(box->path, wanted, n);
	if (err)
		end_unknown(js, box, err);
	for (uint32_t i = 0; i < n; i++) {
		if (!err && wanted[i].is_found)
			take_found(p, js, box, &wanted[i]);
		free(wanted[i].path);
	}
	free(wanted);
}

void
put_box(struct put *p, struct jobs *js, struct box *box)
{
	if (is_mbox(box)) {
		put_mbox(p, js, box);
	} else {
		find_earlier(p, js, box);
		for (uint32_t i = box->todo; i != JOBS_NONE; i = js->v[i].next)
			if (js->v[i].state == JOB_TODO)
				put_file(p, js, box, &js->v[i]);
	}
	box->todo = JOBS_NONE;
}

static int
box_error(struct put *p, const struct jobs *js, const struct box *box)
{
	const struct disk_use *use;

	if (box->disk_idx == JOBS_NONE)
		return 0;
	use = &js->disks[box->disk_idx];
	return disk_error(p->disks, use->disk, use->failures_n);
}

/* err: what the flush of its disk gave. */
static void
move_file(struct put *p, struct jobs *js, struct box *box, struct job *job,
	  int err)
{
	char name_text[MAILDIR_NAME_MAX];
	struct span name = { name_text, name_of(p, js, job, name_text) };
	const char *doing = "flushing";

	if (!err) {
		doing = "moving it to new/";
		err = maildir_move(box->path, name, job->instead, job->gid);
	}
	if (!err) {
		job->state = JOB_MOVED;
		return;
	}
	maildir_discard(box->path, name);
	put_error(job, err,
		  "maildir delivery failed: error %s: %.*stmp/%.*s: %s", doing,
		  SPAN_FMT(box->path), SPAN_FMT(name), strerror(-err));
}

void
put_move(struct put *p, struct jobs *js)
{
	for (uint32_t b = 0; b < js->boxes_n; b++) {
		struct box *box = &js->boxes[b];
		int err = box_error(p, js, box);

		for (uint32_t i = box->first; i != JOBS_NONE;
		     i = js->v[i].next) {
			struct job *job = &js->v[i];

			if (job->state != JOB_WRITTEN)
				continue;
			if (is_mbox(box))
				job->state = JOB_MOVED;
			else
				move_file(p, js, box, job, err);
		}
	}
}

static void
count(struct put *p, const struct job *job)
{
	p->delivered_n += job->state == JOB_SENT;
	p->deferred_n += job->state == JOB_DEFERRED;
	p->failed_n += job->state == JOB_FAILED;
}

/*
 * A file whose move may not have become durable stays where it is: its bytes
 * are, and the next attempt finds it.
 */
void
put_finish(struct put *p, struct jobs *js)
{
	for (uint32_t b = 0; b < js->boxes_n; b++) {
		struct box *box = &js->boxes[b];
		int err = box_error(p, js, box);

		for (uint32_t i = box->first; i != JOBS_NONE;
		     i = js->v[i].next) {
			struct job *job = &js->v[i];

			if (job->state != JOB_MOVED)
				continue;
			if (err)
				put_error(job, err,
					  "flushing the disk of %.*s: %s",
					  SPAN_FMT(box->path), strerror(-err));
			else if (is_mbox(box))
				job_end(job, JOB_SENT,
					"2.0.0 delivered to mailbox");
			else
				job->state = JOB_SENT;
		}
	}
	for (uint32_t i = 0; i < js->n; i++)
		count(p, &js->v[i]);
}
