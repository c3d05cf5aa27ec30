/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out-of-order data. Ranges neither overlap nor touch; what arrives is put
 * together with those that it overlaps or touches.
 */
#include "dataplane/tcp_reass.h"

#include <stdlib.h>

void
tcp_reass_init(struct tcp_reass_all *a, uint32_t recs_n, uint32_t bufs_max,
	       uint32_t conn_bufs_max)
{
	*a = (struct tcp_reass_all) { .recs_n = recs_n,
				      .fresh = 1,
				      .bufs_max = bufs_max,
				      .conn_bufs_max = conn_bufs_max };
	a->recs = must_alloc((size_t)recs_n * sizeof(*a->recs));
}

void
tcp_reass_fini(struct tcp_reass_all *a)
{
	free(a->recs);
	a->recs = NULL;
}

static uint32_t
rec_get(struct tcp_reass_all *a)
{
	uint32_t number = a->free;
	struct tcp_reass *r;

	if (number)
		a->free = tcp_reass_rec(a, number)->next_free;
	else if (a->fresh <= a->recs_n)
		number = a->fresh++;
	else
		return 0;
	r = tcp_reass_rec(a, number);
	r->n = r->bufs_n = r->has_fin = 0;
	a->used_n++;
	return number;
}

static void
rec_put(struct tcp_reass_all *a, uint32_t *number)
{
	tcp_reass_rec(a, *number)->next_free = a->free;
	a->free = *number;
	a->used_n--;
	*number = 0;
}

/* Those that [start, end) overlaps or touches, by place, lowest first. */
static unsigned
touched(const struct tcp_reass *r, uint32_t start, uint32_t end,
	unsigned out[TCP_REASS_RANGES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n; i++) {
		unsigned at = n;

		if (seq_gt(start, r->r[i].end) || seq_lt(end, r->r[i].start))
			continue;
		while (at > 0 &&
		       seq_gt(r->r[out[at - 1]].start, r->r[i].start)) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = i;
		n++;
	}
	return n;
}

/* Buffers that the new parts may need; *dup_out: the first old part. */
static uint32_t
count_new(const struct tcp_reass *r, const unsigned *which, unsigned n,
	  uint32_t start, uint32_t end, struct tcp_range *dup_out)
{
	uint32_t at = start, bufs = 0;

	*dup_out = (struct tcp_range) { 0, 0 };
	for (unsigned i = 0; i < n && seq_lt(at, end); i++) {
		const struct tcp_reass_range *o = &r->r[which[i]];
		struct tcp_range dup = { seq_max(start, o->start),
					 seq_min(end, o->end) };

		if (dup_out->start == dup_out->end &&
		    seq_lt(dup.start, dup.end))
			*dup_out = dup;
		if (seq_lt(at, o->start))
			bufs += (o->start - at) / TCP_BUF_DATA_BYTES + 1;
		at = seq_max(at, o->end);
	}
	if (seq_lt(at, end))
		bufs += (end - at) / TCP_BUF_DATA_BYTES + 1;
	return bufs;
}

/* Puts the parts together in order, old and new. */
static struct tcp_reass_range
merge(struct tcp_pool *p, struct tcp_reass *r, const unsigned *which,
      unsigned n, uint32_t seq, const uint8_t *from, uint32_t bytes)
{
	uint32_t at = seq, end = seq + bytes;
	struct tcp_reass_range m = { .start = seq };

	for (unsigned i = 0; i < n; i++) {
		struct tcp_reass_range *o = &r->r[which[i]];

		if (seq_lt(at, o->start))
			tcp_chain_append(p, &m.chain, from + (at - seq),
					 o->start - at);
		else if (seq_lt(o->start, m.start))
			m.start = o->start;
		at = o->end;
		tcp_chain_join(p, &m.chain, &o->chain);
		o->end = o->start; /* gone: see drop_gone() */
	}
	if (seq_lt(at, end)) {
		tcp_chain_append(p, &m.chain, from + (at - seq), end - at);
		at = end;
	}
	m.end = at;
	return m;
}

static void
drop_gone(struct tcp_reass *r)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (r->r[i].end != r->r[i].start)
			r->r[kept++] = r->r[i];
	r->n = kept;
}

enum tcp_reass_got
tcp_reass_add(struct tcp_reass_all *a, struct tcp_pool *p, uint32_t *rec,
	      uint32_t seq, const uint8_t *from, uint32_t n,
	      struct tcp_range *dup_out)
{
	unsigned which[TCP_REASS_RANGES], which_n;
	uint32_t need, had = p->free_n;
	struct tcp_reass_range m;
	struct tcp_reass *r;

	assert(n > 0);
	*dup_out = (struct tcp_range) { 0, 0 };
	if (*rec == 0) {
		*rec = rec_get(a);
		if (*rec == 0)
			return TCP_REASS_FULL;
	}
	r = tcp_reass_rec(a, *rec);
	which_n = touched(r, seq, seq + n, which);
	need = count_new(r, which, which_n, seq, seq + n, dup_out);
	if (need == 0) {
		struct tcp_reass_range same = r->r[which[0]];

		/* RFC 2018: the block of the latest segment goes first. */
		memmove(r->r + 1, r->r, which[0] * sizeof(same));
		r->r[0] = same;
		return TCP_REASS_KNOWN;
	}
	if (a->bufs_n + need > a->bufs_max ||
	    r->bufs_n + need > a->conn_bufs_max ||
	    p->promised_n + need > p->free_n ||
	    (which_n == 0 && r->n == TCP_REASS_RANGES)) {
		if (r->n == 0 && !r->has_fin)
			rec_put(a, rec);
		return TCP_REASS_FULL;
	}
	m = merge(p, r, which, which_n, seq, from, n);
	drop_gone(r);
	memmove(r->r + 1, r->r, r->n * sizeof(m));
	r->r[0] = m;
	r->n++;
	r->bufs_n += had - p->free_n;
	a->bufs_n += had - p->free_n;
	return TCP_REASS_KEPT;
}

void
tcp_reass_fin(struct tcp_reass_all *a, uint32_t *rec, uint32_t seq)
{
	struct tcp_reass *r;

	if (*rec == 0)
		*rec = rec_get(a);
	if (*rec == 0)
		return; /* the peer says it again */
	r = tcp_reass_rec(a, *rec);
	r->has_fin = 1;
	r->fin_seq = seq;
}

/* The range that has rcv_nxt in it or begins there, or n. */
static unsigned
next_range(const struct tcp_reass *r, uint32_t rcv_nxt)
{
	for (unsigned i = 0; i < r->n; i++)
		if (seq_le(r->r[i].start, rcv_nxt))
			return i;
	return r->n;
}

/*
 * Moves a chain to the end of another. One whose buffers are nearly empty is
 * copied together: it is no longer charged here, and who sends single bytes
 * backwards would pin a buffer with each.
 */
static void
move(struct tcp_pool *p, struct tcp_chain *to, struct tcp_chain *from,
     uint32_t bufs)
{
	if (from->bytes >= bufs * (TCP_BUF_DATA_BYTES / 2)) {
		tcp_chain_join(p, to, from);
		return;
	}
	while (from->head) {
		struct span s = tcp_chain_front(p, from);

		if (tcp_chain_need(p, to, s.len) + p->promised_n > p->free_n) {
			tcp_chain_join(p, to, from);
			return;
		}
		tcp_chain_append(p, to, s.p, s.len);
		tcp_chain_drop(p, from, NULL, (uint32_t)s.len);
	}
}

uint32_t
tcp_reass_take(struct tcp_reass_all *a, struct tcp_pool *p, uint32_t *rec,
	       uint32_t rcv_nxt, struct tcp_chain *to, bool *is_fin_out)
{
	struct tcp_reass *r = tcp_reass_rec(a, *rec);
	unsigned i;

	*is_fin_out = false;
	while ((i = next_range(r, rcv_nxt)) < r->n) {
		struct tcp_reass_range *o = &r->r[i];
		uint32_t bufs = tcp_chain_bufs(p, &o->chain);
		uint32_t old = rcv_nxt - o->start, all = o->end - o->start;

		tcp_chain_drop(p, &o->chain, NULL, old < all ? old : all);
		rcv_nxt = seq_max(rcv_nxt, o->end);
		move(p, to, &o->chain, bufs);
		r->bufs_n -= bufs;
		a->bufs_n -= bufs;
		o->end = o->start;
		drop_gone(r);
	}
	if (r->has_fin && seq_le(r->fin_seq, rcv_nxt)) {
		*is_fin_out = r->fin_seq == rcv_nxt;
		r->has_fin = 0;
	}
	if (r->n == 0 && !r->has_fin)
		rec_put(a, rec);
	return rcv_nxt;
}

unsigned
tcp_reass_sacks(const struct tcp_reass_all *a, uint32_t rec,
		struct tcp_range *out, unsigned max)
{
	const struct tcp_reass *r = tcp_reass_rec(a, rec);
	unsigned n = r->n < max ? r->n : max;

	for (unsigned i = 0; i < n; i++)
		out[i] = (struct tcp_range) { r->r[i].start, r->r[i].end };
	return n;
}

void
tcp_reass_free(struct tcp_reass_all *a, struct tcp_pool *p, uint32_t *rec)
{
	struct tcp_reass *r;

	if (*rec == 0)
		return;
	r = tcp_reass_rec(a, *rec);
	for (unsigned i = 0; i < r->n; i++)
		tcp_chain_free(p, &r->r[i].chain);
	a->bufs_n -= r->bufs_n;
	r->bufs_n = 0;
	rec_put(a, rec);
}
