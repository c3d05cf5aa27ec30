/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_int.h: what the files of the SMTP machine share. Private to
 * engine/smtp/ and its unit tests.
 */
#ifndef PENSTOCK_SMTP_SMTP_INT_H
#define PENSTOCK_SMTP_SMTP_INT_H

#include "engine/smtp/smtp.h"
#include "engine/smtp/smtp_body.h"

enum smtp_state {
	ST_PROXY,   /* the PROXY header comes first */
	ST_TLS,	    /* a handshake comes first, or is going on */
	ST_GREET,   /* policy is asked about the client */
	ST_DENIED,  /* policy refused the client: QUIT is all that is left */
	ST_START,   /* greeted; no HELO yet */
	ST_READY,   /* HELO or EHLO done, no transaction */
	ST_MAIL,    /* MAIL accepted; RCPT, DATA, BDAT */
	ST_DATA,    /* receiving up to CRLF.CRLF */
	ST_CHUNK,   /* receiving a BDAT chunk */
	ST_SWALLOW, /* skipping a BDAT chunk that nobody wants */
	ST_AUTH,    /* the client's next line answers a challenge */
	ST_CLOSED,
	ST_N
};

#define IN(state) (1u << ST_##state)
/* Wherever commands are obeyed. */
#define ANY (IN(START) | IN(READY) | IN(MAIL))

enum smtp_reply {
#define REPLY(sym, code, dsn, text) REPLY_##sym,
#include "engine/smtp/replies.def"
#undef REPLY
	REPLY_N
};

/* From MAIL to the end of the message: reset by smtp_txn_end() alone. */
struct smtp_txn {
	struct smtp_txn *next_free;
	struct envelope *env; /* the owner's; NULL until smtp_txn_begin() */
	uint64_t id;
	uint64_t wall_us;
	struct smtp_body body;
	uint64_t size_declared;
	uint32_t rcpt_ok_n, rcpt_asked_n, rcpt_over_n;
	uint8_t body_type; /* enum envelope_body */
	uint8_t ret;	   /* enum envelope_ret */
	uint8_t notify;	   /* of the RCPT being asked about */
	bool is_smtputf8;
	bool has_bdat;	 /* BDAT seen: DATA and RCPT are over */
	bool has_failed; /* BDAT: what else comes is discarded */
	bool is_ended;	 /* the whole body is here */
	uint16_t envid_len, orcpt_len;
	uint16_t headers_len;
	char *headers;		   /* smtp_prepend()'s; NULL: none */
	char envid[100 + 1];	   /* RFC 3461 section 4.4: at most 100 */
	char orcpt[500 + 1];	   /* section 4.2: at most 500 */
	char auth_sender[500 + 1]; /* RFC 4954 section 5 */
	struct addr sender;
	struct addr rcpt;
	union {
		char rcpt_first[ADDR_BYTES_MAX + 1]; /* the first accepted */
		char etrn[ADDR_BYTES_MAX + 1];	     /* ETRN's domain */
	};
};

void smtp_set_state(struct smtp *s, enum smtp_state state);
/* Appends the reply; arg: for its %s, else NULL. Counts errors. */
void smtp_reply(struct smtp *s, struct smtp_out *out, enum smtp_reply reply,
		const char *arg);
/* Appends "code text", as policy words it. */
void smtp_reply_text(struct smtp *s, struct smtp_out *out, unsigned code,
		     const char *text);
void smtp_out_put(struct smtp_out *out, const char *p, size_t len);
#define SMTP_LINE_BYTES_MAX 512u /* RFC 5321 section 4.5.3.1.5, with CRLF */
/* An error's line and those of smtpd_reject_footer, at most. */
#define SMTP_REPLY_LINES_MAX 7u
#define SMTP_REPLY_BYTES_MAX (SMTP_REPLY_LINES_MAX * SMTP_LINE_BYTES_MAX)
/* smtpd_reject_footer behind the reply at out->p + at, the last one. */
void smtp_footer_put(const struct smtp *s, struct smtp_out *out, uint32_t at);
void smtp_error_count(struct smtp *s);

struct smtp_txn *smtp_txn_get(struct smtp *s);
void smtp_txn_end(struct smtp *s);
/* Where commands are read again, after HELO, a message or a skipped chunk. */
void smtp_set_command_state(struct smtp *s);

/* The client's names: smtp_name.c. */
void smtp_name_set(struct smtp *s, struct span name,
		   enum smtp_name_status status);
void smtp_reverse_name_set(struct smtp *s, struct span name,
			   enum smtp_name_status status);
void smtp_names_drop(struct smtp *s);
/* What the client's address and name decide; again when they change. */
void smtp_client_rules(struct smtp *s);

/* Lines: smtp_line.c */
enum smtp_line { LINE_MORE, LINE_IS, LINE_OVERLONG, LINE_NO_MEMORY };
/*
 * The next line, with its line end, borrowed from *in or from the partial
 * chunk. An overlong one is skipped up to its end and reported once.
 */
enum smtp_line smtp_line_next(struct smtp *s, struct span *in,
			      struct span *line);
/* The line's end removed; false: it was a bare LF and that is not allowed. */
bool smtp_line_cut_end(const struct smtp *s, struct span *line);
/* Adds to the partial chunk; false: no memory. */
bool smtp_line_keep(struct smtp *s, struct span bytes);

/* Time: smtp_time.c */
/* Half of a request is here: the peer owes the rest. */
bool smtp_is_in_request(const struct smtp *s);
/*
 * Bytes were used up. Each request has timeout_us. More of the same request
 * renews that or, with smtpd_per_request_deadline, only extends it, at
 * min_data_rate.
 */
void smtp_deadline_renew(struct smtp *s, bool is_same_request, size_t bytes,
			 uint64_t now_us);
/* An error too many was made since: sets resume_us. */
bool smtp_has_to_pause(struct smtp *s, unsigned errors_before, uint64_t now_us);

/* One command line without its line end. */
enum smtp_want smtp_command(struct smtp *s, struct span line,
			    struct smtp_out *out);
enum smtp_want smtp_ask(struct smtp *s, enum smtp_check check);
/* Left out of EHLO's answer: smtpd_discard_ehlo_keywords. */
bool smtp_is_discarded(const struct smtp *s, const char *keyword);
void smtp_helo_set(struct smtp *s, struct span name);
/* Policy agreed to what was asked. */
void smtp_helo_accepted(struct smtp *s, struct smtp_out *out);

/* MAIL's and RCPT's parameters: the reply to give, or REPLY_OK. */
enum smtp_reply smtp_mail_params(struct smtp *s, struct span args,
				 const char **arg_out);
enum smtp_reply smtp_rcpt_params(struct smtp *s, struct span args,
				 const char **arg_out);
/* RFC 3461 section 4: a chain of printable characters and +HH. */
bool smtp_is_xtext(struct span s);

/* TLS: smtp_tls.c */
/* STARTTLS is offered, and would be obeyed. */
bool smtp_tls_is_offered(const struct smtp *s);
/* Nothing but a few commands is obeyed before STARTTLS. */
static inline bool
smtp_tls_is_owed(const struct smtp *s)
{
	return s->cfg->tls_level == SMTP_TLS_ENCRYPT && s->tls == NULL;
}
enum smtp_want smtp_starttls(struct smtp *s, struct span args,
			     struct smtp_out *out);

/* The client may do that now: struct smtp_shared's is_within(). */
static inline bool
smtp_is_within(struct smtp *s, enum smtp_event event)
{
	return s->shared->is_within == NULL || s->shared->is_within(s, event);
}
/* "Error: too many WHAT from address", with the reply's own REPLY row. */
enum smtp_want smtp_limited(struct smtp *s, struct smtp_out *out,
			    enum smtp_reply reply);

/* AUTH: smtp_auth.c */
enum smtp_want smtp_auth(struct smtp *s, struct span args,
			 struct smtp_out *out);
enum smtp_want smtp_auth_step(struct smtp *s, struct span *in,
			      struct smtp_out *out);
/* EHLO would say AUTH. */
bool smtp_auth_is_offered(const struct smtp *s);
/* EHLO cannot be answered yet: SMTP_WANT_AUTH comes first. */
bool smtp_auth_is_owed(struct smtp *s);
/* Nobody has logged in any more. */
void smtp_auth_drop(struct smtp *s);
/* Somebody has, elsewhere. false: a name that is too long. */
MUST_USE bool smtp_auth_set(struct smtp *s, struct span method,
			    struct span user);

/* DATA and BDAT: smtp_data.c */
enum smtp_want smtp_data(struct smtp *s, struct span args,
			 struct smtp_out *out);
enum smtp_want smtp_bdat(struct smtp *s, struct span args,
			 struct smtp_out *out);
void smtp_data_accepted(struct smtp *s, struct smtp_out *out);
void smtp_data_refused(struct smtp *s);
enum smtp_want smtp_data_step(struct smtp *s, struct span *in,
			      struct smtp_out *out);
enum smtp_want smtp_chunk_step(struct smtp *s, struct span *in,
			       struct smtp_out *out);
enum smtp_want smtp_swallow_step(struct smtp *s, struct span *in);
void smtp_message_done(struct smtp *s, struct smtp_out *out,
		       enum smtp_commit outcome);

enum smtp_want smtp_xclient(struct smtp *s, struct span args,
			    struct smtp_out *out);

/*
 * The PROXY header (HAProxy's proxy-protocol.txt, versions 1 and 2) at the
 * start of *in. PROXY_MORE uses up nothing.
 */
enum proxy_result { PROXY_MORE, PROXY_DONE, PROXY_BAD };
struct proxy_info {
	bool is_local; /* the balancer's own health check: no address */
	struct ip ip;
	uint16_t port;
};
enum proxy_result smtp_proxy_parse(struct span *in, struct proxy_info *out);
#define PROXY_BYTES_MAX 1024u

#endif
