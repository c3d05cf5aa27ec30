/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a peer may take, and how long one that errs is made to wait. */
#include "engine/smtp/smtp_int.h"
#include "engine/base/clock.h"

bool
smtp_is_in_request(const struct smtp *s)
{
	return s->partial != NULL || s->is_line_too_long ||
	       s->state == ST_DATA || s->state == ST_CHUNK ||
	       s->state == ST_SWALLOW;
}

void
smtp_deadline_renew(struct smtp *s, bool is_same_request, size_t bytes,
		    uint64_t now_us)
{
	uint64_t whole = now_us + s->cfg->timeout_us;

	if (bytes == 0 || s->state == ST_PROXY)
		return;
	if (is_same_request && s->cfg->is_per_request_deadline &&
	    s->cfg->min_data_rate) {
		s->deadline_us += bytes * US_PER_SEC / s->cfg->min_data_rate;
		if (s->deadline_us > whole)
			s->deadline_us = whole;
		return;
	}
	s->deadline_us = whole;
}

bool
smtp_has_to_pause(struct smtp *s, unsigned errors_before, uint64_t now_us)
{
	if (s->errors_n == errors_before ||
	    s->errors_n <= s->cfg->soft_errors_max ||
	    s->cfg->error_sleep_us == 0)
		return false;
	s->resume_us = now_us + s->cfg->error_sleep_us;
	return true;
}
