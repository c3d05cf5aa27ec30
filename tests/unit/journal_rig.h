/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_rig.h: a journal in a folder of its own, and what it gives back. */
#ifndef PENSTOCK_TESTS_JOURNAL_RIG_H
#define PENSTOCK_TESTS_JOURNAL_RIG_H

#include "queue/journal_int.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RIG_IDS_MAX 100000

struct rig {
	char dir[32], path[64];
	struct journal *j;
	struct journal_report report;
	uint64_t ids[RIG_IDS_MAX]; /* as journal_each() gave them */
	size_t n;
	bool is_sound; /* each body is as rig_put() made it */
};

static inline void
rig_init(struct rig *r)
{
	strcpy(r->dir, "/tmp/journal-XXXXXX");
	must(mkdtemp(r->dir) != NULL);
	snprintf(r->path, sizeof(r->path), "%s/" JOURNAL_FILE, r->dir);
	r->j = NULL;
}

static inline void
rig_fini(struct rig *r)
{
	journal_close(&r->j);
	unlink(r->path);
	must(rmdir(r->dir) == 0);
}

/* An entry of that many bytes, made from its id. */
static inline void
rig_put(struct rig *r, uint64_t id, uint32_t len)
{
	char *p = malloc(len + 1);

	must(p != NULL);
	for (uint32_t i = 0; i < len; i++)
		p[i] = (char)(id * 31 + i);
	journal_put(r->j, JOURNAL_BODY, 1, id, (struct span) { p, len });
	free(p);
}

/* A batch of one entry; gives its number. */
static inline uint64_t
rig_batch(struct rig *r, uint64_t id, uint32_t len)
{
	uint64_t seq = journal_batch_seq(r->j);

	rig_put(r, id, len);
	CHECK(journal_write(r->j) == 0);
	return seq;
}

static inline int
rig_see(void *arg, const struct journal_entry *entry)
{
	struct rig *r = arg;

	must(r->n < RIG_IDS_MAX);
	r->ids[r->n++] = entry->id;
	for (size_t i = 0; i < entry->bytes.len; i++)
		r->is_sound &= entry->bytes.p[i] == (char)(entry->id * 31 + i);
	return 0;
}

/* What a start would find. */
static inline void
rig_load(struct rig *r)
{
	struct journal_log *log;

	r->n = 0;
	r->is_sound = true;
	must(journal_load(r->dir, &log, &r->report) == 0);
	CHECK(journal_each(log, rig_see, r) == 0);
	journal_unload(&log);
	CHECK(r->is_sound);
}

/* Inverts bytes of the file. */
static inline void
rig_damage(struct rig *r, uint64_t at, size_t len)
{
	int fd = open(r->path, O_RDWR | O_CLOEXEC);
	unsigned char c;

	must(fd >= 0);
	for (size_t i = 0; i < len; i++) {
		must(pread(fd, &c, 1, (off_t)(at + i)) == 1);
		c = (unsigned char)~c;
		must(pwrite(fd, &c, 1, (off_t)(at + i)) == 1);
	}
	close(fd);
}

#endif
