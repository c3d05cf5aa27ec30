/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY header alone, and a session behind one. */
#include "tests/unit/smtp_session.h"

#define V2   "\r\n\r\n\0\r\nQUIT\n"
#define ZERO "\0\0\0\0\0\0\0\0\0\0\0\0"
/* Source and destination, ports 4660 and 25. */
#define V4_ADDRS "\xc0\0\x02\x21\xc6\x33\x64\x01\x12\x34\0\x19"
#define V6_ADDRS                                     \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x21" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x34\0\x19"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X992 \
	X100 X100 X100 X100 X100 X100 X100 X100 X100 X50 X10 X10 X10 X10 "xx"

static const struct {
	const char *name;
	struct span in;
	enum proxy_result want;
	const char *ip; /* NULL: local */
	uint16_t port;
	size_t rest;
} rows[] = {
	{ "v1, IPv4",
	  SPAN("PROXY TCP4 192.0.2.33 198.51.100.1 4660 25\r\nHELO"),
	  PROXY_DONE, "192.0.2.33", 4660, 4 },
	{ "v1, IPv6",
	  SPAN("PROXY TCP6 2001:db8::21 2001:db8::1 65535 0\r\n\r\n"),
	  PROXY_DONE, "2001:db8::21", 65535, 2 },
	{ "v1, IPv4 on an IPv6 socket",
	  SPAN("PROXY TCP6 ::ffff:192.0.2.33 ::ffff:192.0.2.1 1 2\r\n"),
	  PROXY_DONE, "192.0.2.33", 1, 0 },
	{ "v1, unknown", SPAN("PROXY UNKNOWN\r\nx"), PROXY_DONE, NULL, 0, 1 },
	{ "v1, unknown with more",
	  SPAN("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"),
	  PROXY_DONE, NULL, 0, 0 },
	{ "v1, longest", SPAN("PROXY UNKNOWN " X50 X10 X10 X10 X10 "x\r\n"),
	  PROXY_DONE, NULL, 0, 0 },
	{ "v1, one longer", SPAN("PROXY UNKNOWN " X50 X10 X10 X10 X10 "xx\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, far longer", SPAN("PROXY UNKNOWN " X50 X50), PROXY_BAD, NULL, 0,
	  0 },
	{ "v1, bare LF", SPAN("PROXY UNKNOWN\n"), PROXY_BAD, NULL, 0, 0 },
	{ "v1, no family", SPAN("PROXY \r\n"), PROXY_BAD, NULL, 0, 0 },
	{ "v1, other family", SPAN("PROXY UDP4 192.0.2.33 192.0.2.1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, family in lower case",
	  SPAN("PROXY tcp4 192.0.2.33 192.0.2.1 1 2\r\n"), PROXY_BAD, NULL, 0,
	  0 },
	{ "v1, nothing behind it", SPAN("PROXY TCP4\r\n"), PROXY_BAD, NULL, 0,
	  0 },
	{ "v1, no port", SPAN("PROXY TCP4 192.0.2.33 192.0.2.1 1\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, one word more",
	  SPAN("PROXY TCP4 192.0.2.33 192.0.2.1 1 2 3\r\n"), PROXY_BAD, NULL, 0,
	  0 },
	{ "v1, bad address", SPAN("PROXY TCP4 192.0.2.333 192.0.2.1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, bad destination", SPAN("PROXY TCP4 192.0.2.33 x 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, IPv6 as TCP4", SPAN("PROXY TCP4 2001:db8::21 ::1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, IPv4 as TCP6", SPAN("PROXY TCP6 192.0.2.33 192.0.2.1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, families mixed", SPAN("PROXY TCP4 192.0.2.33 ::1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, port too high",
	  SPAN("PROXY TCP4 192.0.2.33 192.0.2.1 65536 2\r\n"), PROXY_BAD, NULL,
	  0, 0 },
	{ "v1, port no number",
	  SPAN("PROXY TCP4 192.0.2.33 192.0.2.1 -1 2\r\n"), PROXY_BAD, NULL, 0,
	  0 },
	{ "v1, NUL", SPAN("PROXY TCP4 192.0.2.33\0 192.0.2.1 1 2\r\n"),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v1, not over", SPAN("PROXY TCP4 192.0.2.33 192.0.2.1 1 2\r"),
	  PROXY_MORE, NULL, 0, 0 },
	{ "no header", SPAN("EHLO x\r\n"), PROXY_BAD, NULL, 0, 0 },
	{ "nearly", SPAN("PROXX TCP4"), PROXY_BAD, NULL, 0, 0 },
	{ "nothing", SPAN(""), PROXY_MORE, NULL, 0, 0 },

	{ "v2, IPv4", SPAN(V2 "\x21\x11\0\x0c" V4_ADDRS "HELO"), PROXY_DONE,
	  "192.0.2.33", 4660, 4 },
	{ "v2, IPv6", SPAN(V2 "\x21\x21\0\x24" V6_ADDRS), PROXY_DONE,
	  "2001:db8::21", 4660, 0 },
	{ "v2, with more", SPAN(V2 "\x21\x11\0\x0f" V4_ADDRS "\x04\0\0QUIT"),
	  PROXY_DONE, "192.0.2.33", 4660, 4 },
	{ "v2, local", SPAN(V2 "\x20\0\0\0x"), PROXY_DONE, NULL, 0, 1 },
	{ "v2, local with addresses", SPAN(V2 "\x20\x11\0\x0c" V4_ADDRS),
	  PROXY_DONE, NULL, 0, 0 },
	{ "v2, unspecified", SPAN(V2 "\x21\0\0\0"), PROXY_DONE, NULL, 0, 0 },
	{ "v2, longest", SPAN(V2 "\x20\0\x03\xf0" X992 X10 "xxxxxx"),
	  PROXY_DONE, NULL, 0, 0 },
	{ "v2, one longer", SPAN(V2 "\x20\0\x03\xf1"), PROXY_BAD, NULL, 0, 0 },
	{ "v2, length 65535", SPAN(V2 "\x21\x11\xff\xff"), PROXY_BAD, NULL, 0,
	  0 },
	{ "v2, too short for IPv4", SPAN(V2 "\x21\x11\0\x0b" V4_ADDRS),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v2, too short for IPv6", SPAN(V2 "\x21\x21\0\x23" V6_ADDRS),
	  PROXY_BAD, NULL, 0, 0 },
	{ "v2, UDP", SPAN(V2 "\x21\x12\0\x0c" V4_ADDRS), PROXY_BAD, NULL, 0,
	  0 },
	{ "v2, unix", SPAN(V2 "\x21\x31\0\x0c" V4_ADDRS), PROXY_BAD, NULL, 0,
	  0 },
	{ "v2, version 1", SPAN(V2 "\x11\x11\0\x0c" V4_ADDRS), PROXY_BAD, NULL,
	  0, 0 },
	{ "v2, other command", SPAN(V2 "\x22\x11\0\x0c" V4_ADDRS), PROXY_BAD,
	  NULL, 0, 0 },
	{ "v2, zeros", SPAN(V2 "\x21\x11\0\x0c" ZERO), PROXY_DONE, "0.0.0.0", 0,
	  0 },
	{ "v2, not over", SPAN(V2 "\x21\x11\0\x0d" ZERO), PROXY_MORE, NULL, 0,
	  0 },
	{ "v2, bad signature", SPAN("\r\n\r\n\0\r\nQUIT\r"), PROXY_BAD, NULL, 0,
	  0 },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span in = rows[i].in;
		struct proxy_info info;
		struct ip ip;

		CHECK_ROW(rows[i].name);
		CHECK(smtp_proxy_parse(&in, &info) == rows[i].want);
		if (rows[i].want == PROXY_MORE)
			CHECK(in.len == rows[i].in.len);
		if (rows[i].want != PROXY_DONE)
			continue;
		CHECK(in.len == rows[i].rest);
		CHECK(info.is_local == (rows[i].ip == NULL));
		if (info.is_local)
			continue;
		CHECK(ip_parse(span_of(rows[i].ip), &ip));
		CHECK(ip_is_equal(&ip, &info.ip));
		CHECK(info.port == rows[i].port);
		/* Whatever part of it is here, more may come. */
		for (size_t n = 0; n < rows[i].in.len - rows[i].rest; n++) {
			in = span_to(rows[i].in, n);
			CHECK(smtp_proxy_parse(&in, &info) == PROXY_MORE);
			CHECK(in.len == n);
		}
	}
}

/* --- in front of a session --- */

static void
behind_proxy(struct driver *d)
{
	static struct match excluded = { "192.0.2.33" };

	d->cfg.proxy = SMTP_PROXY_HAPROXY;
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = &excluded;
}

static void
behind_proxy_refused(struct driver *d)
{
	behind_proxy(d);
	d->answers[SMTP_CHECK_CONNECT] =
		(struct driver_answer) { 554, "5.7.1 no", false };
}

#define V1 "PROXY TCP4 192.0.2.33 198.51.100.1 4660 25\r\n"
#define FROM(ip)                                                            \
	"Received: from c.example (unknown [" ip "])\n\tby mx.example.com " \
	"(Postfix) with SMTP id 0123456789ABCDEF\n\tfor <x@y.z>; " DATE

static const struct session_row session_rows[] = {
	{ "v1", behind_proxy, FEED(V1 UP_TO_DATA ".\r\n" QUIT),
	  GREETING UP_TO_DATA_OK QUEUED BYE, FROM("192.0.2.33"), "CHMRDE" },
	{ "v2", behind_proxy,
	  FEED(V2 "\x21\x21\0\x24" V6_ADDRS UP_TO_DATA ".\r\n" QUIT),
	  GREETING UP_TO_DATA_OK QUEUED BYE, FROM("IPv6:2001:db8::21"),
	  "CHMRDE" },
	{ "local: the socket's address", behind_proxy,
	  FEED(V2 "\x20\0\0\0" UP_TO_DATA ".\r\n" QUIT),
	  GREETING UP_TO_DATA_OK QUEUED BYE, FROM("192.0.2.1"), "CHMRDE" },
	{ "rules are the client's, not the balancer's", behind_proxy,
	  FEED(V1 "NOOP\n"), GREETING OK, "", "C" },
	{ "refused client", behind_proxy_refused, FEED(V1 HELO QUIT),
	  "554 5.7.1 no\r\n503 5.7.0 Error: access denied for "
	  "unknown[192.0.2.33]\r\n" BYE,
	  "", "C" },
	{ "not a word without a header", behind_proxy, FEED(HELO), "", "", "" },
	{ "nor with a bad one", behind_proxy,
	  FEED("PROXY TCP4 1 2 3 4\r\n" HELO), "", "", "" },
	{ "nor with an endless one", behind_proxy,
	  FEED(X1000 X1000 "\r\n" HELO), "", "", "" },
	{ "half a header", behind_proxy, FEED("PROXY TCP4 192."), "", "", "" },
};

static void
test_time(void)
{
	struct driver d;

	CHECK_ROW("5 s for the header, whatever trickles in");
	driver_init(&d, 1u << 20);
	session_open(&d, behind_proxy);
	CHECK(d.s.deadline_us == d.now_us + 5000000);
	d.now_us += 4000000;
	driver_say(&d, "PROXY ");
	CHECK(d.s.deadline_us == d.now_us + 1000000);
	driver_say(&d, &V1[6]);
	CHECK(d.s.deadline_us == d.now_us + 300000000);
	CHECK(d.s.client_port == 4660);
	driver_end(&d);
	CHECK_ROW("no 421 before it");
	session_open(&d, behind_proxy);
	smtp_timed_out(&d.s, &d.out);
	driver_run(&d);
	CHECK(d.want == SMTP_WANT_CLOSE && d.said.len == 0);
	driver_fini(&d);
}

int
main(void)
{
	test_rows();
	session_rows_run(session_rows, ARRAY_N(session_rows));
	test_time();
	return check_end();
}
