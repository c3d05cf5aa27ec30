/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as they come, into what looks at them before a host does: the flow
 * that software spreads by, and a capture's filter. Input: two bytes of port,
 * one of options, and the frame.
 */
#include "dataplane/capture_int.h"
#include "dataplane/port_dpdk_spread.h"
#include "dataplane/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct flow_key key = { { 1, 2 } };
	struct capture_cfg cfg = { 0 }, all = { 0 };
	uint32_t hash, again;
	uint8_t *frame;
	bool is_flow;

	if (n < 3)
		return 0;
	cfg.port = wire_get16(data);
	cfg.has_net = data[2] & 1;
	cfg.net.prefix_bits = data[2] >> 1 & 127;
	data += 3;
	n -= 3;
	/* A copy of its own, so that not one byte more is read. */
	frame = malloc(n ? n : 1);
	must(frame != NULL);
	memcpy(frame, data, n);
	is_flow = dpdk_spread_hash(&key, frame, (uint32_t)n, &hash);
	must(!is_flow || (dpdk_spread_hash(&key, frame, (uint32_t)n, &again) &&
			  again == hash));
	must(capture_is_wanted(&all, frame, (uint32_t)n));
	if (capture_is_wanted(&cfg, frame, (uint32_t)n) && cfg.port)
		must(n >= ETH_BYTES + IP4_BYTES + 4);
	free(frame);
	return 0;
}
