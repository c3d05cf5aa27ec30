/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes from a policy server: the reply is the same however it is cut into
 * pieces, and its action is text of a bounded length. The first byte says how
 * long the pieces are.
 */
#include "engine/policy/server_reply.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum server_reply_feed
feed_in(struct server_reply *r, struct span rest, size_t piece)
{
	enum server_reply_feed fed = SERVER_REPLY_MORE;

	memset(r, 0, sizeof(*r));
	while (fed == SERVER_REPLY_MORE && rest.len > 0) {
		struct span in =
			span_to(rest, piece < rest.len ? piece : rest.len);

		rest = span_from(rest, in.len);
		fed = server_reply_feed(r, &in);
		must(fed != SERVER_REPLY_MORE || in.len == 0);
	}
	return fed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct server_reply whole, cut;
	struct span text;
	enum server_reply_feed fed;

	if (n < 1)
		return 0;
	text = (struct span) { (const char *)data + 1, n - 1 };
	fed = feed_in(&whole, text, text.len);
	must(feed_in(&cut, text, data[0] % 16 + 1u) == fed);
	if (fed == SERVER_REPLY_BAD) {
		must(whole.why != NULL && cut.why == whole.why);
	} else if (fed == SERVER_REPLY_DONE) {
		must(whole.len <= SERVER_ANSWER_MAX && whole.has_action);
		must(strlen(whole.text) == whole.len);
		must(memchr(whole.text, '\n', whole.len) == NULL);
		must(cut.len == whole.len &&
		     memcmp(cut.text, whole.text, whole.len) == 0);
	}
	return 0;
}
