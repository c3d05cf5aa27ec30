/* SPDX-License-Identifier: BSD-2-Clause */
/* The slots over a text: linear probing, two thirds full at most. */
#include "engine/config/table_index.h"
#include "engine/config/line.h"
#include "engine/config/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAG_BITS 24
#define TAG_MASK ((1u << TAG_BITS) - 1)

int
table_index_init(struct table_index *ix, uint64_t rows_max)
{
	*ix = (struct table_index) { 0 };
	if (rows_max > UINT64_MAX / 32)
		return -ENOMEM;
	ix->slots_n = rows_max + rows_max / 2 + 2;
	ix->slots = calloc(ix->slots_n, sizeof(*ix->slots));
	if (ix->slots == NULL)
		return -ENOMEM;
	text_want_large_pages(ix->slots, ix->slots_n * sizeof(*ix->slots));
	return 0;
}

void
table_index_fini(struct table_index *ix)
{
	free(ix->slots);
	free(ix->text);
	*ix = (struct table_index) { 0 };
}

/* Eight characters at once. */
static uint64_t
lower8(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101, tops = ones << 7;
	uint64_t low = x & ~tops;
	uint64_t from_a = low + (0x80 - 'A') * ones;
	uint64_t above_z = low + (0x7f - 'Z') * ones;

	return x | (((from_a ^ above_z) & ~x & tops) >> 2);
}

static uint64_t
mix8(uint64_t h, uint64_t x)
{
	unsigned __int128 product =
		(unsigned __int128)(h ^ lower8(x)) * 0x9e3779b97f4a7c15;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
table_index_hash(struct span key)
{
	uint64_t h = 0xd6e8feb86659fd93 ^ key.len, x = 0;
	size_t at = 0;

	for (; key.len - at >= sizeof(x); at += sizeof(x)) {
		memcpy(&x, key.p + at, sizeof(x));
		h = mix8(h, x);
	}
	x = 0;
	for (size_t i = at; i < key.len; i++)
		x = x << 8 | (unsigned char)key.p[i];
	return mix8(mix8(h, x), 0);
}

/* Spreads the hash's upper bits over any number of slots. */
static uint64_t
home_of(const struct table_index *ix, uint64_t hash)
{
	return (uint64_t)(((unsigned __int128)hash * ix->slots_n) >> 64);
}

static bool
has_key(const char *row, struct span key)
{
	for (size_t i = 0; i < key.len; i++)
		if (row[i] != ascii_lower(key.p[i]))
			return false;
	return row[key.len] == '\0';
}

/* The slot with key, or the free one where it would go. */
static uint64_t *
find_slot(const struct table_index *ix, struct span key, uint64_t hash)
{
	uint64_t i = home_of(ix, hash);

	for (;;) {
		uint64_t slot = ix->slots[i];

		if (slot == 0)
			return &ix->slots[i];
		if ((slot & TAG_MASK) == (hash & TAG_MASK) &&
		    has_key(ix->text + (slot >> TAG_BITS) - 1, key))
			return &ix->slots[i];
		if (++i == ix->slots_n)
			i = 0;
	}
}

static void
fill(struct table_index *ix, uint64_t *slot, size_t place, size_t key_len,
     uint64_t hash)
{
	if (*slot == 0)
		ix->entries_n++;
	/* One slot stays free: it is what ends a search in vain. */
	must(ix->entries_n < ix->slots_n);
	must(place + 1 < (uint64_t)1 << (64 - TAG_BITS));
	*slot = (uint64_t)(place + 1) << TAG_BITS | (hash & TAG_MASK);
	if (key_len > ix->key_len_max)
		ix->key_len_max = key_len;
}

bool
table_index_add(struct table_index *ix, size_t place, struct span key,
		uint64_t hash)
{
	uint64_t *slot = find_slot(ix, key, hash);

	if (*slot != 0)
		return false;
	fill(ix, slot, place, key.len, hash);
	return true;
}

void
table_index_set(struct table_index *ix, size_t place, struct span key,
		uint64_t hash)
{
	fill(ix, find_slot(ix, key, hash), place, key.len, hash);
}

static void
add_oldest(struct table_index_feed *feed)
{
	const struct table_index_row *row = &feed->rows[feed->head];
	struct span key = { feed->ix->text + row->place, row->key_len };

	if (!table_index_add(feed->ix, row->place, key, row->hash) &&
	    feed->twice != NULL)
		feed->twice(feed->arg, row);
	feed->head = (feed->head + 1) % TABLE_INDEX_LAG;
	feed->n--;
}

void
table_index_feed(struct table_index_feed *feed, size_t place, size_t key_len,
		 unsigned line)
{
	struct table_index *ix = feed->ix;
	struct table_index_row *row;

	if (feed->n == TABLE_INDEX_LAG)
		add_oldest(feed);
	row = &feed->rows[(feed->head + feed->n++) % TABLE_INDEX_LAG];
	*row = (struct table_index_row) {
		.place = place,
		.key_len = key_len,
		.hash = table_index_hash(
			(struct span) { ix->text + place, key_len }),
		.line = line,
	};
	__builtin_prefetch(&ix->slots[home_of(ix, row->hash)], 1);
}

void
table_index_feed_end(struct table_index_feed *feed)
{
	while (feed->n)
		add_oldest(feed);
}

static struct span
value_of(const char *row, size_t key_len)
{
	const char *value = row + key_len + 1;

	while (line_is_space(*value))
		value++;
	return span_of(value);
}

bool
table_index_find(const struct table_index *ix, struct span key,
		 struct span *value_out)
{
	uint64_t slot;

	/* A NUL would end the comparison in the text early. */
	if (ix->entries_n == 0 || key.len > ix->key_len_max ||
	    (key.len && memchr(key.p, '\0', key.len)))
		return false;
	slot = *find_slot(ix, key, table_index_hash(key));
	if (slot == 0)
		return false;
	*value_out = value_of(ix->text + (slot >> TAG_BITS) - 1, key.len);
	return true;
}

void
table_index_each(const struct table_index *ix, table_index_fn *fn, void *ctx)
{
	for (uint64_t i = 0; i < ix->slots_n; i++) {
		const char *row;

		if (ix->slots[i] == 0)
			continue;
		row = ix->text + (ix->slots[i] >> TAG_BITS) - 1;
		fn(ctx, span_of(row), value_of(row, strlen(row)));
	}
}

uint64_t
table_index_bytes(const struct table_index *ix)
{
	return ix->text_bytes + ix->slots_n * sizeof(*ix->slots);
}
