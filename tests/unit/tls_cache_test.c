/* SPDX-License-Identifier: BSD-2-Clause */
/* The session cache: what it keeps, for how long, and that it is bounded. */
#include "tls/tls_cache.h"
#include "tests/unit/check.h"

#define ENTRIES 256

static struct span
id_of(uint32_t *n)
{
	return (struct span) { (const char *)n, sizeof(*n) };
}

static void
test_one(struct tls_cache *c)
{
	char out[TLS_CACHE_ENTRY_BYTES], big[TLS_CACHE_ENTRY_BYTES + 1] = "";
	char long_id[TLS_CACHE_ID_BYTES + 1] = "";
	uint32_t a = 1, b = 2;

	CHECK_ROW("kept until its end");
	tls_cache_put(c, id_of(&a), SPAN("session"), 100, 200);
	CHECK(tls_cache_find(c, id_of(&a), 199, out) == 7);
	CHECK(memcmp(out, "session", 7) == 0);
	CHECK(tls_cache_find(c, id_of(&b), 150, out) == 0);
	CHECK(tls_cache_find(c, id_of(&a), 200, out) == 0);
	CHECK(tls_cache_find(c, id_of(&a), 150, out) == 0); /* forgotten */

	CHECK_ROW("again under the same id");
	tls_cache_put(c, id_of(&a), SPAN("one"), 100, 200);
	tls_cache_put(c, id_of(&a), SPAN("other"), 100, 200);
	CHECK(tls_cache_find(c, id_of(&a), 150, out) == 5);
	tls_cache_drop(c, id_of(&b));
	tls_cache_drop(c, id_of(&a));
	CHECK(tls_cache_find(c, id_of(&a), 150, out) == 0);

	CHECK_ROW("what is not kept");
	tls_cache_put(c, id_of(&a), (struct span) { big, sizeof(big) }, 1, 9);
	CHECK(tls_cache_find(c, id_of(&a), 2, out) == 0);
	tls_cache_put(c, id_of(&a), SPAN(""), 1, 9);
	CHECK(tls_cache_find(c, id_of(&a), 2, out) == 0);
	tls_cache_put(c, id_of(&a), SPAN("over"), 9, 9);
	CHECK(tls_cache_find(c, id_of(&a), 2, out) == 0);
	tls_cache_put(c, (struct span) { long_id, sizeof(long_id) }, SPAN("x"),
		      1, 9);
	CHECK(tls_cache_find(c, (struct span) { long_id, sizeof(long_id) }, 2,
			     out) == 0);
	CHECK(tls_cache_find(c, SPAN(""), 2, out) == 0);
	tls_cache_put(c, id_of(&a),
		      (struct span) { big, TLS_CACHE_ENTRY_BYTES }, 1, 9);
	CHECK(tls_cache_find(c, id_of(&a), 2, out) == TLS_CACHE_ENTRY_BYTES);
	tls_cache_drop(c, id_of(&a));
}

/* Many more than there is room for: the newest stay, the rest make room. */
static void
test_bound(struct tls_cache *c)
{
	char out[TLS_CACHE_ENTRY_BYTES];
	unsigned found = 0;

	CHECK_ROW("bounded");
	for (uint32_t i = 1; i <= 100 * ENTRIES; i++)
		tls_cache_put(c, id_of(&i), SPAN("s"), 1, 1000 + i);
	for (uint32_t i = 1; i <= 100 * ENTRIES; i++)
		found += tls_cache_find(c, id_of(&i), 2, out) == 1;
	CHECK(found == ENTRIES);
	for (uint32_t i = 1; i <= 50 * ENTRIES; i++)
		CHECK(tls_cache_find(c, id_of(&i), 2, out) == 0);
}

int
main(void)
{
	struct tls_cache *c = tls_cache_new(ENTRIES);

	must(c != NULL);
	test_one(c);
	test_bound(c);
	tls_cache_free(&c);
	CHECK(c == NULL);
	return check_end();
}
