# SPDX-License-Identifier: BSD-2-Clause
"""policy_rows.py: configurations and dialogues for postfix_policy.

A configuration is what a service has behind -o; its dialogues are those of
USUAL, or of its own, in DIALOGUES.
"""

import dataclasses

# --- DNS ---

HOSTS_OK = {"A": ["192.0.2.1"]}


def _zone():
    zone = {
        "9.0.0.127.in-addr.arpa": {"PTR": ["host.client.example"]},
        "host.client.example": {"A": ["127.0.0.9"]},
        "8.0.0.127.in-addr.arpa": {"PTR": ["forged.example"]},
        "forged.example": {"A": ["192.0.2.8"]},
        "6.0.0.127.in-addr.arpa": "SERVFAIL",
        "5.0.0.127.in-addr.arpa": {"PTR": ["later.example"]},
        "10.0.0.127.in-addr.arpa": {"PTR": ["inside.example"]},
        "inside.example": {"A": ["127.0.0.10"]},
        "h.example": {"A": ["192.0.2.1"]},
        "x.example": {"A": ["192.0.2.1"], "MX": [(10, "mx.x.example")],
                      "NS": ["ns.x.example"]},
        "mx.x.example": {"A": ["192.0.2.2"]},
        "ns.x.example": {"A": ["192.0.2.3"]},
        "mxonly.example": {"MX": [(10, "mx.x.example")]},
        "null.example": {"MX": [(0, ".")], "A": ["192.0.2.1"]},
        "txt.example": {"TXT": ["nothing else"]},
        "later.example": "SERVFAIL",
        "bad.example": {"MX": [(10, "mx.bad.example")],
                        "NS": ["ns.bad.example"], "A": ["198.51.100.1"]},
        "mx.bad.example": {"A": ["198.51.100.2"]},
        "ns.bad.example": {"A": ["198.51.100.3"]},
        "sub.bad.example": {"A": ["198.51.100.1"]},
        "cname.example": {"CNAME": ["x.example"]},
        "nomx.example": {"A": ["198.51.100.2"]},
        "okmx.example": {"MX": [(10, "okhost.example")]},
        "okhost.example": {"A": ["192.0.2.99"]},
        "mine.example": {"MX": [(10, "mx.x.example"), (20, "me.example")]},
        "me.example": {"A": ["127.0.0.1"]},
        "lost.example": {"MX": [(10, "later.example")]},
        "far.example": {"A": ["192.0.2.1"]},
        # lists
        "7.0.0.127.bl.example": {"A": ["127.0.0.2"],
                                 "TXT": ["see http://bl.example/ 7"]},
        "8.0.0.127.bl.example": {"A": ["127.0.0.4", "127.0.0.10"]},
        "9.0.0.127.wl.example": {"A": ["127.0.5.1"]},
        "7.0.0.127.two.example": {"A": ["127.0.0.2"],
                                  "TXT": ["one", "two"]},
        "7.0.0.127.err.example": "SERVFAIL",
        "8.0.0.127.err.example": "SERVFAIL",
        "9.0.0.127.err.example": "SERVFAIL",
        "host.client.example.dbl.example": {"A": ["127.0.1.2"]},
        "forged.example.dbl.example": {"A": ["127.0.1.2"]},
        "bad.example.dbl.example": {"A": ["127.0.1.2"],
                                    "TXT": ["bad indeed"]},
        "vm.example.dbl.example": {"A": ["127.0.1.3"]},
    }
    return zone


ZONE = _zone()

# --- main.cf, for both ---

MAIN_CF = {
    "compatibility_level": "3.6",
    "myhostname": "mx.example.org",
    "mydomain": "example.org",
    "myorigin": "origin.example",
    "smtpd_banner": "mx.example.org ESMTP",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mydestination": "mx.example.org, local.example, localhost",
    "mynetworks": "127.0.0.10/32",
    "relay_domains": "relay.example",
    "relay_recipient_maps": "inline:{{known@relay.example=x}}",
    "virtual_alias_domains": "va.example",
    "virtual_alias_maps": "inline:{{a@va.example=user@vm.example}}",
    "virtual_mailbox_domains": "vm.example",
    "virtual_mailbox_maps":
        "inline:{{user@vm.example=user/} {two@vm.example=two/} "
        "{hold@vm.example=hold/} {grey@vm.example=grey/} "
        "{reject@vm.example=reject/} {bare@vm.example=bare/} "
        "{text@vm.example=text/} {ok@vm.example=ok/} "
        "{junk@vm.example=junk/} {quit@vm.example=quit/} "
        "{list@vm.example=list/} {ifpermit@vm.example=ifpermit/}}",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "inline:{luser=x, postmaster=x}",
    "recipient_delimiter": "+",
    "smtpd_error_sleep_time": "0",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "smtpd_policy_service_retry_delay": "1",
    "smtpd_policy_service_timeout": "60",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
    "smtpd_restriction_classes": "strict, lax",
    "strict": "reject_non_fqdn_sender, reject",
    "lax": "permit",
    "message_size_limit": "100000",
}

# What the policy server says of a local part; None: hangs up.
POLICY = {
    "ok": "OK", "grey": "DEFER_IF_PERMIT Greylisted",
    "reject": "REJECT", "text": "550 5.7.9 not for you",
    "bare": "451 come back", "junk": "nonsense\n\n", "quit": None,
    "two": "singing", "list": "reject_non_fqdn_sender, reject",
    "ifpermit": "DEFER_IF_REJECT later",
}


# --- dialogues ---

@dataclasses.dataclass
class Row:
    """One session: its commands, or the usual ones."""
    client: str = "127.0.0.9"
    helo: str = "EHLO h.example"
    mail: str = "<s@x.example>"
    rcpts: tuple = ("<user@vm.example>",)
    is_data: bool = False
    commands: tuple = ()

    def script(self):
        """Lines to send."""
        if self.commands:
            return [*self.commands, "QUIT"]
        out = [self.helo] if self.helo else []
        out.append(f"MAIL FROM:{self.mail}")
        out += [f"RCPT TO:{rcpt}" for rcpt in self.rcpts]
        if self.is_data:
            out.append("DATA")
        return [*out, "QUIT"]


USUAL = [
    Row(),
    Row(rcpts=("<u@far.example>", "<nobody@vm.example>")),
    Row(client="127.0.0.10", rcpts=("<u@far.example>",)),
    Row(mail="<>", rcpts=("<user@vm.example>", "<two@vm.example>"),
        is_data=True),
    Row(client="127.0.0.7", helo="HELO localname", mail="<s@nodots>",
        rcpts=("<user@nodots>", "<postmaster>")),
]

CLIENTS = [Row(client=f"127.0.0.{n}") for n in (5, 6, 7, 8, 9, 10)]
HELOS = [Row(helo=f"EHLO {name}") for name in (
    "h.example", "localname", "[127.0.0.9]", "[127.0.0.x]", "bad_name.example",
    "-bad.example", "later.example", "none.example", "mxonly.example",
    "1.2.3.4", "h.example.", "[IPv6:::1]", "txt.example", "bad.example",
    "nomx.example", "cname.example")] + [Row(helo="")]
SENDERS = [Row(mail=f"<{name}>") for name in (
    "s@x.example", "", "s@nodots", "s", "s@none.example", "s@later.example",
    "s@null.example", "s@mxonly.example", "s@txt.example", "s@[127.0.0.9]",
    "user@vm.example", "nobody@vm.example", "luser@local.example",
    "s@sub.bad.example", "s@bad.example", "s@nomx.example", "s@okmx.example",
    "s+ext@x.example", "s@cname.example")]
RCPTS = [Row(client=client, rcpts=(f"<{name}>",))
         for client in ("127.0.0.9",)
         for name in (
             "user@vm.example", "user+ext@vm.example", "nobody@vm.example",
             "a@va.example", "nobody@va.example", "luser@local.example",
             "nobody@local.example", "known@relay.example",
             "nobody@relay.example", "u@far.example", "luser", "postmaster",
             "u@null.example", "u@none.example", "u@later.example",
             "u%far.example@vm.example", "far.example!u@vm.example",
             "u@[127.0.0.1]", "luser@[127.0.0.1]", "u@nodots",
             "@vm.example:u@far.example", "u@mine.example",
             "u@lost.example")]

INSIDE = [dataclasses.replace(row, client="127.0.0.10") for row in RCPTS]

ACTIONS = {
    "ok": "OK", "dunno": "DUNNO", "reject": "REJECT", "rejtext": "REJECT why",
    "defer": "DEFER", "deftext": "DEFER later", "ifp": "DEFER_IF_PERMIT p",
    "ifr": "DEFER_IF_REJECT r", "num": "12345", "c450": "450 4.2.1 busy",
    "c550": "550 5.1.1 gone", "c554": "554 no", "c421": "421 4.7.0 bye",
    "c521": "521 5.7.1 bye", "warn": "WARN hm", "info": "INFO hm",
    "relay": "RELAY", "bad": "singing", "list": "permit_mynetworks, reject",
    "list2": "reject_non_fqdn_sender", "low": "reject lower",
    "dsn2": "REJECT 5.7.25 enhanced", "dsn4": "DEFER 4.1.7 enhanced",
    "rbl": "reject_rbl_client bl.example",
    "pre": "PREPEND X-Policy: yes", "pre2": "PREPEND no header",
}


def _actions(template):
    return "inline:{" + " ".join(
        "{%s = %s}" % (template % key, action)
        for key, action in ACTIONS.items()) + "}"


SENDER_ACTIONS = [Row(mail=f"<{key}@x.example>") for key in ACTIONS]
RCPT_ACTIONS = [Row(rcpts=(f"<{key}@vm.example>", "<user@vm.example>"))
                for key in ACTIONS]
HELO_ACTIONS = [Row(helo=f"EHLO {key}.acts.example") for key in ACTIONS]

SERVICE = f"check_policy_service inet:127.0.0.1:19999"
R = "smtpd_recipient_restrictions"
C = "smtpd_client_restrictions"
H = "smtpd_helo_restrictions"
S = "smtpd_sender_restrictions"
L = "smtpd_relay_restrictions"
D = "smtpd_data_restrictions"
ETRN = "smtpd_etrn_restrictions"
E = "smtpd_end_of_data_restrictions"
EAGER = {"smtpd_delay_reject": "no"}
KEYS = ("inline:{{host.client.example=REJECT name} "
        "{client.example=REJECT parent} {.client.example=REJECT dotparent} "
        "{127.0.0.7=REJECT addr} {127.0.0=REJECT net} "
        "{x.example=REJECT domain} {s@=REJECT local} "
        "{s@bad.example=REJECT full} {s+ext@x.example=REJECT ext} "
        "{<>=REJECT null} {vm.example=REJECT rdomain} "
        "{h.example=REJECT helo} {example=REJECT top}}")
HOSTS = ("inline:{{mx.bad.example=REJECT mx} {ns.bad.example=REJECT ns} "
         "{198.51.100.2=REJECT mxaddr} {198.51.100=REJECT net} "
         "{192.0.2.99=OK} {127.0.0.9=REJECT self} "
         "{forged.example=REJECT forged} {192.0.2.8=REJECT itsaddr}}")

CONFIGURATIONS = {
    "plain": {},
    "etrn": {ETRN: "check_etrn_access inline:{{x.example=REJECT} "
                   "{y.example=450 4.7.1 later} {z.example=OK} "
                   "{parent.example=REJECT not you}}, reject"},
    "etrn_client": {C: "check_client_access inline:{{127.0.0.9=REJECT}}"},
    "etrn_helo": {H: "check_helo_access inline:{{h.example=REJECT}}"},
    "etrn_mynetworks": {ETRN: "permit_mynetworks, reject"},
    "etrn_early": {ETRN: "reject_unauth_destination, "
                         "check_recipient_access inline:{{x.example=OK}}, "
                         "reject_non_fqdn_sender, defer",
                   "smtpd_delay_reject": "no"},
    "etrn_if_permit": {ETRN: "defer_if_permit"},
    "etrn_warn": {ETRN: "warn_if_reject reject"},
    "etrn_helo_required": {"smtpd_helo_required": "yes"},
    "client_reject": {C: "reject"},
    "client_defer": {C: "defer"},
    "client_ifpermit": {C: "defer_if_permit"},
    "client_ifreject": {C: "defer_if_reject, reject"},
    "client_both": {C: "defer_if_permit, defer_if_reject, reject"},
    "client_permit": {C: "permit", R: "reject"},
    "helo_reject": {H: "reject"},
    "sender_reject": {S: "reject"},
    "rcpt_reject": {R: "reject"},
    "rcpt_defer": {R: "permit_mynetworks, defer"},
    "relay_defer": {L: "permit_mynetworks, defer_unauth_destination"},
    "relay_last": {L: "permit_mynetworks, defer_unauth_destination",
                   R: "reject_non_fqdn_recipient",
                   "smtpd_relay_before_recipient_restrictions": "no"},
    "data_reject": {D: "reject"},
    "data_bounce": {D: "reject_multi_recipient_bounce"},
    "eod_reject": {E: "reject"},
    "eod_defer": {E: "warn_if_reject reject, defer"},
    "warn": {C: "warn_if_reject reject", H: "warn_if_reject defer",
             S: "warn_if_reject defer_if_permit", R: "permit"},
    "eager_client": {C: "permit_mynetworks, reject", **EAGER},
    "eager_helo": {H: "reject_non_fqdn_helo_hostname", **EAGER},
    "eager_sender": {S: "reject_non_fqdn_sender", **EAGER},
    "eager_ifpermit": {C: "defer_if_permit", **EAGER},
    "helo_required": {"smtpd_helo_required": "yes",
                      H: "reject_invalid_helo_hostname"},
    "helo_invalid": {H: "reject_invalid_helo_hostname"},
    "helo_fqdn": {H: "reject_non_fqdn_helo_hostname"},
    "helo_unknown": {H: "reject_unknown_helo_hostname"},
    "helo_unknown_defer": {H: "reject_unknown_helo_hostname, reject",
                           "unknown_helo_hostname_tempfail_action": "defer",
                           "unknown_hostname_reject_code": "550"},
    "sender_fqdn": {S: "reject_non_fqdn_sender"},
    "sender_unknown": {S: "reject_unknown_sender_domain"},
    "sender_unknown_code": {S: "reject_unknown_sender_domain, reject",
                            "unknown_address_reject_code": "550",
                            "reject_tempfail_action": "defer"},
    "sender_unlisted": {"smtpd_reject_unlisted_sender": "yes"},
    "rcpt_fqdn": {R: "reject_non_fqdn_recipient"},
    "rcpt_unknown": {R: "reject_unknown_recipient_domain"},
    "rcpt_all": {L: "permit_mynetworks, reject_unauth_destination",
                 R: "reject_unlisted_recipient"},
    "rcpt_unlisted_ok": {"smtpd_reject_unlisted_recipient": "no"},
    "rcpt_auth": {R: "permit_auth_destination, reject"},
    "rcpt_mx": {L: "permit_mx_backup, reject_unauth_destination"},
    "rcpt_mx_nets": {L: "permit_mx_backup, reject_unauth_destination",
                     "permit_mx_backup_networks": "192.0.2.0/24"},
    "client_unknown": {C: "reject_unknown_client_hostname"},
    "client_unknown_code": {C: "reject_unknown_client_hostname",
                            "unknown_client_reject_code": "554"},
    "client_reverse": {C: "reject_unknown_reverse_client_hostname"},
    "pipelining": {D: "reject_unauth_pipelining",
                   H: "reject_unauth_pipelining"},
    "plaintext": {R: "reject_plaintext_session"},
    "codes": {C: "permit_mynetworks, reject", "reject_code": "571",
              "defer_code": "471"},
    "soft": {"soft_bounce": "yes", S: "reject_non_fqdn_sender, reject"},
    "classes": {S: "check_sender_access inline:{{x.example=strict} "
                   "{bad.example=lax}}, reject_unknown_sender_domain"},
    "access_sender": {S: "check_sender_access " + _actions("%s@x.example")},
    "access_rcpt": {R: "check_recipient_access " + _actions("%s@vm.example")
                       + ", defer"},
    "access_helo": {H: "check_helo_access " + _actions("%s.acts.example")
                       + ", reject"},
    "access_codes": {S: "check_sender_access inline:{{x.example=REJECT} "
                        "{bad.example=DEFER}}",
                     "access_map_reject_code": "577",
                     "access_map_defer_code": "455"},
    "access_client_keys": {C: "check_client_access " + KEYS},
    "access_sender_keys": {S: "check_sender_access " + KEYS},
    "access_rcpt_keys": {R: "check_recipient_access " + KEYS},
    "access_helo_keys": {H: "check_helo_access " + KEYS},
    "access_null": {S: "check_sender_access inline:{{null=REJECT n}}",
                    "smtpd_null_access_lookup_key": "null"},
    "access_reverse": {C: "check_reverse_client_hostname_access " + HOSTS},
    "hosts_client_a": {C: "check_client_a_access " + HOSTS},
    "hosts_reverse_a": {C: "check_reverse_client_hostname_a_access " + HOSTS},
    "hosts_helo_a": {H: "check_helo_a_access " + HOSTS},
    "hosts_helo_mx": {H: "check_helo_mx_access " + HOSTS},
    "hosts_helo_ns": {H: "check_helo_ns_access " + HOSTS},
    "hosts_sender_a": {S: "check_sender_a_access " + HOSTS},
    "hosts_sender_mx": {S: "check_sender_mx_access " + HOSTS},
    "hosts_sender_ns": {S: "check_sender_ns_access " + HOSTS},
    "hosts_rcpt_mx": {R: "check_recipient_mx_access " + HOSTS},
    "rbl": {C: "reject_rbl_client bl.example"},
    "rbl_filter": {C: "reject_rbl_client bl.example=127.0.0.[4..9;11]"},
    "rbl_code": {C: "reject_rbl_client two.example, "
                    "reject_rbl_client bl.example",
                 "maps_rbl_reject_code": "450"},
    "rbl_reply": {C: "reject_rbl_client bl.example",
                  "default_rbl_reply": "521 5.9.9 $rbl_what in $rbl_domain "
                                       "at $client ${rbl_reason:none}"},
    "rbl_err": {C: "reject_rbl_client err.example"},
    "rhsbl_client": {C: "reject_rhsbl_client dbl.example"},
    "rhsbl_reverse": {C: "reject_rhsbl_reverse_client dbl.example"},
    "rhsbl_helo": {H: "reject_rhsbl_helo dbl.example"},
    "rhsbl_sender": {S: "reject_rhsbl_sender dbl.example"},
    "rhsbl_rcpt": {R: "reject_rhsbl_recipient dbl.example"},
    "dnswl": {C: "permit_dnswl_client wl.example, reject"},
    "dnswl_relay": {L: "permit_dnswl_client wl.example, "
                       "reject_unauth_destination"},
    "dnswl_err": {C: "permit_dnswl_client err.example, reject"},
    "rhswl": {C: "permit_rhswl_client dbl.example, reject"},
    "policy": {R: SERVICE},
    "policy_permit": {R: SERVICE + ", permit"},
    "policy_default": {R: "check_policy_service { inet:127.0.0.1:19999, "
                          "default_action=DUNNO }, reject"},
    "policy_eager": {S: "check_policy_service inet:127.0.0.1:19999", **EAGER},
    "mixture": {
        C: "permit_mynetworks, warn_if_reject reject_unknown_client, "
           "reject_rbl_client bl.example",
        "smtpd_helo_required": "yes",
        H: "permit_mynetworks, reject_invalid_helo_hostname, "
           "reject_non_fqdn_helo_hostname, "
           "warn_if_reject reject_unknown_helo_hostname",
        S: "permit_mynetworks, reject_non_fqdn_sender, "
           "reject_unknown_sender_domain",
        R: "reject_non_fqdn_recipient, warn_if_reject "
           "reject_unknown_recipient_domain, permit_mynetworks, "
           "reject_unauth_destination, reject_unlisted_recipient",
        D: "reject_unauth_pipelining, reject_multi_recipient_bounce, permit"},
}

POLICY_ROWS = [Row(rcpts=(f"<{key}@vm.example>", "<user@vm.example>"))
               for key in POLICY]
LISTED = [Row(client=f"127.0.0.{n}") for n in (7, 8, 9)]

ETRNS = [
    Row(client=client, commands=(
        "EHLO h.example", "ETRN x.example", "ETRN @x.example",
        "ETRN #y.example", "ETRN z.example", "ETRN sub.parent.example"))
    for client in ("127.0.0.9", "127.0.0.10", "127.0.0.1")] + [
    Row(commands=("ETRN x.example", "HELO other.example", "ETRN w.example")),
    Row(commands=("EHLO h.example", "ETRN", "ETRN a b", "ETRN [127.0.0.1]",
                  "ETRN -bad-", "ETRN nodots")),
    Row(commands=("EHLO h.example", "MAIL FROM:<s@x.example>",
                  "ETRN x.example", "RSET", "ETRN x.example",
                  "MAIL FROM:<s@x.example>", "RCPT TO:<user@vm.example>")),
]

DIALOGUES = {
    "etrn": ETRNS,
    "etrn_client": ETRNS,
    "etrn_helo": ETRNS,
    "etrn_mynetworks": ETRNS,
    "etrn_early": ETRNS,
    "etrn_if_permit": ETRNS,
    "etrn_warn": ETRNS,
    "etrn_helo_required": ETRNS,
    "plain": USUAL + RCPTS + [
        Row(commands=("MAIL FROM:<s@x.example>", "RCPT TO:<user@vm.example>",
                      "DATA")),
        Row(commands=("HELO h.example", "VRFY user@vm.example",
                      "VRFY nobody@vm.example", "VRFY u@far.example")),
        Row(commands=("EHLO h.example", "RCPT TO:<user@vm.example>", "DATA",
                      "MAIL FROM:<a@x.example>", "MAIL FROM:<b@x.example>",
                      "RSET", "NOOP", "DATA", "ETRN x.example", "FOO")),
    ],
    "helo_required": HELOS,
    "helo_invalid": HELOS,
    "helo_fqdn": HELOS,
    "helo_unknown": HELOS,
    "helo_unknown_defer": HELOS,
    "hosts_helo_a": HELOS,
    "hosts_helo_mx": HELOS,
    "hosts_helo_ns": HELOS,
    "rhsbl_helo": HELOS,
    "sender_fqdn": SENDERS,
    "sender_unknown": SENDERS,
    "sender_unknown_code": SENDERS,
    "sender_unlisted": SENDERS,
    "classes": SENDERS,
    "access_codes": SENDERS,
    "access_sender_keys": SENDERS,
    "access_null": SENDERS[:3],
    "hosts_sender_a": SENDERS,
    "hosts_sender_mx": SENDERS,
    "hosts_sender_ns": SENDERS,
    "rhsbl_sender": SENDERS,
    "rcpt_fqdn": RCPTS,
    "rcpt_unknown": INSIDE,
    "rcpt_all": RCPTS,
    "rcpt_unlisted_ok": RCPTS,
    "rcpt_auth": RCPTS,
    "rcpt_mx": RCPTS,
    "rcpt_mx_nets": RCPTS,
    "hosts_rcpt_mx": INSIDE,
    "rhsbl_rcpt": RCPTS,
    "relay_defer": RCPTS,
    "client_unknown": CLIENTS,
    "client_unknown_code": CLIENTS,
    "client_reverse": CLIENTS,
    "access_client_keys": CLIENTS,
    "access_reverse": CLIENTS,
    "access_rcpt_keys": RCPTS,
    "access_helo_keys": HELOS,
    "hosts_client_a": CLIENTS,
    "hosts_reverse_a": CLIENTS,
    "rbl": LISTED,
    "rbl_filter": LISTED,
    "rbl_code": LISTED,
    "rbl_reply": LISTED,
    "rbl_err": LISTED,
    "rhsbl_client": CLIENTS,
    "rhsbl_reverse": CLIENTS,
    "dnswl": LISTED,
    "dnswl_relay": LISTED + [Row(client="127.0.0.9",
                                 rcpts=("<u@far.example>",))],
    "dnswl_err": LISTED,
    "rhswl": LISTED,
    "access_sender": SENDER_ACTIONS,
    "access_rcpt": RCPT_ACTIONS,
    "access_helo": HELO_ACTIONS,
    "policy": POLICY_ROWS,
    "policy_permit": POLICY_ROWS,
    "policy_default": POLICY_ROWS,
    "pipelining": [
        Row(is_data=True),
        Row(commands=("!EHLO h.example|MAIL FROM:<s@x.example>",
                      "RCPT TO:<user@vm.example>")),
        Row(commands=("!HELO h.example|MAIL FROM:<s@x.example>",
                      "RCPT TO:<user@vm.example>")),
        Row(commands=("EHLO h.example", "!MAIL FROM:<s@x.example>|"
                      "RCPT TO:<user@vm.example>|DATA")),
    ],
    "mixture": USUAL + CLIENTS + HELOS[:5] + SENDERS[:6] + RCPTS[:10],
}


def dialogues(name):
    """A configuration's."""
    return DIALOGUES.get(name, USUAL)


# What may differ: as Postfix says it, as Penstock does.
DIFFERENCES = {
    "mail for other hosts is not relayed": (
        r"250 2\.1\.5 Ok",
        r"451 4\.3\.5 <.*>: Recipient address rejected: mail for other hosts "
        r"is not relayed yet: there is no relay transport"),
    "a user whom no table knows": (
        r"250 2\.1\.5 Ok",
        r"550 5\.1\.1 <.*>: Recipient address rejected: User unknown in .*"),
}
