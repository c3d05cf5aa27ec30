/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLDv2 reports. A query is answered at once and with all groups, whatever it
 * asks for: there are few, and the delay that RFC 3810 spreads answers over is
 * for links with many listeners of one group, which solicited-node groups do
 * not have. MLDv1 queriers are not looked for.
 */
#include "dataplane/mld.h"
#include "dataplane/host_int.h"
#include "dataplane/icmp6.h"
#include "dataplane/ip6.h"

#define HOPOPT_BYTES	  8u
#define REPORT_BYTES	  8u
#define RECORD_BYTES	  20u
#define QUERY_BYTES	  24u
#define MODE_IS_EXCLUDE	  2u
#define CHANGE_TO_EXCLUDE 4u

static const struct ip all_mld2_routers = { { 0xff, 0x02, [15] = 0x16 } };

/* The router alert (RFC 2711) and two bytes of padding */
static const uint8_t hopopt[HOPOPT_BYTES] = {
	IP_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0
};

void
mld_report(struct host *h, bool is_join)
{
	static const struct ip unspecified;
	uint8_t mac[PORT_MAC_BYTES], *p;
	struct ip src = unspecified;
	uint32_t records_n = 0, len;
	struct frame f;

	if (!host_tx_get(h, &f))
		return; /* the next query asks again */
	p = f.data + h->l2_bytes + IP6_BYTES + HOPOPT_BYTES + REPORT_BYTES;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct host_addr *a = &h->net.addrs[i];
		struct ip group = ip6_solicited_node(&a->ip);

		if (ip_is_v4(&a->ip) || a->state == HOST_ADDR_DUPLICATE)
			continue;
		/* RFC 3590: until there is a link-local one, from nobody */
		if (host_ip_is_link_local(&a->ip) &&
		    a->state == HOST_ADDR_VALID)
			src = a->ip;
		memset(p, 0, 4);
		p[0] = is_join ? CHANGE_TO_EXCLUDE : MODE_IS_EXCLUDE;
		memcpy(p + 4, group.b, 16);
		p += RECORD_BYTES;
		records_n++;
	}
	static_assert(HOST_ADDRS_ALL_MAX * RECORD_BYTES + REPORT_BYTES +
				      HOPOPT_BYTES + IP6_BYTES <
			      IP6_MTU_MIN,
		      "all records in one packet");
	len = REPORT_BYTES + records_n * RECORD_BYTES;
	host_tx_ip6(h, &f, &src, &all_mld2_routers, IP_PROTO_HOPOPT, 1,
		    HOPOPT_BYTES + len);
	p = f.data + h->l2_bytes + IP6_BYTES;
	memcpy(p, hopopt, HOPOPT_BYTES);
	p += HOPOPT_BYTES;
	memset(p, 0, REPORT_BYTES);
	p[0] = ICMP6_MLD2_REPORT;
	wire_put16(p + 6, (uint16_t)records_n);
	icmp6_sum_put(f.data + h->l2_bytes, p, len);
	ip6_group_mac(&all_mld2_routers, mac);
	host_tx_eth(h, f.data, mac, ETH_TYPE_IP6);
	host_tx_frame(h, &f);
}

void
mld_input(struct host *h, const uint8_t *ip, uint32_t len)
{
	struct ip src = host_ip_of6(ip + IP6_SRC);

	if (len < QUERY_BYTES || ip[IP6_HOPS] != 1 ||
	    !host_ip_is_link_local(&src)) {
		host_drop(h, HOST_DROP_ND);
		return;
	}
	if (!rate_take(&h->answer_rate, h->now_us)) {
		host_drop(h, HOST_DROP_RATE);
		return;
	}
	counter_add(&h->count.nd, 1);
	mld_report(h, false);
}
