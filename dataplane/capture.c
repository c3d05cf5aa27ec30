/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture: each worker's ring of records, and the writer that merges them by
 * time into one file. A worker says that it is looking (tap_busy) before it
 * looks whether there is a capture; who takes the capture away waits for that.
 */
#include "dataplane/capture_int.h"
#include "dataplane/port_impl.h"
#include "dataplane/port_mem_dev.h"
#include "dataplane/wire.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define RING_BYTES   (1u << 20) /* a worker's; a power of two */
#define WRITE_BYTES  65536u
#define SNAP_MAX     65535u
#define RECORD_ALIGN 8u
#define STEP_BYTES   (4u << 20)	 /* then the caller looks round */
#define PCAP_MAGIC   0xa1b2c3d4u /* microseconds, this machine's order */
#define PCAP_ETHER   1u

struct pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_bytes, link_type;
};
static_assert(sizeof(struct pcap_head) == 24, "pcap file");

struct pcap_record {
	uint32_t s, us, bytes, orig_bytes;
};
static_assert(sizeof(struct pcap_record) == 16, "pcap record");

/* One in a worker's ring; the frame's bytes follow. */
struct record {
	uint64_t wall_us;
	uint32_t bytes, orig_bytes; /* bytes: SKIP: go on at the ring's start */
	uint16_t flags, l2_bytes, l3_bytes, unused;
};
static_assert(sizeof(struct record) % RECORD_ALIGN == 0, "aligned records");
#define SKIP UINT32_MAX

struct capture_queue {
	struct capture *capture;
	CACHE_ALIGNED _Atomic uint64_t tail; /* the worker's */
	counter_t lost;
	CACHE_ALIGNED _Atomic uint64_t head; /* the writer's */
	uint8_t *ring;
};

struct capture {
	struct capture_cfg cfg;
	struct port *port;
	int fd, error;
	uint64_t frames_n, bytes, until_us;
	enum capture_bound bound;
	struct capture_queue *queues;
	uint8_t *out; /* WRITE_BYTES and one record */
	size_t out_n;
	enum capture_state state;
};

/* --- the worker's --- */

static uint32_t
record_size(uint32_t bytes)
{
	return (uint32_t)((sizeof(struct record) + bytes + RECORD_ALIGN - 1) &
			  ~(RECORD_ALIGN - 1));
}

/* Room for a record, at the ring's start if need be; NULL: full. */
static struct record *
record_begin(struct capture_queue *cq, uint32_t size)
{
	uint64_t tail = atomic_load_explicit(&cq->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&cq->head, memory_order_acquire);
	uint32_t at = (uint32_t)(tail % RING_BYTES), left = RING_BYTES - at;
	uint32_t need = left < size ? left + size : size;
	struct record *r = (void *)(cq->ring + at);

	if (need > RING_BYTES - (tail - head))
		return NULL;
	if (left >= size)
		return r;
	/* Records are aligned, so that there is room for `bytes` at least. */
	if (left >= sizeof(struct record))
		r->bytes = SKIP;
	atomic_store_explicit(&cq->tail, tail + left, memory_order_release);
	return (void *)cq->ring;
}

static void
frame_put(struct capture_queue *cq, const struct frame *f, uint64_t wall_us)
{
	const struct capture_cfg *cfg = &cq->capture->cfg;
	uint32_t tag = f->flags & FRAME_HAS_VLAN ? VLAN_BYTES : 0, bytes;
	uint8_t *to;
	struct record *r;
	uint64_t tail;

	/* Not even its tag is there, or wanted. */
	if (f->len < ETH_BYTES || cfg->snap_bytes < ETH_VLAN_MAX)
		tag = 0;
	bytes = f->len + tag;
	if (bytes > cfg->snap_bytes)
		bytes = cfg->snap_bytes;
	r = record_begin(cq, record_size(bytes));
	if (r == NULL) {
		counter_add(&cq->lost, 1);
		return;
	}
	*r = (struct record) { .wall_us = wall_us,
			       .bytes = bytes,
			       .orig_bytes = f->len + tag,
			       .flags = f->flags,
			       .l2_bytes = f->l2_bytes,
			       .l3_bytes = f->l3_bytes };
	to = (uint8_t *)(r + 1);
	if (tag) {
		memcpy(to, f->data, ETH_TYPE);
		wire_put16(to + ETH_TYPE, ETH_TYPE_VLAN);
		wire_put16(to + ETH_BYTES, f->vlan);
		memcpy(to + ETH_BYTES + 2, f->data + ETH_TYPE,
		       bytes - ETH_BYTES - 2);
	} else {
		memcpy(to, f->data, bytes);
	}
	tail = atomic_load_explicit(&cq->tail, memory_order_relaxed);
	atomic_store_explicit(&cq->tail, tail + record_size(bytes),
			      memory_order_release);
}

void
capture_frames(struct port_queue *q, const struct frame *frames, unsigned n)
{
	struct capture_queue *cq;
	uint64_t wall_us;

	atomic_store(&q->tap_busy, 1);
	cq = atomic_load(&q->tap);
	if (cq != NULL && n) {
		wall_us = clock_wall_us();
		for (unsigned i = 0; i < n; i++)
			if (capture_is_wanted(&cq->capture->cfg, frames[i].data,
					      frames[i].len))
				frame_put(cq, &frames[i], wall_us);
	}
	atomic_store(&q->tap_busy, 0);
}

/* --- the writer's --- */

static void
fail(struct capture *c, int error)
{
	if (c->error == 0)
		c->error = error;
	c->state = CAPTURE_FAILED;
}

static void
out_write(struct capture *c)
{
	size_t done = 0;

	while (done < c->out_n && c->state != CAPTURE_FAILED) {
		ssize_t n = write(c->fd, c->out + done, c->out_n - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			fail(c, n == 0 ? -EIO : -errno);
	}
	c->out_n = 0;
}

/* The next record of a worker's ring, or NULL. */
static struct record *
record_next(struct capture_queue *cq)
{
	uint64_t head = atomic_load_explicit(&cq->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&cq->tail, memory_order_acquire);
	uint32_t at = (uint32_t)(head % RING_BYTES), left = RING_BYTES - at;
	struct record *r = (void *)(cq->ring + at);

	if (head == tail)
		return NULL;
	if (left >= sizeof(*r) && r->bytes != SKIP)
		return r;
	atomic_store_explicit(&cq->head, head + left, memory_order_release);
	return head + left == tail ? NULL : (void *)cq->ring;
}

static void
record_done(struct capture_queue *cq, const struct record *r)
{
	uint64_t head = atomic_load_explicit(&cq->head, memory_order_relaxed);

	atomic_store_explicit(&cq->head, head + record_size(r->bytes),
			      memory_order_release);
}

/* What the device would have put in. */
static void
sums_put(const struct record *r, uint8_t *data)
{
	struct frame f = { .data = data,
			   .len = r->bytes,
			   .flags = r->flags,
			   .l2_bytes = r->l2_bytes,
			   .l3_bytes = r->l3_bytes };

	if (r->flags & FRAME_WANT_TSO || r->bytes != r->orig_bytes ||
	    !(r->flags & (FRAME_WANT_IP_SUM | FRAME_WANT_TCP_SUM)))
		return;
	port_mem_dev_sums(&f);
}

static void
record_write(struct capture *c, const struct record *r)
{
	struct pcap_record head = {
		.s = (uint32_t)(r->wall_us / US_PER_SEC),
		.us = (uint32_t)(r->wall_us % US_PER_SEC),
		.bytes = r->bytes,
		.orig_bytes = r->orig_bytes,
	};
	uint8_t *to = c->out + c->out_n;

	c->bytes += sizeof(head) + r->bytes;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), r + 1, r->bytes);
	sums_put(r, to + sizeof(head));
	c->out_n += sizeof(head) + r->bytes;
	c->frames_n++;
	if (c->out_n >= WRITE_BYTES)
		out_write(c);
}

/* The oldest record of all rings, or NULL. */
static struct record *
oldest(struct capture *c, struct capture_queue **cq_out)
{
	struct record *best = NULL;

	for (unsigned i = 0; i < port_queues_n(c->port); i++) {
		struct record *r = record_next(&c->queues[i]);

		if (r == NULL || (best && best->wall_us <= r->wall_us))
			continue;
		best = r;
		*cq_out = &c->queues[i];
	}
	return best;
}

static void
done(struct capture *c, enum capture_bound bound)
{
	if (c->state != CAPTURE_GOING)
		return;
	c->state = CAPTURE_DONE;
	c->bound = bound;
}

static bool
has_room(const struct capture *c, const struct record *r)
{
	return c->cfg.bytes_max == 0 ||
	       c->bytes + sizeof(struct pcap_record) + r->bytes <=
		       c->cfg.bytes_max;
}

/* Of what is in the rings, until the file has that many bytes. */
static void
records_write(struct capture *c, uint64_t stop_bytes)
{
	struct capture_queue *cq = NULL;
	struct record *r;

	while (c->state == CAPTURE_GOING && c->bytes < stop_bytes &&
	       (r = oldest(c, &cq)) != NULL) {
		if (!has_room(c, r)) {
			done(c, CAPTURE_BOUND_SIZE);
			break;
		}
		record_write(c, r);
		record_done(cq, r);
		if (c->frames_n == c->cfg.frames_n_max)
			done(c, CAPTURE_BOUND_COUNT);
	}
	if (c->out_n)
		out_write(c);
}

enum capture_state
capture_step(struct capture *c)
{
	records_write(c, c->bytes + STEP_BYTES);
	if (clock_now_us() >= c->until_us)
		done(c, CAPTURE_BOUND_TIME);
	return c->state;
}

void
capture_stats_get(const struct capture *c, struct capture_stats *out)
{
	*out = (struct capture_stats) { .frames_n = c->frames_n,
					.bytes = c->bytes,
					.bound = c->bound,
					.error = c->error };
	for (unsigned i = 0; i < port_queues_n(c->port); i++)
		out->lost_n += counter_get(&c->queues[i].lost);
}

static void
head_write(struct capture *c)
{
	const struct pcap_head head = { .magic = PCAP_MAGIC,
					.major = 2,
					.minor = 4,
					.snap_bytes = c->cfg.snap_bytes,
					.link_type = PCAP_ETHER };

	memcpy(c->out, &head, sizeof(head));
	c->out_n = c->bytes = sizeof(head);
	out_write(c);
}

static void
capture_free(struct capture *c)
{
	for (unsigned i = 0; c->queues && i < port_queues_n(c->port); i++)
		free(c->queues[i].ring);
	free(c->queues);
	free(c->out);
	free(c);
}

static struct capture *
capture_new(struct port *port, const struct capture_cfg *cfg, int fd)
{
	struct capture *c = calloc(1, sizeof(*c));
	unsigned queues_n = port_queues_n(port);
	size_t bytes = queues_n * sizeof(struct capture_queue);

	if (c == NULL)
		return NULL;
	c->cfg = *cfg;
	if (c->cfg.snap_bytes == 0 || c->cfg.snap_bytes > SNAP_MAX)
		c->cfg.snap_bytes = SNAP_MAX;
	c->port = port;
	c->fd = fd;
	c->until_us = cfg->us_max ? clock_now_us() + cfg->us_max : UINT64_MAX;
	c->out = malloc(WRITE_BYTES + sizeof(struct pcap_record) + SNAP_MAX);
	c->queues = aligned_alloc(CACHE_LINE, bytes);
	if (c->out == NULL || c->queues == NULL)
		goto fail;
	memset(c->queues, 0, bytes);
	for (unsigned i = 0; i < queues_n; i++) {
		c->queues[i].capture = c;
		c->queues[i].ring = aligned_alloc(CACHE_LINE, RING_BYTES);
		if (c->queues[i].ring == NULL)
			goto fail;
	}
	return c;
fail:
	capture_free(c);
	return NULL;
}

int
capture_open(struct capture **out, struct port *port,
	     const struct capture_cfg *cfg, int fd)
{
	struct capture *c;
	int error;

	*out = NULL;
	if (atomic_load(&port_queue(port, 0)->tap) != NULL)
		return -EBUSY;
	c = capture_new(port, cfg, fd);
	if (c == NULL)
		return -ENOMEM;
	head_write(c);
	if (c->error) {
		error = c->error;
		capture_free(c);
		return error;
	}
	for (unsigned i = 0; i < port_queues_n(port); i++)
		atomic_store(&port_queue(port, i)->tap, &c->queues[i]);
	*out = c;
	return 0;
}

void
capture_close(struct capture **capture, struct capture_stats *out)
{
	struct capture *c = *capture;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < port_queues_n(c->port); i++) {
		struct port_queue *q = port_queue(c->port, i);

		atomic_store(&q->tap, NULL);
		while (atomic_load(&q->tap_busy))
			sched_yield();
	}
	if (c->bound == CAPTURE_BOUND_TIME)
		c->state =
			CAPTURE_GOING; /* what came in time is in the rings */
	records_write(c, UINT64_MAX);
	if (out != NULL)
		capture_stats_get(c, out);
	capture_free(c);
	*capture = NULL;
}
