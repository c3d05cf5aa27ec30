/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body's one pass from wire to chunk. Two layers: lines and dots below
 * (step_*), the header section above them (head_*); once the header section is
 * over, text goes to the chunk by memcpy.
 */
#include "engine/smtp/smtp_body.h"
#include "engine/base/must.h"

enum line { LINE_START, LINE_DOT, LINE_DOT_CR, LINE_TEXT, LINE_CR };

enum head {
	HEAD_NAME, /* at the start of a line, collecting a header's name */
	HEAD_KEEP,
	HEAD_KEPT, /* at the start of a line that may continue a kept one */
	HEAD_DROP,
	HEAD_DROPPED,
	HEAD_OVER,
};

#define MAILBOX_LINE "X-Mailbox-Line: "
#define FROM	     "From "

/*
 * Until the first header is seen the input goes in pieces of this size, since
 * each mbox separator in it grows by MAILBOX_LINE; SLACK is the most that one
 * feed adds to its input, but for the name that was held back.
 */
#define PIECE_BYTES 24u
#define SLACK	    128u

static_assert((PIECE_BYTES / sizeof(FROM) + 1) * sizeof(MAILBOX_LINE) + 4 <
		      SLACK,
	      "a piece's separators fit");
static_assert(BODY_NAME_MAX + SLACK + BODY_ROOM_MIN <
		      CHUNK_SMALL_BYTES - sizeof(struct chunk),
	      "an empty chunk is never full");

static inline bool
is_list_gap(char c)
{
	return c == ',' || ascii_is_blank(c) || c == '\r' || c == '\n' ||
	       c == '\0';
}

void
smtp_body_init(struct smtp_body *b, uint64_t size_max, const char *drop_headers)
{
	memset(b, 0, offsetof(struct smtp_body, name));
	b->size_max = size_max;
	b->drop_headers = drop_headers;
	for (const char *p = drop_headers; *p != '\0'; p++)
		if (p == drop_headers || is_list_gap(p[-1]))
			b->drop_letters |= 1u << (*p & 31);
	b->is_prev_crlf = true; /* DATA's own */
	b->is_first_line = true;
}

void
smtp_body_fini(struct smtp_body *b)
{
	chunk_put(b->first);
	b->first = b->last = NULL;
}

void
smtp_body_chunk_add(struct smtp_body *b, struct chunk *c)
{
	if (b->last != NULL)
		b->last->next = c;
	else
		b->first = c;
	b->last = c;
}

uint64_t
smtp_body_held_bytes(const struct smtp_body *b)
{
	return b->bytes - b->taken_bytes;
}

uint64_t
smtp_body_size(const struct smtp_body *b)
{
	return b->raw_bytes - b->dot_bytes;
}

struct chunk *
smtp_body_chunks_take(struct smtp_body *b)
{
	struct chunk *first = b->first;

	b->first = b->last = NULL;
	b->taken_bytes = b->bytes;
	return first;
}

static inline void
append(struct smtp_body *b, const char *p, size_t n)
{
	struct chunk *c = b->last;

	if (UNLIKELY(b->is_too_big))
		return;
	must(c != NULL && n <= c->room - c->len);
	memcpy(c->data + c->len, p, n);
	c->len += (uint32_t)n;
	b->bytes += n;
}

void
smtp_body_put(struct smtp_body *b, struct span text)
{
	append(b, text.p, text.len);
}

/* --- the header section --- */

static void
append_eol(struct smtp_body *b, bool is_crlf)
{
	if (b->is_binary && is_crlf)
		append(b, "\r\n", 2);
	else
		append(b, "\n", 1);
}

static void
name_flush(struct smtp_body *b)
{
	append(b, b->name, b->name_len);
	b->name_len = 0;
}

static bool
is_dropped(const struct smtp_body *b, struct span name)
{
	struct span word = { b->drop_headers, 0 };

	/* Each header comes here: span_word() would be a third of its cost. */
	if (name.len == 0 || !(b->drop_letters >> (name.p[0] & 31) & 1))
		return false;
	while (*word.p != '\0') {
		while (!is_list_gap(word.p[word.len]))
			word.len++;
		if (word.len == name.len && span_is_equal_nocase(word, name))
			return true;
		word.p += word.len + (word.p[word.len] != '\0');
		word.len = 0;
	}
	return false;
}

/* The name is complete: its colon comes next. */
static void
head_decide(struct smtp_body *b, struct span raw)
{
	struct span name = span_trim(raw);

	b->is_first_line = false;
	if (span_is_equal_nocase(name, SPAN("Received")))
		b->received_n++;
	b->head = is_dropped(b, name) ? HEAD_DROP : HEAD_KEEP;
	if (b->head == HEAD_KEEP)
		append(b, raw.p, raw.len);
	b->name_len = 0;
}

/* Text that is no header: the body begins without an empty line. */
static void
head_end(struct smtp_body *b)
{
	append(b, "\n", 1);
	name_flush(b);
	b->head = HEAD_OVER;
}

/* An mbox separator that somebody left in front of the headers. */
static bool
is_mailbox_line(const struct smtp_body *b)
{
	struct span s = { b->name, b->name_len };

	if (!b->is_first_line || !s.len || s.p[s.len - 1] != ' ')
		return false;
	while (s.len && s.p[0] == '>')
		s = span_from(s, 1);
	return span_is_equal(s, SPAN(FROM));
}

static void
mailbox_line(struct smtp_body *b)
{
	append(b, MAILBOX_LINE, sizeof(MAILBOX_LINE) - 1);
	name_flush(b);
}

static bool
is_name_byte(const struct smtp_body *b, char c)
{
	bool has_blank = b->name_len &&
			 ascii_is_blank(b->name[b->name_len - 1]);

	/* Blanks may stand between the name and its colon, nowhere else. */
	if (ascii_is_blank(c))
		return b->name_len > 0;
	return c > ' ' && c <= '~' && c != ':' && !has_blank;
}

/* One byte of a header's name; false: it is not used up. */
static bool
head_name(struct smtp_body *b, char c)
{
	if (c == ':' && b->name_len) {
		head_decide(b, (struct span) { b->name, b->name_len });
		return false;
	}
	if (is_mailbox_line(b)) {
		mailbox_line(b);
		b->head = HEAD_KEEP;
		return false;
	}
	if (b->name_len == BODY_NAME_MAX || !is_name_byte(b, c)) {
		head_end(b);
		return false;
	}
	b->name[b->name_len++] = c;
	return true;
}

/* A name that is here up to its colon, as nearly all are: it is not held back.
 */
static size_t
head_whole_name(struct smtp_body *b, const char *p, size_t n)
{
	size_t len = 0;

	if (b->name_len > 0 || b->is_first_line)
		return 0;
	while (len < n && p[len] > ' ' && p[len] <= '~' && p[len] != ':')
		len++;
	if (len == 0 || len > BODY_NAME_MAX || len == n || p[len] != ':')
		return 0;
	head_decide(b, (struct span) { p, len });
	return len;
}

static void
head_text(struct smtp_body *b, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && b->head != HEAD_OVER && b->head != HEAD_KEEP) {
		switch ((enum head)b->head) {
		case HEAD_KEPT:
			b->head = ascii_is_blank(p[i]) ? HEAD_KEEP : HEAD_NAME;
			break;
		case HEAD_DROPPED:
			b->head = ascii_is_blank(p[i]) ? HEAD_DROP : HEAD_NAME;
			break;
		case HEAD_NAME:
			i += head_whole_name(b, p + i, n - i);
			if (b->head == HEAD_NAME)
				i += head_name(b, p[i]);
			break;
		case HEAD_DROP:
			return;
		case HEAD_KEEP:
		case HEAD_OVER:
			break;
		}
	}
	append(b, p + i, n - i);
}

static void
head_eol(struct smtp_body *b, bool is_crlf)
{
	switch ((enum head)b->head) {
	case HEAD_KEEP:
		/* A separator is no header: nothing continues it. */
		b->head = b->is_first_line ? HEAD_NAME : HEAD_KEPT;
		append_eol(b, is_crlf);
		return;
	case HEAD_DROP:
		b->head = HEAD_DROPPED;
		return;
	case HEAD_NAME:
		if (is_mailbox_line(b)) {
			mailbox_line(b);
			append_eol(b, is_crlf);
			return;
		}
		if (b->name_len)
			head_end(b);
		break;
	case HEAD_KEPT:
	case HEAD_DROPPED:
	case HEAD_OVER:
		break;
	}
	b->head = HEAD_OVER;
	append_eol(b, is_crlf);
}

/* --- lines and dots --- */

static inline void
text(struct smtp_body *b, const char *p, size_t n)
{
	if (LIKELY(b->head == HEAD_OVER))
		append(b, p, n);
	else if (n)
		head_text(b, p, n);
}

/* A line is over, without a word about it in the message. */
static inline void
line_end(struct smtp_body *b, bool is_crlf)
{
	b->line = LINE_START;
	b->is_prev_crlf = is_crlf;
	b->has_bare_lf |= !is_crlf && !b->is_binary;
}

static inline void
eol(struct smtp_body *b, bool is_crlf)
{
	line_end(b, is_crlf);
	if (LIKELY(b->head == HEAD_OVER))
		append_eol(b, is_crlf);
	else
		head_eol(b, is_crlf);
}

/* A whole line of text, in one go. */
static inline void
append_line(struct smtp_body *b, const char *p, size_t n)
{
	struct chunk *c = b->last;
	char *to;

	if (UNLIKELY(b->is_too_big))
		return;
	must(c != NULL && n < c->room - c->len);
	to = (char *)c->data + c->len;
	memcpy(to, p, n);
	to[n] = '\n';
	c->len += (uint32_t)n + 1;
	b->bytes += n + 1;
}

/* Text up to the line's end or the input's. Gives what was used up. */
static inline size_t
step_text(struct smtp_body *b, const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	bool is_crlf;

	if (nl == NULL) {
		bool is_cr = p[n - 1] == '\r';

		text(b, p, n - is_cr);
		b->line = is_cr ? LINE_CR : LINE_TEXT;
		return n;
	}
	is_crlf = nl > p && nl[-1] == '\r';
	if (LIKELY(b->head == HEAD_OVER && !b->is_binary)) {
		append_line(b, p, (size_t)(nl - p) - is_crlf);
		line_end(b, is_crlf);
		return (size_t)(nl - p) + 1;
	}
	text(b, p, (size_t)(nl - p) - is_crlf);
	eol(b, is_crlf);
	return (size_t)(nl - p) + 1;
}

/* A CR was held back: is it the line's end? */
static size_t
step_cr(struct smtp_body *b, char c)
{
	if (c == '\n') {
		eol(b, true);
		return 1;
	}
	text(b, "\r", 1);
	b->line = LINE_TEXT;
	return 0;
}

/*
 * A dot began the line and is dropped, whatever follows. A line of nothing else
 * that does not end the data, since one of its line ends is bare, goes with it.
 */
static size_t
step_dot(struct smtp_body *b, char c, bool *is_end)
{
	if (c == '\r') {
		b->line = LINE_DOT_CR;
		return 1;
	}
	if (c != '\n') {
		b->line = LINE_TEXT;
		return 0;
	}
	b->dot_bytes++;
	*is_end = b->is_lf_dot_end;
	line_end(b, false);
	return 1;
}

static size_t
step_dot_cr(struct smtp_body *b, char c, bool *is_end)
{
	if (c != '\n') {
		b->line = LINE_CR;
		return 0;
	}
	b->dot_bytes += 2;
	*is_end = b->is_prev_crlf || b->is_lf_dot_end;
	line_end(b, true);
	return 1;
}

static bool
feed(struct smtp_body *b, const char *p, size_t n, size_t *used, bool has_dots)
{
	bool is_end = false;
	size_t i = 0;

	while (i < n && !is_end) {
		switch ((enum line)b->line) {
		case LINE_START:
			if (has_dots && p[i] == '.') {
				b->line = LINE_DOT;
				b->dot_bytes++;
				i++;
				break;
			}
			/* fall through */
		case LINE_TEXT:
			i += step_text(b, p + i, n - i);
			break;
		case LINE_CR:
			i += step_cr(b, p[i]);
			break;
		case LINE_DOT:
			i += step_dot(b, p[i], &is_end);
			break;
		case LINE_DOT_CR:
			i += step_dot_cr(b, p[i], &is_end);
			break;
		}
	}
	*used = i;
	return is_end;
}

/* How much may be fed before a new chunk is needed; 0: none. */
static size_t
feed_room(struct smtp_body *b, size_t n)
{
	size_t room, slack = SLACK + b->name_len;

	/* A CR behind a dot may still turn out not to count. */
	if (b->size_max && smtp_body_size(b) > b->size_max + 1)
		b->is_too_big = true;
	if (b->is_too_big) {
		smtp_body_fini(b);
		return n;
	}
	if (b->last == NULL)
		return 0;
	room = b->last->room - b->last->len;
	if (room < slack + BODY_ROOM_MIN)
		return 0;
	if (b->is_first_line && b->head != HEAD_OVER && n > PIECE_BYTES)
		return PIECE_BYTES;
	return n < room - slack ? n : room - slack;
}

static enum body_result
feed_all(struct smtp_body *b, struct span *in, bool has_dots)
{
	while (in->len) {
		size_t n = feed_room(b, in->len), used;
		bool is_end;

		if (n == 0)
			return BODY_CHUNK;
		is_end = feed(b, in->p, n, &used, has_dots);
		b->raw_bytes += used;
		*in = span_from(*in, used);
		if (is_end && b->size_max && smtp_body_size(b) > b->size_max)
			b->is_too_big = true;
		if (is_end)
			return BODY_END;
	}
	return BODY_MORE;
}

enum body_result
smtp_body_feed(struct smtp_body *b, struct span *in)
{
	return feed_all(b, in, true);
}

enum body_result
smtp_body_feed_chunk(struct smtp_body *b, struct span *in)
{
	return feed_all(b, in, false);
}

void
smtp_body_finish(struct smtp_body *b)
{
	if (b->line == LINE_CR)
		text(b, "\r", 1);
	if (b->head == HEAD_NAME && is_mailbox_line(b))
		mailbox_line(b);
	else if (b->head == HEAD_NAME && b->name_len)
		head_end(b);
	b->line = LINE_START;
}
