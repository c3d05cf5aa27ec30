/* SPDX-License-Identifier: BSD-2-Clause */
/* The scoreboard: a short sorted list of ranges. */
#include "dataplane/tcp_sack.h"

void
tcp_sack_clear(struct tcp_sack *s, uint32_t una)
{
	s->n = s->bytes = 0;
	s->high_rxt = s->rxt_max = una;
	s->is_rescued = 0;
}

static uint32_t
sum(const struct tcp_sack *s)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < s->n; i++)
		bytes += s->r[i].end - s->r[i].start;
	return bytes;
}

/* What una has passed is no longer of interest. */
static void
forget_below(struct tcp_sack *s, uint32_t una)
{
	uint32_t gone = 0;

	while (gone < s->n && seq_le(s->r[gone].end, una))
		gone++;
	if (gone) {
		s->n -= gone;
		memmove(s->r, s->r + gone, s->n * sizeof(s->r[0]));
	}
	if (s->n && seq_lt(s->r[0].start, una))
		s->r[0].start = una;
	s->high_rxt = seq_max(s->high_rxt, una);
	s->rxt_max = seq_max(s->rxt_max, una);
}

void
tcp_sack_advance(struct tcp_sack *s, uint32_t una)
{
	forget_below(s, una);
	s->bytes = sum(s);
}

static void
add(struct tcp_sack *s, struct tcp_range b)
{
	uint32_t i = 0, j;

	while (i < s->n && seq_lt(s->r[i].end, b.start))
		i++;
	for (j = i; j < s->n && seq_le(s->r[j].start, b.end); j++) {
		b.start = seq_min(b.start, s->r[j].start);
		b.end = seq_max(b.end, s->r[j].end);
	}
	if (i == j && s->n == TCP_SACK_RANGES)
		return;
	/* r[i..j) become one. */
	memmove(s->r + i + 1, s->r + j, (s->n - j) * sizeof(b));
	s->r[i] = b;
	s->n = s->n - (j - i) + 1;
}

uint32_t
tcp_sack_update(struct tcp_sack *s, uint32_t una, uint32_t max,
		const struct tcp_opts *o)
{
	uint32_t had;

	forget_below(s, una);
	had = sum(s);
	for (unsigned i = 0; i < o->sacks_n; i++) {
		struct tcp_range b = o->sacks[i];

		if (seq_lt(b.start, b.end) && seq_gt(b.start, una) &&
		    seq_le(b.end, max) && b.end - b.start <= max - una)
			add(s, b);
	}
	s->bytes = sum(s);
	return s->bytes - had;
}

uint32_t
tcp_sack_lost_edge(const struct tcp_sack *s, uint32_t una, uint32_t mss)
{
	uint32_t above = 0;

	for (uint32_t i = s->n; i > 0; i--) {
		above += s->r[i - 1].end - s->r[i - 1].start;
		if (s->n - i + 1 >= TCP_DUP_THRESH ||
		    above > (TCP_DUP_THRESH - 1) * mss)
			return s->r[i - 1].start;
	}
	return una;
}

/* Bytes of [from, to) in no range. */
static uint32_t
bare(const struct tcp_sack *s, uint32_t from, uint32_t to)
{
	uint32_t bytes;

	if (seq_ge(from, to))
		return 0;
	bytes = to - from;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t a = seq_max(s->r[i].start, from);
		uint32_t b = seq_min(s->r[i].end, to);

		if (seq_lt(a, b))
			bytes -= b - a;
	}
	return bytes;
}

uint32_t
tcp_sack_pipe(const struct tcp_sack *s, uint32_t una, uint32_t nxt,
	      uint32_t mss)
{
	uint32_t edge = tcp_sack_lost_edge(s, una, mss);

	return bare(s, edge, nxt) + bare(s, una, seq_min(s->high_rxt, nxt));
}

bool
tcp_sack_gap(const struct tcp_sack *s, uint32_t from, uint32_t to,
	     struct tcp_range *out)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (seq_le(s->r[i].end, from))
			continue;
		if (seq_gt(s->r[i].start, from)) {
			to = seq_min(to, s->r[i].start);
			break;
		}
		from = s->r[i].end;
	}
	if (seq_ge(from, to))
		return false;
	*out = (struct tcp_range) { from, to };
	return true;
}

uint32_t
tcp_sack_high(const struct tcp_sack *s, uint32_t una)
{
	return s->n ? s->r[s->n - 1].end : una;
}

bool
tcp_sack_lost_again(struct tcp_sack *s, uint32_t una, uint32_t mss)
{
	uint32_t high = tcp_sack_high(s, una);

	if (s->high_rxt == una || seq_lt(high, s->rxt_max) ||
	    high - s->rxt_max < TCP_DUP_THRESH * mss)
		return false;
	s->high_rxt = una;
	s->is_rescued = 0;
	return true;
}
