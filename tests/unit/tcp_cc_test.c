/* SPDX-License-Identifier: BSD-2-Clause */
/* The congestion window: slow start, loss, what was not used. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "initial window: ten segments", NULL, RIG_PLAIN "cwnd 10000" },
	{ "initial window: small segments", NULL,
	  "> S 0:0 mss=100; < SA 0:0; > A 1:0 ack=1; accept; cwnd 1000" },
	{ "initial window: 14600 bytes of Ethernet segments", NULL,
	  "> S 0:0 mss=1460; < SA 0:0; > A 1:0 ack=1; accept; cwnd 14600" },
	{ "initial window: two jumbo segments", NULL,
	  "mtu 9000; > S 0:0 mss=8960; < SA 0:0; > A 1:0 ack=1; accept; cwnd "
	  "17920" },
	{ "slow start: by bytes acknowledged", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=2001; cwnd 12000; > A 1:0 ack=2501; cwnd "
		    "12500; > A 1:0 ack=10001; cwnd 20000" },
	{ "dividing ACKs gains nothing", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=101; > A 1:0 ack=201; > A 1:0 ack=301; cwnd "
		    "10300; > A 1:0 ack=10001" },
	{ "a window that is not used does not grow", NULL,
	  RIG_PLAIN "write 1000; < A 1:1000; > A 1:0 ack=1001; cwnd 10000; "
		    "write 1000; < A 1001:1000; > A 1:0 ack=2001; cwnd 10000" },
	{ "a timeout: one segment, half remembered", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "+200ms; < A 1:1000; cwnd 1000; > A 1:0 ack=10001" },
	{ "a second timeout in a row costs no more", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "+200ms; < A 1:1000; +400ms; < A 1:1000; cwnd 1000; > A "
		    "1:0 ack=1001; < A 1001:1000; < A 2001:1000; cwnd 2000; > "
		    "A 1:0 ack=10001" },
	{ "a loss: 0.7 of what was in flight", NULL,
	  RIG_SACK "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < A "
		   "3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; < "
		   "A 7001:1000; < A 8001:1000; < A 9001:1000;"
		   "> A 1:0 ack=1 sack=1001-4001; < A 1:1000; cwnd 7000; > A "
		   "1:0 ack=10001" },
	{ "never below two segments", NULL,
	  RIG_SACK "write 3000; < A 1:1000; < A 1001:1000; < A 2001:1000; > A "
		   "1:0 ack=1001; write 1000; < A 3001:1000; write 1000; < A "
		   "4001:1000; > A 1:0 ack=1001 sack=2001-5001; < A 1001:1000; "
		   "cwnd 2800; > A 1:0 ack=5001" },
	{ "after a pause it begins again", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=10001; cwnd 20000; +10s; write 10; < A "
		    "10001:10; cwnd 10000; > A 1:0 ack=10011" },
	{ "a short pause is none", NULL,
	  RIG_PLAIN "write 10000; < A 1:1000; < A 1001:1000; < A 2001:1000; < "
		    "A 3001:1000; < A 4001:1000; < A 5001:1000; < A 6001:1000; "
		    "< A 7001:1000; < A 8001:1000; < A 9001:1000;"
		    "> A 1:0 ack=10001; cwnd 20000; +500ms; write 10; < A "
		    "10001:10; cwnd 20000; > A 1:0 ack=10011" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
