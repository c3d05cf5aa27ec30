/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h: main.cf, master.cf and tables, read into one immutable struct
 * config: a struct per module and per service. Made by one thread at start and
 * reload; reading it needs no lock. A reload makes a new one beside the old;
 * who still works with the old one holds a reference.
 *
 * Syntax and meaning: postconf(5), master(5), DATABASE_README. Each parameter
 * is one row of params.def; what `penstock config`, the manual page and
 * `penstock check` say derives from it.
 */
#ifndef PENSTOCK_CONFIG_CONFIG_H
#define PENSTOCK_CONFIG_CONFIG_H

#include "dataplane/host_cfg.h"
#include "dataplane/net.h"
#include "deliver/deliver.h"
#include "engine/base/diag.h"
#include "engine/base/log.h"
#include "engine/policy/dns_cfg.h"
#include "engine/policy/limit_cfg.h"
#include "engine/policy/policy_cfg.h"
#include "engine/policy/sasl_cfg.h"
#include "engine/smtp/smtp_cfg.h"
#include "queue/queue.h"
#include "tls/tls_cfg.h"
#include "tls/tls_pool_cfg.h"

#include <stdio.h>

enum engine_idle { ENGINE_IDLE_ADAPTIVE, ENGINE_IDLE_POLL };

/* What is the process's own, and no module's. */
struct engine_cfg {
	uint32_t workers_n;	   /* penstock_workers; 0: one per core */
	bool is_pinned;		   /* penstock_pin_workers */
	enum engine_idle idle;	   /* penstock_idle */
	uint64_t memory_bytes_max; /* penstock_memory_limit: message bodies */
	uint64_t shutdown_us;	   /* penstock_shutdown_timeout */
	uint64_t ipc_timeout_us;
	const char *user; /* penstock_user; "": the owner of mailboxes */
	const char *control_socket; /* penstock_control_socket */
	bool is_unsafe_bench;	    /* penstock_unsafe_bench */
};

/* One inet service of master.cf that smtpd stands behind. */
struct service {
	const char *name;	 /* as in master.cf: "smtp", "127.0.0.1:2525" */
	const char *host;	 /* "" : as inet_interfaces says */
	const char *port;	 /* "smtp", "2525" */
	const char *syslog_name; /* -o syslog_name=… */
	unsigned line;		 /* of master.cf */
	struct smtp_cfg smtp;
	struct policy_cfg policy;
	struct tls_cfg tls;
	struct sasl_cfg sasl;
	struct limits_cfg limits;
};

struct config {
	const char *dir;
	struct engine_cfg engine;
	struct net_cfg net;
	struct dataplane_cfg dataplane;
	struct queue_cfg queue;
	struct deliver_cfg deliver;
	struct log_cfg log;
	struct tls_pool_cfg tls;
	struct dns_cfg dns;
	struct net_listen *listens; /* services x addresses to bind */
	unsigned listens_n;
	struct service *services;
	unsigned services_n;
	struct config_store *store; /* owns everything above */
};

/*
 * Reads dir/main.cf, dir/master.cf and every table they name. What is wrong is
 * in *diag; NULL when any of it is an error. One reference is the caller's.
 */
struct config *config_load(const char *dir, struct diag *diag);
/*
 * What a command beside the engine needs: dir/main.cf alone, of which only
 * ->engine, ->queue and what config_print() prints are made. No table is
 * opened, master.cf is not read. NULL: main.cf cannot be read, or does not say
 * where the control socket is. Else what is wrong with the rest of these is in
 * *diag, for the caller to refuse what depends on it.
 */
struct config *config_load_main(const char *dir, struct diag *diag);
/* Any thread. */
struct config *config_get(struct config *cfg);
void config_put(struct config **cfg);

/*
 * `penstock config`: the parameters named (or all) as "name = value", one a
 * line. EX_OK, or EX_USAGE with unknown names said on stderr.
 */
enum config_print_flags {
	CONFIG_PRINT_SET = 1,	   /* only what the files set */
	CONFIG_PRINT_HELP = 2,	   /* with type, default, module and meaning */
	CONFIG_PRINT_EXPANDED = 4, /* $names replaced */
	CONFIG_PRINT_DEFAULT = 8,  /* the default, whatever is set */
};
MUST_USE int config_print(const struct config *cfg, char *const *names,
			  unsigned names_n, unsigned flags, FILE *out);
/* The parameters as a section of the manual page (mdoc), from the table. */
void config_print_manual(FILE *out);

#endif
