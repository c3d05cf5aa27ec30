/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.h: names and addresses out of DNS (RFC 1035, 2308, 3596, 6891, 7505) for
 * sessions that cannot wait. One thread for the process asks the servers; each
 * worker has a cache of its own, in which a question that is on its way stands
 * too, so that it is asked once whoever wants to know. A worker's question
 * costs a lookup in that cache and never blocks; nothing is allocated for an
 * answer that is there.
 *
 * A worker's functions take its struct lookups, to which dns_source() was
 * added as LOOKUP_DNS.
 */
#ifndef PENSTOCK_POLICY_DNS_H
#define PENSTOCK_POLICY_DNS_H

#include "engine/base/diag.h"
#include "engine/base/ip.h"
#include "engine/policy/dns_cfg.h"
#include "engine/policy/lookup.h"

#define DNS_NAME_MAX	255  /* in text, without a final dot */
#define DNS_RECORDS_MAX 100  /* of one answer; what is more is left out */
#define DNS_TEXT_MAX	2048 /* of one TXT record */
#define DNS_LATENCIES_N 24

enum dns_type {
	DNS_A,
	DNS_AAAA,
	DNS_PTR,
	DNS_MX,
	DNS_NS,
	DNS_TXT,
	/*
	 * The same as the system's resolver gives them: hosts(5) first. The
	 * name for a PTR is the address itself, as text.
	 */
	DNS_HOST_A,
	DNS_HOST_AAAA,
	DNS_HOST_PTR,
	DNS_TYPE_N
};

enum dns_status {
	DNS_OK,	      /* at least one record */
	DNS_NXDOMAIN, /* no such name, or it is not one */
	DNS_NODATA,   /* the name has no such record, or is a CNAME loop */
	DNS_NULL_MX,  /* MX: it takes no mail (RFC 7505) */
	DNS_BAD,      /* there are records, but none whose name is valid */
	DNS_TRYAGAIN, /* no answer in time, SERVFAIL, nonsense, no room */
	DNS_STATUS_N
};

struct dns_record {
	struct ip ip;	  /* A, AAAA */
	const char *name; /* MX, NS, PTR: lower case, no final dot; TXT: the
			   * text, printable. NUL-terminated */
	uint16_t name_len;
	uint16_t pref; /* MX */
};

struct dns_answer {
	enum dns_status status;
	uint32_t ttl_s;	       /* as it was when it came */
	uint32_t records_n;    /* 0 when status is not DNS_OK */
	const char *canonical; /* the end of the CNAMEs; "": there are none */
	const struct dns_record *records; /* in the server's order */
};

struct dns;

/*
 * Starts the thread. Borrows cfg. NULL: see *diag.
 */
struct dns *dns_open(const struct dns_cfg *cfg, unsigned workers_n,
		     struct diag *diag);
/* After the workers' end. Takes *dns; NULL is fine. */
void dns_close(struct dns **dns);
/* Whether cfg can be used: a server that is no address is named. */
MUST_USE bool dns_check_cfg(const struct dns_cfg *cfg, struct diag *diag);
/*
 * A reload: other servers and limits, from the thread's next round on;
 * pending_max stays. Borrows cfg. Without memory nothing changes, and the log
 * says so. Any thread but two at once.
 */
void dns_configure(struct dns *dns, const struct dns_cfg *cfg);
/* For a worker's lookups_add(LOOKUP_DNS). */
struct lookup_source *dns_source(struct dns *dns, unsigned worker_idx);

/* --- questions: a worker's --- */

/*
 * What is known of name, in any case, with or without a final dot. NULL: not
 * yet; it was pinned to the session, which lookups_next() gives when all that
 * it waits for is there: then ask again. Without room for one more question the
 * answer is DNS_TRYAGAIN, at once.
 *
 * The caller borrows the answer until the worker's next lookups_reap(), or, if
 * it was waited for, until lookup_pins_drop().
 */
MUST_USE const struct dns_answer *dns_find(struct lookups *all,
					   struct lookup_pins *pins,
					   struct span name, enum dns_type type,
					   uint64_t now_us);

/* How a client's name was found; smtpd_peer.c of Postfix has the same four. */
enum dns_client_status {
	DNS_CLIENT_OK,
	DNS_CLIENT_UNKNOWN,  /* there is none */
	DNS_CLIENT_TRYAGAIN, /* nobody can say now */
	DNS_CLIENT_FORGED,   /* .name: its name has other addresses */
};

struct dns_client {
	enum dns_client_status name_status;
	enum dns_client_status reverse_status;
	char name[DNS_NAME_MAX + 1];	     /* verified, or "unknown" */
	char reverse_name[DNS_NAME_MAX + 1]; /* as PTR says, or "unknown" */
};

/*
 * The name of a client: its PTR, of which an A (AAAA) must be the address; both
 * from hosts(5) or DNS. false: not yet, as with dns_find().
 */
MUST_USE bool dns_client_find(struct lookups *all, struct lookup_pins *pins,
			      const struct ip *ip, uint64_t now_us,
			      struct dns_client *out);

/*
 * The name to ask for an address: "1.2.0.192.in-addr.arpa", or, for a list of
 * addresses, below that domain: "1.2.0.192.zen.example". zone: "" for arpa.
 * Gives its length; 0: too long.
 */
#define DNS_REVERSE_MAX (DNS_NAME_MAX + 1)
size_t dns_reverse_name(const struct ip *ip, struct span zone,
			char out[DNS_REVERSE_MAX]);

/*
 * A host's name as Postfix's valid_hostname() has it: letters, digits, '-',
 * '_', labels of at most 63, not only digits.
 */
bool dns_is_hostname(struct span name);

/* --- for `penstock status`: any thread --- */

struct dns_stats {
	uint64_t finds_n;     /* questions of sessions */
	uint64_t hits_n;      /* of them answered by the cache */
	uint64_t shared_n;    /* ... or that joined one on its way */
	uint64_t refused_n;   /* ... or that found no room */
	uint64_t queries_n;   /* questions to servers */
	uint64_t answers_n;   /* what came of them: an answer, */
	uint64_t negatives_n; /* ... of them no such name or record, */
	uint64_t failures_n;  /* ... SERVFAIL, refusals, nonsense, */
	uint64_t timeouts_n;  /* ... or nothing in time */
	uint64_t hosts_n;     /* questions that hosts(5) answered */
	uint64_t pending_n;   /* now on their way */
	uint64_t pending_max; /* and how many may be */
	uint64_t entries_n;   /* cached */
	uint64_t bytes;
	uint64_t evicted_n;
	uint64_t servers_n;
	uint64_t latencies_n[DNS_LATENCIES_N]; /* queries: i: < 2^(i + 1) us */
};
void dns_stats_get(const struct dns *dns, struct dns_stats *out);

#endif
