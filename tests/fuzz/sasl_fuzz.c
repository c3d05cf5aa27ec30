/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an auth server says: the same lines come out however the bytes are
 * split, every span is inside them, and nothing that is passed on to a client,
 * a log or a header can end a line there.
 */
#include "engine/policy/sasl_int.h"

#include <stdlib.h>

static bool
is_inside(struct span s, struct span all)
{
	return s.len == 0 || (s.p >= all.p && s.p + s.len <= all.p + all.len);
}

static void
check_said(enum sasl_said_kind kind, const struct sasl_said *said,
	   struct span line)
{
	char text[SASL_USER_BYTES_MAX];

	must(is_inside(said->mech, line) && is_inside(said->text, line) &&
	     is_inside(said->user, line));
	if (kind == SASL_SAID_CONT)
		must(sasl_is_base64(said->text) &&
		     said->text.len <= SASL_CHALLENGE_MAX);
	if (kind == SASL_SAID_MECH)
		for (size_t i = 0; i < said->mech.len; i++)
			must(said->mech.p[i] > ' ' && said->mech.p[i] <= '~');
	if (!sasl_said_copy(said->user, text, sizeof(text)))
		return;
	for (char *c = text; *c != '\0'; c++)
		must(*c >= ' ' && *c <= '~');
}

/* Takes what is whole; gives a sum of what was said. */
static uint64_t
take(struct span *in, struct sasl_mechs *mechs, bool *is_bad, uint64_t sum)
{
	enum sasl_said_kind kind;
	struct span before = *in;
	struct sasl_said said;

	while (!*is_bad &&
	       (kind = sasl_said_next(in, &said)) != SASL_SAID_MORE) {
		*is_bad = kind == SASL_SAID_BAD;
		check_said(kind, &said, before);
		before = *in;
		if (kind == SASL_SAID_MECH)
			sasl_mechs_add(mechs, said.mech, said.flags);
		sum = sum * 31 + kind + said.id + said.text.len + said.user.len;
	}
	return sum;
}

/* As the thread does it: a buffer that is filled and emptied. */
static uint64_t
run(const uint8_t *data, size_t size, size_t piece)
{
	static char buf[SASL_SAID_BYTES_MAX];
	static const struct sasl_cfg cfg = { .options = "noanonymous",
					     .tls_options = "noplaintext" };
	struct sasl_mechs mechs = { 0 };
	char offer[SASL_MECHS_TEXT_MAX];
	bool is_bad = false;
	uint64_t sum = 0;
	size_t len = 0;

	while (size > 0 && !is_bad) {
		size_t n = sizeof(buf) - len < piece ? sizeof(buf) - len
						     : piece;
		struct span in;

		n = n < size ? n : size;
		must(n > 0);
		memcpy(buf + len, data, n);
		data += n;
		size -= n;
		len += n;
		in = (struct span) { buf, len };
		sum = take(&in, &mechs, &is_bad, sum);
		memmove(buf, in.p, in.len);
		len = in.len;
	}
	sasl_mechs_offer(&mechs, &cfg, true, offer);
	must(strlen(offer) < sizeof(offer) && strchr(offer, '\n') == NULL);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole = run(data, size, SIZE_MAX);

	must(run(data, size, 1) == whole);
	must(run(data, size, 7) == whole);
	return 0;
}
