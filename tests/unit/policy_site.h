/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_site.h: a whole small site for the tests of engine/policy/: every
 * address class, aliases of every kind. What a row of a test expects of it was
 * asked of Postfix 3.7.11 with the same site, but for what is not built yet.
 */
#ifndef PENSTOCK_TESTS_POLICY_SITE_H
#define PENSTOCK_TESTS_POLICY_SITE_H

#include "engine/policy/policy_priv.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <unistd.h>

/* What a test changes; NULL: as in site_default. */
struct site_text {
	const char *mydestination, *relay_domains, *virtual_alias_domains;
	const char *virtual_mailbox_domains, *mynetworks;
	const char *virtual_alias_maps, *virtual_mailbox_maps;
	const char *virtual_uid_maps, *virtual_gid_maps, *virtual_mailbox_base;
	const char *alias_maps, *local_recipient_maps, *relay_recipient_maps;
	const char *canonical_maps, *recipient_canonical_maps;
	const char *myorigin, *recipient_delimiter, *propagate;
	const char *client, *helo, *sender, *relay, *rcpt, *data, *eod;
	const char *etrn;
	const char *virtual_transport, *parent_subdomains;
	const struct policy_class *classes;
	unsigned classes_n;
	uint32_t expansion_limit, recursion_limit;
	uint32_t unknown_code, relay_code, dns_code;
	enum policy_tempfail tempfail;
	const char *rbl_reply, *rbl_reply_maps, *maps_rbl_domains;
	const char *inet_protocols, *mx_backup_networks;
	bool is_eager; /* smtpd_delay_reject = no */
	bool is_rcpt_first;
	bool is_unlisted_ok;	 /* smtpd_reject_unlisted_recipient = no */
	bool is_unlisted_sender; /* smtpd_reject_unlisted_sender = yes */
	bool is_table_hidden;
	bool is_append_dot;
};

struct site {
	char dir[32]; /* of tables that are files; gone once they are read */
	struct policy_cfg cfg;
	struct policy *policy;
	struct diag diag;
};

#define SITE_ALIASES                                                          \
	"inline:{ "                                                           \
	"{a1@va.example = user@vm.example} "                                  \
	"{a2@va.example = user@vm.example, far@foreign.example} "             \
	"{at1@va.example = @vm.example} "                                     \
	"{@atdom.example = @vm.example} "                                     \
	"{loop1@va.example = loop2@va.example} "                              \
	"{loop2@va.example = loop1@va.example} "                              \
	"{grow@va.example = grow+x@va.example} "                              \
	"{self@va.example = self@va.example, user@vm.example} "               \
	"{selfvm@vm.example = selfvm@vm.example, user@vm.example} "           \
	"{bare = user@vm.example} "                                           \
	"{bareo = luser} "                                                    \
	"{catch@vm.example = user@vm.example} "                               \
	"{@cat.example = user@vm.example} "                                   \
	"{big@va.example = b1, b2} "                                          \
	"{quo@va.example = \"quo ted\"@vm.example} "                          \
	"{angle@va.example = Foo Bar <user@vm.example>} "                     \
	"{com@va.example = \"a,b\"@vm.example, user@vm.example} "             \
	"{two@va.example = user@vm.example ext@vm.example} "                  \
	"{cmt@va.example = user@vm.example (a, b), ext@vm.example} "          \
	"{emp@va.example = user@vm.example,, ext@vm.example,} "               \
	"{bad@va.example = user@vm.example, <foo@@bar>} "                     \
	"{nothing@va.example = <>} "                                          \
	"{gone@va.example = nobody@vm.example} "                              \
	"{half@va.example = nobody@vm.example, user@vm.example} "             \
	"{away@va.example = far@foreign.example} "                            \
	"{atex+e@va.example = @vm.example} "                                  \
	"{list@va.example = user@vm.example, ext@vm.example, a1@va.example} " \
	"{deep@va.example = deep1@va.example} "                               \
	"{deep1@va.example = deep2@va.example} "                              \
	"{deep2@va.example = user@vm.example} "                               \
	"{atdom.example = x} {cat.example = x} "                              \
	"}"

#define SITE_MAILBOXES                        \
	"inline:{ "                           \
	"{user@vm.example = user/} "          \
	"{ext+known@vm.example = extknown/} " \
	"{ext@vm.example = ext/} "            \
	"{selfvm@vm.example = selfvm/} "      \
	"{a.b@vm.example = ab/} "             \
	"{at1@vm.example = at1/} "            \
	"{mbox@vm.example = box/mbox} "       \
	"{up@vm.example = ../etc/} "          \
	"{mid@vm.example = a/../../b/} "      \
	"{dots@vm.example = ..a/b../} "       \
	"{@all.example = all/} "              \
	"} texthash:quoted"

/* Keys with blanks fit no inline: table; the file "quoted" has these. */
#define SITE_QUOTED                         \
	"\"quo ted\"@vm.example\tquoted/\n" \
	"\"a,b\"@vm.example\tcomma/\n"      \
	"\"x..y\"@vm.example\txy/\n"        \
	"\"a b\"@find.example\tfound/\n"    \
	"\"loc al\"\tlocal/\n"

#define SITE_LOCAL_ALIASES                                   \
	"inline:{ "                                          \
	"{root = luser} "                                    \
	"{lal = user@vm.example} "                           \
	"{lself = lself, user@vm.example} "                  \
	"{luser2 = \\lal} "                                  \
	"{cmd = \"|/bin/prog arg, more\", user@vm.example} " \
	"{file = /var/mail/file} "                           \
	"{incl = :include:/etc/list} "                       \
	"{lloop1 = lloop2} "                                 \
	"{lloop2 = lloop1} "                                 \
	"{lext+known = ext@vm.example} "                     \
	"{lext = user@vm.example} "                          \
	"{lgone = nobody@local.example} "                    \
	"{toalias = a1@va.example} "                         \
	"{postmaster = root} "                               \
	"}"

#define SITE_RBL_REPLY                                                   \
	"$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked " \
	"using $rbl_domain${rbl_reason?; $rbl_reason}"

static const struct site_text site_default = {
	.mydestination = "mx.example.org, local.example, localhost",
	.relay_domains = "relay.example",
	.virtual_alias_domains = "va.example atdom.example cat.example",
	.virtual_mailbox_domains = "vm.example both.example all.example",
	.mynetworks = "10.0.0.0/8",
	.virtual_alias_maps = SITE_ALIASES,
	.virtual_mailbox_maps = SITE_MAILBOXES,
	.virtual_uid_maps = "static:1000",
	.virtual_gid_maps = "static:1001",
	.virtual_mailbox_base = "/mail",
	.alias_maps = SITE_LOCAL_ALIASES,
	.local_recipient_maps = SITE_LOCAL_ALIASES " inline:{luser=x}",
	.relay_recipient_maps = "inline:{known@relay.example=x}",
	.canonical_maps = "",
	.recipient_canonical_maps = "",
	.myorigin = "origin.example",
	.recipient_delimiter = "+",
	.propagate = "canonical, virtual",
	.client = "",
	.helo = "",
	.sender = "",
	.relay = "permit_mynetworks, reject_unauth_destination",
	.rcpt = "",
	.data = "",
	.eod = "",
	.etrn = "",
	.virtual_transport = "virtual",
	.parent_subdomains = "smtpd_access_maps, relay_domains",
	.expansion_limit = 1000,
	.recursion_limit = 1000,
};

#define SITE_TEXT(t, field) \
	((t)->field != NULL ? (t)->field : site_default.field)

static inline struct match *
site_match(struct site *s, enum match_kind kind, const char *text)
{
	struct match *m =
		match_open(kind, span_of(text), s->dir, "test", 1, &s->diag);

	if (m == NULL)
		diag_print(&s->diag, DIAG_NOTE);
	must(m != NULL);
	return m;
}

static inline struct maps *
site_maps(struct site *s, const char *text)
{
	struct maps *m = maps_open(span_of(text), s->dir, "test", 1, &s->diag);

	if (m == NULL)
		diag_print(&s->diag, DIAG_NOTE);
	must(m != NULL);
	return m;
}

static inline void
site_lists(struct site *s, const struct site_text *t)
{
	struct policy_cfg *cfg = &s->cfg;

	cfg->mynetworks = site_match(s, MATCH_HOST, SITE_TEXT(t, mynetworks));
	cfg->mydestination =
		site_match(s, MATCH_STRING, SITE_TEXT(t, mydestination));
	cfg->inet_interfaces = site_match(s, MATCH_HOST, "127.0.0.1 [::1]");
	cfg->proxy_interfaces = site_match(s, MATCH_HOST, "192.0.2.200");
	cfg->rbl_reply_maps =
		site_maps(s, t->rbl_reply_maps ? t->rbl_reply_maps : "");
	cfg->mx_backup_networks =
		site_match(s, MATCH_HOST,
			   t->mx_backup_networks ? t->mx_backup_networks : "");
	cfg->relay_domains =
		site_match(s, MATCH_DOMAIN, SITE_TEXT(t, relay_domains));
	cfg->virtual_alias_domains = site_match(
		s, MATCH_STRING, SITE_TEXT(t, virtual_alias_domains));
	cfg->virtual_mailbox_domains = site_match(
		s, MATCH_STRING, SITE_TEXT(t, virtual_mailbox_domains));
	cfg->virtual_alias_maps =
		site_maps(s, SITE_TEXT(t, virtual_alias_maps));
	cfg->virtual_mailbox_maps =
		site_maps(s, SITE_TEXT(t, virtual_mailbox_maps));
	cfg->virtual_uid_maps = site_maps(s, SITE_TEXT(t, virtual_uid_maps));
	cfg->virtual_gid_maps = site_maps(s, SITE_TEXT(t, virtual_gid_maps));
	cfg->alias_maps = site_maps(s, SITE_TEXT(t, alias_maps));
	cfg->local_recipient_maps =
		site_maps(s, SITE_TEXT(t, local_recipient_maps));
	cfg->relay_recipient_maps =
		site_maps(s, SITE_TEXT(t, relay_recipient_maps));
	cfg->canonical_maps = site_maps(s, SITE_TEXT(t, canonical_maps));
	cfg->recipient_canonical_maps =
		site_maps(s, SITE_TEXT(t, recipient_canonical_maps));
}

static const struct {
	const char *name, *text;
} site_files[] = {
	{ "quoted", SITE_QUOTED },
	{ "pattern", "/^(.*)@pat\\.example$/ $1/\n" },
};

static inline void
site_write(struct site *s)
{
	strcpy(s->dir, "/tmp/policy_site.XXXXXX");
	must(mkdtemp(s->dir) != NULL);
	for (size_t i = 0; i < ARRAY_N(site_files); i++) {
		char name[64];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s", s->dir,
			 site_files[i].name);
		file = fopen(name, "w");
		must(file != NULL && fputs(site_files[i].text, file) >= 0);
		must(fclose(file) == 0);
	}
}

static inline void
site_unlink(struct site *s)
{
	for (size_t i = 0; i < ARRAY_N(site_files); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/%s", s->dir,
			 site_files[i].name);
		must(unlink(name) == 0);
	}
	must(rmdir(s->dir) == 0);
}

/* s->policy is NULL where policy_open() found an error: s->diag has it. */
static inline void
site_open(struct site *s, const struct site_text *t)
{
	*s = (struct site) { .policy = NULL };
	diag_init(&s->diag);
	site_write(s);
	s->cfg = (struct policy_cfg) {
		.dir = s->dir,
		.myhostname = "mx.example.org",
		.mydomain = "example.org",
		.myorigin = SITE_TEXT(t, myorigin),
		.recipient_delimiter = SITE_TEXT(t, recipient_delimiter),
		.propagate_extensions = SITE_TEXT(t, propagate),
		.parent_subdomains = SITE_TEXT(t, parent_subdomains),
		.virtual_mailbox_base = SITE_TEXT(t, virtual_mailbox_base),
		.virtual_transport = SITE_TEXT(t, virtual_transport),
		.virtual_minimum_uid = 100,
		.virtual_alias_expansion_limit =
			t->expansion_limit ? t->expansion_limit : 1000,
		.virtual_alias_recursion_limit =
			t->recursion_limit ? t->recursion_limit : 1000,
		.client_restrictions = SITE_TEXT(t, client),
		.helo_restrictions = SITE_TEXT(t, helo),
		.sender_restrictions = SITE_TEXT(t, sender),
		.relay_restrictions = SITE_TEXT(t, relay),
		.recipient_restrictions = SITE_TEXT(t, rcpt),
		.data_restrictions = SITE_TEXT(t, data),
		.eod_restrictions = SITE_TEXT(t, eod),
		.etrn_restrictions = SITE_TEXT(t, etrn),
		.classes = t->classes,
		.classes_n = t->classes_n,
		.is_delay_reject = !t->is_eager,
		.is_reject_unlisted_recipient = !t->is_unlisted_ok,
		.is_reject_unlisted_sender = t->is_unlisted_sender,
		.is_show_user_unknown_table_name = !t->is_table_hidden,
		.is_append_at_myorigin = true,
		.is_append_dot_mydomain = t->is_append_dot,
		.is_relay_before_rcpt = !t->is_rcpt_first,
		.is_percent_hack = true,
		.is_swap_bangpath = true,
		.queue_dir = s->dir,
		.rbl_reply = t->rbl_reply ? t->rbl_reply : SITE_RBL_REPLY,
		.maps_rbl_domains = t->maps_rbl_domains,
		.inet_protocols = t->inet_protocols,
		.unknown_helo_tempfail = t->tempfail,
		.unknown_address_tempfail = t->tempfail,
		.unknown_client_code = t->dns_code,
		.unknown_hostname_code = t->dns_code,
		.unknown_address_code = t->dns_code,
		.maps_rbl_code = t->dns_code,
		.server_default_action =
			"451 4.3.5 Server configuration problem",
		.server_timeout_us = 60000000,
		.server_max_idle_us = 60000000,
		.server_max_ttl_us = 60000000,
		.server_retry_delay_us = 1000,
		.server_try_limit = 1,
		.unknown_virtual_mailbox_reject_code = t->unknown_code,
		.relay_domains_reject_code = t->relay_code,
	};
	site_lists(s, t);
	s->policy = policy_open(&s->cfg, "smtp", &s->diag);
	site_unlink(s);
}

static inline void
site_close(struct site *s)
{
	struct policy_cfg *cfg = &s->cfg;
	struct match **const lists[] = {
		&cfg->mynetworks,
		&cfg->mydestination,
		&cfg->inet_interfaces,
		&cfg->proxy_interfaces,
		&cfg->relay_domains,
		&cfg->virtual_alias_domains,
		&cfg->virtual_mailbox_domains,
		&cfg->mx_backup_networks,
	};
	struct maps **const maps[] = {
		&cfg->virtual_alias_maps,   &cfg->rbl_reply_maps,
		&cfg->virtual_mailbox_maps, &cfg->virtual_uid_maps,
		&cfg->virtual_gid_maps,	    &cfg->alias_maps,
		&cfg->local_recipient_maps, &cfg->relay_recipient_maps,
		&cfg->canonical_maps,	    &cfg->recipient_canonical_maps,
	};

	policy_close(&s->policy);
	for (size_t i = 0; i < ARRAY_N(lists); i++)
		match_close(lists[i]);
	for (size_t i = 0; i < ARRAY_N(maps); i++)
		maps_close(maps[i]);
	diag_fini(&s->diag);
}

static inline struct addr
site_addr(const char *text)
{
	struct addr a = { .len = 0 };
	const char *why;

	if (*text != '\0')
		must(addr_parse(span_of(text), &a, &why) == ADDR_OK);
	return a;
}

/* Whether a complaint of this level holds the text. */
__attribute__((unused)) static bool
site_said(const struct site *s, enum diag_level level, const char *text)
{
	for (const struct diag_line *l = s->diag.first; l; l = l->next)
		if (l->level == level && strstr(l->text, text) != NULL)
			return true;
	return false;
}

#endif
