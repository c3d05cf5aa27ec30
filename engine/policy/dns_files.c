/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolv.conf(5), hosts(5) and lists of servers. What hosts(5) says is kept in
 * two hash tables, by name and by address: there are files of a million rows.
 */
#include "engine/policy/dns_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT	       53
#define TIMEOUT_S      5 /* as resolver(3) has them */
#define TRIES	       2
#define TIMEOUT_MAX_S  30
#define TRIES_MAX      5
#define FILE_BYTES_MAX (64u << 20)
#define BLANKS	       " \t\r"

/* --- servers --- */

/* "ADDRESS", "[ADDRESS]", either with ":PORT". */
static bool
parse_server(struct span word, struct dns_server *out)
{
	struct span host = word, port = { 0 };
	size_t colon = span_find_last(word, ':');
	uint64_t n = PORT;

	if (word.len && word.p[0] == '[') {
		size_t end = span_find(word, ']');

		if (end == word.len)
			return false;
		host = (struct span) { word.p + 1, end - 1 };
		if (end + 1 < word.len && word.p[end + 1] != ':')
			return false;
		if (end + 1 < word.len)
			port = span_from(word, end + 2);
		if (end + 2 == word.len)
			return false;
	} else if (colon < word.len && span_find(word, ':') == colon) {
		host = span_to(word, colon);
		port = span_from(word, colon + 1);
		if (port.len == 0)
			return false;
	}
	if (port.len && (!span_to_u64(port, &n) || n == 0 || n > 65535))
		return false;
	out->port = (uint16_t)n;
	return ip_parse(host, &out->ip);
}

static void
set_defaults(struct dns_resolv *out)
{
	*out = (struct dns_resolv) { .timeout_s = TIMEOUT_S, .tries = TRIES };
}

bool
dns_servers_parse(struct span text, struct dns_resolv *out,
		  struct span *bad_out)
{
	struct span word;

	set_defaults(out);
	while ((word = span_word(&text, ", \t\r\n")).len) {
		if (out->servers_n == DNS_SERVERS_MAX ||
		    !parse_server(word, &out->servers[out->servers_n])) {
			*bad_out = word;
			return false;
		}
		out->servers_n++;
	}
	return true;
}

static void
set_number(struct span option, size_t prefix, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (!span_to_u64(span_from(option, prefix), &n) || n == 0)
		return;
	*out = n < max ? (uint32_t)n : max;
}

static void
read_options(struct span rest, struct dns_resolv *out)
{
	struct span word;

	while ((word = span_word(&rest, BLANKS)).len) {
		if (span_has_prefix_nocase(word, SPAN("timeout:")))
			set_number(word, 8, TIMEOUT_MAX_S, &out->timeout_s);
		else if (span_has_prefix_nocase(word, SPAN("attempts:")))
			set_number(word, 9, TRIES_MAX, &out->tries);
		else if (span_is_equal_nocase(word, SPAN("rotate")))
			out->is_rotating = true;
	}
}

static struct span
next_line(struct span *text)
{
	size_t n = span_find(*text, '\n');
	struct span line = span_to(*text, n);

	*text = span_from(*text, n < text->len ? n + 1 : n);
	return line;
}

void
dns_resolv_parse(struct span text, struct dns_resolv *out)
{
	set_defaults(out);
	while (text.len) {
		struct span line = next_line(&text);
		struct span word = span_word(&line, BLANKS);
		struct dns_server *s = &out->servers[out->servers_n];

		if (span_is_equal(word, SPAN("options"))) {
			read_options(line, out);
		} else if (span_is_equal(word, SPAN("nameserver")) &&
			   out->servers_n < DNS_SERVERS_MAX) {
			/* Not link-local ones: c-ares knows no scopes. */
			if (ip_parse(span_word(&line, BLANKS), &s->ip)) {
				s->port = PORT;
				out->servers_n++;
			}
		}
	}
	if (out->servers_n == 0) {
		must(ip_parse(SPAN("127.0.0.1"), &out->servers[0].ip));
		out->servers[0].port = PORT;
		out->servers_n = 1;
	}
}

/* --- files --- */

/* All of it; NULL: it cannot be read. free() it. */
static char *
read_file(const char *path, size_t *len_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= FILE_BYTES_MAX)
		text = malloc((size_t)st.st_size + 1);
	while (text != NULL && n < (size_t)st.st_size) {
		ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

		if (got <= 0)
			break; /* as much as there is */
		n += (size_t)got;
	}
	close(fd);
	*len_out = n;
	return text;
}

void
dns_resolv_read(const char *path, struct dns_resolv *out)
{
	size_t len = 0;
	char *text = read_file(path, &len);

	dns_resolv_parse((struct span) { text, text ? len : 0 }, out);
	free(text);
}

bool
dns_file_has_changed(const char *path, struct dns_file_stamp *stamp)
{
	struct dns_file_stamp now = { 0 };
	struct stat st;

	if (stat(path, &st) == 0)
		now = (struct dns_file_stamp) {
			.ino = (uint64_t)st.st_ino,
			.size = (uint64_t)st.st_size,
			.mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
				    (uint64_t)st.st_mtim.tv_nsec,
		};
	if (now.ino == stamp->ino && now.size == stamp->size &&
	    now.mtime_ns == stamp->mtime_ns)
		return false;
	*stamp = now;
	return true;
}

/* --- hosts(5) --- */

struct row {
	struct ip ip;
	uint32_t name_at; /* in texts */
	uint32_t name_len;
	uint32_t next_by_name, next_by_ip; /* row + 1; 0: the last */
	bool is_first;			   /* of its line */
};

struct dns_hosts {
	struct row *rows;
	uint32_t rows_n, rows_cap;
	uint32_t *by_name, *by_ip; /* row + 1 */
	uint32_t mask;
	char *texts;
	uint32_t texts_n;
};

static uint32_t
bucket_of_name(const struct dns_hosts *h, struct span name)
{
	return (uint32_t)span_hash(name) & h->mask;
}

static uint32_t
bucket_of_ip(const struct dns_hosts *h, const struct ip *ip)
{
	struct span bytes = { (const char *)ip->b, sizeof(ip->b) };

	return (uint32_t)span_hash(bytes) & h->mask;
}

static bool
add_row(struct dns_hosts *h, const struct ip *ip, uint32_t name_at,
	uint32_t name_len, bool is_first)
{
	if (h->rows_n == h->rows_cap) {
		uint32_t cap = h->rows_cap ? h->rows_cap * 2 : 64;
		struct row *rows = realloc(h->rows, cap * sizeof(*rows));

		if (rows == NULL)
			return false;
		h->rows = rows;
		h->rows_cap = cap;
	}
	h->rows[h->rows_n++] = (struct row) {
		.ip = *ip,
		.name_at = name_at,
		.name_len = name_len,
		.is_first = is_first,
	};
	return true;
}

/* As libc has it, an IPv4 client may be found at ::1 too. */
static bool
is_v6_loopback(const struct ip *ip)
{
	return !ip_is_v4(ip) && ip_is_loopback(ip);
}

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

static bool
read_row(struct dns_hosts *h, struct span line)
{
	struct ip ip, v4;
	struct span word;
	bool is_first = true;

	line = span_to(line, span_find(line, '#'));
	if (!ip_parse(span_word(&line, BLANKS), &ip))
		return true;
	must(ip_parse(SPAN("127.0.0.1"), &v4));
	while ((word = span_word(&line, BLANKS)).len) {
		uint32_t at = h->texts_n;

		if (!is_printable(word))
			continue;
		h->texts_n += (uint32_t)span_copy_lower(word, h->texts + at,
							word.len + 1) +
			      1;
		if (!add_row(h, &ip, at, (uint32_t)word.len, is_first))
			return false;
		if (is_v6_loopback(&ip) &&
		    !add_row(h, &v4, at, (uint32_t)word.len, is_first))
			return false;
		is_first = false;
	}
	return true;
}

/* Rows are put in from the last on: chains have the file's order. */
static bool
index_rows(struct dns_hosts *h)
{
	uint32_t n = 16;

	while (n < h->rows_n)
		n *= 2;
	h->by_name = calloc(n, sizeof(*h->by_name));
	h->by_ip = calloc(n, sizeof(*h->by_ip));
	if (h->by_name == NULL || h->by_ip == NULL)
		return false;
	h->mask = n - 1;
	for (uint32_t i = h->rows_n; i > 0; i--) {
		struct row *r = &h->rows[i - 1];
		struct span name = { h->texts + r->name_at, r->name_len };
		uint32_t *at = &h->by_name[bucket_of_name(h, name)];

		r->next_by_name = *at;
		*at = i;
		at = &h->by_ip[bucket_of_ip(h, &r->ip)];
		r->next_by_ip = *at;
		*at = i;
	}
	return true;
}

struct dns_hosts *
dns_hosts_parse(struct span text)
{
	struct dns_hosts *h = calloc(1, sizeof(*h));
	bool is_good = h != NULL && text.len < UINT32_MAX / 2;

	if (is_good) {
		h->texts = malloc(text.len + 1); /* a NUL for each blank */
		is_good = h->texts != NULL;
	}
	while (is_good && text.len)
		is_good = read_row(h, next_line(&text));
	if (!is_good || !index_rows(h))
		dns_hosts_free(&h);
	return h;
}

struct dns_hosts *
dns_hosts_read(const char *path)
{
	size_t len = 0;
	char *text = *path ? read_file(path, &len) : NULL;
	struct dns_hosts *h =
		dns_hosts_parse((struct span) { text, text ? len : 0 });

	free(text);
	return h;
}

void
dns_hosts_free(struct dns_hosts **h_inout)
{
	struct dns_hosts *h = *h_inout;

	*h_inout = NULL;
	if (h == NULL)
		return;
	free(h->rows);
	free(h->by_name);
	free(h->by_ip);
	free(h->texts);
	free(h);
}

const char *
dns_hosts_name(const struct dns_hosts *h, const struct ip *ip)
{
	uint32_t i = h->by_ip[bucket_of_ip(h, ip)];

	for (; i > 0; i = h->rows[i - 1].next_by_ip)
		if (h->rows[i - 1].is_first &&
		    ip_is_equal(&h->rows[i - 1].ip, ip))
			return h->texts + h->rows[i - 1].name_at;
	return NULL;
}

unsigned
dns_hosts_addrs(const struct dns_hosts *h, struct span name, bool is_v4,
		struct ip *out, unsigned max)
{
	uint32_t i = h->by_name[bucket_of_name(h, name)];
	unsigned n = 0;

	for (; i > 0 && n < max; i = h->rows[i - 1].next_by_name) {
		const struct row *r = &h->rows[i - 1];
		struct span text = { h->texts + r->name_at, r->name_len };

		if (span_is_equal(text, name) && ip_is_v4(&r->ip) == is_v4)
			out[n++] = r->ip;
	}
	return n;
}
