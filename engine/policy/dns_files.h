/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns_files.h: resolv.conf(5), hosts(5), and lists of servers. Reading a file
 * blocks; asking what it said does not.
 */
#ifndef PENSTOCK_POLICY_DNS_FILES_H
#define PENSTOCK_POLICY_DNS_FILES_H

#include "engine/base/ip.h"
#include "engine/base/must.h"

#define DNS_SERVERS_MAX 8

struct dns_server {
	struct ip ip;
	uint16_t port;
};

struct dns_resolv {
	struct dns_server servers[DNS_SERVERS_MAX];
	unsigned servers_n;
	uint32_t timeout_s; /* options timeout:, attempts:, rotate */
	uint32_t tries;
	bool is_rotating;
};

/*
 * "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT", separated by commas and blanks;
 * at most DNS_SERVERS_MAX of them. false: *bad_out is the one that is wrong.
 */
MUST_USE bool dns_servers_parse(struct span text, struct dns_resolv *out,
				struct span *bad_out);

/* As resolver(3) reads it: what is not understood is skipped. */
void dns_resolv_parse(struct span text, struct dns_resolv *out);
/* The same of a file; when there is none, what an empty one says. */
void dns_resolv_read(const char *path, struct dns_resolv *out);

/* Which state of a file was read. */
struct dns_file_stamp {
	uint64_t ino, size, mtime_ns;
};
/* Whether it is another one by now; then *stamp is of that. */
bool dns_file_has_changed(const char *path, struct dns_file_stamp *stamp);

/* --- hosts(5) --- */

struct dns_hosts;

/* NULL: no memory. A file that cannot be read has no rows. */
struct dns_hosts *dns_hosts_read(const char *path);
struct dns_hosts *dns_hosts_parse(struct span text);
void dns_hosts_free(struct dns_hosts **hosts);

/* The first name of the first row with that address; NULL: none. */
const char *dns_hosts_name(const struct dns_hosts *hosts, const struct ip *ip);
/* Every address of name (lower case) of that family. Gives how many. */
unsigned dns_hosts_addrs(const struct dns_hosts *hosts, struct span name,
			 bool is_v4, struct ip *out, unsigned max);

#endif
