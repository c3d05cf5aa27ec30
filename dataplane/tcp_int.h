/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_int.h: what the files of TCP share: the connection, the worker's stack,
 * and the calls between them. Private to tcp*.c and their tests; the owning
 * worker's thread only.
 *
 *	tcp.c		open and close, listen, accept
 *	tcp_conn.c	a connection's life
 *	tcp_user.c	what its owner calls
 *	tcp_in.c	a burst of segments: the fast path
 *	tcp_step.c	one segment: RFC 9293 section 3.10.7
 *	tcp_data.c	its text: in order, before its turn, FIN
 *	tcp_ack.c	its acknowledgment: RTT, recovery, the peer's window
 *	tcp_listen.c	segments that belong to no connection: SYN cache,
 *			cookies, TIME_WAIT, RST
 *	tcp_out.c	segments to be sent
 *	tcp_cc.c	how much may be in flight
 *	tcp_rto.c	everything that happens because time has passed
 *	tcp_check.c	invariants, for tests
 */
#ifndef PENSTOCK_DATAPLANE_TCP_INT_H
#define PENSTOCK_DATAPLANE_TCP_INT_H

#include "dataplane/tcp.h"
#include "dataplane/tcp_buf.h"
#include "dataplane/tcp_hash.h"
#include "dataplane/tcp_reass.h"
#include "dataplane/tcp_sack.h"
#include "dataplane/tcp_syn.h"
#include "dataplane/tcp_table.h"
#include "dataplane/tcp_wait.h"
#include "engine/base/counter.h"
#include "engine/base/wheel.h"

#define TCP_LISTENERS_MAX 256u
#define TCP_CHUNKS_MAX	  512u /* in-order segments of a burst */
#define TCP_RTO_INIT_US	  1000000u
#define TCP_RTO_MIN_US	  200000u
#define TCP_RTO_MAX_US	  60000000u
#define TCP_RTX_MAX	  12u /* R2: about five minutes */
#define TCP_SYN_RTX_MAX	  6u  /* about two minutes */
#define TCP_IW_SEGS	  10u
#define TCP_FIN_WAIT_MS	  60000u /* for the peer's FIN, once nobody reads */
#define TCP_KEEP_PROBES	  9u
#define TCP_KEEP_EVERY_MS 75000u
#define TCP_CHALLENGES_S  5u /* a second, of one connection */

/* RFC 9293 section 3.3.2, in the order of its figure 5. */
enum tcp_state {
	TCP_CLOSED, /* over; the owner has not given it up yet */
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};
static_assert(TCP_TIME_WAIT + 1 == TCP_STATES_N, "rows of tcp_states_get()");

/* States as sets. */
#define TCP_IN(st)	  (1u << (st))
#define TCP_CAN_SEND_DATA (TCP_IN(TCP_ESTABLISHED) | TCP_IN(TCP_CLOSE_WAIT))
#define TCP_HAS_SENT_FIN                                   \
	(TCP_IN(TCP_FIN_WAIT_1) | TCP_IN(TCP_FIN_WAIT_2) | \
	 TCP_IN(TCP_CLOSING) | TCP_IN(TCP_LAST_ACK))
#define TCP_CAN_RECEIVE                                     \
	(TCP_IN(TCP_ESTABLISHED) | TCP_IN(TCP_FIN_WAIT_1) | \
	 TCP_IN(TCP_FIN_WAIT_2))

enum tcp_conn_flags {
	TCP_F_USED = 1u << 0,
	TCP_F_TS = 1u << 1,   /* timestamps in every segment */
	TCP_F_SACK = 1u << 2, /* both ends permit it */
	TCP_F_ECN = 1u << 3,
	TCP_F_ACTIVE = 1u << 4,	 /* we opened it */
	TCP_F_OWNED = 1u << 5,	 /* somebody will give it up */
	TCP_F_TOLD = 1u << 6,	 /* an owner hears of events */
	TCP_F_TABLE = 1u << 7,	 /* segments find it */
	TCP_F_PENDING = 1u << 8, /* on the list for tcp_burst_end() */
	TCP_F_ACK_NOW = 1u << 9,
	TCP_F_FIN_WANTED = 1u << 10, /* FIN behind what waits */
	TCP_F_FIN_RCVD = 1u << 11,
	TCP_F_LOST = 1u << 12,	     /* reset, timed out, ... */
	TCP_F_TX_FULL = 1u << 13,    /* the owner waits for room */
	TCP_F_DISCARDED = 1u << 14,  /* nobody read all there was */
	TCP_F_FAST = 1u << 15,	     /* fast recovery up to `recover` */
	TCP_F_RTO = 1u << 16,	     /* slow start after a timeout */
	TCP_F_TIMED = 1u << 17,	     /* rtt_seq is being timed */
	TCP_F_ECE = 1u << 18,	     /* echo congestion until CWR */
	TCP_F_CWR = 1u << 19,	     /* say that we have slowed down */
	TCP_F_ECN_SLOWED = 1u << 20, /* not again until `recover` */
	TCP_F_MSS_PROVEN = 1u << 21, /* a full segment got through */
	TCP_F_PERSIST = 1u << 22,    /* the window is shut: probing */
	TCP_F_TLP = 1u << 23,	     /* a loss probe is out */
	TCP_F_SLOW = 1u << 24, /* not ESTABLISHED, or holes: no fast path */
	TCP_F_DUP = 1u << 25,  /* dup_idx has an RFC 2883 block */
	TCP_F_KEEP = 1u << 26, /* life_due is keep-alive's */
	TCP_F_TLP_AGAIN = 1u << 27, /* ... and it was old data */
	TCP_F_STARVED = 1u << 28,   /* on the list for tcp_starved_tell() */
	TCP_F_V6 = 1u << 29,
};

enum tcp_timer_bits {
	TCP_T_RTX = 1u << 0,  /* rtx_due_us: RTO, TLP or persist */
	TCP_T_ACK = 1u << 1,  /* ack_due_us */
	TCP_T_LIFE = 1u << 2, /* life_due_ms */
	TCP_T_PTO = 1u << 3,  /* rtx_due_us is the loss probe's */
};

struct tcp_conn {
	/* line 0: what a segment is looked up by and compared with */
	struct tcp_key key;
	uint32_t flags; /* enum tcp_conn_flags */
	uint32_t rcv_nxt;
	uint32_t rcv_edge; /* right edge of the window: never moves back */
	uint32_t snd_una;
	uint32_t snd_max; /* highest sequence number sent, plus one */
	uint32_t ts_recent;
	uint8_t state;	  /* enum tcp_state: tcp_set_state() alone sets it */
	uint8_t wscales;  /* snd << 4 | rcv */
	uint8_t ack_segs; /* full segments not acknowledged yet */
	uint8_t timers;	  /* enum tcp_timer_bits */

	/* line 1: what in-order data and its reply touch */
	uint32_t snd_nxt; /* below snd_max only when sending again */
	uint32_t snd_wnd;
	uint32_t cwnd;
	struct tcp_chain tx; /* from snd_una on, without FIN */
	struct tcp_cursor at;
	uint32_t burst_bytes;	    /* in chunks */
	uint16_t chunk, chunk_last; /* in this burst's frames; 0: none */
	uint32_t pending_next;
	uint32_t rtx_due_us; /* the low bits of a time */
	uint32_t last_ack_sent;
	uint32_t heard_s; /* seconds: RFC 7323 5.5, keep-alive */
	uint16_t mss;	  /* payload and options of the peer's segments */
	uint8_t dupacks;
	uint8_t backoff; /* timeouts in a row */

	/* lines 2 and 3: the rest */
	struct wheel_node timer;
	void *owner;
	struct ready_node ready;
	struct tcp_chain rx; /* received, not read; before the chunks */
	struct host_path path;
	uint32_t reass, sack;	     /* records; 0: none */
	uint32_t srtt_us, rttvar_us; /* 0: no sample yet */
	uint32_t rtt_seq, rtt_at_us;
	uint32_t snd_wl1, snd_wnd_max;
	uint32_t ssthresh, recover;
	uint32_t ts_offset;
	uint32_t ack_due_us, life_due_ms;
	uint32_t starved_next;
	uint16_t service_idx;
	uint16_t pmtu;	     /* what an ICMP error has claimed; 0: none */
	uint8_t challenge_n; /* sent in the second challenge_s */
	uint8_t challenge_s;
	uint8_t probes; /* keep-alive probes without an answer */
	uint8_t dup_idx;
};
static_assert(offsetof(struct tcp_conn, snd_nxt) == CACHE_LINE, "line 0");
static_assert(offsetof(struct tcp_conn, timer) == 2 * CACHE_LINE, "128 hot");
static_assert(sizeof(struct tcp_conn) <= 4 * CACHE_LINE, "1M: 256 MB");

/* In-order bytes in a frame of this burst. */
struct tcp_chunk {
	const uint8_t *p;
	uint32_t bytes;
	uint32_t next; /* 0: the last */
};

struct tcp_listener {
	struct ip addr; /* all zero: every one */
	uint16_t port;
	uint16_t service_idx;
};

/* A connection's scoreboard and CUBIC's memory: only after a first loss. */
struct tcp_loss {
	struct tcp_sack sack;
	uint32_t w_max; /* RFC 9438: bytes */
	uint32_t w_est; /* bytes */
	uint32_t k_ms;
	uint32_t epoch_ms;
	uint32_t acked; /* not yet counted into cwnd */
	uint32_t is_epoch;
	uint32_t next_free;
};

struct tcp_loss_all {
	struct tcp_loss *recs;
	uint32_t recs_n, free, fresh, used_n;
};

struct tcp {
	struct host *host;
	struct tcp_cfg cfg;
	uint64_t now_us;
	uint32_t now_ms, now_s;
	struct tcp_secret hash_secret, isn_secret;
	struct tcp_table table;

	struct tcp_conn *conns; /* number 1 is conns[0] */
	uint32_t *born_s;	/* when each was made: now_s */
	uint32_t conn_free, conn_fresh, conns_n;

	struct tcp_chunk *chunks; /* number 1 is chunks[0] */
	uint32_t chunks_n;
	uint32_t pending, pending_last;
	struct tcp_range dups[PORT_BURST_MAX];
	uint32_t dups_n;

	struct tcp_pool pool;
	uint32_t tx_bufs_n; /* of the pool: in send buffers */
	struct tcp_reass_all reass;
	struct tcp_loss_all losses;
	struct tcp_syn_all syns;
	struct tcp_wait_all waits;
	uint64_t cookies_until_us; /* one was sent lately */

	struct tcp_listener *listeners;
	uint32_t listeners_n;
	uint32_t *accepts; /* ring of connections */
	uint32_t accepts_mask, accepts_head, accepts_tail;
	uint32_t port_count;
	uint32_t tx_level;	/* of waiting bytes: over it, an owner waits */
	uint32_t tx_kept_n;	/* buffers for who has not asked for room */
	uint32_t tso_bytes_max; /* of text that a device cuts up; 0: none */
	uint8_t rcv_wscale;
	/* Owners who wait for buffers, in order; some are told each ms. */
	uint32_t starved, starved_last, starved_ms;

	counter_t states_n[TCP_STATES_N];
	counter_t counts[TCP_COUNT_N];
	struct wheel wheel;
};

/* What a reference in the table is. */
#define TCP_REF_CONN (0u << 30)
#define TCP_REF_SYN  (1u << 30)
#define TCP_REF_WAIT (2u << 30)
#define TCP_REF_KIND (3u << 30)
#define TCP_REF_IDX  (~TCP_REF_KIND)

enum tcp_seg_flags {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* One segment, header read. */
struct tcp_seg {
	const struct host_seg *hs;
	struct tcp_key key;
	uint64_t hash;
	uint32_t seq, ack;
	uint32_t wnd;	/* as it stands in the header */
	uint32_t bytes; /* of text */
	const uint8_t *text;
	uint8_t flags;
	uint8_t opts_bytes;
	struct tcp_opts o; /* read on the slow path only */
};

/* --- small things --- */

#define TCP_COUNT_ADD(t, which, n) \
	counter_add(&(t)->counts[TCP_COUNT_##which], (n))

static inline struct tcp_conn *
tcp_conn_at(const struct tcp *t, uint32_t number)
{
	return &t->conns[number - 1];
}

static inline uint32_t
tcp_conn_number(const struct tcp *t, const struct tcp_conn *c)
{
	return (uint32_t)(c - t->conns) + 1;
}

static inline bool
tcp_is_in(const struct tcp_conn *c, uint32_t states)
{
	return (TCP_IN(c->state) & states) != 0;
}

static inline bool
tcp_is_v6(const struct tcp_key *k)
{
	return !ip_is_v4(&k->peer);
}

static inline unsigned
tcp_snd_wscale(const struct tcp_conn *c)
{
	return c->wscales >> 4;
}

static inline unsigned
tcp_rcv_wscale(const struct tcp_conn *c)
{
	return c->wscales & 15;
}

static inline uint32_t
tcp_ts_now(const struct tcp *t, const struct tcp_conn *c)
{
	return t->now_ms + c->ts_offset;
}

/* Behind the last byte that waits: the FIN's place. */
static inline uint32_t
tcp_tx_end(const struct tcp_conn *c)
{
	return c->snd_una + c->tx.bytes;
}

/*
 * Of the pool's buffers neither sending nor receiving gets the last quarter:
 * with all of it in the hands of one, both ends could wait for each other.
 */
static inline uint32_t
tcp_bufs_share(const struct tcp *t)
{
	return t->pool.bufs_n - t->pool.bufs_n / 4;
}

static inline uint32_t
tcp_bufs_left(const struct tcp *t, uint32_t used_n)
{
	const struct tcp_pool *p = &t->pool;
	uint32_t share = tcp_bufs_share(t);
	uint32_t left = share > used_n ? share - used_n : 0;
	uint32_t free_n = p->free_n > p->promised_n ? p->free_n - p->promised_n
						    : 0;

	return left < free_n ? left : free_n;
}

/*
 * Buffers that what is received may still take, and what is sent. Nobody may
 * hold more of them than are left: among n who take what they get, each ends up
 * with 1/(n + 1), and there is always something for the next.
 */
static inline uint32_t
tcp_rx_bufs_left(const struct tcp *t)
{
	const struct tcp_pool *p = &t->pool;

	return tcp_bufs_left(t, p->bufs_n - p->free_n - t->tx_bufs_n +
					p->promised_n);
}

static inline uint32_t
tcp_tx_bufs_left(const struct tcp *t)
{
	return tcp_bufs_left(t, t->tx_bufs_n);
}

static inline struct tcp_loss *
tcp_loss(const struct tcp *t, const struct tcp_conn *c)
{
	return c->sack ? &t->losses.recs[c->sack - 1] : NULL;
}

/* --- tcp_conn.c: a connection's life --- */

/* Time moves on; nothing fires. */
void tcp_set_now(struct tcp *t, uint64_t now_us);
void tcp_set_state(struct tcp *t, struct tcp_conn *c, enum tcp_state state);
/* A new one in the table, CLOSED, not owned. NULL: no more, or no path. */
struct tcp_conn *tcp_conn_new(struct tcp *t, const struct tcp_key *key,
			      uint64_t hash);
/* It is over on the wire: leaves the table; the owner, if any, hears of it. */
void tcp_conn_end(struct tcp *t, struct tcp_conn *c, bool is_lost,
		  struct ready *ready);
void tcp_conn_tell(struct tcp_conn *c, struct ready *ready);
/* tcp_burst_end() will look at it. */
void tcp_conn_pend(struct tcp *t, struct tcp_conn *c);
/* Its owner could not write: he hears when he may try again. */
void tcp_starved_add(struct tcp *t, struct tcp_conn *c);
void tcp_starved_tell(struct tcp *t, struct ready *ready);
/* A struct that waited for tcp_burst_end() to be let go. */
bool tcp_conn_bury(struct tcp *t, struct tcp_conn *c);
/* Whether the fast path may have it. */
void tcp_conn_set_slow(struct tcp_conn *c);
/* What the peer is told by SYN or SYN-ACK comes into force. */
void tcp_conn_agree(struct tcp *t, struct tcp_conn *c, const struct tcp_opts *o,
		    bool is_ecn);
struct tcp_loss *tcp_loss_get(struct tcp *t, struct tcp_conn *c);
void tcp_loss_put(struct tcp *t, struct tcp_conn *c);
/* The connection goes to the owner-to-be. false: the queue is full. */
bool tcp_accept_put(struct tcp *t, struct tcp_conn *c);
bool tcp_accept_has_room(const struct tcp *t);

/* --- tcp_in.c --- */

/* What the table has for a key, a TCP_REF_..., or 0. */
uint32_t tcp_find(const struct tcp *t, const struct tcp_key *key,
		  uint64_t hash);

/* --- tcp_step.c, tcp_data.c, tcp_ack.c --- */

void tcp_step(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	      struct ready *ready);
/* RFC 5961: an ACK, at most TCP_CHALLENGES_S a second. */
void tcp_challenge(struct tcp *t, struct tcp_conn *c);
/* In-order text into the burst's chunks or, failing that, buffers. false: no
 * memory, nothing kept. */
bool tcp_take_text(struct tcp *t, struct tcp_conn *c, const uint8_t *p,
		   uint32_t bytes);
/* Step seven and eight: text and FIN, wherever they are in the window. */
void tcp_text(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	      struct ready *ready);
/* What is left of the burst's frames moves into buffers. */
void tcp_keep_chunks(struct tcp *t, struct tcp_conn *c);

/* Everything an acceptable acknowledgment means, but state changes. */
void tcp_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	     struct ready *ready);
/* The fast path's part: new data acknowledged, nothing lost. */
void tcp_ack_new(struct tcp *t, struct tcp_conn *c, uint32_t ack,
		 uint32_t ts_ecr, struct ready *ready);

/* --- tcp_listen.c --- */

void tcp_stray(struct tcp *t, struct tcp_seg *s, uint32_t ref,
	       struct ready *ready);
void tcp_syn_timers(struct tcp *t);
/* From FIN_WAIT_2 or CLOSING: a record stands for the connection. */
void tcp_enter_time_wait(struct tcp *t, struct tcp_conn *c,
			 struct ready *ready);
void tcp_drop_wait(struct tcp *t, uint32_t number);

/* --- tcp_out.c --- */

/* Sends what may be sent, and an ACK if one is due. */
void tcp_output(struct tcp *t, struct tcp_conn *c);
/* The SYN or SYN-ACK of a connection (active or simultaneous open). */
void tcp_send_syn(struct tcp *t, struct tcp_conn *c);
void tcp_send_ack(struct tcp *t, struct tcp_conn *c);
void tcp_send_rst(struct tcp *t, struct tcp_conn *c);
/* One segment from seq on, bytes of data at most one MSS, FIN if it is next.
 * Gives the sequence numbers it took; 0: no frame. */
uint32_t tcp_send_at(struct tcp *t, struct tcp_conn *c, uint32_t seq,
		     uint32_t bytes, bool is_fin);
/* Bytes of data in a segment on the path as it is. */
uint32_t tcp_mss(const struct tcp_conn *c);
/* A segment of no connection. */
struct tcp_bare {
	uint32_t seq, ack;
	uint16_t wnd;
	uint8_t flags;
	struct tcp_opts o;
};
void tcp_send_bare(struct tcp *t, const struct tcp_key *k,
		   struct host_path *path, const struct tcp_bare *b);
/* The RST that RFC 9293 section 3.5.2 wants for s. */
void tcp_send_reset(struct tcp *t, const struct tcp_seg *s);
/* The window that RCV.NXT allows for, in bytes. */
uint32_t tcp_rx_space(const struct tcp *t, const struct tcp_conn *c);
/* After reading: should the peer hear at once that there is room? */
bool tcp_window_opens(const struct tcp *t, const struct tcp_conn *c);
uint16_t tcp_mss_to_offer(const struct tcp_key *k,
			  const struct host_path *path);

/* --- tcp_cc.c --- */

void tcp_cc_init(struct tcp_conn *c);
void tcp_cc_acked(struct tcp *t, struct tcp_conn *c, uint32_t bytes);
/* Loss seen by duplicate ACKs, by the clock, or by ECN. */
void tcp_cc_loss(struct tcp *t, struct tcp_conn *c, uint32_t flight);
void tcp_cc_timeout(struct tcp *t, struct tcp_conn *c, uint32_t flight);
void tcp_cc_idle(struct tcp *t, struct tcp_conn *c);

/* --- tcp_rto.c --- */

void tcp_rtt_sample(struct tcp_conn *c, uint32_t rtt_us);
uint32_t tcp_rto_us(const struct tcp_conn *c);
/* Arms what the data in flight, or a shut window, asks for; or disarms. */
void tcp_rtx_arm(struct tcp *t, struct tcp_conn *c);
void tcp_syn_arm(struct tcp *t, struct tcp_conn *c);
void tcp_ack_arm(struct tcp *t, struct tcp_conn *c);
void tcp_life_arm(struct tcp *t, struct tcp_conn *c, uint32_t after_ms);
void tcp_timers_off(struct tcp *t, struct tcp_conn *c);
/* An MTU that an ICMP error has claimed comes into force; sends again. */
void tcp_pmtu_take(struct tcp *t, struct tcp_conn *c);

#endif
