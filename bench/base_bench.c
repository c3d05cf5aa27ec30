/* SPDX-License-Identifier: BSD-2-Clause */
/* Micro-benchmarks of engine/base: addresses, envelopes, rings, histogram. */
#include "bench/gbench.h"
#include "bench/histogram.h"
#include "engine/base/addr.h"
#include "engine/base/envelope.h"
#include "engine/base/ring.h"

void base_bench(void);

static void
addr_path(struct gbench *b, void *arg)
{
	struct span text = span_of(arg);
	struct addr out;
	const char *why;

	while (gbench_next(b)) {
		struct span in = text;

		if (addr_parse_path(&in, &out, &why) != ADDR_OK)
			gbench_fail(b, why);
		gbench_keep(&out);
	}
	gbench_bytes(b, gbench_iterations(b) * text.len);
}

/* One message's envelope, with so many recipients. */
static void
envelope_make(struct envelope *env, unsigned rcpts_n)
{
	struct envelope_head head = { .queue_id = 1,
				      .sender = SPAN("sender@example.test"),
				      .helo = SPAN("client.example.test"),
				      .client_name = SPAN("unknown") };
	struct envelope_rcpt rcpt = {
		.orig = SPAN("user@example.test"),
		.rcpt = SPAN("user@example.test"),
		.dest = SPAN("/var/mail/vhosts/example.test/user/"),
		.transport = ENVELOPE_VIRTUAL,
	};

	must(envelope_begin(env, &head) == 0);
	for (unsigned i = 0; i < rcpts_n; i++)
		must(envelope_rcpt_add(env, &rcpt) == 0);
	envelope_seal(env, 4096);
}

static void
envelope_build(struct gbench *b, void *arg)
{
	unsigned rcpts_n = *(const unsigned *)arg;
	struct envelope env = { 0 };

	while (gbench_next(b))
		envelope_make(&env, rcpts_n);
	gbench_bytes(b, gbench_iterations(b) * env.len);
	envelope_fini(&env);
}

/* What delivery does with one that comes from the disk. */
static void
envelope_read(struct gbench *b, void *arg)
{
	unsigned rcpts_n = *(const unsigned *)arg;
	struct envelope env = { 0 }, copy = { 0 };
	struct envelope_rcpt rcpt;

	envelope_make(&env, rcpts_n);
	while (gbench_next(b)) {
		struct span bytes = { (const char *)env.p, env.len };
		uint32_t pos = 0;

		if (envelope_load(&copy, bytes) < 0)
			gbench_fail(b, "does not load");
		while (envelope_rcpt_next(&copy, &pos, &rcpt))
			gbench_keep(&rcpt);
	}
	gbench_bytes(b, gbench_iterations(b) * env.len);
	envelope_fini(&env);
	envelope_fini(&copy);
}

static void
ring_put_get(struct gbench *b, void *arg)
{
	struct ring r;
	int entry;

	must(ring_init(&r, 1024) == 0);
	while (gbench_next(b)) {
		must(ring_put(&r, &entry));
		gbench_keep(ring_get(&r));
	}
	ring_fini(&r);
}

static void
histogram(struct gbench *b, void *arg)
{
	static struct histogram h;
	uint64_t x = 1;

	histogram_init(&h);
	while (gbench_next(b)) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		histogram_add(&h, x >> 40);
	}
	gbench_keep(&h);
}

void
base_bench(void)
{
	static const unsigned one = 1, fifty = 50;

	gbench_add("addr/plain", addr_path, (void *)"<user@example.test> ");
	gbench_add("addr/quoted", addr_path,
		   (void *)"<\"a user\"@example.test> ");
	gbench_add("addr/route", addr_path,
		   (void *)"<@a.test,@b.test:user@example.test> ");
	gbench_add("envelope/build_1", envelope_build, (void *)&one);
	gbench_add("envelope/build_50", envelope_build, (void *)&fifty);
	gbench_add("envelope/read_1", envelope_read, (void *)&one);
	gbench_add("envelope/read_50", envelope_read, (void *)&fifty);
	gbench_add("ring/put_get", ring_put_get, NULL);
	gbench_add("histogram/add", histogram, NULL);
}
