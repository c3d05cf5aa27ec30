/* SPDX-License-Identifier: BSD-2-Clause */
/* Handshakes, the SYN cache, cookies, TIME_WAIT, strays. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "all options", NULL,
	  "> S 0:0 mss=1400 sackok ts=5/0 ws=7; < SA 0:0 ack=1 mss=1460 sackok "
	  "ecr=5 ws=0 win=65535; state SYN_RECEIVED; > A 1:0 ack=1 ts=6/0; "
	  "state ESTABLISHED; accept; unready" },
	{ "no options", NULL,
	  "> S 0:0; < SA 0:0 ack=1 mss=1460 nosackok nots nows; > A 1:0 ack=1; "
	  "accept; write 600; < A 1:536; < A 537:64; > A 1:0 ack=601" },
	{ "SACK is switched off", "nosack",
	  "> S 0:0 sackok; < SA 0:0 nosackok" },
	{ "timestamps are switched off", "nots",
	  "> S 0:0 ts=5/0; < SA 0:0 nots" },
	{ "scaling is switched off", "noscale", "> S 0:0 ws=7; < SA 0:0 nows" },
	{ "a window to be scaled", "rx=1048576",
	  "> S 0:0 ws=7; < SA 0:0 ws=5 win=65535; > A 1:0 ack=1 win=10; "
	  "accept; > A 1:10 ack=1 win=10; > A 11:10 ack=1 win=10; < A 1:0 "
	  "ack=21 win=32767; read 20" },
	{ "a window never scaled without being asked", "rx=1048576",
	  "> S 0:0; < SA 0:0 nows win=65535; > A 1:0 ack=1; accept; > A 1:10 "
	  "ack=1; > A 11:10 ack=1; < A 1:0 ack=21 win=65515; read 20" },
	{ "window scale over 14 counts as 14", NULL,
	  "> S 0:0 ws=15 mss=100; < SA 0:0; > A 1:0 ack=1 win=1; accept; write "
	  "1000; drop; count bytes_out 1000" },
	{ "the SYN window is not scaled", NULL,
	  "> S 0:0 ws=14 win=5; < SA 0:0; > A 1:0 ack=1 win=0; accept; write "
	  "10; +200ms; < A 1:1; > A 1:0 ack=2 win=0; > A 1:0 ack=2 win=1; < A "
	  "2:9; > A 1:0 ack=11" },
	{ "an MSS below the least", "mssmin=216",
	  "> S 0:0 mss=48; < SA 0:0; > A 1:0 ack=1; accept; write 217; < A "
	  "1:216; < A 217:1; > A 1:0 ack=218" },
	{ "an MSS of zero", NULL,
	  "> S 0:0 mss=0; < SA 0:0; > A 1:0 ack=1; accept; write 49; < A 1:48; "
	  "< A 49:1; > A 1:0 ack=50" },
	{ "an MSS above the MTU", NULL,
	  "> S 0:0 mss=9000; < SA 0:0; > A 1:0 ack=1; accept; write 1461; < A "
	  "1:1460; < A 1461:1; > A 1:0 ack=1462" },
	{ "options come out of the MSS", NULL,
	  "> S 0:0 mss=1460 ts=1/0; < SA 0:0; > A 1:0 ack=1 ts=1/0; accept; "
	  "write 1449; < A 1:1448; < A 1449:1; > A 1:0 ack=1450 ts=1/0" },
	{ "an MTU of 576 is offered", NULL,
	  "mtu 576; > S 0:0; < SA 0:0 mss=536" },
	{ "an MTU of 9000 is offered", NULL,
	  "mtu 9000; > S 0:0; < SA 0:0 mss=8960" },
	{ "text in a SYN is not taken", NULL,
	  "> S 0:10; < SA 0:0 ack=1; > A 1:10 ack=1; accept; read 10; +40ms; < "
	  "A 1:0 ack=11" },
	{ "SYN and FIN", NULL, "> SF 0:0; count syn_cached 0" },
	{ "SYN and RST", NULL, "> SR 0:0; count syn_cached 0" },
	{ "RST to a listener", NULL,
	  "> R 0:0; > RA 0:0 ack=5; count resets_out 0" },
	{ "ACK to a listener", NULL, "> A 500:0 ack=77; < R 77:0" },
	{ "SYN-ACK to a listener", NULL, "> SA 500:0 ack=77; < R 77:0" },
	{ "FIN to a listener", NULL, "> F 500:0; count resets_out 0" },
	{ "text without ACK to a listener", NULL, "> - 500:10" },
	{ "the SYN again", NULL,
	  "> S 0:0; < SA 0:0 ack=1; > S 0:0; < SA 0:0 ack=1; count syn_cached "
	  "1; > A 1:0 ack=1; accept" },
	{ "another SYN from there", NULL,
	  "> S 0:0; < SA 0:0 ack=1; > S 9000:0; < A 1:0 ack=1; > R 1:0; state "
	  "CLOSED; > S 9000:0; drop" },
	{ "SYN-ACK goes again: 1, 2, 4, 8 s", NULL,
	  "> S 0:0; < SA 0:0 ack=1; +999ms; +1ms; < SA 0:0 ack=1; +1999ms; "
	  "+1ms; < SA 0:0; +4s; < SA 0:0; +8s; < SA 0:0; +15999ms; state "
	  "SYN_RECEIVED; +1ms;"
	  "state CLOSED; count syn_expired 1; > A 1:0 ack=1; < R 1:0" },
	{ "a lost SYN-ACK", NULL,
	  "> S 0:0; < SA 0:0; +1s; < SA 0:0; > A 1:0 ack=1; accept; write 10; "
	  "< A 1:10" },
	{ "a lost last ACK: text brings it", NULL,
	  "> S 0:0; < SA 0:0; > A 1:10 ack=1; accept; read 10; +40ms; < A 1:0 "
	  "ack=11" },
	{ "a lost last ACK: SYN-ACK asks for it", NULL,
	  "> S 0:0; < SA 0:0; +1s; < SA 0:0; > A 1:0 ack=1; accept" },
	{ "FIN ends the handshake", NULL,
	  "> S 0:0; < SA 0:0; > AF 1:0 ack=1; < A 1:0 ack=2; accept; read "
	  "end" },
	{ "wrong ACK in SYN_RECEIVED", NULL,
	  "> S 0:0; < SA 0:0; > A 1:0 ack=2; < R 2:0; state SYN_RECEIVED; > A "
	  "1:0 ack=1; accept" },
	{ "RST in SYN_RECEIVED", NULL,
	  "> S 0:0; < SA 0:0; > R 1:0; state CLOSED; count resets_in 1" },
	{ "RST elsewhere in SYN_RECEIVED", NULL,
	  "> S 0:0; < SA 0:0; > R 2:0; state SYN_RECEIVED" },
	{ "outside the window in SYN_RECEIVED", NULL,
	  "> S 0:0; < SA 0:0; > A 70000:0 ack=1; < A 1:0 ack=1; state "
	  "SYN_RECEIVED" },
	{ "PAWS in SYN_RECEIVED", NULL,
	  "> S 0:0 ts=100/0; < SA 0:0; > A 1:0 ack=1 ts=99/0; state "
	  "SYN_RECEIVED; count paws 1" },
	{ "segment without ACK in SYN_RECEIVED", NULL,
	  "> S 0:0; < SA 0:0; > - 1:10; state SYN_RECEIVED" },
	{ "the queue is full: the last ACK waits", "accepts=1",
	  "> S 0:0; < SA 0:0; > A 1:0 ack=1; flow 1; > S 0:0; < SA 0:0; > A "
	  "1:0 ack=1; state SYN_RECEIVED; count listen_overflow 1;"
	  "flow 0; accept; flow 1; +1s; < SA 0:0; > A 1:0 ack=1; accept; write "
	  "10; < A 1:10" },
	{ "connections are used up: the last ACK waits", "conns=1",
	  "> S 0:0; < SA 0:0; > A 1:0 ack=1; accept; flow 1; > S 0:0; < SA "
	  "0:0; > A 1:0 ack=1; state SYN_RECEIVED; count listen_overflow 1;"
	  "flow 0; abort; < RA 1:0; flow 1; +1s; < SA 0:0; > A 1:0 ack=1; "
	  "accept" },
	{ "closed before it was accepted", NULL,
	  "> S 0:0; < SA 0:0; > A 1:10 ack=1; > AF 11:0 ack=1; < A 1:0 ack=12; "
	  "accept; read 10; read end" },
	{ "reset before it was accepted", NULL,
	  "> S 0:0; < SA 0:0; > A 1:0 ack=1; > R 1:0; accept; read lost" },
	{ "cache full: a cookie", "syns=1",
	  "> S 0:0; < SA 0:0; flow 1; > S 0:0 mss=1000 sackok ws=3; < SA 0:0 "
	  "ack=1 mss=1460 nosackok nows nots; count cookies_out 1; state "
	  "CLOSED;"
	  "> A 1:0 ack=1; count cookies_in 1; state ESTABLISHED; accept; write "
	  "600; < A 1:536; < A 537:64; > A 1:0 ack=601" },
	{ "cookie: options in the timestamp", "cookies",
	  "> S 0:0 mss=1460 sackok ws=3 ts=9/0; < SA 0:0 ack=1 sackok ws=0 "
	  "ecr=9; > A 1:0 ack=1 win=2 ts=10/0; accept;"
	  "write 20; < A 1:16; > A 11:1 ack=17 win=2 ts=11/0; < A 17:0 ack=1 "
	  "sack=11-12; < A 17:4; > A 12:0 ack=21 ts=12/0" },
	{ "cookie: then a record, but the cookie was first", "syns=1",
	  "> S 0:0; < SA 0:0; flow 1; > S 0:0; < SA 0:0; +65s; drop; > S 0:0; "
	  "drop; state SYN_RECEIVED; > A 1:0 ack=1; state ESTABLISHED; accept; "
	  "count cookies_in 1; write 5; < A 1:5" },
	{ "cookie: then a record, and a wrong ACK", "syns=1",
	  "> S 0:0; < SA 0:0; flow 1; > S 0:0; < SA 0:0; +65s; drop; > S 0:0; "
	  "drop; > A 1:0 ack=2; < R 2:0; state SYN_RECEIVED" },
	{ "cookie: of a record that had to go", "syns=1",
	  "> S 0:0 mss=1000 sackok ts=5/0; < SA 0:0; +1s; < SA 0:0; +2s; state "
	  "CLOSED; count syn_expired 1; > A 1:0 ack=1 ts=9/0; state "
	  "ESTABLISHED; accept; count cookies_in 1; > A 11:1 ack=1 ts=9/0; < A "
	  "1:0 ack=1 sack=11-12" },
	{ "cookie: text brings it", "cookies",
	  "> S 0:0; < SA 0:0; > A 1:10 ack=1; accept; read 10; +40ms; < A 1:0 "
	  "ack=11" },
	{ "cookie: FIN brings it", "cookies",
	  "> S 0:0; < SA 0:0; > AF 1:0 ack=1; < A 1:0 ack=2; accept; read "
	  "end" },
	{ "cookie: wrong", "cookies",
	  "> S 0:0; < SA 0:0; > A 1:0 ack=2; noaccept; count cookies_bad 1; "
	  "count resets_out 0" },
	{ "cookie: of another peer", "cookies",
	  "> S 0:0; < SA 0:0; flow 1; > A 1:0 ack=1; noaccept; count "
	  "cookies_bad 1" },
	{ "cookie: what overtook the first text does no harm", "cookies",
	  "> S 0:0; < SA 0:0; > A 11:10 ack=1; noaccept; > A 1:10 ack=1; "
	  "accept; read 10; +40ms; < A 1:0 ack=11" },
	{ "cookie: not after two periods", "cookies",
	  "> S 0:0; < SA 0:0; +129s; > A 1:0 ack=1; < R 1:0; noaccept" },
	{ "cookie: still after a minute", "cookies",
	  "> S 0:0; < SA 0:0; +60s; > A 1:0 ack=1; accept" },
	{ "cookie: none was sent: a stray", "",
	  "> A 1:0 ack=1; < R 1:0; count cookies_bad 0" },
	{ "cookie: no room", "cookies accepts=1",
	  "> S 0:0; < SA 0:0; > A 1:0 ack=1; flow 1; > S 0:0; < SA 0:0; > A "
	  "1:0 ack=1; count listen_overflow 1; state CLOSED; flow 0; accept; "
	  "flow 1; > A 1:0 ack=1; accept" },
	{ "a cache half full gives up sooner", "syns=2",
	  "> S 0:0; < SA 0:0; flow 1; > S 0:0; < SA 0:0; +1s; drop; +2s; drop; "
	  "count syn_expired 1; count syn_retransmitted 3" },
	{ "TIME_WAIT: the FIN again is acknowledged", NULL,
	  RIG_PLAIN
	  "shut; < AF 1:0; > A 1:0 ack=2; > AF 1:0 ack=2; < A 2:0 ack=2; state "
	  "TIME_WAIT; > AF 1:0 ack=2; < A 2:0 ack=2; +60s; state CLOSED" },
	{ "TIME_WAIT: ends after a minute", NULL,
	  RIG_PLAIN
	  "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; state TIME_WAIT; "
	  "+59999ms; state TIME_WAIT; +1ms; state CLOSED" },
	{ "TIME_WAIT: the FIN again begins it anew", NULL,
	  RIG_PLAIN
	  "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; +59s; > AF 1:0 "
	  "ack=2; < A 2:0 ack=2; +59s; state TIME_WAIT; +1s; state CLOSED" },
	{ "TIME_WAIT: RST is ignored", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; > R 2:0; "
		    "state TIME_WAIT" },
	{ "TIME_WAIT: an ACK is ignored", NULL,
	  RIG_PLAIN
	  "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; > A 2:0 ack=2" },
	{ "TIME_WAIT: a new SYN", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; newflow "
		    "2000000; > S 0:0; < SA 0:0 ack=1; count time_wait_reused "
		    "1; > A 1:0 ack=1; accept; write 5; < A 1:5" },
	{ "TIME_WAIT: an old SYN", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; > S "
		    "-1000:0; < A 2:0 ack=2; state TIME_WAIT" },
	{ "TIME_WAIT: a new SYN by its timestamp", NULL,
	  RIG_TS("") "shut; < AF 1:0; > AF 1:0 ack=2 ts=100/0; < A 2:0 ack=2; "
		     "newflow 5000; > S 0:0 ts=101/0; < SA 0:0 ack=1 ecr=101; "
		     "count time_wait_reused 1" },
	{ "TIME_WAIT: a SYN with an old timestamp", NULL,
	  RIG_TS("") "shut; < AF 1:0; > AF 1:0 ack=2 ts=100/0; < A 2:0 ack=2; "
		     "> S 5000:0 ts=99/0; < A 2:0 ack=2; state TIME_WAIT" },
	{ "TIME_WAIT: nobody listens any more", NULL,
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; stop; > S "
		    "5000:0; < A 2:0 ack=2" },
	{ "TIME_WAIT: the oldest makes room", "waits=1",
	  RIG_PLAIN "shut; < AF 1:0; > AF 1:0 ack=2; < A 2:0 ack=2; flow 1; > "
		    "S 0:0; < SA 0:0; > A 1:0 ack=1; accept; shut; < AF 1:0; > "
		    "AF 1:0 ack=2; < A 2:0 ack=2; state TIME_WAIT; flow 0; "
		    "state CLOSED; count time_wait_evicted 1" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
