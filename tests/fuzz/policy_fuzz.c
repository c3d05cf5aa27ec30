/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any recipient over any small tables: expansion ends, a verdict is a reply,
 * and mail goes nowhere but where the tables say.
 *
 * Input: lines. Recipient path, sender path, HELO, a restriction list; then
 * table rows "key = value" with a first byte that says of which table:
 * v virtual aliases, m mailboxes, l local aliases, c canonical, a access.
 */
#include "engine/policy/policy_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPANSION_MAX 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { VIRTUAL, MAILBOX, LOCAL, CANONICAL, ACCESS, TABLES_N };

struct fuzz {
	struct policy_cfg cfg;
	struct diag diag;
	char text[TABLES_N][4096]; /* "inline:{ {key = value} }" */
	char list[4200];
};

static struct span
next_line(struct span *rest)
{
	struct span line = span_to(*rest, span_find(*rest, '\n'));

	*rest = span_from(*rest, line.len + (line.len < rest->len));
	return line;
}

/* Rows that no table file could hold would only test the table's reader. */
static void
add_rows(struct fuzz *f, struct span rest)
{
	static const char letters[] = "vmlca";

	for (int t = 0; t < TABLES_N; t++)
		snprintf(f->text[t], sizeof(f->text[t]), "inline:{");
	while (rest.len > 0) {
		struct span row = next_line(&rest);
		const char *letter;
		size_t used;

		if (row.len < 4 || row.p[0] == '\0')
			continue;
		letter = strchr(letters, row.p[0]);
		if (letter == NULL || memchr(row.p, '=', row.len) == NULL ||
		    memchr(row.p, '{', row.len) ||
		    memchr(row.p, '}', row.len) || memchr(row.p, 0, row.len))
			continue;
		used = strlen(f->text[letter - letters]);
		if (used + row.len + 8 < sizeof(f->text[0]))
			snprintf(f->text[letter - letters] + used,
				 sizeof(f->text[0]) - used, " {%.*s}",
				 SPAN_FMT(span_from(row, 1)));
	}
	for (int t = 0; t < TABLES_N; t++)
		strcat(f->text[t], strlen(f->text[t]) > 8 ? " }" : " {x=x} }");
}

static struct maps *
maps(struct fuzz *f, const char *text)
{
	return maps_open(span_of(text), "/", "fuzz", 1, &f->diag);
}

static struct match *
match(struct fuzz *f, enum match_kind kind, const char *text)
{
	return match_open(kind, span_of(text), "/", "fuzz", 1, &f->diag);
}

static void
open_site(struct fuzz *f, struct span restrictions)
{
	struct policy_cfg *cfg = &f->cfg;

	/* The table of the input stands for any in a list. */
	snprintf(f->list, sizeof(f->list), "%.*s%s%s",
		 (int)(restrictions.len < 64 ? restrictions.len : 64),
		 restrictions.p,
		 restrictions.len ? ", check_sender_access " : "",
		 restrictions.len ? f->text[ACCESS] : "");
	*cfg = (struct policy_cfg) {
		.dir = "/",
		.myhostname = "mx.example.org",
		.mydomain = "example.org",
		.myorigin = "origin.example",
		.recipient_delimiter = "+-",
		.virtual_mailbox_base = "/mail",
		.virtual_transport = "virtual",
		.virtual_minimum_uid = 1,
		.virtual_alias_expansion_limit = EXPANSION_MAX,
		.virtual_alias_recursion_limit = EXPANSION_MAX,
		.relay_restrictions = "reject_unauth_destination",
		.recipient_restrictions = f->list,
		.is_delay_reject = true,
		.is_reject_unlisted_recipient = true,
		.is_reject_unlisted_sender = true,
		.is_append_at_myorigin = true,
		.is_append_dot_mydomain = true,
		.is_relay_before_rcpt = true,
		.is_percent_hack = true,
		.is_swap_bangpath = true,
		.mydestination = match(f, MATCH_STRING, "localhost a"),
		.inet_interfaces = match(f, MATCH_HOST, "127.0.0.1"),
		.virtual_alias_domains = match(f, MATCH_STRING, "v.a b"),
		.virtual_mailbox_domains = match(f, MATCH_STRING, "m.a c"),
		.relay_domains = match(f, MATCH_DOMAIN, "r.a"),
		.virtual_alias_maps = maps(f, f->text[VIRTUAL]),
		.virtual_mailbox_maps = maps(f, f->text[MAILBOX]),
		.alias_maps = maps(f, f->text[LOCAL]),
		.canonical_maps = maps(f, f->text[CANONICAL]),
		.virtual_uid_maps = maps(f, "static:1000"),
		.virtual_gid_maps = maps(f, "static:1000"),
	};
}

static void
close_site(struct fuzz *f)
{
	struct policy_cfg *cfg = &f->cfg;
	struct match **const lists[] = { &cfg->mydestination,
					 &cfg->inet_interfaces,
					 &cfg->virtual_alias_domains,
					 &cfg->virtual_mailbox_domains,
					 &cfg->relay_domains };
	struct maps **const all[] = {
		&cfg->virtual_alias_maps, &cfg->virtual_mailbox_maps,
		&cfg->alias_maps,	  &cfg->canonical_maps,
		&cfg->virtual_uid_maps,	  &cfg->virtual_gid_maps
	};

	for (size_t i = 0; i < ARRAY_N(lists); i++)
		match_close(lists[i]);
	for (size_t i = 0; i < ARRAY_N(all); i++)
		maps_close(all[i]);
}

static void
check_reply(unsigned code, const char *text)
{
	must(code >= 400 && code <= 599);
	must(strlen(text) < POLICY_TEXT_MAX);
	must(text[0] == (char)('0' + code / 100) && text[1] == '.');
	for (; *text; text++)
		must((unsigned char)*text >= ' ' && *text != 127);
}

static void
check_rcpts(const struct envelope *env)
{
	struct envelope_rcpt rcpt;
	uint32_t pos = 0;

	must(env->rcpt_n <= EXPANSION_MAX);
	while (envelope_rcpt_next(env, &pos, &rcpt)) {
		struct addr a;
		const char *why;
		struct span part;

		must(addr_parse(rcpt.rcpt, &a, &why) == ADDR_OK);
		must(span_is_equal(rcpt.rcpt, addr_span(&a)));
		if (rcpt.transport != ENVELOPE_VIRTUAL) {
			must(rcpt.dest.len > 6 && rcpt.dest.p[0] == '4');
			continue;
		}
		must(span_has_prefix_nocase(rcpt.dest, SPAN("/mail/")));
		must(rcpt.uid == 1000 && rcpt.gid == 1000);
		while ((part = span_word(&rcpt.dest, "/")).len > 0)
			must(!span_is_equal(part, SPAN("..")));
	}
}

static void
ask_and_route(const struct policy *policy, const struct policy_query *query)
{
	struct envelope_head head = { .queue_id = 1 };
	struct envelope_rcpt like = { .orig = addr_span(query->rcpt) };
	struct envelope env = { .p = NULL };
	struct policy_verdict verdict;
	char text[POLICY_TEXT_MAX];
	int code;

	policy_ask(policy, query, &verdict);
	if (verdict.code != 0)
		check_reply(verdict.code, verdict.text);
	must(verdict.findings_n <= POLICY_FINDINGS_MAX);
	must(envelope_begin(&env, &head) == 0);
	code = policy_route(policy, query->rcpt, &like, &env, text);
	if (code != 0)
		check_reply((unsigned)code, text);
	must((code == 0) == (env.rcpt_n > 0));
	check_rcpts(&env);
	envelope_fini(&env);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct fuzz f;
	struct span rest = { (const char *)data, n }, rcpt_in, sender_in, helo;
	struct policy_query query = { .stage = POLICY_RCPT,
				      .client_name = SPAN("unknown"),
				      .proto = "ESMTP" };
	struct policy *policy = NULL;
	struct addr rcpt, sender;
	struct span restrictions;
	const char *why;

	rcpt_in = next_line(&rest);
	sender_in = next_line(&rest);
	helo = next_line(&rest);
	restrictions = next_line(&rest);
	if (addr_parse_path(&rcpt_in, &rcpt, &why) != ADDR_OK ||
	    addr_parse_path(&sender_in, &sender, &why) != ADDR_OK ||
	    rcpt.len == 0)
		return 0;
	query.rcpt = &rcpt;
	query.sender = &sender;
	query.helo = helo;
	must(ip_parse(SPAN("192.0.2.9"), &query.client_ip));
	diag_init(&f.diag);
	add_rows(&f, rest);
	open_site(&f, restrictions);
	if (f.diag.errors_n == 0)
		policy = policy_open(&f.cfg, "fuzz", &f.diag);
	if (policy != NULL) {
		ask_and_route(policy, &query);
		policy_check_cfg(policy, &f.diag);
	}
	policy_close(&policy);
	close_site(&f);
	diag_fini(&f.diag);
	return 0;
}
