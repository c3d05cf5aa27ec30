/* SPDX-License-Identifier: BSD-2-Clause */
/* Maildirs made by hand: each fault is found, and nothing else is one. */
#include "bench/ledger.h"
#include "bench/verify.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const struct message_cfg run = { .run_id = "0123456789abcdef",
					.from = "a@b",
					.domain = "d",
					.mailbox_format = "u%u",
					.size_min = 600,
					.size_max = 900,
					.mailboxes_n = 3,
					.rcpts_n = 2 };

enum change { NONE, TORN, CHANGED, GROWN, EMPTY, BAD_PATH, BAD_TO, OTHER_RUN };

/* Message seq in mailbox `box`, new/ or cur/ or tmp/. */
struct file {
	uint64_t seq;
	uint32_t box;
	const char *folder;
	enum change change;
};

#define FILES_MAX 8

#define NEW(seq, box)                 \
	{                             \
		seq, box, "new", NONE \
	}
#define CUR(seq, box)                 \
	{                             \
		seq, box, "cur", NONE \
	}
#define TMP(seq, box)                 \
	{                             \
		seq, box, "tmp", NONE \
	}
#define BAD(seq, box, change)           \
	{                               \
		seq, box, "new", change \
	}

static const struct {
	const char *name;
	uint64_t acked[3]; /* message + 1 */
	struct file files[FILES_MAX];
	struct verify_result want;
} rows[] = {
	{ "all there",
	  { 1, 2 },
	  { NEW(0, 0), CUR(0, 1), NEW(1, 2), NEW(1, 0) },
	  { .found_n = 4 } },
	{ "nothing at all", { 0 }, { { 0 } }, { 0 } },
	{ "one missing",
	  { 1 },
	  { NEW(0, 0) },
	  { .found_n = 1, .missing_n = 1 } },
	{ "in tmp only",
	  { 1 },
	  { NEW(0, 0), TMP(0, 1) },
	  { .found_n = 1, .tmp_n = 1, .missing_n = 1 } },
	{ "not acknowledged, delivered",
	  { 0 },
	  { NEW(0, 0), NEW(0, 1) },
	  { .extra_n = 2 } },
	{ "twice, new and cur",
	  { 1 },
	  { NEW(0, 0), CUR(0, 0), NEW(0, 1) },
	  { .found_n = 2, .duplicates_n = 1 } },
	{ "not acknowledged, twice",
	  { 0 },
	  { NEW(5, 1), CUR(5, 1) },
	  { .extra_n = 1, .duplicates_n = 1 } },
	{ "torn",
	  { 1 },
	  { BAD(0, 0, TORN), NEW(0, 1) },
	  { .found_n = 1, .missing_n = 1, .damaged_n = 1 } },
	{ "changed",
	  { 1 },
	  { BAD(0, 0, CHANGED), NEW(0, 1) },
	  { .found_n = 1, .missing_n = 1, .damaged_n = 1 } },
	{ "grown",
	  { 1 },
	  { BAD(0, 0, GROWN), NEW(0, 1) },
	  { .found_n = 1, .missing_n = 1, .damaged_n = 1 } },
	{ "empty",
	  { 1 },
	  { BAD(0, 0, EMPTY), NEW(0, 1) },
	  { .found_n = 1, .missing_n = 1, .damaged_n = 1 } },
	{ "wrong Return-Path",
	  { 0 },
	  { BAD(0, 0, BAD_PATH) },
	  { .damaged_n = 1 } },
	{ "wrong Delivered-To",
	  { 0 },
	  { BAD(0, 0, BAD_TO) },
	  { .damaged_n = 1 } },
	{ "another mailbox", { 0 }, { NEW(0, 2) }, { .misplaced_n = 1 } },
	{ "another run", { 0 }, { BAD(0, 0, OTHER_RUN) }, { .foreign_n = 1 } },
};

static char base[] = "/tmp/verify-test-XXXXXX";

static void
folders(bool is_made)
{
	char path[128];

	for (unsigned box = 0; box < 3; box++) {
		static const char *const subs[] = { "new", "cur", "tmp" };

		snprintf(path, sizeof(path), "%s/d/u%u", base, box);
		if (is_made)
			must(mkdir(path, 0700) == 0);
		for (size_t i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s/d/u%u/%s", base, box,
				 subs[i]);
			if (is_made)
				must(mkdir(path, 0700) == 0);
			else
				rmdir(path);
		}
		snprintf(path, sizeof(path), "%s/d/u%u", base, box);
		if (!is_made)
			rmdir(path);
	}
}

static void
file_path(const struct file *f, size_t i, char out[128])
{
	snprintf(out, 128, "%s/d/u%u/%s/%zu", base, f->box, f->folder, i);
}

static void
file_write(const struct message_gen *gen, const struct file *f, size_t i)
{
	struct message_gen other = *gen;
	static char bytes[4096];
	struct iovec iov[8];
	struct message m;
	char path[128];
	size_t len = 0;
	unsigned n;
	FILE *out;

	if (f->change == OTHER_RUN)
		memcpy(other.cfg.run_id, "fedcba9876543210", 16);
	message_build(&other, f->seq, &m);
	len = (size_t)sprintf(bytes,
			      "Return-Path: <%s>\nX-Original-To: whoever@x\n"
			      "Delivered-To: u%u@d\nReceived: from x\n\tby y\n"
			      "Received: from z\n",
			      f->change == BAD_PATH ? "c@b" : "a@b",
			      f->change == BAD_TO ? f->box + 1 : f->box);
	n = message_iov(&other, &m, MESSAGE_RAW, 0, iov, 8);
	for (unsigned k = 0; k < n; k++)
		for (size_t j = 0; j < iov[k].iov_len; j++)
			if (((char *)iov[k].iov_base)[j] != '\r')
				bytes[len++] = ((char *)iov[k].iov_base)[j];
	if (f->change == TORN)
		len -= 100;
	if (f->change == CHANGED)
		bytes[len - 100] ^= 1;
	if (f->change == GROWN)
		bytes[len++] = '\n';
	if (f->change == EMPTY)
		len = 0;
	file_path(f, i, path);
	out = fopen(path, "w");
	must(out != NULL);
	must(fwrite(bytes, 1, len, out) == len && fclose(out) == 0);
}

static void
test_row(const struct message_gen *gen, size_t row)
{
	char ledger_path[128], path[128];
	struct verify_cfg cfg = { .ledger_path = ledger_path,
				  .base = base,
				  .format = "%d/%u" };
	struct verify_result v;
	struct ledger *l;

	CHECK_ROW(rows[row].name);
	snprintf(ledger_path, sizeof(ledger_path), "%s/ledger", base);
	must(ledger_open(ledger_path, &run, &l) == 0);
	for (size_t i = 0; i < 3 && rows[row].acked[i]; i++) {
		uint64_t seq = rows[row].acked[i] - 1;
		uint32_t boxes[2] = { message_mailbox(&run, seq, 0),
				      message_mailbox(&run, seq, 1) };

		ledger_add(l, seq, 600, boxes, 2);
	}
	must(ledger_close(&l) == 0);
	for (size_t i = 0; i < FILES_MAX && rows[row].files[i].folder; i++)
		file_write(gen, &rows[row].files[i], i);
	CHECK(verify_run(&cfg, &v) == EX_OK);
	CHECK(v.found_n == rows[row].want.found_n);
	CHECK(v.extra_n == rows[row].want.extra_n);
	CHECK(v.foreign_n == rows[row].want.foreign_n);
	CHECK(v.tmp_n == rows[row].want.tmp_n);
	CHECK(v.missing_n == rows[row].want.missing_n);
	CHECK(v.duplicates_n == rows[row].want.duplicates_n);
	CHECK(v.damaged_n == rows[row].want.damaged_n);
	CHECK(v.misplaced_n == rows[row].want.misplaced_n);
	CHECK(verify_has_fault(&v) ==
	      (v.missing_n || v.duplicates_n || v.damaged_n || v.misplaced_n));
	for (size_t i = 0; i < FILES_MAX && rows[row].files[i].folder; i++) {
		file_path(&rows[row].files[i], i, path);
		unlink(path);
	}
	unlink(ledger_path);
}

static void
test_inputs(void)
{
	struct verify_cfg cfg = { .ledger_path = "/nowhere",
				  .base = base,
				  .format = "%d/%u" };
	char path[128];
	struct verify_result v;
	FILE *f;

	CHECK_ROW("no ledger");
	CHECK(verify_run(&cfg, &v) == EX_NOINPUT);
	CHECK_ROW("no ledger of ours");
	snprintf(path, sizeof(path), "%s/ledger", base);
	f = fopen(path, "w");
	must(f != NULL && fputs("some\nother\nfile\n", f) >= 0 &&
	     fclose(f) == 0);
	cfg.ledger_path = path;
	CHECK(verify_run(&cfg, &v) == EX_DATAERR);
	unlink(path);
}

int
main(void)
{
	char path[64];
	struct message_gen gen;
	const char *why;

	must(mkdtemp(base) != NULL);
	snprintf(path, sizeof(path), "%s/d", base);
	must(mkdir(path, 0700) == 0);
	must(message_gen_open(&gen, &run, &why) == 0);
	folders(true);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&gen, i);
	test_inputs();
	folders(false);
	rmdir(path);
	rmdir(base);
	message_gen_close(&gen);
	return check_end();
}
