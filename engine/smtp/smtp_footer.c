/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtpd_reject_footer: text behind every 4xx and 5xx reply. "\n" in it begins a
 * line, "\c" at its start goes on with the reply's own; $name is expanded. Each
 * line gets the reply's codes (RFC 2034 section 4).
 */
#include "engine/smtp/smtp_int.h"
#include "engine/base/clock.h"

#include <stdio.h>
#include <time.h>

/* Code, blank, enhanced code, blank: what begins each line. */
#define PREFIX_MAX (4u + 9u + 1u)

static_assert(SMTP_REPLY_BYTES_MAX <= SMTP_OUT_ROOM_MIN, "one reply fits");

struct line {
	char p[SMTP_LINE_BYTES_MAX];
	size_t len;
};

/* Cut where the line is full, harmless in a line. */
static void
add(struct line *l, struct span text)
{
	for (size_t i = 0; i < text.len && l->len < sizeof(l->p) - 2; i++) {
		char c = text.p[i];

		l->p[l->len++] = c == '\r' || c == '\n' || c == '\0' ? '?' : c;
	}
}

static void
add_time(struct line *l)
{
	char text[32];
	time_t now = (time_t)(clock_wall_us() / US_PER_SEC);
	struct tm tm;

	localtime_r(&now, &tm);
	add(l, (struct span) { text, strftime(text, sizeof(text),
					      "%b %d %H:%M:%S", &tm) });
}

/* Unknown names are empty, as in Postfix. */
static void
add_value(const struct smtp *s, struct line *l, struct span name)
{
	char ip[IP_TEXT_MAX], port[8];

	ip_print(&s->client_ip, ip);
	snprintf(port, sizeof(port), "%u", s->client_port);
	if (span_is_equal(name, SPAN("client_address")))
		add(l, span_of(ip));
	else if (span_is_equal(name, SPAN("client_name")))
		add(l, span_of(smtp_client_name(s)));
	else if (span_is_equal(name, SPAN("client_port")))
		add(l, span_of(port));
	else if (span_is_equal(name, SPAN("helo_name")))
		add(l, span_of(s->helo));
	else if (span_is_equal(name, SPAN("server_name")))
		add(l, span_of(s->cfg->myhostname));
	else if (span_is_equal(name, SPAN("localtime")))
		add_time(l);
}

static bool
is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '_';
}

/* The name behind a "$", "{}" around it removed; *in moves past it. */
static struct span
cut_name(struct span *in)
{
	bool has_brace = in->len && in->p[0] == '{';
	size_t n = 0;
	struct span name;

	if (has_brace)
		*in = span_from(*in, 1);
	while (n < in->len &&
	       (has_brace ? in->p[n] != '}' : is_name_byte(in->p[n])))
		n++;
	name = span_to(*in, n);
	*in = span_from(*in, n + (has_brace && n < in->len));
	return name;
}

static void
add_expanded(const struct smtp *s, struct line *l, struct span text)
{
	while (text.len) {
		size_t n = span_find(text, '$');

		add(l, span_to(text, n));
		text = span_from(text, n);
		if (text.len == 0)
			return;
		text = span_from(text, 1);
		if (text.len && text.p[0] == '$') {
			add(l, SPAN("$"));
			text = span_from(text, 1);
		} else {
			add_value(s, l, cut_name(&text));
		}
	}
}

/* Up to the next "\n", which *in moves past. */
static struct span
cut_part(struct span *in, bool *is_last)
{
	struct span part;

	for (size_t i = 0; i + 1 < in->len; i++)
		if (in->p[i] == '\\' && in->p[i + 1] == 'n') {
			part = span_to(*in, i);
			*in = span_from(*in, i + 2);
			return part;
		}
	part = *in;
	*in = span_from(*in, in->len);
	*is_last = true;
	return part;
}

static size_t
digits(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

/* "5.7.1 ": how long it is at the start of text; 0: there is none. */
static size_t
enhanced_len(struct span text)
{
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		size_t n = digits(span_from(text, at));

		if (n == 0 || n > 3)
			return 0;
		at += n;
		if (at == text.len || text.p[at] != (i < 2 ? '.' : ' '))
			return 0;
		at++;
	}
	return at;
}

/* Behind the reply that begins at `at` and ends the buffer. */
void
smtp_footer_put(const struct smtp *s, struct smtp_out *out, uint32_t at)
{
	struct span footer = span_of(s->cfg->reject_footer);
	struct span reply = { out->p + at, out->len - 2 - at };
	size_t dsn = enhanced_len(span_from(reply, 4));
	char prefix[PREFIX_MAX];
	bool is_last = false;
	struct line l = { .len = 0 };

	must(4 + dsn < sizeof(prefix));
	memcpy(prefix, reply.p, 4 + dsn);
	if (footer.len >= 2 && memcmp(footer.p, "\\c", 2) == 0) {
		footer = span_from(footer, 2);
		add(&l, reply);
		out->len = at;
	} else {
		add(&l, (struct span) { prefix, 4 + dsn });
		out->p[at + 3] = '-';
	}
	for (unsigned n = 1; !is_last && n < SMTP_REPLY_LINES_MAX; n++) {
		add_expanded(s, &l, cut_part(&footer, &is_last));
		l.p[l.len++] = '\r';
		l.p[l.len++] = '\n';
		if (!is_last && n + 1 < SMTP_REPLY_LINES_MAX)
			l.p[3] = '-';
		smtp_out_put(out, l.p, l.len);
		l.len = 0;
		add(&l, (struct span) { prefix, 4 + dsn });
	}
}
