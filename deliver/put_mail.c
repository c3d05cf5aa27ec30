/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may be delivered: transports that exist, owners and paths that are safe,
 * no message into a mailbox that it has been in before. What an operator has
 * to mend is deferred and never fails: mail is not lost over a configuration.
 */
#include "deliver/put.h"
#include "deliver/outcome.h"

#include <string.h>

/* Some component is "..". */
static bool
climbs(struct span path)
{
	while (path.len) {
		struct span name = span_word(&path, "/");

		if (span_is_equal(name, SPAN("..")))
			return true;
	}
	return false;
}

/* What is wrong with the mailbox of a route: the job has ended. */
static bool
is_refused(const struct put *p, struct job *job,
	   const struct queue_route *route)
{
	struct span path = route->dest;

	if (path.len == 0 || path.p[0] != '/' || climbs(path) ||
	    memchr(path.p, '\0', path.len))
		job_end(job, JOB_DEFERRED,
			"4.3.5 mailbox path is not absolute or has \"..\": "
			"%.*s",
			SPAN_FMT(path));
	else if (route->uid < p->minimum_uid)
		job_end(job, JOB_DEFERRED,
			"4.3.5 mailbox owner uid %u is under "
			"virtual_minimum_uid (%u)",
			route->uid, p->minimum_uid);
	else if (p->uid == 0)
		job_end(job, JOB_DEFERRED,
			"4.3.5 Penstock runs as root, and never delivers as "
			"root: set penstock_user");
	else if (route->uid != p->uid)
		job_end(job, JOB_DEFERRED,
			"4.3.5 mailbox owner uid %u is not the user Penstock "
			"runs as (%u)",
			route->uid, (unsigned)p->uid);
	else
		return false;
	return true;
}

/* "4.3.5 text" or "5.1.1 text" as the router made it. */
static void
end_as_told(struct job *job, struct span text)
{
	bool has_code = text.len > 5 &&
			(text.p[0] == '4' || text.p[0] == '5') &&
			text.p[1] == '.' && memchr(text.p, ' ', text.len);

	if (has_code && text.p[0] == '5')
		job_end(job, JOB_FAILED, "%.*s", SPAN_FMT(text));
	else
		job_end(job, JOB_DEFERRED, "%s%.*s", has_code ? "" : "4.3.0 ",
			SPAN_FMT(text));
}

/* Gathers the Delivered-To fields. 0 or -errno. */
static int
scan(struct put *p, const struct queue_msg *msg)
{
	struct queue_body_pos pos = { 0 };
	struct span piece;
	int more;

	fwdloop_begin(&p->fwdloop);
	while ((more = queue_body_next(p->q, msg, &pos, &piece)) > 0)
		if (!fwdloop_feed(&p->fwdloop, piece))
			break;
	fwdloop_end(&p->fwdloop);
	queue_body_end(p->q, &pos);
	return more < 0 ? more : 0;
}

static void
put_virtual(struct put *p, struct jobs *js, struct job *job,
	    const struct envelope_rcpt *rcpt, const struct queue_route *route)
{
	if (is_refused(p, job, route))
		return;
	if (fwdloop_has(&p->fwdloop, rcpt->rcpt)) {
		job_end(job, JOB_FAILED, "5.4.6 mail forwarding loop for %.*s",
			SPAN_FMT(rcpt->rcpt));
		return;
	}
	if (route->gid != p->gid)
		job->gid = route->gid;
	if (jobs_put_in_box(js, (uint32_t)(job - js->v), route->dest))
		job_end(job, JOB_DEFERRED, "4.3.0 out of memory");
}

void
put_mail(struct put *p, struct jobs *js, uint32_t mail_idx)
{
	const struct mail *mail = &js->mails[mail_idx];
	struct job *job = &js->v[mail->job_first];
	bool is_scanned = false;
	int err = 0;

	for (uint32_t i = 0; i < mail->jobs_n; i++, job++) {
		struct envelope_rcpt rcpt = jobs_rcpt(js, job);
		struct queue_route route = queue_msg_route(mail->msg, i, &rcpt);

		job->transport = route.transport;
		if (job->state == JOB_SETTLED)
			continue;
		if (route.transport == ENVELOPE_VIRTUAL && !is_scanned) {
			err = scan(p, mail->msg);
			is_scanned = true;
		}
		if (route.transport == ENVELOPE_LOCAL)
			job_end(job, JOB_DEFERRED,
				"4.3.5 there is no local delivery yet");
		else if (route.transport == ENVELOPE_RELAY)
			job_end(job, JOB_DEFERRED,
				"4.3.5 there is no relay transport yet");
		else if (route.transport == ENVELOPE_ERROR)
			end_as_told(job, route.dest);
		else if (err)
			put_error(job, err, "error reading message: %s",
				  strerror(-err));
		else
			put_virtual(p, js, job, &rcpt, &route);
	}
}
