/* SPDX-License-Identifier: BSD-2-Clause */
/* Initial sequence numbers, cookies, and what a stranger would have to guess.
 */
#include "dataplane/tcp_isn.h"
#include "tests/unit/check.h"

#define S 1000000ull

static const struct tcp_secret secret = { { 0x1234, 0x5678 } };
static const struct tcp_key key = { .local_port = 25, .peer_port = 40000 };

static void
test_isn(void)
{
	struct tcp_secret other = { { 0x1234, 0x5679 } };
	struct tcp_key key2 = key;
	uint32_t isn = tcp_isn(&secret, &key, 5 * S);

	CHECK_ROW("RFC 6528");
	/* It goes on with the clock, 250 a millisecond ... */
	CHECK(tcp_isn(&secret, &key, 5 * S + 1000) - isn == 250);
	/* ... and differs by connection and secret. */
	key2.peer_port++;
	CHECK(tcp_isn(&secret, &key2, 5 * S) != isn);
	CHECK(tcp_isn(&other, &key, 5 * S) != isn);
	CHECK(tcp_isn_ts_offset(&secret, &key) !=
	      tcp_isn_ts_offset(&secret, &key2));
	CHECK(tcp_isn_port_offset(&secret, &key) !=
	      tcp_isn_port_offset(&secret, &key2));
	CHECK(tcp_isn_ts_offset(&secret, &key) !=
	      tcp_isn_port_offset(&secret, &key));
}

static const struct {
	const char *name;
	uint16_t offered, kept;
} mss_rows[] = {
	{ "none at all", 0, 48 },     { "tiny", 47, 48 },
	{ "least", 48, 48 },	      { "just below", 535, 48 },
	{ "default", 536, 536 },      { "IPv6 default", 1220, 1220 },
	{ "PPPoE", 1452, 1440 },      { "Ethernet", 1460, 1460 },
	{ "jumbo", 8960, 8940 },      { "more than there is", 65535, 8940 },
	{ "in between", 1300, 1220 },
};

static void
test_mss(void)
{
	for (unsigned i = 0; i < ARRAY_N(mss_rows); i++) {
		uint16_t mss = 0;
		uint32_t iss = tcp_cookie_make(&secret, &key, 77,
					       mss_rows[i].offered, 900 * S);

		CHECK_ROW(mss_rows[i].name);
		CHECK(tcp_cookie_check(&secret, &key, 77, iss, 900 * S, &mss));
		CHECK(mss == mss_rows[i].kept);
	}
}

static const struct {
	const char *name;
	uint64_t age_us;
	bool want;
} age_rows[] = {
	{ "at once", 0, true },
	{ "a second later", 1 * S, true },
	{ "a period later", TCP_COOKIE_PERIOD_US, true },
	{ "at the end of the next", 2 * TCP_COOKIE_PERIOD_US - 1, true },
	{ "two periods later", 2 * TCP_COOKIE_PERIOD_US, false },
	{ "much later", 20 * TCP_COOKIE_PERIOD_US, false },
	{ "32 periods later: the bits are the same", 32 * TCP_COOKIE_PERIOD_US,
	  false },
};

static void
test_age(void)
{
	uint64_t then = 100 * TCP_COOKIE_PERIOD_US;
	uint32_t iss = tcp_cookie_make(&secret, &key, 9, 1460, then);
	uint16_t mss;

	for (unsigned i = 0; i < ARRAY_N(age_rows); i++) {
		CHECK_ROW(age_rows[i].name);
		CHECK(tcp_cookie_check(&secret, &key, 9, iss,
				       then + age_rows[i].age_us,
				       &mss) == age_rows[i].want);
	}
	CHECK_ROW("from before the clock began");
	CHECK(!tcp_cookie_check(&secret, &key, 9, iss, 0, &mss));
}

/* Every bit of the cookie and of the connection counts. */
static void
test_forged(void)
{
	uint64_t now = 500 * S;
	uint32_t iss = tcp_cookie_make(&secret, &key, 9, 1460, now);
	struct tcp_key key2 = key;
	uint16_t mss;

	CHECK_ROW("forged");
	for (unsigned i = 0; i < 32; i++)
		CHECK(!tcp_cookie_check(&secret, &key, 9, iss ^ 1u << i, now,
					&mss));
	CHECK(!tcp_cookie_check(&secret, &key, 10, iss, now, &mss));
	key2.peer.b[15]++;
	CHECK(!tcp_cookie_check(&secret, &key2, 9, iss, now, &mss));
}

static void
test_options(void)
{
	CHECK_ROW("options in a timestamp");
	for (uint32_t bits = 0; bits < 64; bits++) {
		struct tcp_opts o = { .has_wscale = (bits & 15) != 15,
				      .wscale = bits & 15,
				      .is_sack_ok = (bits & 16) != 0 },
				back = { 0 };
		bool is_ecn;

		for (uint32_t ts = 0xffffffc0; ts != 200; ts++) {
			uint32_t out = tcp_cookie_ts(ts, &o, bits & 32);

			CHECK(seq_le(out, ts) && ts - out < 64);
			tcp_cookie_ts_read(out, &back, &is_ecn);
			CHECK(back.has_wscale == o.has_wscale);
			CHECK(!o.has_wscale || back.wscale == o.wscale);
			CHECK(back.is_sack_ok == o.is_sack_ok);
			CHECK(is_ecn == ((bits & 32) != 0));
		}
	}
}

int
main(void)
{
	test_isn();
	test_mss();
	test_age();
	test_forged();
	test_options();
	return check_end();
}
