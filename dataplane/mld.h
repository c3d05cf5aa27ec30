/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mld.h: which groups we listen to (MLDv2, RFC 3810), so that switches that
 * look at it let neighbour discovery through. Queue 0's host only. Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_MLD_H
#define PENSTOCK_DATAPLANE_MLD_H

#include "dataplane/port.h"

struct host;

/* A query whose sum is right, of len bytes. */
void mld_input(struct host *h, const uint8_t *ip, uint32_t len);
/* Every group that we are in; is_join: we have just joined. */
void mld_report(struct host *h, bool is_join);

#endif
