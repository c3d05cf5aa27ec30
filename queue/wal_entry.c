/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of one batch, as they stand in the log. Trusts no length.
 * Format: RocksDB's db/write_batch.cc.
 */
#include "queue/wal.h"

enum tag {
	TAG_DELETE = 0,
	TAG_PUT = 1,
	TAG_LOG_DATA = 3,
	TAG_FAMILY_DELETE = 4,
	TAG_FAMILY_PUT = 5,
	TAG_SINGLE_DELETE = 7,
	TAG_FAMILY_SINGLE_DELETE = 8,
};

static bool
get_varint(struct span *s, uint32_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 32; shift += 7) {
		unsigned char c;

		if (s->len == 0)
			return false;
		c = (unsigned char)s->p[0];
		*s = span_from(*s, 1);
		*out |= (uint32_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

static bool
get_bytes(struct span *s, struct span *out)
{
	uint32_t len;

	if (!get_varint(s, &len) || len > s->len)
		return false;
	*out = span_to(*s, len);
	*s = span_from(*s, len);
	return true;
}

bool
wal_entry_next(struct span *rest, struct wal_entry *out)
{
	struct span at = *rest;
	unsigned tag;

	*out = (struct wal_entry) { .op = WAL_DELETE };
	if (at.len == 0)
		return false;
	tag = (unsigned char)at.p[0];
	at = span_from(at, 1);
	switch (tag) {
	case TAG_LOG_DATA:
		out->op = WAL_NOTE;
		break;
	case TAG_FAMILY_PUT:
	case TAG_FAMILY_DELETE:
	case TAG_FAMILY_SINGLE_DELETE:
		if (!get_varint(&at, &out->family))
			return false;
		break;
	case TAG_PUT:
	case TAG_DELETE:
	case TAG_SINGLE_DELETE:
		break;
	default:
		return false;
	}
	if (tag == TAG_PUT || tag == TAG_FAMILY_PUT)
		out->op = WAL_PUT;
	if (out->op != WAL_NOTE && !get_bytes(&at, &out->key))
		return false;
	if (out->op != WAL_DELETE && !get_bytes(&at, &out->value))
		return false;
	out->bytes = span_to(*rest, rest->len - at.len);
	*rest = at;
	return true;
}
