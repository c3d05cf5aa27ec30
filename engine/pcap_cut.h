/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_cut.h: where a pcap file that arrives in pieces could be cut without
 * tearing a frame. One thread; never blocks; any bytes do.
 */
#ifndef PENSTOCK_ENGINE_PCAP_CUT_H
#define PENSTOCK_ENGINE_PCAP_CUT_H

#include <stddef.h>
#include <stdint.h>

struct pcap_cut {
	uint64_t bytes;	      /* seen */
	uint64_t whole_bytes; /* of these: head and whole frames */
	uint64_t frames_n;
	uint32_t head_n;	/* bytes of the head that is being read */
	uint64_t rest_bytes;	/* of the frame behind it */
	unsigned char head[24]; /* the file's, or a frame's */
};

/* All zero at first. */
void pcap_cut_feed(struct pcap_cut *c, const void *from, size_t n);

#endif
