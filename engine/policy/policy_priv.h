/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_priv.h: what the files of engine/policy/ share, and their unit tests
 * see. Nothing here blocks; nothing allocates after policy_open().
 */
#ifndef PENSTOCK_POLICY_POLICY_PRIV_H
#define PENSTOCK_POLICY_POLICY_PRIV_H

#include "engine/policy/dns.h"
#include "engine/policy/policy.h"

#include <stdarg.h>
#include <stdio.h>

/* What a refusal is about, in the words of Postfix's replies. */
#define POLICY_SUBJECT_CLIENT  "Client host"
#define POLICY_SUBJECT_REVERSE "Unverified Client host"
#define POLICY_SUBJECT_HELO    "Helo command"
#define POLICY_SUBJECT_SENDER  "Sender address"
#define POLICY_SUBJECT_RCPT    "Recipient address"
#define POLICY_SUBJECT_DATA    "Data command"
#define POLICY_SUBJECT_EOD     "End-of-data"
#define POLICY_SUBJECT_ETRN    "Etrn command"

/* --- restriction lists, compiled: policy_list.c --- */

enum policy_list_id {
	POLICY_LIST_CLIENT,
	POLICY_LIST_HELO,
	POLICY_LIST_SENDER,
	POLICY_LIST_RELAY,
	POLICY_LIST_RCPT,
	POLICY_LIST_DATA,
	POLICY_LIST_EOD,
	POLICY_LIST_ETRN,
	POLICY_LIST_N
};

struct policy_rule;
struct policy_eval;

enum policy_answer { POLICY_DUNNO, POLICY_OK, POLICY_REJECT };

/* What stands behind a restriction's word. */
enum policy_arg {
	POLICY_ARG_NONE,
	POLICY_ARG_TABLE,
	POLICY_ARG_WORD,
	POLICY_ARG_SERVER,
	POLICY_ARG_RBL,
	POLICY_ARG_SECONDS,
};

/* One row of restrictions.def. */
struct policy_word {
	const char *name;
	enum policy_answer (*eval)(struct policy_eval *e,
				   const struct policy_rule *rule);
	enum policy_stage known; /* where what it looks at is known first */
	enum policy_arg arg;
	enum dns_type dns; /* check_..._mx_access: what is asked for */
	const char *lacks; /* what it needs that is not built */
};

struct policy_list {
	struct policy_rule *rules;
	unsigned rules_n;
};

struct policy_rule {
	const struct policy_word *word;
	union {
		struct table *table;	      /* check_..._access */
		struct policy_server *server; /* check_policy_service */
		struct policy_rbl *rbl;	      /* reject_rbl_client, ... */
		uint64_t pause_us;	      /* sleep */
	};
	const struct policy_list *class; /* a class's list, word is NULL */
	bool is_warn;			 /* behind warn_if_reject */
};

struct policy {
	const struct policy_cfg *cfg;
	const char *service;
	bool is_canonical_ext; /* propagate_unmatched_extensions has it */
	bool is_virtual_ext;
	bool is_alias_ext;
	bool has_servers;   /* check_policy_service is somewhere */
	bool is_without_v4; /* inet_protocols */
	bool is_without_v6;
	bool is_access_parent; /* a parent domain's key needs no dot */
	struct policy_list lists[POLICY_LIST_N];
	struct policy_list *classes; /* cfg->classes_n of them */
};

/* NULL when name is no restriction. */
const struct policy_word *policy_word_find(struct span name);
/* The known word nearest to name, for a message. */
const char *policy_word_nearest(const struct policy *policy, struct span name);
/* The list of a restriction class, or NULL. */
const struct policy_list *policy_class_find(const struct policy *policy,
					    struct span name);
/* The next word of a restriction list; braces hold one together. */
struct span policy_word_next(struct span *rest);

/* Compiles every list of policy->cfg. false: an error is in *diag. */
bool policy_lists_open(struct policy *policy, struct diag *diag);
void policy_lists_close(struct policy *policy);

/* --- addresses and their classes: policy_addr.c --- */

/* ADDRESS_CLASS_README. */
enum policy_class_id {
	POLICY_CLASS_LOCAL,
	POLICY_CLASS_ALIAS,
	POLICY_CLASS_VIRTUAL,
	POLICY_CLASS_RELAY,
	POLICY_CLASS_DEFAULT,
};

struct policy_addr {
	const struct addr *addr; /* what was asked, or own; has a domain */
	enum policy_class_id class;
	bool is_own;	/* local, or in myorigin: bare names are looked up */
	bool is_routed; /* its local part names a way on: user%dom, dom!user */
	struct addr own;
};

/*
 * Rewrites a (bare names, hosts without dots, ways through this host) as
 * trivial-rewrite(8) does, and says in which class it ends. *out may point at
 * *a. POLICY_RESOLVE_BAD: what is behind the '%' or '!' is no address.
 */
enum policy_resolve {
	POLICY_RESOLVE_OK,
	POLICY_RESOLVE_BAD,
	POLICY_RESOLVE_ERROR, /* a table failed */
};
MUST_USE enum policy_resolve policy_resolve(const struct policy *policy,
					    const struct addr *a,
					    struct policy_addr *out);

/* Where an extension (with its delimiter) begins in a plain local part. */
size_t policy_ext_at(const struct policy *policy, struct span local);

bool policy_is_postmaster(struct span local);

/* --- lookups by address: policy_find.c --- */

struct policy_hit {
	struct span value; /* in the table or in the caller's buf */
	bool is_ext_left;  /* found without the extension */
};

/*
 * Looks for user+ext@dom, user@dom, user+ext, user (these two only where
 * addr->is_own), @dom, as mail_addr_find() of Postfix does: first with a local
 * part's quotes, then without.
 */
enum table_result policy_find(const struct policy *policy,
			      const struct maps *maps,
			      const struct policy_addr *addr,
			      struct table_buf *buf, struct policy_hit *hit);

/* A list that is not there is empty. */
static inline bool
policy_has_maps(const struct maps *maps)
{
	return maps != NULL && !maps_is_empty(maps);
}

/* --- aliases: policy_alias.c --- */

/*
 * The next element of an alias's right-hand side: words between commas and
 * blanks, comments dropped, of "Name <address>" the address. false: none left.
 */
bool policy_rhs_next(struct span *rest, struct span *elem_out);

enum policy_target {
	POLICY_TARGET_ADDR,    /* in *out */
	POLICY_TARGET_USER,    /* "\name", in *out: never an alias again */
	POLICY_TARGET_COMMAND, /* "|command": aliases(5) */
	POLICY_TARGET_FILE,    /* "/file" */
	POLICY_TARGET_INCLUDE, /* ":include:/file" */
	POLICY_TARGET_BAD,
};

/*
 * Reads one element. from: the address that matched; its user goes before
 * "@domain", and its extension to every target when it was not matched and
 * may be propagated. Targets that are no addresses only where is_local.
 */
enum policy_target policy_target_read(const struct policy *policy,
				      struct span elem, const struct addr *from,
				      bool is_ext_left, bool is_propagated,
				      bool is_local, struct addr *out);

/* --- where mail goes: policy_expand.c, policy_route.c --- */

/* Looks one alias_maps name up, with its extension, then without. */
enum table_result policy_find_alias(const struct policy *policy,
				    const struct addr *addr,
				    struct table_buf *buf,
				    struct policy_hit *hit);

/* One recipient on its way into an envelope. */
struct policy_router {
	const struct policy *policy;
	const struct envelope_rcpt *like;
	struct envelope *env;
	char *text_out;
	bool is_postmaster;	       /* bare postmaster: never refused */
	char name[ADDR_BYTES_MAX + 1]; /* as the client gave it */
};

/*
 * Expands addr, which has an alias or needs one, and adds what comes of it.
 * 0 or a reply code with its text, as policy_route() gives it.
 */
int policy_expand(struct policy_router *r, const struct policy_addr *addr);

enum policy_outcome {
	POLICY_ADDED,
	POLICY_UNKNOWN, /* no such user: code and text say it */
	POLICY_RELAYED, /* would have to leave this host: the same */
	POLICY_FAILED,	/* trouble of ours: the same */
};

/* Adds one address that is no alias. */
enum policy_outcome policy_deliver(struct policy_router *r,
				   const struct policy_addr *addr,
				   unsigned *code_out);
/* Adds one recipient for which there is only a reason: text. */
enum policy_outcome policy_add(struct policy_router *r, struct span rcpt,
			       enum envelope_transport transport,
			       struct span dest, uint32_t uid, uint32_t gid,
			       unsigned *code_out);
unsigned policy_trouble(struct policy_router *r, unsigned code,
			const char *text);

enum policy_known { POLICY_KNOWN, POLICY_NOT_KNOWN, POLICY_KNOWN_ERROR };

/* Whether the tables of addr's class have it; aliases were asked before. */
enum policy_known policy_is_known(const struct policy *policy,
				  const struct policy_addr *addr,
				  struct table_buf *buf);
/* Gives the reply code for who is not, and the text that follows it. */
unsigned policy_say_unknown(const struct policy *policy,
			    const struct policy_addr *addr, const char *name,
			    bool is_sender, char text_out[POLICY_TEXT_MAX]);

/* --- what the lists say: policy_ask.c, policy_eval.c, policy_access.c --- */

/* A refusal that waits for what the lists will say. */
struct policy_defer {
	bool is_active;
	uint16_t code;
	char text[POLICY_TEXT_MAX];
};

/* --- policy servers: policy_server.c --- */

struct server_def;

/* What stands behind check_policy_service. */
struct policy_server {
	struct server_def *def;
	char *default_action;
	char *context;
};

/*
 * "inet:host:port", "unix:path", or one of these in braces with settings of
 * its own. NULL: why is in *diag.
 */
struct policy_server *policy_server_open(const struct policy_cfg *cfg,
					 struct span arg, struct diag *diag);
void policy_server_close(struct policy_server **server);

/* --- DNS: policy_dns.c, policy_rbl.c --- */

struct policy_eval;

/* What DNS has to say. NULL: not yet: policy_wait(). */
const struct dns_answer *policy_dns_find(struct policy_eval *e,
					 struct span name, enum dns_type type);

/* "zone" or "zone=filter" behind reject_rbl_client. */
struct policy_rbl {
	char name[DNS_NAME_MAX + 65]; /* all of it */
	uint16_t zone_len;
	bool has_filter;
	uint8_t allowed[4][32]; /* bits: values of each octet */
};
/* false: it is neither. */
bool policy_rbl_read(struct span arg, struct policy_rbl *out);

/* What a reply's template may name. */
struct policy_rbl_words {
	const struct policy_rbl *rbl;
	const char *what, *subject, *reason;
};
/* Gives the length of what it has written, with a NUL behind. */
size_t policy_rbl_expand(struct policy_eval *e,
			 const struct policy_rbl_words *words,
			 struct span template, char out[POLICY_TEXT_MAX]);

/* One policy_ask(), on its stack. */
struct policy_eval {
	const struct policy *policy;
	const struct policy_query *query;
	struct policy_verdict *out;
	const char *subject; /* of the list that runs: "Client host" */
	const char *name;    /* and what it is about: "name[ip]" */
	unsigned depth;
	unsigned warn_n; /* warn_if_reject around us */
	bool is_silent;	 /* no findings: they were said before */
	bool is_rcpt_checked;
	bool is_sender_checked;
	bool is_rcpt_resolved;
	bool is_sender_resolved;
	struct policy_defer if_permit;
	struct policy_defer if_reject;
	struct policy_addr rcpt;
	struct policy_addr sender;
	char client[IP_TEXT_MAX + 260]; /* "name[address]" */
	char client_name[DNS_NAME_MAX + 1];
	char reverse_name[DNS_NAME_MAX + 1];
	char helo[POLICY_TEXT_MAX / 2];
	char sender_text[ADDR_BYTES_MAX + 1];
	char rcpt_text[ADDR_BYTES_MAX + 1];
	struct table_buf buf;
};

enum policy_answer policy_eval_list(struct policy_eval *e,
				    const struct policy_list *list);
enum policy_answer policy_eval_rule(struct policy_eval *e,
				    const struct policy_rule *rule);

enum policy_reject_kind {
	POLICY_BY_POLICY,
	POLICY_BY_TROUBLE, /* ours: warn_if_reject does not soften it */
};

/*
 * Refuses with "code dsn text", or notes that it would (warn_if_reject). The
 * class of the enhanced code follows the reply code's.
 */
PRINTF_LIKE(5, 6)
enum policy_answer policy_reject(struct policy_eval *e,
				 enum policy_reject_kind kind, unsigned code,
				 const char *dsn, const char *fmt, ...);
/* The same, once the lists have said yes (no). */
PRINTF_LIKE(4, 5)
enum policy_answer policy_defer_if_permit(struct policy_eval *e, unsigned code,
					  const char *dsn, const char *fmt,
					  ...);
PRINTF_LIKE(4, 5)
enum policy_answer policy_defer_if_reject(struct policy_eval *e, unsigned code,
					  const char *dsn, const char *fmt,
					  ...);
/* "451 4.3.5 Server configuration error" */
enum policy_answer policy_server_error(struct policy_eval *e);
/* "451 4.3.0 <name>: Temporary lookup failure" */
enum policy_answer policy_lookup_error(struct policy_eval *e, const char *name);
/* An answer is not there yet: gives up this pass, POLICY_REJECT. */
enum policy_answer policy_wait(struct policy_eval *e);
/* A line for the log beside the verdict. */
PRINTF_LIKE(3, 4)
void policy_say(struct policy_eval *e, const char *verb, const char *fmt, ...);

/*
 * The query's recipient (sender) with its class, in *out. NULL there: none.
 * POLICY_REJECT: a table failed or it is no address; the verdict has it.
 */
enum policy_answer policy_eval_get_rcpt(struct policy_eval *e,
					const struct policy_addr **out);
enum policy_answer policy_eval_get_sender(struct policy_eval *e,
					  const struct policy_addr **out);

/* check_..._access: what an access(5) table says. */
enum policy_answer policy_access_client(struct policy_eval *e,
					const struct table *table);
enum policy_answer policy_access_helo(struct policy_eval *e,
				      const struct table *table);
enum policy_answer policy_access_mail(struct policy_eval *e,
				      const struct table *table,
				      const struct policy_addr *addr,
				      const char *name, const char *subject);
enum policy_answer policy_access_null(struct policy_eval *e,
				      const struct table *table);
/* A host's name or an address. *is_found: the table has it, whatever follows.
 */
enum policy_answer policy_access_host(struct policy_eval *e,
				      const struct table *table,
				      struct span host, const char *name,
				      const char *subject, bool *is_found);
enum policy_answer policy_access_ip(struct policy_eval *e,
				    const struct table *table,
				    const struct ip *ip, const char *name,
				    const char *subject, bool *is_found);
/* Cuts "5.7.1" off the front of text, which it gives; else dsn stays. */
struct span policy_split_dsn(struct span text, char dsn[16]);
/* One key and no other. *is_found_out: the table has an answer for it. */
enum policy_answer policy_access_found(struct policy_eval *e,
				       const struct table *table,
				       struct span key, const char *name,
				       const char *subject, bool *is_found_out);
enum policy_answer policy_access_key(struct policy_eval *e,
				     const struct table *table, struct span key,
				     const char *name, const char *subject);
/*
 * Does what an action of access(5) says, about what the list is about. source:
 * who said it, for the log.
 */
enum policy_answer policy_access_obey(struct policy_eval *e, const char *source,
				      struct span action);

/* A reply code of the configuration, or its default. */
static inline unsigned
policy_code(uint32_t configured, unsigned otherwise)
{
	return configured ? configured : otherwise;
}

/* The address as people read it: no quoting. NUL-terminated. */
void policy_print_addr(const struct addr *a, char out[ADDR_BYTES_MAX + 1]);

/* clang-format off */
/* Evaluators: one per built row of restrictions.def. */
#define BUILT(name, fn, known, arg) \
	enum policy_answer policy_eval_##fn(struct policy_eval *e, \
					    const struct policy_rule *rule);
#define HOSTS(name, fn, known, dns) BUILT(name, fn, known, TABLE)
#define LACKS(name, what)
#include "engine/policy/restrictions.def"
#undef HOSTS
#undef BUILT
#undef LACKS
/* clang-format on */

#endif
