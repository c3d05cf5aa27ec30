/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp.h: the receiving side of SMTP (RFC 5321, 1870, 2034, 2920, 3030, 3461,
 * 6152, 6531, 9422) as a machine without I/O: bytes and time go in, reply bytes
 * and wants come out. One session: its worker's thread only; never blocks;
 * allocates only from the worker's pools.
 *
 * The owner calls smtp_step() with what has arrived and does what it wants:
 *
 *	NAME	find out the client's name; answer with smtp_named()
 *	CHECK	ask policy about smtp_check(); answer with smtp_checked()
 *	STREAM	hand the first chunks of the body on: smtp_body_take()
 *	COMMIT	make the message durable; answer with smtp_committed()
 *	MEMORY	the chunk pool is empty: step again when some came back
 *	FLUSH	the reply buffer is full: send it, step again
 *	PAUSE	step again at smtp_resume_us(), not before
 *	TLS	begin with TLS: smtp_tls_begin(), then smtp_tls_done()
 *	AUTH	do s->auth_step of a login; answer with smtp_authed()
 *	BYTES	all input is used up
 *	CLOSE	send the replies, then close
 */
#ifndef PENSTOCK_SMTP_SMTP_H
#define PENSTOCK_SMTP_SMTP_H

#include "engine/base/addr.h"
#include "engine/base/chunk.h"
#include "engine/base/envelope.h"
#include "engine/base/ip.h"
#include "engine/smtp/smtp_cfg.h"

enum smtp_want {
	SMTP_WANT_BYTES,
	SMTP_WANT_FLUSH,
	SMTP_WANT_NAME,
	SMTP_WANT_CHECK,
	SMTP_WANT_STREAM,
	SMTP_WANT_COMMIT,
	SMTP_WANT_MEMORY,
	SMTP_WANT_PAUSE,
	SMTP_WANT_TLS,
	SMTP_WANT_AUTH,
	SMTP_WANT_CLOSE,
};

/* What CHECK is about: in the order of a session. */
enum smtp_check {
	SMTP_CHECK_CONNECT,
	SMTP_CHECK_HELO,
	SMTP_CHECK_MAIL, /* answer smtp_txn_begin() too when it is fine */
	SMTP_CHECK_RCPT,
	SMTP_CHECK_DATA,
	SMTP_CHECK_EOD,
	SMTP_CHECK_VRFY,
	SMTP_CHECK_ETRN,
	SMTP_CHECK_N
};

/* Replies of one turn; the owner's buffer. */
struct smtp_out {
	char *p;
	uint32_t len, cap;
};

/* Room that one step may need: the longest reply of all, EHLO's. */
#define SMTP_OUT_ROOM_MIN 4096u

enum smtp_proto { SMTP_PROTO_SMTP, SMTP_PROTO_ESMTP };

/* Commands counted per session, for the disconnect line and the statistics. */
enum smtp_verb {
#define VERB(sym, text, states, run, elsewhere, junk, plain) SMTP_VERB_##sym,
#include "engine/smtp/verbs.def"
#undef VERB
	SMTP_VERB_UNKNOWN,
	SMTP_VERB_N
};

/* What clients may do only so often: anvil's rates. */
enum smtp_event {
	SMTP_EVENT_CONNECT,
	SMTP_EVENT_MAIL,
	SMTP_EVENT_RCPT,
	SMTP_EVENT_AUTH,
	SMTP_EVENT_STARTTLS, /* looked at, not counted */
	SMTP_EVENT_TLS,	     /* a handshake is done */
	SMTP_EVENT_N
};

/* How far a session has come: its last command, or one of these. */
enum smtp_where { SMTP_WHERE_CONNECT = SMTP_VERB_N, SMTP_WHERE_MESSAGE };

#define SMTP_HELO_MAX	    256
#define SMTP_AUTH_OFFER_MAX 400
#define SMTP_AUTH_USER_MAX  256
/* The longest challenge of a server; the reply buffer must take it. */
#define SMTP_AUTH_CHALLENGE_MAX 12288u

/* What AUTH wants its owner to do. */
enum smtp_auth_step {
	SMTP_AUTH_WAIT,	   /* find out what can be offered; then NOTHING */
	SMTP_AUTH_FIRST,   /* auth->method, and response if has_response */
	SMTP_AUTH_NEXT,	   /* auth->response */
	SMTP_AUTH_ABORTED, /* by the client; answered already: then NOTHING */
	SMTP_AUTH_ENDED,   /* by a limit of ours; the same */
};

/* There while somebody logs in, and once that has worked. */
struct smtp_auth {
	bool has_response, is_done;
	char *response;	  /* as it came; not looked at */
	char method[101]; /* as the client wrote it, but printable */
	char user[SMTP_AUTH_USER_MAX];
};

struct smtp;
struct smtp_txn; /* from MAIL to the end of the message */

/* What all sessions of a worker share. */
struct smtp_shared {
	struct chunk_pool *chunks;
	struct smtp_txn *free_txns;
	uint32_t stream_bytes; /* more body than this in memory: STREAM */
	/*
	 * Counts what a client does: false: more than it may. NULL: it may.
	 * The owner's, who says so in the log.
	 */
	bool (*is_within)(struct smtp *s, enum smtp_event event);
	void *owner; /* the owner's */
	/*
	 * What is offered to log in with, a blank between; "" for nothing. The
	 * owner's; called only while s->is_auth_possible.
	 */
	void (*auth_offer)(const struct smtp *s, char out[SMTP_AUTH_OFFER_MAX]);
};

/* What a TLS handshake has agreed on, as Received: headers say it. */
struct smtp_tls {
	const char *summary; /* "TLSv1.3 with cipher ... (256/256 bits)" */
	const char *detail;  /* "key-exchange ...", or "" */
	const char *peer;    /* "No client certificate requested" */
};

/* Parked, an idle session is this and nothing else. */
struct smtp {
	const struct smtp_cfg *cfg; /* borrowed until smtp_fini() */
	struct smtp_shared *shared;
	struct smtp_txn *txn;
	struct chunk *partial;	   /* a command line that has not ended yet */
	struct smtp_auth *auth;	   /* NULL: nobody has logged in, or tried */
	uint64_t deadline_us;	   /* 0: none */
	uint64_t resume_us;	   /* 0: no pause */
	uint64_t chunk_left_bytes; /* BDAT: still to come of this chunk */
	uint64_t chunk_bytes;	   /* BDAT: this chunk's size */
	uint8_t state;		   /* enum smtp_state of smtp_int.h */
	uint8_t check;		   /* enum smtp_check */
	uint8_t proto;		   /* enum smtp_proto */
	bool is_waiting;	   /* for smtp_checked() or smtp_committed() */
	bool is_name_wanted : 1;   /* the client's, before all else */
	bool is_line_too_long : 1; /* swallowing the rest of a line */
	bool is_request_over : 1;  /* one ended, or began, in this step */
	bool is_pipelined;	   /* input waits behind this command */
	bool was_pipelined_badly : 1; /* ... and one ended a group */
	bool is_bdat_last : 1;
	bool is_tls_possible : 1;  /* the owner's: STARTTLS can be offered */
	bool is_tls_asked : 1;	   /* by STARTTLS: not a wrapped service */
	bool is_auth_possible : 1; /* the owner's: there is a server to ask */
	bool is_auth_known : 1;	   /* the owner's: what it offers is known */
	bool is_helo_due : 1;	   /* EHLO waits for that */
	bool is_counted : 1;	   /* as a connection of its client */
	bool has_too_many_errors : 1; /* and was told so */
	bool is_over_limit : 1;	      /* of TLS sessions: 421 comes next */
	uint8_t auth_step;	      /* enum smtp_auth_step */
	uint8_t bare_newline; /* enum smtp_bare_newline for this client */
	uint8_t pending_verb;
	uint8_t where;	   /* enum smtp_verb or enum smtp_where */
	uint16_t errors_n; /* since the last message */
	uint16_t junk_n;
	uint16_t client_port;
	uint32_t messages_n;
	struct ip client_ip;
	struct smtp_names *names;   /* the client's; NULL: "unknown" */
	const struct smtp_tls *tls; /* NULL: plain text */
	uint32_t verb_ok_n[SMTP_VERB_N], verb_n[SMTP_VERB_N];
	char helo[SMTP_HELO_MAX];
};

static_assert(sizeof(struct smtp) <= 512, "an idle session is small");

/*
 * Starts a session: the greeting, or the PROXY header first. Borrows cfg and
 * shared until smtp_fini(). Step it at once.
 */
void smtp_init(struct smtp *s, const struct smtp_cfg *cfg,
	       struct smtp_shared *shared, const struct ip *client_ip,
	       uint16_t client_port, uint64_t now_us);
/* Gives every resource back. The owner drops its message first. */
void smtp_fini(struct smtp *s);
/* Frees the pooled transactions: at the worker's end. */
void smtp_shared_fini(struct smtp_shared *shared);

/*
 * Uses up *in as far as it can and appends replies to *out, which must have
 * SMTP_OUT_ROOM_MIN free, else the answer is FLUSH.
 */
enum smtp_want smtp_step(struct smtp *s, struct span *in, struct smtp_out *out,
			 uint64_t now_us);

/* --- answers --- */

/*
 * code 0: go on. Else the SMTP reply code with text behind it; is_close: hang
 * up afterwards.
 */
void smtp_checked(struct smtp *s, struct smtp_out *out, unsigned code,
		  const char *text, bool is_close, uint64_t now_us);
/* How a client's name was found. */
enum smtp_name_status {
	SMTP_NAME_OK,
	SMTP_NAME_UNKNOWN,
	SMTP_NAME_TRYAGAIN,
	SMTP_NAME_FORGED, /* its name is not its own */
};

/* Names are copied; "" is "unknown". */
struct smtp_found {
	struct span name, reverse_name;
	enum smtp_name_status name_status, reverse_status;
};
void smtp_named(struct smtp *s, const struct smtp_found *found,
		uint64_t now_us);
/*
 * In a transaction, until its body begins: lines that go before the message,
 * each with its "\n". false: there is no room for so many.
 */
#define SMTP_HEADERS_MAX 3072u
MUST_USE bool smtp_prepend(struct smtp *s, struct span lines);
/* Before a MAIL check is answered with 0. Borrows env until the txn ends. */
void smtp_txn_begin(struct smtp *s, struct envelope *env, uint64_t id,
		    uint64_t wall_us);

enum smtp_commit { SMTP_COMMIT_OK, SMTP_COMMIT_FULL, SMTP_COMMIT_FAILED };
void smtp_committed(struct smtp *s, struct smtp_out *out,
		    enum smtp_commit outcome, uint64_t now_us);

/*
 * TLS: may a handshake begin now? No is a 454, and the session goes on. Yes:
 * the session starts afresh; first what is left of its input must be thrown
 * away, as far as it was sent before our answer (CVE-2011-0411). A wrapped
 * service has no answer and nothing to throw away: always yes.
 */
void smtp_tls_begin(struct smtp *s, struct smtp_out *out, bool is_possible,
		    uint64_t now_us);
/* The handshake is done. Borrows tls until smtp_fini(). Step it at once. */
void smtp_tls_done(struct smtp *s, const struct smtp_tls *tls, uint64_t now_us);

/*
 * AUTH: what the server says. text: the challenge, in base64 (MORE), or why not
 * (FAIL, TEMP); user: who it is (OK), without control characters.
 */
enum smtp_auth_outcome {
	SMTP_AUTH_NOTHING,
	SMTP_AUTH_MORE,
	SMTP_AUTH_OK,
	SMTP_AUTH_FAIL,
	SMTP_AUTH_TEMP,
};
void smtp_authed(struct smtp *s, struct smtp_out *out,
		 enum smtp_auth_outcome outcome, const char *text,
		 const char *user, uint64_t now_us);
/* Who has logged in, or NULL. */
const struct smtp_auth *smtp_login(const struct smtp *s);
/* MAIL's AUTH=, or "". */
const char *smtp_auth_sender(const struct smtp *s);

/* From smtp_tls_begin() to _done(): nothing can be said to the peer. */
bool smtp_in_tls(const struct smtp *s);

/* --- what the wants are about --- */

struct smtp_facts {
	const struct addr *sender; /* NULL before MAIL */
	const struct addr *rcpt;   /* RCPT and VRFY */
	struct envelope_rcpt like; /* RCPT: orig, orcpt, notify */
	uint64_t size_bytes;	   /* as declared; from EOD on as received */
	unsigned rcpt_n;	   /* accepted */
	struct span rcpt_first;	   /* of these */
	struct span etrn;	   /* ETRN: the domain */
};
struct smtp_facts smtp_facts(const struct smtp *s);

/* Sender, DSN and body parameters, from MAIL: fills its part of *head. */
void smtp_envelope_head(const struct smtp *s, struct envelope_head *head);

/* A transaction is open: its message must be kept; else drop it. */
bool smtp_has_txn(const struct smtp *s);

/* STREAM and COMMIT: the chunks so far; from now on the caller's. */
struct chunk *smtp_body_take(struct smtp *s);
/* After STREAM: the queue cannot hold more of it. 552 at its end. */
void smtp_too_big(struct smtp *s);

const char *smtp_client_name(const struct smtp *s);  /* "unknown" */
const char *smtp_reverse_name(const struct smtp *s); /* not verified */
enum smtp_name_status smtp_name_status(const struct smtp *s);
enum smtp_name_status smtp_reverse_status(const struct smtp *s);
/* Says who others are: smtpd_authorized_xclient_hosts. */
bool smtp_xclient_is_allowed(const struct smtp *s);
const char *smtp_proto_name(const struct smtp *s); /* "SMTP", "ESMTP" */
const char *smtp_verb_name(enum smtp_verb verb);   /* "EHLO", "UNKNOWN" */
/* The last request as Postfix's logs have it: "CONNECT", "END-OF-MESSAGE" */
const char *smtp_state_name(const struct smtp *s);

/*
 * The peer has sent nothing for too long, the engine stops, or there has been
 * no memory for the rest of a message: appends the 421 if there is room (a peer
 * that does not read has filled it), closes the machine.
 */
void smtp_timed_out(struct smtp *s, struct smtp_out *out);
void smtp_shutting_down(struct smtp *s, struct smtp_out *out);
void smtp_out_of_storage(struct smtp *s, struct smtp_out *out);
/* Between messages, nothing of one received: may be told 421 at any time. */
bool smtp_is_idle(const struct smtp *s);

#endif
