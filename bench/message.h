/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h: the messages that blast sends, each a function of (run, sequence
 * number) alone, so that whoever reads a ledger can build it again byte by
 * byte. Valid RFC 5322, plain ASCII, with a token of run id and sequence number
 * in the header and at both ends of the body; one body line begins with a dot.
 *
 * A message is not copied together: what changes is its head and tail, between
 * them lie lines of a text that all messages share, from a line of its own.
 * The generator is read-only once it is open: any thread.
 */
#ifndef PENSTOCK_BENCH_MESSAGE_H
#define PENSTOCK_BENCH_MESSAGE_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#include <sys/uio.h>

#define MESSAGE_RUN_ID_LEN   16 /* hexadecimal digits */
#define MESSAGE_RCPTS_MAX    1000
#define MESSAGE_HEAD_MAX     1536
#define MESSAGE_TAIL_MAX     192
#define MESSAGE_ADDRESS_MAX  254  /* RFC 5321 section 4.5.3.1.3, less <> */
#define MESSAGE_TEXT_LINE    80	  /* with CRLF */
#define MESSAGE_TEXT_LINES_N 1021 /* prime: offsets do not fall in step */

/* What makes a run's messages. Strings are kept by whoever made it. */
struct message_cfg {
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	const char *from;	    /* envelope sender; "" for <> */
	const char *domain;	    /* of the mailboxes */
	const char *mailbox_format; /* "user%u": exactly one %u */
	uint64_t seed;
	uint64_t started_us;	     /* wall clock: Date */
	uint64_t size_min, size_max; /* octets, CRLF counted */
	uint32_t mailboxes_n;
	uint32_t rcpts_n; /* of each message; at most mailboxes_n */
};

struct message_gen {
	struct message_cfg cfg;
	struct span user_prefix, user_suffix; /* of cfg.mailbox_format */
	char date[64];
	char *text; /* MESSAGE_TEXT_LINES_N lines */
};

struct message {
	uint64_t seq;
	uint64_t size;	       /* octets as SIZE counts them (RFC 1870) */
	uint64_t text_lines_n; /* lines of the shared text */
	uint32_t text_first;   /* the first of them */
	uint16_t head_len, tail_len;
	uint16_t dot_at; /* the stuffed dot in head */
	char head[MESSAGE_HEAD_MAX];
	char tail[MESSAGE_TAIL_MAX];
};

/* How a message travels. */
enum message_form {
	MESSAGE_RAW,  /* as it is: BDAT (RFC 3030) */
	MESSAGE_DATA, /* dots stuffed, with the final dot: DATA */
};

/*
 * Checks cfg (copied; its strings kept). 0, or -EINVAL and *why says what would
 * be right; -ENOMEM.
 */
MUST_USE int message_gen_open(struct message_gen *g,
			      const struct message_cfg *cfg, const char **why);
void message_gen_close(struct message_gen *g);

/* The mailbox, 0 <= n < mailboxes_n, of recipient i of message seq. */
uint32_t message_mailbox(const struct message_cfg *cfg, uint64_t seq,
			 uint32_t i);
/* "user17@domain". Gives the length. */
unsigned message_address(const struct message_gen *g, uint32_t mailbox,
			 char out[MESSAGE_ADDRESS_MAX + 1]);

/* Makes message seq. */
void message_build(const struct message_gen *g, uint64_t seq,
		   struct message *m);

/* Bytes of the message in that form. */
uint64_t message_bytes(const struct message *m, enum message_form form);
/*
 * The pieces from `offset` on: at most iov_max of them, borrowed from *g and
 * *m. Gives their number, 0 at the end.
 */
unsigned message_iov(const struct message_gen *g, const struct message *m,
		     enum message_form form, uint64_t offset, struct iovec *iov,
		     unsigned iov_max);

/*
 * Is `stored` this message as a mailbox has it: raw, with LF for CRLF? `what`
 * says where they part when not.
 */
MUST_USE bool message_is_stored(const struct message_gen *g,
				const struct message *m, struct span stored,
				const char **what, uint64_t *at);

/* The smallest size for these addresses. */
uint64_t message_size_least(const struct message_gen *g);

/*
 * Finds run id and sequence number of a stored message: in the header, before
 * the first empty line. False when it is not one of ours.
 */
bool message_token_find(struct span stored, char run_id[MESSAGE_RUN_ID_LEN + 1],
			uint64_t *seq);

#endif
