/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a folder is, and what is said when it cannot be a queue's. */
#include "queue/queue_dir.h"
#include "queue/queue_int.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sys/file.h>
#include <sysexits.h>

static const struct {
	const char *name;
	const char *folder;	 /* NULL: not made */
	const char *file, *text; /* in it */
	mode_t mode;
	bool may_create;
	int exit_code; /* 0: it opens */
	const char *said;
} rows[] = {
	{ "new", NULL, NULL, NULL, 0700, true, 0, NULL },
	{ "new, and nothing may be made", NULL, NULL, NULL, 0700, false,
	  EX_CANTCREAT, "cannot open the queue's folder" },
	{ "empty", "q", NULL, NULL, 0700, true, 0, NULL },
	{ "empty, and nothing may be made", "q", NULL, NULL, 0700, false,
	  EX_NOINPUT, "is empty: there is no queue yet" },
	{ "a disk's own folder", "q", "lost+found", "", 0700, true, 0, NULL },
	{ "ours", "q", "penstock-queue", "penstock queue format 1\n", 0700,
	  false, 0, NULL },
	{ "ours, killed before its mark was written", "q", "penstock-queue", "",
	  0700, true, 0, NULL },
	{ "of a later format", "q", "penstock-queue",
	  "penstock queue format 2\n", 0700, true, EX_CONFIG,
	  "is a queue of format 2 and this penstock has format 1" },
	{ "somebody else's mark", "q", "penstock-queue", "hello\n", 0700, true,
	  EX_CONFIG, "its file penstock-queue is not penstock's" },
	{ "holds something else", "q", "inbox", "mail", 0700, true, EX_CONFIG,
	  "is not a penstock queue (it holds \"inbox\")" },
	{ "not for its owner", "q", NULL, NULL, 0500, true, EX_NOPERM,
	  "chmod u+rwx it" },
	{ "no folder above it", "a/b", NULL, NULL, 0700, true, EX_CANTCREAT,
	  "create the folder above it" },
};

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char dir[300], path[400];
		struct diag diag;
		int fd;

		CHECK_ROW(rows[i].name);
		snprintf(dir, sizeof(dir), "%s/%zu%s", scratch_dir, i,
			 rows[i].exit_code && rows[i].folder &&
					 strchr(rows[i].folder, '/')
				 ? "/missing"
				 : "");
		if (rows[i].folder != NULL &&
		    strchr(rows[i].folder, '/') == NULL)
			must(mkdir(dir, 0700) == 0);
		if (rows[i].file != NULL) {
			snprintf(path, sizeof(path), "%s/%s", dir,
				 rows[i].file);
			write_file(path, rows[i].text);
		}
		if (rows[i].folder != NULL)
			(void)chmod(dir, rows[i].mode);
		diag_init(&diag);
		fd = queue_dir_open(dir, rows[i].may_create, &diag);
		CHECK((fd >= 0) == (rows[i].exit_code == 0));
		CHECK(diag.exit_code == rows[i].exit_code);
		if (rows[i].said != NULL)
			CHECK(diag.first != NULL &&
			      strstr(diag.first->text, rows[i].said) != NULL);
		if (fd >= 0) {
			/* From now on it is ours, and it is locked. */
			CHECK(queue_dir_open(dir, false, &diag) == -1);
			CHECK(diag.exit_code == EX_TEMPFAIL);
			queue_dir_close(fd);
			fd = queue_dir_open(dir, false, &diag);
			CHECK(fd >= 0);
			queue_dir_close(fd);
		}
		diag_fini(&diag);
	}
	CHECK_ROW("");
}

static void
test_file(void)
{
	char path[300];
	struct diag diag;

	snprintf(path, sizeof(path), "%s/file", scratch_dir);
	write_file(path, "text");
	diag_init(&diag);
	CHECK(queue_dir_open(path, true, &diag) == -1);
	CHECK(diag.exit_code == EX_CANTCREAT &&
	      strstr(diag.first->text, "is a file, not a folder") != NULL);
	diag_fini(&diag);
}

static void
test_foreign_owner(void)
{
	struct diag diag;

	if (geteuid() == 0)
		return;
	diag_init(&diag);
	CHECK(queue_dir_open("/usr", true, &diag) == -1);
	CHECK(diag.exit_code == EX_NOPERM &&
	      strstr(diag.first->text, "belongs to uid 0") != NULL);
	diag_fini(&diag);
}

/* The highest number counts, odd names do not. */
static void
test_shards(void)
{
	static const char *const names[] = { "shard-0",	 "shard-3", "shard-x",
					     "shard-64", "shard-",  "other" };
	char dir[300], path[400], *shard;

	snprintf(dir, sizeof(dir), "%s/shards", scratch_dir);
	CHECK(queue_dir_shards(dir) == -ENOENT);
	must(mkdir(dir, 0700) == 0);
	CHECK(queue_dir_shards(dir) == 0);
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		must(mkdir(path, 0700) == 0);
	}
	CHECK(queue_dir_shards(dir) == 4);
	shard = queue_dir_shard_path(dir, 3);
	snprintf(path, sizeof(path), "%s/shard-3", dir);
	CHECK(strcmp(shard, path) == 0);
	free(shard);
}

int
main(void)
{
	scratch_open("queue-dir");
	test_rows();
	test_file();
	test_foreign_owner();
	test_shards();
	scratch_close();
	return check_end();
}
