/* SPDX-License-Identifier: BSD-2-Clause */
/* Acknowledgments: recovery with SACK and without, limited transmit, windows.
 */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "the second duplicate is not a loss", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=1; > A 1:0 ack=1; count fast_recoveries 0; > "
		    "A 1:0 ack=10001" },
	{ "limited transmit: one more for each of the first two", NULL,
	  RIG_PLAIN
	  "write 20000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1; < A 10001:1000; > A 1:0 ack=1; < A 11001:1000; count "
	  "retransmitted 0; > A 1:0 ack=12001; drop" },
	{ "the third duplicate: fast retransmit", NULL,
	  RIG_PLAIN
	  "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; < A 1:1000; count "
	  "fast_recoveries 1; cwnd 10000; > A 1:0 ack=10001; +5s" },
	{ "NewReno: each further one inflates", NULL,
	  RIG_PLAIN
	  "write 20000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1; < A 10001:1000; > A 1:0 ack=1; < A 11001:1000; > A "
	  "1:0 ack=1; < A 1:1000; cwnd 10000; > A 1:0 ack=1; cwnd 11000; > A "
	  "1:0 ack=1; cwnd 12000; > A 1:0 ack=1; < A 12001:1000; > A 1:0 "
	  "ack=13001; drop; > A 1:0 ack=20001; drop" },
	{ "NewReno: a partial ACK sends the next hole", NULL,
	  RIG_PLAIN
	  "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; < A 1:1000; > A 1:0 "
	  "ack=3001; < A 3001:1000; > A 1:0 ack=5001; < A 5001:1000; > A 1:0 "
	  "ack=10001; count fast_recoveries 1; +5s" },
	{ "NewReno: not twice for one window (RFC 6582 section 4)", NULL,
	  RIG_PLAIN
	  "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "+200ms; < A 1:1000; > A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; > "
	  "A 1:0 ack=1; count fast_recoveries 0; > A 1:0 ack=10001" },
	{ "duplicates: text in them does not count", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:10 ack=1; > A 11:10 ack=1; < A 10001:0 ack=21; > A "
		    "21:10 ack=1; > A 31:10 ack=1; < A 10001:0; count "
		    "fast_recoveries 0; read 40; > A 41:0 ack=10001" },
	{ "duplicates: another window is an update", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=1 win=60000; > A 1:0 ack=1 win=50000; > A 1:0 "
		    "ack=1 win=40000; > A 1:0 ack=1 win=30000; count "
		    "fast_recoveries 0; > A 1:0 ack=10001" },
	{ "duplicates: nothing in flight", NULL,
	  RIG_PLAIN
	  "> A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; write "
	  "10; < A 1:10; count fast_recoveries 0; > A 1:0 ack=11" },
	{ "duplicates of a probe are no loss", NULL,
	  RIG_WINDOW("0") "write 1000; +200ms; < A 1:1; > A 1:0 ack=1 win=0; > "
			  "A 1:0 ack=1 win=0; > A 1:0 ack=1 win=0; > A 1:0 "
			  "ack=1 win=0; count fast_recoveries 0; > A 1:0 "
			  "ack=2; < A 2:999; > A 1:0 ack=1001" },
	{ "SACK: the third block of three", NULL,
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1 sack=1001-2001; > A 1:0 ack=1 "
		   "sack=1001-3001; > A 1:0 ack=1 sack=1001-4001; < A 1:1000; "
		   "count fast_recoveries 1; > A 1:0 ack=10001; +5s" },
	{ "SACK: over two segments above, at once", NULL,
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1 sack=1001-4001; < A 1:1000; count "
		   "fast_recoveries 1; > A 1:0 ack=10001" },
	{ "SACK: duplicates without news are none", NULL,
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 ack=1; > A 1:0 "
		   "ack=1; count fast_recoveries 0; > A 1:0 ack=10001" },
	{ "SACK: every hole, none twice", NULL,
	  RIG_SACK
	  "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1 sack=1001-2001,3001-4001; > A 1:0 ack=1 "
	  "sack=5001-6001; < A 1:1000; > A 1:0 ack=1 sack=6001-7001; < A "
	  "2001:1000; < A 4001:1000; > A 1:0 ack=2001 sack=6001-7001; < A "
	  "9001:1000; > A 1:0 ack=4001 sack=6001-7001; > A 1:0 ack=10001; "
	  "count retransmitted 4; +5s" },
	{ "SACK: new text when the pipe allows it", NULL,
	  RIG_SACK
	  "write 20000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < A "
	  "7001:1000; < A 8001:1000; < A 9001:1000;"
	  "> A 1:0 ack=1 sack=1001-2001; < A 10001:1000; > A 1:0 ack=1 "
	  "sack=1001-3001; < A 11001:1000; > A 1:0 ack=1 sack=1001-4001; < A "
	  "1:1000; > A 1:0 ack=1 sack=1001-5001; > A 1:0 ack=1 sack=1001-6001; "
	  "> A 1:0 ack=1 sack=1001-7001; < A 12001:1000; > A 1:0 ack=13001; "
	  "drop; > A 1:0 ack=20001; drop; +1s; drop" },
	{ "SACK: a retransmission that is lost shows itself by what was sent "
	  "after it",
	  NULL,
	  RIG_SACK "write 30000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1 sack=1001-4001; < A 1:1000; > A 1:0 ack=1 "
		   "sack=1001-10001; < A 10001:1000; < A 11001:1000; < A "
		   "12001:1000; < A 13001:1000; < A 14001:1000; < A "
		   "15001:1000; > A 1:0 ack=1 sack=1001-12001; < A 16001:1000; "
		   "< A 17001:1000; > A 1:0 ack=1 sack=1001-13001; < A 1:1000; "
		   "> A 1:0 ack=1 sack=1001-14001; > A 1:0 ack=18001; drop; "
		   "count timeouts 0; > A 1:0 ack=30001; drop; +1s; drop" },
	{ "SACK: a retransmission that is lost waits for the timer", NULL,
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1 sack=1001-4001; < A 1:1000; > A 1:0 ack=1 "
		   "sack=1001-10001; +199ms; +1ms; < A 1:1000; > A 1:0 "
		   "ack=10001; count timeouts 1" },
	{ "SACK: what the peer has is not sent again after a timeout", NULL,
	  RIG_SACK
	  "write 4000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; > A 1:0 ack=1 sack=2001-3001; +10ms; < A 3001:1000; "
	  "+200ms; < A 1:1000; > A 1:0 ack=1001 sack=2001-3001; < A 1001:1000; "
	  "< A 3001:1000; > A 1:0 ack=4001" },
	{ "SACK: after a second timeout all is sent again (RFC 2018 section 8)",
	  NULL,
	  RIG_SACK "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; > A "
		   "1:0 ack=1 sack=1001-3001; +10ms; < A 2001:1000; +200ms; < "
		   "A 1:1000; +400ms; < A 1:1000; > A 1:0 ack=1001; < A "
		   "1001:1000; < A 2001:1000; > A 1:0 ack=3001" },
	{ "SACK: blocks that lie", NULL,
	  RIG_SACK
	  "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; > A 1:0 ack=1 "
	  "sack=3001-9001; > A 1:0 ack=1 sack=2001-1001; > A 1:0 ack=1 "
	  "sack=1-3001; count fast_recoveries 0; > A 1:0 ack=3001" },
	{ "SACK: DSACK is no news", NULL,
	  RIG_SACK "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; > A "
		   "1:0 ack=1001; > A 1:0 ack=1001 sack=1-1001; > A 1:0 "
		   "ack=1001 sack=1-1001; > A 1:0 ack=1001 sack=1-1001; count "
		   "fast_recoveries 0; > A 1:0 ack=3001" },
	{ "an old ACK changes nothing", NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=1001; > A 1:0 ack=500 "
		    "win=0; write 10; < A 1001:10; > A 1:0 ack=1011" },
	{ "an ACK in the middle of a segment", NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=501; +200ms; < A "
		    "501:500; > A 1:0 ack=1001" },
	{ "the window limits", NULL,
	  RIG_WINDOW("2500") "write 5000; < A 1:1000; < A 1001:1000; > A 1:0 "
			     "ack=2001 win=2500; < A 2001:1000; < A 3001:1000; "
			     "> A 1:0 ack=4001 win=2500; < A 4001:1000; > A "
			     "1:0 ack=5001" },
	{ "the window grows by an update alone", NULL,
	  RIG_WINDOW("1000") "write 3000; < A 1:1000; > A 1:0 ack=1 win=3000; "
			     "< A 1001:1000; < A 2001:1000; > A 1:0 ack=3001" },
	{ "of two ACKs that are alike, the wider window", NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=1001 win=3000; > A "
		    "1:0 ack=1001 win=1000; write 3000; < A 1001:1000; < A "
		    "2001:1000; < A 3001:1000; > A 1:0 ack=4001" },
	{ "a window taken back does not stop what is sent again", NULL,
	  RIG_PLAIN
	  "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; > A 1:0 "
	  "ack=1001 win=400; +200ms; < A 1001:400; > A 1:0 ack=1401 win=65535; "
	  "< A 1401:1000; > A 1:0 ack=2401; < A 2401:600; > A 1:0 ack=3001" },
	{ "an older segment does not change the window", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=1; > A 11:10 ack=1 win=1000; < A 1:0 ack=21; read 20; "
	  "> A 5:0 ack=1 win=5000; < A 1:0 ack=21; write 2000; < A 1:1000; > A "
	  "21:0 ack=1001 win=1000; < A 1001:1000; > A 21:0 ack=2001" },
	{ "a peer that takes its window back", NULL,
	  RIG_PLAIN "write 5000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		    "3001:1000; < A 4001:1000; > A 1:0 ack=1001 win=0; +200ms; "
		    "< A 1001:1; > A 1:0 ack=1001 win=2000; < A 1001:1000; < A "
		    "2001:1000; > A 1:0 ack=3001 win=2000; < A 3001:1000; < A "
		    "4001:1000; > A 1:0 ack=5001" },
	{ "the peer acknowledges text with a FIN of its own", NULL,
	  RIG_PLAIN "write 10; < A 1:10; > AF 1:0 ack=11; < A 11:0 ack=2; read "
		    "end; state CLOSE_WAIT" },
	{ "our sequence numbers wrap", "iss=4294964000",
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=3001; > A 1:0 ack=4001; > A 1:0 ack=10001; "
		    "write 10; < A 10001:10; > A 1:0 ack=10011" },
	{ "our sequence numbers wrap: a loss right there", "iss=4294964000",
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=3001; > A 1:0 ack=3001 sack=4001-7001; < A "
		   "3001:1000; > A 1:0 ack=7001; < A 9001:1000; > A 1:0 "
		   "ack=10001; count fast_recoveries 1; +5s" },
	{ "our sequence numbers wrap: a timeout right there", "iss=4294967294",
	  RIG_PLAIN "write 10; < A 1:10; +201ms; < A 1:10; > A 1:0 ack=11; "
		    "count timeouts 1" },
	{ "our sequence numbers wrap: the FIN is 0", "iss=4294967284",
	  RIG_PLAIN "write 11; < A 1:11; shut; < AF 12:0; +201ms; < AF 1:11; > "
		    "A 1:0 ack=13; state FIN_WAIT_2" },
	{ "our sequence numbers wrap: a probe", "iss=4294967294",
	  RIG_WINDOW("0") "write 10; +201ms; < A 1:1; > A 1:0 ack=1 win=0; > A "
			  "1:0 ack=1 win=10; < A 1:10; > A 1:0 ack=11" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
