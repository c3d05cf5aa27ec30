/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end, from every state, by either side. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "we close first", NULL,
	  RIG_PLAIN "shut; < AF 1:0 ack=1; state FIN_WAIT_1; > A 1:0 ack=2; "
		    "state FIN_WAIT_2; > AF 1:0 ack=2; < A 2:0 ack=2; state "
		    "TIME_WAIT; +60s; state CLOSED" },
	{ "the peer closes first", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT; ready; read end; "
	  "shut; < AF 1:0 ack=2; state LAST_ACK; > A 2:0 ack=2; state CLOSED" },
	{ "both at once", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING; > A 2:0 ack=2; state TIME_WAIT" },
	{ "the peer acknowledges and closes in one", NULL,
	  RIG_PLAIN
	  "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; state TIME_WAIT" },
	{ "half close by us: the peer goes on", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; > A 1:10 ack=2; +40ms; < "
		    "A 2:0 ack=11; read 10; > AF 11:0 ack=2; < A 2:0 ack=12; "
		    "ready; read end; state TIME_WAIT; shut" },
	{ "half close by the peer: we go on", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; write 10; < A 1:10 ack=2; "
		    "> A 2:0 ack=11; write 10; < A 11:10; > A 2:0 ack=21; "
		    "shut; < AF 21:0; > A 2:0 ack=22; state CLOSED" },
	{ "half close twice is once", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; shuttx; shut; > A 1:0 ack=2" },
	{ "the FIN waits for the text", NULL,
	  RIG_WINDOW("1000") "write 1500; < A 1:1000; shut; > A 1:0 ack=1001 "
			     "win=1000; < AF 1001:500; > A 1:0 ack=1502; state "
			     "FIN_WAIT_2" },
	{ "abort: RST", NULL, RIG_PLAIN "abort; < RA 1:0 ack=1; state CLOSED" },
	{ "abort with text on its way", NULL,
	  RIG_PLAIN
	  "write 10; < A 1:10; abort; < RA 11:0 ack=1; state CLOSED" },
	{ "abort in CLOSE_WAIT", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; abort; < RA 1:0 ack=2" },
	{ "abort in FIN_WAIT_1", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; abort; < RA 2:0 ack=1" },
	{ "abort in FIN_WAIT_2", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; abort; < RA 2:0 ack=1" },
	{ "abort in CLOSING", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; abort; < "
		    "RA 2:0 ack=2" },
	{ "abort in LAST_ACK", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0; abort; < "
		    "RA 2:0 ack=2" },
	{ "given up after it is over", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=2; < A 2:0; state "
		    "TIME_WAIT; shut; state TIME_WAIT" },
	{ "aborted after it is over", NULL, RIG_PLAIN "> R 1:0; abort" },
	{ "what was not read when it was given up: RST, after the reply", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; write 5; < A 1:5 ack=11; shut; < AF 6:0; "
		    "> A 11:0 ack=7; < RA 7:0 ack=11; state CLOSED" },
	{ "given up in FIN_WAIT_2 with text unread: RST", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; > A 1:10 ack=2; +40ms; < "
		    "A 2:0 ack=11; shut; < RA 2:0 ack=11; state CLOSED" },
	{ "given up with text unread: no reset before the last reply has "
	  "arrived",
	  NULL,
	  RIG_PLAIN "> A 1:10 ack=1; write 5; < A 1:5 ack=11; shut; < AF 6:0; "
		    "> A 11:0 ack=6; state FIN_WAIT_1; +200ms; < AF 6:0; > A "
		    "11:0 ack=7; < RA 7:0" },
	{ "all was read: no RST", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; read 10; shut; < AF 1:0 ack=11; > A 11:0 "
		    "ack=2; state FIN_WAIT_2; > AF 11:0 ack=2; < A 2:0 ack=12; "
		    "state TIME_WAIT" },
	{ "given up in CLOSE_WAIT with text unread", NULL,
	  RIG_PLAIN "> AF 1:10 ack=1; < A 1:0 ack=12; shut; < AF 1:0; > A 12:0 "
		    "ack=2; state CLOSED" },
	{ "reset while text is on its way to the owner", NULL,
	  RIG_PLAIN ">> A 1:10 ack=1; > R 11:0; read lost; abort" },
	{ "the owner reads after TIME_WAIT began", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; > AF 1:10 ack=2; < A 2:0 "
		    "ack=12; state TIME_WAIT; read 10; read end; shut" },
	{ "LAST_ACK: the FIN again", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shut; < AF 1:0; > AF 1:0 "
		    "ack=1; < A 2:0 ack=2; > A 2:0 ack=2; state CLOSED" },
	{ "CLOSING: the FIN again", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; > AF 1:0 "
		    "ack=1; < A 2:0 ack=2; > A 2:0 ack=2; state TIME_WAIT" },
	{ "CLOSE_WAIT: the FIN again", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; > AF 1:0 ack=1; < A 1:0 "
		    "ack=2; state CLOSE_WAIT" },
	{ "FIN_WAIT_1: text, then its end", NULL,
	  RIG_PLAIN
	  "shuttx; < AF 1:0; > A 1:10 ack=1; +40ms; < A 2:0 ack=11; read 10; > "
	  "AF 11:5 ack=2; < A 2:0 ack=17; read 5; read end; state TIME_WAIT" },
	{ "FIN_WAIT_1: part of the text is acknowledged", NULL,
	  RIG_PLAIN "write 10; < A 1:10; shut; < AF 11:0; > A 1:0 ack=6; state "
		    "FIN_WAIT_1; > A 1:0 ack=11; state FIN_WAIT_1; > A 1:0 "
		    "ack=12; state FIN_WAIT_2" },
	{ "a new connection where the last one was reset", NULL,
	  RIG_PLAIN "> R 1:0; abort; newflow 5000; > S 0:0; < SA 0:0 ack=1; > "
		    "A 1:0 ack=1; accept; write 10; < A 1:10" },
	{ "slots are used again", "conns=1",
	  RIG_PLAIN "abort; < RA 1:0; newflow 1; > S 0:0; < SA 0:0; > A 1:0 "
		    "ack=1; accept; abort; < RA 1:0; newflow 2; > S 0:0; < SA "
		    "0:0; > A 1:0 ack=1; accept; write 1; < A 1:1" },
	{ "no path for more connections: connect says so", "conns=1",
	  "connect; < S 0:0; > SA 0:0 ack=1; < A 1:0; state ESTABLISHED" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
