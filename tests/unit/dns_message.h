/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_message.h: DNS messages, put together for tests by hand. */
#ifndef PENSTOCK_TESTS_DNS_MESSAGE_H
#define PENSTOCK_TESTS_DNS_MESSAGE_H

#include "engine/base/ip.h"
#include "engine/base/must.h"

#include <stdio.h>

struct message {
	size_t n;
	uint8_t b[65535];
};

enum {
	CODE_A = 1,
	CODE_NS = 2,
	CODE_CNAME = 5,
	CODE_SOA = 6,
	CODE_PTR = 12,
	CODE_MX = 15,
	CODE_TXT = 16,
	CODE_AAAA = 28
};

static inline void
put_bytes(struct message *m, const void *p, size_t n)
{
	must(m->n + n <= sizeof(m->b));
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

static inline void
put_u16(struct message *m, unsigned v)
{
	put_bytes(m, (uint8_t[2]) { (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static inline void
put_u32(struct message *m, uint32_t v)
{
	put_u16(m, v >> 16);
	put_u16(m, v & 0xffff);
}

/* "" or ".": the root. */
static inline void
put_name(struct message *m, const char *text)
{
	struct span rest = span_of(text), label;

	while ((label = span_word(&rest, ".")).len) {
		uint8_t len = (uint8_t)label.len;

		put_bytes(m, &len, 1);
		put_bytes(m, label.p, label.len);
	}
	put_bytes(m, "", 1);
}

/* Header and question; the counts are set as records come. */
static inline void
begin(struct message *m, unsigned flags, const char *name, unsigned code)
{
	m->n = 0;
	put_u16(m, 0x1234);
	put_u16(m, flags);
	put_u16(m, 1);
	put_u16(m, 0);
	put_u32(m, 0);
	put_name(m, name);
	put_u16(m, code);
	put_u16(m, 1);
}

/* Its data as it is written in zone files; SOA: its minimum. */
static inline void
put_data(struct message *m, unsigned code, const char *text)
{
	struct span rest = span_of(text), word;
	uint64_t n = 0;
	struct ip ip;

	switch (code) {
	case CODE_A:
		must(ip_parse(rest, &ip));
		put_bytes(m, ip.b + 12, 4);
		return;
	case CODE_AAAA:
		must(ip_parse(rest, &ip));
		put_bytes(m, ip.b, 16);
		return;
	case CODE_MX:
		word = span_word(&rest, " ");
		must(span_to_u64(word, &n));
		put_u16(m, (unsigned)n);
		put_name(m, rest.p + 1);
		return;
	case CODE_TXT: /* strings between '|' */
		while ((word = span_word(&rest, "|")).len) {
			uint8_t len = (uint8_t)word.len;

			put_bytes(m, &len, 1);
			put_bytes(m, word.p, word.len);
		}
		return;
	case CODE_SOA:
		put_name(m, "ns.example");
		put_name(m, "root.example");
		for (int i = 0; i < 4; i++)
			put_u32(m, 1);
		must(span_to_u64(rest, &n));
		put_u32(m, (uint32_t)n);
		return;
	default:
		put_name(m, text);
	}
}

/* Section 1: answers, 2: authority. */
static inline void
put_row(struct message *m, int section, const char *owner, unsigned code,
	uint32_t ttl_s, const char *data)
{
	size_t at;

	put_name(m, owner);
	put_u16(m, code);
	put_u16(m, 1);
	put_u32(m, ttl_s);
	at = m->n;
	put_u16(m, 0);
	put_data(m, code, data);
	m->b[at] = (uint8_t)((m->n - at - 2) >> 8);
	m->b[at + 1] = (uint8_t)(m->n - at - 2);
	m->b[5 + 2 * section]++;
	if (m->b[5 + 2 * section] == 0)
		m->b[4 + 2 * section]++;
}

#endif
