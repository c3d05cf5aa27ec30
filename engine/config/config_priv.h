/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_priv.h: what config_load() keeps behind a struct config, and the steps
 * that it is made of. One thread until config_load() returns.
 */
#ifndef PENSTOCK_CONFIG_CONFIG_PRIV_H
#define PENSTOCK_CONFIG_CONFIG_PRIV_H

#include "engine/config/config.h"
#include "engine/config/mastercf.h"
#include "engine/config/param.h"

#include <stdatomic.h>

struct config_store {
	_Atomic uint32_t refs;
	struct store strings;
	struct settings main, computed;
	struct mastercf master;
	struct tables *tables;
	const char *main_path, *master_path;
};

/* The scope of main.cf, or with service of one service of master.cf. */
struct scope config_scope(const struct config *cfg,
			  const struct settings *service, struct diag *diag);

/*
 * config_host.c: the defaults that this host gives (myhostname, mydomain,
 * mynetworks, config_directory), into store->computed. false after errors.
 */
MUST_USE bool config_compute(struct config *cfg, struct diag *diag);

/*
 * config_service.c: master.cf's smtpd services into cfg->services, with a
 * struct of each module that a service has, and into cfg->listens. Names those
 * that are not started. false after errors.
 */
MUST_USE bool config_services(struct config *cfg, struct diag *diag);

#endif
