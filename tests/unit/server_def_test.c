/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of policy servers, and the addresses that they stand for. */
#include "engine/policy/server.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static const struct {
	const char *name, *address; /* NULL: an error */
} rows[] = {
	{ "inet:127.0.0.1:10031", "127.0.0.1:10031" },
	{ "INET:127.0.0.1:10031", "127.0.0.1:10031" },
	{ "inet:[127.0.0.1]:10031", "127.0.0.1:10031" },
	{ "inet:[::1]:10031", "::1:10031" },
	{ "inet:::1:10031", "::1:10031" },
	{ "unix:private/policy", "/spool/private/policy" },
	{ "unix:/run/policy", "/run/policy" },
	{ "unix:", NULL },
	{ "inet:", NULL },
	{ "inet:127.0.0.1:", NULL },
	{ "inet::10031", NULL },
	{ "127.0.0.1:10031", NULL },
	{ "tcp:127.0.0.1:10031", NULL },
	{ "", NULL },
};

static void
print(const struct server_def *def, char *out, size_t cap)
{
	const struct sockaddr_storage *sa = &def->addrs[0].sa;
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char text[INET6_ADDRSTRLEN];

	if (sa->ss_family == AF_UNIX) {
		snprintf(out, cap, "%s",
			 ((const struct sockaddr_un *)sa)->sun_path);
		return;
	}
	must(inet_ntop(sa->ss_family,
		       sa->ss_family == AF_INET ? (const void *)&in->sin_addr
						: &in6->sin6_addr,
		       text, sizeof(text)) != NULL);
	snprintf(out, cap, "%s:%u", text,
		 ntohs(sa->ss_family == AF_INET ? in->sin_port
						: in6->sin6_port));
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct server_def *def;
		struct diag diag;
		char text[128] = "";

		CHECK_ROW(rows[i].name);
		diag_init(&diag);
		def = server_def_open(span_of(rows[i].name), "/spool", &diag);
		CHECK((def != NULL) == (rows[i].address != NULL));
		CHECK((diag.errors_n > 0) == (rows[i].address == NULL));
		if (def != NULL) {
			CHECK_SPAN(span_of(def->name), rows[i].name);
			CHECK(def->addrs_n == 1);
			print(def, text, sizeof(text));
			CHECK_SPAN(span_of(text), rows[i].address);
		}
		server_def_put(&def);
		diag_fini(&diag);
	}
}

/* A socket's path has a bound; a host that nobody knows is a warning. */
static void
test_others(void)
{
	struct server_def *def, *same;
	char path[256] = "unix:/";
	struct diag diag;

	CHECK_ROW("path too long");
	diag_init(&diag);
	memset(path + 6, 'x', sizeof(path) - 7);
	path[sizeof(path) - 1] = '\0';
	CHECK(server_def_open(span_of(path), "", &diag) == NULL);
	CHECK(diag.errors_n == 1);
	diag_fini(&diag);

	CHECK_ROW("a port that is none");
	diag_init(&diag);
	def = server_def_open(SPAN("inet:127.0.0.1:no-such-port"), "", &diag);
	CHECK(def != NULL && def->addrs_n == 0 && diag.errors_n == 0);
	CHECK(diag.first != NULL);
	same = server_def_get(def);
	CHECK(same == def && atomic_load(&def->refs) == 2);
	server_def_put(&same);
	server_def_put(&def);
	CHECK(def == NULL);
	diag_fini(&diag);
}

int
main(void)
{
	test_rows();
	test_others();
	return check_end();
}
