/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device: what it can do, what of that is used, and its start. Everything
 * that is not there is done elsewhere in software, so that a device is refused
 * only when it cannot carry frames.
 */
#include "dataplane/port_dpdk_int.h"
#include "dataplane/port_dpdk_spread.h"
#include "dataplane/wire.h"

#include <errno.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define RSS_TCP                                    \
	((uint64_t)(RTE_ETH_RSS_NONFRAG_IPV4_TCP | \
		    RTE_ETH_RSS_NONFRAG_IPV6_TCP))
#define MTU_MAX		      64000u /* a buffer's length has 16 bits */
#define AF_PACKET_FRAME_BYTES 2048u  /* the driver's default */
#define AF_PACKET_HEAD_BYTES  64u    /* the kernel's before each frame */
#define AF_XDP_HEAD_BYTES     256u   /* the same; XDP_PACKET_HEADROOM */

bool
dpdk_dev_fail(const struct dpdk_port *p, int error, struct diag *diag,
	      const char *fmt, ...)
{
	char name[RTE_ETH_NAME_MAX_LEN] = "?", text[512];
	struct span said = dpdk_said_last(p->dpdk);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)rte_eth_dev_get_name_by_port(p->id, name);
	diag_fail(diag, EX_UNAVAILABLE, NULL, 0,
		  "penstock_dpdk_args: %s: %s: %s%s%.*s%s", name, text,
		  rte_strerror(-error), said.len ? " (DPDK: " : "",
		  SPAN_FMT(said), said.len ? ")" : "");
	return false;
}

/* Drivers that say little of their MTU, or the wrong thing. */
enum mtu_kind {
	MTU_DRIVER, /* as the driver says */
	MTU_NONE,   /* any frame is carried */
	MTU_KERNEL, /* that of the kernel's interface behind it */
};

static enum mtu_kind
mtu_kind(const struct dpdk_port *p)
{
	static const struct {
		const char *driver;
		enum mtu_kind kind;
	} rows[] = {
		{ "net_memif", MTU_NONE },    { "net_ring", MTU_NONE },
		{ "net_null", MTU_NONE },     { "net_pcap", MTU_NONE },
		{ "net_tap", MTU_KERNEL },    { "net_af_packet", MTU_KERNEL },
		{ "net_af_xdp", MTU_KERNEL },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (strcmp(p->info.driver_name, rows[i].driver) == 0)
			return rows[i].kind;
	return MTU_DRIVER;
}

/* Asks for (0) or sets the MTU of the kernel's interface. 0 or -errno. */
static int
kernel_mtu(unsigned if_index, uint32_t set, uint32_t *out)
{
	struct ifreq request = { .ifr_mtu = (int)set };
	int fd, error = 0;

	if (if_indextoname(if_index, request.ifr_name) == NULL)
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, set ? SIOCSIFMTU : SIOCGIFMTU, &request) != 0)
		error = -errno;
	close(fd);
	*out = (uint32_t)request.ifr_mtu;
	return error;
}

/* af_packet cuts what its frames cannot hold, and says nothing; and it wants
 * buffers as large as its frames. */
static bool
frame_settle(struct dpdk_port *p, struct diag *diag)
{
	const struct rte_devargs *args = rte_dev_devargs(p->info.device);
	const char *text = args && args->args ? args->args : "";
	const char *given = strstr(text, "framesz=");
	uint32_t framesz = given ? (uint32_t)strtoul(given + 8, NULL, 10)
				 : AF_PACKET_FRAME_BYTES;
	uint32_t need = p->frame_bytes_max + AF_PACKET_HEAD_BYTES;

	if (strcmp(p->info.driver_name, "net_af_packet") != 0)
		return true;
	if (framesz >= need) {
		p->frame_bytes_max = framesz;
		return true;
	}
	return dpdk_dev_fail(
		p, -EMSGSIZE, diag,
		"frames of an MTU of %u need framesz=%u,blocksz=%u",
		p->base.mtu, rte_align32pow2(need),
		rte_align32pow2(need) > 4096 ? rte_align32pow2(need) : 4096u);
}

/*
 * The kernel takes a buffer of a page at most for af_xdp, all of it: the pool's
 * header (with up to a cache line for spreading), the mbuf and the headroom
 * stand before the frame. And the kernel leaves room of its own in each, of
 * which the driver's own limit does not know all. The largest MTU.
 */
static uint32_t
xdp_settle(struct dpdk_port *p)
{
	p->room_bytes_max =
		(uint32_t)sysconf(_SC_PAGESIZE) -
		RTE_ALIGN((uint32_t)sizeof(struct rte_mempool_objhdr),
			  RTE_MEMPOOL_ALIGN) -
		RTE_MEMPOOL_ALIGN - (uint32_t)sizeof(struct rte_mbuf) -
		RTE_PKTMBUF_HEADROOM;
	p->frame_bytes_max += AF_XDP_HEAD_BYTES;
	return p->room_bytes_max - AF_XDP_HEAD_BYTES - ETH_VLAN_MAX;
}

static bool
mtu_settle(struct dpdk_port *p, const struct port_dpdk_cfg *cfg,
	   struct diag *diag)
{
	enum mtu_kind kind = mtu_kind(p);
	uint32_t own = 0, max, ignored;
	uint16_t mtu;
	int error = rte_eth_dev_get_mtu(p->id, &mtu);

	if (error)
		return dpdk_dev_fail(p, error, diag, "its MTU is not known");
	if (cfg->mtu > MTU_MAX)
		return dpdk_dev_fail(p, -EINVAL, diag,
				     "penstock_mtu = %u: at most %u", cfg->mtu,
				     MTU_MAX);
	p->conf.rxmode.mtu = p->mtu_found = mtu;
	if (kind == MTU_DRIVER && cfg->mtu)
		p->conf.rxmode.mtu = cfg->mtu;
	if (kind != MTU_KERNEL || kernel_mtu(p->info.if_index, 0, &own) != 0)
		own = mtu;
	if (own > MTU_MAX)
		own = MTU_MAX;
	p->base.mtu = cfg->mtu ? cfg->mtu : own;
	p->frame_bytes_max = p->base.mtu + ETH_VLAN_MAX;
	/* The tap driver sends nothing longer than what it began with. */
	max = p->is_tap ? mtu : p->info.max_mtu;
	if (strcmp(p->info.driver_name, "net_af_xdp") == 0)
		max = xdp_settle(p);
	if (kind == MTU_KERNEL && p->base.mtu > max)
		return dpdk_dev_fail(p, -EMSGSIZE, diag,
				     "it does not carry an MTU of %u: set "
				     "penstock_mtu = %u, or less",
				     p->base.mtu, max);
	if (kind == MTU_KERNEL && p->base.mtu != own) {
		error = kernel_mtu(p->info.if_index, p->base.mtu, &ignored);
		if (error)
			return dpdk_dev_fail(p, error, diag,
					     "its interface does not take an "
					     "MTU of %u",
					     p->base.mtu);
	}
	return frame_settle(p, diag);
}

/* One queue of the device for each of ours, and we know which flow is whose. */
static void
rss_settle(struct dpdk_port *p)
{
	const struct rte_eth_dev_info *info = &p->info;
	uint8_t key_bytes = info->hash_key_size ? info->hash_key_size
						: RSS_KEY_BYTES;

	if (p->base.queues_n == 1 || p->base.queues_n > info->max_rx_queues ||
	    p->base.queues_n > info->max_tx_queues || info->reta_size == 0 ||
	    info->reta_size > DPDK_RETA_MAX || key_bytes > DPDK_KEY_MAX ||
	    key_bytes < RSS_KEY_BYTES ||
	    (info->flow_type_rss_offloads & RSS_TCP) != RSS_TCP)
		return;
	p->reta_n = info->reta_size;
	p->base.caps |= PORT_CAP_RSS;
	p->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	p->conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf) {
		.rss_key = p->rss_key,
		.rss_key_len = key_bytes,
		.rss_hf = RSS_TCP,
	};
	if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH)
		p->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
}

static void
offloads_settle(struct dpdk_port *p)
{
	const uint64_t rx_sums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM |
				 RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
	const uint64_t tx_sums = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
				 RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	uint64_t rx = p->info.rx_offload_capa, tx = p->info.tx_offload_capa;
	bool has_queue = p->base.queues_n == 1 || p->reta_n;

	if ((rx & rx_sums) == rx_sums) {
		p->conf.rxmode.offloads |= rx_sums;
		p->base.caps |= PORT_CAP_RX_SUM;
	}
	if (rx & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) {
		p->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
		p->base.caps |= PORT_CAP_VLAN_STRIP;
	}
	p->conf.txmode.offloads |= tx & tx_sums;
	if (tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
		p->base.caps |= PORT_CAP_TX_IP_SUM;
	if (tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
		p->base.caps |= PORT_CAP_TX_TCP_SUM;
	/* A tap cuts in software, and refuses segments that fill its MTU: it
	 * counts their Ethernet header too. */
	if ((tx & tx_sums) == tx_sums && tx & RTE_ETH_TX_OFFLOAD_TCP_TSO &&
	    !p->is_tap) {
		p->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
		p->base.caps |= PORT_CAP_TSO;
	}
	/* All that is sent through one queue comes from one pool. */
	if (has_queue && tx & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)
		p->conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
}

bool
dpdk_dev_settle(struct dpdk_port *p, const struct port_dpdk_cfg *cfg,
		struct diag *diag)
{
	struct rte_ether_addr mac;
	int error = rte_eth_dev_info_get(p->id, &p->info);

	if (error)
		return dpdk_dev_fail(p, error, diag,
				     "the driver says nothing of it");
	p->is_tap = strcmp(p->info.driver_name, "net_tap") == 0;
	error = rte_eth_macaddr_get(p->id, &mac);
	if (error)
		return dpdk_dev_fail(p, error, diag, "it has no address");
	memcpy(p->base.mac, mac.addr_bytes, PORT_MAC_BYTES);
	if (getrandom(p->rss_key, sizeof(p->rss_key), 0) !=
		    (ssize_t)sizeof(p->rss_key) ||
	    getrandom(&p->spread_key, sizeof(p->spread_key), 0) !=
		    (ssize_t)sizeof(p->spread_key))
		return dpdk_dev_fail(p, -EIO, diag, "no random numbers");
	if (!mtu_settle(p, cfg, diag))
		return false;
	rss_settle(p);
	offloads_settle(p);
	/* A frame is seen at once or after a nap. */
	p->base.caps |= PORT_CAP_RX_SLEEP;
	return true;
}

static int
queues_setup(struct dpdk_port *p, uint16_t queues_n)
{
	uint16_t rx_n = (uint16_t)p->ring_n, tx_n = (uint16_t)p->ring_n;
	int socket = rte_eth_dev_socket_id(p->id);
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx_n, &tx_n);

	for (uint16_t i = 0; error == 0 && i < queues_n; i++) {
		struct rte_eth_rxconf rx = p->info.default_rxconf;
		struct rte_eth_txconf tx = p->info.default_txconf;

		rx.offloads = p->conf.rxmode.offloads;
		tx.offloads = p->conf.txmode.offloads;
		error = rte_eth_rx_queue_setup(p->id, i, rx_n, (unsigned)socket,
					       &rx, p->queues[i]->rx_pool);
		if (error == 0)
			error = rte_eth_tx_queue_setup(p->id, i, tx_n,
						       (unsigned)socket, &tx);
	}
	return error;
}

/* From configuring to started; what failed: *what. 0 or -errno. */
static int
bring_up(struct dpdk_port *p, const char **what)
{
	uint16_t queues_n = p->reta_n ? (uint16_t)p->base.queues_n : 1;
	int error;

	*what = "it does not take this configuration (MTU, offloads)";
	error = rte_eth_dev_configure(p->id, queues_n, queues_n, &p->conf);
	if (error)
		return error;
	*what = "it does not take this MTU";
	if (p->conf.rxmode.mtu != p->mtu_found)
		error = rte_eth_dev_set_mtu(p->id,
					    (uint16_t)p->conf.rxmode.mtu);
	if (error)
		return error;
	*what = "its queues cannot be set up";
	error = queues_setup(p, queues_n);
	if (error)
		return error;
	*what = "it does not start";
	error = rte_eth_dev_start(p->id);
	p->is_started = error == 0;
	return error;
}

static int
reta_set(struct dpdk_port *p)
{
	struct rte_eth_rss_reta_entry64
		reta[DPDK_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE] = { 0 };

	for (unsigned i = 0; i < p->reta_n; i++) {
		struct rte_eth_rss_reta_entry64 *group =
			&reta[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % p->base.queues_n);
	}
	return rte_eth_dev_rss_reta_update(p->id, reta, p->reta_n);
}

bool
dpdk_dev_start(struct dpdk_port *p, bool wants_intr, struct diag *diag)
{
	const char *what;
	int error;

	p->conf.intr_conf.rxq = wants_intr;
	p->has_intr = wants_intr;
	error = bring_up(p, &what);
	if (error && wants_intr) {
		p->conf.intr_conf.rxq = p->has_intr = false;
		error = bring_up(p, &what);
	}
	if (error)
		return dpdk_dev_fail(p, error, diag, "%s", what);
	if (p->reta_n && (error = reta_set(p)) != 0)
		return dpdk_dev_fail(p, error, diag,
				     "its RSS table cannot be written: set "
				     "penstock_workers = 1");
	/* Neighbour discovery comes by multicast. A device that can do neither
	 * has no filter. */
	if (rte_eth_allmulticast_enable(p->id) != 0)
		(void)rte_eth_promiscuous_enable(p->id);
	return true;
}
