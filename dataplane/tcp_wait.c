/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TIME_WAIT: a list by age, since all wait equally long. RST is ignored (RFC
 * 1337: it would let old duplicates into the next connection).
 */
#include "dataplane/tcp_wait.h"

#include <stdlib.h>

void
tcp_wait_init(struct tcp_wait_all *a, uint32_t recs_n, uint64_t wait_us)
{
	*a = (struct tcp_wait_all) { .recs_n = recs_n,
				     .fresh = 1,
				     .wait_ms = (uint32_t)(wait_us / 1000) };
	a->recs = must_alloc((size_t)recs_n * sizeof(*a->recs));
}

void
tcp_wait_fini(struct tcp_wait_all *a)
{
	free(a->recs);
	a->recs = NULL;
}

static void
list_add(struct tcp_wait_all *a, uint32_t number)
{
	struct tcp_wait *w = tcp_wait_rec(a, number);

	w->next = 0;
	w->prev = a->last;
	if (a->last)
		tcp_wait_rec(a, a->last)->next = number;
	else
		a->first = number;
	a->last = number;
}

static void
list_remove(struct tcp_wait_all *a, uint32_t number)
{
	struct tcp_wait *w = tcp_wait_rec(a, number);

	if (w->prev)
		tcp_wait_rec(a, w->prev)->next = w->next;
	else
		a->first = w->next;
	if (w->next)
		tcp_wait_rec(a, w->next)->prev = w->prev;
	else
		a->last = w->prev;
}

uint32_t
tcp_wait_get(struct tcp_wait_all *a, uint32_t now_ms)
{
	uint32_t number = a->free;
	struct tcp_wait *w;

	if (number)
		a->free = tcp_wait_rec(a, number)->next;
	else if (a->fresh <= a->recs_n)
		number = a->fresh++;
	else
		return 0;
	w = tcp_wait_rec(a, number);
	*w = (struct tcp_wait) { .due_ms = now_ms + a->wait_ms, .is_used = 1 };
	list_add(a, number);
	a->used_n++;
	return number;
}

void
tcp_wait_put(struct tcp_wait_all *a, uint32_t number)
{
	struct tcp_wait *w = tcp_wait_rec(a, number);

	assert(w->is_used);
	list_remove(a, number);
	w->is_used = 0;
	w->next = a->free;
	a->free = number;
	a->used_n--;
}

void
tcp_wait_renew(struct tcp_wait_all *a, uint32_t number, uint32_t now_ms)
{
	list_remove(a, number);
	list_add(a, number);
	tcp_wait_rec(a, number)->due_ms = now_ms + a->wait_ms;
}

uint32_t
tcp_wait_due(const struct tcp_wait_all *a, uint32_t now_ms)
{
	if (a->first && seq_le(tcp_wait_rec(a, a->first)->due_ms, now_ms))
		return a->first;
	return 0;
}

/* RFC 6191 section 2: is this SYN surely a new one? */
static bool
is_new_syn(const struct tcp_wait *w, const struct tcp_wait_seg *s)
{
	if (w->has_ts && s->has_ts) {
		if (seq_gt(s->ts_val, w->ts_recent))
			return true;
		return s->ts_val == w->ts_recent && seq_gt(s->seq, w->rcv_nxt);
	}
	return s->has_ts || seq_gt(s->seq, w->rcv_nxt);
}

enum tcp_wait_want
tcp_wait_step(struct tcp_wait *w, const struct tcp_wait_seg *s)
{
	if (s->is_rst)
		return TCP_WAIT_DROP;
	if (s->is_syn)
		return !s->is_ack && is_new_syn(w, s) ? TCP_WAIT_REUSE
						      : TCP_WAIT_ACK;
	/* RFC 7323 section 5.3 R1: too old, answered if it says anything. */
	if (w->has_ts && s->has_ts && seq_lt(s->ts_val, w->ts_recent))
		return s->len ? TCP_WAIT_ACK : TCP_WAIT_DROP;
	if (s->len == 0)
		return TCP_WAIT_DROP;
	if (w->has_ts && s->has_ts && seq_le(s->seq, w->rcv_nxt))
		w->ts_recent = s->ts_val;
	if (s->is_fin && s->seq + s->len == w->rcv_nxt)
		return TCP_WAIT_ACK_RENEW;
	return TCP_WAIT_ACK;
}
