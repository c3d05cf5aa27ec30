/* SPDX-License-Identifier: BSD-2-Clause */
/* Restrictions about logins and certificates: who passes, and what is said. */
#include "tests/unit/policy_asked.h"

#define SENDER "<s@x.example>: Sender address rejected: "
#define JOE                        \
	{                          \
		"PLAIN", "Joe", "" \
	}

struct row {
	struct asked asked;
	struct policy_login login; /* method NULL: nobody */
	struct policy_ccert ccert; /* certificate NULL: no TLS */
};

#define OWNED "inline:{ {s@x.example = jim joe} {other@x.example = jane} }"
#define DENY                                                       \
	"554 5.7.1 <host.client.example[192.0.2.9]>: Client host " \
	"rejected: Access denied"

static const struct row rows[] = {
	{ .asked = { "nobody",
		     .site = { .client = "permit_sasl_authenticated, reject" },
		     .want = DENY } },
	{ .asked = { "somebody",
		     .site = { .client =
				       "permit_sasl_authenticated, reject" } },
	  .login = JOE },
	{ .asked = { "anonymous is nobody",
		     .site = { .client = "permit_sasl_authenticated, reject" },
		     .want = DENY },
	  .login = { "anonymous", "x", "" } },
	{ .asked = { "login access",
		     .site = { .sender = "check_sasl_access inline:{ {joe = "
					 "REJECT No} }" },
		     .want = "554 5.7.1 <Joe>: SASL login name rejected: No" },
	  .login = JOE },
	{ .asked = { "login access, another",
		     .site = { .sender = "check_sasl_access inline:{ {jim = "
					 "REJECT No} }" } },
	  .login = JOE },
	{ .asked = { "login access, nobody",
		     .site = { .sender = "check_sasl_access inline:{ {joe = "
					 "REJECT No} }" } } },
	{ .asked = { "owner",
		     .site = { .sender = "reject_sender_login_mismatch" } },
	  .login = JOE },
	{ .asked = { "no owner",
		     .site = { .sender = "reject_sender_login_mismatch" },
		     .want = "553 5.7.1 " SENDER "not owned by user mallory" },
	  .login = { "PLAIN", "mallory", "" } },
	{ .asked = { "not logged in",
		     .site = { .sender = "reject_sender_login_mismatch" },
		     .want = "553 5.7.1 " SENDER "not logged in" } },
	{ .asked = { "nobody's address",
		     .site = { .sender = "reject_sender_login_mismatch" },
		     .sender = "z@x.example",
		     .want = "553 5.7.1 <z@x.example>: Sender address "
			     "rejected: not "
			     "owned by user Joe" },
	  .login = JOE },
	{ .asked = { "nobody's address, and nobody",
		     .site = { .sender = "reject_sender_login_mismatch" },
		     .sender = "z@x.example" } },
	{ .asked = { "nobody's address is fine",
		     .site = { .sender = "reject_known_sender_login_mismatch" },
		     .sender = "z@x.example" },
	  .login = JOE },
	{ .asked = { "known, and another's",
		     .site = { .sender = "reject_known_sender_login_mismatch" },
		     .want = "553 5.7.1 " SENDER "not owned by user mallory" },
	  .login = { "PLAIN", "mallory", "" } },
	{ .asked = { "the null sender has no owner",
		     .site = { .sender = "reject_sender_login_mismatch" },
		     .sender = "" },
	  .login = JOE },
	{ .asked = { "logged in only: nobody",
		     .site = { .sender = "reject_authenticated_sender_login_"
					 "mismatch" } } },
	{ .asked = { "logged in only: somebody else",
		     .site = { .sender = "reject_authenticated_sender_login_"
					 "mismatch" },
		     .want = "553 5.7.1 " SENDER "not owned by user mallory" },
	  .login = { "PLAIN", "mallory", "" } },
	{ .asked = { "not logged in only: nobody",
		     .site = { .sender = "reject_unauthenticated_sender_login_"
					 "mismatch" },
		     .want = "553 5.7.1 " SENDER "not logged in" } },
	{ .asked = { "not logged in only: somebody else",
		     .site = { .sender = "reject_unauthenticated_sender_login_"
					 "mismatch" } },
	  .login = { "PLAIN", "mallory", "" } },
	{ .asked = { "no TLS",
		     .site = { .client = "permit_tls_clientcerts, reject" },
		     .want = DENY } },
	{ .asked = { "no certificate",
		     .site = { .client = "permit_tls_all_clientcerts, reject" },
		     .want = DENY },
	  .ccert = { "", "", false } },
	{ .asked = { "a known certificate",
		     .site = { .client = "permit_tls_clientcerts, reject" } },
	  .ccert = { "AA:BB", "CC:DD", false } },
	{ .asked = { "a known key",
		     .site = { .client = "permit_tls_clientcerts, reject" } },
	  .ccert = { "11:22", "EE:FF", false } },
	{ .asked = { "an unknown one",
		     .site = { .client = "permit_tls_clientcerts, reject" },
		     .want = DENY },
	  .ccert = { "11:22", "33:44", true } },
	{ .asked = { "trusted is enough",
		     .site = { .client =
				       "permit_tls_all_clientcerts, reject" } },
	  .ccert = { "11:22", "33:44", true } },
	{ .asked = { "known is enough",
		     .site = { .client =
				       "permit_tls_all_clientcerts, reject" } },
	  .ccert = { "AA:BB", "33:44", false } },
	{ .asked = { "certificate access",
		     .site = { .client = "check_ccert_access "
					 "inline:{ {11:22 = REJECT No} }" },
		     .want = "554 5.7.1 <host.client.example[192.0.2.9]>: "
			     "Client "
			     "certificate rejected: No" },
	  .ccert = { "11:22", "33:44", false } },
	{ .asked = { "certificate access, by key",
		     .site = { .client = "check_ccert_access "
					 "inline:{ {33:44 = REJECT No} }" },
		     .want = "554 5.7.1 <host.client.example[192.0.2.9]>: "
			     "Client "
			     "certificate rejected: No" },
	  .ccert = { "11:22", "33:44", false } },
	{ .asked = { "certificate access, the first answer counts",
		     .site = { .client = "check_ccert_access "
					 "inline:{{11:22=DUNNO}, {33:44=REJECT "
					 "No}}" } },
	  .ccert = { "11:22", "33:44", false } },
	{ .asked = { "certificate access, none",
		     .site = { .client = "check_ccert_access "
					 "inline:{ {11:22 = REJECT No} }" } } },
};

static void
test_row(const struct row *row, bool is_sasl_enabled)
{
	struct asked asked = row->asked;
	struct site s;

	CHECK_ROW(row->asked.name);
	site_open(&s, &asked.site);
	CHECK(s.policy != NULL);
	if (s.policy == NULL)
		return;
	s.cfg.is_sasl_enabled = is_sasl_enabled;
	s.cfg.sender_login_maps = site_maps(&s, OWNED);
	s.cfg.relay_clientcerts =
		site_maps(&s, "inline:{ {AA:BB = x} {EE:FF = y} }");
	asked.login = row->login.method ? &row->login : NULL;
	asked.ccert = row->ccert.certificate ? &row->ccert : NULL;
	asked_row(&s, &asked);
	maps_close(&s.cfg.sender_login_maps);
	maps_close(&s.cfg.relay_clientcerts);
	site_close(&s);
}

/* Where nobody can log in, an address's owner cannot be asked for. */
static void
test_off(void)
{
	static const struct row off = {
		.asked = { "no SASL here",
			   .site = { .sender =
					     "reject_sender_login_mismatch" } },
		.login = { "XCLIENT", "mallory", "" },
	};

	test_row(&off, false);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i], true);
	test_off();
	return check_end();
}
