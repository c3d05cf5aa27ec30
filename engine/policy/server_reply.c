/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy server's reply, a byte at a time: it is a short line or two. */
#include "engine/policy/server_reply.h"

static enum server_reply_feed
bad(struct server_reply *r, const char *why)
{
	r->why = why;
	return SERVER_REPLY_BAD;
}

static bool
is_action(const struct server_reply *r)
{
	return r->name_n == 6 && memcmp(r->name, "action", 6) == 0;
}

static enum server_reply_feed
end_line(struct server_reply *r)
{
	bool was_value = r->is_value, was_named = r->name_n > 0;

	if (!was_value && was_named)
		return bad(r, "a line without '='");
	if (was_value && !was_named)
		return bad(r, "a line without a name");
	if (!was_value) {
		r->text[r->len] = '\0';
		return r->has_action ? SERVER_REPLY_DONE
				     : bad(r, "no action in the reply");
	}
	r->has_action |= is_action(r);
	r->is_value = false;
	r->name_n = 0;
	return SERVER_REPLY_MORE;
}

static enum server_reply_feed
feed_byte(struct server_reply *r, char c)
{
	if (c == '\n')
		return end_line(r);
	if (c == '\0')
		return bad(r, "a null byte");
	if (r->is_value) {
		if (!is_action(r) || r->has_action)
			return SERVER_REPLY_MORE;
		if (r->len == SERVER_ANSWER_MAX)
			return bad(r, "its action is too long");
		r->text[r->len++] = c;
		return SERVER_REPLY_MORE;
	}
	if (c == '=') {
		r->is_value = true;
		return SERVER_REPLY_MORE;
	}
	if (r->name_n < sizeof(r->name))
		r->name[r->name_n++] = c;
	return SERVER_REPLY_MORE;
}

enum server_reply_feed
server_reply_feed(struct server_reply *r, struct span *in)
{
	enum server_reply_feed fed = SERVER_REPLY_MORE;

	while (in->len > 0 && fed == SERVER_REPLY_MORE) {
		if (++r->bytes_n > SERVER_REPLY_BYTES_MAX)
			return bad(r, "it is too long");
		fed = feed_byte(r, in->p[0]);
		*in = span_from(*in, 1);
	}
	return fed;
}
