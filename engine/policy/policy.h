/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h: who may send what to whom: address classes (ADDRESS_CLASS_README),
 * virtual aliases, restriction lists, and where each recipient's mail goes.
 * A struct policy is compiled from one service's struct policy_cfg at start or
 * reload, then immutable: any thread asks at once, no lock, no waiting, and no
 * allocation but for what must be asked outside: that comes back through the
 * worker's struct lookups (lookup.h).
 */
#ifndef PENSTOCK_POLICY_POLICY_H
#define PENSTOCK_POLICY_POLICY_H

#include "engine/base/addr.h"
#include "engine/base/diag.h"
#include "engine/base/envelope.h"
#include "engine/base/ip.h"
#include "engine/policy/policy_cfg.h"

struct lookup_pins;
struct lookups;
struct policy;

/*
 * Compiles *cfg, which it borrows until policy_close(). service: for messages
 * ("smtp inet"). NULL when there was an error, which then is in *diag.
 * Restrictions that need what is not built yet (address verification) are
 * named in *diag: a warning where leaving them out lets nothing in that they
 * would stop (permit_..., warn_if_reject reject_...), else an error.
 */
struct policy *policy_open(const struct policy_cfg *cfg, const char *service,
			   struct diag *diag);
void policy_close(struct policy **policy);

/* When smtpd_delay_reject is yes, CONNECT, HELO and MAIL say nothing. */
enum policy_stage {
	POLICY_CONNECT,
	POLICY_HELO,
	POLICY_MAIL,
	POLICY_RCPT,
	POLICY_DATA,
	POLICY_EOD, /* end of data */
	POLICY_VRFY,
	POLICY_ETRN,
	POLICY_STAGE_N
};

/* Who has logged in: AUTH, or XCLIENT LOGIN. */
struct policy_login {
	const char *method, *user;
	const char *sender; /* MAIL's AUTH=, or "" */
};

/* A client's certificate: fingerprints; "": it has none. */
struct policy_ccert {
	const char *certificate, *public_key;
	bool is_trusted; /* by smtpd_tls_CAfile and the like */
};

/* What is known of the session so far; empty where it is not. */
struct policy_query {
	enum policy_stage stage;
	uint16_t client_port;
	uint16_t server_port;
	struct ip client_ip;
	struct ip server_ip;
	struct span client_name;  /* "unknown" when not verified */
	struct span reverse_name; /* not verified: "unknown" without one */
	uint8_t client_status;	  /* enum dns_client_status: of client_name */
	uint8_t reverse_status;	  /* ... of reverse_name */
	struct span helo;
	const char *proto;	   /* "SMTP" or "ESMTP" */
	const char *where;	   /* the command, "END-OF-MESSAGE" */
	const char *tls;	   /* struct smtp_tls's summary, or NULL */
	const struct addr *sender; /* NULL before MAIL */
	const struct addr *rcpt;   /* RCPT and VRFY */
	struct span rcpt_first;	   /* the first one accepted */
	struct span etrn;	   /* ETRN: the domain */
	uint64_t message_id;	   /* 0: none yet */
	uint64_t size_bytes;	   /* SIZE= as declared; EOD: real */
	unsigned rcpt_n;	   /* recipients accepted so far */
	bool is_pipelined;	   /* commands were waiting behind this one */
	bool was_pipelined_badly;  /* ... or where they must not, earlier */
	bool is_tls;
	uint64_t now_us;
	const struct policy_login *login; /* NULL: nobody */
	const struct policy_ccert *ccert; /* NULL: no TLS */
	/* Where what has to be asked outside goes; NULL: nobody can be asked */
	struct lookups *lookups;
	struct lookup_pins *pins;
};

#define POLICY_TEXT_MAX	    1024
#define POLICY_FINDINGS_MAX 4
#define POLICY_HEADERS_MAX  1024

/*
 * What the worker logs beside the verdict, as "VERB: RCPT from …: TEXT". verb:
 * reject_warning (warn_if_reject), warn, info, discard.
 */
struct policy_finding {
	const char *verb;
	char text[POLICY_TEXT_MAX]; /* "554 5.7.1 <x>: …" */
};

struct policy_verdict {
	uint16_t code;	 /* 0: go on. Else the SMTP reply code */
	bool is_pending; /* no verdict yet: ask again when pins are ready */
	bool is_close;	 /* 421, 521: hang up after the reply */
	bool is_discard; /* accepted, and then thrown away (DISCARD) */
	uint8_t findings_n;
	uint16_t headers_len; /* of headers: lines to put before the message */
	char text[POLICY_TEXT_MAX]; /* "5.7.1 <x>: Relay access denied" */
	struct policy_finding findings[POLICY_FINDINGS_MAX];
	char headers[POLICY_HEADERS_MAX]; /* each with its "\n" */
};

/* "Go on", before anything has been asked. */
static inline void
policy_verdict_init(struct policy_verdict *v)
{
	v->code = 0;
	v->is_pending = v->is_close = v->is_discard = false;
	v->findings_n = 0;
	v->headers_len = 0;
	v->text[0] = '\0';
}

/* Nothing is asked at this stage, as at most stages of most sites. */
bool policy_is_idle(const struct policy *policy, enum policy_stage stage);

/*
 * Where an answer from outside is missing, it is on its way, out->is_pending is
 * set and nothing else in *out counts: ask the same again once lookups_next()
 * gives the owner of query->pins. After the verdict: lookup_pins_drop().
 */
void policy_ask(const struct policy *policy, const struct policy_query *query,
		struct policy_verdict *out);

/*
 * Expands one accepted recipient (aliases, catch-alls, classes) and adds every
 * resulting recipient to *env, with transport and destination. `like` gives
 * what is kept as the client said it: orig, orcpt, notify. Used at RCPT, and
 * again for deferred mail, since the tables may have changed by then.
 * A target already in *env (same rcpt and dest) is not added twice.
 *
 * 0; or an SMTP reply: 451 4.3.0 (table failure), 451 4.3.5, 452 4.5.3 (too
 * many), 550 5.1.1: code and *text_out (at most POLICY_TEXT_MAX with its NUL),
 * and *env as before.
 */
MUST_USE int policy_route(const struct policy *policy, const struct addr *rcpt,
			  const struct envelope_rcpt *like,
			  struct envelope *env, char text_out[POLICY_TEXT_MAX]);

/*
 * For `penstock check`: what the tables and lists say that works, but not as
 * their writer may expect. Reads every table that can be walked; allocates.
 */
void policy_check_cfg(const struct policy *policy, struct diag *diag);

/*
 * The one owner of all mailboxes: true when virtual_uid_maps and
 * virtual_gid_maps are each one static: table with a number.
 */
bool policy_static_owner(const struct policy_cfg *cfg, uint32_t *uid_out,
			 uint32_t *gid_out);

/* A policy server is asked: the query should have every field. */
bool policy_has_servers(const struct policy *policy);

/* In mynetworks: the client may relay. */
bool policy_is_my_network(const struct policy *policy, const struct ip *ip);

#endif
