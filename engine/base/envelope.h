/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope.h: the envelope of one message, as it stands in the queue: a flat
 * run of bytes, built while the SMTP transaction goes on, stored as it is, and
 * read back by delivery. One thread at a time. Version byte and CRC-32C guard
 * what comes back from a disk; a decoder trusts no length in it.
 *
 * Layout, little-endian: fixed head (struct in envelope.c), then its strings,
 * then one record per recipient. Delivery state is not here: an envelope never
 * changes once it is sealed.
 */
#ifndef PENSTOCK_BASE_ENVELOPE_H
#define PENSTOCK_BASE_ENVELOPE_H

#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "engine/base/span.h"

#define ENVELOPE_BYTES_MAX (4u << 20)

/* Grows as recipients are added; keeps its memory when it is begun again. */
struct envelope {
	unsigned char *p;
	uint32_t len;
	uint32_t cap;
	uint32_t rcpt_n;
};

enum envelope_body {
	ENVELOPE_BODY_7BIT,
	ENVELOPE_BODY_8BITMIME, /* RFC 6152 */
	ENVELOPE_BODY_BINARY,	/* RFC 3030 */
};

enum envelope_ret { ENVELOPE_RET_NONE, ENVELOPE_RET_FULL, ENVELOPE_RET_HDRS };

/* RFC 3461 section 4.1; NEVER excludes the others. */
enum envelope_notify {
	ENVELOPE_NOTIFY_NEVER = 1,
	ENVELOPE_NOTIFY_SUCCESS = 2,
	ENVELOPE_NOTIFY_FAILURE = 4,
	ENVELOPE_NOTIFY_DELAY = 8,
};

struct envelope_head {
	uint64_t queue_id;
	uint64_t arrival_us; /* wall clock, at MAIL */
	uint64_t body_bytes; /* as stored; known when sealed */
	struct span sender;  /* empty: the null reverse-path */
	struct span envid;   /* DSN ENVID as it came (xtext), or empty */
	struct span client_name;
	struct span helo;
	struct ip client_ip;
	uint16_t client_port;
	uint8_t body; /* enum envelope_body */
	uint8_t ret;  /* enum envelope_ret */
	bool is_smtputf8;
	bool is_esmtp;
};

/* Who carries the message the rest of the way. */
enum envelope_transport {
	ENVELOPE_VIRTUAL, /* dest: maildir ("…/") or mbox path, absolute */
	ENVELOPE_LOCAL,	  /* no local delivery yet: deferred */
	ENVELOPE_RELAY,	  /* no relay transport yet: deferred */
	ENVELOPE_ERROR,	  /* dest: "4.3.5 why it cannot be delivered now" */
};

struct envelope_rcpt {
	struct span orig;  /* X-Original-To: as the client gave it */
	struct span rcpt;  /* Delivered-To: after aliases */
	struct span dest;  /* see enum envelope_transport */
	struct span orcpt; /* DSN ORCPT as it came, or empty */
	uint32_t uid, gid; /* owner of a mailbox */
	uint8_t transport; /* enum envelope_transport */
	uint8_t notify;	   /* bits of enum envelope_notify; 0: not given */
};

/* Starts anew; keeps the memory. 0, -ENOMEM, -EMSGSIZE. */
MUST_USE int envelope_begin(struct envelope *env,
			    const struct envelope_head *head);
/* Copies *rcpt in. 0, -ENOMEM, -EMSGSIZE; on an error env is as before. */
MUST_USE int envelope_rcpt_add(struct envelope *env,
			       const struct envelope_rcpt *rcpt);
/* Drops the recipients behind the first rcpt_n (an expansion that failed). */
void envelope_rcpt_cut(struct envelope *env, uint32_t rcpt_n);
/* Writes the body size and the checksum. Nothing is added after it. */
void envelope_seal(struct envelope *env, uint64_t body_bytes);

/*
 * Checks version, checksum and every length of `bytes` (sealed, from a disk)
 * and copies them into *env. 0, -ENOMEM, -EBADMSG.
 */
MUST_USE int envelope_load(struct envelope *env, struct span bytes);

/* Spans in *out borrow from env until it changes. */
void envelope_head_get(const struct envelope *env, struct envelope_head *out);

/* Walks the recipients: start with *pos = 0; false at the end. */
bool envelope_rcpt_next(const struct envelope *env, uint32_t *pos,
			struct envelope_rcpt *out);

void envelope_fini(struct envelope *env);

#endif
