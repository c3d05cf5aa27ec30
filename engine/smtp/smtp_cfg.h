/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_cfg.h: what main.cf says about the protocol; one per service, since
 * master.cf may override any of it. Made by config/, immutable after that. The
 * rows are in config/params.def.
 */
#ifndef PENSTOCK_SMTP_SMTP_CFG_H
#define PENSTOCK_SMTP_SMTP_CFG_H

#include "engine/config/match.h"

enum smtp_bare_newline {
	SMTP_BARE_NEWLINE_NO,	     /* ends a line, as Postfix once did */
	SMTP_BARE_NEWLINE_NORMALIZE, /* ends a line, never the data */
	SMTP_BARE_NEWLINE_REJECT,    /* 550 5.5.2, 521 in a command */
};

enum smtp_proxy { SMTP_PROXY_NONE, SMTP_PROXY_HAPROXY };

enum smtp_tls_level { SMTP_TLS_NONE, SMTP_TLS_MAY, SMTP_TLS_ENCRYPT };

struct smtp_cfg {
	const char *myhostname;
	const char *mail_name;
	const char *banner;	     /* smtpd_banner */
	uint64_t message_bytes_max;  /* message_size_limit; 0: none */
	uint32_t rcpt_max;	     /* smtpd_recipient_limit */
	uint32_t rcpt_overshoot_max; /* smtpd_recipient_overshoot_limit */
	uint32_t line_bytes_max;     /* line_length_limit */
	uint32_t hops_max;	     /* hopcount_limit */
	uint32_t header_bytes_max;   /* header_size_limit: named only */
	uint32_t soft_errors_max;    /* smtpd_soft_error_limit */
	uint32_t hard_errors_max;    /* smtpd_hard_error_limit */
	uint32_t junk_max;	     /* smtpd_junk_command_limit */
	uint64_t error_sleep_us;     /* smtpd_error_sleep_time */
	uint64_t timeout_us;	     /* smtpd_timeout */
	uint64_t starttls_timeout_us;
	uint64_t proxy_timeout_us;    /* smtpd_upstream_proxy_timeout */
	uint64_t min_data_rate;	      /* smtpd_min_data_rate, bytes/s */
	bool is_per_request_deadline; /* smtpd_per_request_deadline */
	bool is_helo_required;
	bool is_peername_lookup; /* smtpd_peername_lookup */
	bool is_vrfy_disabled;
	bool is_strict_rfc821;
	bool is_8bitmime_disabled;
	bool is_smtputf8;	/* smtputf8_enable */
	bool is_null_sender_ok; /* see smtpd_null_... in POSTFIX */
	enum smtp_bare_newline bare_newline;
	struct match *bare_newline_exclusions;
	enum smtp_proxy proxy;	     /* smtpd_upstream_proxy_protocol */
	struct match *xclient_hosts; /* smtpd_authorized_xclient_hosts */
	const char *discard_ehlo_keywords;
	const char *drop_headers;	  /* message_drop_headers */
	struct match *noop_commands;	  /* smtpd_noop_commands */
	struct match *forbidden_commands; /* smtpd_forbidden_commands */
	const char *reject_footer;	  /* smtpd_reject_footer */
	bool is_soft_bounce;
	enum smtp_tls_level tls_level; /* smtpd_tls_security_level */
	uint32_t tls_loglevel;	       /* smtpd_tls_loglevel */
	bool is_tls_wrapped;	       /* smtpd_tls_wrappermode */
	bool is_tls_received;	       /* smtpd_tls_received_header */
	bool is_auth;		       /* smtpd_sasl_auth_enable */
	bool is_auth_tls_only;	       /* smtpd_tls_auth_only */
	bool is_auth_broken;	       /* broken_sasl_auth_clients */
	bool is_auth_received;	       /* smtpd_sasl_authenticated_header */
	uint32_t auth_response_max;    /* smtpd_sasl_response_limit */
	struct match *auth_exceptions; /* smtpd_sasl_exceptions_networks */
};

#endif
