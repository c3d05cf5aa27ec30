/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of any type, or a match list, and keys that are looked up in it.
 *
 * Input: a letter for the type, in the order of `kinds`; a line whose own
 * letters say how; the table's text; "\n%%\n"; keys, one a line. What a table
 * says it has is found in it, in any case and with the value it says; written
 * out, it reads the same.
 */
#include "engine/config/match.h"
#include "engine/config/table_index.h"
#include "engine/config/table_rules.h"
#include "tests/fuzz/config_fuzz.h"

#include <unistd.h>

#include <sys/mman.h>

#define FILE_NAME "fuzz.cf"
#define DIR_NAME  "/dev/null" /* no file stands under it */
#define KEYS_MAX  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum kind {
	TEXT,
	ALIASES,
	INLINE,
	CIDR,
	REGEXP,
	PCRE,
	COMBINED,
	MATCH,
	KIND_N
};

static const char kinds[KIND_N + 1] = "tainrpum";

struct input {
	enum kind kind;
	struct span how, text, keys;
};

static struct span
next_line(struct span *rest)
{
	struct span line = span_to(*rest, span_find(*rest, '\n'));

	*rest = span_from(*rest, line.len + (line.len < rest->len));
	return line;
}

static bool
split(struct span all, struct input *in)
{
	const char *letter, *end;

	if (all.len == 0 || all.p[0] == '\0' ||
	    (letter = strchr(kinds, all.p[0])) == NULL)
		return false;
	all = span_from(all, 1);
	*in = (struct input) { .kind = (enum kind)(letter - kinds) };
	in->how = next_line(&all);
	in->text = all;
	end = all.len ? memmem(all.p, all.len, "\n%%\n", 4) : NULL;
	if (end != NULL) {
		in->text.len = (size_t)(end - all.p) + 1;
		in->keys = span_from(all, in->text.len + 3);
	}
	return true;
}

static bool
has_letter(struct span s, char c)
{
	return span_find(s, c) < s.len;
}

/* --- what a lookup in any table must be --- */

static enum table_result
find(const struct table *table, struct span key, struct span *value_out)
{
	static struct table_buf bufs[2];
	struct span again = { 0 };
	enum table_result res = table_find(table, key, &bufs[0], value_out);

	must(res == TABLE_FOUND || res == TABLE_NOT_FOUND ||
	     res == TABLE_ERROR);
	must(table_find(table, key, &bufs[1], &again) == res);
	if (res == TABLE_FOUND)
		must(span_is_equal(*value_out, again));
	return res;
}

struct walk {
	const struct table *table;
	uint64_t rows_n;
	FILE *out;
	bool is_aliases;
};

static void
check_row(void *arg, const struct table *table, struct span key,
	  struct span value)
{
	struct walk *w = arg;
	struct span got;
	char *upper = fuzz_copy(key);

	must(table == w->table);
	must(find(table, key, &got) == TABLE_FOUND && got.p == value.p &&
	     got.len == value.len);
	for (size_t i = 0; i < key.len; i++) {
		must(ascii_lower(upper[i]) == upper[i]);
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] = (char)(upper[i] & ~0x20);
	}
	must(find(table, (struct span) { upper, key.len }, &got) ==
		     TABLE_FOUND &&
	     got.p == value.p);
	/* The NUL behind it is no part of the key. */
	must(find(table, (struct span) { upper, key.len + 1 }, &got) ==
	     TABLE_NOT_FOUND);
	free(upper);
	w->rows_n++;
	if (w->is_aliases)
		fputc('"', w->out);
	for (size_t i = 0; i < key.len; i++) {
		if (w->is_aliases && strchr("\"\\", key.p[i]))
			fputc('\\', w->out);
		fputc(key.p[i], w->out);
	}
	fprintf(w->out, "%s %.*s\n", w->is_aliases ? "\":" : "",
		SPAN_FMT(value));
}

static void
look_up_keys(const struct table *table, struct span keys)
{
	for (unsigned i = 0; i < KEYS_MAX && keys.len; i++) {
		struct span key = next_line(&keys), value = { 0 };
		enum table_result res = find(table, key, &value);

		if (res == TABLE_FOUND)
			must(value.len == 0 || value.p != NULL);
	}
	must(table_entries_n(table) <= table_memory_bytes(table) ||
	     table_is_pattern(table));
}

/* --- text --- */

static struct table *
open_text(const struct input *in, struct span text, struct diag *diag)
{
	struct table_complaints c = { .diag = diag, .path = FILE_NAME };
	struct table_index ix;
	struct table *table = NULL;
	bool is_ok = table_text_index(
		&ix, fuzz_copy(text), text.len,
		in->kind == ALIASES ? TABLE_ALIASES : TABLE_POSTMAP, &c);

	must(is_ok == (diag->errors_n == 0));
	if (is_ok)
		table = table_of_index(&ix);
	table_index_fini(&ix);
	return table;
}

/* As opened by table_open(): in its fields and its end. */
static struct table *
own(struct table *table)
{
	if (table == NULL)
		return NULL;
	table->name = strdup("fuzz");
	must(table->name != NULL);
	atomic_init(&table->refs, 1);
	return table;
}

struct compare {
	const struct table *other;
};

static void
compare_row(void *arg, const struct table *table, struct span key,
	    struct span value)
{
	struct compare *c = arg;
	struct span got;

	(void)table;
	must(find(c->other, key, &got) == TABLE_FOUND);
	must(span_is_equal(got, value));
}

static void
check_text(const struct input *in, const struct table *table)
{
	struct walk w = { .table = table, .is_aliases = in->kind == ALIASES };
	struct compare c;
	struct table *again;
	struct diag diag;
	size_t len;
	char *text;

	w.out = open_memstream(&text, &len);
	must(w.out != NULL);
	table->each(table, check_row, &w);
	fclose(w.out);
	must(w.rows_n == table_entries_n(table));
	if (in->kind == INLINE) {
		free(text);
		return;
	}
	diag_init(&diag);
	again = own(open_text(in, (struct span) { text, len }, &diag));
	must(again != NULL);
	must(table_entries_n(again) == w.rows_n);
	c.other = again;
	table->each(table, compare_row, &c);
	table_close(&again);
	diag_fini(&diag);
	free(text);
}

/* --- types with an inline form, and lists --- */

/* As a value of main.cf has it: in one line, and without NUL. */
static void
add_value(struct text *t, struct span s)
{
	size_t from = t->len;

	text_add(t, s);
	for (size_t i = from; i < t->len; i++)
		if (t->p[i] == '\n' || t->p[i] == '\0')
			t->p[i] = ' ';
}

static struct table *
open_inline(const char *type, struct span text, struct diag *diag)
{
	struct text name = { 0 };
	struct table *table;

	text_addf(&name, "%s:{", type);
	add_value(&name, text);
	text_add(&name, SPAN("}"));
	table = table_open_in(NULL, text_span(&name), DIR_NAME, FILE_NAME, 1,
			      diag);
	text_fini(&name);
	return table;
}

/*
 * libc's and libpcre2's compilers are theirs to test: what makes a pattern take
 * long is left out, as no operator would write it.
 */
static bool
is_modest(struct span text)
{
	unsigned counts = 0, repeats = 0;

	for (size_t i = 0; i < text.len; i++) {
		counts += strchr("*+?{(", text.p[i]) != NULL;
		repeats += text.p[i] == '{';
		if (text.p[i] == '\\' && i + 1 < text.len &&
		    text.p[i + 1] >= '1' && text.p[i + 1] <= '9')
			return false;
	}
	return counts < 40 && repeats < 8;
}

static struct table *
open_rules(const struct input *in, struct diag *diag)
{
	static const struct table_rules_kind *const rules[KIND_N] = {
		[CIDR] = &table_cidr_kind,
		[REGEXP] = &table_regexp_kind,
		[PCRE] = &table_pcre_kind,
	};
	static const char *const types[KIND_N] = {
		[CIDR] = "cidr", [REGEXP] = "regexp", [PCRE] = "pcre"
	};
	struct table_complaints c = { .diag = diag, .path = FILE_NAME };

	if (in->kind != CIDR && !is_modest(in->text))
		return NULL;
	if (has_letter(in->how, 'i'))
		return open_inline(types[in->kind], in->text, diag);
	return own(table_rules_parse(rules[in->kind], fuzz_copy(in->text),
				     in->text.len, &c));
}

static void
count_name(void *arg, struct span name)
{
	must(name.len == 0 || name.p != NULL);
	++*(unsigned *)arg;
}

static void
check_match(const struct match *m, struct span keys)
{
	unsigned names_n = 0;

	match_each(m, count_name, &names_n);
	must(names_n == 0 || !match_is_empty(m));
	for (unsigned i = 0; i < KEYS_MAX && keys.len; i++) {
		struct span key = next_line(&keys);
		struct ip ip = { { 0 } };

		(void)match_name(m, key);
		(void)ip_parse(key, &ip);
		(void)match_client(m, key, &ip);
	}
}

/* A list in main.cf, or with "f" a file that a list names. */
static void
try_match(const struct input *in, unsigned lines_n, struct diag *diag)
{
	enum match_kind kind =
		in->how.len ? (enum match_kind)((unsigned char)in->how.p[0] %
						(MATCH_HOST_DOT + 1))
			    : MATCH_STRING;
	char path[64] = FILE_NAME;
	struct text value = { 0 };
	struct match *m;
	int fd = -1;

	if (!fuzz_is_hermetic(in->text))
		return;
	if (has_letter(in->how, 'f')) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		must(fd >= 0);
		must(write(fd, in->text.p, in->text.len) ==
		     (ssize_t)in->text.len);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		m = match_open(kind, span_of(path), DIR_NAME, "main.cf", 1,
			       diag);
	} else {
		add_value(&value, in->text);
		m = match_open(kind, text_span(&value), DIR_NAME, FILE_NAME, 1,
			       diag);
	}
	must((m != NULL) == (diag->errors_n == 0));
	if (m != NULL)
		check_match(m, in->keys);
	fuzz_check_findings(diag, path, lines_n, "main.cf");
	match_close(&m);
	text_fini(&value);
	if (fd >= 0)
		close(fd);
}

static void
try_table(const struct input *in, unsigned lines_n, struct diag *diag)
{
	struct table *table = NULL;

	switch (in->kind) {
	case TEXT:
	case ALIASES:
		table = own(open_text(in, in->text, diag));
		break;
	case INLINE:
		table = open_inline("inline", in->text, diag);
		break;
	case CIDR:
	case REGEXP:
	case PCRE:
		table = open_rules(in, diag);
		break;
	case COMBINED:
		if (fuzz_is_hermetic(in->text) && is_modest(in->text))
			table = open_inline(has_letter(in->how, 'p')
						    ? "pipemap"
						    : "unionmap",
					    in->text, diag);
		break;
	case MATCH:
	case KIND_N:
		break;
	}
	must(table == NULL || diag->errors_n == 0);
	fuzz_check_findings(diag, FILE_NAME, lines_n, NULL);
	if (table == NULL)
		return;
	look_up_keys(table, in->keys);
	if (table->each != NULL)
		check_text(in, table);
	table_close(&table);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in;
	struct diag diag;
	unsigned lines_n;

	if (!split((struct span) { (const char *)data, n }, &in))
		return 0;
	lines_n = fuzz_lines_n(in.text);
	diag_init(&diag);
	if (in.kind == MATCH)
		try_match(&in, lines_n, &diag);
	else
		try_table(&in, lines_n, &diag);
	diag_fini(&diag);
	return 0;
}
