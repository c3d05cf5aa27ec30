/* SPDX-License-Identifier: BSD-2-Clause */
/* What is written is there when ledger_close() returns, also from threads. */
#include "bench/ledger.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_N 4
#define ADDS_N	  5000

static const struct message_cfg cfg = { .run_id = "0123456789abcdef",
					.from = "a@b",
					.domain = "d",
					.mailbox_format = "u%u",
					.seed = 5,
					.started_us = 1795410252000000ull,
					.size_min = 600,
					.size_max = 700,
					.mailboxes_n = 9,
					.rcpts_n = 2 };

struct adder {
	struct ledger *ledger;
	uint64_t first;
};

static void *
add(void *arg)
{
	struct adder *a = arg;

	for (uint64_t i = 0; i < ADDS_N; i++) {
		uint32_t boxes[2] = { (uint32_t)(i % 9), 3 };

		ledger_add(a->ledger, a->first + i, 600, boxes, 2);
	}
	return NULL;
}

static void
test_threads(const char *path)
{
	static unsigned char seen[THREADS_N * ADDS_N];
	static struct ledger_entry e;
	struct adder adders[THREADS_N];
	pthread_t ids[THREADS_N];
	struct ledger_reader r;
	struct ledger *l;
	uint64_t n = 0;

	CHECK_ROW("threads");
	CHECK(ledger_open(path, &cfg, &l) == 0);
	for (unsigned i = 0; i < THREADS_N; i++) {
		adders[i] = (struct adder) { l, (uint64_t)i * ADDS_N };
		must(pthread_create(&ids[i], NULL, add, &adders[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS_N; i++)
		pthread_join(ids[i], NULL);
	CHECK(ledger_close(&l) == 0);
	CHECK(l == NULL);

	CHECK(ledger_reader_open(&r, path) == 0);
	CHECK(ledger_read(&r, &e) == LEDGER_RUN);
	CHECK_SPAN(span_of(r.run.run_id), "0123456789abcdef");
	CHECK_SPAN(span_of(r.run.from), "a@b");
	CHECK_SPAN(span_of(r.run.domain), "d");
	CHECK_SPAN(span_of(r.run.mailbox_format), "u%u");
	CHECK(r.run.seed == 5 && r.run.started_us == 1795410252000000ull);
	CHECK(r.run.size_min == 600 && r.run.size_max == 700);
	CHECK(r.run.mailboxes_n == 9 && r.run.rcpts_n == 2);
	while (ledger_read(&r, &e) == LEDGER_OK) {
		must(e.seq < sizeof(seen));
		CHECK(!seen[e.seq]);
		seen[e.seq] = 1;
		CHECK(e.mailboxes_n == 2 && e.mailboxes[1] == 3);
		CHECK(e.mailboxes[0] == e.seq % ADDS_N % 9);
		n++;
	}
	CHECK(n == THREADS_N * ADDS_N);
	CHECK(r.torn_n == 0);
	ledger_reader_close(&r);
}

/* A second run is appended, also behind a torn line. */
static void
test_append(const char *path)
{
	static struct ledger_entry e;
	unsigned runs_n = 0, oks_n = 0;
	enum ledger_item item;
	struct ledger_reader r;
	struct ledger *l;
	struct stat st;
	uint32_t box = 1;

	CHECK_ROW("append");
	CHECK(ledger_open(path, &cfg, &l) == 0);
	ledger_add(l, 1, 600, &box, 1);
	ledger_add(l, 2, 600, &box, 1);
	CHECK(ledger_close(&l) == 0);
	must(stat(path, &st) == 0 && truncate(path, st.st_size - 3) == 0);
	CHECK(ledger_open(path, &cfg, &l) == 0);
	ledger_add(l, 3, 600, &box, 1);
	CHECK(ledger_close(&l) == 0);

	CHECK(ledger_reader_open(&r, path) == 0);
	while ((item = ledger_read(&r, &e)) != LEDGER_END) {
		CHECK(item != LEDGER_BAD);
		runs_n += item == LEDGER_RUN;
		oks_n += item == LEDGER_OK;
	}
	CHECK(runs_n == 2);
	CHECK(oks_n == 2);
	CHECK(r.torn_n == 1);
	ledger_reader_close(&r);
}

static void
test_errors(const char *folder)
{
	struct ledger_reader r;
	struct ledger *l = NULL;
	uint32_t box = 0;

	CHECK_ROW("a folder for a file");
	CHECK(ledger_open(folder, &cfg, &l) == -EISDIR);
	CHECK(ledger_reader_open(&r, folder) < 0);
	CHECK_ROW("no such file");
	CHECK(ledger_reader_open(&r, "/nowhere/ledger") == -ENOENT);
	CHECK_ROW("no space");
	if (access("/dev/full", W_OK) == 0)
		CHECK(ledger_open("/dev/full", &cfg, &l) == -ENOSPC);
	CHECK_ROW("no flush needed");
	CHECK(ledger_open("/dev/null", &cfg, &l) == 0);
	ledger_add(l, 1, 600, &box, 1);
	CHECK(ledger_error(l) == 0);
	CHECK(ledger_close(&l) == 0);
}

int
main(void)
{
	char folder[] = "/tmp/ledger-test-XXXXXX", path[64];

	must(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/ledger", folder);
	test_threads(path);
	unlink(path);
	test_append(path);
	test_errors(folder);
	unlink(path);
	rmdir(folder);
	return check_end();
}
