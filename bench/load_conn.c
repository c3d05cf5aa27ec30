/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of RFC 5321. Replies come in the order of the commands, so
 * the machine keeps whose reply is next (phase, rcpt_idx) and what it means for
 * the message; with pipelining all commands of a message are out before the
 * first reply, without it each waits for the reply before.
 */
#include "bench/load_conn.h"
#include "engine/base/print.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	uint16_t code;
	bool has_status;
} phases[] = {
#define PHASE(symbol, name, wanted, status) \
	[LOAD_##symbol] = { wanted, status },
#include "bench/load_phase.def"
#undef PHASE
};
static_assert(ARRAY_N(phases) == LOAD_PHASE_N, "phase rows");

int
load_conn_init(struct load_conn *c, const struct load_conn_cfg *cfg,
	       struct load_stats *stats)
{
	uint32_t rcpts_n = cfg->gen->cfg.rcpts_n;

	memset(c, 0, sizeof(*c));
	c->cfg = cfg;
	c->stats = stats;
	c->want = LOAD_WANT_CLOSE;
	c->msg = &c->msgs[0];
	/* MAIL, DATA or BDAT, and a RCPT for each recipient */
	c->cmd_max = 512 +
		     rcpts_n * (uint32_t)(strlen("RCPT TO:<>\r\n") + 11 +
					  strlen(cfg->gen->cfg.domain) +
					  strlen(cfg->gen->cfg.mailbox_format));
	c->cmd = malloc(c->cmd_max);
	c->accepted = malloc(rcpts_n * sizeof(c->accepted[0]));
	if (c->cmd == NULL || c->accepted == NULL) {
		load_conn_fini(c);
		return -ENOMEM;
	}
	return 0;
}

void
load_conn_fini(struct load_conn *c)
{
	free(c->cmd);
	free(c->accepted);
	c->cmd = NULL;
	c->accepted = NULL;
}

void
load_conn_open(struct load_conn *c)
{
	load_reply_init(&c->reply);
	c->want = LOAD_WANT_BYTES;
	c->phase = LOAD_GREETING;
	c->outcome = LOAD_NONE;
	c->is_in_order = false;
	c->has_pipelining = c->has_size = false;
	c->has_chunking = c->has_status = false;
	c->has_starttls = c->is_tls = false;
	c->is_body_out = c->is_cmd_behind = c->has_ahead = false;
	c->cmd_len = c->cmd_sent = 0;
}

/* --- what we say --- */

/* Commands go behind those that wait. */
static struct print
say_begin(struct load_conn *c)
{
	if (c->cmd_sent == c->cmd_len)
		c->cmd_sent = c->cmd_len = 0;
	return (struct print) { c->cmd, c->cmd_len, c->cmd_max };
}

static void
say_end(struct load_conn *c, struct print *pr)
{
	print_span(pr, SPAN("\r\n"));
	must(pr->len < pr->cap);
	c->cmd_len = (uint32_t)pr->len;
}

static void
say(struct load_conn *c, const char *command, const char *arg)
{
	struct print pr = say_begin(c);

	print_text(&pr, command);
	print_text(&pr, arg);
	say_end(c, &pr);
}

static void
say_mail(struct load_conn *c, const struct message *m)
{
	struct print pr = say_begin(c);

	print_span(&pr, SPAN("MAIL FROM:<"));
	print_text(&pr, c->cfg->gen->cfg.from);
	print_span(&pr, SPAN(">"));
	if (c->has_size) {
		print_span(&pr, SPAN(" SIZE="));
		print_u64(&pr, m->size, 1);
	}
	say_end(c, &pr);
}

static void
say_rcpt(struct load_conn *c, const struct message *m, uint32_t i)
{
	const struct message_gen *gen = c->cfg->gen;
	struct print pr = say_begin(c);
	char to[MESSAGE_ADDRESS_MAX + 1];

	message_address(gen, message_mailbox(&gen->cfg, m->seq, i), to);
	print_span(&pr, SPAN("RCPT TO:<"));
	print_text(&pr, to);
	print_span(&pr, SPAN(">"));
	say_end(c, &pr);
}

static void
body_start(struct load_conn *c)
{
	c->is_body_out = true;
	c->body_sent = 0;
	c->end_us = 0;
}

static void
say_data(struct load_conn *c)
{
	struct print pr;

	if (!c->cfg->is_bdat) {
		say(c, "DATA", "");
		return;
	}
	pr = say_begin(c);
	print_span(&pr, SPAN("BDAT "));
	print_u64(&pr, c->msg->size, 1);
	print_span(&pr, SPAN(" LAST"));
	say_end(c, &pr);
	body_start(c);
}

static void
phase_set(struct load_conn *c, enum load_phase phase)
{
	c->phase = phase;
	c->want = LOAD_WANT_BYTES;
}

/* The commands of *m, as many as may go out now. */
static void
say_msg(struct load_conn *c, const struct message *m)
{
	uint32_t rcpts_n = c->cfg->gen->cfg.rcpts_n;

	say_mail(c, m);
	if (!c->is_pipelined)
		return;
	for (uint32_t i = 0; i < rcpts_n; i++)
		say_rcpt(c, m, i);
	say_data(c);
}

static void
msg_begin(struct load_conn *c)
{
	c->outcome = LOAD_NONE;
	c->is_mail_ok = false;
	c->rcpt_idx = 0;
	c->accepted_n = 0;
	c->end_us = 0;
	phase_set(c, LOAD_MAIL);
}

void
load_conn_msg(struct load_conn *c, uint64_t seq)
{
	must(c->want == LOAD_WANT_MSG && !c->has_ahead);
	message_build(c->cfg->gen, seq, c->msg);
	msg_begin(c);
	say_msg(c, c->msg);
}

static struct message *
other_msg(struct load_conn *c)
{
	return c->msg == &c->msgs[0] ? &c->msgs[1] : &c->msgs[0];
}

bool
load_conn_can_ahead(const struct load_conn *c)
{
	return c->want == LOAD_WANT_BYTES && c->phase == LOAD_END &&
	       c->is_pipelined && c->is_body_out && !c->has_ahead &&
	       c->cmd_sent == c->cmd_len;
}

void
load_conn_ahead(struct load_conn *c, uint64_t seq)
{
	must(load_conn_can_ahead(c));
	message_build(c->cfg->gen, seq, other_msg(c));
	say_msg(c, other_msg(c));
	c->is_cmd_behind = true;
	c->has_ahead = true;
}

void
load_conn_next(struct load_conn *c)
{
	must(c->want == LOAD_WANT_MSG && c->has_ahead);
	c->msg = other_msg(c);
	c->has_ahead = false;
	msg_begin(c);
}

void
load_conn_quit(struct load_conn *c)
{
	must(c->want == LOAD_WANT_MSG && !c->has_ahead);
	c->outcome = LOAD_NONE;
	say(c, "QUIT", "");
	phase_set(c, LOAD_QUIT);
}

/* --- what we hear --- */

static enum load_verdict
judge(const struct load_conn *c, unsigned code)
{
	if (code == phases[c->phase].code ||
	    (c->phase == LOAD_RCPT && code == 251))
		return LOAD_OK;
	if (code / 100 == 4)
		return LOAD_TEMPORARY;
	return code / 100 == 5 ? LOAD_PERMANENT : LOAD_WRONG;
}

static void
close_wanted(struct load_conn *c, bool is_in_order)
{
	c->is_in_order = is_in_order;
	c->want = LOAD_WANT_CLOSE;
}

/* From MAIL until its outcome is known. */
static bool
has_msg(const struct load_conn *c)
{
	return c->want == LOAD_WANT_BYTES && c->phase >= LOAD_MAIL &&
	       c->phase <= LOAD_RSET;
}

/* The first bad news decides: what follows it is only its consequence. */
static void
outcome_worsen(struct load_conn *c, enum load_verdict verdict)
{
	if (c->outcome == LOAD_NONE)
		c->outcome = verdict == LOAD_TEMPORARY ? LOAD_DEFERRED
						       : LOAD_REJECTED;
}

/* Something that is no reply, or no reply to anything. */
static void
wrong(struct load_conn *c, uint16_t code, struct span text)
{
	load_stats_reply(c->stats, c->phase, LOAD_WRONG, code, text);
	if (has_msg(c))
		outcome_worsen(c, LOAD_WRONG);
	close_wanted(c, false);
}

static void
msg_over(struct load_conn *c)
{
	c->is_body_out = false;
	c->want = LOAD_WANT_MSG;
}

static void
reset(struct load_conn *c)
{
	say(c, "RSET", "");
	phase_set(c, LOAD_RSET);
}

static void
ehlo_line(struct load_conn *c, struct span text)
{
	struct span word = span_word(&text, " ");

	if (span_is_equal_nocase(word, SPAN("PIPELINING")))
		c->has_pipelining = true;
	else if (span_is_equal_nocase(word, SPAN("SIZE")))
		c->has_size = true;
	else if (span_is_equal_nocase(word, SPAN("CHUNKING")))
		c->has_chunking = true;
	else if (span_is_equal_nocase(word, SPAN("STARTTLS")))
		c->has_starttls = true;
	else if (span_is_equal_nocase(word, SPAN("ENHANCEDSTATUSCODES")))
		c->has_status = true;
}

static void
on_session(struct load_conn *c, enum load_verdict verdict)
{
	if (verdict != LOAD_OK) {
		close_wanted(c, false);
	} else if (c->phase == LOAD_GREETING && c->cfg->is_idle) {
		phase_set(c, LOAD_IDLE);
	} else if (c->phase == LOAD_GREETING) {
		say(c, "EHLO ", c->cfg->helo);
		phase_set(c, LOAD_EHLO);
	} else if (c->phase == LOAD_STARTTLS) {
		c->want = LOAD_WANT_TLS;
	} else if (c->cfg->is_starttls && !c->is_tls) {
		if (!c->has_starttls) {
			wrong(c, 0,
			      SPAN("server does not offer STARTTLS: "
				   "leave --tls out"));
			return;
		}
		say(c, "STARTTLS", "");
		phase_set(c, LOAD_STARTTLS);
	} else if (c->cfg->is_bdat && !c->has_chunking) {
		wrong(c, 0,
		      SPAN("server does not offer CHUNKING: "
			   "leave --bdat out"));
	} else {
		c->is_pipelined = c->cfg->is_pipelined && c->has_pipelining;
		msg_over(c);
	}
}

static void
on_mail(struct load_conn *c, enum load_verdict verdict)
{
	c->is_mail_ok = verdict == LOAD_OK;
	if (!c->is_mail_ok)
		outcome_worsen(c, verdict);
	if (!c->is_mail_ok && !c->is_pipelined) {
		msg_over(c);
		return;
	}
	if (!c->is_pipelined)
		say_rcpt(c, c->msg, 0);
	phase_set(c, LOAD_RCPT);
}

static void
on_rcpt(struct load_conn *c, enum load_verdict verdict)
{
	const struct message_cfg *cfg = &c->cfg->gen->cfg;

	if (verdict == LOAD_OK)
		c->accepted[c->accepted_n++] =
			message_mailbox(cfg, c->msg->seq, c->rcpt_idx);
	if (++c->rcpt_idx < cfg->rcpts_n) {
		if (!c->is_pipelined)
			say_rcpt(c, c->msg, c->rcpt_idx);
		return;
	}
	if (c->accepted_n == 0) {
		outcome_worsen(c, verdict);
		if (!c->is_pipelined) {
			reset(c);
			return;
		}
	}
	if (!c->is_pipelined)
		say_data(c);
	phase_set(c, c->cfg->is_bdat ? LOAD_BDAT : LOAD_DATA);
}

static void
on_data(struct load_conn *c, enum load_verdict verdict)
{
	if (verdict == LOAD_OK) {
		/* without recipients: an empty message, refused then
		 * (RFC 2920 section 3.1) */
		if (c->accepted_n > 0)
			body_start(c);
		else
			say(c, ".", "");
		phase_set(c, LOAD_END);
		return;
	}
	outcome_worsen(c, verdict);
	reset(c);
}

static void
on_end(struct load_conn *c, enum load_verdict verdict, uint64_t now_us)
{
	if (verdict == LOAD_OK && c->accepted_n > 0) {
		c->outcome = LOAD_ACKED;
		if (c->end_us != 0)
			histogram_add(&c->stats->end, now_us - c->end_us);
		msg_over(c);
		return;
	}
	outcome_worsen(c, verdict == LOAD_OK ? LOAD_WRONG : verdict);
	if (c->phase == LOAD_BDAT)
		reset(c); /* RFC 3030 section 2: the state is indeterminate */
	else
		msg_over(c);
}

/* One row for each phase of load_phase.def. */
static void
on_reply(struct load_conn *c, enum load_verdict verdict, uint64_t now_us)
{
	switch (c->phase) {
	case LOAD_GREETING:
	case LOAD_EHLO:
	case LOAD_STARTTLS:
		on_session(c, verdict);
		break;
	case LOAD_MAIL:
		on_mail(c, verdict);
		break;
	case LOAD_RCPT:
		on_rcpt(c, verdict);
		break;
	case LOAD_DATA:
		on_data(c, verdict);
		break;
	case LOAD_END:
	case LOAD_BDAT:
		on_end(c, verdict, now_us);
		break;
	case LOAD_RSET:
		msg_over(c);
		break;
	case LOAD_QUIT:
		close_wanted(c, verdict == LOAD_OK);
		break;
	case LOAD_IDLE:
	case LOAD_PHASE_N:
		close_wanted(c, false);
		break;
	}
}

/*
 * The message has failed already, and this command was out before that was
 * known: its refusal is no news (RFC 2920 section 3.1).
 */
static bool
is_consequence(const struct load_conn *c, enum load_verdict verdict)
{
	return c->outcome != LOAD_NONE && c->phase >= LOAD_RCPT &&
	       c->phase <= LOAD_BDAT &&
	       (verdict == LOAD_TEMPORARY || verdict == LOAD_PERMANENT);
}

static void
reply_count(struct load_conn *c, enum load_verdict verdict, struct span text)
{
	uint16_t code = c->reply.code;

	if (is_consequence(c, verdict))
		return;
	if (phases[c->phase].has_status && c->has_status &&
	    !load_reply_has_status(text, code))
		verdict = LOAD_WRONG;
	load_stats_reply(c->stats, c->phase, verdict, code, text);
}

/* The last line of a reply is here. */
static void
reply_take(struct load_conn *c, struct span text, uint64_t now_us)
{
	uint16_t code = c->reply.code;
	enum load_verdict verdict = judge(c, code);

	reply_count(c, verdict, text);
	if ((c->phase == LOAD_END || c->phase == LOAD_BDAT) && c->is_body_out) {
		/* an answer to a body that is still on its way: only a server
		 * that gives up does this, and the stream is of no more use */
		if (verdict == LOAD_OK)
			verdict = LOAD_WRONG;
		outcome_worsen(c, verdict);
		close_wanted(c, false);
		return;
	}
	if (code == 421) { /* RFC 5321 section 3.8: closing, at any time */
		if (has_msg(c))
			outcome_worsen(c, LOAD_TEMPORARY);
		close_wanted(c, false);
		return;
	}
	on_reply(c, verdict, now_us);
}

enum load_want
load_conn_feed(struct load_conn *c, struct span *in, uint64_t now_us)
{
	struct span text;
	const char *why;

	while (c->want == LOAD_WANT_BYTES && in->len > 0) {
		switch (load_reply_feed(&c->reply, in, &text, &why)) {
		case LOAD_REPLY_MORE:
			break;
		case LOAD_REPLY_LINE:
			if (c->phase == LOAD_EHLO)
				ehlo_line(c, text);
			break;
		case LOAD_REPLY_LAST:
			if (c->phase == LOAD_EHLO)
				ehlo_line(c, text);
			reply_take(c, text, now_us);
			break;
		case LOAD_REPLY_BAD:
			wrong(c, 0, span_of(why));
			break;
		}
	}
	if (c->want == LOAD_WANT_TLS && in->len > 0)
		wrong(c, 0, SPAN("plain text behind the reply to STARTTLS"));
	if (c->want == LOAD_WANT_MSG && !c->has_ahead && in->len > 0) {
		c->phase = LOAD_IDLE;
		wrong(c, 0, SPAN("reply that nothing asked for"));
	}
	return c->want;
}

void
load_conn_tls_up(struct load_conn *c)
{
	must(c->want == LOAD_WANT_TLS);
	c->has_pipelining = c->has_size = false;
	c->has_chunking = c->has_status = false;
	c->is_tls = true;
	say(c, "EHLO ", c->cfg->helo);
	phase_set(c, LOAD_EHLO);
}

void
load_conn_lost(struct load_conn *c)
{
	if (c->outcome == LOAD_NONE && has_msg(c))
		c->outcome = c->end_us != 0 ? LOAD_DOUBT : LOAD_UNSENT;
	close_wanted(c, false);
}

enum load_outcome
load_conn_take(struct load_conn *c)
{
	enum load_outcome outcome = c->outcome;
	struct load_stats *s = c->stats;

	s->acked_n += outcome == LOAD_ACKED;
	s->deferred_n += outcome == LOAD_DEFERRED;
	s->rejected_n += outcome == LOAD_REJECTED;
	s->unsent_n += outcome == LOAD_UNSENT;
	s->doubt_n += outcome == LOAD_DOUBT;
	if (outcome == LOAD_ACKED) {
		s->acked_bytes += c->msg->size;
		s->acked_rcpts_n += c->accepted_n;
	}
	c->outcome = LOAD_NONE;
	if (c->want == LOAD_WANT_CLOSE && c->has_ahead) {
		c->has_ahead = false;
		c->msg = other_msg(c);
		c->outcome = LOAD_UNBEGUN;
	}
	return outcome;
}
