/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is made of devices: their MTU, their RSS, their refusals. One device of
 * each kind: a device that is closed is gone.
 */
#include "tests/unit/dpdk_rig.h"

#include <stdlib.h>
#include <unistd.h>

#define ARGS                                                                   \
	"--no-huge --in-memory --no-pci -m 512 "                               \
	"--vdev=net_null0 --vdev=net_null1 --vdev=net_ring0 --vdev=net_ring1 " \
	"--vdev=net_pcap0,rx_pcap=%s,tx_pcap=%s"

static void
test_rss(struct port_dpdk *d)
{
	struct port_dpdk_cfg cfg = rig_cfg("", 4);
	unsigned seen[4] = { 0 };
	struct port *port;
	struct frame f[8];

	CHECK_ROW("RSS: a queue of the device for each of ours");
	cfg.device = "net_null0";
	port = rig_open(d, &cfg);
	CHECK(port_caps(port) & PORT_CAP_RSS && port_queues_n(port) == 4);
	for (unsigned i = 0; i < 4; i++) {
		struct port_queue *q = port_queue(port, i);

		CHECK(port_rx(q, f, 8) == 8);
		port_free(q, f, 8);
	}
	for (unsigned i = 0; i < 400; i++) {
		struct ip src = ip_of(i % 2 ? "192.0.2.1" : "2001:db8::1");
		struct ip dst = ip_of(i % 2 ? "192.0.2.2" : "2001:db8::2");
		unsigned q = port_queue_of(port, &src, (uint16_t)(2000 + i),
					   &dst, 25);

		CHECK(q < 4);
		seen[q % 4]++;
	}
	for (unsigned i = 0; i < 4; i++)
		CHECK(seen[i] > 50);
	port_close(&port);
}

static void
test_mtu(struct port_dpdk *d)
{
	struct port_dpdk_cfg cfg = rig_cfg("", 1);
	struct port_queue *q;
	struct port *port;
	struct bytes b;
	struct frame f;

	CHECK_ROW("jumbo frames");
	cfg.device = "net_ring0";
	cfg.mtu = 9000;
	cfg.bufs_n = 2047;
	port = rig_open(d, &cfg);
	CHECK(port_mtu(port) == 9000);
	q = port_queue(port, 0);
	CHECK(port_tx_get(q, &f) && f.room >= 9018);
	memset(f.data, 7, 9018);
	f.len = 9018;
	port_tx(q, &f, 1);
	port_tx_flush(q);
	CHECK(port_rx(q, &f, 1) == 1 && f.len == 9018 && f.data[9017] == 7);
	port_free(q, &f, 1);
	port_close(&port);
	rig_segment(&b, false, 1);

	CHECK_ROW("more than a buffer may have");
	cfg.device = "net_ring1";
	cfg.mtu = 65535;
	rig_refused(d, &cfg, "penstock_mtu");
}

static void
test_pcap(struct port_dpdk *d, const struct bytes *b)
{
	struct port_dpdk_cfg cfg = rig_cfg("", 2);
	struct port *port;
	struct frame f;

	CHECK_ROW("frames out of a file");
	cfg.device = "net_pcap0";
	port = rig_open(d, &cfg);
	CHECK(port_rx(port_queue(port, 0), &f, 1) == 1 && f.len == b->len);
	CHECK(memcmp(f.data, b->p, b->len) == 0);
	port_free(port_queue(port, 0), &f, 1);
	port_close(&port);
}

/* A file with one frame, to ARP: no flow. */
static void
pcap_write(const char *path, struct bytes *b)
{
	static const uint32_t head[] = {
		0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1
	};
	static const uint8_t arp[60] = { [12] = 0x08, [13] = 0x06, [59] = 9 };
	uint32_t record[] = { 1, 2, sizeof(arp), sizeof(arp) };
	FILE *f = fopen(path, "w");

	must(f != NULL);
	must(fwrite(head, sizeof(head), 1, f) == 1);
	must(fwrite(record, sizeof(record), 1, f) == 1);
	must(fwrite(arp, sizeof(arp), 1, f) == 1 && fclose(f) == 0);
	b->len = 0;
	bytes_add(b, arp, sizeof(arp));
}

int
main(void)
{
	char in[] = "/tmp/penstock-in-XXXXXX",
	     out[] = "/tmp/penstock-out-XXXXXX";
	struct port_dpdk_cfg cfg;
	struct port_dpdk *d;
	char args[512];
	struct bytes b;

	must(close(mkstemp(in)) == 0 && close(mkstemp(out)) == 0);
	pcap_write(in, &b);
	snprintf(args, sizeof(args), ARGS, in, out);
	cfg = rig_cfg(args, 1);
	d = rig_start(&cfg);
	test_rss(d);
	test_mtu(d);
	test_pcap(d, &b);
	port_dpdk_stop(&d);
	unlink(in);
	unlink(out);
	return check_end();
}
