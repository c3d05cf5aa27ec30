/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_cfg.h: what main.cf says about who may send what to whom; one per
 * service, since master.cf may override any of it. Made by config/, immutable
 * after that. The rows are in config/params.def.
 */
#ifndef PENSTOCK_POLICY_POLICY_CFG_H
#define PENSTOCK_POLICY_POLICY_CFG_H

#include "engine/config/match.h"
#include "engine/config/table.h"

/* What a restriction does when DNS has no answer now. */
enum policy_tempfail { POLICY_TEMPFAIL_IF_PERMIT, POLICY_TEMPFAIL_DEFER };

/* One word of smtpd_restriction_classes and the list that it stands for. */
struct policy_class {
	const char *name;
	const char *restrictions;
};

struct policy_cfg {
	const char *dir; /* of main.cf: for tables named in restrictions */
	const char *queue_dir; /* Postfix's: for sockets of servers */
	const char *myhostname;
	const char *mydomain;
	const char *myorigin;
	const char *recipient_delimiter;
	const char *propagate_extensions; /* propagate_unmatched_extensions */
	const char *parent_subdomains;	  /* parent_domain_matches_subdomains */
	const char *null_access_key;	  /* smtpd_null_access_lookup_key */
	struct match *mynetworks;
	struct match *mydestination;
	struct match *inet_interfaces; /* user@[own ip] is local */
	struct match *proxy_interfaces;
	struct match *relay_domains;
	struct match *virtual_alias_domains;
	struct match *virtual_mailbox_domains;
	struct maps *virtual_alias_maps;
	struct maps *virtual_mailbox_maps;
	struct maps *virtual_uid_maps;
	struct maps *virtual_gid_maps;
	struct maps *alias_maps;
	struct maps *local_recipient_maps;
	struct maps *relay_recipient_maps;
	struct maps *sender_login_maps; /* smtpd_sender_login_maps */
	struct maps *relay_clientcerts;
	struct maps *canonical_maps;
	struct maps *recipient_canonical_maps;
	const char *virtual_mailbox_base;
	const char *virtual_transport;
	uint32_t virtual_minimum_uid;
	uint32_t virtual_alias_expansion_limit;
	uint32_t virtual_alias_recursion_limit;
	/* restriction lists, as text; policy_open() compiles them */
	const char *client_restrictions;
	const char *helo_restrictions;
	const char *sender_restrictions;
	const char *relay_restrictions;
	const char *recipient_restrictions;
	const char *data_restrictions;
	const char *etrn_restrictions;
	const char *eod_restrictions;
	/* DNS: the hosts of permit_mx_backup, lists and their words */
	struct match *mx_backup_networks;
	struct maps *rbl_reply_maps;
	const char *rbl_reply; /* default_rbl_reply */
	const char *maps_rbl_domains;
	const char *inet_protocols;
	enum policy_tempfail unknown_helo_tempfail;
	enum policy_tempfail unknown_address_tempfail;
	/* check_policy_service's defaults */
	const char *server_default_action;
	const char *server_context;
	const char *stress;
	uint64_t server_timeout_us;
	uint64_t server_max_idle_us;
	uint64_t server_max_ttl_us;
	uint64_t server_retry_delay_us;
	uint32_t server_request_limit;
	uint32_t server_try_limit;
	const struct policy_class *classes; /* smtpd_restriction_classes */
	unsigned classes_n;
	bool is_sasl_enabled; /* smtpd_sasl_auth_enable */
	bool is_delay_reject;
	bool is_helo_required;
	bool is_reject_unlisted_recipient;
	bool is_reject_unlisted_sender;
	bool is_show_user_unknown_table_name;
	bool is_append_at_myorigin;
	bool is_append_dot_mydomain;
	bool is_relay_before_rcpt; /* smtpd_relay_before_recipient_... */
	bool is_percent_hack;	   /* allow_percent_hack */
	bool is_swap_bangpath;
	bool is_untrusted_routing; /* allow_untrusted_routing */
	/* reply codes, 0: Postfix's default */
	uint32_t access_map_reject_code;
	uint32_t access_map_defer_code;
	uint32_t defer_code;
	uint32_t invalid_hostname_reject_code;
	uint32_t non_fqdn_reject_code;
	uint32_t plaintext_reject_code;
	uint32_t multi_recipient_bounce_reject_code;
	uint32_t reject_code;
	uint32_t unknown_local_recipient_reject_code;
	uint32_t unknown_virtual_mailbox_reject_code;
	uint32_t unknown_virtual_alias_reject_code;
	uint32_t unknown_relay_recipient_reject_code;
	uint32_t relay_domains_reject_code;
	uint32_t unknown_client_code;
	uint32_t unknown_hostname_code;
	uint32_t unknown_address_code;
	uint32_t maps_rbl_code;
};

#endif
