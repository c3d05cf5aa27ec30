/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers: back-off, probes of the tail and of shut windows, keep-alive. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "RTO of a second where nothing is known", NULL,
	  "> S 0:0; < SA 0:0; +1s; < SA 0:0; > A 1:0 ack=1; accept; write 10; "
	  "< A 1:10; +999ms; +1ms; < A 1:10; > A 1:0 ack=11" },
	{ "RTO from the handshake", NULL,
	  "> S 0:0; < SA 0:0; +100ms; > A 1:0 ack=1; accept; write 10; < A "
	  "1:10; +299ms; +1ms; < A 1:10; > A 1:0 ack=11" },
	{ "RTO not below 200 ms", NULL,
	  RIG_PLAIN "write 10; < A 1:10; +199ms; +1ms; < A 1:10; > A 1:0 "
		    "ack=11; +5s; count timeouts 1" },
	{ "back-off doubles", NULL,
	  RIG_PLAIN "write 10; < A 1:10; +200ms; < A 1:10; +399ms; +1ms; < A "
		    "1:10; +799ms; +1ms; < A 1:10; +1599ms; +1ms; < A 1:10; > "
		    "A 1:0 ack=11; count timeouts 4" },
	{ "back-off up to a minute, then it is over", NULL,
	  RIG_PLAIN
	  "write 10; < A 1:10; +200ms; < A 1:10; +400ms; < A 1:10; +800ms; < A "
	  "1:10; +1600ms; < A 1:10; +3200ms; < A 1:10; +6400ms; < A 1:10; "
	  "+12800ms; < A 1:10; +25600ms; < A 1:10; +51200ms; < A 1:10;"
	  "+59s; +1s; < A 1:10; +60s; < A 1:10; +60s; < A 1:10; +59s; unready; "
	  "+1s; < RA 11:0; ready; read lost; count given_up 1" },
	{ "new data acknowledged ends the back-off", NULL,
	  RIG_PLAIN "write 2000; < A 1:1000; < A 1001:1000; +200ms; < A "
		    "1:1000; +400ms; < A 1:1000; > A 1:0 ack=1001; < A "
		    "1001:1000; +200ms; < A 1001:1000; > A 1:0 ack=2001" },
	{ "slow start after a timeout", NULL,
	  RIG_PLAIN
	  "write 6000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
	  "3001:1000; < A 4001:1000; < A 5001:1000;"
	  "+200ms; < A 1:1000; cwnd 1000; > A 1:0 ack=1001; < A 1001:1000; < A "
	  "2001:1000; > A 1:0 ack=3001; < A 3001:1000; < A 4001:1000; < A "
	  "5001:1000; > A 1:0 ack=6001" },
	{ "Karn: what was sent twice is no sample", NULL,
	  RIG_PLAIN
	  "write 10; < A 1:10; +200ms; < A 1:10; +100ms; > A 1:0 ack=11; write "
	  "10; < A 11:10; +199ms; +1ms; < A 11:10; > A 1:0 ack=21" },
	{ "timestamps give a sample all the same", NULL,
	  RIG_TS("") "write 10; < A 1:10; +200ms; < A 1:10; +100ms; > A 1:0 "
		     "ack=11 ts=200/200; write 10; < A 11:10; +1s; drop; > A "
		     "1:0 ack=21 ts=300/0" },
	{ "RTO: a long and steady RTT leaves time for a delayed ACK", NULL,
	  "> S 0:0; < SA 0:0; +150ms; > A 1:0 ack=1; accept; write 1; < A 1:1; "
	  "+150ms; > A 1:0 ack=2; write 1; < A 2:1; +150ms; > A 1:0 ack=3; "
	  "write 1; < A 3:1; +150ms; > A 1:0 ack=4; write 1; < A 4:1; +150ms; "
	  "> A 1:0 ack=5; write 1; < A 5:1; +150ms; > A 1:0 ack=6; write 1; < "
	  "A 6:1; +150ms; > A 1:0 ack=7; write 1; < A 7:1; +349ms; count "
	  "timeouts 0; +3ms; < A 7:1; > A 1:0 ack=8" },
	{ "the RTT is followed", NULL,
	  RIG_PLAIN "write 10; < A 1:10; +100ms; > A 1:0 ack=11; write 10; < A "
		    "11:10; +100ms; > A 1:0 ack=21; write 10; < A 21:10; "
		    "+199ms; +1s; drop; > A 1:0 ack=31" },
	{ "FIN is sent again", NULL,
	  RIG_PLAIN "shut; < AF 1:0; +200ms; < AF 1:0; +400ms; < AF 1:0; > A "
		    "1:0 ack=2; state FIN_WAIT_2" },
	{ "FIN goes again with its text", NULL,
	  RIG_PLAIN "write 10; < A 1:10; shut; < AF 11:0; +200ms; < AF 1:10; > "
		    "A 1:0 ack=12; state FIN_WAIT_2" },
	{ "TLP: the last segment, after 2 SRTT", NULL,
	  RIG_SACK "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; "
		   "+9ms; +1ms; < A 2001:1000; count loss_probes 1; > A 1:0 "
		   "ack=3001 sack=2001-3001; count timeouts 0; +5s" },
	{ "TLP: new text first", NULL,
	  RIG_OPEN("sackok win=3000") "write 3000; < A 1:1000; < A 1001:1000; "
				      "< A 2001:1000; > A 1:0 ack=1001 "
				      "win=2000; write 500; +10ms; < A "
				      "2001:1000; > A 1:0 ack=3001; < A "
				      "3001:500; > A 1:0 ack=3501" },
	{ "TLP: one alone waits for the delayed ACK", NULL,
	  RIG_SACK
	  "write 10; < A 1:10; +199ms; count loss_probes 0; +1ms; < A 1:10; "
	  "count loss_probes 0; count timeouts 1; > A 1:0 ack=11" },
	{ "TLP: then the timeout", NULL,
	  RIG_SACK "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; "
		   "+10ms; < A 2001:1000; +199ms; +1ms; < A 1:1000; count "
		   "loss_probes 1; count timeouts 1; > A 1:0 ack=3001" },
	{ "TLP: it shows what is lost", NULL,
	  RIG_SACK "write 4000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; > A 1:0 ack=1 sack=1001-2001; +10ms; < A "
		   "3001:1000; > A 1:0 ack=1 sack=3001-4001,1001-2001; +1ms; > "
		   "A 1:0 ack=1 sack=2001-4001; < A 1:1000; > A 1:0 ack=4001" },
	{ "TLP: the loss it has repaired slows down", NULL,
	  RIG_SACK
	  "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; +10ms; < A "
	  "2001:1000; cwnd 10000; > A 1:0 ack=3001; cwnd 7000" },
	{ "TLP: nothing was lost", NULL,
	  RIG_SACK
	  "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; +10ms; < A "
	  "2001:1000; > A 1:0 ack=3001 sack=2001-3001; cwnd 10000" },
	{ "TLP: not without SACK", NULL,
	  RIG_PLAIN "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; "
		    "+199ms; count loss_probes 0; > A 1:0 ack=3001" },
	{ "window probes: one byte, doubling", NULL,
	  RIG_WINDOW(
		  "0") "write 100; +199ms; +1ms; < A 1:1; > A 1:0 ack=1 win=0; "
		       "+399ms; +1ms; < A 1:1; > A 1:0 ack=1 win=0; +799ms; "
		       "+1ms; < A 1:1; > A 1:0 ack=1 win=0; count "
		       "window_probes 3;"
		       "> A 1:0 ack=1 win=1000; < A 1:100; > A 1:0 ack=101" },
	{ "window probes: the byte is taken", NULL,
	  RIG_WINDOW("0") "write 100; +200ms; < A 1:1; > A 1:0 ack=2 win=0; "
			  "+399ms; +1ms; < A 2:1; > A 1:0 ack=3 win=1000; < A "
			  "3:98; > A 1:0 ack=101" },
	{ "window probes go on while they are answered", NULL,
	  RIG_WINDOW("0") "write 100; +200ms; < A 1:1; > A 1:0 ack=1 win=0; "
			  "+400ms; < A 1:1; > A 1:0 ack=1 win=0; +800ms; < A "
			  "1:1; > A 1:0 ack=1 win=0; +1600ms; < A 1:1; > A 1:0 "
			  "ack=1 win=0; +3200ms; < A 1:1; > A 1:0 ack=1 win=0;"
			  "+6400ms; < A 1:1; > A 1:0 ack=1 win=0; +12800ms; < "
			  "A 1:1; > A 1:0 ack=1 win=0; +25600ms; < A 1:1; > A "
			  "1:0 ack=1 win=0; +51200ms; < A 1:1; > A 1:0 ack=1 "
			  "win=0; +60s; < A 1:1; > A 1:0 ack=1 win=0; +60s; < "
			  "A 1:1; > A 1:0 ack=1 win=0;"
			  "+60s; < A 1:1; > A 1:0 ack=1 win=0; +60s; < A 1:1; "
			  "> A 1:0 ack=1 win=0; +60s; < A 1:1; > A 1:0 ack=1 "
			  "win=100; < A 1:100; > A 1:0 ack=101" },
	{ "window probes that nobody answers end it", NULL,
	  RIG_WINDOW("0") "write 100; +700s; drop; ready; read lost; count "
			  "given_up 1; count window_probes 12" },
	{ "a FIN behind a shut window is the probe", NULL,
	  RIG_WINDOW("0") "shut; +200ms; < AF 1:0; > A 1:0 ack=2 win=0; state "
			  "FIN_WAIT_2" },
	{ "a shut window that nobody reads behind: a minute", NULL,
	  RIG_WINDOW("0") "write 100; shut; +59s; drop; count given_up 0; +2s; "
			  "drop; count given_up 1; state CLOSED" },
	{ "FIN_WAIT_2 without a reader ends after a minute", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2; +59s; "
		    "state FIN_WAIT_2; +1s; state CLOSED" },
	{ "FIN_WAIT_2 with a reader waits", NULL,
	  RIG_PLAIN
	  "shuttx; < AF 1:0; > A 1:0 ack=2; +1000s; state FIN_WAIT_2" },
	{ "keep-alive: after two hours", "keep=7200",
	  RIG_PLAIN "+7199s; +1s; < A 0:0 ack=1; > A 1:0 ack=1; +7199s; +1s; < "
		    "A 0:0; > A 1:0 ack=1; count keepalives 2" },
	{ "keep-alive: nine probes, then it is over", "keep=7200",
	  RIG_PLAIN
	  "+7200s; < A 0:0; +75s; < A 0:0; +75s; < A 0:0; +75s; < A 0:0; +75s; "
	  "< A 0:0; +75s; < A 0:0; +75s; < A 0:0; +75s; < A 0:0; +75s; < A "
	  "0:0; +74s; unready; +1s; < RA 1:0; ready; read lost" },
	{ "keep-alive: text puts it off", "keep=100",
	  RIG_PLAIN "+60s; > A 1:10 ack=1; read 10; +40ms; < A 1:0 ack=11; "
		    "+99s; +2s; < A 0:0; > A 11:0 ack=1; count keepalives 1" },
	{ "our clock of milliseconds wraps", "ms=4294967200 keep=100",
	  RIG_PLAIN "write 10; < A 1:10; +50ms; > A 1:0 ack=11; +50ms; write "
		    "10; < A 11:10; +199ms; +10ms; < A 11:10; > A 1:0 ack=21; "
		    "> A 1:10 ack=21; read 10; +40ms; < A 21:0 ack=11; +99s; "
		    "+2s; < A 20:0; > A 11:0 ack=21; count keepalives 1" },
	{ "our clock of milliseconds wraps in a back-off", "ms=4294966800",
	  RIG_PLAIN "write 10; < A 1:10; +200ms; < A 1:10; +399ms; +1ms; < A "
		    "1:10; +799ms; +1ms; < A 1:10; > A 1:0 ack=11" },
	{ "our clock of milliseconds wraps in a handshake", "ms=4294966500",
	  "> S 0:0; < SA 0:0; +999ms; +1ms; < SA 0:0; +1999ms; +1ms; < SA 0:0; "
	  "> A 1:0 ack=1; accept" },
	{ "our clock of milliseconds wraps in TIME_WAIT", "ms=4294937296",
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; +59999ms; "
		    "state TIME_WAIT; +1ms; state CLOSED" },
	{ "our timestamps wrap", "ts=4294967290",
	  RIG_TS("") "> A 1:10 ack=1 ts=101/0; +40ms; < A 1:0 ack=11 "
		     "ts=40/101; write 10; < A 1:10 ts=40/101; +100ms; > A "
		     "11:0 ack=11 ts=110/40; write 10; < A 11:10 ts=140/110; > "
		     "A 11:0 ack=21 ts=111/140; read 10" },
	{ "our timestamps wrap in a back-off", "ts=4294967200",
	  RIG_TS("") "write 10; < A 1:10 ts=0/100; +200ms; < A 1:10 "
		     "ts=200/100; +100ms; > A 1:0 ack=11 ts=120/200; write 10; "
		     "< A 11:10 ts=300/120; > A 1:0 ack=21 ts=121/300" },
	{ "keep-alive is off", NULL,
	  RIG_PLAIN "+100000s; state ESTABLISHED; count keepalives 0" },
	{ "no frame left: sent as soon as there is one", NULL,
	  RIG_PLAIN "frames 0; write 10; count no_frame 1; frames all; +1ms; < "
		    "A 1:10; > A 1:0 ack=11" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
