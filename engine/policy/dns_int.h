/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns_int.h: what the files about DNS share. An entry is a question and, later,
 * its answer: it is its worker's until it is in the ring to the thread, the
 * thread's until it is in the ring back (but for what is marked), and then the
 * worker's for as long as it is cached or pinned.
 */
#ifndef PENSTOCK_POLICY_DNS_INT_H
#define PENSTOCK_POLICY_DNS_INT_H

#include "engine/base/counter.h"
#include "engine/base/ring.h"
#include "engine/base/sip.h"
#include "engine/policy/dns.h"
#include "engine/policy/dns_files.h"

#include <ares.h>
#include <pthread.h>

#define DNS_CNAMES_MAX	   10
#define DNS_TTL_MAX_S	   86400u
#define DNS_TTL_NEGATIVE_S 3600u /* RFC 2308 section 5: at most */
#define DNS_TTL_BRIEF_S	   5u	 /* failures; what has no SOA; hosts(5) */
#define DNS_CLASS_IN	   1
#define DNS_ROWS_MAX	   512 /* records that are looked at */

/* --- answers: dns_answer.c --- */

/* One allocation: the answer, its records, their texts. */
struct dns_block {
	size_t bytes;
	struct dns_answer answer;
	struct dns_record records[];
};

/* A deep copy; NULL: no memory. free() it. */
MUST_USE struct dns_block *dns_block_new(const struct dns_answer *like);

extern const struct dns_answer dns_answer_tryagain;
extern const struct dns_answer dns_answer_nxdomain;

/*
 * name in lower case without a final dot in out, NUL-terminated. Gives its
 * length; 0: it is no host's name.
 */
size_t dns_name_fold(struct span name, char out[DNS_NAME_MAX + 1]);

/* --- messages: dns_parse.c --- */

/* Where an answer is put together; 128 KB: not for the stack. */
struct dns_parse {
	struct dns_answer answer; /* points into what follows */
	bool is_cut; /* it ends in the CNAME canonical[], of which there is
		      * nothing: ask for that */
	char canonical[DNS_NAME_MAX + 1];
	struct dns_record records[DNS_RECORDS_MAX];
	size_t text_len;
	char text[DNS_RECORDS_MAX * (DNS_NAME_MAX + 1) + 65536];
};

/*
 * Reads a server's answer to (name, type), DNS_A to DNS_TXT, into *out. false:
 * it is none.
 */
MUST_USE bool dns_parse(struct dns_parse *out, struct span msg,
			struct span name, enum dns_type type);
/* RFC 1035 section 3.2.2. */
unsigned dns_parse_code(enum dns_type type);

/* --- a worker's side: dns_side.c --- */

struct dns_ask {
	struct lookup lookup;
	struct dns_entry *entry;
	struct dns_ask *next, *prev; /* of the entry's, until it is done */
};

struct dns_entry {
	struct dns_entry *next_hash;
	struct dns_entry *newer, *older;
	struct dns_ask *asks;
	const struct dns_answer *answer; /* NULL: on its way */
	uint64_t expires_us;
	uint64_t hash;
	struct dns_entry *next_flight; /* the thread's */
	struct dns_block *block;       /* the thread's gift; NULL: failed */
	uint32_t refs;		       /* the table's, and a pin's each */
	uint32_t bytes;
	uint16_t worker_idx;
	uint16_t name_len;
	uint8_t type; /* enum dns_type */
	bool is_used; /* since eviction looked at it last */
	char name[];
};

struct dns_side {
	struct lookup_source source;
	struct dns *dns;
	unsigned idx;
	struct dns_entry **buckets;
	uint32_t mask;
	struct dns_entry *newest, *oldest;
	struct dns_entry *dead; /* lent out until the next reap */
	uint64_t pending_n;
	uint64_t bytes;
	counter_t entries_n, entries_bytes, pending; /* as others see them */
	counter_t finds_n, hits_n, shared_n, refused_n, evicted_n;
	struct ring to_thread, to_worker;
};

MUST_USE int dns_side_init(struct dns_side *side, struct dns *dns, unsigned idx,
			   uint32_t pending_max);
/* Nothing is pinned or on its way any more. */
void dns_side_fini(struct dns_side *side);

/* --- the thread: dns_thread.c, dns_channel.c --- */

#define DNS_CHANNELS_N 16
#define DNS_FLIGHTS_N  4096 /* buckets */

/* What is asked of servers: for one entry of each worker, at most. */
struct dns_flight {
	struct dns_flight *next_hash;
	struct dns *dns;
	struct dns_channel *channel;
	struct dns_entry *entries;
	uint64_t hash;
	uint64_t begin_us;
	uint32_t ttl_s; /* of the CNAMEs so far */
	uint8_t type;	/* to ask for: DNS_A to DNS_TXT */
	uint8_t cnames_n;
	struct dns_flight *next_again;
	char name[DNS_NAME_MAX + 1]; /* to ask for */
};

/*
 * c-ares's sockets: one UDP port for each server. A channel is replaced after
 * some hundred questions, so that nobody has the time to guess its ports.
 */
struct dns_channel {
	ares_channel ares;
	struct dns *dns;
	bool is_open;
	bool is_retired; /* no new questions */
	unsigned idx;
	unsigned flights_n;
	unsigned asked_n;
	uint64_t opened_us;
};

/* What a configuration and the files that it names say: one allocation. */
struct dns_settings {
	struct dns_cfg cfg; /* its texts are in here too */
	char texts[];
};

struct dns {
	unsigned workers_n;
	struct dns_side *sides;
	struct sip_key key; /* of names' hashes */
	uint32_t pending_max;
	_Atomic uint64_t cache_bytes_max;
	_Atomic(struct dns_settings *) next;
	_Atomic bool is_stop_wanted;
	_Atomic uint32_t is_asleep;
	int wake_fd, epoll_fd;
	pthread_t thread;
	bool is_started;
	/* the thread's */
	uint64_t now_us;
	uint64_t looked_us; /* at the files, last */
	struct dns_settings *settings;
	struct dns_resolv resolv;
	struct dns_hosts *hosts;
	struct dns_file_stamp resolv_stamp, hosts_stamp;
	struct dns_channel channels[DNS_CHANNELS_N];
	struct dns_channel *current;
	struct dns_flight *flights[DNS_FLIGHTS_N];
	unsigned flights_n;
	struct dns_flight *again; /* their channel was closed */
	struct dns_parse *parse;
	counter_t queries_n, answers_n, negatives_n, failures_n, timeouts_n;
	counter_t hosts_n, servers_n;
	counter_t latencies_n[DNS_LATENCIES_N];
};

struct dns_settings *dns_settings_new(const struct dns_cfg *cfg);
MUST_USE int dns_thread_start(struct dns *dns);
void dns_thread_stop(struct dns *dns);
/* A worker's: something is in its ring. */
void dns_thread_wake(struct dns *dns);

/* A channel with room for one more question; NULL: there is none. */
struct dns_channel *dns_channel_get(struct dns *dns);
/* Its servers have changed: no more questions to those that there are. */
void dns_channels_retire(struct dns *dns);
/* Closes those that are retired and have no questions; all: every one. */
void dns_channels_sweep(struct dns *dns, bool is_all);
/* Lets them read and write, and find out what has timed out. */
void dns_channels_poll(struct dns *dns, int timeout_ms);

#endif
