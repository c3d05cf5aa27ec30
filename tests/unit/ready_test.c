/* SPDX-License-Identifier: BSD-2-Clause */
/* The ready list: first in, first out, once each; off it from anywhere. */
#include "engine/base/ready.h"
#include "tests/unit/check.h"

enum { NODES_N = 4 };

static struct ready list;
static struct ready_node nodes[NODES_N];

static void
add_all(void)
{
	for (int i = 0; i < NODES_N; i++)
		ready_add(&list, &nodes[i]);
}

/* They come in this order, and then none. */
static void
check_order(const int *idx, int n)
{
	for (int i = 0; i < n; i++)
		CHECK(ready_get(&list) == &nodes[idx[i]]);
	CHECK(ready_get(&list) == NULL);
	for (int i = 0; i < NODES_N; i++)
		CHECK(nodes[i].next == NULL);
}

static void
test_order(void)
{
	CHECK_ROW("order");
	check_order(NULL, 0);
	add_all();
	check_order((const int[]) { 0, 1, 2, 3 }, 4);
	CHECK_ROW("added twice");
	add_all();
	add_all();
	check_order((const int[]) { 0, 1, 2, 3 }, 4);
	CHECK_ROW("added again when taken");
	ready_add(&list, &nodes[0]);
	ready_add(&list, &nodes[1]);
	CHECK(ready_get(&list) == &nodes[0]);
	ready_add(&list, &nodes[0]);
	check_order((const int[]) { 1, 0 }, 2);
	CHECK_ROW("added to a list that was emptied");
	ready_add(&list, &nodes[2]);
	check_order((const int[]) { 2 }, 1);
}

static void
test_remove(void)
{
	static const struct {
		const char *name;
		int gone, order[NODES_N - 1];
	} rows[] = {
		{ "first", 0, { 1, 2, 3 } },
		{ "second", 1, { 0, 2, 3 } },
		{ "third", 2, { 0, 1, 3 } },
		{ "last", 3, { 0, 1, 2 } },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		int order[NODES_N];

		CHECK_ROW(rows[i].name);
		add_all();
		ready_remove(&list, &nodes[rows[i].gone]);
		check_order(rows[i].order, NODES_N - 1);
		CHECK_ROW("and added again");
		add_all();
		ready_remove(&list, &nodes[rows[i].gone]);
		ready_add(&list, &nodes[rows[i].gone]);
		for (int n = 0; n < NODES_N - 1; n++)
			order[n] = rows[i].order[n];
		order[NODES_N - 1] = rows[i].gone;
		check_order(order, NODES_N);
	}
	CHECK_ROW("on no list");
	ready_remove(&list, &nodes[0]);
	check_order(NULL, 0);
	CHECK_ROW("the only one");
	ready_add(&list, &nodes[0]);
	ready_remove(&list, &nodes[0]);
	check_order(NULL, 0);
	CHECK_ROW("all, from behind");
	add_all();
	for (int i = NODES_N - 1; i >= 0; i--)
		ready_remove(&list, &nodes[i]);
	add_all();
	check_order((const int[]) { 0, 1, 2, 3 }, 4);
}

int
main(void)
{
	test_order();
	test_remove();
	return check_end();
}
