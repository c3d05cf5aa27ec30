/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card in software: what port_mem.c pretends that its devices can do.
 * Written to be plainly right, not fast: it judges what the stack sends.
 */
#include "dataplane/port_mem_dev.h"
#include "dataplane/cksum.h"
#include "dataplane/wire.h"

#define TCP_FLAGS 13u
#define TCP_FIN	  0x01u
#define TCP_PSH	  0x08u
#define TCP_CWR	  0x80u
#define TCP_SEQ	  4u

static void
put_sum(uint8_t *field, uint64_t sum)
{
	uint16_t v = cksum_end(sum);

	memcpy(field, &v, sizeof(v));
}

static void
ip4_sum_set(uint8_t *ip, uint32_t ip_bytes)
{
	memset(ip + IP4_SUM, 0, 2);
	put_sum(ip + IP4_SUM, cksum_add(0, ip, ip_bytes));
}

void
port_mem_dev_sums(const struct frame *f)
{
	uint8_t *ip = f->data + f->l2_bytes, *tcp = ip + f->l3_bytes;

	if (f->flags & FRAME_WANT_IP_SUM)
		ip4_sum_set(ip, f->l3_bytes);
	/* The field holds the pseudo-header's sum, so it is summed as it is. */
	if (f->flags & FRAME_WANT_TCP_SUM)
		put_sum(tcp + TCP_HDR_SUM,
			cksum_add(0, tcp, f->len - f->l2_bytes - f->l3_bytes));
}

uint32_t
port_mem_dev_segment(const struct frame *f, uint32_t segment_idx, uint8_t *out)
{
	uint32_t head = (uint32_t)f->l2_bytes + f->l3_bytes + f->l4_bytes;
	uint32_t at = segment_idx * f->tso_bytes, payload, l4_bytes;
	uint8_t *ip = out + f->l2_bytes, *tcp = ip + f->l3_bytes;
	bool is_last;

	if (head + at >= f->len)
		return 0;
	payload = f->len - head - at;
	is_last = payload <= f->tso_bytes;
	if (!is_last)
		payload = f->tso_bytes;
	memcpy(out, f->data, head);
	memcpy(out + head, f->data + head + at, payload);
	l4_bytes = f->l4_bytes + payload;
	if (ip[0] >> 4 == 4) {
		wire_put16(ip + IP4_LEN, (uint16_t)(f->l3_bytes + l4_bytes));
		wire_put16(ip + IP4_ID,
			   (uint16_t)(wire_get16(ip + IP4_ID) + segment_idx));
		ip4_sum_set(ip, f->l3_bytes);
	} else {
		wire_put16(ip + IP6_LEN,
			   (uint16_t)(f->l3_bytes - IP6_BYTES + l4_bytes));
	}
	wire_put32(tcp + TCP_SEQ, wire_get32(tcp + TCP_SEQ) + at);
	if (!is_last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (segment_idx > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	/* For TSO the pseudo-header comes without its length. */
	put_sum(tcp + TCP_HDR_SUM,
		cksum_add(cksum_add16(0, (uint16_t)l4_bytes), tcp, l4_bytes));
	return head + payload;
}

/* Where the IP header begins, or 0. */
static uint32_t
ip_at(const uint8_t *data, uint32_t len, uint16_t *type)
{
	uint32_t at = ETH_BYTES;

	if (len < ETH_BYTES)
		return 0;
	*type = wire_get16(data + ETH_TYPE);
	if (*type == ETH_TYPE_VLAN && len >= ETH_VLAN_MAX) {
		*type = wire_get16(data + ETH_BYTES + 2);
		at = ETH_VLAN_MAX;
	}
	if (*type == ETH_TYPE_IP4 && len - at >= IP4_BYTES &&
	    data[at] >> 4 == 4 && (data[at] & 15) >= 5 &&
	    len - at >= (data[at] & 15) * 4u)
		return at;
	return *type == ETH_TYPE_IP6 && len - at >= IP6_BYTES ? at : 0;
}

static uint16_t
verify4(const uint8_t *ip, uint32_t len)
{
	uint32_t ip_bytes = (ip[0] & 15) * 4u, total = wire_get16(ip + IP4_LEN);
	uint16_t flags = FRAME_IP_SUM_OK;

	if (cksum_end(cksum_add(0, ip, ip_bytes)) != 0)
		return FRAME_SUM_BAD;
	if (ip[IP4_PROTO] != IP_PROTO_TCP || total > len || total < ip_bytes ||
	    wire_get16(ip + IP4_FRAG) & (IP4_FRAG_MORE | IP4_FRAG_PLACE))
		return flags;
	total -= ip_bytes;
	if (cksum_end(cksum_add(cksum_pseudo4(ip, IP_PROTO_TCP, total),
				ip + ip_bytes, total)) != 0)
		return flags | FRAME_SUM_BAD;
	return flags | FRAME_L4_SUM_OK;
}

static uint16_t
verify6(const uint8_t *ip, uint32_t len)
{
	uint32_t total = wire_get16(ip + IP6_LEN);

	if (ip[IP6_NEXT] != IP_PROTO_TCP || total > len - IP6_BYTES)
		return 0;
	if (cksum_end(cksum_add(cksum_pseudo6(ip, IP_PROTO_TCP, total),
				ip + IP6_BYTES, total)) != 0)
		return FRAME_SUM_BAD;
	return FRAME_L4_SUM_OK;
}

uint16_t
port_mem_dev_verify(const uint8_t *data, uint32_t len)
{
	uint16_t type;
	uint32_t at = ip_at(data, len, &type);

	if (at == 0)
		return 0;
	return type == ETH_TYPE_IP4 ? verify4(data + at, len - at)
				    : verify6(data + at, len - at);
}

bool
port_mem_dev_hash(const struct flow_key *key, const uint8_t *data, uint32_t len,
		  uint32_t *out)
{
	static const uint8_t no_ports[4];
	const uint8_t *ports = no_ports, *ip;
	uint16_t type;
	uint32_t at = ip_at(data, len, &type), head;

	if (at == 0)
		return false;
	ip = data + at;
	if (type == ETH_TYPE_IP6) {
		if (ip[IP6_NEXT] == IP_PROTO_TCP && len - at >= IP6_BYTES + 4)
			ports = ip + IP6_BYTES;
		*out = flow_hash6(key, ip + IP6_SRC, ports);
		return true;
	}
	head = (ip[0] & 15) * 4u;
	if (ip[IP4_PROTO] == IP_PROTO_TCP && len - at >= head + 4 &&
	    !(wire_get16(ip + IP4_FRAG) & (IP4_FRAG_MORE | IP4_FRAG_PLACE)))
		ports = ip + head;
	*out = flow_hash4(key, ip + IP4_SRC, ports);
	return true;
}
