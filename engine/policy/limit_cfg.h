/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit_cfg.h: how much one client may ask of a service: anvil's parameters;
 * one per service. Made by config/, immutable after that. 0: no limit.
 */
#ifndef PENSTOCK_POLICY_LIMIT_CFG_H
#define PENSTOCK_POLICY_LIMIT_CFG_H

#include "engine/config/match.h"

enum limit_rate {
	LIMIT_CONNECT,
	LIMIT_MESSAGE,
	LIMIT_RCPT,
	LIMIT_AUTH,
	LIMIT_TLS,
	LIMIT_RATE_N
};

struct limits_cfg {
	uint32_t conns_max; /* smtpd_client_connection_count_limit */
	uint32_t rates_max[LIMIT_RATE_N]; /* in unit_us */
	uint64_t unit_us;		  /* anvil_rate_time_unit */
	uint32_t v4_bits, v6_bits; /* smtpd_client_ipv4_prefix_length, ... */
	struct match *exceptions;  /* smtpd_client_event_limit_exceptions */
};

#endif
