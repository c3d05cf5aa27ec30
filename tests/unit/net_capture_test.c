/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture as the command sees it: it gets a descriptor, the pcap comes
 * through that, and a last line says why it ended: at a bound, asked, because
 * the engine ends, or because nobody is there any more.
 */
#include "engine/net_capture.h"
#include "dataplane/port_mem.h"
#include "engine/base/clock.h"
#include "engine/pcap_cut.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define FRAME_BYTES 58u
#define WAIT_MS	    60000
/*
 * FLOOD_N frames, 22 MB, are twice what all buffers hold: 1 MiB and what the
 * kernel makes of 4 MiB for a pair. A reader that takes ROUND_BYTES for each
 * ROUND_N of them is behind in the end, however fast anybody is, yet never so
 * long silent that it is taken for dead.
 */
#define FLOOD_N	    300000u
#define ROUND_N	    10000u
#define ROUND_BYTES 65536u

struct rig {
	struct port_mem *wire;
	struct port *port;
	struct net_capture *capture;
	pthread_t worker;
	_Atomic bool is_ending;
	char *errors; /* what starting has said */
};

/* The command's side. */
struct command {
	int ctl_fd, data_fd;
	struct pcap_cut cut;
	int end, error;
	uint64_t frames_n, lost_n;
};

/* A worker that gets one frame after the other. */
static void *
worker_main(void *arg)
{
	static const uint8_t mac[6] = { 2 };
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");
	struct rig *r = arg;
	struct bytes b;
	struct frame f[4];

	frame_tcp(&b, mac, mac, &src, &dst, 1025, 25, 1, 0x18, "data", 4);
	must(b.len == FRAME_BYTES);
	while (!atomic_load(&r->is_ending)) {
		must(port_mem_inject(r->wire, 1, b.p, b.len));
		port_free(port_queue(r->port, 0), f,
			  port_rx(port_queue(r->port, 0), f, 4));
		sched_yield();
	}
	return NULL;
}

static void
setup(struct rig *r)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;

	memset(r, 0, sizeof(*r));
	r->wire = port_mem_open(&cfg);
	must(r->wire != NULL);
	r->port = port_mem_port(r->wire, 1);
	must(pthread_create(&r->worker, NULL, worker_main, r) == 0);
}

static void
teardown(struct rig *r)
{
	net_capture_stop(&r->capture);
	CHECK(r->capture == NULL);
	atomic_store(&r->is_ending, true);
	pthread_join(r->worker, NULL);
	port_mem_close(&r->wire);
	free(r->errors);
}

static int
receive_end(int fd)
{
	char room[CMSG_SPACE(sizeof(int))], text[4];
	struct iovec iov = { .iov_base = text, .iov_len = 4 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int got;

	must(recvmsg(fd, &m, 0) == 4 && memcmp(text, "000\n", 4) == 0);
	must(CMSG_FIRSTHDR(&m) != NULL);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(got));
	return got;
}

/* What starting says; its exit code. */
static int
start(struct rig *r, const struct capture_cfg *cfg, struct command *c)
{
	size_t errors_n;
	FILE *errors;
	int fds[2], code;

	free(r->errors);
	errors = open_memstream(&r->errors, &errors_n);
	memset(c, 0, sizeof(*c));
	c->data_fd = -1;
	must(errors && !socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	c->ctl_fd = fds[0];
	code = net_capture_start(&r->capture, r->port, cfg, &fds[1], errors);
	fclose(errors);
	CHECK((code == EX_OK) == (fds[1] == -1));
	if (code == EX_OK)
		c->data_fd = receive_end(c->ctl_fd);
	if (fds[1] >= 0)
		close(fds[1]);
	return code;
}

static void
hang_up(struct command *c)
{
	if (c->data_fd >= 0)
		close(c->data_fd);
	if (c->ctl_fd >= 0)
		close(c->ctl_fd);
	c->data_fd = c->ctl_fd = -1;
}

/* One read; false: the end. */
static bool
take(struct command *c)
{
	char buf[65536];
	struct pollfd p = { .fd = c->data_fd, .events = POLLIN };
	ssize_t n;

	must(poll(&p, 1, WAIT_MS) == 1);
	n = read(c->data_fd, buf, sizeof(buf));
	if (n > 0)
		pcap_cut_feed(&c->cut, buf, (size_t)n);
	return n > 0;
}

/* To the end, and what was said there. */
static void
take_all(struct command *c)
{
	char text[8192];
	size_t text_n = 0;
	ssize_t n = 0;
	const char *last;

	while (take(c))
		;
	do {
		text_n += (size_t)n;
		n = read(c->ctl_fd, text + text_n, sizeof(text) - 1 - text_n);
	} while (n > 0);
	text[text_n] = '\0';
	last = strstr(text, "end ");
	CHECK(last && sscanf(last, "end %d %" SCNu64 " %" SCNu64 " %d", &c->end,
			     &c->frames_n, &c->lost_n, &c->error) == 4);
	hang_up(c);
}

static void
wait_ended(struct rig *r)
{
	uint64_t until_us = clock_now_us() + WAIT_MS * 1000;

	while (r->capture != NULL && clock_now_us() < until_us) {
		net_capture_reap(&r->capture);
		sched_yield();
	}
	CHECK(r->capture == NULL);
}

static void
test_bounds(void)
{
	static const struct {
		const char *name;
		struct capture_cfg cfg;
		enum net_capture_end end;
		uint64_t frames_n; /* 0: any */
	} rows[] = {
		{ "count", { .frames_n_max = 100 }, NET_CAPTURE_COUNT, 100 },
		{ "one", { .frames_n_max = 1 }, NET_CAPTURE_COUNT, 1 },
		{ "time", { .us_max = 20000 }, NET_CAPTURE_TIME, 0 },
		{ "size",
		  { .bytes_max = 24 + 10 * (16 + FRAME_BYTES) + 73 },
		  NET_CAPTURE_SIZE,
		  10 },
		{ "nothing fits", { .bytes_max = 24 }, NET_CAPTURE_SIZE, 0 },
		{ "nothing comes through the filter",
		  { .port = 26, .us_max = 20000 },
		  NET_CAPTURE_TIME,
		  0 },
	};
	struct rig r;

	setup(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct command c;

		CHECK_ROW(rows[i].name);
		must(start(&r, &rows[i].cfg, &c) == EX_OK);
		take_all(&c);
		CHECK((int)rows[i].end == c.end && c.error == 0);
		CHECK(c.cut.whole_bytes == c.cut.bytes && c.cut.bytes >= 24);
		CHECK(c.cut.frames_n == c.frames_n);
		CHECK(!rows[i].frames_n || c.frames_n == rows[i].frames_n);
		CHECK(!rows[i].cfg.port || c.frames_n == 0);
		wait_ended(&r);
	}
	CHECK_ROW("");
	teardown(&r);
}

static void
test_ends(void)
{
	const struct capture_cfg cfg = { 0 };
	struct command c, second;
	struct rig r;

	setup(&r);
	CHECK_ROW("asked");
	must(start(&r, &cfg, &c) == EX_OK);
	while (c.cut.frames_n < 1000 && take(&c))
		;
	shutdown(c.data_fd, SHUT_WR);
	take_all(&c);
	CHECK(c.end == NET_CAPTURE_ASKED && c.frames_n >= 1000);
	CHECK(c.frames_n == c.cut.frames_n && c.cut.whole_bytes == c.cut.bytes);
	wait_ended(&r);

	CHECK_ROW("gone without a word");
	must(start(&r, &cfg, &c) == EX_OK);
	hang_up(&c);
	wait_ended(&r);

	CHECK_ROW("two at once");
	must(start(&r, &cfg, &c) == EX_OK);
	CHECK(start(&r, &cfg, &second) == EX_TEMPFAIL);
	CHECK(strstr(r.errors, "another capture is going on") != NULL);
	hang_up(&second);
	CHECK(take(&c));

	CHECK_ROW("the engine stops");
	net_capture_stop(&r.capture);
	take_all(&c);
	CHECK(c.end == NET_CAPTURE_STOPPED);
	CHECK(c.frames_n == c.cut.frames_n && c.cut.whole_bytes == c.cut.bytes);

	CHECK_ROW("... while nobody reads");
	must(start(&r, &cfg, &c) == EX_OK);
	net_capture_stop(&r.capture);
	CHECK(r.capture == NULL);
	hang_up(&c);
	CHECK_ROW("");
	teardown(&r);
}

/* Takes what is there, but no more than ROUND_BYTES. */
static void
take_some(struct command *c)
{
	char buf[4096];
	ssize_t n;

	for (size_t sum = 0; sum < ROUND_BYTES; sum += (size_t)n) {
		n = recv(c->data_fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			return;
		pcap_cut_feed(&c->cut, buf, (size_t)n);
	}
}

/* Frames are lost, not waited for: the worker goes on. */
static void
test_slow(void)
{
	const struct capture_cfg cfg = { 0 };
	struct command c;
	struct port_stats was, is;
	struct rig r;

	setup(&r);
	must(start(&r, &cfg, &c) == EX_OK);
	port_stats_get(r.port, 0, &was);
	for (uint64_t n = ROUND_N; n <= FLOOD_N; n += ROUND_N) {
		do {
			sched_yield();
			port_stats_get(r.port, 0, &is);
		} while (is.rx_n < was.rx_n + n);
		take_some(&c);
	}
	shutdown(c.data_fd, SHUT_WR);
	take_all(&c);
	CHECK(c.lost_n > 0 && c.frames_n == c.cut.frames_n);
	CHECK(c.frames_n + c.lost_n >= FLOOD_N);
	teardown(&r);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_bounds();
	test_ends();
	test_slow();
	return check_end();
}
