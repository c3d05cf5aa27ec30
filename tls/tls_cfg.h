/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_cfg.h: what main.cf says about TLS; one per service, since master.cf may
 * override any of it. The rows are in config/params.def.
 */
#ifndef PENSTOCK_TLS_TLS_CFG_H
#define PENSTOCK_TLS_TLS_CFG_H

#include "engine/config/table.h"

enum tls_grade {
	TLS_GRADE_HIGH,
	TLS_GRADE_MEDIUM,
	TLS_GRADE_LOW,
	TLS_GRADE_EXPORT,
	TLS_GRADE_NULL,
	TLS_GRADE_N
};

enum tls_place {
#define TLS_PLACE(symbol, parameter) TLS_PLACE_##symbol,
#include "tls/tls_place.def"
#undef TLS_PLACE
	TLS_PLACE_N
};

/* Where a parameter's value stands; file NULL: nobody has set it. */
struct tls_where {
	const char *file;
	unsigned line;
};

/* Any text may be NULL instead of "". */
struct tls_cfg {
	const char *cert_file;	 /* smtpd_tls_cert_file; "none": none */
	const char *key_file;	 /* smtpd_tls_key_file */
	const char *eccert_file; /* smtpd_tls_eccert_file */
	const char *eckey_file;	 /* smtpd_tls_eckey_file */
	const char *chain_files; /* smtpd_tls_chain_files: instead of those */
	const char *ca_file;	 /* smtpd_tls_CAfile */
	const char *ca_path;	 /* smtpd_tls_CApath */
	const char *digest;	 /* smtpd_tls_fingerprint_digest; "": sha256 */
	uint32_t verify_depth;	 /* smtpd_tls_ccert_verifydepth */
	bool is_default_ca;	 /* tls_append_default_CA */
	bool is_asking;		 /* smtpd_tls_ask_ccert */
	bool is_requiring;	 /* smtpd_tls_req_ccert */
	/* Set by config: no session without TLS: the mandatory_ ones hold. */
	bool is_mandatory;
	bool is_preempting; /* tls_preempt_cipherlist */
	const char *protocols, *mandatory_protocols;
	enum tls_grade ciphers, mandatory_ciphers;
	const char *exclude, *mandatory_exclude; /* smtpd_tls_exclude_ciphers */
	const char *lists[TLS_GRADE_N]; /* tls_high_cipherlist and so on */
	const char *curves;		/* tls_eecdh_auto_curves */
	const char *dh_file;		/* smtpd_tls_dh1024_param_file */
	uint64_t session_us;	 /* smtpd_tls_session_cache_timeout; 0: none */
	struct maps *sni_maps;	 /* tls_server_sni_maps */
	const char *options;	 /* tls_ssl_options */
	const char *workarounds; /* tls_disable_workarounds */
	const char *ocsp_file;	 /* penstock_tls_ocsp_file */
	struct tls_where where[TLS_PLACE_N];
};

/* Is any certificate named? */
static inline bool
tls_cfg_has_certificate(const struct tls_cfg *cfg)
{
	return (cfg->chain_files && *cfg->chain_files) ||
	       (cfg->cert_file && *cfg->cert_file) ||
	       (cfg->eccert_file && *cfg->eccert_file);
}

#endif
