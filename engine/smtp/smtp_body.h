/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_body.h: the bytes of a message on their way from the wire into chunks,
 * copied once: dots un-stuffed and CRLF made LF in the same pass (RFC 5321
 * section 4.5.2), the end found only at CRLF.CRLF, headers counted and dropped
 * while the header section lasts. Private to engine/smtp/ and its tests.
 *
 * Bytes may come cut anywhere. No allocation: the owner gives chunks.
 */
#ifndef PENSTOCK_SMTP_SMTP_BODY_H
#define PENSTOCK_SMTP_SMTP_BODY_H

#include "engine/base/chunk.h"
#include "engine/base/span.h"

enum body_result {
	BODY_MORE,  /* all input used up */
	BODY_END,   /* CRLF.CRLF: the rest of the input is not the body's */
	BODY_CHUNK, /* no room: smtp_body_chunk_add(), then feed again */
};

/* A header's name fits a line: RFC 5322 section 2.1.1. */
#define BODY_NAME_MAX 998
/* A chunk is full with less room than this, and what is held back. */
#define BODY_ROOM_MIN 256u

struct smtp_body {
	struct chunk *first, *last;
	uint64_t bytes;	      /* stored, streamed chunks included */
	uint64_t taken_bytes; /* of them handed on */
	uint64_t raw_bytes;   /* used up of the input */
	uint64_t dot_bytes;   /* of them for transparency and the end */
	uint64_t size_max;    /* 0: none. Over it: is_too_big, all dropped */
	const char *drop_headers; /* message_drop_headers; borrowed */
	uint32_t drop_letters;	  /* what their names begin with, & 31 */
	uint32_t received_n;	  /* Received: headers: hops */
	uint8_t line;		  /* where in a line: enum in smtp_body.c */
	uint8_t head;		  /* where in the header section: likewise */
	bool is_too_big;
	bool has_bare_lf;   /* a line ended in LF alone */
	bool is_lf_dot_end; /* smtpd_forbid_bare_newline = no */
	bool is_binary;	    /* BINARYMIME: line ends stay as they came */
	bool is_prev_crlf;  /* the line before ended in CRLF */
	bool is_first_line; /* or all before it were mbox separators */
	uint16_t name_len;
	char name[BODY_NAME_MAX];
};

void smtp_body_init(struct smtp_body *b, uint64_t size_max,
		    const char *drop_headers);
/* Gives the chunks back. */
void smtp_body_fini(struct smtp_body *b);

/* Takes an empty chunk to write to. */
void smtp_body_chunk_add(struct smtp_body *b, struct chunk *c);
/* Bytes of chunks that wait to be handed on. */
uint64_t smtp_body_held_bytes(const struct smtp_body *b);
/* The message's size as limits count it: RFC 1870 section 5. */
uint64_t smtp_body_size(const struct smtp_body *b);
/* All of them; the next bytes go into a chunk still to be added. */
struct chunk *smtp_body_chunks_take(struct smtp_body *b);

/* Text in front of the message: Received. The chunk must have room for it. */
void smtp_body_put(struct smtp_body *b, struct span text);

/* DATA: up to CRLF.CRLF. *in stands behind what was used up. */
enum body_result smtp_body_feed(struct smtp_body *b, struct span *in);
/* BDAT: all of *in is the message's, dots included. Never BODY_END. */
enum body_result smtp_body_feed_chunk(struct smtp_body *b, struct span *in);
/* After the last BDAT chunk: what was held back is part of the message. */
void smtp_body_finish(struct smtp_body *b);

#endif
