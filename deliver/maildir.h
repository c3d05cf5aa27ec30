/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir.h: files of a maildir (https://cr.yp.to/proto/maildir.html): names,
 * creating in tmp/, moving into new/, and finding what an earlier delivery has
 * left. Delivery threads; blocks on disks. Nothing is flushed here.
 *
 * A file's name derives from the message alone, so that a delivery that is
 * repeated after a crash knows its own file again:
 * SECONDS.Q<queue id>R<recipient's index>.HOST
 */
#ifndef PENSTOCK_DELIVER_MAILDIR_H
#define PENSTOCK_DELIVER_MAILDIR_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#include <limits.h>
#include <sys/types.h>

#define MAILDIR_HOST_MAX 180 /* leaves room in NAME_MAX for flags */
#define MAILDIR_NAME_MAX 240

/* '/' becomes \057 and ':' \072, other odd bytes '?'. */
void maildir_host(const char *host, char out[MAILDIR_HOST_MAX + 1]);

/* Gives the length. */
unsigned maildir_name(char out[MAILDIR_NAME_MAX], uint64_t arrival_us,
		      uint64_t queue_id, uint32_t rcpt_idx, const char *host);
/* The other way round: is it one of ours, with or without flags? */
bool maildir_name_parse(const char *name, uint64_t *queue_id_out,
			uint32_t *rcpt_idx_out);

struct maildir_path {
	char text[PATH_MAX];
};

/* box + dir + name: box ends with '/', dir is "tmp/". 0 or -ENAMETOOLONG. */
MUST_USE int maildir_path(struct maildir_path *out, struct span box,
			  struct span dir, struct span name);

/*
 * Creates box/tmp/name (0600) and what is missing above it (0700); a file of
 * that name is a torn one of ours and makes way. gid: who they belong to; -1:
 * leave it. Gives a descriptor or -errno, and the path.
 */
MUST_USE int maildir_create(struct maildir_path *path, struct span box,
			    struct span name, gid_t gid);

/*
 * tmp/name becomes new/name; or, when `instead` is not NULL, that file, which
 * was torn. 0 or -errno; a vanished new/ is made again.
 */
MUST_USE int maildir_move(struct span box, struct span name,
			  const char *instead, gid_t gid);

/* Removes tmp/name. */
void maildir_discard(struct span box, struct span name);

/* What to look for in new/ and cur/. */
struct maildir_wanted {
	uint64_t queue_id;
	uint64_t bytes; /* as long as it should be */
	uint32_t rcpt_idx;
	bool is_found; /* then path (malloc'ed) is where */
	bool is_whole;
	char *path;
	void *tag;
};

/*
 * Looks for all of wanted (which it sorts) in one pass over each directory.
 * 0 or -errno: then nobody knows.
 */
MUST_USE int maildir_find(struct span box, struct maildir_wanted *wanted,
			  size_t wanted_n);

#endif
