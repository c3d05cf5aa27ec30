/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_cfg.h: what main.cf says about who may log in, and where that is asked;
 * one per service. Made by config/, immutable after that. The rows are in
 * config/params.def.
 */
#ifndef PENSTOCK_POLICY_SASL_CFG_H
#define PENSTOCK_POLICY_SASL_CFG_H

#include "engine/config/match.h"

enum sasl_type { SASL_TYPE_CYRUS, SASL_TYPE_DOVECOT };

struct sasl_cfg {
	enum sasl_type type; /* smtpd_sasl_type */
	/* smtpd_sasl_path: an absolute path, or inet:host:port */
	const char *path;
	const char *service;	 /* smtpd_sasl_service */
	const char *options;	 /* smtpd_sasl_security_options */
	const char *tls_options; /* smtpd_sasl_tls_security_options */
	struct match *filter;	 /* smtpd_sasl_mechanism_filter */
};

#endif
