/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a maildir: names, creating, moving, finding again. */
#include "deliver/maildir.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>

static void
test_host(void)
{
	static const struct {
		const char *host, *want;
	} rows[] = {
		{ "mx.example.org", "mx.example.org" },
		{ "a/b:c", "a\\057b\\072c" },
		{ "odd\nname \x7f", "odd?name??" },
		{ "", "" },
	};
	char out[MAILDIR_HOST_MAX + 1], longest[2 * MAILDIR_HOST_MAX];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].host);
		maildir_host(rows[i].host, out);
		CHECK_SPAN(span_of(out), rows[i].want);
	}
	CHECK_ROW("too long");
	memset(longest, ':', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	maildir_host(longest, out);
	CHECK(strlen(out) <= MAILDIR_HOST_MAX && strlen(out) % 4 == 0);
}

static void
test_name(void)
{
	static const struct {
		const char *name;
		uint64_t arrival_us, id;
		uint32_t rcpt_idx;
		const char *want;
	} rows[] = {
		{ "usual", 1795410252999999, 0x0123456789ABCDEF, 7,
		  "1795410252.Q0123456789ABCDEFR7.h" },
		{ "smallest", 0, 0, 0, "0.Q0000000000000000R0.h" },
		{ "largest", UINT64_MAX, UINT64_MAX, UINT32_MAX,
		  "18446744073709.QFFFFFFFFFFFFFFFFR4294967295.h" },
	};
	char host[MAILDIR_HOST_MAX + 1], out[MAILDIR_NAME_MAX];
	uint64_t id;
	uint32_t rcpt_idx;

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		unsigned len;

		CHECK_ROW(rows[i].name);
		len = maildir_name(out, rows[i].arrival_us, rows[i].id,
				   rows[i].rcpt_idx, "h");
		CHECK(len == strlen(out));
		CHECK_SPAN(span_of(out), rows[i].want);
		CHECK(maildir_name_parse(out, &id, &rcpt_idx));
		CHECK(id == rows[i].id && rcpt_idx == rows[i].rcpt_idx);
	}
	CHECK_ROW("longest host");
	memset(host, 'h', MAILDIR_HOST_MAX);
	host[MAILDIR_HOST_MAX] = '\0';
	CHECK(maildir_name(out, UINT64_MAX, UINT64_MAX, UINT32_MAX, host) <
	      MAILDIR_NAME_MAX);
	CHECK(maildir_name_parse(out, &id, &rcpt_idx));
}

static void
test_parse(void)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ "1795410252.Q0123456789ABCDEFR7.mx.example.org", true },
		{ "1795410252.Q0123456789ABCDEFR7.mx.example.org:2,FS", true },
		{ "1795410252.Q0123456789ABCDEFR7.mx,S=12,W=13:2,", true },
		{ "1.Q0123456789ABCDEFR0.", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ ".Q0123456789ABCDEFR0.h", false },
		{ "1795410252.V801I5M77.mx.example.org", false },
		{ "1795410252.Q0123456789abcdefR7.mx", false },
		{ "1795410252.Q0123456789ABCDER7.mx", false },
		{ "1795410252.Q0123456789ABCDEFF7.mx", false },
		{ "1795410252.Q0123456789ABCDEFR.mx", false },
		{ "1795410252.Q0123456789ABCDEFR7", false },
		{ "1795410252.Q0123456789ABCDEFR4294967296.mx", false },
		{ "1795410252.Q0123456789ABCDEFRx.mx", false },
		{ "x1795410252.Q0123456789ABCDEFR7.mx", false },
		{ "1795410252.Q012", false },
		{ "1795410252.Q", false },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		/* Exact copies: reading past the end is seen by ASan. */
		char *copy = strdup(rows[i].name);
		uint64_t id = 0;
		uint32_t rcpt_idx = 99;

		CHECK_ROW(rows[i].name);
		CHECK(maildir_name_parse(copy, &id, &rcpt_idx) == rows[i].ok);
		CHECK(!rows[i].ok || id == 0x0123456789ABCDEF);
		free(copy);
	}
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode;
}

static void
write_file(struct span box, struct span name, const char *text)
{
	struct maildir_path path;
	int fd = maildir_create(&path, box, name, (gid_t)-1);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
check_text(const char *path, const char *want)
{
	char *got = scratch_read(scratch_path(path));

	CHECK(got != NULL && strcmp(got, want) == 0);
	free(got);
}

static void
test_create_and_move(void)
{
	char box_text[512];
	struct span box, name = SPAN("1.Q1R1.h");
	struct maildir_path path;
	char deep[PATH_MAX];
	int fd;

	snprintf(box_text, sizeof(box_text), "%s/a/b/c/", scratch_dir);
	box = span_of(box_text);

	CHECK_ROW("everything is made");
	write_file(box, name, "one");
	CHECK(mode_of(scratch_path("a")) == (S_IFDIR | 0700));
	CHECK(mode_of(scratch_path("a/b/c")) == (S_IFDIR | 0700));
	CHECK(mode_of(scratch_path("a/b/c/tmp")) == (S_IFDIR | 0700));
	CHECK(mode_of(scratch_path("a/b/c/new")) == (S_IFDIR | 0700));
	CHECK(mode_of(scratch_path("a/b/c/cur")) == (S_IFDIR | 0700));
	CHECK(mode_of(scratch_path("a/b/c/tmp/1.Q1R1.h")) == (S_IFREG | 0600));

	CHECK_ROW("a torn one of that name makes way");
	write_file(box, name, "zwo");
	check_text("a/b/c/tmp/1.Q1R1.h", "zwo");

	CHECK_ROW("moved");
	CHECK(maildir_move(box, name, NULL, (gid_t)-1) == 0);
	check_text("a/b/c/new/1.Q1R1.h", "zwo");
	CHECK(mode_of(scratch_path("a/b/c/tmp/1.Q1R1.h")) == 0);
	CHECK(maildir_move(box, name, NULL, (gid_t)-1) == -ENOENT);

	CHECK_ROW("moved although new/ has vanished");
	write_file(box, name, "three");
	CHECK(unlink(scratch_path("a/b/c/new/1.Q1R1.h")) == 0);
	CHECK(rmdir(scratch_path("a/b/c/new")) == 0);
	CHECK(maildir_move(box, name, NULL, (gid_t)-1) == 0);
	check_text("a/b/c/new/1.Q1R1.h", "three");

	CHECK_ROW("moved in place of a torn one");
	CHECK(rename(scratch_path("a/b/c/new/1.Q1R1.h"),
		     scratch_path("a/b/c/cur/1.Q1R1.h:2,S")) == 0);
	write_file(box, name, "four");
	CHECK(maildir_move(box, name, scratch_path("a/b/c/cur/1.Q1R1.h:2,S"),
			   (gid_t)-1) == 0);
	check_text("a/b/c/cur/1.Q1R1.h:2,S", "four");
	CHECK(mode_of(scratch_path("a/b/c/new/1.Q1R1.h")) == 0);

	CHECK_ROW("discarded");
	write_file(box, name, "five");
	maildir_discard(box, name);
	CHECK(mode_of(scratch_path("a/b/c/tmp/1.Q1R1.h")) == 0);

	CHECK_ROW("a mailbox whose tmp/ has vanished is made again");
	CHECK(rmdir(scratch_path("a/b/c/tmp")) == 0);
	write_file(box, name, "six");
	CHECK(maildir_move(box, name, NULL, (gid_t)-1) == 0);

	CHECK_ROW("own group");
	fd = maildir_create(&path, box, name, getegid());
	CHECK(fd >= 0);
	close(fd);
	CHECK_ROW("a group that one is not in");
	CHECK(maildir_create(&path, box, SPAN("x"), 4242) == -EPERM);
	CHECK(mode_of(scratch_path("a/b/c/tmp/x")) == 0);

	CHECK_ROW("no permission");
	CHECK(maildir_create(&path, SPAN("/proc/x/"), name, (gid_t)-1) < 0);
	CHECK_ROW("too long");
	memset(deep, 'x', sizeof(deep));
	CHECK(maildir_create(&path, (struct span) { deep, sizeof(deep) - 9 },
			     name, (gid_t)-1) == -ENAMETOOLONG);
	CHECK_ROW("a file where a directory should be");
	scratch_write(scratch_path("file"), "");
	snprintf(box_text, sizeof(box_text), "%s/file/box/", scratch_dir);
	CHECK(maildir_create(&path, span_of(box_text), name, (gid_t)-1) ==
	      -ENOTDIR);
}

/* Where wanted message `id` was found, under `box`; "": nowhere. */
static void
check_found(const struct maildir_wanted *w, size_t n, uint64_t id,
	    const char *want, bool is_whole)
{
	for (size_t i = 0; i < n; i++) {
		if (w[i].queue_id != id)
			continue;
		CHECK(w[i].is_found == (*want != '\0'));
		CHECK(w[i].is_whole == is_whole);
		if (*want && w[i].path != NULL)
			CHECK_SPAN(span_of(w[i].path), want);
		return;
	}
	CHECK(!"wanted");
}

static void
test_find(void)
{
	static const char *const files[] = {
		"new/1.Q0000000000000001R0.h",
		"cur/1.Q0000000000000002R0.h:2,FRS",
		"cur/1.Q0000000000000003R0.otherhost:2,",
		"new/1.Q0000000000000004R1.h",
		"tmp/1.Q0000000000000005R0.h",
		"new/unrelated",
		"new/1.Q0000000000000006R0.h",	   /* too short */
		"cur/1.Q0000000000000007R0.h:2,S", /* too long */
		"cur/.Q0000000000000001R0.h",
	};
	struct maildir_wanted wanted[9] = { 0 };
	char box_text[512];
	struct span box;

	snprintf(box_text, sizeof(box_text), "%s/find/", scratch_dir);
	box = span_of(box_text);
	CHECK_ROW("in a mailbox that does not exist");
	wanted[0].queue_id = 1;
	CHECK(maildir_find(box, wanted, 1) == 0);
	CHECK(!wanted[0].is_found);

	CHECK_ROW("made");
	write_file(box, SPAN("x"), "");
	for (size_t i = 0; i < ARRAY_N(files); i++) {
		char path[256];

		snprintf(path, sizeof(path), "find/%s", files[i]);
		scratch_write(scratch_path(path), i == 6   ? "12"
						  : i == 7 ? "1234"
							   : "123");
	}
	for (size_t i = 0; i < ARRAY_N(wanted); i++)
		wanted[i] = (struct maildir_wanted) {
			.queue_id = ARRAY_N(wanted) - i,
			.bytes = 3,
		};
	CHECK(maildir_find(box, wanted, ARRAY_N(wanted)) == 0);
	CHECK_ROW("in new/");
	check_found(wanted, ARRAY_N(wanted), 1,
		    scratch_path("find/new/1.Q0000000000000001R0.h"), true);
	CHECK_ROW("in cur/, with flags");
	check_found(wanted, ARRAY_N(wanted), 2,
		    scratch_path("find/cur/1.Q0000000000000002R0.h:2,FRS"),
		    true);
	CHECK_ROW("in cur/, under an earlier myhostname");
	check_found(wanted, ARRAY_N(wanted), 3,
		    scratch_path("find/cur/1.Q0000000000000003R0.otherhost:2,"),
		    true);
	CHECK_ROW("another recipient's");
	check_found(wanted, ARRAY_N(wanted), 4, "", false);
	CHECK_ROW("in tmp/ only");
	check_found(wanted, ARRAY_N(wanted), 5, "", false);
	CHECK_ROW("too short");
	check_found(wanted, ARRAY_N(wanted), 6,
		    scratch_path("find/new/1.Q0000000000000006R0.h"), false);
	CHECK_ROW("too long");
	check_found(wanted, ARRAY_N(wanted), 7,
		    scratch_path("find/cur/1.Q0000000000000007R0.h:2,S"),
		    false);
	CHECK_ROW("not there");
	check_found(wanted, ARRAY_N(wanted), 8, "", false);
	for (size_t i = 0; i < ARRAY_N(wanted); i++)
		free(wanted[i].path);

	CHECK_ROW("nobody knows");
	CHECK(chmod(scratch_path("find/cur"), 0) == 0);
	wanted[0] = (struct maildir_wanted) { .queue_id = 9 };
	CHECK(maildir_find(box, wanted, 1) == -EACCES);
	CHECK(chmod(scratch_path("find/cur"), 0700) == 0);
}

int
main(void)
{
	scratch_open("maildir");
	umask(022);
	test_host();
	test_name();
	test_parse();
	test_create_and_move();
	test_find();
	scratch_close();
	return check_end();
}
