/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro-benchmarks of engine/config's tables: one look-up among a thousand and
 * among ten million rows, in an order that no cache foresees; each key depends
 * on what the one before it gave, so that no two look-ups overlap. A table is
 * written and opened once.
 */
#include "bench/gbench.h"
#include "engine/config/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_N	  (1u << 16) /* asked for, in turn */
#define KEY_BYTES 32	     /* "user12345678@d99.test" and a NUL */

void table_bench(void);

struct rows {
	const char *type;
	unsigned n;
	struct table *table;
	char (*keys)[KEY_BYTES];
};

static void
make_key(char out[KEY_BYTES], const char *who, unsigned i)
{
	snprintf(out, KEY_BYTES, "%s%u@d%u.test", who, i, i % 100);
}

static void
rows_write(const struct rows *r, int fd)
{
	FILE *file = fdopen(fd, "w");

	must(file != NULL);
	for (unsigned i = 0; i < r->n; i++) {
		char key[KEY_BYTES];

		make_key(key, "user", i);
		fprintf(file, "%s d%u.test/user%u/\n", key, i % 100, i);
	}
	must(fclose(file) == 0);
}

static void
rows_open(struct rows *r)
{
	char name[] = "/tmp/table_bench.XXXXXX", text[64];
	uint64_t x = 88172645463325252ull;
	struct diag diag;
	int fd;

	if (r->table != NULL)
		return;
	fd = mkstemp(name);
	must(fd >= 0);
	rows_write(r, fd);
	snprintf(text, sizeof(text), "%s:%s", r->type, name);
	diag_init(&diag);
	r->table = table_open(span_of(text), "/", &diag);
	must(r->table != NULL);
	unlink(name);
	must(table_entries_n(r->table) == r->n);
	r->keys = must_alloc(KEYS_N * sizeof(*r->keys));
	for (unsigned i = 0; i < KEYS_N; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		make_key(r->keys[i], "user", (unsigned)(x % r->n));
	}
}

static void
find(struct gbench *b, struct rows *r, bool is_known)
{
	static struct table_buf buf;
	unsigned i = 0;

	rows_open(r);
	while (gbench_next(b)) {
		const char *at = r->keys[i % KEYS_N];
		struct span key = { at, strlen(at) }, value = { "", 0 };
		enum table_result got;

		if (!is_known) /* "ser12345678@…" */
			key = (struct span) { at + 1, key.len - 1 };
		got = table_find(r->table, key, &buf, &value);
		if ((got == TABLE_FOUND) != is_known)
			gbench_fail(b, "not what the table says");
		/* 'd' of the value, or 0 */
		i += 1 + (value.len && value.p[0] != 'd');
	}
	gbench_items(b, gbench_iterations(b));
}

static void
find_known(struct gbench *b, void *arg)
{
	find(b, arg, true);
}

static void
find_unknown(struct gbench *b, void *arg)
{
	find(b, arg, false);
}

void
table_bench(void)
{
	static struct rows few = { .type = "texthash", .n = 1000 };
	static struct rows many = { .type = "texthash", .n = 10000000 };

	gbench_add("table/known/1000", find_known, &few);
	gbench_add("table/unknown/1000", find_unknown, &few);
	gbench_add("table/known/10000000", find_known, &many);
	gbench_add("table/unknown/10000000", find_unknown, &many);
}
