/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in order, before its turn, twice, and beyond the window. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "order 1234", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=21 nosack;"
		   "> A 21:10 ack=1;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 1243", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=21 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 1324", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-31;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=31 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 1342", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 1423", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=11 sack=31-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 1432", NULL,
	  RIG_SACK "> A 1:10 ack=1;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=11 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2134", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=21 nosack;"
		   "> A 21:10 ack=1;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2143", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=21 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2314", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-31;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=31 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2341", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2413", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41,11-21;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 2431", NULL,
	  RIG_SACK "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41,11-21;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3124", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-31;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=31 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3142", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3214", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-31;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=31 nosack;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3241", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3412", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 3421", NULL,
	  RIG_SACK "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-31;"
		   "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4123", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=31-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4132", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4213", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21,31-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=21 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4231", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-21,31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4312", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=11 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "order 4321", NULL,
	  RIG_SACK "> AF 31:10 ack=1;"
		   "< A 1:0 ack=1 sack=31-41;"
		   "> A 21:10 ack=1;"
		   "< A 1:0 ack=1 sack=21-41;"
		   "> A 11:10 ack=1;"
		   "< A 1:0 ack=1 sack=11-41;"
		   "> A 1:10 ack=1;"
		   "< A 1:0 ack=42 nosack;"
		   "read 40; read end; state CLOSE_WAIT" },
	{ "delayed ACK after 40 ms", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=1; +39ms; +1ms; < A 1:0 ack=11; read 10; +2s" },
	{ "the second segment is acknowledged at once", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; +10ms; > A 11:10 ack=1; < A 1:0 ack=21; "
		    "read 20; +2s" },
	{ "a reply carries the ACK", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; read 10; write 5; < A 1:5 ack=11; > A "
		    "11:0 ack=6; +2s" },
	{ "the third waits again", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; > A 11:10 ack=1; < A 1:0 ack=21; > A "
		    "21:10 ack=1; +40ms; < A 1:0 ack=31; read 30" },
	{ "a gap is told at once, each time", NULL,
	  RIG_PLAIN "> A 11:10 ack=1; < A 1:0 ack=1; > A 21:10 ack=1; < A 1:0 "
		    "ack=1; > A 31:10 ack=1; < A 1:0 ack=1; > A 1:10 ack=1; < "
		    "A 1:0 ack=41; read 40" },
	{ "half a gap is filled", NULL,
	  RIG_SACK "> A 21:10 ack=1; < A 1:0 ack=1 sack=21-31; > A 1:10 ack=1; "
		   "< A 1:0 ack=11 sack=21-31; > A 11:10 ack=1; < A 1:0 ack=31 "
		   "nosack; read 30" },
	{ "DSACK: old text", NULL,
	  RIG_SACK
	  "> A 1:10 ack=1; > A 1:10 ack=1; < A 1:0 ack=11 sack=1-11; read 10" },
	{ "DSACK: partly old text", NULL,
	  RIG_SACK
	  "> A 1:10 ack=1; > A 6:10 ack=1; < A 1:0 ack=16 sack=6-11; read 15" },
	{ "DSACK: before its turn, twice", NULL,
	  RIG_SACK
	  "> A 11:10 ack=1; < A 1:0 ack=1 sack=11-21; > A 11:10 ack=1; < A 1:0 "
	  "ack=1 sack=11-21,11-21; > A 1:10 ack=1; < A 1:0 ack=21; read 20" },
	{ "DSACK: part of a range", NULL,
	  RIG_SACK
	  "> A 11:20 ack=1; < A 1:0 ack=1 sack=11-31; > A 16:5 ack=1; < A 1:0 "
	  "ack=1 sack=16-21,11-31; > A 1:10 ack=1; < A 1:0 ack=31; read 30" },
	{ "DSACK: once", NULL,
	  RIG_SACK "> A 1:10 ack=1; > A 1:10 ack=1; < A 1:0 ack=11 sack=1-11; "
		   "> A 11:10 ack=1; +40ms; < A 1:0 ack=21 nosack; read 20" },
	{ "no DSACK where SACK is not agreed", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=1; > A 1:10 ack=1; < A 1:0 ack=11 nosack; read 10" },
	{ "three blocks beside timestamps", NULL,
	  RIG_TS("sackok") "> A 11:5 ack=1 ts=101/0; < A 1:0 sack=11-16; > A "
			   "21:5 ack=1 ts=101/0; < A 1:0 sack=21-26,11-16; > A "
			   "31:5 ack=1 ts=101/0; < A 1:0 "
			   "sack=31-36,21-26,11-16;"
			   "> A 41:5 ack=1 ts=101/0; < A 1:0 "
			   "sack=41-46,31-36,21-26" },
	{ "four blocks without", NULL,
	  RIG_SACK
	  "> A 11:5 ack=1; < A 1:0 sack=11-16; > A 21:5 ack=1; < A 1:0 "
	  "sack=21-26,11-16; > A 31:5 ack=1; < A 1:0 sack=31-36,21-26,11-16;"
	  "> A 41:5 ack=1; < A 1:0 sack=41-46,31-36,21-26,11-16; > A 51:5 "
	  "ack=1; < A 1:0 sack=51-56,41-46,31-36,21-26" },
	{ "a ninth hole is not kept", NULL,
	  RIG_SACK
	  "> A 11:1 ack=1; drop; > A 21:1 ack=1; drop; > A 31:1 ack=1; drop; > "
	  "A 41:1 ack=1; drop; > A 51:1 ack=1; drop; > A 61:1 ack=1; drop; > A "
	  "71:1 ack=1; drop; > A 81:1 ack=1; drop;"
	  "> A 91:1 ack=1; < A 1:0 ack=1 sack=81-82,71-72,61-62,51-52; count "
	  "out_of_order_full 1; > A 1:95 ack=1; < A 1:0 ack=96; read 95" },
	{ "what came first counts: in order over a range", NULL,
	  RIG_SACK "> A 11:10 ack=1; < A 1:0 ack=1; > A 1:30 ack=1; < A 1:0 "
		   "ack=31 nosack; read 30" },
	{ "text behind a FIN shows that it was none", NULL,
	  RIG_PLAIN
	  "> AF 11:10 ack=1; < A 1:0 ack=1; > A 21:10 ack=1; < A 1:0 ack=1; > "
	  "A 1:10 ack=1; < A 1:0 ack=31; read 30; read empty; state "
	  "ESTABLISHED; > AF 31:0 ack=1; < A 1:0 ack=32; read end" },
	{ "FIN alone before its turn", NULL,
	  RIG_PLAIN "> AF 11:0 ack=1; < A 1:0 ack=1; read empty; > A 1:10 "
		    "ack=1; < A 1:0 ack=12; read 10; read end" },
	{ "FIN beyond the window", "rx=100",
	  RIG_PLAIN "> AF 1:200 ack=1; < A 1:0 ack=101 win=0; state "
		    "ESTABLISHED; read 100; < A 1:0 ack=101 win=100; > AF "
		    "101:100 ack=1; < A 1:0 ack=202; read 100; read end" },
	{ "text beyond the window is cut", "rx=1000",
	  RIG_PLAIN "> A 1:1500 ack=1; < A 1:0 ack=1001 win=0; read 1000; < A "
		    "1:0 ack=1001 win=1000" },
	{ "text behind the window before its turn is cut", "rx=1000",
	  RIG_SACK "> A 501:1000 ack=1; < A 1:0 ack=1 sack=501-1001; > A 1:500 "
		   "ack=1; < A 1:0 ack=1001; read 1000; < A 1:0 win=1000" },
	{ "a shut window is told, its opening too", "rx=2000",
	  RIG_PLAIN "> A 1:1000 ack=1; > A 1001:1000 ack=1; < A 1:0 ack=2001 "
		    "win=0; read 100; read 400; read 500; < A 1:0 ack=2001 "
		    "win=1000; read 1000; < A 1:0 ack=2001 win=2000" },
	{ "a probe of a shut window", "rx=1000",
	  RIG_PLAIN "> A 1:1000 ack=1; +40ms; < A 1:0 ack=1001 win=0; > A "
		    "1001:1 ack=1; < A 1:0 ack=1001 win=0; > A 1000:0 ack=1; < "
		    "A 1:0 ack=1001; read 1000; < A 1:0 win=1000" },
	{ "a shut window still takes ACKs", "rx=1000",
	  RIG_PLAIN "> A 1:1000 ack=1; +40ms; < A 1:0 ack=1001 win=0; write "
		    "10; < A 1:10; > A 1001:0 ack=11; > A 1001:10 ack=11; < A "
		    "11:0 ack=1001 win=0; read 1000; < A 11:0" },
	{ "a shut window takes RST", "rx=1000",
	  RIG_PLAIN
	  "> A 1:1000 ack=1; +40ms; < A 1:0 win=0; > R 1001:0; read lost" },
	{ "the window does not open by crumbs", "rx=10000",
	  RIG_PLAIN "> A 1:1000 ack=1; > A 1001:1000 ack=1; < A 1:0 ack=2001 "
		    "win=8000; read 999; > A 2001:10 ack=1; +40ms; < A 1:0 "
		    "ack=2011 win=7990; read 1; read 1010" },
	{ "the window never shrinks", "mem=49152 rx=40000",
	  RIG_PLAIN "> A 1:1000 ack=1; > A 1001:1000 ack=1; < A 1:0 ack=2001; "
		    "read 2000" },
	{ "no memory: nothing is acknowledged", "mem=8192 rx=60000",
	  RIG_PLAIN "> A 1:1000 ack=1; > A 1001:1000 ack=1; < A 1:0; > A "
		    "2001:1000 ack=1; > A 3001:1000 ack=1; drop; > A 4001:1000 "
		    "ack=1; drop; > A 5001:1000 ack=1; drop; > A 6001:1000 "
		    "ack=1; drop; > A 7001:1000 ack=1; drop; read 1000" },
	{ "sequence numbers wrap", NULL,
	  "irs 4294967290; > S 0:0; < SA 0:0 ack=1; > A 1:0 ack=1; accept; > A "
	  "1:10 ack=1; > A 11:10 ack=1; < A 1:0 ack=21; > A 31:10 ack=1; < A "
	  "1:0 ack=21; > A 21:10 ack=1; < A 1:0 ack=41; read 40" },
	{ "wrap, out of order with SACK", NULL,
	  "irs 4294967280; > S 0:0 sackok; < SA 0:0 ack=1; > A 1:0 ack=1; "
	  "accept; > A 11:10 ack=1; < A 1:0 ack=1 sack=11-21; > A 26:10 ack=1; "
	  "< A 1:0 ack=1 sack=26-36,11-21; > A 1:10 ack=1; < A 1:0 ack=21 "
	  "sack=26-36; > A 21:5 ack=1; < A 1:0 ack=36 nosack; read 35" },
	{ "nobody reads any more: text is answered by RST, once all is "
	  "acknowledged",
	  NULL,
	  RIG_PLAIN "write 10; < A 1:10; shut; < AF 11:0; > A 1:10 ack=1; > A "
		    "11:10 ack=12; < RA 12:0 ack=11; state CLOSED" },
	{ "nobody reads any more: text in FIN_WAIT_2", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > A 1:0 ack=2; > A 1:10 ack=2; < RA 2:0; "
		    "state CLOSED" },
	{ "half closed: text is still read", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; > A 1:10 ack=2; read 10; "
		    "+40ms; < A 2:0 ack=11; > AF 11:0 ack=2; < A 2:0 ack=12; "
		    "read end; state TIME_WAIT" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
