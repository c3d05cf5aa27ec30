/* SPDX-License-Identifier: BSD-2-Clause */
/* Active opens, ICMP errors, listeners. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "active open, every option", NULL,
	  "connect; < S 0:0 mss=1460 ws=0 sackok; state SYN_SENT;"
	  "> SA 0:0 ack=1 mss=1000 ws=7 sackok; < A 1:0 ack=1; state "
	  "ESTABLISHED; ready; read empty;"
	  "write 2500; < A 1:1000 ack=1; < A 1001:1000; < A 2001:500; > A 1:0 "
	  "ack=2501" },
	{ "active open refused", NULL,
	  "connect; < S 0:0; > RA 0:0 ack=1; ready; read lost" },
	{ "RST that acknowledges nothing", NULL,
	  "connect; < S 0:0; > R 0:0; unready; state SYN_SENT" },
	{ "RST that acknowledges something else", NULL,
	  "connect; < S 0:0; > RA 0:0 ack=7; unready; state SYN_SENT" },
	{ "SYN-ACK of something else", NULL,
	  "connect; < S 0:0; > SA 0:0 ack=2; < R 2:0; unready; state "
	  "SYN_SENT" },
	{ "ACK without SYN", NULL,
	  "connect; < S 0:0; > A 0:0 ack=1; unready; state SYN_SENT" },
	{ "an ACK of something else", NULL,
	  "connect; < S 0:0; > A 0:0 ack=0; < R 0:0; state SYN_SENT" },
	{ "SYN goes again, then once more", NULL,
	  "connect; < S 0:0; +999ms; +1ms; < S 0:0; +1999ms; +1ms; < S 0:0;"
	  "> SA 0:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "nobody answers a SYN", NULL,
	  "connect; < S 0:0; +1s; < S 0:0; +2s; < S 0:0; +4s; < S 0:0; +8s; < "
	  "S 0:0; +16s; < S 0:0;"
	  "+32s; < S 0:0; +59s; unready; +1s; ready; read lost; count given_up "
	  "1" },
	{ "data and FIN in the SYN-ACK", NULL,
	  "connect; < S 0:0; > SAF 0:10 ack=1; < A 1:0 ack=12; read 10; read "
	  "end; state CLOSE_WAIT" },
	{ "write before it stands", NULL,
	  "connect; < S 0:0; write 100; > SA 0:0 ack=1; < A 1:100 ack=1; > A "
	  "1:0 ack=101" },
	{ "half close before it stands", NULL,
	  "connect; < S 0:0; write 10; shuttx; > SA 0:0 ack=1; < AF 1:10 "
	  "ack=1; > A 1:0 ack=12; state FIN_WAIT_2" },
	{ "given up before it stands", NULL,
	  "connect; < S 0:0; shut; state CLOSED; > SA 0:0 ack=1; < R 1:0" },
	{ "aborted before it stands", NULL, "connect; < S 0:0; abort" },
	{ "simultaneous open", NULL,
	  "connect; < S 0:0; > S 0:0 mss=1000; < SA 0:0 ack=1; state "
	  "SYN_RECEIVED;"
	  "> SA 0:0 ack=1; ready; state ESTABLISHED; write 10; < A 1:10 ack=1; "
	  "> A 1:0 ack=11" },
	{ "simultaneous open, an ACK ends it", NULL,
	  "connect; < S 0:0; > S 0:0 mss=1000; < SA 0:0 ack=1;"
	  "> A 1:0 ack=1; ready; state ESTABLISHED" },
	{ "simultaneous open, SYN-ACK again", NULL,
	  "connect; < S 0:0; > S 0:0; < SA 0:0 ack=1; +1s; < SA 0:0 ack=1; > A "
	  "1:0 ack=1; state ESTABLISHED" },
	{ "simultaneous open, wrong ACK", NULL,
	  "connect; < S 0:0; > S 0:0; < SA 0:0 ack=1; > A 1:0 ack=5; < R 5:0; "
	  "state SYN_RECEIVED" },
	{ "simultaneous open, reset", NULL,
	  "connect; < S 0:0; > S 0:0; < SA 0:0 ack=1; > R 1:0; ready; read "
	  "lost" },
	{ "port unreachable ends a SYN", NULL,
	  "connect; < S 0:0; unreachable 0; ready; read lost" },
	{ "unreachable of another number", NULL,
	  "connect; < S 0:0; unreachable 5; unready; state SYN_SENT; count "
	  "icmp_ignored 1" },
	{ "unreachable does not end what stands", NULL,
	  RIG_PLAIN "write 10; < A 1:10; unreachable 1; unready; state "
		    "ESTABLISHED; count icmp_ignored 1; > A 1:0 ack=11" },
	{ "too big: of what is in flight", NULL,
	  RIG_OPEN("") "write 2000; < A 1:1000; < A 1001:1000; toobig 540 1; < "
		       "A 1:500; < A 501:500; < A 1001:500; < A 1501:500; "
		       "count pmtu_lowered 1; > A 1:0 ack=2001" },
	{ "too big: old number", NULL,
	  RIG_PLAIN "write 10; < A 1:10; > A 1:0 ack=11; write 10; < A 11:10; "
		    "toobig 540 1; count icmp_ignored 1; > A 1:0 ack=21" },
	{ "too big: bigger than the path", NULL,
	  RIG_PLAIN "write 10; < A 1:10; toobig 1500 1; count icmp_ignored 1; "
		    "> A 1:0 ack=11" },
	{ "too big: below 68", NULL,
	  RIG_PLAIN "write 10; < A 1:10; toobig 67 1; count icmp_ignored 1; > "
		    "A 1:0 ack=11" },
	{ "too big: when full segments have got through, only the timer "
	  "believes it",
	  NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=1001; write 1000; < A "
		    "1001:1000; toobig 540 1001; count pmtu_lowered 0;"
		    "+200ms; < A 1001:500; > A 1:0 ack=1501; < A 1501:500; > A "
		    "1:0 ack=2001; count pmtu_lowered 1" },
	{ "too big: what arrives after all denies it", NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=1001; write 1000; < A "
		    "1001:1000; toobig 540 1001;"
		    "> A 1:0 ack=2001; count pmtu_lowered 0; write 1000; < A "
		    "2001:1000; > A 1:0 ack=3001" },
	{ "nobody listens any more", NULL, "stop; > S 0:0; < RA 0:0 ack=1" },
	{ "a connection outlives its listener", NULL,
	  RIG_PLAIN "stop; write 10; < A 1:10; > A 1:0 ack=11" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
