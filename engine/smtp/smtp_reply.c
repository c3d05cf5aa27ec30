/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies: one table, one way into the buffer, one place that counts errors. */
#include "engine/base/print.h"
#include "engine/smtp/smtp_int.h"

static const struct {
	uint16_t code;
	const char *line;  /* "250 2.1.0 Ok", one %s at most */
	struct span whole; /* as it goes out, with nothing to fill in */
} replies[] = {
/* clang-format off */
#define WHOLE(has_dsn, full, plain) \
	{ has_dsn ? full : plain, \
	  has_dsn ? sizeof(full) - 1 : sizeof(plain) - 1 }
#define REPLY(sym, code, dsn, text) \
	[REPLY_##sym] = { code, dsn "\0" text, \
			  WHOLE(sizeof(dsn) > 1, \
				#code " " dsn " " text "\r\n", \
				#code " " text "\r\n") },
/* clang-format on */
#include "engine/smtp/replies.def"
#undef REPLY
#undef WHOLE
};
static_assert(ARRAY_N(replies) == REPLY_N, "a row per reply");

void
smtp_out_put(struct smtp_out *out, const char *p, size_t len)
{
	must(len <= out->cap - out->len);
	memcpy(out->p + out->len, p, len);
	out->len += (uint32_t)len;
}

void
smtp_error_count(struct smtp *s)
{
	if (s->errors_n < UINT16_MAX)
		s->errors_n++;
}

/*
 * A client that knows no limit sends the rest later (RFC 5321 section
 * 4.5.3.1.10): it must not be hung up on for what it asks beyond it.
 */
static bool
is_forgiven(struct smtp *s, enum smtp_reply reply)
{
	return reply == REPLY_TOO_MANY_RCPT &&
	       s->txn->rcpt_over_n++ < s->cfg->rcpt_overshoot_max;
}

static void
put_footer(const struct smtp *s, struct smtp_out *out, unsigned code,
	   uint32_t len)
{
	if (code >= 400 && s->cfg->reject_footer != NULL &&
	    *s->cfg->reject_footer != '\0')
		smtp_footer_put(s, out, out->len - len);
}

/* soft_bounce: both codes of the reply that begins at out->p + at. */
static void
soften(const struct smtp *s, struct smtp_out *out, uint32_t at)
{
	char *p = out->p + at;

	if (!s->cfg->is_soft_bounce || p[0] != '5')
		return;
	p[0] = '4';
	if (out->len - at > 5 && p[4] == '5' && p[5] == '.')
		p[4] = '4';
}

/* A reply of ours is one line whatever it quotes. */
static void
put_line(const struct smtp *s, struct smtp_out *out, unsigned code,
	 const char *dsn, const char *text, const char *arg)
{
	char line[SMTP_LINE_BYTES_MAX];
	struct print pr = { line, 0, sizeof(line) - 2 };
	const char *hole = arg ? strstr(text, "%s") : NULL;

	print_u64(&pr, code, 3);
	print_span(&pr, SPAN(" "));
	print_text(&pr, dsn);
	print_span(&pr, *dsn ? SPAN(" ") : SPAN(""));
	print_some(&pr, text, hole ? (size_t)(hole - text) : strlen(text));
	if (hole) {
		print_text(&pr, arg);
		print_text(&pr, hole + 2);
	}
	/* Rows of the table are clean: what they quote may not be. */
	for (size_t i = hole || !*dsn ? 0 : pr.len; i < pr.len; i++)
		if (line[i] == '\r' || line[i] == '\n')
			line[i] = '?';
	pr.cap += 2;
	print_span(&pr, SPAN("\r\n"));
	smtp_out_put(out, line, pr.len);
	soften(s, out, out->len - (uint32_t)pr.len);
	put_footer(s, out, code, (uint32_t)pr.len);
}

void
smtp_reply(struct smtp *s, struct smtp_out *out, enum smtp_reply reply,
	   const char *arg)
{
	const char *dsn = replies[reply].line;
	struct span whole = replies[reply].whole;

	if (replies[reply].code >= 400 && !is_forgiven(s, reply))
		smtp_error_count(s);
	if (arg == NULL) {
		smtp_out_put(out, whole.p, whole.len);
		soften(s, out, out->len - (uint32_t)whole.len);
		put_footer(s, out, replies[reply].code, (uint32_t)whole.len);
		return;
	}
	put_line(s, out, replies[reply].code, dsn, dsn + strlen(dsn) + 1, arg);
}

void
smtp_reply_text(struct smtp *s, struct smtp_out *out, unsigned code,
		const char *text)
{
	if (code >= 400)
		smtp_error_count(s);
	put_line(s, out, code, "", text, NULL);
}
