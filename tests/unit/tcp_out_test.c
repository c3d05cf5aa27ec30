/* SPDX-License-Identifier: BSD-2-Clause */
/* What is put into segments: sizes, windows, flags. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "no waiting for a full one (no Nagle)", NULL,
	  RIG_PLAIN "write 10; < A 1:10; write 10; < A 11:10; write 10; < A "
		    "21:10; > A 1:0 ack=31" },
	{ "one MSS at a time", NULL,
	  RIG_PLAIN "write 2999; < A 1:1000; < A 1001:1000; < A 2001:999; > A "
		    "1:0 ack=3000" },
	{ "the last 10 of the initial window", NULL,
	  RIG_PLAIN "write 30000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=1001; < A 10001:1000; < A 11001:1000; > A 1:0 "
		    "ack=12001; drop; > A 1:0 ack=30001; drop; +1s; drop" },
	{ "FIN with the last text", NULL,
	  RIG_WINDOW("0") "write 10; shuttx; > A 1:0 ack=1 win=100; < AF 1:10; "
			  "> A 1:0 ack=12; state FIN_WAIT_2" },
	{ "FIN alone", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0 ack=1; state FIN_WAIT_1; > A 1:0 ack=2; "
		    "state FIN_WAIT_2" },
	{ "FIN does not wait for the congestion window", NULL,
	  RIG_PLAIN
	  "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "shuttx; < AF 10001:0; > A 1:0 ack=10002; state FIN_WAIT_2" },
	{ "FIN waits for the window", NULL,
	  RIG_WINDOW("10") "write 10; < A 1:10; shuttx; > A 1:0 ack=11 win=0; "
			   "state ESTABLISHED; > A 1:0 ack=11 win=1; < AF "
			   "11:0; > A 1:0 ack=12" },
	{ "no silly small pieces", NULL,
	  RIG_WINDOW("1500") "write 3000; < A 1:1000; > A 1:0 ack=1001 "
			     "win=600; +1ms; > A 1:0 ack=1001 win=1500; < A "
			     "1001:1000; > A 1:0 ack=2001 win=1500; < A "
			     "2001:1000; > A 1:0 ack=3001" },
	{ "a window of half the greatest is not silly", NULL,
	  RIG_WINDOW("65535") "write 900; < A 1:900; > A 1:0 ack=901; +1s" },
	{ "too narrow for too long: the timer sends", NULL,
	  RIG_WINDOW("100") "write 3000; +200ms; < A 1:100; > A 1:0 ack=101 "
			    "win=100; +200ms; < A 101:100; > A 1:0 ack=201 "
			    "win=65535; < A 201:1000; < A 1201:1000; < A "
			    "2201:800; > A 1:0 ack=3001" },
	{ "TSO: one frame for many segments", "tso",
	  RIG_PLAIN "write 5000; < A 1:5000; > A 1:0 ack=5001; write 5500; < A "
		    "5001:5500; > A 1:0 ack=10501" },
	{ "TSO: as much as a frame holds, whole segments", "tso",
	  RIG_PLAIN
	  "write 10000; < A 1:8000; < A 8001:2000; > A 1:0 ack=10001" },
	{ "TSO: the window limits", "tso",
	  RIG_WINDOW("2500") "write 5000; < A 1:2000; > A 1:0 ack=2001 "
			     "win=2500; < A 2001:2000; > A 1:0 ack=4001 "
			     "win=2500; < A 4001:1000; > A 1:0 ack=5001" },
	{ "TSO: the congestion window limits", "tso",
	  RIG_PLAIN
	  "write 20000; < A 1:8000; < A 8001:2000; > A 1:0 ack=10001; < A "
	  "10001:8000; < A 18001:2000; > A 1:0 ack=20001" },
	{ "TSO: the FIN is in the last", "tso",
	  RIG_WINDOW("0") "write 2500; shuttx; > A 1:0 ack=1 win=9000; < AF "
			  "1:2500; > A 1:0 ack=2502; state FIN_WAIT_2" },
	{ "TSO: sent again one by one", "tso",
	  RIG_PLAIN
	  "write 5000; < A 1:5000; +200ms; < A 1:1000; > A 1:0 ack=1001; < A "
	  "1001:1000; < A 2001:1000; > A 1:0 ack=5001" },
	{ "MSS of 48 beside a big write", NULL,
	  "> S 0:0 mss=48; < SA 0:0; > A 1:0 ack=1; accept; write 480; < A "
	  "1:48; < A 49:48; < A 97:48; < A 145:48; < A 193:48; < A 241:48; < A "
	  "289:48; < A 337:48; < A 385:48; < A 433:48; > A 1:0 ack=481" },
	{ "the ACK beside the text", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; write 10; < A 1:10 ack=11; read 10; > A "
		    "11:0 ack=11" },
	{ "a hole is told although there is text to send", NULL,
	  RIG_SACK
	  ">> A 11:10 ack=1; > A 31:10 ack=1; < A 1:0 ack=1 sack=31-41,11-21; "
	  "write 10; < A 1:10 ack=1; > A 1:10 ack=11; < A 11:0 ack=21" },
	{ "the window in text too", "rx=1000",
	  RIG_PLAIN "> A 1:1000 ack=1; write 10; < A 1:10 ack=1001 win=0; > A "
		    "1001:0 ack=11; read 1000; < A 11:0 win=1000" },
	{ "a scaled window is rounded down, never back", "rx=100000",
	  "> S 0:0 ws=0; < SA 0:0 ws=1; > A 1:0 ack=1; accept; > A 1:1 ack=1; "
	  "+40ms; < A 1:0 ack=2 win=49999; > A 2:1 ack=1; +40ms; < A 1:0 ack=3 "
	  "win=49999; > A 3:1 ack=1; +40ms; < A 1:0 ack=4 win=49998; read 3" },
	{ "urgent pointers are never sent, and never wait", NULL,
	  RIG_PLAIN "> AU 1:10 ack=1; read 10; +40ms; < A 1:0 ack=11" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
