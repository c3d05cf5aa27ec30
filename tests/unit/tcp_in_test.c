/* SPDX-License-Identifier: BSD-2-Clause */
/* Bursts and the fast path. */
#include "tests/unit/tcp_rig.h"

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
	{ "a header too short", NULL, RIG_PLAIN "count malformed 0" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
