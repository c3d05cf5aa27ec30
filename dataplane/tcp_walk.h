/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_walk.h: copies of a stack's connections, a few at a time, so that a
 * million of them can be listed while traffic goes on. The owning worker's
 * thread only; no system call, no allocation.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_WALK_H
#define PENSTOCK_DATAPLANE_TCP_WALK_H

#include "dataplane/tcp.h"

struct tcp_walk_conn {
	struct ip local, peer;
	uint16_t local_port, peer_port;
	uint8_t state;	 /* 0 to TCP_STATES_N - 1, as tcp_states_get() */
	bool is_owned;	 /* somebody reads and writes it */
	uint8_t backoff; /* retransmission timeouts in a row */
	uint16_t mss;
	uint32_t rx_bytes;     /* received, not read yet */
	uint32_t tx_bytes;     /* waiting and unacknowledged */
	uint32_t flight_bytes; /* unacknowledged; SYN, FIN: one each */
	uint32_t peer_window;  /* bytes it takes */
	uint32_t srtt_us;      /* 0: not measured yet */
	uint32_t cwnd;	       /* bytes; 0: half-open */
	uint32_t age_s;
	uint32_t silent_s; /* since its last segment */
};

#define TCP_WALK_END UINT64_MAX

/*
 * Looks at slots_n slots from *pos on (0: the beginning), copies what is in
 * them into out, which has room for as many, and moves *pos on: TCP_WALK_END
 * when there are no more. Gives the number of connections. What comes or goes
 * in the meantime may be in the list or not; TIME_WAIT never is: of these
 * nothing but a hash is kept.
 */
unsigned tcp_walk(const struct tcp *tcp, uint64_t *pos,
		  struct tcp_walk_conn *out, unsigned slots_n);

#endif
