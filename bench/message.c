/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages by number. The head has the header and the first body line, the
 * tail the line that fills the message up to its size and the last line; what
 * is between comes from the shared text, MESSAGE_TEXT_LINE bytes a line.
 */
#include "bench/message.h"
#include "engine/base/print.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_BYTES   ((size_t)MESSAGE_TEXT_LINES_N * MESSAGE_TEXT_LINE)
#define TOKEN_HEADER "X-Blast-Token: "

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* No line begins with a dot, with "From " or with white space. */
static void
text_fill(char *text, uint64_t seed)
{
	static const char set[] =
		"abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQR"
		"STUVWXYZ0123456789.,";
	uint64_t x = mix(seed);

	for (size_t i = 0; i < TEXT_BYTES; i++) {
		size_t column = i % MESSAGE_TEXT_LINE;

		x = mix(x);
		if (column == MESSAGE_TEXT_LINE - 2)
			text[i] = '\r';
		else if (column == MESSAGE_TEXT_LINE - 1)
			text[i] = '\n';
		else if (column == 0)
			text[i] = (char)('a' + x % 26);
		else
			text[i] = set[x % (sizeof(set) - 1)];
	}
}

static bool
has_space_or_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '<' || *s == '>' ||
		    *s == 127)
			return true;
	return false;
}

static const char *
cfg_fault(const struct message_cfg *cfg)
{
	const char *percent = strchr(cfg->mailbox_format, '%');

	if (percent == NULL || percent[1] != 'u' ||
	    strchr(percent + 1, '%') != NULL)
		return "the mailbox format must have exactly one %u, as in "
		       "user%u";
	if (has_space_or_control(cfg->mailbox_format) ||
	    has_space_or_control(cfg->domain) ||
	    has_space_or_control(cfg->from))
		return "addresses must be without spaces, <, > and control "
		       "bytes";
	if (cfg->domain[0] == '\0')
		return "the domain must not be empty";
	if (strlen(cfg->mailbox_format) + strlen(cfg->domain) + 10 >
		    MESSAGE_ADDRESS_MAX ||
	    strlen(cfg->from) > MESSAGE_ADDRESS_MAX)
		return "addresses must have at most 254 bytes";
	if (cfg->mailboxes_n == 0)
		return "there must be at least one mailbox";
	if (cfg->rcpts_n == 0 || cfg->rcpts_n > MESSAGE_RCPTS_MAX ||
	    cfg->rcpts_n > cfg->mailboxes_n)
		return "recipients must be 1 to 1000 and no more than there "
		       "are mailboxes";
	if (cfg->size_min > cfg->size_max)
		return "the smaller size comes first, as in 1000-4000";
	return NULL;
}

/* Always UTC: who verifies may live in another time zone. */
static void
date_print(uint64_t wall_us, char *out, size_t cap)
{
	time_t seconds = (time_t)(wall_us / US_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	must(strftime(out, cap, "%a, %d %b %Y %H:%M:%S +0000", &tm) > 0);
}

int
message_gen_open(struct message_gen *g, const struct message_cfg *cfg,
		 const char **why)
{
	const char *percent;

	*why = cfg_fault(cfg);
	if (*why != NULL)
		return -EINVAL;
	*g = (struct message_gen) { .cfg = *cfg };
	percent = strchr(cfg->mailbox_format, '%');
	g->user_prefix =
		(struct span) { cfg->mailbox_format,
				(size_t)(percent - cfg->mailbox_format) };
	g->user_suffix = span_of(percent + 2);
	date_print(cfg->started_us, g->date, sizeof(g->date));
	if (message_size_least(g) > cfg->size_min) {
		*why = "the size is too small for a header with these "
		       "addresses";
		return -EINVAL;
	}
	g->text = malloc(TEXT_BYTES);
	if (g->text == NULL)
		return -ENOMEM;
	text_fill(g->text, cfg->seed);
	return 0;
}

void
message_gen_close(struct message_gen *g)
{
	free(g->text);
	g->text = NULL;
}

uint32_t
message_mailbox(const struct message_cfg *cfg, uint64_t seq, uint32_t i)
{
	return (uint32_t)((seq * cfg->rcpts_n + i) % cfg->mailboxes_n);
}

unsigned
message_address(const struct message_gen *g, uint32_t mailbox,
		char out[MESSAGE_ADDRESS_MAX + 1])
{
	struct print pr = { out, 0, MESSAGE_ADDRESS_MAX + 1 };

	print_span(&pr, g->user_prefix);
	print_u64(&pr, mailbox, 1);
	print_span(&pr, g->user_suffix);
	print_span(&pr, SPAN("@"));
	print_text(&pr, g->cfg.domain);
	must(pr.len > 0 && pr.len <= MESSAGE_ADDRESS_MAX);
	out[pr.len] = '\0';
	return (unsigned)pr.len;
}

static void
print_id(struct print *pr, const char *run_id, const char *between,
	 uint64_t seq)
{
	print_text(pr, run_id);
	print_text(pr, between);
	print_u64(pr, seq, 1);
}

static void
head_build(const struct message_gen *g, struct message *m, uint32_t mailbox)
{
	const struct message_cfg *cfg = &g->cfg;
	struct print pr = PRINT_INTO(m->head);
	char to[MESSAGE_ADDRESS_MAX + 1];

	message_address(g, mailbox, to);
	print_span(&pr, SPAN("From: blast <"));
	print_text(&pr, cfg->from[0] ? cfg->from : "blast@blast.invalid");
	print_span(&pr, SPAN(">\r\nTo: <"));
	print_text(&pr, to);
	print_span(&pr, SPAN(">\r\nSubject: blast "));
	print_id(&pr, cfg->run_id, " number ", m->seq);
	print_span(&pr, SPAN("\r\nDate: "));
	print_text(&pr, g->date);
	print_span(&pr, SPAN("\r\nMessage-ID: <"));
	print_id(&pr, cfg->run_id, ".", m->seq);
	print_span(&pr, SPAN("@blast.invalid>\r\n" TOKEN_HEADER));
	print_id(&pr, cfg->run_id, " ", m->seq);
	print_span(&pr, SPAN("\r\n\r\n"));
	m->dot_at = (uint16_t)pr.len;
	print_span(&pr, SPAN(".."));
	print_id(&pr, cfg->run_id, " ", m->seq);
	print_span(&pr, SPAN(" begins with a dot\r\n"));
	must(pr.len < pr.cap);
	m->head_len = (uint16_t)pr.len;
}

/* fill: bytes of the line that makes up the size, CRLF included. */
static void
tail_build(const struct message_gen *g, struct message *m, size_t fill)
{
	struct print pr = { m->tail, fill, sizeof(m->tail) };

	must(fill >= 2 && fill < MESSAGE_TEXT_LINE + 2);
	memset(m->tail, '=', fill - 2);
	m->tail[fill - 2] = '\r';
	m->tail[fill - 1] = '\n';
	print_id(&pr, g->cfg.run_id, " ", m->seq);
	print_span(&pr, SPAN(" ends\r\n"));
	must(pr.len < pr.cap);
	m->tail_len = (uint16_t)pr.len;
}

void
message_build(const struct message_gen *g, uint64_t seq, struct message *m)
{
	const struct message_cfg *cfg = &g->cfg;
	uint64_t x = mix(cfg->seed ^ mix(seq)), room, fill;

	m->seq = seq;
	m->size = cfg->size_min + mix(x) % (cfg->size_max - cfg->size_min + 1);
	head_build(g, m, message_mailbox(cfg, seq, 0));
	tail_build(g, m, 2);
	/* the stuffed dot is not part of the message */
	room = m->size - (m->head_len - 1u) - (m->tail_len - 2u);
	must(room >= 2 && room <= m->size);
	m->text_lines_n = (room - 2) / MESSAGE_TEXT_LINE;
	fill = room - m->text_lines_n * MESSAGE_TEXT_LINE;
	m->text_first = (uint32_t)(x % MESSAGE_TEXT_LINES_N);
	tail_build(g, m, fill);
}

uint64_t
message_size_least(const struct message_gen *g)
{
	struct message m = { .seq = UINT64_MAX };

	head_build(g, &m, UINT32_MAX);
	tail_build(g, &m, 2);
	return m.head_len - 1u + m.tail_len;
}

uint64_t
message_bytes(const struct message *m, enum message_form form)
{
	return m->size + (form == MESSAGE_DATA ? 1 + sizeof(".\r\n") - 1 : 0);
}

/* The list that message_iov() fills, and what is still to be skipped. */
struct pieces {
	struct iovec *iov;
	unsigned n, max;
	uint64_t skip;
};

static void
piece_add(struct pieces *p, const char *bytes, uint64_t len)
{
	if (p->skip >= len) {
		p->skip -= len;
		return;
	}
	if (p->n == p->max)
		return;
	p->iov[p->n].iov_base = (char *)bytes + p->skip;
	p->iov[p->n].iov_len = len - p->skip;
	p->n++;
	p->skip = 0;
}

static void
text_add(struct pieces *p, const struct message_gen *g, const struct message *m)
{
	uint64_t left = m->text_lines_n;
	uint64_t line = m->text_first;

	/* whole laps over the text at once, so that a far offset is cheap */
	if (p->skip >= TEXT_BYTES && left > MESSAGE_TEXT_LINES_N) {
		uint64_t laps = p->skip / TEXT_BYTES;

		if (laps > left / MESSAGE_TEXT_LINES_N)
			laps = left / MESSAGE_TEXT_LINES_N;
		p->skip -= laps * TEXT_BYTES;
		left -= laps * MESSAGE_TEXT_LINES_N;
	}
	while (left > 0 && p->n < p->max) {
		uint64_t n = MESSAGE_TEXT_LINES_N - line;

		if (n > left)
			n = left;
		piece_add(p, g->text + line * MESSAGE_TEXT_LINE,
			  n * MESSAGE_TEXT_LINE);
		left -= n;
		line = 0;
	}
}

unsigned
message_iov(const struct message_gen *g, const struct message *m,
	    enum message_form form, uint64_t offset, struct iovec *iov,
	    unsigned iov_max)
{
	struct pieces p = { .iov = iov, .max = iov_max, .skip = offset };
	unsigned unstuff = form == MESSAGE_RAW;

	piece_add(&p, m->head, m->dot_at);
	piece_add(&p, m->head + m->dot_at + unstuff,
		  (uint64_t)(m->head_len - m->dot_at) - unstuff);
	text_add(&p, g, m);
	piece_add(&p, m->tail, m->tail_len);
	if (form == MESSAGE_DATA)
		piece_add(&p, ".\r\n", 3);
	return p.n;
}

/*
 * Compares a piece, less its CRs, with what is left of *stored; *stored moves
 * past what is equal.
 */
static bool
piece_is_stored(struct span piece, struct span *stored, const char **what)
{
	while (piece.len > 0) {
		size_t n = span_find(piece, '\r');
		size_t same = n < stored->len ? n : stored->len;

		if (same > 0 && memcmp(piece.p, stored->p, same) != 0) {
			while (*piece.p++ == *stored->p)
				*stored = span_from(*stored, 1);
			*what = "differs";
			return false;
		}
		*stored = span_from(*stored, same);
		if (same < n) {
			*what = "ends too early";
			return false;
		}
		piece = span_from(piece, n < piece.len ? n + 1 : n);
	}
	return true;
}

bool
message_is_stored(const struct message_gen *g, const struct message *m,
		  struct span stored, const char **what, uint64_t *at)
{
	struct iovec iov[16];
	struct span left = stored;
	uint64_t offset = 0;
	bool ok = true;
	unsigned n;

	while (ok && (n = message_iov(g, m, MESSAGE_RAW, offset, iov,
				      ARRAY_N(iov))) > 0) {
		for (unsigned k = 0; ok && k < n; k++) {
			struct span piece = { iov[k].iov_base, iov[k].iov_len };

			ok = piece_is_stored(piece, &left, what);
			offset += piece.len;
		}
	}
	*at = stored.len - left.len;
	if (ok && left.len > 0) {
		*what = "goes on behind its end";
		ok = false;
	}
	return ok;
}

static bool
token_parse(struct span line, char run_id[MESSAGE_RUN_ID_LEN + 1],
	    uint64_t *seq)
{
	struct span id = span_word(&line, " ");

	if (id.len != MESSAGE_RUN_ID_LEN)
		return false;
	span_copy(id, run_id, MESSAGE_RUN_ID_LEN + 1);
	return span_to_u64(span_trim(line), seq);
}

bool
message_token_find(struct span stored, char run_id[MESSAGE_RUN_ID_LEN + 1],
		   uint64_t *seq)
{
	while (stored.len > 0) {
		size_t n = span_find(stored, '\n');
		struct span line = span_to(stored, n);

		if (span_trim(line).len == 0)
			return false;
		if (span_has_prefix_nocase(line, SPAN(TOKEN_HEADER)))
			return token_parse(
				span_from(line, sizeof(TOKEN_HEADER) - 1),
				run_id, seq);
		stored = span_from(stored, n < stored.len ? n + 1 : n);
	}
	return false;
}
