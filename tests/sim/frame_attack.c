/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Below TCP: fragments, headers that lie in every layer, neighbours that do not
 * exist, noise. Each frame must be counted once, nothing may be kept, and after
 * each kind an honest segment still gets through. Cycles are printed, not
 * judged.
 *
 *	frame_attack [frames of each kind [seed]]
 */
#include "tests/unit/host_rig.h"

#include <stdlib.h>

enum { SYN = 2 };

struct draw {
	uint64_t x;
};

struct attack {
	struct rig r;
	struct draw d;
	struct ip us[2], peers[2]; /* IPv4, IPv6 */
};

static uint64_t
draw(struct draw *d, uint64_t n)
{
	uint64_t z = d->x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % n;
}

static void
segment(struct attack *a, struct bytes *b, bool is_v6)
{
	frame_tcp(b, mac_us, mac_peer, &a->peers[is_v6], &a->us[is_v6], 4000,
		  25, 1, SYN, "hello", 5);
}

static void
sum_again(struct bytes *b)
{
	uint32_t n = (uint32_t)(b->p[ETH_BYTES] & 15) * 4;

	if (n < IP4_BYTES || ETH_BYTES + n > b->len)
		return;
	wire_put16(b->p + ETH_BYTES + IP4_SUM, 0);
	wire_put16(b->p + ETH_BYTES + IP4_SUM,
		   (uint16_t)~frame_sum(0, b->p + ETH_BYTES, n));
}

/* First, middle, last; tiny and far ones. */
static void
fragment(struct attack *a, struct bytes *b)
{
	static const uint16_t where[] = { 0x2000, 0x2001, 0x0001, 0x1fff,
					  0x3fff };

	segment(a, b, false);
	wire_put16(b->p + ETH_BYTES + 4, (uint16_t)draw(&a->d, 65536));
	wire_put16(b->p + ETH_BYTES + 6, where[draw(&a->d, ARRAY_N(where))]);
	sum_again(b);
}

static void
fragment6(struct attack *a, struct bytes *b)
{
	frame_eth(b, mac_us, mac_peer, ETH_TYPE_IP6);
	frame_ip(b, &a->peers[1], &a->us[1], 44, 64, 48);
	bytes_add16(b, 0x0600);
	bytes_add16(b, (unsigned)draw(&a->d, 65536));
	bytes_add32(b, (uint32_t)draw(&a->d, 1ull << 32));
	for (unsigned i = 0; i < 10; i++)
		bytes_add32(b, (uint32_t)draw(&a->d, 1ull << 32));
}

/* A few octets of the headers are others, and half the sums are right again. */
static void
lie(struct attack *a, struct bytes *b)
{
	bool is_v6 = draw(&a->d, 2);
	uint32_t layer = (uint32_t)draw(&a->d, 3), from, n;

	segment(a, b, is_v6);
	from = layer == 0   ? 0
	       : layer == 1 ? ETH_BYTES
			    : ETH_BYTES + (is_v6 ? IP6_BYTES : IP4_BYTES);
	for (n = 1 + (uint32_t)draw(&a->d, 4); n > 0; n--)
		b->p[from + draw(&a->d, layer ? 20 : ETH_BYTES)] =
			(uint8_t)draw(&a->d, 256);
	if (!is_v6 && draw(&a->d, 2))
		sum_again(b);
}

static void
cut(struct attack *a, struct bytes *b)
{
	segment(a, b, draw(&a->d, 2));
	b->len = ETH_BYTES + (uint32_t)draw(&a->d, b->len - ETH_BYTES);
}

/* A neighbour that nobody has asked for; each frame another. */
static void
stranger(struct attack *a, struct bytes *b)
{
	frame_eth(b, mac_all, mac_peer, ETH_TYPE_ARP);
	bytes_add32(b, 0x00010800);
	bytes_add16(b, 0x0604);
	bytes_add16(b, 1 + (unsigned)draw(&a->d, 3));
	bytes_add(b, mac_peer, 6);
	bytes_add32(b, 0xc0000203u + (uint32_t)draw(&a->d, 250));
	bytes_add(b, mac_us, 6);
	bytes_add(b, a->us[0].b + 12, 4);
	if (draw(&a->d, 4) == 0)
		b->len = ETH_BYTES + (uint32_t)draw(&a->d, 28);
}

static void
noise(struct attack *a, struct bytes *b)
{
	static const uint16_t types[] = {
		ETH_TYPE_IP4, ETH_TYPE_IP6, ETH_TYPE_ARP, 0x8100, 0, 0xffff
	};
	uint32_t n = (uint32_t)draw(&a->d, 1400);

	frame_eth(b, mac_us, mac_peer, types[draw(&a->d, ARRAY_N(types))]);
	for (uint32_t i = 0; i < n; i++)
		bytes_add8(b, (unsigned)draw(&a->d, 256));
}

static const struct {
	const char *name;
	void (*make)(struct attack *a, struct bytes *b);
	bool has_segments; /* some may well be good */
} kinds[] = {
	{ "fragments", fragment, false },
	{ "fragments of IPv6", fragment6, false },
	{ "headers that lie", lie, true },
	{ "cut short", cut, false },
	{ "neighbours that are not there", stranger, false },
	{ "noise", noise, false },
};

static void
throw_all(struct attack *a, unsigned kind, uint64_t frames_n)
{
	uint64_t cycles = 0, start, segs_n = 0;
	struct bytes b;

	CHECK_ROW(kinds[kind].name);
	for (uint64_t i = 0; i < frames_n; i++) {
		kinds[kind].make(a, &b);
		start = __builtin_ia32_rdtsc();
		segs_n += rig_put(&a->r, &b);
		cycles += __builtin_ia32_rdtsc() - start;
		if (i % 64)
			continue;
		rig_release(&a->r);
		rig_later(&a->r, 64);
		rig_drain(&a->r);
	}
	CHECK(kinds[kind].has_segments || segs_n == 0);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		segment(a, &b, v6);
		CHECK(rig_put(&a->r, &b));
	}
	rig_release(&a->r);
	rig_balance(&a->r);
	printf("%s: %llu frames, %llu cycles each\n", kinds[kind].name,
	       (unsigned long long)frames_n,
	       (unsigned long long)(cycles / frames_n));
}

int
main(int argc, char **argv)
{
	static struct attack a;
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;

	a.d.x = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	a.us[0] = ip_of("192.0.2.1");
	a.us[1] = ip_of("2001:db8::1");
	a.peers[0] = ip_of("192.0.2.2");
	a.peers[1] = ip_of("2001:db8::2");
	rig_init(&a.r);
	rig_open(&a.r);
	for (unsigned i = 0; i < ARRAY_N(kinds); i++)
		throw_all(&a, i, n > 0 ? n : 1);
	rig_close(&a.r);
	return check_end();
}
