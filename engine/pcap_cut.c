/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts along a pcap file, as this machine writes it: heads and frames. */
#include "engine/pcap_cut.h"

#include <string.h>

#define FILE_HEAD   24u
#define RECORD_HEAD 16u
#define RECORD_LEN  8u /* where it says how many bytes follow */

static size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
head_done(struct pcap_cut *c)
{
	uint32_t len;

	if (c->bytes == FILE_HEAD)
		return;
	memcpy(&len, c->head + RECORD_LEN, sizeof(len));
	c->rest_bytes = len;
}

void
pcap_cut_feed(struct pcap_cut *c, const void *from, size_t n)
{
	const unsigned char *p = from;

	while (n > 0) {
		uint32_t head = c->bytes < FILE_HEAD ? FILE_HEAD : RECORD_HEAD;
		size_t few;

		if (c->rest_bytes == 0) {
			few = min_size(n, head - c->head_n);
			memcpy(c->head + c->head_n, p, few);
			c->head_n += (uint32_t)few;
			c->bytes += few;
			if (c->head_n == head)
				head_done(c);
		} else {
			few = min_size(n, c->rest_bytes);
			c->rest_bytes -= few;
			c->bytes += few;
		}
		p += few;
		n -= few;
		if (c->head_n != head || c->rest_bytes > 0)
			continue;
		c->head_n = 0;
		c->frames_n += c->bytes > FILE_HEAD;
		c->whole_bytes = c->bytes;
	}
}
