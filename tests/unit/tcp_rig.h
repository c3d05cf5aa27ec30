/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_rig.h: one stack on a virtual clock, with a host that keeps what it is
 * given to send, and a small language in which a test says what the peer sends,
 * what has to come out and what the application does. One thread.
 *
 * A script is a list of commands, each ended by ';'. Numbers of sequence are
 * relative: 0 is the SYN. Both ends send bytes of a known pattern, so contents
 * are always compared.
 *
 *	> A 1:10 ack=1 win=500 ts=7/3 sack=11-21,31-41 mss=.. ws=.. sackok ce
 *		the peer sends: flags of SFRPAUEC, first number : bytes of text
 *	>> ...	the same, but it waits for the next > to share its burst
 *	< A 1:0 ack=11 ...	the stack has sent this, and nothing before it;
 *		what is not mentioned is not compared (flag P never is)
 *	+40ms	time goes on; s, ms, us. Every other command but < demands that
 *		nothing unexpected was sent
 *	accept; noaccept; connect; read N; read end|lost|empty; write N;
 *	full N; shut; shuttx; abort; state NAME; gone; count NAME N; ready;
 *	unready; flow N (another client); irs N (its first number); mtu N;
 *	toobig N SEQ; unreachable SEQ; stop; frames N (then none); drop;
 *	cwnd N; waiting N; newflow IRS
 *
 * cfg: nosack nots noscale ecn cookies tso rx= tx= mem= syns= conns= waits=
 * accepts= mssmin= keep= (seconds), and when the clock begins: iss= ts= (what
 * flow 0 gets first) or ms=. With TCP_RIG_SHOW set, a program prints what the
 * stack really sends and compares nothing.
 */
#ifndef PENSTOCK_TESTS_TCP_RIG_H
#define PENSTOCK_TESTS_TCP_RIG_H

#include "dataplane/tcp_int.h"
#include "tests/unit/check.h"

/* A passive open with an MSS of 1000 and these further options. */
#define RIG_OPEN(opts)                               \
	"> S 0:0 mss=1000 " opts "; < SA 0:0 ack=1;" \
	"> A 1:0 ack=1; accept;"
#define RIG_PLAIN RIG_OPEN("")
#define RIG_SACK  RIG_OPEN("sackok")
/* Its window is w from the first ACK on. */
#define RIG_WINDOW(w)                       \
	"> S 0:0 mss=1000; < SA 0:0 ack=1;" \
	"> A 1:0 ack=1 win=" w "; accept;"
/* With timestamps: the peer's is 100 at first. */
#define RIG_TS(opts)                                                  \
	"> S 0:0 mss=1012 ts=100/0 " opts "; < SA 0:0 ack=1 ecr=100;" \
	"> A 1:0 ack=1 ts=100/0; accept;"

struct tcp_rig_row {
	const char *name;
	const char *cfg; /* "nosack nots rx=4096 ...", or NULL */
	const char *script;
};

/* One row; false: it failed, *why says where. */
bool tcp_rig_run_one(const struct tcp_rig_row *row, char *why, size_t why_cap);

/* A segment as the peer of flow 0 puts it on the wire, for benchmarks and
 * fuzzing: gives its bytes, at most 60 + text. */
uint32_t tcp_rig_segment(uint8_t *p, uint16_t src_port, uint16_t dst_port,
			 uint32_t seq, uint32_t ack, uint8_t flags,
			 uint16_t wnd, const struct tcp_opts *o,
			 uint32_t bytes);

struct host *tcp_rig_host_open(void);
void tcp_rig_host_close(struct host **h);
/* The i-th segment that the stack has sent, or NULL. */
const uint8_t *tcp_rig_sent(const struct host *h, unsigned i);
/* The defaults of scripts: small pools, fixed secret. */
struct tcp_cfg tcp_rig_cfg(void);
extern const struct ip tcp_rig_local, tcp_rig_peer;

/* Runs each row; whatever fails is a failed CHECK of that row. */
static inline void
tcp_rig_run(const struct tcp_rig_row *rows, unsigned rows_n)
{
	char why[1024];

	for (unsigned i = 0; i < rows_n; i++) {
		why[0] = '\0';
		CHECK_ROW(rows[i].name);
		if (!tcp_rig_run_one(&rows[i], why, sizeof(why)))
			fprintf(stderr, "%s\n", why);
		CHECK(why[0] == '\0');
	}
	fprintf(stderr, "%u rows\n", rows_n);
}

#endif
