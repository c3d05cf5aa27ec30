/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and values of the queue's database: encoded and checked, field by field.
 * The offsets below are the format of version 1.
 */
#include "queue/record.h"
#include "engine/base/crc32c.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

struct head {
	uint8_t version;
	uint8_t kind;
	uint16_t n;
	uint32_t crc; /* of the key, the four bytes above, the payload */
};

struct state {
	uint8_t state;
	uint8_t zero[3];
	uint32_t attempts_n;
	uint32_t rcpt_n;
	uint32_t zero2;
	uint64_t due_us;
	uint64_t zero3;
};

struct state_rcpt {
	uint8_t result;
	uint8_t why_len; /* the text follows */
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored as it is");
static_assert(sizeof(struct record_key) == 10, "version 1");
static_assert(sizeof(struct record_due_key) == 16, "version 1");
static_assert(offsetof(struct head, kind) == 1, "version 1");
static_assert(offsetof(struct head, n) == 2, "version 1");
static_assert(offsetof(struct head, crc) == 4, "version 1");
static_assert(sizeof(struct head) == RECORD_HEAD_BYTES, "version 1");
static_assert(offsetof(struct record_meta, entries_n) == 8, "version 1");
static_assert(offsetof(struct record_meta, dead_n) == 32, "version 1");
static_assert(sizeof(struct record_meta) == RECORD_META_BYTES, "version 1");
static_assert(offsetof(struct state, attempts_n) == 4, "version 1");
static_assert(offsetof(struct state, due_us) == 16, "version 1");
static_assert(sizeof(struct state) == RECORD_STATE_BYTES, "version 1");
static_assert(sizeof(struct state_rcpt) == 2, "version 1");
static_assert(sizeof(((struct queue_rcpt_state *)0)->why) <= UINT8_MAX,
	      "why_len is a byte");

/* --- keys --- */

struct record_key
record_key(uint64_t id, uint16_t record)
{
	struct record_key key;
	uint64_t id_be = htobe64(id);
	uint16_t record_be = htobe16(record);

	memcpy(key.b, &id_be, 8);
	memcpy(key.b + 8, &record_be, 2);
	return key;
}

bool
record_key_get(struct span key, uint64_t *id, uint16_t *record)
{
	uint64_t id_be;
	uint16_t record_be;

	if (key.len != RECORD_KEY_BYTES)
		return false;
	memcpy(&id_be, key.p, 8);
	memcpy(&record_be, key.p + 8, 2);
	*id = be64toh(id_be);
	*record = be16toh(record_be);
	return true;
}

struct record_due_key
record_due_key(uint64_t due_us, uint64_t id)
{
	struct record_due_key key;
	uint64_t due_be = htobe64(due_us), id_be = htobe64(id);

	memcpy(key.b, &due_be, 8);
	memcpy(key.b + 8, &id_be, 8);
	return key;
}

bool
record_due_key_get(struct span key, uint64_t *due_us, uint64_t *id)
{
	uint64_t due_be, id_be;

	if (key.len != RECORD_DUE_KEY_BYTES)
		return false;
	memcpy(&due_be, key.p, 8);
	memcpy(&id_be, key.p + 8, 8);
	*due_us = be64toh(due_be);
	*id = be64toh(id_be);
	return true;
}

/* --- heads --- */

static uint32_t
checksum(const struct head *h, struct span key, struct span payload)
{
	uint32_t crc = crc32c(0, key.p, key.len);

	crc = crc32c(crc, h, offsetof(struct head, crc));
	return crc32c(crc, payload.p, payload.len);
}

void
record_head_put(unsigned char out[RECORD_HEAD_BYTES], enum record_kind kind,
		uint16_t n, struct span key, struct span payload)
{
	struct head h = { .version = VERSION, .kind = (uint8_t)kind, .n = n };

	h.crc = checksum(&h, key, payload);
	memcpy(out, &h, sizeof(h));
}

int
record_open(struct span value, enum record_kind kind, struct span key,
	    struct span *payload, uint16_t *n)
{
	struct head h;

	if (value.len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, value.p, sizeof(h));
	*payload = span_from(value, sizeof(h));
	*n = h.n;
	if (h.version != VERSION || h.kind != (uint8_t)kind ||
	    h.crc != checksum(&h, key, *payload))
		return -EBADMSG;
	return 0;
}

/* --- payloads --- */

void
record_meta_put(unsigned char out[RECORD_META_BYTES],
		const struct record_meta *meta)
{
	memcpy(out, meta, sizeof(*meta));
}

int
record_meta_get(struct span payload, struct record_meta *out)
{
	if (payload.len != sizeof(*out))
		return -EBADMSG;
	memcpy(out, payload.p, sizeof(*out));
	return 0;
}

char *
record_state_new(const struct record_state *state,
		 const struct queue_rcpt_state *rcpts, size_t *len_out)
{
	struct state s = { .state = (uint8_t)state->state,
			   .attempts_n = state->attempts_n,
			   .rcpt_n = state->rcpt_n,
			   .due_us = state->due_us };
	size_t len = sizeof(s);
	char *payload, *p;

	for (uint32_t i = 0; i < state->rcpt_n; i++)
		len += sizeof(struct state_rcpt) +
		       strnlen(rcpts[i].why, sizeof(rcpts[i].why) - 1);
	payload = malloc(len);
	if (payload == NULL)
		return NULL;
	memcpy(payload, &s, sizeof(s));
	p = payload + sizeof(s);
	for (uint32_t i = 0; i < state->rcpt_n; i++) {
		size_t why_len =
			strnlen(rcpts[i].why, sizeof(rcpts[i].why) - 1);
		struct state_rcpt r = { (uint8_t)rcpts[i].result,
					(uint8_t)why_len };

		memcpy(p, &r, sizeof(r));
		memcpy(p + sizeof(r), rcpts[i].why, why_len);
		p += sizeof(r) + why_len;
	}
	*len_out = len;
	return payload;
}

int
record_state_get(struct span payload, struct record_state *out)
{
	struct state s;

	if (payload.len < sizeof(s))
		return -EBADMSG;
	memcpy(&s, payload.p, sizeof(s));
	if (s.state > QUEUE_DEAD ||
	    s.rcpt_n > (payload.len - sizeof(s)) / sizeof(struct state_rcpt))
		return -EBADMSG;
	*out = (struct record_state) { .state = (enum queue_state)s.state,
				       .attempts_n = s.attempts_n,
				       .rcpt_n = s.rcpt_n,
				       .due_us = s.due_us };
	return 0;
}

int
record_state_rcpts(struct span payload, struct queue_rcpt_state *out,
		   uint32_t n)
{
	struct span rest = span_from(payload, sizeof(struct state));

	for (uint32_t i = 0; i < n; i++) {
		struct state_rcpt r;

		if (rest.len < sizeof(r))
			return -EBADMSG;
		memcpy(&r, rest.p, sizeof(r));
		rest = span_from(rest, sizeof(r));
		if (r.result > QUEUE_RCPT_FAILED || r.why_len > rest.len ||
		    r.why_len >= sizeof(out[i].why))
			return -EBADMSG;
		out[i].result = (enum queue_rcpt_result)r.result;
		memcpy(out[i].why, rest.p, r.why_len);
		out[i].why[r.why_len] = '\0';
		rest = span_from(rest, r.why_len);
	}
	return rest.len == 0 ? 0 : -EBADMSG;
}
