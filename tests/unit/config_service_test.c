/* SPDX-License-Identifier: BSD-2-Clause */
/* Which services start, on which addresses, and what is said of the others. */
#include "engine/config/text.h"
#include "tests/unit/config_rig.h"

static const struct {
	const char *name, *main_cf, *master_cf;
	const char *listens; /* "service:host:port|" each */
	enum diag_level level;
	const char *finding; /* "": none of that level */
} rows[] = {
	{ "host and port", "", RIG_MASTER, "0:127.0.0.1:2525|", DIAG_WARNING,
	  "" },
	{ "IPv6", "", "[::1]:2525 inet n - n - - smtpd\n", "0:::1:2525|",
	  DIAG_WARNING, "" },
	{ "all", "inet_interfaces = all\n", "2525 inet n - n - - smtpd\n",
	  "0::2525|", DIAG_ERROR, "" },
	{ "service name", "inet_interfaces = all\n",
	  "submission inet n - n - - smtpd\n", "0::587|", DIAG_ERROR, "" },
	{ "loopback, IPv4", "inet_protocols = ipv4\n",
	  "2525 inet n - n - - smtpd\n", "0:127.0.0.1:2525|", DIAG_WARNING,
	  "" },
	{ "addresses", "inet_interfaces = 127.0.0.1, [::1]\n",
	  "2525 inet n - n - - smtpd\n", "0:127.0.0.1:2525|0:::1:2525|",
	  DIAG_ERROR, "" },
	{ "interfaces of one service", "",
	  "2525 inet n - n - - smtpd -o inet_interfaces=127.0.0.1\n",
	  "0:127.0.0.1:2525|", DIAG_WARNING, "" },
	{ "two services", "", RIG_MASTER "[::1]:26 inet n - n - - smtpd\n",
	  "0:127.0.0.1:2525|1:::1:26|", DIAG_WARNING, "" },
	{ "wrapper mode", "",
	  RIG_MASTER "465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n",
	  "0:127.0.0.1:2525|", DIAG_WARNING,
	  "master.cf:2: 465 inet is not started: it demands TLS "
	  "(smtpd_tls_wrappermode = yes)" },
	{ "TLS everywhere", "smtpd_tls_security_level = encrypt\n", RIG_MASTER,
	  "", DIAG_WARNING, "it demands TLS (smtpd_tls_security_level" },
	{ "TLS everywhere but here", "smtpd_tls_security_level = encrypt\n",
	  "127.0.0.1:25 inet n - n - - smtpd -o smtpd_tls_security_level=may\n",
	  "0:127.0.0.1:25|", DIAG_ERROR, "" },
	{ "old name, overruled",
	  "smtpd_enforce_tls = yes\nsmtpd_tls_security_level = may\n",
	  RIG_MASTER, "0:127.0.0.1:2525|", DIAG_ERROR, "" },
	{ "old name", "smtpd_enforce_tls = yes\n", RIG_MASTER, "", DIAG_WARNING,
	  "it demands TLS (smtpd_tls_security_level = encrypt)" },
	{ "wrapper mode, with a certificate", "smtpd_tls_cert_file = /c\n",
	  RIG_MASTER "465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n",
	  "0:127.0.0.1:2525|1:127.0.0.1:465|1:::1:465|", DIAG_ERROR, "" },
	{ "TLS everywhere, with a certificate",
	  "smtpd_tls_cert_file = /c\nsmtpd_tls_security_level = encrypt\n",
	  RIG_MASTER, "0:127.0.0.1:2525|", DIAG_ERROR, "" },
	{ "postscreen", "", "smtp inet n - n - 1 postscreen\n", "",
	  DIAG_WARNING,
	  "master.cf:1: smtp inet is not started: postscreen: no "
	  "counterpart here: put smtpd in its place" },
	{ "smtpd behind postscreen", "", "smtpd pass - - n - - smtpd\n", "",
	  DIAG_NOTE, "smtpd pass is not started: smtpd listens on inet" },
	{ "pipe", "", "d unix - n n - - pipe argv=x\n", "", DIAG_NOTE,
	  "d unix is not started: pipe: not used yet" },
	{ "queue manager", "", "qmgr unix n - n 300 1 qmgr\n", "", DIAG_NOTE,
	  "qmgr unix is not started: qmgr: the engine does that itself" },
	{ "counters", "", "anvil unix - - n - 1 anvil\n", "", DIAG_NOTE,
	  "anvil unix is not started: anvil: no counterpart here" },
	{ "disabled by type", "master_service_disable = inet\n", RIG_MASTER, "",
	  DIAG_NOTE, "master_service_disable names it" },
	{ "disabled by name", "master_service_disable = 26/inet\n",
	  RIG_MASTER "26 inet n - n - - smtpd\n", "0:127.0.0.1:2525|",
	  DIAG_NOTE, "26 inet is not started: master_service_disable" },
	{ "unknown option of a service", "",
	  "127.0.0.1:25 inet n - n - - smtpd -o smtpd_timeot=5\n",
	  "0:127.0.0.1:25|", DIAG_WARNING,
	  "master.cf:1: there is no parameter smtpd_timeot, and no other "
	  "mentions $smtpd_timeot: is smtpd_timeout meant?" },
	{ "option that holds for all", "",
	  "127.0.0.1:25 inet n - n - - smtpd -o penstock_workers=1\n",
	  "0:127.0.0.1:25|", DIAG_WARNING,
	  "penstock_workers holds for all services" },
};

static const struct {
	const char *name, *main_cf, *error;
} wrong[] = {
	{ "no address", "inet_interfaces =\n",
	  "main.cf:7: inet_interfaces = : no address to listen on" },
	{ "no address of that protocol",
	  "inet_interfaces = 127.0.0.1\ninet_protocols = ipv6\n",
	  "main.cf:7: inet_interfaces = 127.0.0.1: no address" },
	{ "no such host", "inet_interfaces = no.such.host.invalid.\n",
	  "main.cf:7: no.such.host.invalid.: " },
};

int
main(void)
{
	char main_cf[2000];

	scratch_open("config_service");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct text got = { 0 };
		struct config *cfg;
		struct diag d;

		CHECK_ROW(rows[i].name);
		snprintf(main_cf, sizeof(main_cf), "%s%s", RIG_MAIN,
			 rows[i].main_cf);
		cfg = rig_load(main_cf, rows[i].master_cf, &d);
		CHECK(cfg != NULL);
		for (unsigned k = 0; cfg && k < cfg->listens_n; k++)
			text_addf(&got, "%u:%s:%s|",
				  cfg->listens[k].service_idx,
				  cfg->listens[k].host, cfg->listens[k].port);
		CHECK_SPAN(text_span(&got), rows[i].listens);
		CHECK(findings_has(&d, rows[i].level, rows[i].finding));
		if (!findings_has(&d, rows[i].level, rows[i].finding))
			findings_print(&d);
		config_put(&cfg);
		text_fini(&got);
		diag_fini(&d);
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct diag d;

		CHECK_ROW(wrong[i].name);
		snprintf(main_cf, sizeof(main_cf), "%s%s", RIG_MAIN,
			 wrong[i].main_cf);
		CHECK(rig_load(main_cf, "2525 inet n - n - - smtpd\n", &d) ==
		      NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		if (!findings_has(&d, DIAG_ERROR, wrong[i].error))
			findings_print(&d);
		diag_fini(&d);
	}
	scratch_close();
	return check_end();
}
