/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_conn.h: the SMTP client of blast, as a protocol machine: reply bytes and
 * time in, wants and bytes to send out. No I/O, no clock, no allocation after
 * init: it runs over whatever carries bytes. One thread.
 *
 * When it wants LOAD_WANT_MSG, the caller takes the outcome of the last message
 * and gives the next, or has it quit. Where it can, the next message's commands
 * go out behind the body of the one before: load_conn_ahead().
 */
#ifndef PENSTOCK_BENCH_LOAD_CONN_H
#define PENSTOCK_BENCH_LOAD_CONN_H

#include "bench/load_reply.h"
#include "bench/load_stats.h"
#include "bench/message.h"

struct load_conn_cfg {
	const struct message_gen *gen;
	const char *helo;
	bool is_pipelined; /* where the server offers it: RFC 2920 */
	bool is_starttls;  /* RFC 3207; LOAD_WANT_CLOSE where not offered */
	bool is_bdat;	   /* RFC 3030; LOAD_WANT_CLOSE where not offered */
	bool is_idle;	   /* says nothing after the greeting */
};

enum load_want {
	LOAD_WANT_BYTES, /* replies, once what load_conn_tx() has is sent */
	LOAD_WANT_MSG,	 /* load_conn_msg() or load_conn_quit() */
	LOAD_WANT_TLS,	 /* a handshake, then load_conn_tls_up() */
	LOAD_WANT_CLOSE, /* over: in order after 221, or see is_in_order */
};

/* What became of a message. */
enum load_outcome {
	LOAD_NONE,     /* there was none */
	LOAD_ACKED,    /* 250 */
	LOAD_DEFERRED, /* 4xx */
	LOAD_REJECTED, /* 5xx or a wrong reply */
	LOAD_UNSENT,   /* connection lost before the end of the data */
	LOAD_DOUBT,    /* lost between end of data and reply */
	LOAD_UNBEGUN,  /* its commands were ahead on a connection that ended:
			  not counted */
};

struct load_conn {
	const struct load_conn_cfg *cfg;
	struct load_stats *stats;
	enum load_want want;
	enum load_phase phase; /* whose reply comes next */
	enum load_outcome outcome;
	bool is_in_order; /* WANT_CLOSE after our QUIT and its 221 */
	bool has_pipelining, has_size, has_chunking, has_status;
	bool has_starttls, is_tls;
	bool is_pipelined;  /* this connection does */
	bool is_mail_ok;    /* of the message at hand */
	bool is_body_out;   /* body is part of what is being sent */
	bool is_cmd_behind; /* the body goes first, then cmd */
	bool has_ahead;	    /* the other message's commands are out too */
	uint32_t rcpt_idx;  /* whose reply comes next */
	uint32_t accepted_n;
	uint64_t end_us;    /* the last byte of data left */
	uint64_t body_sent; /* of message_bytes() */
	uint32_t cmd_len, cmd_sent, cmd_max;
	char *cmd;	    /* commands that wait */
	uint32_t *accepted; /* mailboxes of the recipients that got 250 */
	struct load_reply reply;
	struct message *msg; /* the one at hand, of msgs */
	struct message msgs[2];
};

/* Allocates for cfg's recipients; cfg and stats are kept. 0 or -ENOMEM. */
MUST_USE int load_conn_init(struct load_conn *c,
			    const struct load_conn_cfg *cfg,
			    struct load_stats *stats);
void load_conn_fini(struct load_conn *c);

/* A new stream is up: waits for the greeting. */
void load_conn_open(struct load_conn *c);

/*
 * Takes reply bytes off *in until something is wanted; call again with what is
 * left once that is done. Gives c->want.
 */
enum load_want load_conn_feed(struct load_conn *c, struct span *in,
			      uint64_t now_us);

/* After LOAD_WANT_TLS: the session begins anew. */
void load_conn_tls_up(struct load_conn *c);

/* After LOAD_WANT_MSG, the outcome taken: sends message seq. */
void load_conn_msg(struct load_conn *c, uint64_t seq);
/*
 * The body is about to be sent: another message's commands could follow in the
 * same write (RFC 2920 section 3.1). load_conn_ahead() does that; after the
 * next LOAD_WANT_MSG load_conn_next() goes on with it, instead of
 * load_conn_msg().
 */
bool load_conn_can_ahead(const struct load_conn *c);
void load_conn_ahead(struct load_conn *c, uint64_t seq);
void load_conn_next(struct load_conn *c);
/* After LOAD_WANT_MSG: sends QUIT. */
void load_conn_quit(struct load_conn *c);

/* What is to be sent, borrowed until load_conn_tx_done(). 0: nothing. */
unsigned load_conn_tx(struct load_conn *c, struct iovec *iov, unsigned iov_max);
/* So many bytes of it are on their way. */
void load_conn_tx_done(struct load_conn *c, size_t bytes, uint64_t now_us);

/* The stream is gone. */
void load_conn_lost(struct load_conn *c);

/*
 * What became of the message at hand: counts it and gives it once. After
 * LOAD_WANT_MSG; and after LOAD_WANT_CLOSE and load_conn_lost() until it gives
 * LOAD_NONE, since the message ahead is lost as well.
 */
enum load_outcome load_conn_take(struct load_conn *c);

#endif
