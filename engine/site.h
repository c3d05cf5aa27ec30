/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site.h: everything that a reload replaces as a whole: the configuration, and
 * a compiled policy per service. Immutable; counted references; the last one
 * to let go frees it. Made by one thread; held by any.
 */
#ifndef PENSTOCK_ENGINE_SITE_H
#define PENSTOCK_ENGINE_SITE_H

#include "engine/config/config.h"
#include "engine/policy/policy.h"

struct site {
	struct config *cfg;
	struct policy **policies; /* one per service */
	struct tls_ctx **tls;	  /* one per service; NULL: no TLS */
	struct tls_shared *tls_shared;
	_Atomic uint32_t refs;
};

/*
 * Reads dir; what is wrong is in *diag, and then NULL. was: the site that is in
 * use, or NULL: its TLS sessions can be resumed with the new one too, and a
 * service whose new certificates cannot be used goes on with those that it has
 * (a warning says why).
 */
struct site *site_open(const char *dir, const struct site *was,
		       struct diag *diag);
struct site *site_get(struct site *site);
void site_put(struct site **site);

/*
 * May `next` take over while the process runs? Listening sockets, threads, the
 * queue and the user stay as they are: what cannot change is an error in *diag
 * that says so. -EINVAL then.
 */
MUST_USE int site_check_reload(const struct site *now, const struct site *next,
			       struct diag *diag);

#endif
