/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr.h: mail addresses: parsed from SMTP paths (RFC 5321 section 4.1.2) and
 * from table values, kept in one canonical text form. Any thread; no
 * allocation; every length is checked.
 *
 * Canonical: source route and brackets removed, one trailing dot of the domain
 * removed, the local part quoted only where it has to be, case as it came.
 */
#ifndef PENSTOCK_BASE_ADDR_H
#define PENSTOCK_BASE_ADDR_H

#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "engine/base/span.h"

#define ADDR_BYTES_MAX 512 /* RFC 5321 asks for 256; VERP senders need more */

struct addr {
	uint16_t len;
	uint16_t at;	 /* offset of the '@' of the domain; len when none */
	bool is_utf8;	 /* holds bytes over 127: needs SMTPUTF8 (RFC 6531) */
	bool is_literal; /* domain is an address literal: user@[192.0.2.1] */
	char text[ADDR_BYTES_MAX + 1]; /* NUL-terminated */
};

enum addr_result {
	ADDR_OK,       /* len 0: the null path <> */
	ADDR_BAD,      /* not an address */
	ADDR_TOO_LONG, /* over ADDR_BYTES_MAX */
};

/*
 * Reads a path at the start of *in: "<user@dom>", "<@a,@b:user@dom>", "<>",
 * "<postmaster>", or (as Postfix takes it) the same without the brackets. On
 * ADDR_OK *in stands after the path. *why says what was wrong otherwise.
 */
MUST_USE enum addr_result addr_parse_path(struct span *in, struct addr *out,
					  const char **why);

/* The whole of text is one address without brackets, as in a table's value. */
MUST_USE enum addr_result addr_parse(struct span text, struct addr *out,
				     const char **why);

/*
 * Puts an address together from a local part without quoting and a domain
 * (empty: none). A trailing dot of the domain is dropped.
 */
MUST_USE enum addr_result addr_make(struct span local, struct span domain,
				    struct addr *out, const char **why);

/*
 * The local part without its quoting: what a person would call the mailbox.
 * Gives the bytes written, at most ADDR_BYTES_MAX; no NUL.
 */
size_t addr_unquote(const struct addr *a, char out[ADDR_BYTES_MAX]);

/*
 * A host name as Postfix takes it: labels of letters, digits, '-', '_' and
 * UTF-8, at most 63 bytes each and 255 in all, no empty label, no '-' at an
 * end of a label, not numeric throughout. *why says what was wrong otherwise.
 */
bool addr_is_hostname(struct span name, const char **why);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3). */
bool addr_is_literal(struct span text, struct ip *ip_out);

static inline struct span
addr_span(const struct addr *a)
{
	return (struct span) { a->text, a->len };
}

static inline struct span
addr_local(const struct addr *a)
{
	return (struct span) { a->text, a->at };
}

/* Empty when there is none. */
static inline struct span
addr_domain(const struct addr *a)
{
	return a->at < a->len ? (struct span) { a->text + a->at + 1,
						(size_t)(a->len - a->at - 1) }
			      : (struct span) { a->text + a->len, 0 };
}

#endif
