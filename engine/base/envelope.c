/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envelope's bytes: written front to back, one copy per field, and checked
 * whole before the first field is believed. What is appended is consistent at
 * any moment but for the body size and the checksum, which seal() writes.
 */
#include "engine/base/envelope.h"
#include "engine/base/crc32c.h"

#include <errno.h>
#include <stdlib.h>

enum { VERSION = 1, FIELD_BYTES_MAX = UINT16_MAX, CAP_MIN = 512 };

enum flag {
	FLAG_SMTPUTF8 = 1,
	FLAG_ESMTP = 2,
	FLAG_ALL = FLAG_SMTPUTF8 | FLAG_ESMTP,
};

/* On disk: the offsets below are the format of version 1. */
struct head {
	uint32_t crc; /* of everything behind it */
	uint8_t version;
	uint8_t body;
	uint8_t ret;
	uint8_t flags;
	uint64_t queue_id;
	uint64_t arrival_us;
	uint64_t body_bytes;
	struct ip client_ip;
	uint32_t len; /* of the whole envelope */
	uint32_t rcpt_n;
	uint16_t client_port;
	uint16_t sender_len; /* the strings follow in this order */
	uint16_t envid_len;
	uint16_t client_name_len;
	uint16_t helo_len;
	uint16_t zero[3];
};

struct rcpt {
	uint32_t uid;
	uint32_t gid;
	uint16_t orig_len; /* the strings follow in this order */
	uint16_t rcpt_len;
	uint16_t dest_len;
	uint16_t orcpt_len;
	uint8_t transport;
	uint8_t notify;
	uint16_t zero;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored as it is");
static_assert(offsetof(struct head, version) == 4, "version 1");
static_assert(offsetof(struct head, queue_id) == 8, "version 1");
static_assert(offsetof(struct head, body_bytes) == 24, "version 1");
static_assert(offsetof(struct head, len) == 48, "version 1");
static_assert(offsetof(struct head, sender_len) == 58, "version 1");
static_assert(sizeof(struct head) == 72, "version 1");
static_assert(offsetof(struct rcpt, orig_len) == 8, "version 1");
static_assert(offsetof(struct rcpt, transport) == 16, "version 1");
static_assert(sizeof(struct rcpt) == 20, "version 1");

static struct head
head_of(const struct envelope *env)
{
	struct head h;

	memcpy(&h, env->p, sizeof(h));
	return h;
}

static struct rcpt
rcpt_at(const struct envelope *env, uint32_t pos)
{
	struct rcpt r;

	memcpy(&r, env->p + pos, sizeof(r));
	return r;
}

static uint32_t
head_bytes(const struct head *h)
{
	return (uint32_t)sizeof(*h) + h->sender_len + h->envid_len +
	       h->client_name_len + h->helo_len;
}

static uint32_t
rcpt_bytes(const struct rcpt *r)
{
	return (uint32_t)sizeof(*r) + r->orig_len + r->rcpt_len + r->dest_len +
	       r->orcpt_len;
}

/* Room for len bytes in all; on an error env keeps what it has. */
static int
reserve(struct envelope *env, uint32_t len)
{
	uint32_t cap = env->cap ? env->cap : CAP_MIN;
	unsigned char *p;

	if (len > ENVELOPE_BYTES_MAX)
		return -EMSGSIZE;
	if (LIKELY(len <= env->cap))
		return 0;
	while (cap < len)
		cap *= 2;
	p = realloc(env->p, cap);
	if (p == NULL)
		return -ENOMEM;
	env->p = p;
	env->cap = cap;
	return 0;
}

static void
append(struct envelope *env, const void *p, size_t len)
{
	if (len)
		memcpy(env->p + env->len, p, len);
	env->len += (uint32_t)len;
}

static bool
is_too_long(const struct span *fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (fields[i].len > FIELD_BYTES_MAX)
			return true;
	return false;
}

int
envelope_begin(struct envelope *env, const struct envelope_head *head)
{
	const struct span fields[] = { head->sender, head->envid,
				       head->client_name, head->helo };
	struct head h = {
		.version = VERSION,
		.body = head->body,
		.ret = head->ret,
		.flags = (uint8_t)((head->is_smtputf8 ? FLAG_SMTPUTF8 : 0) |
				   (head->is_esmtp ? FLAG_ESMTP : 0)),
		.queue_id = head->queue_id,
		.arrival_us = head->arrival_us,
		.body_bytes = head->body_bytes,
		.client_ip = head->client_ip,
		.client_port = head->client_port,
		.sender_len = (uint16_t)head->sender.len,
		.envid_len = (uint16_t)head->envid.len,
		.client_name_len = (uint16_t)head->client_name.len,
		.helo_len = (uint16_t)head->helo.len,
	};
	int err;

	assert(head->body <= ENVELOPE_BODY_BINARY);
	assert(head->ret <= ENVELOPE_RET_HDRS);
	env->len = env->rcpt_n = 0;
	if (is_too_long(fields, ARRAY_N(fields)))
		return -EMSGSIZE;
	err = reserve(env, head_bytes(&h));
	if (err)
		return err;
	append(env, &h, sizeof(h));
	for (unsigned i = 0; i < ARRAY_N(fields); i++)
		append(env, fields[i].p, fields[i].len);
	return 0;
}

int
envelope_rcpt_add(struct envelope *env, const struct envelope_rcpt *rcpt)
{
	const struct span fields[] = { rcpt->orig, rcpt->rcpt, rcpt->dest,
				       rcpt->orcpt };
	struct rcpt r = {
		.uid = rcpt->uid,
		.gid = rcpt->gid,
		.orig_len = (uint16_t)rcpt->orig.len,
		.rcpt_len = (uint16_t)rcpt->rcpt.len,
		.dest_len = (uint16_t)rcpt->dest.len,
		.orcpt_len = (uint16_t)rcpt->orcpt.len,
		.transport = rcpt->transport,
		.notify = rcpt->notify,
	};
	int err;

	must(env->len >= sizeof(struct head));
	assert(rcpt->transport <= ENVELOPE_ERROR);
	assert(rcpt->notify < ENVELOPE_NOTIFY_DELAY * 2);
	if (is_too_long(fields, ARRAY_N(fields)))
		return -EMSGSIZE;
	err = reserve(env, env->len + rcpt_bytes(&r));
	if (err)
		return err;
	append(env, &r, sizeof(r));
	for (unsigned i = 0; i < ARRAY_N(fields); i++)
		append(env, fields[i].p, fields[i].len);
	env->rcpt_n++;
	return 0;
}

void
envelope_rcpt_cut(struct envelope *env, uint32_t rcpt_n)
{
	struct head h;
	uint32_t pos;

	if (rcpt_n >= env->rcpt_n)
		return;
	h = head_of(env);
	pos = head_bytes(&h);
	for (uint32_t i = 0; i < rcpt_n; i++) {
		struct rcpt r = rcpt_at(env, pos);

		pos += rcpt_bytes(&r);
	}
	env->len = pos;
	env->rcpt_n = rcpt_n;
}

void
envelope_seal(struct envelope *env, uint64_t body_bytes)
{
	struct head h;

	must(env->len >= sizeof(h));
	h = head_of(env);
	h.body_bytes = body_bytes;
	h.len = env->len;
	h.rcpt_n = env->rcpt_n;
	memcpy(env->p, &h, sizeof(h));
	h.crc = crc32c(0, env->p + sizeof(h.crc), env->len - sizeof(h.crc));
	memcpy(env->p, &h.crc, sizeof(h.crc));
}

static bool
head_is_sane(const struct head *h, struct span bytes)
{
	return h->version == VERSION && h->len == bytes.len &&
	       h->crc == crc32c(0, bytes.p + sizeof(h->crc),
				bytes.len - sizeof(h->crc)) &&
	       h->body <= ENVELOPE_BODY_BINARY && h->ret <= ENVELOPE_RET_HDRS &&
	       (h->flags & ~FLAG_ALL) == 0 &&
	       (h->zero[0] | h->zero[1] | h->zero[2]) == 0 &&
	       head_bytes(h) <= bytes.len;
}

/* Recipient records fill the rest of bytes exactly, and are n. */
static bool
rcpts_are_sane(struct span rest, uint32_t n)
{
	for (; n > 0; n--) {
		struct rcpt r;

		if (rest.len < sizeof(r))
			return false;
		memcpy(&r, rest.p, sizeof(r));
		if (rest.len < rcpt_bytes(&r) || r.transport > ENVELOPE_ERROR ||
		    r.notify >= ENVELOPE_NOTIFY_DELAY * 2 || r.zero != 0)
			return false;
		rest = span_from(rest, rcpt_bytes(&r));
	}
	return rest.len == 0;
}

int
envelope_load(struct envelope *env, struct span bytes)
{
	struct head h;
	int err;

	env->len = env->rcpt_n = 0;
	if (bytes.len < sizeof(h) || bytes.len > ENVELOPE_BYTES_MAX)
		return -EBADMSG;
	memcpy(&h, bytes.p, sizeof(h));
	if (!head_is_sane(&h, bytes) ||
	    !rcpts_are_sane(span_from(bytes, head_bytes(&h)), h.rcpt_n))
		return -EBADMSG;
	err = reserve(env, (uint32_t)bytes.len);
	if (err)
		return err;
	append(env, bytes.p, bytes.len);
	env->rcpt_n = h.rcpt_n;
	return 0;
}

static struct span
cut_field(const struct envelope *env, uint32_t *pos, uint16_t len)
{
	struct span s = { (const char *)env->p + *pos, len };

	*pos += len;
	return s;
}

void
envelope_head_get(const struct envelope *env, struct envelope_head *out)
{
	uint32_t pos = sizeof(struct head);
	struct head h;

	must(env->len >= sizeof(h));
	h = head_of(env);
	*out = (struct envelope_head) {
		.queue_id = h.queue_id,
		.arrival_us = h.arrival_us,
		.body_bytes = h.body_bytes,
		.client_ip = h.client_ip,
		.client_port = h.client_port,
		.body = h.body,
		.ret = h.ret,
		.is_smtputf8 = h.flags & FLAG_SMTPUTF8,
		.is_esmtp = h.flags & FLAG_ESMTP,
	};
	out->sender = cut_field(env, &pos, h.sender_len);
	out->envid = cut_field(env, &pos, h.envid_len);
	out->client_name = cut_field(env, &pos, h.client_name_len);
	out->helo = cut_field(env, &pos, h.helo_len);
}

bool
envelope_rcpt_next(const struct envelope *env, uint32_t *pos,
		   struct envelope_rcpt *out)
{
	struct rcpt r;

	if (*pos == 0) {
		struct head h;

		must(env->len >= sizeof(h));
		h = head_of(env);
		*pos = head_bytes(&h);
	}
	if (*pos >= env->len)
		return false;
	r = rcpt_at(env, *pos);
	*pos += (uint32_t)sizeof(r);
	out->uid = r.uid;
	out->gid = r.gid;
	out->transport = r.transport;
	out->notify = r.notify;
	out->orig = cut_field(env, pos, r.orig_len);
	out->rcpt = cut_field(env, pos, r.rcpt_len);
	out->dest = cut_field(env, pos, r.dest_len);
	out->orcpt = cut_field(env, pos, r.orcpt_len);
	return true;
}

void
envelope_fini(struct envelope *env)
{
	free(env->p);
	*env = (struct envelope) { 0 };
}
