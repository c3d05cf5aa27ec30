/* SPDX-License-Identifier: BSD-2-Clause */
/* config_rig.h: a folder with main.cf and master.cf, loaded. One thread. */
#ifndef PENSTOCK_TESTS_CONFIG_RIG_H
#define PENSTOCK_TESTS_CONFIG_RIG_H

#include "engine/config/config.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#define RIG_MASTER "127.0.0.1:2525 inet n - n - - smtpd\n"

/* What a site needs at least, without asking this host for anything. */
#define RIG_MAIN                            \
	"compatibility_level = 3.6\n"       \
	"myhostname = mx.example.com\n"     \
	"mynetworks = 127.0.0.0/8\n"        \
	"inet_interfaces = loopback-only\n" \
	"alias_maps =\nalias_database =\n"

__attribute__((unused)) static struct config *
rig_load(const char *main_cf, const char *master_cf, struct diag *d)
{
	diag_init(d);
	scratch_write(scratch_path("main.cf"), main_cf);
	scratch_write(scratch_path("master.cf"), master_cf);
	return config_load(scratch_dir, d);
}

#endif
