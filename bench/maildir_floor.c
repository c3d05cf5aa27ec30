/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir_floor: what the file system allows at most: create in tmp/, write,
 * rename into new/, without any flush. Delivery is measured against it. Prints
 * files and seconds as one JSON object.
 */
#include "engine/base/clock.h"
#include "engine/base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (1u << 20)

struct job {
	const char *base;
	unsigned idx, threads_n, boxes_n;
	unsigned long files_n, size;
	char *bytes;
	int err;
};

static int
file_put(const struct job *j, unsigned long i)
{
	char tmp[4096], new[4096];
	unsigned box = (unsigned)(i % j->boxes_n);
	int fd;

	snprintf(tmp, sizeof(tmp), "%s/box%u/tmp/%lu", j->base, box, i);
	snprintf(new, sizeof(new), "%s/box%u/new/%lu", j->base, box, i);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, j->bytes, j->size) != (ssize_t)j->size) {
		close(fd);
		return errno ? -errno : -ENOSPC;
	}
	if (close(fd) < 0 || rename(tmp, new) < 0)
		return -errno;
	return 0;
}

static void *
run(void *arg)
{
	struct job *j = arg;

	for (unsigned long i = j->idx; i < j->files_n && j->err == 0;
	     i += j->threads_n)
		j->err = file_put(j, i);
	return NULL;
}

static int
boxes_make(const char *base, unsigned boxes_n)
{
	static const char *const subs[] = { "", "/tmp", "/new", "/cur" };
	char path[4096];

	for (unsigned box = 0; box < boxes_n; box++)
		for (size_t i = 0; i < ARRAY_N(subs); i++) {
			snprintf(path, sizeof(path), "%s/box%u%s", base, box,
				 subs[i]);
			if (mkdir(path, 0700) < 0)
				return -errno;
		}
	return 0;
}

static int
threads_run(struct job *proto)
{
	struct job *jobs = calloc(proto->threads_n, sizeof(*jobs));
	pthread_t *ids = calloc(proto->threads_n, sizeof(*ids));
	int err = 0;

	must(jobs != NULL && ids != NULL);
	for (unsigned i = 0; i < proto->threads_n; i++) {
		jobs[i] = *proto;
		jobs[i].idx = i;
		must(pthread_create(&ids[i], NULL, run, &jobs[i]) == 0);
	}
	for (unsigned i = 0; i < proto->threads_n; i++) {
		pthread_join(ids[i], NULL);
		err = jobs[i].err ? jobs[i].err : err;
	}
	free(jobs);
	free(ids);
	return err;
}

int
main(int argc, char **argv)
{
	struct job proto = { 0 };
	uint64_t started_us;
	int err;

	if (argc == 6) {
		proto.base = argv[1];
		proto.threads_n = (unsigned)strtoul(argv[2], NULL, 10);
		proto.boxes_n = (unsigned)strtoul(argv[3], NULL, 10);
		proto.files_n = strtoul(argv[4], NULL, 10);
		proto.size = strtoul(argv[5], NULL, 10);
	}
	if (proto.threads_n == 0 || proto.threads_n > 1024 ||
	    proto.boxes_n == 0 || proto.files_n == 0 ||
	    proto.size > SIZE_MAX_BYTES) {
		fputs("usage: maildir_floor FOLDER THREADS MAILBOXES FILES "
		      "BYTES: an empty folder, numbers over zero\n",
		      stderr);
		return EX_USAGE;
	}
	proto.bytes = must_alloc(SIZE_MAX_BYTES);
	memset(proto.bytes, 'x', SIZE_MAX_BYTES);
	err = boxes_make(proto.base, proto.boxes_n);
	started_us = clock_now_us();
	if (err == 0)
		err = threads_run(&proto);
	free(proto.bytes);
	if (err < 0) {
		fprintf(stderr,
			"maildir_floor: %s: %s: give an empty folder with "
			"room in it\n",
			proto.base, strerror(-err));
		return EX_CANTCREAT;
	}
	printf("{\"files\": %lu, \"seconds\": %.6f}\n", proto.files_n,
	       (double)(clock_now_us() - started_us) / US_PER_SEC);
	return EX_OK;
}
