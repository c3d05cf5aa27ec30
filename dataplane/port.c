/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames in bursts: hands each call to the implementation behind the port. */
#include "dataplane/capture_int.h"
#include "dataplane/port_impl.h"

#include <string.h>

void
port_close(struct port **port)
{
	if (*port != NULL)
		(*port)->ops->close(*port);
	*port = NULL;
}

struct port_queue *
port_queue(struct port *port, unsigned queue_idx)
{
	must(queue_idx < port->queues_n);
	return port->queues[queue_idx];
}

unsigned
port_queues_n(const struct port *port)
{
	return port->queues_n;
}

void
port_mac(const struct port *port, uint8_t out[PORT_MAC_BYTES])
{
	memcpy(out, port->mac, PORT_MAC_BYTES);
}

uint32_t
port_caps(const struct port *port)
{
	return port->caps;
}

uint32_t
port_mtu(const struct port *port)
{
	return port->mtu;
}

bool
port_is_up(const struct port *port)
{
	return port->ops->is_up(port);
}

unsigned
port_queue_of(const struct port *port, const struct ip *src, uint16_t src_port,
	      const struct ip *dst, uint16_t dst_port)
{
	if (port->queues_n == 1)
		return 0;
	return port->ops->queue_of(port, src, src_port, dst, dst_port);
}

static inline bool
has_tap(struct port_queue *q)
{
	return atomic_load_explicit(&q->tap, memory_order_relaxed) != NULL;
}

unsigned
port_rx(struct port_queue *q, struct frame *frames, unsigned frames_n_max)
{
	unsigned n;

	assert(frames_n_max <= PORT_BURST_MAX);
	n = q->ops->rx(q, frames, frames_n_max);
	if (UNLIKELY(has_tap(q)) && n)
		capture_frames(q, frames, n);
	return n;
}

void
port_free(struct port_queue *q, struct frame *frames, unsigned frames_n)
{
	q->ops->free(q, frames, frames_n);
}

bool
port_tx_get(struct port_queue *q, struct frame *out)
{
	return q->ops->tx_get(q, out);
}

void
port_tx(struct port_queue *q, struct frame *frames, unsigned frames_n)
{
	if (UNLIKELY(has_tap(q)))
		capture_frames(q, frames, frames_n);
	q->ops->tx(q, frames, frames_n);
}

void
port_tx_flush(struct port_queue *q)
{
	q->ops->tx_flush(q);
}

void
port_queue_sleep(struct port_queue *q, int wake_fd, uint64_t timeout_us)
{
	q->ops->sleep(q, wake_fd, timeout_us);
}

void
port_stats_get(const struct port *port, unsigned queue_idx,
	       struct port_stats *out)
{
	must(queue_idx < port->queues_n);
	port->ops->stats(port, queue_idx, out);
}

void
port_counts_get(const struct port_counts *count, struct port_stats *out)
{
	*out = (struct port_stats) {
		.rx_n = counter_get(&count->rx),
		.rx_bytes = counter_get(&count->rx_bytes),
		.tx_n = counter_get(&count->tx),
		.tx_bytes = counter_get(&count->tx_bytes),
		.rx_missed_n = counter_get(&count->rx_missed),
		.rx_errors_n = counter_get(&count->rx_errors),
		.tx_dropped_n = counter_get(&count->tx_dropped),
		.bursts_n = counter_get(&count->bursts),
	};
}
