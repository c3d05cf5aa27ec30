/* SPDX-License-Identifier: BSD-2-Clause */
/* What a connection's owner calls to read, write and ask. */
#include "dataplane/tcp_int.h"

struct ready_node *
tcp_ready_node(struct tcp_conn *c)
{
	return &c->ready;
}

struct tcp_conn *
tcp_of_ready(struct ready_node *n)
{
	return CONTAINER_OF(n, struct tcp_conn, ready);
}

void
tcp_owner_set(struct tcp_conn *c, void *owner)
{
	c->owner = owner;
}

void *
tcp_owner(const struct tcp_conn *c)
{
	return c->owner;
}

unsigned
tcp_service_idx(const struct tcp_conn *c)
{
	return c->service_idx;
}

void
tcp_peer(const struct tcp_conn *c, struct ip *ip_out, uint16_t *port_out)
{
	*ip_out = c->key.peer;
	*port_out = c->key.peer_port;
}

void
tcp_local(const struct tcp_conn *c, struct ip *ip_out, uint16_t *port_out)
{
	*ip_out = c->key.local;
	*port_out = c->key.local_port;
}

bool
tcp_is_established(const struct tcp_conn *c)
{
	return c->state >= TCP_ESTABLISHED;
}

/* --- reading --- */

enum net_rx
tcp_rx(struct tcp *t, struct tcp_conn *c, struct span *out)
{
	if (c->rx.bytes) {
		*out = tcp_chain_front(&t->pool, &c->rx);
		return NET_RX_BYTES;
	}
	if (c->chunk) {
		const struct tcp_chunk *k = &t->chunks[c->chunk - 1];

		*out = (struct span) { (const char *)k->p, k->bytes };
		return NET_RX_BYTES;
	}
	if (c->flags & TCP_F_LOST)
		return NET_RX_LOST;
	if (c->flags & TCP_F_FIN_RCVD)
		return NET_RX_END;
	return NET_RX_EMPTY;
}

void
tcp_rx_done(struct tcp *t, struct tcp_conn *c, size_t used_bytes)
{
	uint32_t left = (uint32_t)used_bytes, n;

	must(used_bytes <= (size_t)c->rx.bytes + c->burst_bytes);
	n = left < c->rx.bytes ? left : c->rx.bytes;
	tcp_chain_drop(&t->pool, &c->rx, NULL, n);
	left -= n;
	c->burst_bytes -= left;
	while (left) {
		struct tcp_chunk *k = &t->chunks[c->chunk - 1];

		n = left < k->bytes ? left : k->bytes;
		k->p += n;
		k->bytes -= n;
		left -= n;
		if (k->bytes)
			break;
		c->chunk = (uint16_t)k->next;
		if (!c->chunk)
			c->chunk_last = 0;
	}
	if (c->state != TCP_CLOSED && tcp_window_opens(t, c)) {
		c->flags |= TCP_F_ACK_NOW;
		tcp_conn_pend(t, c);
	}
}

/* --- writing --- */

bool
tcp_tx(struct tcp *t, struct tcp_conn *c, struct span bytes)
{
	struct tcp_pool *p = &t->pool;
	uint32_t need = tcp_chain_need(p, &c->tx, bytes.len);
	uint32_t held = tcp_bufs_of(c->tx.bytes);

	/* Who is gone shows itself at the next read. */
	if (c->flags & TCP_F_LOST)
		return true;
	must(!(c->flags & TCP_F_FIN_WANTED));
	if (c->tx.bytes + bytes.len > t->cfg.tx_bytes_max ||
	    held + need > tcp_tx_bufs_left(t)) {
		c->flags |= TCP_F_TX_FULL;
		if (c->tx.bytes <= t->tx_level) /* no ACK may tell of room */
			tcp_starved_add(t, c);
		return false;
	}
	if (c->tx.bytes == 0)
		tcp_cc_idle(t, c);
	tcp_chain_append(p, &c->tx, bytes.p, bytes.len);
	t->tx_bufs_n += need;
	if (c->tx.bytes > t->tx_level)
		c->flags |= TCP_F_TX_FULL;
	tcp_conn_pend(t, c);
	return true;
}

bool
tcp_tx_has_room(struct tcp *t, struct tcp_conn *c)
{
	uint32_t need = tcp_bufs_of(c->tx.bytes) + t->tx_kept_n;
	bool is_taken = c->tx.bytes <= t->tx_level;

	/* Who is gone has to hear of it. */
	if (LIKELY(is_taken && need <= tcp_tx_bufs_left(t)) ||
	    c->flags & TCP_F_LOST)
		return true;
	c->flags |= TCP_F_TX_FULL;
	if (is_taken)
		tcp_starved_add(t, c);
	return false;
}

size_t
tcp_tx_waiting_bytes(const struct tcp *t, const struct tcp_conn *c)
{
	return c->tx.bytes > t->tx_level ? c->tx.bytes - t->tx_level : 0;
}
