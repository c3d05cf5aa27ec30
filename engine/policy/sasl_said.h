/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_said.h: what a Dovecot auth server says to its clients (Dovecot's
 * "Authentication Protocol", version 1), line by line. Pure; any thread; never
 * blocks. Private to engine/policy/sasl*.c and their tests.
 */
#ifndef PENSTOCK_POLICY_SASL_SAID_H
#define PENSTOCK_POLICY_SASL_SAID_H

#include "engine/base/must.h"
#include "engine/base/span.h"

/* A line with its end: a challenge may have 12288 bytes (RFC 4954). */
#define SASL_SAID_BYTES_MAX (16u * 1024)
#define SASL_CHALLENGE_MAX  12288u

enum sasl_said_kind {
	SASL_SAID_MORE, /* no whole line is here; *in as it was */
	SASL_SAID_BAD,	/* not this protocol: hang up */
	SASL_SAID_VERSION,
	SASL_SAID_MECH,
	SASL_SAID_DONE, /* the handshake is over */
	SASL_SAID_CONT,
	SASL_SAID_OK,
	SASL_SAID_FAIL,
	SASL_SAID_OTHER, /* nothing that a client has to know */
};

/* Properties of a mechanism. */
enum sasl_flag {
	SASL_FLAG_ANONYMOUS = 1 << 0,
	SASL_FLAG_PLAINTEXT = 1 << 1,
	SASL_FLAG_DICTIONARY = 1 << 2,
	SASL_FLAG_ACTIVE = 1 << 3,
	SASL_FLAG_FORWARD_SECRECY = 1 << 4,
	SASL_FLAG_MUTUAL_AUTH = 1 << 5,
	SASL_FLAG_PRIVATE = 1 << 6,
};

/* Spans borrow the input. */
struct sasl_said {
	uint64_t major;	  /* VERSION */
	uint32_t id;	  /* CONT, OK, FAIL */
	uint32_t flags;	  /* MECH */
	struct span mech; /* MECH: letters, digits, - and _ */
	struct span text; /* CONT: base64; FAIL: the reason, or nothing */
	struct span user; /* OK, FAIL: nothing when it is not said */
	bool is_temp;	  /* FAIL: not the client's fault */
};

/* Cuts the next line off *in. */
enum sasl_said_kind sasl_said_next(struct span *in, struct sasl_said *out);

/*
 * A value as people read it: escapes undone, what cannot be printed is '?'.
 * false: it does not fit.
 */
MUST_USE bool sasl_said_copy(struct span value, char *out, size_t cap);

/* Only what base64 is made of: nothing of it can end a line or a field. */
bool sasl_is_base64(struct span s);

#endif
