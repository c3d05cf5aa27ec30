/* SPDX-License-Identifier: BSD-2-Clause */
/* Bursts and the fast path. */
#include "tests/unit/tcp_rig.h"

#include <stdlib.h>

static const struct tcp_rig_row rows[] = {
	{ "one ACK a burst", NULL,
	  RIG_PLAIN
	  ">> A 1:1000 ack=1; >> A 1001:1000 ack=1; >> A 2001:1000 ack=1; > A "
	  "3001:1000 ack=1; < A 1:0 ack=4001; read 4000; count fast_path 4" },
	{ "data and its acknowledgment", NULL,
	  RIG_PLAIN "write 10; < A 1:10; > A 1:10 ack=11; count fast_path 1; "
		    "read 10; +40ms; < A 11:0 ack=11" },
	{ "two flows in a burst", NULL,
	  RIG_PLAIN
	  "flow 1; > S 0:0; < SA 0:0 ack=1; > A 1:0 ack=1; accept; flow 0; >> "
	  "A 1:10 ack=1; flow 1; >> A 1:20 ack=1; flow 0; > A 11:10 ack=1;"
	  "< A 1:0 ack=21; read 20; flow 1; read 20; +40ms; < A 1:0 ack=21" },
	{ "data and RST in a burst", NULL,
	  RIG_PLAIN ">> A 1:10 ack=1; > R 11:0; read lost; count resets_in 1" },
	{ "data, then FIN, in a burst", NULL,
	  RIG_PLAIN ">> A 1:10 ack=1; > AF 11:10 ack=1; < A 1:0 ack=22; read "
		    "20; read end" },
	{ "handshake and data in one burst", NULL,
	  "> S 0:0; < SA 0:0 ack=1; >> A 1:0 ack=1; >> A 1:10 ack=1; > AF 11:0 "
	  "ack=1; < A 1:0 ack=12; accept; read 10; read end" },
	{ "timestamps on the fast path", NULL,
	  RIG_TS("") "> A 1:10 ack=1 ts=110/0; count fast_path 1; +40ms; < A "
		     "1:0 ack=11 ecr=110; read 10" },
	{ "an old timestamp is not fast", NULL,
	  RIG_TS("") "> A 1:10 ack=1 ts=99/0; < A 1:0 ack=1 ecr=100; count "
		     "fast_path 0; count paws 1" },
};

/* --- headers that no peer may send --- */

/* Text that would be taken, and what is then changed of it. */
static const struct {
	const char *name;
	int at;		/* of the byte that is changed; -1: none */
	uint8_t to;	/* its new value */
	uint32_t bytes; /* of the segment; 0: all of it */
	bool is_taken;
} heads[] = {
	{ "as it should be", -1, 0, 0, true },
	{ "no bytes at all", -1, 0, 0xffff, false },
	{ "a byte less than a header", -1, 0, 19, false },
	{ "header of 16 bytes", 12, 4 << 4, 0, false },
	{ "header of no bytes", 12, 0, 0, false },
	{ "header longer than the segment", 12, 15 << 4, 44, false },
	{ "reserved bits are not looked at", 12, 8 << 4 | 15, 0, true },
	{ "an option that is longer than its room", 21, 13, 0, false },
	{ "an option of no length", 21, 0, 0, false },
	{ "an option of length 1", 21, 1, 0, false },
	{ "port 0", 1, 0, 0, false },
	{ "urgent pointer without URG", 19, 9, 0, true },
};

static void
test_heads(void)
{
	static const struct ip any;

	for (unsigned i = 0; i < ARRAY_N(heads); i++) {
		struct tcp_cfg cfg = tcp_rig_cfg();
		struct host *h = tcp_rig_host_open();
		struct tcp *t = tcp_open(&cfg, h, 1000000);
		struct ready ready = { 0 };
		struct tcp_opts o = { .has_mss = true, .mss = 1000 };
		uint8_t ip[IP4_BYTES] = { 0 }, *p = malloc(100);
		struct host_seg seg = { .tcp = p, .ip = ip };
		struct tcp_conn *c;
		uint32_t iss;

		must(p != NULL);
		must(tcp_listen(t, &any, 25, 0) == 0);
		memcpy(ip + IP4_SRC, tcp_rig_peer.b + 12, 4);
		memcpy(ip + IP4_DST, tcp_rig_local.b + 12, 4);
		seg.tcp_bytes =
			tcp_rig_segment(p, 40, 25, 7, 0, TCP_SYN, 9999, &o, 0);
		tcp_input(t, &seg, 1, &ready, 1000000);
		tcp_burst_end(t, 1000000);
		must(tcp_rig_sent(h, 0) != NULL);
		iss = wire_get32(tcp_rig_sent(h, 0) + 4);
		/* Twelve bytes of an unknown option, then ten of text. */
		memset(&o, 0, sizeof(o));
		seg.tcp_bytes = tcp_rig_segment(p, 40, 25, 8, iss + 1, TCP_ACK,
						9999, &o, 0) +
				22;
		p[12] = 8 << 4;
		memset(p + 20, 1, 22);
		p[20] = 77;
		p[21] = 12;
		if (heads[i].at >= 0)
			p[heads[i].at] = heads[i].to;
		if (heads[i].bytes)
			seg.tcp_bytes =
				heads[i].bytes == 0xffff ? 0 : heads[i].bytes;
		/* Of exactly that size: a read beyond it is seen. */
		seg.tcp = memcpy(malloc(seg.tcp_bytes + 1), p, seg.tcp_bytes);
		p = realloc(p, 1);
		tcp_input(t, &seg, 1, &ready, 1000000);
		tcp_burst_end(t, 1000000);
		tcp_check(t);
		CHECK_ROW(heads[i].name);
		CHECK(tcp_count_get(t, TCP_COUNT_MALFORMED) ==
		      !heads[i].is_taken);
		c = tcp_accept(t);
		CHECK((c != NULL) == heads[i].is_taken);
		CHECK(c == NULL || c->rx.bytes == 10);
		tcp_close(&t);
		tcp_rig_host_close(&h);
		free(p);
		free((void *)(uintptr_t)seg.tcp);
	}
}

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	test_heads();
	return check_end();
}
