/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables with a bad block in the middle: mail in front of it and behind it is
 * delivered, salvage says what was lost, and then nothing is in the way.
 */
#include "queue/salvage.h"
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

#define MSGS_N 300u

static void
fill(struct fix *f)
{
	struct queue_done done[64];
	unsigned n = 0;

	fix_init(f);
	CHECK(fix_open(f));
	for (unsigned i = 0; i < MSGS_N; i++) {
		struct queue_msg *m = fix_msg(f, 0, i, 3000, 1);

		must(queue_msg_submit(f->q, &m, NULL) == 0);
	}
	while (n < MSGS_N) {
		unsigned got = fix_reap(f, 0, done, ARRAY_N(done));

		must(got > 0);
		n += got;
	}
	fix_close(f); /* into tables */
}

/* In the middle of each table of that size. Gives how many. */
static unsigned
spoil(struct fix *f, off_t size_min, off_t size_max, size_t len)
{
	char dir[128], path[400], noise[8192];
	unsigned n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/shard-0", f->dir);
	d = opendir(dir);
	must(d != NULL && len <= sizeof(noise));
	memset(noise, 0xa5, sizeof(noise));
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (strstr(e->d_name, ".sst") == NULL || stat(path, &st) != 0 ||
		    st.st_size < size_min || st.st_size > size_max)
			continue;
		fd = open(path, O_RDWR | O_CLOEXEC);
		must(fd >= 0 &&
		     pwrite(fd, noise, len, st.st_size / 2) == (ssize_t)len);
		close(fd);
		n++;
	}
	closedir(d);
	return n;
}

/* 3,000 bytes of body, some hundred of envelope: the tables tell by size. */
#define BODIES_MIN (MSGS_N * 3000)
static const struct {
	const char *name;
	off_t size_min, size_max;
	size_t len;
	unsigned lost_max; /* messages that are not delivered */
	bool is_dead;	   /* … but kept for an operator */
	const char *said;
} rows[] = {
	{ "a byte of envelopes", 20000, BODIES_MIN, 1, 120, false,
	  "envelopes: not readable behind" },
	{ "much of envelopes", 20000, BODIES_MIN, 8192, 160, false,
	  "envelopes: not readable behind" },
	{ "a byte of bodies", BODIES_MIN, INT64_MAX, 1, 10, true,
	  "bodies: not readable behind" },
	{ "much of bodies", BODIES_MIN, INT64_MAX, 8192, 16, true,
	  "bodies: not readable behind" },
};

static void
salvage(struct fix *f, const char *want, const char *want_too)
{
	char *said = NULL;
	size_t said_len = 0;
	FILE *out = open_memstream(&said, &said_len);

	must(out != NULL);
	CHECK(queue_salvage(&f->cfg, out, &f->diag) == 0);
	diag_print(&f->diag, DIAG_NOTE);
	fclose(out);
	CHECK(strstr(said, want) != NULL && strstr(said, want_too) != NULL);
	free(said);
}

/* How many are whole. They wait for delivery then, until the queue closes. */
static unsigned
read_all(struct fix *f, uint64_t *last_seed)
{
	struct queue_msg *m;
	unsigned n = 0;

	while ((m = queue_due_take(f->q, 0)) != NULL) {
		if (fix_body_is_whole(f->q, m)) {
			*last_seed = fix_seed(m);
			n++;
		}
		queue_due_put(f->q, &m, NULL);
	}
	return n;
}

static void
test_row(size_t i)
{
	struct queue_stats stats;
	uint64_t last_seed = 0;
	unsigned n;
	struct fix f;

	CHECK_ROW(rows[i].name);
	fill(&f);
	CHECK(spoil(&f, rows[i].size_min, rows[i].size_max, rows[i].len) == 1);
	/* Before: what can be read is delivered, on both sides. */
	CHECK(fix_open(&f));
	n = read_all(&f, &last_seed);
	CHECK(n < MSGS_N && n >= MSGS_N - rows[i].lost_max);
	CHECK(last_seed == MSGS_N - 1);
	CHECK(f.q->shards[0].is_damage_said == !rows[i].is_dead);
	fix_close(&f);
	salvage(&f, rows[i].said, "damaged tables: rebuilt; as it was: ");
	CHECK(fix_open(&f));
	stats = fix_stats(&f);
	CHECK(stats.active_n == n);
	CHECK(stats.dead_n == (rows[i].is_dead ? MSGS_N - n : 0));
	CHECK(read_all(&f, &last_seed) == n && last_seed == MSGS_N - 1);
	CHECK(!f.q->shards[0].is_damage_said);
	fix_close(&f);
	/* All is sound: nothing is rebuilt again. */
	salvage(&f, "messages kept", "");
	fix_fini(&f);
	CHECK_ROW("");
}

/* Directly: nothing to do, and nowhere to put it. */
static void
test_alone(void)
{
	struct store_error error = { "" };
	struct store *store = NULL, *same;
	char path[128];
	struct fix f;

	fill(&f);
	snprintf(path, sizeof(path), "%s/shard-0", f.dir);
	must(store_open(path, 1 << 20, STORE_EXISTING, &store, &error) == 0);
	same = store;
	CHECK(salvage_tables(path, "/nonexistent/aside", 1 << 20, &store,
			     stderr, &error) == 0);
	CHECK(store == same);
	store_close(&store);
	CHECK(spoil(&f, BODIES_MIN, INT64_MAX, 1) == 1);
	must(store_open(path, 1 << 20, STORE_EXISTING, &store, &error) == 0);
	CHECK(salvage_tables(path, "/nonexistent/aside", 1 << 20, &store,
			     stderr, &error) == -ENOENT);
	CHECK(store == NULL && error.text[0] != '\0');
	fix_fini(&f);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i);
	test_alone();
	return check_end();
}
