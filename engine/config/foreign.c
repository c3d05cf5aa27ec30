/* SPDX-License-Identifier: BSD-2-Clause */
/* What `penstock check` says about parameters that are not applied. */
#include "engine/config/foreign.h"
#include "engine/config/say.h"

#include <stdlib.h>

#define NAME_MAX_BYTES 80 /* of a name that is compared with known ones */
#define TYPOS_MAX      3

enum kind {
#define FOREIGN_KIND(kind, level, verdict) KIND_##kind,
#define FOREIGN(name, kind, def, why)
#include "engine/config/foreign.def"
#include "engine/config/foreign_sending.def"
#undef FOREIGN_KIND
#undef FOREIGN
};

static const struct {
	enum diag_level level;
	const char *verdict;
} kinds[] = {
#define FOREIGN_KIND(kind, level, verdict) { DIAG_##level, verdict },
#define FOREIGN(name, kind, def, why)
#include "engine/config/foreign.def"
#include "engine/config/foreign_sending.def"
#undef FOREIGN_KIND
#undef FOREIGN
};

static const struct foreign rows[] = {
#define FOREIGN_KIND(kind, level, verdict)
#define FOREIGN(name, kind, def, why) { #name, KIND_##kind, def, why },
#include "engine/config/foreign.def"
#include "engine/config/foreign_sending.def"
#undef FOREIGN_KIND
#undef FOREIGN
};

/* What Postfix puts a transport's name before. */
static const char *const transport_suffixes[] = {
	"_delivery_slot_cost",
	"_delivery_slot_discount",
	"_delivery_slot_loan",
	"_destination_concurrency_failed_cohort_limit",
	"_destination_concurrency_limit",
	"_destination_concurrency_negative_feedback",
	"_destination_concurrency_positive_feedback",
	"_destination_rate_delay",
	"_destination_recipient_limit",
	"_extra_recipient_limit",
	"_initial_destination_concurrency",
	"_minimum_delivery_slots",
	"_recipient_limit",
	"_recipient_refill_delay",
	"_recipient_refill_limit",
	"_time_limit",
	"_transport_rate_delay",
};

const struct foreign *
foreign_at(unsigned idx)
{
	return idx < ARRAY_N(rows) ? &rows[idx] : NULL;
}

const struct foreign *
foreign_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (span_is_equal(span_of(rows[i].name), name))
			return &rows[i];
	return NULL;
}

enum diag_level
foreign_level(const struct foreign *f)
{
	return kinds[f->kind].level;
}

const char *
foreign_verdict(const struct foreign *f)
{
	return kinds[f->kind].verdict;
}

/*
 * Insertions, deletions and changes from a to b (Wagner and Fischer, 1974), or
 * any number of at least enough when there are that many.
 */
static unsigned
distance(struct span a, struct span b, unsigned enough)
{
	unsigned row[NAME_MAX_BYTES + 1];

	if (a.len > NAME_MAX_BYTES || b.len > NAME_MAX_BYTES ||
	    a.len >= b.len + enough || b.len >= a.len + enough)
		return enough;
	for (unsigned j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		unsigned diagonal = row[0], least = (unsigned)i + 1;

		row[0] = least;
		for (size_t j = 0; j < b.len; j++) {
			unsigned above = row[j + 1], best = diagonal;

			best += a.p[i] != b.p[j];
			if (above + 1 < best)
				best = above + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			diagonal = above;
			row[j + 1] = best;
			least = best < least ? best : least;
		}
		if (least >= enough)
			break; /* it only gets more */
	}
	return row[b.len];
}

/* The known name that looks most like this one, or NULL. */
static const char *
nearest(struct span name)
{
	unsigned best = TYPOS_MAX + 1;
	const char *found = NULL;

	for (unsigned i = 0; i < params_n + ARRAY_N(rows); i++) {
		const char *known = i < params_n ? params[i].name
						 : rows[i - params_n].name;
		unsigned d = distance(name, span_of(known), best);

		if (d < best) {
			best = d;
			found = known;
		}
	}
	return found;
}

/* "dovecot_destination_recipient_limit", when there is a service dovecot. */
static bool
is_of_transport(struct span name, const char *const *transports,
		unsigned transports_n)
{
	for (unsigned t = 0; t < transports_n; t++) {
		struct span service = span_of(transports[t]), rest;

		if (!span_has_prefix_nocase(name, service))
			continue;
		rest = span_from(name, service.len);
		for (size_t i = 0; i < ARRAY_N(transport_suffixes); i++)
			if (span_is_equal(rest, span_of(transport_suffixes[i])))
				return true;
	}
	return false;
}

/* Does it say what holds anyhow? */
static bool
is_default(const struct scope *sc, const struct setting *s,
	   const struct foreign *f)
{
	bool is_ok = true, is_ok_def = true;
	const char *value = scope_expand(sc, s->name, s->value, &is_ok);
	const char *def = scope_expand(sc, f->name, f->def, &is_ok_def);

	return is_ok && is_ok_def && strcmp(value, def) == 0;
}

static void
check_unknown(const struct scope *sc, const struct setting *s,
	      const char *const *transports, unsigned transports_n)
{
	struct span name = span_of(s->name);
	const char *near;

	if (s->is_used)
		return;
	if (is_of_transport(name, transports, transports_n)) {
		say(sc->diag, DIAG_NOTE, s->file, s->line,
		    "%s is not applied: it is about sending mail out", s->name);
		return;
	}
	near = nearest(name);
	say(sc->diag, DIAG_WARNING, s->file, s->line,
	    "there is no parameter %s, and no other mentions $%s%s%s%s",
	    s->name, s->name, near ? ": is " : ": remove it", near ? near : "",
	    near ? " meant?" : "");
}

void
foreign_check(const struct scope *sc, const struct settings *set,
	      bool is_service, const char *const *transports,
	      unsigned transports_n)
{
	for (unsigned i = 0; i < set->n; i++) {
		const struct setting *s = &set->all[i];
		const struct param *p = param_find(span_of(s->name));
		const struct foreign *f = foreign_find(span_of(s->name));

		if (p != NULL && is_service && !param_is_per_service(p) &&
		    p->module != PARAM_WORD)
			say(sc->diag, DIAG_WARNING, s->file, s->line,
			    "%s holds for all services: set it in main.cf",
			    s->name);
		else if (f != NULL && !is_default(sc, s, f))
			say(sc->diag, foreign_level(f), s->file, s->line,
			    "%s: %s%s%s", s->name, foreign_verdict(f),
			    *f->why ? ": " : "", f->why);
		else if (p == NULL && f == NULL)
			check_unknown(sc, s, transports, transports_n);
	}
}
