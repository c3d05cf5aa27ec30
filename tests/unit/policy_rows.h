/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_rows.h: rows of "this recipient becomes those", for the tests of
 * policy_route() and of what is behind it.
 */
#ifndef PENSTOCK_TESTS_POLICY_ROWS_H
#define PENSTOCK_TESTS_POLICY_ROWS_H

#include "tests/unit/policy_site.h"

/* One expected recipient: "V rcpt dest" with the transport's first letter. */
struct row {
	const char *name, *rcpt;
	int code;
	const char *text;     /* of the reply, when code is not 0 */
	const char *rcpts[4]; /* of the envelope, in any order */
};

static inline bool
is_row(const struct envelope_rcpt *rcpt, const char *want)
{
	static const char letters[] = { [ENVELOPE_VIRTUAL] = 'V',
					[ENVELOPE_LOCAL] = 'L',
					[ENVELOPE_RELAY] = 'R',
					[ENVELOPE_ERROR] = 'E' };
	char text[4096];

	snprintf(text, sizeof(text), "%c %.*s %.*s", letters[rcpt->transport],
		 SPAN_FMT(rcpt->rcpt), SPAN_FMT(rcpt->dest));
	return strcmp(text, want) == 0;
}

static inline void
check_envelope(const struct envelope *env, const struct row *row)
{
	struct envelope_rcpt rcpt;
	uint32_t pos = 0;
	unsigned n = 0;

	while (n < ARRAY_N(row->rcpts) && row->rcpts[n] != NULL)
		n++;
	CHECK(env->rcpt_n == n);
	while (envelope_rcpt_next(env, &pos, &rcpt)) {
		bool found = false;

		for (unsigned i = 0; i < n; i++)
			found |= is_row(&rcpt, row->rcpts[i]);
		CHECK(found);
		if (!found)
			fprintf(stderr, "\tgot  %d %.*s %.*s\n", rcpt.transport,
				SPAN_FMT(rcpt.rcpt), SPAN_FMT(rcpt.dest));
		CHECK_SPAN(rcpt.orig, "orig");
		CHECK_SPAN(rcpt.orcpt, "rfc822;o");
		CHECK(rcpt.notify == ENVELOPE_NOTIFY_DELAY);
		if (rcpt.transport == ENVELOPE_VIRTUAL)
			CHECK(rcpt.uid == 1000 && rcpt.gid == 1001);
	}
}

static inline void
check_rows(const struct site *s, const struct row *list, size_t n)
{
	struct envelope_head head = { .queue_id = 1 };
	struct envelope_rcpt like = { .orig = SPAN("orig"),
				      .orcpt = SPAN("rfc822;o"),
				      .notify = ENVELOPE_NOTIFY_DELAY };
	struct envelope env = { .p = NULL };

	for (size_t i = 0; i < n; i++) {
		struct addr a = site_addr(list[i].rcpt);
		char text[POLICY_TEXT_MAX] = "";

		CHECK_ROW(list[i].name);
		CHECK(envelope_begin(&env, &head) == 0);
		CHECK(policy_route(s->policy, &a, &like, &env, text) ==
		      list[i].code);
		if (list[i].code != 0)
			CHECK_SPAN(span_of(text), list[i].text);
		check_envelope(&env, &list[i]);
	}
	envelope_fini(&env);
}

static inline void
check_site(const struct site_text *text, const struct row *list, size_t n)
{
	struct site s;

	site_open(&s, text);
	CHECK(s.policy != NULL);
	if (s.policy != NULL)
		check_rows(&s, list, n);
	site_close(&s);
}

#endif
