/* SPDX-License-Identifier: BSD-2-Clause */
/* What owners read and write, and when they hear of it. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "ready once bytes are there", NULL,
	  RIG_PLAIN "unready; > A 1:10 ack=1; ready; read 10; read empty; "
		    "+40ms; < A 1:0 ack=11" },
	{ "in parts", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; read 3; read 4; read 3; read empty; "
		    "+40ms; < A 1:0 ack=11" },
	{ "kept over the burst, more behind it", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=1; > A 11:10 ack=1; < A 1:0 ack=21; read 5; > A 21:10 "
	  "ack=1; read 25; read empty; +40ms; < A 1:0 ack=31" },
	{ "bytes before the end", NULL,
	  RIG_PLAIN "> AF 1:10 ack=1; < A 1:0 ack=12; read 10; read end" },
	{ "nothing is read after a reset", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; > R 11:0; read lost" },
	{ "write after a reset is swallowed", NULL,
	  RIG_PLAIN "> R 1:0; write 10; read lost" },
	{ "waiting bytes count over the half", "tx=20000",
	  RIG_WINDOW("0") "write 10000; waiting 0; write 1000; waiting 1000; "
			  "+200ms; drop" },
	{ "too much is refused", "tx=20000",
	  RIG_WINDOW("0") "write 20000; full 1; +200ms; drop" },
	{ "room is told at the half", "tx=20000",
	  RIG_OPEN("") "write 10000; drop; write 1000; unready; > A 1:0 ack=1; "
		       "drop; unready; > A 1:0 ack=1001; ready; waiting 0" },
	{ "a want of memory is told when it ends", "tx=262144 mem=40960",
	  RIG_PLAIN "full 60000; +1ms; ready; full 60000" },
	{ "sending leaves memory to receive", "tx=262144 mem=65536",
	  RIG_WINDOW("0") "write 40000; full 20000; > A 1:1000 ack=1 win=0; > "
			  "A 1001:1000 ack=1 win=0; < A 1:0 ack=2001; read "
			  "2000; +150ms; > A 2001:0 ack=1 win=65535; drop; > A "
			  "2001:0 ack=40001; drop; +1s; drop" },
	{ "receiving leaves memory to send", "mem=40960 rx=65535",
	  RIG_PLAIN "> A 1:14000 ack=1; > A 14001:14000 ack=1; < A 1:0 "
		    "ack=14001; > A 14001:14000 ack=1; < A 1:0 ack=14001; "
		    "count no_memory 2; write 3000; < A 1:1000; < A 1001:1000; "
		    "< A 2001:1000; > A 14001:0 ack=3001; read 14000; drop" },
	{ "a write of nothing", NULL, RIG_PLAIN "write 0; +1s" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
