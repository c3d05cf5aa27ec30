/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger's reader: lines into runs and messages. Nothing in the file is
 * trusted that its checksum does not cover.
 */
#include "bench/ledger.h"
#include "bench/ledger_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void
ledger_reader_init(struct ledger_reader *r, struct span bytes)
{
	memset(r, 0, sizeof(*r));
	r->left = bytes;
}

int
ledger_reader_open(struct ledger_reader *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = NULL;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EISDIR;
	if (err == 0 && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			   0);
		if (map == MAP_FAILED)
			err = -errno;
	}
	close(fd);
	if (err < 0)
		return err;
	ledger_reader_init(r,
			   (struct span) { map, map ? (size_t)st.st_size : 0 });
	r->map = map;
	r->map_len = r->left.len;
	return 0;
}

void
ledger_reader_close(struct ledger_reader *r)
{
	if (r->map != NULL)
		munmap(r->map, r->map_len);
	r->map = NULL;
}

/* Takes the next line off *left. False without a whole, sound one. */
static bool
line_next(struct span *left, struct span *line)
{
	size_t n = span_find(*left, '\n');
	bool is_whole = n < left->len;
	char want[16];

	*line = span_to(*left, n);
	*left = span_from(*left, n + is_whole);
	if (!is_whole || line->len < LEDGER_SUM_LEN)
		return false;
	line->len -= LEDGER_SUM_LEN;
	snprintf(want, sizeof(want), " *%08x", ledger_line_sum(*line));
	return memcmp(line->p + line->len, want, LEDGER_SUM_LEN) == 0;
}

static bool
number(struct span text, uint64_t most, uint64_t *out)
{
	return span_to_u64(text, out) && *out <= most;
}

static bool
text_copy(struct span text, char out[MESSAGE_ADDRESS_MAX + 1])
{
	if (text.len > MESSAGE_ADDRESS_MAX)
		return false;
	span_copy(text, out, MESSAGE_ADDRESS_MAX + 1);
	return true;
}

/* One "name=value" of a run line. */
static bool
run_field(struct ledger_reader *r, struct span name, struct span value)
{
	struct message_cfg *run = &r->run;
	uint64_t n = 0;
	bool ok;

	if (span_is_equal(name, SPAN("seed")))
		return span_to_u64(value, &run->seed);
	if (span_is_equal(name, SPAN("started")))
		return span_to_u64(value, &run->started_us);
	if (span_is_equal(name, SPAN("size"))) {
		size_t dash = span_find(value, '-');

		return dash < value.len &&
		       span_to_u64(span_to(value, dash), &run->size_min) &&
		       span_to_u64(span_from(value, dash + 1), &run->size_max);
	}
	if (span_is_equal(name, SPAN("mailboxes"))) {
		ok = number(value, UINT32_MAX, &n);
		run->mailboxes_n = (uint32_t)n;
		return ok;
	}
	if (span_is_equal(name, SPAN("recipients"))) {
		ok = number(value, MESSAGE_RCPTS_MAX, &n);
		run->rcpts_n = (uint32_t)n;
		return ok;
	}
	if (span_is_equal(name, SPAN("format")))
		return text_copy(value, r->mailbox_format);
	if (span_is_equal(name, SPAN("domain")))
		return text_copy(value, r->domain);
	if (span_is_equal(name, SPAN("from")))
		return text_copy(value, r->from);
	return false;
}

static bool
run_id_copy(struct span text, char out[MESSAGE_RUN_ID_LEN + 1])
{
	if (text.len != MESSAGE_RUN_ID_LEN)
		return false;
	span_copy(text, out, MESSAGE_RUN_ID_LEN + 1);
	return true;
}

static bool
run_parse(struct ledger_reader *r, struct span line)
{
	struct span word;

	r->run = (struct message_cfg) { .from = r->from,
					.domain = r->domain,
					.mailbox_format = r->mailbox_format };
	r->from[0] = r->domain[0] = r->mailbox_format[0] = '\0';
	if (!run_id_copy(span_word(&line, " "), r->run.run_id))
		return false;
	while ((word = span_word(&line, " ")).len > 0) {
		size_t n = span_find(word, '=');

		if (n == word.len ||
		    !run_field(r, span_to(word, n), span_from(word, n + 1)))
			return false;
	}
	return r->run.mailboxes_n > 0 && r->run.rcpts_n > 0;
}

static bool
ok_parse(struct span line, struct ledger_entry *entry)
{
	struct span word;
	uint64_t n;

	if (!run_id_copy(span_word(&line, " "), entry->run_id) ||
	    !span_to_u64(span_word(&line, " "), &entry->seq) ||
	    !span_to_u64(span_word(&line, " "), &entry->size))
		return false;
	entry->mailboxes_n = 0;
	while ((word = span_word(&line, ", ")).len > 0) {
		if (entry->mailboxes_n == MESSAGE_RCPTS_MAX ||
		    !number(word, UINT32_MAX, &n))
			return false;
		entry->mailboxes[entry->mailboxes_n++] = (uint32_t)n;
	}
	return entry->mailboxes_n > 0;
}

/* A crash leaves a torn line at the end, or before the run that came next. */
static bool
can_be_torn(struct span left)
{
	struct span line;

	return left.len == 0 || (line_next(&left, &line) &&
				 span_has_prefix_nocase(line, SPAN("run ")));
}

enum ledger_item
ledger_read(struct ledger_reader *r, struct ledger_entry *entry)
{
	struct span line;

	while (r->left.len > 0) {
		r->line_no++;
		if (!line_next(&r->left, &line)) {
			r->why = "damaged line";
			if (!can_be_torn(r->left))
				return LEDGER_BAD;
			r->torn_n++;
			continue;
		}
		if (span_has_prefix_nocase(line, SPAN("run "))) {
			r->why = "run line that makes no sense";
			return run_parse(r, span_from(line, 4)) ? LEDGER_RUN
								: LEDGER_BAD;
		}
		r->why = "neither a run nor an ok line";
		return span_has_prefix_nocase(line, SPAN("ok ")) &&
				       ok_parse(span_from(line, 3), entry)
			       ? LEDGER_OK
			       : LEDGER_BAD;
	}
	return LEDGER_END;
}
