/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030): from the go-ahead to the
 * last reply of a message. The bytes themselves are smtp_body.c's.
 */
#include "engine/smtp/smtp_int.h"
#include "engine/base/clock.h"
#include "engine/base/print.h"

#include <stdio.h>

#define TLS_BYTES_MAX 700u
#define RECEIVED_BYTES_MAX \
	(1280u + TLS_BYTES_MAX + SMTP_AUTH_USER_MAX + 64u + ADDR_BYTES_MAX)

static_assert(CHUNK_SMALL_BYTES > RECEIVED_BYTES_MAX + SMTP_HEADERS_MAX,
	      "room for Received and what goes before it");

/* The comments that smtpd_tls_received_header asks for. */
static void
put_tls(const struct smtp *s, struct print *pr)
{
	const struct smtp_tls *tls = s->tls;
	struct print part = { pr->p + pr->len, 0, TLS_BYTES_MAX };

	must(pr->cap - pr->len >= TLS_BYTES_MAX);
	print_span(&part, SPAN("\t(using "));
	print_some(&part, tls->summary, 150);
	if (*tls->detail != '\0') {
		print_span(&part, SPAN("\n\t "));
		print_some(&part, tls->detail, 200);
	}
	print_span(&part, SPAN(")\n\t("));
	print_some(&part, tls->peer, 320);
	print_span(&part, SPAN(")\n"));
	must(part.len < part.cap);
	pr->len += part.len;
}

/* The comment that smtpd_sasl_authenticated_header asks for. */
static void
put_login(const char *user, struct print *pr)
{
	print_span(pr, SPAN("\t(Authenticated sender: "));
	for (; *user != '\0'; user++)
		print_span(pr, strchr("()\\", *user)
				       ? SPAN("?")
				       : (struct span) { user, 1 });
	print_span(pr, SPAN(")\n"));
}

/* RFC 5321 section 4.4, in Postfix's form: "for" only with one recipient. */
static void
put_received(struct smtp *s)
{
	struct smtp_txn *t = s->txn;
	char text[RECEIVED_BYTES_MAX], date[CLOCK_DATE_MAX], ip[IP_TEXT_MAX];
	const char *name = smtp_client_name(s);
	struct print pr = PRINT_INTO(text);

	clock_date(t->wall_us, date);
	ip_print(&s->client_ip, ip);
	print_span(&pr, SPAN("Received: from "));
	print_text(&pr, s->helo[0] ? s->helo : name);
	print_span(&pr, SPAN(" ("));
	print_text(&pr, name);
	print_span(&pr, ip_is_v4(&s->client_ip) ? SPAN(" [") : SPAN(" [IPv6:"));
	print_text(&pr, ip);
	print_span(&pr, SPAN("])\n"));
	if (s->tls != NULL && s->cfg->is_tls_received)
		put_tls(s, &pr);
	if (smtp_login(s) != NULL && s->cfg->is_auth_received)
		put_login(smtp_login(s)->user, &pr);
	print_span(&pr, SPAN("\tby "));
	print_some(&pr, s->cfg->myhostname, 255);
	print_span(&pr, SPAN(" ("));
	print_some(&pr, s->cfg->mail_name, 100);
	print_span(&pr, SPAN(") with "));
	print_text(&pr, t->is_smtputf8 ? "UTF8SMTP" : smtp_proto_name(s));
	if (s->tls != NULL && s->proto == SMTP_PROTO_ESMTP)
		print_span(&pr, SPAN("S")); /* RFC 3848 */
	if (smtp_login(s) != NULL && s->proto == SMTP_PROTO_ESMTP)
		print_span(&pr, SPAN("A"));
	print_span(&pr, SPAN(" id "));
	print_hex(&pr, t->id);
	if (t->rcpt_ok_n == 1) {
		print_span(&pr, SPAN("\n\tfor <"));
		print_text(&pr, t->rcpt_first);
		print_span(&pr, SPAN(">; "));
	} else {
		print_span(&pr, SPAN(";\n\t"));
	}
	print_text(&pr, date);
	must(pr.len < pr.cap);
	print_span(&pr, SPAN("\n"));
	smtp_body_put(&t->body, print_done(&pr));
}

/* The first chunk, with the Received header in it. */
static bool
body_open(struct smtp *s)
{
	struct smtp_txn *t = s->txn;
	struct chunk *c = chunk_get(s->shared->chunks, CHUNK_SMALL);

	if (c == NULL)
		return false;
	smtp_body_init(&t->body, s->cfg->message_bytes_max,
		       s->cfg->drop_headers);
	t->body.is_lf_dot_end = s->bare_newline == SMTP_BARE_NEWLINE_NO;
	t->body.is_binary = t->body_type == ENVELOPE_BODY_BINARY;
	smtp_body_chunk_add(&t->body, c);
	smtp_body_put(&t->body, (struct span) { t->headers, t->headers_len });
	put_received(s);
	return true;
}

/* The transaction is over with this reply. */
static enum smtp_want
fail(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	smtp_reply(s, out, reply, s->cfg->myhostname);
	smtp_txn_end(s);
	smtp_set_command_state(s);
	return SMTP_WANT_BYTES;
}

static enum smtp_reply
body_refusal(const struct smtp *s)
{
	const struct smtp_body *b = &s->txn->body;

	if (b->is_too_big)
		return REPLY_TOO_BIG;
	if (b->has_bare_lf && s->bare_newline == SMTP_BARE_NEWLINE_REJECT)
		return REPLY_BARE_LF;
	/* Ours is counted too, as Postfix does. */
	if (b->received_n + 1 >= s->cfg->hops_max)
		return REPLY_TOO_MANY_HOPS;
	return REPLY_OK;
}

/* Gives the body its next chunk: small ones only for small messages. */
static enum smtp_want
grow(struct smtp *s)
{
	struct smtp_body *b = &s->txn->body;
	struct chunk *c;

	if (smtp_body_held_bytes(b) >= s->shared->stream_bytes)
		return SMTP_WANT_STREAM;
	c = chunk_get(s->shared->chunks, CHUNK_LARGE);
	if (c == NULL) /* what we hold ourselves may be what is missing */
		return smtp_body_held_bytes(b) ? SMTP_WANT_STREAM
					       : SMTP_WANT_MEMORY;
	smtp_body_chunk_add(b, c);
	return SMTP_WANT_BYTES;
}

/* Feeds the body until *in is used up, it ends, or there is something to do. */
static enum smtp_want
feed(struct smtp *s, struct span *in, bool *is_end)
{
	struct smtp_body *b = &s->txn->body;
	enum smtp_want want = SMTP_WANT_BYTES;
	enum body_result result;

	do {
		result = s->txn->has_bdat ? smtp_body_feed_chunk(b, in)
					  : smtp_body_feed(b, in);
		if (result == BODY_CHUNK)
			want = grow(s);
	} while (result == BODY_CHUNK && want == SMTP_WANT_BYTES);
	*is_end = result == BODY_END;
	return want;
}

/* --- DATA --- */

enum smtp_want
smtp_data(struct smtp *s, struct span args, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply reply = REPLY_OK;

	if (t->has_bdat) {
		smtp_reply(s, out, REPLY_AFTER_BDAT, "DATA");
		return SMTP_WANT_BYTES;
	}
	if (args.len)
		reply = REPLY_SYNTAX_DATA;
	else if (t->rcpt_ok_n == 0)
		reply = t->rcpt_asked_n ? REPLY_NO_VALID_RCPT : REPLY_NEED_RCPT;
	else if (t->body_type == ENVELOPE_BODY_BINARY)
		reply = REPLY_NEED_CHUNKING;
	if (reply != REPLY_OK) {
		smtp_reply(s, out, reply, NULL);
		return SMTP_WANT_BYTES;
	}
	return smtp_ask(s, SMTP_CHECK_DATA);
}

/* Policy lets the body come: for DATA, or for the first chunk of BDAT. */
void
smtp_data_accepted(struct smtp *s, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;

	if (!body_open(s)) {
		smtp_reply(s, out, REPLY_NO_STORAGE, NULL);
		smtp_data_refused(s);
		return;
	}
	if (t->has_bdat) {
		smtp_set_state(s, ST_CHUNK);
		return;
	}
	smtp_reply(s, out, REPLY_DATA_GO, NULL);
	smtp_set_state(s, ST_DATA);
}

void
smtp_data_refused(struct smtp *s)
{
	struct smtp_txn *t = s->txn;

	if (!t->has_bdat) {
		/* As Postfix: the recipients stay, DATA may be tried again. */
		return;
	}
	t->has_failed = true;
	smtp_set_state(s, ST_SWALLOW);
}

enum smtp_want
smtp_data_step(struct smtp *s, struct span *in, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply refusal;
	enum smtp_want want;
	bool is_end;

	if (t->is_ended) {
		s->is_waiting = true;
		return SMTP_WANT_COMMIT;
	}
	want = feed(s, in, &is_end);
	if (!is_end)
		return want;
	s->where = SMTP_WHERE_MESSAGE;
	s->is_pipelined = in->len > 0;
	refusal = body_refusal(s);
	if (refusal != REPLY_OK)
		return fail(s, out, refusal);
	t->is_ended = true;
	return smtp_ask(s, SMTP_CHECK_EOD);
}

/* --- BDAT --- */

static bool
bdat_parse(struct smtp *s, struct span args)
{
	struct span count = span_word(&args, " \t");
	struct span last = span_trim(args);

	s->is_bdat_last = last.len != 0;
	return span_to_u64(count, &s->chunk_bytes) &&
	       s->chunk_bytes <= (uint64_t)INT64_MAX &&
	       (last.len == 0 || span_is_equal_nocase(last, SPAN("LAST")));
}

static enum smtp_reply
bdat_refusal(struct smtp *s)
{
	struct smtp_txn *t = s->txn;
	uint64_t max = s->cfg->message_bytes_max, total;

	if (t != NULL && t->has_failed)
		return REPLY_BDAT_DISCARDED;
	if (t == NULL || t->rcpt_ok_n == 0)
		return t && t->rcpt_asked_n ? REPLY_NO_VALID_RCPT
					    : REPLY_NEED_RCPT;
	if (max && (__builtin_add_overflow(smtp_body_size(&t->body),
					   s->chunk_bytes, &total) ||
		    total > max))
		return REPLY_CHUNK_TOO_BIG;
	return REPLY_OK;
}

/* Answered already: the octets are still to be skipped, exactly. */
static enum smtp_want
bdat_skip(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	char count[24];

	snprintf(count, sizeof(count), "%llu",
		 (unsigned long long)s->chunk_bytes);
	smtp_reply(s, out, reply, count);
	if (s->txn != NULL) {
		s->txn->has_bdat = s->txn->has_failed = true;
		smtp_body_fini(&s->txn->body);
	}
	smtp_set_state(s, ST_SWALLOW);
	return SMTP_WANT_BYTES;
}

/* Where the chunk ends is unknown: nothing behind it is safe to read. */
static enum smtp_want
bdat_hang_up(struct smtp *s, struct smtp_out *out, enum smtp_reply reply)
{
	smtp_reply(s, out, reply, NULL);
	smtp_set_state(s, ST_CLOSED);
	return SMTP_WANT_CLOSE;
}

enum smtp_want
smtp_bdat(struct smtp *s, struct span args, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply reply;

	if (smtp_is_discarded(s, "CHUNKING"))
		return bdat_hang_up(s, out, REPLY_NO_COMMAND);
	if (!bdat_parse(s, args))
		return bdat_hang_up(s, out, REPLY_SYNTAX_BDAT);
	s->chunk_left_bytes = s->chunk_bytes;
	reply = bdat_refusal(s);
	if (reply != REPLY_OK)
		return bdat_skip(s, out, reply);
	if (!t->has_bdat) {
		t->has_bdat = true;
		return smtp_ask(s, SMTP_CHECK_DATA);
	}
	smtp_set_state(s, ST_CHUNK);
	return SMTP_WANT_BYTES;
}

static enum smtp_want
chunk_received(struct smtp *s, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;
	enum smtp_reply refusal;
	char count[24];

	if (!s->is_bdat_last) {
		snprintf(count, sizeof(count), "%llu",
			 (unsigned long long)s->chunk_bytes);
		s->verb_ok_n[SMTP_VERB_BDAT]++;
		smtp_reply(s, out, REPLY_OK_BDAT, count);
		smtp_set_command_state(s);
		return SMTP_WANT_BYTES;
	}
	s->where = SMTP_WHERE_MESSAGE;
	smtp_body_finish(&t->body);
	refusal = body_refusal(s);
	if (refusal != REPLY_OK)
		return fail(s, out, refusal);
	t->is_ended = true;
	return smtp_ask(s, SMTP_CHECK_EOD);
}

enum smtp_want
smtp_chunk_step(struct smtp *s, struct span *in, struct smtp_out *out)
{
	struct smtp_txn *t = s->txn;
	size_t n = in->len < s->chunk_left_bytes ? in->len
						 : (size_t)s->chunk_left_bytes;
	struct span part = span_to(*in, n);
	enum smtp_want want;
	bool is_end;

	if (t->is_ended) {
		s->is_waiting = true;
		return SMTP_WANT_COMMIT;
	}
	want = feed(s, &part, &is_end);
	s->chunk_left_bytes -= n - part.len;
	*in = span_from(*in, n - part.len);
	if (want != SMTP_WANT_BYTES)
		return want;
	return s->chunk_left_bytes ? SMTP_WANT_BYTES : chunk_received(s, out);
}

enum smtp_want
smtp_swallow_step(struct smtp *s, struct span *in)
{
	size_t n = in->len < s->chunk_left_bytes ? in->len
						 : (size_t)s->chunk_left_bytes;

	*in = span_from(*in, n);
	s->chunk_left_bytes -= n;
	if (s->chunk_left_bytes)
		return SMTP_WANT_BYTES;
	/* RFC 3030 section 2: after LAST the failed transaction is over. */
	if (s->is_bdat_last && s->txn != NULL && s->txn->has_failed)
		smtp_txn_end(s);
	smtp_set_command_state(s);
	return SMTP_WANT_BYTES;
}

/* --- the end of a message --- */

void
smtp_message_done(struct smtp *s, struct smtp_out *out,
		  enum smtp_commit outcome)
{
	struct smtp_txn *t = s->txn;
	char id[96] = "";
	struct print pr = { id, 0, sizeof(id) - 1 };

	if (outcome == SMTP_COMMIT_FULL) {
		(void)fail(s, out, REPLY_NO_STORAGE);
		return;
	}
	if (outcome == SMTP_COMMIT_FAILED) {
		(void)fail(s, out, REPLY_QUEUE_ERROR);
		return;
	}
	if (t->has_bdat) {
		print_u64(&pr, smtp_body_size(&t->body), 1);
		print_span(&pr, SPAN(" bytes queued as "));
		print_hex(&pr, t->id);
		smtp_reply(s, out, REPLY_OK_BDAT_QUEUED, id);
		s->verb_ok_n[SMTP_VERB_BDAT]++;
	} else {
		print_hex(&pr, t->id);
		smtp_reply(s, out, REPLY_OK_QUEUED, id);
		s->verb_ok_n[SMTP_VERB_DATA]++;
	}
	s->messages_n++;
	s->errors_n = 0;
	s->junk_n = 0;
	smtp_txn_end(s);
	smtp_set_command_state(s);
}
