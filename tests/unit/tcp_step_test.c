/* SPDX-License-Identifier: BSD-2-Clause */
/* One segment in every place of the window and in every state. */
#include "tests/unit/tcp_rig.h"

static const struct tcp_rig_row rows[] = {
	{ "next: A", NULL,
	  RIG_PLAIN "> A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "next: A, text", NULL,
	  RIG_PLAIN "> A 1:10 ack=1; ready; read 10; +40ms; < A 1:0 ack=11" },
	{ "next: AF", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; ready; read end; state CLOSE_WAIT" },
	{ "next: S", NULL,
	  RIG_PLAIN
	  "> S 1:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "next: SA", NULL,
	  RIG_PLAIN
	  "> SA 1:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "next: R", NULL, RIG_PLAIN "> R 1:0 ack=1; ready; read lost" },
	{ "next: RA", NULL, RIG_PLAIN "> RA 1:0 ack=1; ready; read lost" },
	{ "next: no flags", NULL,
	  RIG_PLAIN "> - 1:0 ack=1; state ESTABLISHED" },
	{ "next: no flags, text", NULL,
	  RIG_PLAIN "> - 1:10 ack=1; state ESTABLISHED" },
	{ "next: F", NULL, RIG_PLAIN "> F 1:0 ack=1; state ESTABLISHED" },
	{ "next: AU, text", NULL,
	  RIG_PLAIN "> AU 1:10 ack=1; ready; read 10; +40ms; < A 1:0 ack=11" },
	{ "inside: A", NULL,
	  RIG_PLAIN "> A 11:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: A, text", NULL,
	  RIG_PLAIN "> A 11:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "inside: AF", NULL,
	  RIG_PLAIN
	  "> AF 11:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: S", NULL,
	  RIG_PLAIN
	  "> S 11:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: SA", NULL,
	  RIG_PLAIN
	  "> SA 11:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: R", NULL,
	  RIG_PLAIN
	  "> R 11:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: RA", NULL,
	  RIG_PLAIN
	  "> RA 11:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "inside: no flags", NULL,
	  RIG_PLAIN "> - 11:0 ack=1; state ESTABLISHED" },
	{ "inside: no flags, text", NULL,
	  RIG_PLAIN "> - 11:10 ack=1; state ESTABLISHED" },
	{ "inside: F", NULL, RIG_PLAIN "> F 11:0 ack=1; state ESTABLISHED" },
	{ "inside: AU, text", NULL,
	  RIG_PLAIN "> AU 11:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "last: A", NULL,
	  RIG_PLAIN "> A 65535:0 ack=1; unready; state ESTABLISHED" },
	{ "last: A, text", NULL,
	  RIG_PLAIN "> A 65535:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "last: AF", NULL,
	  RIG_PLAIN
	  "> AF 65535:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "last: S", NULL,
	  RIG_PLAIN
	  "> S 65535:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "last: SA", NULL,
	  RIG_PLAIN
	  "> SA 65535:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "last: R", NULL,
	  RIG_PLAIN
	  "> R 65535:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "last: RA", NULL,
	  RIG_PLAIN
	  "> RA 65535:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "last: no flags", NULL,
	  RIG_PLAIN "> - 65535:0 ack=1; state ESTABLISHED" },
	{ "last: no flags, text", NULL,
	  RIG_PLAIN "> - 65535:10 ack=1; state ESTABLISHED" },
	{ "last: F", NULL, RIG_PLAIN "> F 65535:0 ack=1; state ESTABLISHED" },
	{ "last: AU, text", NULL,
	  RIG_PLAIN "> AU 65535:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "edge: A", NULL,
	  RIG_PLAIN "> A 65536:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: A, text", NULL,
	  RIG_PLAIN "> A 65536:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "edge: AF", NULL,
	  RIG_PLAIN
	  "> AF 65536:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: S", NULL,
	  RIG_PLAIN
	  "> S 65536:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: SA", NULL,
	  RIG_PLAIN
	  "> SA 65536:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: R", NULL,
	  RIG_PLAIN "> R 65536:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: RA", NULL,
	  RIG_PLAIN "> RA 65536:0 ack=1; unready; state ESTABLISHED" },
	{ "edge: no flags", NULL,
	  RIG_PLAIN "> - 65536:0 ack=1; state ESTABLISHED" },
	{ "edge: no flags, text", NULL,
	  RIG_PLAIN "> - 65536:10 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "edge: F", NULL,
	  RIG_PLAIN "> F 65536:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "edge: AU, text", NULL,
	  RIG_PLAIN "> AU 65536:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "beyond: A", NULL,
	  RIG_PLAIN
	  "> A 100000:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: A, text", NULL,
	  RIG_PLAIN "> A 100000:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "beyond: AF", NULL,
	  RIG_PLAIN
	  "> AF 100000:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: S", NULL,
	  RIG_PLAIN
	  "> S 100000:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: SA", NULL,
	  RIG_PLAIN
	  "> SA 100000:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: R", NULL,
	  RIG_PLAIN "> R 100000:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: RA", NULL,
	  RIG_PLAIN "> RA 100000:0 ack=1; unready; state ESTABLISHED" },
	{ "beyond: no flags", NULL,
	  RIG_PLAIN "> - 100000:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "beyond: no flags, text", NULL,
	  RIG_PLAIN "> - 100000:10 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "beyond: F", NULL,
	  RIG_PLAIN "> F 100000:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "beyond: AU, text", NULL,
	  RIG_PLAIN
	  "> AU 100000:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "half the space on: A", NULL,
	  RIG_PLAIN
	  "> A 2147483649:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "half the space on: A, text", NULL,
	  RIG_PLAIN
	  "> A 2147483649:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "half the space on: AF", NULL,
	  RIG_PLAIN "> AF 2147483649:0 ack=1; < A 1:0 ack=1; unready; state "
		    "ESTABLISHED" },
	{ "half the space on: S", NULL,
	  RIG_PLAIN
	  "> S 2147483649:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "half the space on: SA", NULL,
	  RIG_PLAIN "> SA 2147483649:0 ack=1; < A 1:0 ack=1; unready; state "
		    "ESTABLISHED" },
	{ "half the space on: R", NULL,
	  RIG_PLAIN "> R 2147483649:0 ack=1; unready; state ESTABLISHED" },
	{ "half the space on: RA", NULL,
	  RIG_PLAIN "> RA 2147483649:0 ack=1; unready; state ESTABLISHED" },
	{ "half the space on: no flags", NULL,
	  RIG_PLAIN
	  "> - 2147483649:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "half the space on: no flags, text", NULL,
	  RIG_PLAIN
	  "> - 2147483649:10 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "half the space on: F", NULL,
	  RIG_PLAIN
	  "> F 2147483649:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "half the space on: AU, text", NULL,
	  RIG_PLAIN
	  "> AU 2147483649:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "old: A", NULL,
	  RIG_PLAIN
	  "> A -99:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "old: A, text", NULL,
	  RIG_PLAIN "> A -99:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "old: AF", NULL,
	  RIG_PLAIN
	  "> AF -99:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "old: S", NULL,
	  RIG_PLAIN
	  "> S -99:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "old: SA", NULL,
	  RIG_PLAIN
	  "> SA -99:0 ack=1; < A 1:0 ack=1; unready; state ESTABLISHED" },
	{ "old: R", NULL,
	  RIG_PLAIN "> R -99:0 ack=1; unready; state ESTABLISHED" },
	{ "old: RA", NULL,
	  RIG_PLAIN "> RA -99:0 ack=1; unready; state ESTABLISHED" },
	{ "old: no flags", NULL,
	  RIG_PLAIN "> - -99:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "old: no flags, text", NULL,
	  RIG_PLAIN "> - -99:10 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "old: F", NULL,
	  RIG_PLAIN "> F -99:0 ack=1; < A 1:0 ack=1; state ESTABLISHED" },
	{ "old: AU, text", NULL,
	  RIG_PLAIN "> AU -99:10 ack=1; < A 1:0 ack=1; unready; read empty" },
	{ "FIN_WAIT_1: SYN", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> S 1:0; < A 2:0 "
		    "ack=1; state FIN_WAIT_1" },
	{ "FIN_WAIT_1: SYN-ACK", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> SA 1:0 ack=1; < A "
		    "2:0 ack=1; state FIN_WAIT_1" },
	{ "FIN_WAIT_1: RST", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> R 1:0; state CLOSED; "
		    "read lost" },
	{ "FIN_WAIT_1: RST inside the window", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> R 6:0; < A 2:0 "
		    "ack=1; state FIN_WAIT_1" },
	{ "FIN_WAIT_1: RST outside", NULL,
	  RIG_PLAIN
	  "shuttx; < AF 1:0; state FIN_WAIT_1;> R 70000:0; state FIN_WAIT_1" },
	{ "FIN_WAIT_1: ACK of what was not sent", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> A 1:0 ack=7; < A 2:0 "
		    "ack=1; state FIN_WAIT_1" },
	{ "FIN_WAIT_1: outside the window", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; state FIN_WAIT_1;> A 80000:10 ack=1; < "
		    "A 2:0 ack=1; state FIN_WAIT_1" },
	{ "FIN_WAIT_2: SYN", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> S "
		    "1:0; < A 2:0 ack=1; state FIN_WAIT_2" },
	{ "FIN_WAIT_2: SYN-ACK", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> SA "
		    "1:0 ack=2; < A 2:0 ack=1; state FIN_WAIT_2" },
	{ "FIN_WAIT_2: RST", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> R "
		    "1:0; state CLOSED; read lost" },
	{ "FIN_WAIT_2: RST inside the window", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> R "
		    "6:0; < A 2:0 ack=1; state FIN_WAIT_2" },
	{ "FIN_WAIT_2: RST outside", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> R "
		    "70000:0; state FIN_WAIT_2" },
	{ "FIN_WAIT_2: ACK of what was not sent", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> A 1:0 "
		    "ack=7; < A 2:0 ack=1; state FIN_WAIT_2" },
	{ "FIN_WAIT_2: outside the window", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > A 1:0 ack=2; state FIN_WAIT_2;> A "
		    "80000:10 ack=2; < A 2:0 ack=1; state FIN_WAIT_2" },
	{ "CLOSE_WAIT: SYN", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> S 2:0; "
		    "< A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: SYN-ACK", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> SA 2:0 "
		    "ack=1; < A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: RST", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> R 2:0; "
		    "state CLOSED; read lost" },
	{ "CLOSE_WAIT: RST inside the window", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> R 7:0; "
		    "< A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: RST outside", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> R "
		    "70000:0; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: ACK of what was not sent", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> A 2:0 "
		    "ack=6; < A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: outside the window", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> A "
		    "80000:10 ack=1; < A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: text behind the FIN", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> A 2:10 "
		    "ack=1; read end; state CLOSE_WAIT" },
	{ "CLOSE_WAIT: the FIN again", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; state CLOSE_WAIT;> AF 1:0 "
		    "ack=1; < A 1:0 ack=2; state CLOSE_WAIT" },
	{ "CLOSING: SYN", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> S 2:0; < A 2:0 ack=2; state CLOSING" },
	{ "CLOSING: SYN-ACK", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> SA 2:0 ack=1; < A 2:0 ack=2; state CLOSING" },
	{ "CLOSING: RST", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> R 2:0; state CLOSED; read lost" },
	{ "CLOSING: RST inside the window", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> R 7:0; < A 2:0 ack=2; state CLOSING" },
	{ "CLOSING: RST outside", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> R 70000:0; state CLOSING" },
	{ "CLOSING: ACK of what was not sent", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> A 2:0 ack=7; < A 2:0 ack=2; state CLOSING" },
	{ "CLOSING: outside the window", NULL,
	  RIG_PLAIN
	  "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state CLOSING;> A "
	  "80000:10 ack=1; < A 2:0 ack=2; state CLOSING" },
	{ "CLOSING: text behind the FIN", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> A 2:10 ack=1; read end; state CLOSING" },
	{ "CLOSING: the FIN again", NULL,
	  RIG_PLAIN "shuttx; < AF 1:0; > AF 1:0 ack=1; < A 2:0 ack=2; state "
		    "CLOSING;> AF 1:0 ack=1; < A 2:0 ack=2; state CLOSING" },
	{ "LAST_ACK: SYN", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; "
		    "state LAST_ACK;> S 2:0; < A 2:0 ack=2; state LAST_ACK" },
	{ "LAST_ACK: SYN-ACK", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; state "
	  "LAST_ACK;> SA 2:0 ack=1; < A 2:0 ack=2; state LAST_ACK" },
	{ "LAST_ACK: RST", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; "
		    "state LAST_ACK;> R 2:0; state CLOSED; read lost" },
	{ "LAST_ACK: RST inside the window", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; "
		    "state LAST_ACK;> R 7:0; < A 2:0 ack=2; state LAST_ACK" },
	{ "LAST_ACK: RST outside", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; "
		    "state LAST_ACK;> R 70000:0; state LAST_ACK" },
	{ "LAST_ACK: ACK of what was not sent", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; state "
	  "LAST_ACK;> A 2:0 ack=7; < A 2:0 ack=2; state LAST_ACK" },
	{ "LAST_ACK: outside the window", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; state "
	  "LAST_ACK;> A 80000:10 ack=1; < A 2:0 ack=2; state LAST_ACK" },
	{ "LAST_ACK: text behind the FIN", NULL,
	  RIG_PLAIN "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; "
		    "state LAST_ACK;> A 2:10 ack=1; read end; state LAST_ACK" },
	{ "LAST_ACK: the FIN again", NULL,
	  RIG_PLAIN
	  "> AF 1:0 ack=1; < A 1:0 ack=2; shuttx; < AF 1:0 ack=2; state "
	  "LAST_ACK;> AF 1:0 ack=1; < A 2:0 ack=2; state LAST_ACK" },
	{ "RFC 5961: ACK of what was not sent", NULL,
	  RIG_PLAIN "> A 1:10 ack=2; < A 1:0 ack=1; unready; read empty" },
	{ "RFC 5961: ACK older than any window", NULL,
	  RIG_PLAIN "> A 1:10 ack=-65535; < A 1:0 ack=1; unready" },
	{ "RFC 5961: the oldest ACK that may be", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=-65534; ready; read 10; +40ms; < A 1:0 ack=11" },
	{ "RFC 5961: five challenges a second", NULL,
	  RIG_PLAIN "> S 1:0; < A 1:0; > S 1:0; < A 1:0; > S 1:0; < A 1:0; > S "
		    "1:0; < A 1:0; > S 1:0; < A 1:0; > S 1:0; > R 5:0; > S 1:0;"
		    "count challenges 5; count challenges_held 3; +1s; > R "
		    "5:0; < A 1:0 ack=1; count challenges 6" },
	{ "RFC 5961: of each connection", NULL,
	  RIG_PLAIN "> S 1:0; < A 1:0; > S 1:0; < A 1:0; > S 1:0; < A 1:0; > S "
		    "1:0; < A 1:0; > S 1:0; < A 1:0; > S 1:0;"
		    "flow 1; > S 0:0; < SA 0:0; > A 1:0 ack=1; accept; > S "
		    "1:0; < A 1:0 ack=1" },
	{ "RFC 5961: the peer has crashed, and comes back", NULL,
	  RIG_PLAIN "> S 5000:0; < A 1:0 ack=1; > R 1:0; ready; read lost; "
		    "shut; newflow 50000; > S 0:0; < SA 0:0 ack=1" },
	{ "a peer that has filled the window acknowledges from its edge",
	  "rx=1000",
	  RIG_PLAIN "write 10; < A 1:10; > A 1001:0 ack=11; write 10; < A "
		    "11:10; > A 1001:0 ack=21; count challenges 0" },
	{ "RST with text", NULL, RIG_PLAIN "> R 1:10; read lost" },
	{ "PAWS: text", NULL,
	  RIG_TS("") "> A 1:10 ack=1 ts=99/0; < A 1:0 ack=1 ecr=100; unready; "
		     "count paws 1" },
	{ "PAWS: an ACK", NULL,
	  RIG_TS("") "> A 1:0 ack=1 ts=99/0; unready; count paws 1" },
	{ "PAWS: FIN", NULL,
	  RIG_TS("") "> AF 1:0 ack=1 ts=99/0; < A 1:0 ack=1; state "
		     "ESTABLISHED" },
	{ "PAWS: SYN", NULL,
	  RIG_TS("") "> S 1:0 ts=99/0; < A 1:0 ack=1; state ESTABLISHED" },
	{ "PAWS: the same is not old", NULL,
	  RIG_TS("") "> A 1:10 ack=1 ts=100/0; read 10; +40ms; < A 1:0 "
		     "ack=11" },
	{ "PAWS: RST is not looked at", NULL,
	  RIG_TS("") "> R 1:0 ts=5/0; read lost" },
	{ "PAWS: RST without timestamp", NULL,
	  RIG_TS("") "> R 1:0; read lost" },
	{ "no timestamp where one is due", NULL,
	  RIG_TS("") "> A 1:10 ack=1; unready; count paws 1; +1s" },
	{ "a timestamp nobody agreed on", NULL,
	  RIG_PLAIN
	  "> A 1:10 ack=1 ts=7/0; read 10; +40ms; < A 1:0 ack=11 nots" },
	{ "timestamps wrap", "",
	  "> S 0:0 ts=4294967290/0; < SA 0:0 ecr=4294967290; > A 1:0 ack=1 "
	  "ts=4294967295/0; accept;"
	  "> A 1:10 ack=1 ts=3/0; read 10; +40ms; < A 1:0 ack=11 ecr=3; > A "
	  "11:10 ack=1 ts=4294967295/0; < A 1:0 ack=11 ecr=3; count paws 1" },
	{ "24 days later the old clock does not count", NULL,
	  RIG_TS("") "+2073601s; > A 1:10 ack=1 ts=99/0; read 10; +40ms; < A "
		     "1:0 ack=11 ecr=99" },
	{ "almost 24 days later it does", NULL,
	  RIG_TS("") "+2073599s; > A 1:10 ack=1 ts=99/0; < A 1:0 ack=1 "
		     "ecr=100" },
	{ "PAWS does not think an idle moment long because our clock wraps",
	  "ms=4294967000",
	  RIG_TS("") "+1s; > A 1:10 ack=1 ts=99/0; < A 1:0 ack=1 ecr=100; "
		     "count paws 1" },
	{ "TS.Recent: of what is in order", NULL,
	  RIG_TS("") "> A 11:10 ack=1 ts=200/0; < A 1:0 ack=1 ecr=100; > A "
		     "1:10 ack=1 ts=150/0; < A 1:0 ack=21 ecr=150; read 20" },
	{ "TS.Recent: of the first that the delayed ACK is for", NULL,
	  RIG_TS("") "> A 1:10 ack=1 ts=110/0; > A 11:10 ack=1 ts=120/0; < A "
		     "1:0 ack=21 ecr=110; read 20" },
	{ "ECN: agreed", "ecn",
	  "> SEC 0:0; < SAE 0:0 ack=1; > A 1:0 ack=1; accept; write 10; < A "
	  "1:10 ect; > A 1:0 ack=11" },
	{ "ECN: not asked for", "ecn",
	  "> S 0:0; < SA 0:0 ack=1; > A 1:0 ack=1; accept; write 10; < A 1:10 "
	  "noect; > A 1:0 ack=11" },
	{ "ECN: half asked for", "ecn", "> SE 0:0; < SA 0:0 ack=1" },
	{ "ECN: switched off", NULL, "> SEC 0:0; < SA 0:0 ack=1" },
	{ "ECN: echoed until CWR", "ecn",
	  "> SEC 0:0; < SAE 0:0 ack=1; > A 1:0 ack=1; accept;"
	  "> A 1:10 ack=1 ce; > A 11:10 ack=1; < AE 1:0 ack=21; > A 21:10 "
	  "ack=1; > A 31:10 ack=1; < AE 1:0 ack=41;"
	  "> AC 41:10 ack=1; > A 51:10 ack=1; < A 1:0 ack=61; read 60" },
	{ "ECN: what is sent again is not capable", "ecn",
	  "> SEC 0:0; < SAE 0:0 ack=1; > A 1:0 ack=1; accept; write 10; < A "
	  "1:10 ect;"
	  "+200ms; < A 1:10 noect; > A 1:0 ack=11" },
	{ "ECN: slows once a window", "ecn",
	  "> SEC 0:0 mss=1000; < SAE 0:0 ack=1; > A 1:0 ack=1; accept; write "
	  "4000; < A 1:1000 ect; < A 1001:1000; < A 2001:1000; < A 3001:1000;"
	  "cwnd 10000; > AE 1:0 ack=1001; count ecn_slowed 1; cwnd 2100; > AE "
	  "1:0 ack=2001; > AE 1:0 ack=3001; count ecn_slowed 1; > A 1:0 "
	  "ack=4001; write 10; < AC 4001:10 ect; > A 1:0 ack=4011" },
	{ "ECN: active open asks", "ecn",
	  "connect; < SEC 0:0; > SAE 0:0 ack=1; < A 1:0 ack=1; write 1; < A "
	  "1:1 ect; > A 1:0 ack=2" },
	{ "ECN: not asked for again", "ecn",
	  "connect; < SEC 0:0; +1s; < S 0:0" },
	{ "ECN: both flags reflected is a broken host", "ecn",
	  "connect; < SEC 0:0; > SAEC 0:0 ack=1; < A 1:0 ack=1; write 1; < A "
	  "1:1 noect; > A 1:0 ack=2" },
};

int
main(void)
{
	tcp_rig_run(rows, ARRAY_N(rows));
	return check_end();
}
