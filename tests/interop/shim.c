/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shim: a bad line between two interfaces of this machine: it loses, doubles,
 * delays and reorders the frames of both directions, since not every kernel
 * has a discipline that does. What happens follows from a seed and from the
 * order in which frames come. Ends with stdin, and prints what it did.
 *
 *	shim INTERFACE INTERFACE SEED LOSS-PPM DUP-PPM REORDER-PPM DELAY-US
 *
 * Each frame waits DELAY-US; one that is reordered up to three times as long.
 */
#include "engine/base/must.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { HELD_MAX = 8192, FRAME_BYTES_MAX = 9216, SOCKET_BYTES = 8 << 20 };
enum { PPM = 1000000, BURST = 64 };

/* A frame on its way to sockets[to]. */
struct held {
	uint64_t due_us, number;
	unsigned char *bytes;
	size_t len;
	unsigned to;
};

struct shim {
	int sockets[2];
	uint64_t x; /* of the generator */
	uint64_t loss_ppm, dup_ppm, reorder_ppm, delay_us;
	uint64_t number;
	struct held heap[HELD_MAX]; /* the first one is due first */
	size_t heap_n;
	/* What was done. */
	uint64_t in, lost, doubled, late, full, refused;
};

static uint64_t
draw(struct shim *s)
{
	uint64_t z = s->x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static bool
happens(struct shim *s, uint64_t ppm)
{
	return draw(s) % PPM < ppm;
}

/* --- frames that wait --- */

static bool
is_before(const struct held *a, const struct held *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us
				      : a->number < b->number;
}

static void
heap_put(struct shim *s, struct held h)
{
	size_t i = s->heap_n++;

	for (; i && is_before(&h, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = h;
}

static struct held
heap_take(struct shim *s)
{
	struct held first = s->heap[0], last = s->heap[--s->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap_n) {
		if (child + 1 < s->heap_n &&
		    is_before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!is_before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

static void
hold(struct shim *s, const unsigned char *bytes, size_t len, unsigned to)
{
	struct held h = { .len = len, .to = to, .number = s->number++ };

	if (s->heap_n == HELD_MAX) {
		s->full++;
		return;
	}
	h.due_us = clock_now_us() + s->delay_us;
	if (happens(s, s->reorder_ppm)) {
		h.due_us += draw(s) % (2 * s->delay_us + 1);
		s->late++;
	}
	h.bytes = malloc(len);
	must(h.bytes != NULL);
	memcpy(h.bytes, bytes, len);
	heap_put(s, h);
}

/* --- sockets --- */

static int
socket_on(const char *name)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(name) };
	struct packet_mreq all = { .mr_ifindex = ll.sll_ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	int fd, on = 1, bytes = SOCKET_BYTES;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || ll.sll_ifindex == 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) !=
		    0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) !=
		    0 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) != 0) {
		fprintf(stderr, "shim: %s: %s\n", name, strerror(errno));
		exit(EX_OSERR);
	}
	return fd;
}

static void
take(struct shim *s, unsigned from)
{
	unsigned char bytes[FRAME_BYTES_MAX];
	ssize_t n;

	for (unsigned i = 0; i < BURST; i++) {
		n = recv(s->sockets[from], bytes, sizeof(bytes), MSG_TRUNC);
		if (n < 0)
			return;
		if ((size_t)n > sizeof(bytes)) {
			fprintf(stderr, "shim: a frame of %zd bytes\n", n);
			exit(EX_SOFTWARE);
		}
		s->in++;
		if (happens(s, s->loss_ppm)) {
			s->lost++;
			continue;
		}
		hold(s, bytes, (size_t)n, !from);
		if (happens(s, s->dup_ppm)) {
			s->doubled++;
			hold(s, bytes, (size_t)n, !from);
		}
	}
}

static void
give(struct shim *s)
{
	uint64_t now_us = clock_now_us();

	while (s->heap_n && s->heap[0].due_us <= now_us) {
		struct held h = heap_take(s);

		if (send(s->sockets[h.to], h.bytes, h.len, 0) < 0)
			s->refused++;
		free(h.bytes);
	}
}

static void
run(struct shim *s)
{
	struct pollfd fds[3] = { { .fd = s->sockets[0], .events = POLLIN },
				 { .fd = s->sockets[1], .events = POLLIN },
				 { .fd = 0, .events = POLLIN } };

	while (!fds[2].revents) {
		uint64_t now_us = clock_now_us(), left = PPM;
		struct timespec wait;

		if (s->heap_n)
			left = s->heap[0].due_us > now_us
				       ? s->heap[0].due_us - now_us
				       : 0;
		wait = (struct timespec) { (time_t)(left / PPM),
					   (long)(left % PPM * 1000) };
		if (ppoll(fds, ARRAY_N(fds), &wait, NULL) < 0)
			break;
		take(s, 0);
		take(s, 1);
		give(s);
	}
	while (s->heap_n)
		free(heap_take(s).bytes);
}

int
main(int argc, char **argv)
{
	struct shim *s;

	if (argc != 8) {
		fprintf(stderr, "usage: shim INTERFACE INTERFACE SEED LOSS-PPM "
				"DUP-PPM REORDER-PPM DELAY-US\n");
		return EX_USAGE;
	}
	s = must_alloc(sizeof(*s));
	s->sockets[0] = socket_on(argv[1]);
	s->sockets[1] = socket_on(argv[2]);
	s->x = strtoull(argv[3], NULL, 10);
	s->loss_ppm = strtoull(argv[4], NULL, 10);
	s->dup_ppm = strtoull(argv[5], NULL, 10);
	s->reorder_ppm = strtoull(argv[6], NULL, 10);
	s->delay_us = strtoull(argv[7], NULL, 10);
	puts("ready");
	fflush(stdout);
	run(s);
	printf("in %lu\nlost %lu\ndoubled %lu\nlate %lu\nfull %lu\n"
	       "refused %lu\n",
	       s->in, s->lost, s->doubled, s->late, s->full, s->refused);
	close(s->sockets[0]);
	close(s->sockets[1]);
	free(s);
	return 0;
}
