/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes and log lines. */
#include "deliver/outcome.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <errno.h>
#include <stdio.h>

const char *
outcome_code(int err)
{
	switch (err < 0 ? -err : err) {
	case EFBIG:
		return "5.2.2"; /* mailbox full */
	case EDQUOT:
		return "4.2.2"; /* the one owner's quota: the operator's */
	case ENOSPC:
		return "4.3.1"; /* mail system full */
	case EIO:
	case EBADMSG:
	case EROFS:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return "4.3.0"; /* other system trouble */
	case ENAMETOOLONG:
	case EXDEV:
		return "4.3.5"; /* system incorrectly configured */
	default:
		return "4.2.0"; /* other mailbox trouble */
	}
}

void
outcome_delay(uint64_t us, char out[OUTCOME_DELAY_MAX])
{
	unsigned sec = (unsigned)((us + US_PER_SEC / 2) / US_PER_SEC);
	unsigned tenths = (unsigned)((us + 50000) / 100000);
	unsigned hundredths = (unsigned)((us + 5000) / 10000);
	unsigned len;

	if (tenths >= 100)
		len = (unsigned)sprintf(out, "%u.0", sec);
	else if (hundredths >= 100)
		len = (unsigned)sprintf(out, "%u.%u", tenths / 10, tenths % 10);
	else
		len = (unsigned)sprintf(out, "0.%02u", hundredths);
	while (out[len - 1] == '0')
		out[--len] = '\0';
	if (out[len - 1] == '.')
		out[--len] = '\0';
}

static const char *
status_text(enum queue_rcpt_result result)
{
	switch (result) {
	case QUEUE_RCPT_SENT:
		return "sent";
	case QUEUE_RCPT_FAILED:
		return "bounced"; /* no bounce yet: it is kept as dead */
	default:
		return "deferred";
	}
}

/* The program whose name Postfix would log for it, and its relay. */
static const struct {
	const char *module;
	const char *relay;
} carriers[] = {
	[ENVELOPE_VIRTUAL] = { "virtual", "virtual" },
	[ENVELOPE_LOCAL] = { "local", "local" },
	[ENVELOPE_RELAY] = { "smtp", "none" },
	[ENVELOPE_ERROR] = { "error", "none" },
};

static uint64_t
since(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

void
outcome_rcpt(const struct outcome *r)
{
	char all[OUTCOME_DELAY_MAX], before[OUTCOME_DELAY_MAX];
	char transfer[OUTCOME_DELAY_MAX], id[QUEUE_ID_TEXT_MAX];
	struct span why = span_of(r->why), orig = r->rcpt->orig;
	struct span code = span_word(&why, " ");
	bool has_orig = orig.len && !span_is_equal_nocase(orig, r->rcpt->rcpt);

	queue_id_print(r->queue_id, id);
	outcome_delay(since(r->arrival_us, r->done_us), all);
	outcome_delay(since(r->arrival_us, r->taken_us), before);
	outcome_delay(since(r->taken_us, r->done_us), transfer);
	why = span_trim(why);
	log_say(LOG_LEVEL_INFO, carriers[r->transport].module,
		"%s: to=<%.*s>%s%.*s%s, relay=%s, delay=%s, delays=%s/0/0/%s, "
		"dsn=%.*s, status=%s (%.*s)",
		id, SPAN_FMT(r->rcpt->rcpt), has_orig ? ", orig_to=<" : "",
		has_orig ? (int)orig.len : 0, orig.p, has_orig ? ">" : "",
		carriers[r->transport].relay, all, before, transfer,
		SPAN_FMT(code), status_text(r->result), SPAN_FMT(why));
}

void
outcome_removed(uint64_t queue_id)
{
	char id[QUEUE_ID_TEXT_MAX];

	queue_id_print(queue_id, id);
	log_say(LOG_LEVEL_INFO, "qmgr", "%s: removed", id);
}
