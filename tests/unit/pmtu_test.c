/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTUs: what is believed, for how long, and how many. */
#include "dataplane/pmtu.h"
#include "tests/unit/host_rig.h"

static void
test_learn(void)
{
	static const struct {
		const char *name, *dst;
		uint16_t mtu, want;
		bool is_df_off;
	} rows[] = {
		{ "less", "203.0.113.5", 1400, 1400, false },
		{ "as much as the link's", "203.0.113.5", 1500, 1500, false },
		{ "more", "203.0.113.5", 9000, 1500, false },
		{ "the least", "203.0.113.5", 552, 552, false },
		{ "less than is believed", "203.0.113.5", 68, 552, true },
		{ "nothing", "203.0.113.5", 0, 552, true },
		{ "IPv6", "2001:db8:1::5", 1400, 1400, false },
		{ "IPv6, the least", "2001:db8:1::5", 1280, 1280, false },
		{ "IPv6, less", "2001:db8:1::5", 100, 1280, false },
	};

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip dst = ip_of(rows[i].dst);
		struct host_path path = { 0 };
		struct rig r;

		CHECK_ROW(rows[i].name);
		rig_init(&r);
		rig_open(&r);
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		CHECK(path.mtu == 1500 && !path.is_df_off);
		host_pmtu_learn(r.h, &dst, rows[i].mtu, r.now_us);
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		CHECK(path.mtu == rows[i].want);
		CHECK(path.is_df_off == rows[i].is_df_off);
		/* Once small it does not grow by what is heard. */
		host_pmtu_learn(r.h, &dst, 1450, r.now_us);
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		CHECK(path.mtu == (rows[i].want < 1450 ? rows[i].want : 1450));
		/* Others' paths are as they were. */
		dst.b[15]++;
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		rig_later(&r, PMTU_LIFE_US);
		dst.b[15]--;
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		CHECK(path.mtu == 1500 && !path.is_df_off);
		rig_close(&r);
	}
}

static void
test_bounds(void)
{
	struct ip dst = ip_of("203.0.113.0");
	struct host_path path;
	struct rig r;
	unsigned n = 0;

	CHECK_ROW("more destinations than places");
	rig_init(&r);
	r.cfg.pmtu_n_max = 64;
	rig_open(&r);
	for (unsigned i = 0; i < 1000; i++) {
		dst.b[14] = (uint8_t)(i >> 8);
		dst.b[15] = (uint8_t)i;
		host_pmtu_learn(r.h, &dst, 1000, r.now_us + i);
		CHECK(pmtu_find(r.h, &dst) != NULL);
	}
	for (unsigned i = 0; i < 1000; i++) {
		dst.b[14] = (uint8_t)(i >> 8);
		dst.b[15] = (uint8_t)i;
		path = (struct host_path) { 0 };
		CHECK(host_path_find(r.h, &dst, &path, r.now_us + 1000));
		n += path.mtu == 1000;
	}
	CHECK(n > 32 && n <= 64 && r.h->pmtus.n <= 64);
	CHECK_ROW("all gone in the end");
	r.now_us += 1000;
	rig_later(&r, PMTU_LIFE_US + 1000000);
	CHECK(r.h->pmtus.n == 0);
	rig_close(&r);
}

int
main(void)
{
	test_learn();
	test_bounds();
	CHECK_ROW("plateaus");
	CHECK(pmtu_plateau(1500) == 1492 && pmtu_plateau(1492) == 1006);
	CHECK(pmtu_plateau(65535) == 32000 && pmtu_plateau(100) == 68);
	return check_end();
}
