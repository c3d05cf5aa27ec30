/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the ledger into a byte for each message and mailbox, then the maildirs,
 * one file at a time, marking what is there; what is acknowledged and not
 * marked is missing.
 */
#include "bench/verify.h"
#include "bench/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define CELL_ACKED    0x80u
#define CELL_SEEN     0x7fu
#define CELLS_MAX     (UINT64_C(1) << 36)
#define FAULT_LINES_N 20

struct run {
	struct run *next;
	char *from, *domain, *mailbox_format;
	struct message_gen gen;
	uint8_t *cells; /* seq x rcpts_n */
	uint64_t cells_n;
};

struct verify {
	const struct verify_cfg *cfg;
	struct verify_result *out;
	struct run *runs;
	char *buf; /* one file */
	size_t buf_cap;
	unsigned fault_lines_n;
};

bool
verify_has_fault(const struct verify_result *v)
{
	return v->missing_n || v->duplicates_n || v->damaged_n ||
	       v->misplaced_n;
}

PRINTF_LIKE(2, 3)
static void
fault(struct verify *v, const char *fmt, ...)
{
	va_list args;

	if (v->cfg->faults == NULL || v->fault_lines_n > FAULT_LINES_N)
		return;
	if (v->fault_lines_n++ == FAULT_LINES_N) {
		fputs("... and more\n", v->cfg->faults);
		return;
	}
	va_start(args, fmt);
	vfprintf(v->cfg->faults, fmt, args);
	va_end(args);
	fputc('\n', v->cfg->faults);
}

/* --- the ledger --- */

static struct run *
run_find(struct verify *v, const char *run_id)
{
	struct run *run = v->runs;

	while (run != NULL && strcmp(run->gen.cfg.run_id, run_id) != 0)
		run = run->next;
	return run;
}

static void
run_free(struct run *run)
{
	message_gen_close(&run->gen);
	free(run->from);
	free(run->domain);
	free(run->mailbox_format);
	free(run->cells);
	free(run);
}

static int
run_add(struct verify *v, const struct message_cfg *cfg)
{
	struct run *run = must_alloc(sizeof(*run));
	struct message_cfg own = *cfg;
	const char *why = "no memory";

	own.from = run->from = strdup(cfg->from);
	own.domain = run->domain = strdup(cfg->domain);
	own.mailbox_format = run->mailbox_format = strdup(cfg->mailbox_format);
	must(own.from && own.domain && own.mailbox_format);
	if (message_gen_open(&run->gen, &own, &why) < 0) {
		fprintf(stderr, "blast: %s: run %s: %s\n", v->cfg->ledger_path,
			cfg->run_id, why);
		run_free(run);
		return EX_DATAERR;
	}
	run->next = v->runs;
	v->runs = run;
	v->out->runs_n++;
	return EX_OK;
}

/* The cell of a message and its i-th recipient, or NULL: no such number. */
static uint8_t *
cell_get(struct run *run, uint64_t seq, uint32_t i)
{
	uint32_t rcpts_n = run->gen.cfg.rcpts_n;
	uint64_t idx, n;

	if (seq >= CELLS_MAX / rcpts_n)
		return NULL;
	idx = seq * rcpts_n + i;
	if (idx >= run->cells_n) {
		n = run->cells_n + run->cells_n / 2;
		if (n <= idx)
			n = idx + 65536;
		run->cells = realloc(run->cells, n);
		must(run->cells != NULL);
		memset(run->cells + run->cells_n, 0, n - run->cells_n);
		run->cells_n = n;
	}
	return &run->cells[idx];
}

/* Which recipient of the message that mailbox is; rcpts_n: none. */
static uint32_t
rcpt_idx(const struct message_cfg *cfg, uint64_t seq, uint32_t mailbox)
{
	uint32_t first = message_mailbox(cfg, seq, 0);
	uint32_t i;

	if (mailbox >= cfg->mailboxes_n)
		return cfg->rcpts_n;
	i = (mailbox + (cfg->mailboxes_n - first)) % cfg->mailboxes_n;
	return i < cfg->rcpts_n ? i : cfg->rcpts_n;
}

static int
entry_add(struct verify *v, const struct ledger_entry *e, uint64_t line_no)
{
	struct run *run = run_find(v, e->run_id);

	for (uint32_t k = 0; run != NULL && k < e->mailboxes_n; k++) {
		uint32_t i = rcpt_idx(&run->gen.cfg, e->seq, e->mailboxes[k]);
		uint8_t *cell = NULL;

		if (i < run->gen.cfg.rcpts_n)
			cell = cell_get(run, e->seq, i);
		if (cell == NULL) {
			run = NULL;
			break;
		}
		v->out->expected_n += !(*cell & CELL_ACKED);
		*cell |= CELL_ACKED;
	}
	if (run == NULL) {
		fprintf(stderr,
			"blast: %s:%llu: a message that no run above it can "
			"have sent: the file is not a ledger of blast's\n",
			v->cfg->ledger_path, (unsigned long long)line_no);
		return EX_DATAERR;
	}
	v->out->acked_n++;
	return EX_OK;
}

static int
ledger_load(struct verify *v)
{
	static const char *const advice =
		"a ledger is only appended to: take an undamaged copy";
	struct ledger_entry *entry = must_alloc(sizeof(*entry));
	struct ledger_reader reader;
	enum ledger_item item;
	int code = EX_OK, r;

	r = ledger_reader_open(&reader, v->cfg->ledger_path);
	if (r < 0) {
		fprintf(stderr,
			"blast: %s: %s: --verify takes the file that "
			"--ledger wrote\n",
			v->cfg->ledger_path, strerror(-r));
		free(entry);
		return EX_NOINPUT;
	}
	while (code == EX_OK &&
	       (item = ledger_read(&reader, entry)) != LEDGER_END) {
		if (item == LEDGER_RUN) {
			code = run_add(v, &reader.run);
		} else if (item == LEDGER_OK) {
			code = entry_add(v, entry, reader.line_no);
		} else {
			fprintf(stderr, "blast: %s:%llu: %s: %s\n",
				v->cfg->ledger_path,
				(unsigned long long)reader.line_no, reader.why,
				advice);
			code = EX_DATAERR;
		}
	}
	v->out->torn_lines_n = reader.torn_n;
	ledger_reader_close(&reader);
	free(entry);
	return code;
}

/* --- the maildirs --- */

/* Takes one field, with its continuation lines, off *s. */
static struct span
field_next(struct span *s)
{
	struct span whole = *s;

	do {
		size_t n = span_find(*s, '\n');

		*s = span_from(*s, n < s->len ? n + 1 : n);
	} while (s->len > 0 && ascii_is_blank(s->p[0]));
	return span_to(whole, whole.len - s->len);
}

static bool
is_field(struct span s, struct span name, struct span *value)
{
	if (!span_has_prefix_nocase(s, name))
		return false;
	*value = span_trim(span_from(s, name.len));
	return true;
}

bool
verify_trace_skip(struct span *stored, const char *return_path,
		  const char *delivered_to)
{
	for (;;) {
		struct span left = *stored, value, field = field_next(&left);

		if (is_field(field, SPAN("Return-Path:"), &value)) {
			if (value.len < 2 || value.p[0] != '<' ||
			    value.p[value.len - 1] != '>')
				return false;
			value = span_to(span_from(value, 1), value.len - 2);
			if (!span_is_equal(value, span_of(return_path)))
				return false;
		} else if (is_field(field, SPAN("Delivered-To:"), &value)) {
			if (!span_is_equal(value, span_of(delivered_to)))
				return false;
		} else if (!is_field(field, SPAN("X-Original-To:"), &value) &&
			   !is_field(field, SPAN("Received:"), &value)) {
			return true;
		}
		*stored = left;
	}
}

static void
damaged(struct verify *v, const char *path, const char *name, const char *what,
	uint64_t at)
{
	v->out->damaged_n++;
	fault(v, "damaged: %s/%s: %s at byte %llu", path, name, what,
	      (unsigned long long)at);
}

/* A file of a maildir that holds `stored`. */
static void
file_check(struct verify *v, const char *path, const char *name,
	   const char *address, uint32_t mailbox, struct span stored)
{
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	struct span msg = stored;
	const char *what;
	uint64_t seq, at;
	struct message m;
	struct run *run;
	uint8_t *cell;
	uint32_t i;

	if (!message_token_find(stored, run_id, &seq)) {
		damaged(v, path, name, "no token", 0);
		return;
	}
	run = run_find(v, run_id);
	if (run == NULL) {
		v->out->foreign_n++;
		return;
	}
	if (!verify_trace_skip(&msg, run->from, address)) {
		damaged(v, path, name, "wrong Return-Path or Delivered-To",
			stored.len - msg.len);
		return;
	}
	message_build(&run->gen, seq, &m);
	if (!message_is_stored(&run->gen, &m, msg, &what, &at)) {
		damaged(v, path, name, what, stored.len - msg.len + at);
		return;
	}
	i = rcpt_idx(&run->gen.cfg, seq, mailbox);
	cell = i < run->gen.cfg.rcpts_n ? cell_get(run, seq, i) : NULL;
	if (cell == NULL) {
		v->out->misplaced_n++;
		fault(v, "misplaced: %s/%s: message %s %llu", path, name,
		      run_id, (unsigned long long)seq);
		return;
	}
	if (*cell & CELL_SEEN) {
		v->out->duplicates_n++;
		fault(v, "duplicate: %s/%s: message %s %llu", path, name,
		      run_id, (unsigned long long)seq);
		return;
	}
	++*cell;
	if (*cell & CELL_ACKED)
		v->out->found_n++;
	else
		v->out->extra_n++;
}

/* Reads the whole file into v->buf. Gives its length or -errno. */
static ssize_t
file_read(struct verify *v, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		if (len == v->buf_cap) {
			v->buf_cap = v->buf_cap ? v->buf_cap * 2 : 256 * 1024;
			v->buf = realloc(v->buf, v->buf_cap);
			must(v->buf != NULL);
		}
		n = read(fd, v->buf + len, v->buf_cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	return n;
}

/* new/ or cur/ (tmp/: counted only). A folder that is not there is empty. */
static int
folder_check(struct verify *v, const char *path, const char *address,
	     uint32_t mailbox, bool is_tmp)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int code = EX_OK;

	if (dir == NULL && (errno == ENOENT || errno == ENOTDIR))
		return EX_OK;
	if (dir == NULL) {
		fprintf(stderr,
			"blast: %s: %s: verify as a user who may "
			"read the maildirs\n",
			path, strerror(errno));
		return EX_IOERR;
	}
	while (code == EX_OK && (d = readdir(dir)) != NULL) {
		ssize_t len;

		if (d->d_name[0] == '.')
			continue;
		if (is_tmp) {
			v->out->tmp_n++;
			continue;
		}
		len = file_read(v, dirfd(dir), d->d_name);
		if (len < 0) {
			fprintf(stderr,
				"blast: %s/%s: %s: verify as a user "
				"who may read the maildirs\n",
				path, d->d_name, strerror((int)-len));
			code = EX_IOERR;
			break;
		}
		v->out->files_n++;
		v->out->bytes += (uint64_t)len;
		file_check(v, path, d->d_name, address, mailbox,
			   (struct span) { v->buf, (size_t)len });
	}
	closedir(dir);
	return code;
}

/* base/format with %d and %u filled in. False when it does not fit. */
static bool
maildir_path(const struct verify_cfg *cfg, struct span address, char *out,
	     size_t cap)
{
	size_t at = span_find_last(address, '@'), n;
	FILE *f = fmemopen(out, cap, "w");

	must(f != NULL);
	fprintf(f, "%s/", cfg->base);
	for (const char *p = cfg->format; *p; p++) {
		struct span part = { p, 1 };

		if (p[0] == '%' && p[1] == 'd')
			part = span_from(address, at + 1);
		else if (p[0] == '%' && p[1] == 'u')
			part = span_to(address, at);
		p += part.p != p;
		fprintf(f, "%.*s", SPAN_FMT(part));
	}
	n = (size_t)ftell(f);
	fclose(f);
	return n + 1 < cap;
}

static int
mailbox_check(struct verify *v, const struct run *run, uint32_t mailbox)
{
	static const char *const folders[] = { "new", "cur", "tmp" };
	char address[MESSAGE_ADDRESS_MAX + 1], box[4000], path[4096];
	unsigned len = message_address(&run->gen, mailbox, address);
	int code = EX_OK;

	if (!maildir_path(v->cfg, (struct span) { address, len }, box,
			  sizeof(box))) {
		fprintf(stderr,
			"blast: %s: path too long: give a shorter "
			"--maildirs\n",
			box);
		return EX_USAGE;
	}
	for (size_t i = 0; i < ARRAY_N(folders) && code == EX_OK; i++) {
		snprintf(path, sizeof(path), "%s/%s", box, folders[i]);
		code = folder_check(v, path, address, mailbox, i == 2);
	}
	return code;
}

/* Mailboxes of that run that no run before it in the list has as well. */
static int
mailboxes_check(struct verify *v, const struct run *run)
{
	uint32_t first = 0;
	int code = EX_OK;

	for (const struct run *r = v->runs; r != run; r = r->next)
		if (strcmp(r->domain, run->domain) == 0 &&
		    strcmp(r->mailbox_format, run->mailbox_format) == 0 &&
		    r->gen.cfg.mailboxes_n > first)
			first = r->gen.cfg.mailboxes_n;
	for (uint32_t i = first; code == EX_OK && i < run->gen.cfg.mailboxes_n;
	     i++)
		code = mailbox_check(v, run, i);
	return code;
}

static void
missing_count(struct verify *v, const struct run *run)
{
	const struct message_cfg *cfg = &run->gen.cfg;
	char to[MESSAGE_ADDRESS_MAX + 1];

	for (uint64_t idx = 0; idx < run->cells_n; idx++) {
		if (run->cells[idx] != CELL_ACKED)
			continue;
		v->out->missing_n++;
		message_address(&run->gen,
				message_mailbox(cfg, idx / cfg->rcpts_n,
						(uint32_t)(idx % cfg->rcpts_n)),
				to);
		fault(v, "missing: message %s %llu for %s", cfg->run_id,
		      (unsigned long long)(idx / cfg->rcpts_n), to);
	}
}

int
verify_run(const struct verify_cfg *cfg, struct verify_result *out)
{
	struct verify v = { .cfg = cfg, .out = out };
	int code;

	memset(out, 0, sizeof(*out));
	code = ledger_load(&v);
	for (struct run *r = v.runs; r != NULL && code == EX_OK; r = r->next)
		code = mailboxes_check(&v, r);
	for (struct run *r = v.runs; r != NULL && code == EX_OK; r = r->next)
		missing_count(&v, r);
	while (v.runs != NULL) {
		struct run *next = v.runs->next;

		run_free(v.runs);
		v.runs = next;
	}
	free(v.buf);
	return code;
}
