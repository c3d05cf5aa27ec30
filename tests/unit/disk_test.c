/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared flushes and their failures; syncfs() is the test's own. */
#include "deliver/disk.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS_N = 8, WAIT_TURNS = 20000 };

static struct {
	_Atomic unsigned begun_n;
	_Atomic bool is_held; /* a flush does not end before this is false */
	_Atomic int error;    /* of the next flush; 0: none */
} fake;

static void
nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 1000 * 1000 }, NULL);
}

/* In place of the C library's. */
int
syncfs(int fd)
{
	int error;

	atomic_fetch_add(&fake.begun_n, 1);
	for (int i = 0; i < WAIT_TURNS && atomic_load(&fake.is_held); i++)
		nap();
	error = atomic_exchange(&fake.error, 0);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

static struct disk *
get(struct disks *ds, const char *dir, int want)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct disk *d;

	must(fd >= 0);
	CHECK(disk_get(ds, fd, dir, &d) == want);
	CHECK((d != NULL) == (want == 0));
	close(fd);
	return d;
}

static void
test_get(void)
{
	struct disks *ds = disks_open();
	struct disk *a, *b, *proc;
	int fd;

	CHECK_ROW("one per file system");
	a = get(ds, scratch_dir, 0);
	b = get(ds, "/proc/self", 0);
	proc = get(ds, "/proc", 0);
	CHECK(a != b && b == proc);

	CHECK_ROW("file and directory on different ones");
	disk_put(ds, &b);
	disk_put(ds, &proc);
	CHECK(b == NULL && proc == NULL);
	fd = open("/sys", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK(disk_get(ds, fd, scratch_dir, &b) == -EXDEV && b == NULL);
	close(fd);

	CHECK_ROW("no such directory");
	fd = open("/sys", O_RDONLY | O_DIRECTORY);
	CHECK(disk_get(ds, fd, "/nonexistent", &b) == -ENOENT);
	close(fd);
	CHECK_ROW("a descriptor that is none");
	CHECK(disk_get(ds, -1, scratch_dir, &b) == -EBADF);
	disk_put(ds, &a);
	disks_close(&ds);
	CHECK(ds == NULL);
}

struct asker {
	struct disks *ds;
	struct disk *d;
	_Atomic pid_t tid;
	_Atomic bool is_done;
};

static void *
ask(void *arg)
{
	struct asker *a = arg;

	atomic_store(&a->tid, gettid());
	disk_flush(a->ds, a->d);
	atomic_store(&a->is_done, true);
	return NULL;
}

/* It has come as far as waiting for something. */
static bool
is_asleep(const struct asker *a)
{
	char path[64], stat[256] = "", *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
		 (int)atomic_load(&a->tid));
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	if (fgets(stat, sizeof(stat), f) == NULL)
		stat[0] = '\0';
	fclose(f);
	state = strrchr(stat, ')');
	return state != NULL && state[1] == ' ' && state[2] == 'S';
}

static bool
are_asleep(const struct asker *askers)
{
	for (int turn = 0, seen_n = 0; turn < WAIT_TURNS; turn++) {
		int n = 0;

		for (int i = 0; i < THREADS_N; i++)
			n += is_asleep(&askers[i]);
		seen_n = n == THREADS_N ? seen_n + 1 : 0;
		if (seen_n == 5)
			return true;
		nap();
	}
	return false;
}

/* While one flush runs, all who ask wait for one more, and only one. */
static void
test_sharing(void)
{
	struct disks *ds = disks_open();
	struct disk *d = get(ds, scratch_dir, 0);
	struct asker askers[THREADS_N];
	pthread_t threads[THREADS_N];
	uint64_t flushes_n, us_sum;

	CHECK_ROW("shared");
	atomic_store(&fake.begun_n, 0);
	atomic_store(&fake.is_held, true);
	for (int i = 0; i < THREADS_N; i++) {
		askers[i] = (struct asker) { .ds = ds, .d = d };
		must(pthread_create(&threads[i], NULL, ask, &askers[i]) == 0);
	}
	CHECK(are_asleep(askers));
	CHECK(atomic_load(&fake.begun_n) == 1);
	for (int i = 0; i < THREADS_N; i++)
		CHECK(!atomic_load(&askers[i].is_done));
	atomic_store(&fake.is_held, false);
	for (int i = 0; i < THREADS_N; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&fake.begun_n) == 2);
	disks_stats_get(ds, &flushes_n, &us_sum);
	CHECK(flushes_n == atomic_load(&fake.begun_n) && us_sum > 0);

	CHECK_ROW("one after the other");
	disk_flush(ds, d);
	disk_flush(ds, d);
	CHECK(atomic_load(&fake.begun_n) == flushes_n + 2);
	disk_put(ds, &d);
	disks_close(&ds);
}

/* The kernel says it once; everybody who wrote before must know. */
static void
test_failure(void)
{
	struct disks *ds = disks_open();
	struct disk *d = get(ds, scratch_dir, 0);
	uint64_t before = disk_failures_n(ds, d), after;

	CHECK_ROW("failure");
	disk_flush(ds, d);
	CHECK(disk_error(ds, d, before) == 0);
	atomic_store(&fake.error, EIO);
	disk_flush(ds, d);
	CHECK(disk_error(ds, d, before) == -EIO);
	after = disk_failures_n(ds, d);
	CHECK(disk_error(ds, d, after) == 0);
	CHECK_ROW("a good flush does not undo it");
	disk_flush(ds, d);
	CHECK(disk_error(ds, d, before) == -EIO);
	CHECK(disk_error(ds, d, after) == 0);
	disk_put(ds, &d);
	disks_close(&ds);
}

int
main(void)
{
	scratch_open("disk");
	test_get();
	test_sharing();
	test_failure();
	scratch_close();
	return check_end();
}
