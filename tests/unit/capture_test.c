/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: what is in the file, the bounds, a ring that is full, and opening
 * and closing while a worker goes on.
 */
#include "dataplane/capture_int.h"
#include "dataplane/port_mem.h"
#include "dataplane/port_mem_dev.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };

struct file {
	int fd;
	uint8_t *p;
	size_t n, at;
};

struct packet {
	const uint8_t *data;
	uint32_t bytes, orig_bytes;
	uint64_t us;
};

static struct file
file_open(void)
{
	struct file f = { .fd = memfd_create("pcap", MFD_CLOEXEC) };

	must(f.fd >= 0);
	return f;
}

/* What has been written; false: no pcap of Ethernet. */
static bool
file_read(struct file *f, uint32_t snap)
{
	off_t n = lseek(f->fd, 0, SEEK_END);
	uint32_t head[6];

	free(f->p);
	f->p = must_alloc((size_t)n + 1);
	f->n = (size_t)n;
	must(pread(f->fd, f->p, f->n, 0) == n);
	if (f->n < sizeof(head))
		return false;
	memcpy(head, f->p, sizeof(head));
	f->at = sizeof(head);
	return head[0] == 0xa1b2c3d4 && head[1] == 0x00040002 &&
	       head[4] == snap && head[5] == 1;
}

static bool
file_next(struct file *f, struct packet *out)
{
	uint32_t head[4];

	if (f->at + sizeof(head) > f->n)
		return false;
	memcpy(head, f->p + f->at, sizeof(head));
	must(f->at + sizeof(head) + head[2] <= f->n);
	*out = (struct packet) { .data = f->p + f->at + sizeof(head),
				 .bytes = head[2],
				 .orig_bytes = head[3],
				 .us = head[0] * US_PER_SEC + head[1] };
	f->at += sizeof(head) + head[2];
	return true;
}

static void
file_close(struct file *f)
{
	close(f->fd);
	free(f->p);
}

static void
segment_make(struct bytes *b, unsigned src_port)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");

	frame_tcp(b, mac_b, mac_a, &src, &dst, src_port, 25, 1, 0x18, "data",
		  4);
}

static void
receive(struct port_mem *m, const struct bytes *b)
{
	for (unsigned i = 0; i < 2; i++) {
		struct port_queue *q = port_queue(port_mem_port(m, 1), i);
		struct frame f[4];
		unsigned n;

		if (i == 0)
			must(port_mem_inject(m, 1, b->p, b->len));
		n = port_rx(q, f, 4);
		port_free(q, f, n);
	}
}

static void
send_frame(struct port_queue *q, const struct bytes *b, unsigned flags)
{
	struct frame f;

	must(port_tx_get(q, &f));
	memcpy(f.data, b->p, b->len);
	f.len = b->len;
	f.flags = (uint16_t)flags;
	f.l2_bytes = ETH_BYTES;
	f.l3_bytes = IP4_BYTES;
	f.l4_bytes = TCP_HDR_BYTES;
	port_tx(q, &f, 1);
}

static struct port_mem *
wire_open(uint32_t caps)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct port_mem *m;

	cfg.queues_n[1] = 2;
	cfg.caps[1] = caps;
	m = port_mem_open(&cfg);
	must(m != NULL);
	return m;
}

static void
test_file(void)
{
	struct port_mem *m = wire_open(PORT_CAP_TX_TCP_SUM);
	struct port *port = port_mem_port(m, 1);
	struct capture_cfg cfg = { .port = 25 };
	struct capture *c, *second;
	struct capture_stats stats;
	struct file f = file_open();
	struct packet p;
	struct bytes b;
	uint64_t from_us = clock_wall_us();
	uint16_t sum;

	CHECK_ROW("received and sent");
	segment_make(&b, 1025);
	receive(m, &b);
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	CHECK(capture_open(&second, port, &cfg, f.fd) == -EBUSY && !second);
	receive(m, &b);
	segment_make(&b, 1026);
	send_frame(port_queue(port, 1), &b, 0);
	CHECK(capture_step(c) == CAPTURE_GOING);
	CHECK(file_read(&f, 65535));
	CHECK(file_next(&f, &p) && p.bytes == b.len && p.orig_bytes == b.len);
	CHECK(wire_get16(p.data + 34) == 1025);
	CHECK(p.us >= from_us && p.us <= clock_wall_us());
	CHECK(file_next(&f, &p) && memcmp(p.data, b.p, b.len) == 0);
	CHECK(!file_next(&f, &p));

	CHECK_ROW("filtered");
	wire_put16(b.p + 36, 26);
	receive(m, &b);
	CHECK_ROW("a sum that the device puts in");
	segment_make(&b, 1027);
	sum = wire_get16(b.p + 34 + TCP_HDR_SUM);
	wire_put16(b.p + 34 + TCP_HDR_SUM,
		   (uint16_t)frame_sum(0x0006 + 24, b.p + 26, 8));
	send_frame(port_queue(port, 0), &b, FRAME_WANT_TCP_SUM);
	capture_close(&c, &stats);
	CHECK(c == NULL && stats.frames_n == 3 && !stats.lost_n);
	CHECK(file_read(&f, 65535) && file_next(&f, &p) && file_next(&f, &p));
	CHECK(file_next(&f, &p) && wire_get16(p.data + 34) == 1027);
	CHECK(wire_get16(p.data + 34 + TCP_HDR_SUM) == sum);
	CHECK(!file_next(&f, &p));

	CHECK_ROW("closed: nobody captures");
	receive(m, &b);
	capture_close(&c, NULL);
	file_close(&f);
	port_mem_close(&m);
}

static void
test_tag(void)
{
	static const uint8_t tag[4] = { 0x81, 0, 0x20, 7 };
	struct port_mem *m = wire_open(PORT_CAP_VLAN_STRIP);
	struct capture_cfg cfg = { 0 };
	struct file f = file_open();
	struct capture *c;
	struct packet p;
	struct bytes b;

	segment_make(&b, 1025);
	memmove(b.p + 16, b.p + 12, b.len - 12);
	memcpy(b.p + 12, tag, 4);
	b.len += 4;
	CHECK_ROW("a stripped tag is put back");
	CHECK(capture_open(&c, port_mem_port(m, 1), &cfg, f.fd) == 0);
	receive(m, &b);
	capture_close(&c, NULL);
	CHECK(file_read(&f, 65535) && file_next(&f, &p));
	CHECK(p.bytes == b.len && memcmp(p.data, b.p, b.len) == 0);
	file_close(&f);

	for (cfg.snap_bytes = 10; cfg.snap_bytes <= 40; cfg.snap_bytes += 6) {
		CHECK_ROW("cut");
		f = file_open();
		CHECK(capture_open(&c, port_mem_port(m, 1), &cfg, f.fd) == 0);
		receive(m, &b);
		capture_close(&c, NULL);
		CHECK(file_read(&f, cfg.snap_bytes) && file_next(&f, &p));
		CHECK(p.bytes == cfg.snap_bytes);
		CHECK(p.orig_bytes + (p.bytes < 18 ? 4 : 0) == b.len);
		CHECK(memcmp(p.data, b.p, p.bytes < 12 ? p.bytes : 12) == 0);
		file_close(&f);
	}
	port_mem_close(&m);
}

static void
test_bounds(void)
{
	struct port_mem *m = wire_open(0);
	struct port *port = port_mem_port(m, 1);
	struct capture_cfg cfg = { .frames_n_max = 3 };
	struct capture_stats stats;
	struct file f = file_open();
	struct capture *c;
	struct packet p;
	struct bytes b;
	unsigned n = 0;

	CHECK_ROW("so many");
	segment_make(&b, 1025);
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	receive(m, &b);
	CHECK(capture_step(c) == CAPTURE_GOING);
	for (unsigned i = 0; i < 5; i++)
		receive(m, &b);
	CHECK(capture_step(c) == CAPTURE_DONE);
	capture_close(&c, &stats);
	CHECK(stats.frames_n == 3 && file_read(&f, 65535));
	while (file_next(&f, &p))
		n++;
	CHECK(n == 3 && stats.bound == CAPTURE_BOUND_COUNT);
	CHECK(stats.bytes == f.n);
	file_close(&f);

	CHECK_ROW("so large");
	f = file_open();
	cfg = (struct capture_cfg) { .bytes_max = 24 + 3 * 74 + 73 };
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	for (unsigned i = 0; i < 3; i++)
		receive(m, &b);
	CHECK(capture_step(c) == CAPTURE_GOING);
	receive(m, &b);
	CHECK(capture_step(c) == CAPTURE_DONE);
	capture_close(&c, &stats);
	CHECK(stats.frames_n == 3 && stats.bound == CAPTURE_BOUND_SIZE);
	CHECK(file_read(&f, 65535) && f.n == 24 + 3 * 74);
	CHECK(stats.bytes == f.n);
	file_close(&f);

	CHECK_ROW("so long; what is in the rings then is written");
	f = file_open();
	cfg = (struct capture_cfg) { .us_max = 1 };
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	while (capture_step(c) == CAPTURE_GOING)
		;
	CHECK(capture_step(c) == CAPTURE_DONE);
	receive(m, &b);
	capture_close(&c, &stats);
	CHECK(stats.frames_n == 1 && stats.bound == CAPTURE_BOUND_TIME);
	file_close(&f);

	CHECK_ROW("a full ring, many times round");
	f = file_open();
	cfg = (struct capture_cfg) { 0 };
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	for (unsigned i = 0; i < 20000; i++)
		receive(m, &b);
	capture_stats_get(c, &stats);
	CHECK(stats.lost_n > 0 && stats.lost_n < 20000);
	n = (unsigned)stats.lost_n;
	CHECK(capture_step(c) == CAPTURE_GOING);
	for (unsigned i = 0; i < 40000; i++) {
		/* Every length, so that records end anywhere in the ring. */
		b.len = 58 + i % 200;
		receive(m, &b);
		if (i % 512 == 0)
			CHECK(capture_step(c) == CAPTURE_GOING);
	}
	capture_close(&c, &stats);
	CHECK(stats.lost_n == n && stats.frames_n == 60000 - n);
	CHECK(file_read(&f, 65535));
	for (n = 0; file_next(&f, &p); n++)
		CHECK(p.bytes >= 58 && p.bytes < 258 &&
		      memcmp(p.data, b.p, 12) == 0);
	CHECK(n == stats.frames_n);
	file_close(&f);
	port_mem_close(&m);
}

static void
test_file_fails(void)
{
	struct port_mem *m = wire_open(0);
	struct port *port = port_mem_port(m, 1);
	struct capture_cfg cfg = { 0 };
	struct capture_stats stats;
	struct capture *c;
	struct bytes b;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct file f = file_open();

	CHECK_ROW("no room for the head");
	CHECK(capture_open(&c, port, &cfg, full) == -ENOSPC && c == NULL);
	CHECK_ROW("no room later");
	CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
	must(dup2(full, f.fd) == f.fd);
	segment_make(&b, 1025);
	receive(m, &b);
	CHECK(capture_step(c) == CAPTURE_FAILED);
	CHECK(capture_step(c) == CAPTURE_FAILED);
	capture_close(&c, &stats);
	CHECK(stats.error == -ENOSPC);
	close(full);
	file_close(&f);
	port_mem_close(&m);
}

struct worker {
	struct port_mem *m;
	_Atomic bool is_ending;
	_Atomic uint64_t turns_n;
};

static void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct bytes b;

	segment_make(&b, 1025);
	while (!atomic_load(&w->is_ending)) {
		receive(w->m, &b);
		atomic_fetch_add(&w->turns_n, 1);
	}
	return NULL;
}

static void
test_meanwhile(void)
{
	struct worker w = { .m = wire_open(0) };
	struct port *port = port_mem_port(w.m, 1);
	struct capture_cfg cfg = { 0 };
	struct capture_stats stats;
	pthread_t thread;

	CHECK_ROW("opened and closed while a worker goes on");
	must(pthread_create(&thread, NULL, worker_run, &w) == 0);
	for (unsigned i = 0; i < 50; i++) {
		struct file f = file_open();
		struct capture *c;
		struct packet p;
		uint64_t n = 0;

		CHECK(capture_open(&c, port, &cfg, f.fd) == 0);
		do {
			CHECK(capture_step(c) == CAPTURE_GOING);
			capture_stats_get(c, &stats);
		} while (stats.frames_n < 20);
		capture_close(&c, &stats);
		CHECK(file_read(&f, 65535));
		while (file_next(&f, &p))
			n++;
		CHECK(n == stats.frames_n && n >= 20);
		file_close(&f);
	}
	atomic_store(&w.is_ending, true);
	pthread_join(thread, NULL);
	port_mem_close(&w.m);
}

int
main(void)
{
	test_file();
	test_tag();
	test_bounds();
	test_file_fails();
	test_meanwhile();
	return check_end();
}
