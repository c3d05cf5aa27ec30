/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_cfg.h: what main.cf says about TLS; one per service, since master.cf may
 * override any of it. The rows are in config/params.def.
 */
#ifndef PENSTOCK_TLS_TLS_CFG_H
#define PENSTOCK_TLS_TLS_CFG_H

struct tls_cfg {
	const char *cert_file; /* smtpd_tls_cert_file; "": no TLS */
	const char *key_file;  /* smtpd_tls_key_file */
};

#endif
