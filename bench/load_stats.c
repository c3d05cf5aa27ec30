/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters and their sums. */
#include "bench/load_stats.h"

const char *
load_phase_name(enum load_phase phase)
{
	static const char *const names[] = {
#define PHASE(symbol, name, code, has_status) [LOAD_##symbol] = name,
#include "bench/load_phase.def"
#undef PHASE
	};

	return names[phase];
}

void
load_stats_init(struct load_stats *s)
{
	memset(s, 0, sizeof(*s));
	histogram_init(&s->end);
	histogram_init(&s->connect);
	histogram_init(&s->session);
	histogram_init(&s->tls);
}

static struct load_kind *
kind_of(struct load_stats *s, const struct load_kind *like)
{
	struct load_kind *k;

	for (k = s->kinds; k < s->kinds + s->kinds_n; k++)
		if (k->phase == like->phase && k->verdict == like->verdict &&
		    k->code == like->code)
			return k;
	if (s->kinds_n == LOAD_KINDS_MAX)
		return NULL;
	s->kinds_n++;
	*k = *like;
	k->n = 0;
	return k;
}

void
load_stats_merge(struct load_stats *s, const struct load_stats *from)
{
	static const size_t sums[] = {
#define SUM(field) offsetof(struct load_stats, field)
		SUM(acked_n),	       SUM(acked_bytes),
		SUM(acked_rcpts_n),    SUM(deferred_n),
		SUM(rejected_n),       SUM(doubt_n),
		SUM(unsent_n),	       SUM(connects_n),
		SUM(conns_lost_n),     SUM(connects_failed_n),
		SUM(timeouts_n),       SUM(wrong_n),
		SUM(permanent_n),      SUM(temporary_n),
		SUM(idle_open_n),      SUM(idle_lost_n),
		SUM(kinds_left_out_n), SUM(tls_n),
		SUM(tls_resumed_n),    SUM(tls_failed_n),
#undef SUM
	};

	for (size_t i = 0; i < ARRAY_N(sums); i++)
		*(uint64_t *)((char *)s + sums[i]) +=
			*(const uint64_t *)((const char *)from + sums[i]);
	for (unsigned i = 0; i < from->kinds_n; i++) {
		struct load_kind *k = kind_of(s, &from->kinds[i]);

		if (k != NULL)
			k->n += from->kinds[i].n;
		else
			s->kinds_left_out_n += from->kinds[i].n;
	}
	if (from->last_acked_us > s->last_acked_us)
		s->last_acked_us = from->last_acked_us;
	if (from->connect_errno != 0)
		s->connect_errno = from->connect_errno;
	histogram_merge(&s->end, &from->end);
	histogram_merge(&s->connect, &from->connect);
	histogram_merge(&s->session, &from->session);
	histogram_merge(&s->tls, &from->tls);
}

void
load_stats_reply(struct load_stats *s, enum load_phase phase,
		 enum load_verdict verdict, uint16_t code, struct span text)
{
	struct load_kind like = { .phase = phase,
				  .verdict = verdict,
				  .code = code };
	struct load_kind *k;

	if (verdict == LOAD_OK)
		return;
	s->temporary_n += verdict == LOAD_TEMPORARY;
	s->permanent_n += verdict == LOAD_PERMANENT;
	s->wrong_n += verdict == LOAD_WRONG;
	k = kind_of(s, &like);
	if (k == NULL) {
		s->kinds_left_out_n++;
		return;
	}
	if (k->n++ > 0)
		return;
	span_copy(text, k->text, sizeof(k->text));
	for (char *p = k->text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 127)
			*p = '?';
}
