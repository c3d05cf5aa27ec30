/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server's answer (RFC 1035 section 4): nothing in it is trusted. Names are
 * folded to lower case; a record whose name is no host's is left out, and said.
 * The way along CNAMEs is looked for in any order, and has an end.
 */
#include "engine/policy/dns_int.h"

#include <stdio.h>

#define HEAD_BYTES 12
#define JUMPS_MAX  64
#define CODE_CNAME 5
#define CODE_SOA   6
#define TTL_SIGN   0x80000000u

struct reader {
	const uint8_t *p;
	size_t len, at;
};

struct row {
	char owner[DNS_NAME_MAX + 1];
	unsigned code, class;
	uint32_t ttl_s;
	size_t data_at, data_len;
};

unsigned
dns_parse_code(enum dns_type type)
{
	static const uint8_t codes[DNS_TYPE_N] = {
		[DNS_A] = 1,	  [DNS_AAAA] = 28,	[DNS_PTR] = 12,
		[DNS_MX] = 15,	  [DNS_NS] = 2,		[DNS_TXT] = 16,
		[DNS_HOST_A] = 1, [DNS_HOST_AAAA] = 28, [DNS_HOST_PTR] = 12,
	};

	return codes[type];
}

/* --- what messages are made of --- */

static bool
get_u16(struct reader *r, unsigned *out)
{
	if (r->len - r->at < 2)
		return false;
	*out = (unsigned)r->p[r->at] << 8 | r->p[r->at + 1];
	r->at += 2;
	return true;
}

static bool
get_u32(struct reader *r, uint32_t *out)
{
	unsigned hi, lo;

	if (!get_u16(r, &hi) || !get_u16(r, &lo))
		return false;
	*out = (uint32_t)hi << 16 | lo;
	return true;
}

enum name { NAME_OK, NAME_ODD, NAME_CUT };

/*
 * A name in text. ODD: it is well-formed, but cannot be written so; then out
 * is "".
 */
static enum name
get_name(struct reader *r, char out[DNS_NAME_MAX + 1])
{
	size_t at = r->at, n = 0, end = 0;
	bool is_odd = false;
	int jumps = 0;

	for (;;) {
		unsigned len;

		if (at >= r->len)
			return NAME_CUT;
		len = r->p[at++];
		if (len >= 0xc0) {
			if (at >= r->len || ++jumps > JUMPS_MAX)
				return NAME_CUT;
			if (end == 0)
				end = at + 1;
			at = (len & 0x3f) << 8 | r->p[at];
			continue;
		}
		if (len > 63 || r->len - at < len)
			return NAME_CUT;
		if (len == 0)
			break;
		if (n + len + 1 > DNS_NAME_MAX)
			return NAME_CUT;
		for (unsigned i = 0; i < len; i++) {
			char c = (char)r->p[at++];

			if (c <= ' ' || c > '~' || c == '.' || c == '\\')
				is_odd = true;
			out[n++] = ascii_lower(c);
		}
		out[n++] = '.';
	}
	r->at = end ? end : at;
	if (is_odd)
		n = 0;
	out[n ? n - 1 : 0] = '\0';
	return is_odd ? NAME_ODD : NAME_OK;
}

static bool
get_row(struct reader *r, struct row *out)
{
	unsigned len;

	if (get_name(r, out->owner) == NAME_CUT || !get_u16(r, &out->code) ||
	    !get_u16(r, &out->class) || !get_u32(r, &out->ttl_s) ||
	    !get_u16(r, &len) || r->len - r->at < len)
		return false;
	if (out->ttl_s & TTL_SIGN)
		out->ttl_s = 0; /* RFC 2181 section 8 */
	if (out->ttl_s > DNS_TTL_MAX_S)
		out->ttl_s = DNS_TTL_MAX_S;
	out->data_at = r->at;
	out->data_len = len;
	r->at += len;
	return true;
}

/* --- one record of what was asked for --- */

enum taken { TAKEN, TAKEN_NOT, TAKEN_NULL_MX, TAKEN_MALFORMED };

static char *
text_room(struct dns_parse *out, size_t len)
{
	return sizeof(out->text) - out->text_len < len + 1
		       ? NULL
		       : out->text + out->text_len;
}

static void
keep_text(struct dns_parse *out, struct dns_record *rec, size_t len)
{
	rec->name = out->text + out->text_len;
	rec->name_len = (uint16_t)len;
	out->text_len += len + 1;
}

static enum taken
take_host(struct dns_parse *out, struct dns_record *rec, struct reader *r,
	  size_t end, bool is_mx)
{
	char name[DNS_NAME_MAX + 1];
	enum name got = get_name(r, name);
	size_t len = strlen(name);
	char *to;

	if (got == NAME_CUT || r->at != end)
		return TAKEN_MALFORMED;
	if (got == NAME_OK && len == 0 && is_mx)
		return TAKEN_NULL_MX;
	if (!dns_is_hostname((struct span) { name, len }))
		return TAKEN_NOT;
	to = text_room(out, len);
	if (to == NULL)
		return TAKEN_NOT;
	memcpy(to, name, len + 1);
	keep_text(out, rec, len);
	return TAKEN;
}

/* All of its strings as one, what is not printable as '?'. */
static enum taken
take_txt(struct dns_parse *out, struct dns_record *rec, const uint8_t *data,
	 size_t data_len)
{
	size_t cap = data_len < DNS_TEXT_MAX ? data_len : DNS_TEXT_MAX;
	char *to = text_room(out, cap);
	size_t n = 0;

	if (to == NULL)
		return TAKEN_NOT;
	for (size_t at = 0; at < data_len;) {
		size_t len = data[at++];

		if (data_len - at < len)
			return TAKEN_MALFORMED;
		for (; len > 0; len--) {
			uint8_t c = data[at++];

			if (n < cap)
				to[n++] = c < ' ' || c > '~' ? '?' : (char)c;
		}
	}
	to[n] = '\0';
	keep_text(out, rec, n);
	return TAKEN;
}

static enum taken
take(struct dns_parse *out, const struct reader *msg, const struct row *row)
{
	struct dns_record *rec = &out->records[out->answer.records_n];
	size_t end = row->data_at + row->data_len;
	struct reader r = { msg->p, end, row->data_at };
	const uint8_t *data = msg->p + row->data_at;
	unsigned pref;

	*rec = (struct dns_record) { 0 };
	switch (row->code) {
	case 1:
		if (row->data_len != 4)
			return TAKEN_MALFORMED;
		rec->ip.b[10] = rec->ip.b[11] = 0xff;
		memcpy(rec->ip.b + 12, data, 4);
		return TAKEN;
	case 28:
		if (row->data_len != 16)
			return TAKEN_MALFORMED;
		memcpy(rec->ip.b, data, 16);
		return TAKEN;
	case 15:
		if (!get_u16(&r, &pref))
			return TAKEN_MALFORMED;
		rec->pref = (uint16_t)pref;
		return take_host(out, rec, &r, end, true);
	case 16:
		return take_txt(out, rec, data, row->data_len);
	default:
		return take_host(out, rec, &r, end, false);
	}
}

/* --- a section --- */

struct walk {
	struct dns_parse *out;
	struct reader msg;
	size_t rows_at; /* the answer section */
	unsigned rows_n;
	unsigned code; /* asked for */
	uint32_t ttl_s;
	bool is_cname;	 /* canonical is another name than was asked for */
	bool has_looped; /* or has no end */
	bool is_bad, is_null_mx;
};

static void
lower_ttl(struct walk *w, uint32_t ttl_s)
{
	if (ttl_s < w->ttl_s)
		w->ttl_s = ttl_s;
}

/*
 * One step from canonical along its CNAME. false: there is none, or the message
 * is broken, as the next walk will see.
 */
static bool
follow(struct walk *w)
{
	struct reader r = w->msg;
	struct row row;

	r.at = w->rows_at;
	for (unsigned i = 0; i < w->rows_n && get_row(&r, &row); i++) {
		struct reader to = { r.p, row.data_at + row.data_len,
				     row.data_at };
		char name[DNS_NAME_MAX + 1];

		if (row.code != CODE_CNAME || row.class != DNS_CLASS_IN ||
		    strcmp(row.owner, w->out->canonical) != 0 ||
		    get_name(&to, name) != NAME_OK || *name == '\0')
			continue;
		lower_ttl(w, row.ttl_s);
		w->is_cname = true;
		memcpy(w->out->canonical, name, sizeof(name));
		return true;
	}
	return false;
}

/* The records at canonical. false: the message is broken. */
static bool
collect(struct walk *w)
{
	struct dns_answer *a = &w->out->answer;
	struct row row;

	w->msg.at = w->rows_at;
	for (unsigned i = 0; i < w->rows_n; i++) {
		if (!get_row(&w->msg, &row))
			return false;
		if (row.code != w->code || row.class != DNS_CLASS_IN ||
		    strcmp(row.owner, w->out->canonical) != 0 ||
		    a->records_n == DNS_RECORDS_MAX)
			continue;
		switch (take(w->out, &w->msg, &row)) {
		case TAKEN_MALFORMED:
			return false;
		case TAKEN_NULL_MX:
			w->is_null_mx = true;
			break;
		case TAKEN_NOT:
			w->is_bad = true;
			break;
		case TAKEN:
			a->records_n++;
			break;
		}
		lower_ttl(w, row.ttl_s);
	}
	return true;
}

/*
 * RFC 2308 section 5: how long a no holds. false: nobody with authority says
 * it.
 */
static bool
read_soa(struct walk *w, unsigned rows_n)
{
	struct row row;

	for (unsigned i = 0; i < rows_n && get_row(&w->msg, &row); i++) {
		struct reader r = { w->msg.p, row.data_at + row.data_len,
				    row.data_at };
		char name[DNS_NAME_MAX + 1];
		uint32_t minimum = 0;

		if (row.code != CODE_SOA || row.class != DNS_CLASS_IN ||
		    get_name(&r, name) == NAME_CUT ||
		    get_name(&r, name) == NAME_CUT || r.len - r.at != 20)
			continue;
		r.at += 16;
		(void)get_u32(&r, &minimum);
		lower_ttl(w, minimum & TTL_SIGN ? 0 : minimum);
		lower_ttl(w, row.ttl_s);
		lower_ttl(w, DNS_TTL_NEGATIVE_S);
		return true;
	}
	return false;
}

/* What it comes to when no records are there. */
static void
decide_empty(struct walk *w, unsigned rcode, unsigned authority_n)
{
	struct dns_answer *a = &w->out->answer;
	bool has_soa = read_soa(w, authority_n);

	if (rcode == 0 && w->is_cname && !w->has_looped && !has_soa) {
		w->out->is_cut = true;
		return;
	}
	if (!has_soa)
		lower_ttl(w, DNS_TTL_BRIEF_S);
	a->status = rcode == 3 ? DNS_NXDOMAIN : DNS_NODATA;
}

/* The question that it says it answers; to canonical. */
static bool
read_question(struct walk *w, struct span name)
{
	unsigned code, class;
	struct span got;

	if (get_name(&w->msg, w->out->canonical) != NAME_OK ||
	    !get_u16(&w->msg, &code) || !get_u16(&w->msg, &class))
		return false;
	got = span_of(w->out->canonical);
	return code == w->code && class == DNS_CLASS_IN &&
	       span_is_equal_nocase(got, name);
}

static bool
read_answer(struct walk *w, struct span name)
{
	unsigned id, flags, questions_n, answers_n, authority_n, more_n;
	struct dns_answer *a = &w->out->answer;
	unsigned rcode;
	int hops = 0;

	if (!get_u16(&w->msg, &id) || !get_u16(&w->msg, &flags) ||
	    !get_u16(&w->msg, &questions_n) || !get_u16(&w->msg, &answers_n) ||
	    !get_u16(&w->msg, &authority_n) || !get_u16(&w->msg, &more_n))
		return false;
	rcode = flags & 15;
	if (!(flags & 0x8000) || (flags & 0x7800) != 0 || questions_n != 1 ||
	    (rcode != 0 && rcode != 3) || !read_question(w, name))
		return false;
	w->rows_at = w->msg.at;
	w->rows_n = answers_n < DNS_ROWS_MAX ? answers_n : DNS_ROWS_MAX;
	while (hops < DNS_CNAMES_MAX && follow(w))
		hops++;
	w->has_looped = hops == DNS_CNAMES_MAX && follow(w);
	if (!collect(w))
		return false;
	if (a->records_n > 0 && rcode == 0)
		a->status = DNS_OK;
	else if (w->is_null_mx)
		a->status = DNS_NULL_MX;
	else if (w->is_bad)
		a->status = DNS_BAD;
	else
		decide_empty(w, rcode,
			     answers_n == w->rows_n ? authority_n : 0);
	return true;
}

bool
dns_parse(struct dns_parse *out, struct span msg, struct span name,
	  enum dns_type type)
{
	struct walk w = {
		.out = out,
		.msg = { (const uint8_t *)msg.p, msg.len, 0 },
		.code = dns_parse_code(type),
		.ttl_s = DNS_TTL_MAX_S,
	};

	out->answer = (struct dns_answer) { .canonical = "",
					    .records = out->records };
	out->is_cut = false;
	out->text_len = 0;
	out->canonical[0] = '\0';
	if (!read_answer(&w, name))
		return false;
	if (out->answer.status != DNS_OK)
		out->answer.records_n = 0;
	if (w.is_cname && !w.has_looped)
		out->answer.canonical = out->canonical;
	out->answer.ttl_s = w.ttl_s;
	return true;
}
