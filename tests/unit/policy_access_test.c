/* SPDX-License-Identifier: BSD-2-Clause */
/* access(5) tables: which keys are asked, what each answer does. */
#include "tests/unit/policy_asked.h"

#define RESULTS                                                                \
	"inline:{ "                                                            \
	"{ok@a.example = OK} {relay@a.example = RELAY} "                       \
	"{num@a.example = 12345} {n450@a.example = 450} "                      \
	"{dunno@a.example = DUNNO foo} {rej@a.example = REJECT} "              \
	"{rejt@a.example = REJECT go away} "                                   \
	"{rejcase@a.example = reject go away} "                                \
	"{d0@a.example = REJECT 5.1.0 x} {d1@a.example = REJECT 5.1.1 x} "     \
	"{d2@a.example = REJECT 5.1.2 x} {d3@a.example = REJECT 5.1.3 x} "     \
	"{d4@a.example = REJECT 5.1.4 x} {d5@a.example = REJECT 5.1.5 x} "     \
	"{d6@a.example = REJECT 5.1.6 x} {d7@a.example = REJECT 5.1.7 x} "     \
	"{d8@a.example = REJECT 5.1.8 x} {m1@a.example = REJECT 5.2.1 x} "     \
	"{m2@a.example = REJECT 5.4.4 x} {c4@a.example = REJECT 4.1.1 x} "     \
	"{nodsn@a.example = REJECT 5.1 x} {nodsn2@a.example = REJECT 5.1.1x} " \
	"{onlydsn@a.example = REJECT 5.1.1} "                                  \
	"{def@a.example = DEFER} {deft@a.example = DEFER 5.7.9 later} "        \
	"{n451@a.example = 451 4.3.9 busy} {n550@a.example = 550 no such} "    \
	"{n5501@a.example = 550 4.2.2 odd} {n521@a.example = 521 bye} "        \
	"{n421@a.example = 421 4.3.2 bye} {n250@a.example = 250 hello} "       \
	"{n600@a.example = 600 x} "                                            \
	"{long@a.example = 554  5.7.1   spaced} "                              \
	"{dip@a.example = DEFER_IF_PERMIT} "                                   \
	"{dipt@a.example = DEFER_IF_PERMIT 4.9.9 tempo} "                      \
	"{dir@a.example = DEFER_IF_REJECT} "                                   \
	"{dirt@a.example = defer_if_reject 4.9.9 tempo} "                      \
	"{warn@a.example = WARN careful} {info@a.example = INFO fyi} "         \
	"{discard@a.example = DISCARD gone} {disc2@a.example = DISCARD} "      \
	"{hold@a.example = HOLD} {redirect@a.example = REDIRECT x@y} "         \
	"{rlist@a.example = permit_mynetworks, reject} "                       \
	"{rlist2@a.example = reject_unauth_destination} "                      \
	"{unk@a.example = blah} {cls@a.example = myclass} "                    \
	"{wir@a.example = warn_if_reject reject} "                             \
	"{lack@a.example = reject_unverified_sender} "                         \
	"{arg@a.example = check_client_access static:OK} "                     \
	"{loop@a.example = loopclass} "                                        \
	"}"

static const struct policy_class classes[] = {
	{ "myclass", "reject_non_fqdn_helo_hostname, reject" },
	{ "loopclass", "check_sender_access inline:{ {loop@a.example = "
		       "loopclass} }" },
};

#define FIX "451 4.3.5 Server configuration error"
#define NO_ACTION(word) \
	"warning: \"" word "\" is no action: access table inline:"

/*
 * key; what check_sender_access says of that sender; what
 * check_recipient_access says of that recipient, with NULL for what it gets
 * anyway: "Relay access denied", since the domain is foreign. "": accepted.
 */
static const struct {
	const char *user, *sender, *rcpt;
} results[] = {
	{ "ok", "", "" },
	{ "relay", "", "" },
	{ "num", "", "" },
	{ "n450", "", "" },
	{ "dunno", "", NULL },
	{ "rej", "554 5.7.1 Access denied", "554 5.7.1 Access denied" },
	{ "rejt", "554 5.7.1 go away", "554 5.7.1 go away" },
	{ "rejcase", "554 5.7.1 go away", "554 5.7.1 go away" },
	{ "d0", "554 5.1.0 x", "554 5.1.0 x" },
	{ "d1", "554 5.1.7 x", "554 5.1.1 x" },
	{ "d2", "554 5.1.8 x", "554 5.1.2 x" },
	{ "d3", "554 5.1.7 x", "554 5.1.3 x" },
	{ "d4", "554 5.1.7 x", "554 5.1.4 x" },
	{ "d5", "554 5.1.0 x", "554 5.1.5 x" },
	{ "d6", "554 5.1.7 x", "554 5.1.6 x" },
	{ "d7", "554 5.1.7 x", "554 5.1.3 x" },
	{ "d8", "554 5.1.8 x", "554 5.1.2 x" },
	{ "m1", "554 5.2.1 x", "554 5.2.1 x" },
	{ "m2", "554 5.4.4 x", "554 5.4.4 x" },
	{ "c4", "554 5.1.7 x", "554 5.1.1 x" },
	{ "nodsn", "554 5.7.1 5.1 x", "554 5.7.1 5.1 x" },
	{ "nodsn2", "554 5.7.1 5.1.1x", "554 5.7.1 5.1.1x" },
	{ "onlydsn", "554 5.1.7 Access denied", "554 5.1.1 Access denied" },
	{ "def", "450 4.7.1 Access denied", "450 4.7.1 Access denied" },
	{ "deft", "450 4.7.9 later", "450 4.7.9 later" },
	{ "n451", "451 4.3.9 busy", "451 4.3.9 busy" },
	{ "n550", "550 5.7.1 no such", "550 5.7.1 no such" },
	{ "n5501", "550 5.2.2 odd", "550 5.2.2 odd" },
	{ "n521", "521 5.7.1 bye", "521 5.7.1 bye" },
	{ "n421", "421 4.3.2 bye", "421 4.3.2 bye" },
	{ "long", "554 5.7.1 spaced", "554 5.7.1 spaced" },
	{ "dip", "450 4.7.1 Service unavailable", NULL },
	{ "dipt", "450 4.9.9 tempo", NULL },
	{ "dir", "", "450 4.7.1 Service unavailable" },
	{ "dirt", "", "450 4.9.9 tempo" },
	{ "rlist", "554 5.7.1 Access denied", "554 5.7.1 Access denied" },
	{ "rlist2", "", NULL },
	{ "cls", "554 5.7.1 Access denied", "554 5.7.1 Access denied" },
};

/* "554 5.7.1 x" as it is said of somebody. */
static const char *
said_of(const char *text, const char *who, const char *subject, char out[512])
{
	struct span rest = span_of(text), code, dsn;

	code = span_word(&rest, " ");
	dsn = span_word(&rest, " ");
	rest = span_trim(rest);
	snprintf(out, 512, "%.*s %.*s <%s>: %s rejected: %.*s", SPAN_FMT(code),
		 SPAN_FMT(dsn), who, subject, SPAN_FMT(rest));
	return out;
}

static void
test_results(void)
{
	for (size_t i = 0; i < ARRAY_N(results); i++) {
		char who[64], sender[512], rcpt[512];
		bool is_close = results[i].user[0] == 'n' &&
				strstr(results[i].user, "21") != NULL;
		struct asked rows[] = {
			{ results[i].user,
			  { .sender = "check_sender_access " RESULTS,
			    .classes = classes,
			    .classes_n = ARRAY_N(classes) },
			  .sender = who,
			  .is_close = is_close,
			  .want = NULL },
			{ results[i].user,
			  { .rcpt = "check_recipient_access " RESULTS
				    ", reject_unauth_destination",
			    .relay = "",
			    .classes = classes,
			    .classes_n = ARRAY_N(classes) },
			  .rcpt = who,
			  .is_close = is_close,
			  .want = rcpt },
		};

		snprintf(who, sizeof(who), "%s@a.example", results[i].user);
		if (*results[i].sender != '\0')
			rows[0].want = said_of(results[i].sender, who,
					       "Sender address", sender);
		if (results[i].rcpt == NULL)
			snprintf(rcpt, sizeof(rcpt),
				 "554 5.7.1 <%s>: Relay access denied", who);
		else if (*results[i].rcpt == '\0')
			rows[1].want = NULL;
		else
			(void)said_of(results[i].rcpt, who, "Recipient address",
				      rcpt);
		asked_rows(rows, ARRAY_N(rows));
	}
}

#define SENDERS                                                       \
	.sender = "check_sender_access " RESULTS, .classes = classes, \
	.classes_n = ARRAY_N(classes)

static const struct asked findings[] = {
	{ "WARN",
	  { SENDERS },
	  .sender = "warn@a.example",
	  .finding = "warn: careful" },
	{ "INFO",
	  { SENDERS },
	  .sender = "info@a.example",
	  .finding = "info: fyi" },
	{ "DISCARD",
	  { SENDERS },
	  .sender = "discard@a.example",
	  .is_discard = true,
	  .finding = "discard: <discard@a.example>: Sender address gone" },
	{ "DISCARD asks no further",
	  { SENDERS },
	  .sender = "disc2@a.example",
	  .rcpt = "x@foreign.example",
	  .is_discard = true,
	  .finding = "discard: <disc2@a.example>: Sender address triggers "
		     "DISCARD action" },
	{ "warn_if_reject in a table",
	  { SENDERS },
	  .sender = "wir@a.example",
	  .finding = "reject_warning: 554 5.7.1 <wir@a.example>: Sender "
		     "address rejected: Access denied" },
	{ "warn_if_reject before a table",
	  { .sender = "warn_if_reject check_sender_access " RESULTS },
	  .sender = "rejt@a.example",
	  .finding = "reject_warning: 554 5.7.1 <rejt@a.example>: Sender "
		     "address rejected: go away" },
	{ "warn_if_reject before DEFER_IF_PERMIT",
	  { .sender = "warn_if_reject check_sender_access " RESULTS },
	  .sender = "dip@a.example",
	  .finding = "reject_warning: 450 4.7.1 <dip@a.example>: Sender "
		     "address rejected: Service unavailable" },
	{ "HOLD",
	  { SENDERS },
	  .sender = "hold@a.example",
	  .want = FIX,
	  .finding = "warning: HOLD, FILTER, REDIRECT, BCC and HANGUP are "
		     "not built yet: access table inline:" },
	{ "no action",
	  { SENDERS },
	  .sender = "unk@a.example",
	  .want = FIX,
	  .finding = NO_ACTION("blah") },
	{ "a 2NN code",
	  { SENDERS },
	  .sender = "n250@a.example",
	  .want = FIX,
	  .finding = NO_ACTION("250") },
	{ "a 6NN code",
	  { SENDERS },
	  .sender = "n600@a.example",
	  .want = FIX,
	  .finding = NO_ACTION("600") },
	{ "a restriction that is not built",
	  { SENDERS },
	  .sender = "lack@a.example",
	  .want = FIX,
	  .finding = NO_ACTION("reject_unverified_sender") },
	{ "a restriction with a table",
	  { SENDERS },
	  .sender = "arg@a.example",
	  .want = FIX,
	  .finding = NO_ACTION("check_client_access") },
	{ "a class that asks itself",
	  { SENDERS },
	  .sender = "loop@a.example",
	  .want = FIX },
	{ "the table fails",
	  { .sender = "check_sender_access fail:x" },
	  .want = FIX,
	  .finding = "warning: lookup failed: access table fail:x" },
};

#define KEYS                                                              \
	"inline:{ "                                                       \
	"{dom.example = REJECT domain} {u@ = REJECT user} "               \
	"{ext+e@a.example = REJECT full} {bare@a.example = REJECT bare} " \
	"{v+w@ = REJECT userext} "                                        \
	"{<> = REJECT null} {.dot.example = REJECT dot} "                 \
	"{origin.example = REJECT origin} "                               \
	"}"
#define SENDER_IS(who, text) \
	"554 5.7.1 <" who ">: Sender address rejected: " text

static const struct asked mail_keys[] = {
	{ "domain",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "x@dom.example",
	  .want = SENDER_IS("x@dom.example", "domain") },
	{ "parent domain",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "x@sub.dom.example",
	  .want = SENDER_IS("x@sub.dom.example", "domain") },
	{ "no parent, with dots wanted",
	  { .sender = "check_sender_access " KEYS, .parent_subdomains = "" },
	  .sender = "x@sub.dom.example" },
	{ ".domain, with dots wanted",
	  { .sender = "check_sender_access " KEYS, .parent_subdomains = "" },
	  .sender = "x@sub.dot.example",
	  .want = SENDER_IS("x@sub.dot.example", "dot") },
	{ ".domain is not itself",
	  { .sender = "check_sender_access " KEYS, .parent_subdomains = "" },
	  .sender = "x@dot.example" },
	{ ".domain, with dots not wanted",
	  .site = { .sender = "check_sender_access " KEYS },
	  .sender = "x@sub.dot.example" },
	{ "user@",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "u@b.example",
	  .want = SENDER_IS("u@b.example", "user") },
	{ "user@, extension",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "u+z@b.example",
	  .want = SENDER_IS("u+z@b.example", "user") },
	{ "user+ext@",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "v+w@b.example",
	  .want = SENDER_IS("v+w@b.example", "userext") },
	{ "user+ext@dom",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "ext+e@a.example",
	  .want = SENDER_IS("ext+e@a.example", "full") },
	{ "user@dom, extension",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "bare+e@a.example",
	  .want = SENDER_IS("bare+e@a.example", "bare") },
	{ "null sender",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "",
	  .want = SENDER_IS("", "null") },
	{ "bare sender gets myorigin",
	  { .sender = "check_sender_access " KEYS },
	  .sender = "s",
	  .want = SENDER_IS("s", "origin") },
	{ "a bare table in the sender list",
	  { .sender = KEYS },
	  .sender = "x@dom.example",
	  .want = SENDER_IS("x@dom.example", "domain") },
	{ "a sender's table in the recipient list",
	  { .rcpt = "check_sender_access " KEYS },
	  .sender = "x@dom.example",
	  .want = SENDER_IS("x@dom.example", "domain") },
	{ "a bare table in the recipient list",
	  { .rcpt = "inline:{ {vm.example = REJECT} }" },
	  .want = "554 5.7.1 <user@vm.example>: Recipient address rejected: "
		  "Access denied" },
	{ "a yes for a way on is no yes",
	  { .relay = "check_recipient_access inline:{ {foreign.example = OK} }"
		     ", reject_unauth_destination" },
	  .rcpt = "a%b@foreign.example",
	  .want = "554 5.7.1 <a%b@foreign.example>: Relay access denied" },
	{ "a yes for an address is one",
	  .site = { .relay = "check_recipient_access "
			     "inline:{ {foreign.example = OK} }, "
			     "reject_unauth_destination" },
	  .rcpt = "a@foreign.example" },
};

#define HOSTS                                                          \
	"inline:{ "                                                    \
	"{h1.example = REJECT 5.1.1 x} {ha.example = REJECT 5.2.1 x} " \
	"{hd.example = 450 4.1.1 x} {he.example = DEFER_IF_PERMIT} "   \
	"{[192.0.2.7] = REJECT lit} {192.0.2.8 = REJECT ip} "          \
	"{192.0.5 = REJECT net} {2001:db8 = REJECT six} "              \
	"{unknown = REJECT unk} "                                      \
	"}"
#define HELO_IS(who, code, text) code " <" who ">: Helo command rejected: " text
#define CLIENT_IS(who, code, text) \
	code " <" who ">: Client host rejected: " text

static const struct asked host_keys[] = {
	{ "helo",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "h1.example",
	  .want = HELO_IS("h1.example", "554 5.0.0", "x") },
	{ "helo, parent",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "sub.H1.example",
	  .want = HELO_IS("sub.H1.example", "554 5.0.0", "x") },
	{ "helo, mailbox code",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "ha.example",
	  .want = HELO_IS("ha.example", "554 5.2.1", "x") },
	{ "helo, 450",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "hd.example",
	  .want = HELO_IS("hd.example", "450 4.0.0", "x") },
	{ "helo, later",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "he.example",
	  .want = HELO_IS("he.example", "450 4.7.1", "Service unavailable") },
	{ "helo, literal",
	  { .helo = "check_helo_access " HOSTS },
	  .helo = "[192.0.2.7]",
	  .want = HELO_IS("[192.0.2.7]", "554 5.7.1", "lit") },
	{ "helo, address",
	  { .helo = HOSTS },
	  .helo = "192.0.2.8",
	  .want = HELO_IS("192.0.2.8", "554 5.7.1", "ip") },
	{ "helo, no part of an address", .site = { .helo = HOSTS },
	  .helo = "192.0.5.1" },
	{ "helo, trailing dot", .site = { .helo = HOSTS },
	  .helo = "h1.example." },
	{ "client address",
	  { .client = "check_client_access " HOSTS },
	  .client = "192.0.2.8",
	  .want = CLIENT_IS("host.client.example[192.0.2.8]", "554 5.7.1",
			    "ip") },
	{ "client network",
	  { .client = "check_client_access " HOSTS },
	  .client = "192.0.5.77",
	  .want = CLIENT_IS("host.client.example[192.0.5.77]", "554 5.7.1",
			    "net") },
	{ "client IPv6 network",
	  { .client = HOSTS },
	  .client = "2001:db8:1::1",
	  .want = CLIENT_IS("host.client.example[2001:db8:1::1]", "554 5.7.1",
			    "six") },
	{ "client elsewhere", .site = { .client = HOSTS },
	  .client = "192.0.6.1" },
	{ "client name",
	  { .client = HOSTS },
	  .client_name = "s.h1.example",
	  .want = CLIENT_IS("s.h1.example[192.0.2.9]", "554 5.0.0", "x") },
	{ "client unknown",
	  { .client = HOSTS },
	  .client_name = "unknown",
	  .want = CLIENT_IS("unknown[192.0.2.9]", "554 5.7.1", "unk") },
	{ "client name before its address",
	  { .client = HOSTS },
	  .client_name = "h1.example",
	  .client = "192.0.2.8",
	  .want = CLIENT_IS("h1.example[192.0.2.8]", "554 5.0.0", "x") },
};

/* Bytes of a table that would break a reply become blanks. */
static const struct asked printable[] = {
	{ "control bytes",
	  { .client = "check_client_access inline:{ {host.client.example = "
		      "REJECT a\x01"
		      "b} }" },
	  .want = "554 5.7.1 <host.client.example[192.0.2.9]>: Client host "
		  "rejected: a b" },
};

int
main(void)
{
	test_results();
	asked_rows(findings, ARRAY_N(findings));
	asked_rows(mail_keys, ARRAY_N(mail_keys));
	asked_rows(host_keys, ARRAY_N(host_keys));
	asked_rows(printable, ARRAY_N(printable));
	return check_end();
}
