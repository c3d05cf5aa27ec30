/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a policy server is: "inet:host:port", "inet:port" of this host,
 * "unix:path". A host's name is looked up when the configuration is read: what
 * runs later must not wait for anybody.
 */
#include "engine/policy/server.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define HOST_MAX 256
#define PORT_MAX 32

/* "host:port", "[host]:port", "port". false: none of them. */
static bool
split(struct span text, char host[HOST_MAX], char port[PORT_MAX])
{
	size_t at = span_find_last(text, ':');
	struct span name = { "localhost", 9 };

	if (at < text.len) {
		name = span_to(text, at);
		text = span_from(text, at + 1);
	}
	if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
		name = (struct span) { name.p + 1, name.len - 2 };
	if (name.len == 0 || name.len >= HOST_MAX || text.len == 0 ||
	    text.len >= PORT_MAX)
		return false;
	span_copy(name, host, HOST_MAX);
	span_copy(text, port, PORT_MAX);
	return true;
}

static bool
find_inet(struct server_def *def, struct span text, struct diag *diag)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *one;
	char host[HOST_MAX], port[PORT_MAX];
	int ret;

	if (!split(text, host, port)) {
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "%s: want inet:host:port or inet:port", def->name);
		return false;
	}
	ret = getaddrinfo(host, port, &hints, &list);
	if (ret != 0) {
		diag_add(diag, DIAG_WARNING, NULL, 0,
			 "%s: %s: nobody can be asked there until a reload "
			 "finds its address",
			 def->name, gai_strerror(ret));
		return true;
	}
	for (one = list; one != NULL && def->addrs_n < SERVER_ADDRS_MAX;
	     one = one->ai_next) {
		if (one->ai_addrlen > sizeof(def->addrs[0].sa))
			continue;
		memcpy(&def->addrs[def->addrs_n].sa, one->ai_addr,
		       one->ai_addrlen);
		def->addrs[def->addrs_n++].len = one->ai_addrlen;
	}
	freeaddrinfo(list);
	return true;
}

static bool
find_unix(struct server_def *def, struct span path, const char *dir,
	  struct diag *diag)
{
	struct sockaddr_un *sa = (struct sockaddr_un *)&def->addrs[0].sa;
	bool is_below = path.len > 0 && path.p[0] != '/';
	int n;

	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s%s%.*s",
		     is_below ? dir : "", is_below ? "/" : "", SPAN_FMT(path));
	if (path.len == 0 || n < 0 || (size_t)n >= sizeof(sa->sun_path)) {
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "%s: no path, or one too long for a socket",
			 def->name);
		return false;
	}
	sa->sun_family = AF_UNIX;
	def->addrs[0].len = sizeof(*sa);
	def->addrs_n = 1;
	return true;
}

struct server_def *
server_def_open(struct span name, const char *dir, struct diag *diag)
{
	/* The name goes behind the struct. */
	struct server_def *def = must_alloc(sizeof(*def) + name.len + 1);
	char *text = (char *)(def + 1);
	bool ok;

	span_copy(name, text, name.len + 1);
	def->name = text;
	atomic_init(&def->refs, 1);
	if (span_has_prefix_nocase(name, SPAN("unix:"))) {
		ok = find_unix(def, span_from(name, 5), dir, diag);
	} else if (span_has_prefix_nocase(name, SPAN("inet:"))) {
		ok = find_inet(def, span_from(name, 5), diag);
	} else {
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "%s: want inet:host:port or unix:path", def->name);
		ok = false;
	}
	if (!ok)
		server_def_put(&def);
	return def;
}

struct server_def *
server_def_get(struct server_def *def)
{
	atomic_fetch_add_explicit(&def->refs, 1, memory_order_relaxed);
	return def;
}

void
server_def_put(struct server_def **def_inout)
{
	struct server_def *def = *def_inout;

	*def_inout = NULL;
	if (def != NULL &&
	    atomic_fetch_sub_explicit(&def->refs, 1, memory_order_acq_rel) == 1)
		free(def);
}
