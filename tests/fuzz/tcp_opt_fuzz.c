/* SPDX-License-Identifier: BSD-2-Clause */
/* Options: what is read is sane, and what is written of it is read again. */
#include "dataplane/tcp_opt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
is_same(const struct tcp_opts *a, const struct tcp_opts *b)
{
	if (a->has_mss != b->has_mss || a->has_wscale != b->has_wscale ||
	    a->has_ts != b->has_ts || a->is_sack_ok != b->is_sack_ok ||
	    (a->has_mss && a->mss != b->mss) ||
	    (a->has_wscale && a->wscale != b->wscale) ||
	    (a->has_ts && (a->ts_val != b->ts_val || a->ts_ecr != b->ts_ecr)) ||
	    a->sacks_n < b->sacks_n)
		return false;
	return memcmp(a->sacks, b->sacks, b->sacks_n * sizeof(b->sacks[0])) ==
	       0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p, out[TCP_OPTS_BYTES_MAX];
	struct tcp_opts o, back;
	uint32_t len;

	if (n > TCP_OPTS_BYTES_MAX)
		n = TCP_OPTS_BYTES_MAX;
	/* Memory of its own: a read beyond its end is seen. */
	p = malloc(n ? n : 1);
	must(p != NULL);
	memcpy(p, data, n);
	if (tcp_opt_read(p, (uint32_t)n, &o)) {
		must(o.wscale <= TCP_WSCALE_MAX);
		must(o.sacks_n <= TCP_SACKS_MAX);
		len = tcp_opt_write(&o, out);
		must(len <= sizeof(out) && len % 4 == 0);
		must(tcp_opt_read(out, len, &back));
		must(is_same(&o, &back));
	}
	free(p);
	return 0;
}
