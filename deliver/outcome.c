/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes and log lines. */
#include "deliver/outcome.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/print.h"

#include <errno.h>

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
	struct print pr = { out, 0, OUTCOME_DELAY_MAX - 1 };
	unsigned whole = 0, part = 0, digits = 1;

	if (tenths >= 100) {
		whole = sec;
	} else if (hundredths >= 100) {
		whole = tenths / 10;
		part = tenths % 10;
	} else {
		digits = hundredths % 10 ? 2 : 1;
		part = digits == 2 ? hundredths : hundredths / 10;
	}
	print_u64(&pr, whole, 1);
	if (part) {
		print_span(&pr, SPAN("."));
		print_u64(&pr, part, digits);
	}
	out[pr.len] = '\0';
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
	char transfer[OUTCOME_DELAY_MAX], line[LOG_LINE_MAX];
	struct print pr = PRINT_INTO(line);
	struct span why = span_of(r->why), orig = r->rcpt->orig;
	struct span code = span_word(&why, " ");
	bool has_orig = orig.len && !span_is_equal_nocase(orig, r->rcpt->rcpt);

	outcome_delay(since(r->arrival_us, r->done_us), all);
	outcome_delay(since(r->arrival_us, r->taken_us), before);
	outcome_delay(since(r->taken_us, r->done_us), transfer);
	why = span_trim(why);
	print_hex(&pr, r->queue_id);
	print_span(&pr, SPAN(": to=<"));
	print_span(&pr, r->rcpt->rcpt);
	if (has_orig) {
		print_span(&pr, SPAN(">, orig_to=<"));
		print_span(&pr, orig);
	}
	print_span(&pr, SPAN(">, relay="));
	print_text(&pr, carriers[r->transport].relay);
	print_span(&pr, SPAN(", delay="));
	print_text(&pr, all);
	print_span(&pr, SPAN(", delays="));
	print_text(&pr, before);
	print_span(&pr, SPAN("/0/0/"));
	print_text(&pr, transfer);
	print_span(&pr, SPAN(", dsn="));
	print_span(&pr, code);
	print_span(&pr, SPAN(", status="));
	print_text(&pr, status_text(r->result));
	print_span(&pr, SPAN(" ("));
	print_span(&pr, why);
	print_span(&pr, SPAN(")"));
	log_put(LOG_LEVEL_INFO, carriers[r->transport].module, print_done(&pr));
}

void
outcome_removed(uint64_t queue_id)
{
	char line[64];
	struct print pr = PRINT_INTO(line);

	print_hex(&pr, queue_id);
	print_span(&pr, SPAN(": removed"));
	log_put(LOG_LEVEL_INFO, "qmgr", print_done(&pr));
}
