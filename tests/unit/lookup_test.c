/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions that wait, with answers and deaths in every order. */
#include "engine/policy/lookup.h"
#include "tests/unit/check.h"

#define QUESTIONS_N 4
#define SESSIONS_N  2

struct question {
	struct lookup lookup;
	char fate; /* of its pin: '-' held, 'd' dropped done, 'w' waiting */
};

struct rig {
	struct lookup_source source;
	struct lookups *all;
	struct lookup_pins pins[SESSIONS_N];
	struct question questions[QUESTIONS_N];
	struct question *answered; /* what reap() finds */
	unsigned reaps_n;
};

static void
drop(struct lookup *l)
{
	struct question *q = CONTAINER_OF(l, struct question, lookup);

	CHECK(l->pins == NULL && q->fate == '-');
	q->fate = l->is_done ? 'd' : 'w';
}

static const struct lookup_kind kind = { "question", drop };

static void
reap(struct lookup_source *source, struct lookups *all)
{
	struct rig *r = CONTAINER_OF(source, struct rig, source);

	CHECK(all == r->all && r->answered != NULL);
	r->reaps_n++;
	if (r->answered->lookup.pins != NULL)
		lookup_done(all, &r->answered->lookup);
	r->answered = NULL;
}

/*
 * Two letters a step, as a worker's turns would have them: "a0" session a asks
 * question 0, "=0" it is answered, "a!" session a dies, "a?" a is the next that
 * may go on, "-?" nobody is.
 */
static const struct {
	const char *name, *script, *fates;
} rows[] = {
	{ "nothing", "-?", "----" },
	{ "one question", "a0-?=0a?-?", "----" },
	{ "the last answer counts", "a0a1=0-?=1a?-?", "----" },
	{ "in the other order", "a0a1=1-?=0a?-?", "----" },
	{ "in the order of the answers", "a0b1=1=0b?a?-?", "----" },
	{ "one ready, one not", "a0b1=1b?-?", "----" },
	{ "dies before the answer", "a0b1a!=0=1b?-?", "w---" },
	{ "dies after the answer", "a0b1=0=1a!b?-?", "d---" },
	{ "the last of the list dies", "a0b1=0=1b!a?-?", "-d--" },
	{ "all die", "a0b1=0=1a!b!-?", "dd--" },
	{ "dies with half of its answers", "a0a1=0a!-?=1-?", "dw--" },
	{ "asks more, keeps what it has", "a0=0a?a1-?=1a?a!", "dd--" },
	{ "done, then a new life", "a0=0a?a!a1=1a?", "d---" },
	{ "takes its turn, then the other", "a0b1=0a?a2=1=2b?a?-?", "----" },
};

static void
step(struct rig *r, char who, char what)
{
	unsigned session = (unsigned)(who - 'a');

	if (who == '=') {
		r->answered = &r->questions[what - '0'];
		r->source.busy_n = 1;
		lookups_reap(r->all);
		r->source.busy_n = 0;
	} else if (what == '?') {
		void *want = who == '-' ? NULL : &r->pins[session];

		CHECK(lookups_next(r->all) == want);
	} else if (what == '!') {
		lookup_pins_drop(r->all, &r->pins[session]);
	} else {
		lookup_wait(&r->questions[what - '0'].lookup, &kind,
			    &r->pins[session]);
	}
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct rig r = { .source = { .reap = reap } };

		CHECK_ROW(rows[i].name);
		r.all = lookups_open();
		lookups_add(r.all, LOOKUP_DNS, &r.source);
		for (int s = 0; s < SESSIONS_N; s++)
			r.pins[s].owner = &r.pins[s];
		for (int q = 0; q < QUESTIONS_N; q++)
			r.questions[q].fate = '-';
		for (const char *s = rows[i].script; *s; s += 2)
			step(&r, s[0], s[1]);
		for (int q = 0; q < QUESTIONS_N; q++)
			CHECK(r.questions[q].fate == rows[i].fates[q]);
		for (int s = 0; s < SESSIONS_N; s++)
			lookup_pins_drop(r.all, &r.pins[s]);
		lookups_close(&r.all);
		CHECK(r.all == NULL);
	}
}

/* A source with nothing on its way is left alone. */
static void
test_idle(void)
{
	struct rig r = { .source = { .reap = reap } };

	CHECK_ROW("idle");
	r.all = lookups_open();
	lookups_add(r.all, LOOKUP_DNS, &r.source);
	lookups_reap(r.all);
	CHECK(r.reaps_n == 0);
	lookups_close(&r.all);
	lookups_close(&r.all);
}

int
main(void)
{
	test_rows();
	test_idle();
	return check_end();
}
