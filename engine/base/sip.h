/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sip.h: SipHash (Aumasson and Bernstein, 2012): a keyed hash for tables whose
 * keys somebody hostile may choose. Any thread.
 */
#ifndef PENSTOCK_BASE_SIP_H
#define PENSTOCK_BASE_SIP_H

#include "engine/base/span.h"

struct sip_key {
	uint64_t k[2];
};

/* SipHash-1-3. */
uint64_t sip_hash(const struct sip_key *key, struct span s);
/* With as many rounds a word, and at the end, as one likes. */
uint64_t sip_hash_rounds(const struct sip_key *key, struct span s, int rounds,
			 int end_rounds);

#endif
