/* SPDX-License-Identifier: BSD-2-Clause */
/* The database behind its header: batches, reading, and every way to fail. */
#include "queue/store.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define MEMTABLE (1u << 20)

static struct store *
must_open(const char *path, enum store_mode mode)
{
	struct store_error error = { "" };
	struct store *store = NULL;

	CHECK(store_open(path, MEMTABLE, mode, &store, &error) == 0);
	if (store == NULL)
		fprintf(stderr, "%s\n", error.text);
	must(store != NULL);
	return store;
}

static int
open_error(const char *path, enum store_mode mode, const char *said)
{
	struct store_error error = { "" };
	struct store *store = NULL;
	int ret = store_open(path, MEMTABLE, mode, &store, &error);

	CHECK(store == NULL);
	CHECK(strstr(error.text, said) != NULL);
	return ret;
}

static void
put(struct store *store, enum store_family family, const char *key,
    const char *value)
{
	const struct span parts[2] = { { value, strlen(value) / 2 },
				       { value + strlen(value) / 2,
					 strlen(value) - strlen(value) / 2 } };

	store_put(store, family, span_of(key), parts, 2);
}

static bool
has(struct store *store, enum store_family family, const char *key,
    const char *want)
{
	char *value = NULL;
	size_t len = 0;
	int ret = store_get(store, family, span_of(key), &value, &len);
	bool ok = want == NULL ? ret == -ENOENT
			       : ret == 0 && len == strlen(want) &&
					 memcmp(value, want, len) == 0;

	free(value);
	return ok;
}

/* All or nothing, family by family, and there after a restart. */
static void
test_batches(void)
{
	struct store_error error;
	struct store *store;
	char path[300];
	uint64_t seq;

	snprintf(path, sizeof(path), "%s/db", scratch_dir);
	CHECK(open_error(path, STORE_EXISTING, "does not exist") != 0);
	store = must_open(path, STORE_CREATE);
	seq = store_sequence(store);
	store_batch_clear(store);
	store_batch_note(store, SPAN("a note"));
	put(store, STORE_BODY, "key", "a body");
	put(store, STORE_STATE, "key", "a state");
	put(store, STORE_META, "empty", "");
	CHECK(store_batch_bytes(store) > 20);
	CHECK(has(store, STORE_BODY, "key", NULL)); /* not written yet */
	CHECK(store_write(store, true, &error) == 0);
	CHECK(store_sequence(store) == seq + 3); /* the note is none */
	CHECK(has(store, STORE_BODY, "key", "a body"));
	CHECK(has(store, STORE_STATE, "key", "a state"));
	CHECK(has(store, STORE_META, "empty", ""));
	CHECK(has(store, STORE_DUE, "key", NULL));
	CHECK(store_has(store, STORE_BODY, SPAN("key")) == 1);
	CHECK(store_has(store, STORE_META, SPAN("empty")) == 1);
	CHECK(store_has(store, STORE_DUE, SPAN("key")) == 0);

	store_batch_clear(store);
	store_delete_single(store, STORE_BODY, SPAN("key"));
	store_delete(store, STORE_META, SPAN("empty"));
	CHECK(store_write(store, false, &error) == 0);
	CHECK(store_sync(store, &error) == 0);
	CHECK(has(store, STORE_BODY, "key", NULL));
	CHECK(has(store, STORE_STATE, "key", "a state"));
	store_close(&store);
	CHECK(store == NULL);
	store_close(&store); /* of none */

	store = must_open(path, STORE_EXISTING);
	CHECK(has(store, STORE_BODY, "key", NULL));
	CHECK(has(store, STORE_META, "empty", NULL));
	CHECK(has(store, STORE_STATE, "key", "a state"));
	CHECK(store_sequence(store) >= seq + 5);
	/* Two at once: the second is told that it is not alone. */
	CHECK(open_error(path, STORE_EXISTING, "lock") == -EAGAIN);
	store_close(&store);
}

static void
test_iterator(void)
{
	static const char *const keys[] = { "b", "d", "f" };
	struct store_error error;
	struct store_iter *it;
	struct store *store;
	char path[300];

	snprintf(path, sizeof(path), "%s/iter", scratch_dir);
	store = must_open(path, STORE_CREATE);
	store_batch_clear(store);
	for (size_t i = 0; i < ARRAY_N(keys); i++)
		put(store, STORE_DUE, keys[i], keys[i]);
	CHECK(store_write(store, true, &error) == 0);
	CHECK(store_flush(store, true, &error) == 0);
	CHECK(store_table_bytes(store) > 0);
	it = store_iter_open(store, STORE_DUE, SPAN("c"));
	/* Later writes are not seen. */
	store_batch_clear(store);
	put(store, STORE_DUE, "e", "e");
	CHECK(store_write(store, false, &error) == 0);
	CHECK(store_iter_is_valid(it));
	CHECK_SPAN(store_iter_key(it), "d");
	store_iter_next(it);
	CHECK_SPAN(store_iter_key(it), "f");
	CHECK_SPAN(store_iter_value(it), "f");
	store_iter_next(it);
	CHECK(!store_iter_is_valid(it) && store_iter_error(it) == 0);
	store_iter_seek(it, SPAN(""));
	CHECK_SPAN(store_iter_key(it), "b");
	store_iter_seek_last(it);
	CHECK_SPAN(store_iter_key(it), "f");
	store_iter_close(&it);
	CHECK(it == NULL);
	it = store_iter_open(store, STORE_BODY, SPAN(""));
	CHECK(!store_iter_is_valid(it)); /* families are apart */
	store_iter_close(&it);
	store_close(&store);
}

/* A limit on a file's size: the disk is full, as far as the store can tell. */
static void
test_full(void)
{
	struct rlimit was, small;
	struct store_error error = { "" };
	struct store *store;
	char path[300], *big = must_alloc(600001);
	int ret = 0;

	snprintf(path, sizeof(path), "%s/full", scratch_dir);
	store = must_open(path, STORE_CREATE);
	signal(SIGXFSZ, SIG_IGN);
	must(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small = was;
	small.rlim_cur = 1u << 20;
	must(setrlimit(RLIMIT_FSIZE, &small) == 0);
	memset(big, 'x', 600000);
	big[600000] = '\0';
	for (int i = 0; i < 4 && ret == 0; i++) {
		store_batch_clear(store);
		put(store, STORE_BODY, "big", big);
		ret = store_write(store, true, &error);
	}
	CHECK(ret == -ENOSPC);
	CHECK(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
	store_close(&store);
	must(setrlimit(RLIMIT_FSIZE, &was) == 0);
	free(big);
}

/* A table whose bytes are not what they were. */
static void
test_damage(void)
{
	char path[300], cmd[700], *value = NULL;
	struct store_error error;
	struct store *store;
	size_t len;
	int ret;

	snprintf(path, sizeof(path), "%s/damage", scratch_dir);
	store = must_open(path, STORE_CREATE);
	store_batch_clear(store);
	put(store, STORE_ENVELOPE, "key", "0123456789012345678901234567890");
	CHECK(store_write(store, true, &error) == 0);
	CHECK(store_flush(store, true, &error) == 0);
	store_close(&store);
	snprintf(cmd, sizeof(cmd),
		 "for f in %s/*.sst; do printf XXXX | dd of=$f bs=1 seek=20 "
		 "conv=notrunc status=none; done",
		 path);
	must(system(cmd) == 0);
	store = must_open(path, STORE_EXISTING);
	ret = store_get(store, STORE_ENVELOPE, SPAN("key"), &value, &len);
	CHECK(ret == -EBADMSG && value == NULL);
	store_close(&store);
	/* Without its manifest it is damaged, and is rebuilt from its tables */
	snprintf(cmd, sizeof(cmd), "rm -f %s/CURRENT %s/MANIFEST-*", path,
		 path);
	must(system(cmd) == 0);
	CHECK(open_error(path, STORE_EXISTING, "") != 0);
	CHECK(store_repair(path, &error) == 0);
	store = must_open(path, STORE_SALVAGE);
	store_close(&store);
	/* A file where the folder should be. */
	snprintf(path, sizeof(path), "%s/damage/CURRENT/x", scratch_dir);
	CHECK(open_error(path, STORE_CREATE, "") != 0);
}

static void
test_permission(void)
{
	char path[300];

	if (geteuid() == 0)
		return;
	snprintf(path, sizeof(path), "%s/closed", scratch_dir);
	must(mkdir(path, 0500) == 0);
	CHECK(open_error(path, STORE_CREATE, "Permission denied") == -EACCES);
}

int
main(void)
{
	scratch_open("store");
	test_batches();
	test_iterator();
	test_full();
	test_damage();
	test_permission();
	scratch_close();
	return check_end();
}
