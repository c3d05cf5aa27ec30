/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Match lists. Neighbours of one sign in a list become one group, so that a
 * file of a hundred thousand domains is one lookup in an index.
 */
#include "engine/config/match.h"
#include "engine/config/line.h"
#include "engine/config/nets.h"
#include "engine/config/say.h"
#include "engine/config/table_index.h"
#include "engine/config/table_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define FILE_NESTING_MAX 8

enum group_kind { GROUP_NAMES, GROUP_NETS, GROUP_TABLE };

struct group {
	enum group_kind kind;
	bool is_negated;
	struct text names; /* NUL-terminated, while the list is read */
	unsigned names_n;
	struct table_index index;
	struct ip_net *nets;
	unsigned nets_n, nets_cap;
	struct table *table;
};

struct match {
	enum match_kind kind;
	struct group *groups;
	unsigned n;
	unsigned errors_n, warnings_n; /* while it is read */
};

struct reader {
	struct match *m;
	struct tables *set;
	const char *dir, *file;
	unsigned line;
	unsigned nesting;
	bool is_negated; /* by the "!" before the file that is read */
	struct diag *diag;
	bool is_ok;
	bool is_given_up; /* files lead in circles: read no more of them */
};

static bool
is_host_kind(enum match_kind kind)
{
	return kind == MATCH_HOST || kind == MATCH_HOST_DOT;
}

/* Of a list with a million lines of one mistake, the first are said. */
PRINTF_LIKE(3, 4)
static void
complain(struct reader *r, enum diag_level level, const char *fmt, ...)
{
	unsigned *n = level == DIAG_ERROR ? &r->m->errors_n : &r->m->warnings_n;
	char text[300];
	va_list ap;

	if (level == DIAG_ERROR)
		r->is_ok = false;
	if ((*n)++ >= TABLE_COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(r->diag, level, r->file, r->line, "%s", text);
}

#define fail(r, ...) complain(r, DIAG_ERROR, __VA_ARGS__)

static void
say_left_out(const struct reader *r, enum diag_level level, unsigned n)
{
	if (n > TABLE_COMPLAINTS_MAX)
		say(r->diag, level, r->file, r->line,
		    "%u more %s like these in this list",
		    n - TABLE_COMPLAINTS_MAX,
		    level == DIAG_ERROR ? "errors" : "warnings");
}

/* The last group when the next item can join it, else a new one. */
static struct group *
group_for(struct reader *r, enum group_kind kind, bool is_negated)
{
	struct match *m = r->m;
	struct group *g = m->n ? &m->groups[m->n - 1] : NULL;

	if (g != NULL && g->kind == kind && g->is_negated == is_negated &&
	    kind != GROUP_TABLE)
		return g;
	m->groups = realloc(m->groups, (m->n + 1) * sizeof(*m->groups));
	must(m->groups != NULL);
	g = &m->groups[m->n++];
	*g = (struct group) { .kind = kind, .is_negated = is_negated };
	return g;
}

static void
add_table(struct reader *r, struct span item, bool is_negated)
{
	struct table *table =
		table_open_in(r->set, item, r->dir, r->file, r->line, r->diag);

	if (table == NULL)
		r->is_ok = false;
	else
		group_for(r, GROUP_TABLE, is_negated)->table = table;
}

/* Only digits, dots, colons and a slash, or in brackets: an address. */
static bool
is_net_like(struct span item)
{
	for (size_t i = 0; i < item.len; i++)
		if (strchr("0123456789./:", item.p[i]) == NULL ||
		    item.p[i] == '\0')
			return item.p[0] == '[';
	return true;
}

/* What "10.1.2.3/8" should have been: "10.0.0.0/8". */
static void
say_host_bits(struct reader *r, struct span item, struct ip_net *net)
{
	char text[IP_TEXT_MAX];
	bool is_v4 = ip_is_v4(&net->addr) && net->prefix_bits >= 96;

	for (unsigned bit = net->prefix_bits; bit < 128; bit++)
		net->addr.b[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	ip_print(&net->addr, text);
	fail(r,
	     "%.*s: host bits are set beyond the prefix length: write "
	     "%s%s%s/%u",
	     SPAN_FMT(item), is_v4 ? "" : "[", text, is_v4 ? "" : "]",
	     net->prefix_bits - (is_v4 ? 96u : 0u));
}

static void
add_net(struct reader *r, struct span item, bool is_negated)
{
	struct group *g;
	struct ip_net net = { 0 };
	const char *why;

	if (!ip_net_parse(item, &net, &why)) {
		if (strncmp(why, "host bits", 9) == 0)
			say_host_bits(r, item, &net);
		else
			fail(r,
			     "%.*s: %s: write 192.0.2.0/24 or [2001:db8::]/32",
			     SPAN_FMT(item), why);
		return;
	}
	g = group_for(r, GROUP_NETS, is_negated);
	if (g->nets_n == g->nets_cap) {
		g->nets_cap = g->nets_cap ? g->nets_cap * 2 : 8;
		g->nets = realloc(g->nets, g->nets_cap * sizeof(*g->nets));
		must(g->nets != NULL);
	}
	g->nets[g->nets_n++] = net;
}

static void
add_name(struct reader *r, struct span item, bool is_negated)
{
	struct group *g = group_for(r, GROUP_NAMES, is_negated);
	size_t place = g->names.len;

	if (r->m->kind == MATCH_DOMAIN && item.p[0] == '.')
		complain(r, DIAG_WARNING,
			 "%.*s matches nothing while "
			 "parent_domain_matches_subdomains names this list: "
			 "write %.*s, which matches its subdomains too",
			 SPAN_FMT(item), SPAN_FMT(span_from(item, 1)));
	text_add(&g->names, item);
	text_add(&g->names, (struct span) { "", 1 });
	for (size_t i = place; i < g->names.len; i++)
		g->names.p[i] = ascii_lower(g->names.p[i]);
	g->names_n++;
}

static void read_list(struct reader *r, struct span list);

/* Every line of the file, as if it stood in the list itself. */
static void
read_file(struct reader *outer, struct span item, bool is_negated)
{
	char *path = strndup(item.p, item.len);
	struct reader r = *outer;
	struct text text = { 0 };
	int res;

	must(path != NULL);
	r.file = path;
	r.line = 0;
	r.is_negated = is_negated;
	if (++r.nesting > FILE_NESTING_MAX) {
		fail(outer, "%s: files name one another too deeply: at most %d",
		     path, FILE_NESTING_MAX);
		outer->is_given_up = true;
		goto done;
	}
	res = text_read_file(&text, path, 0);
	if (res != 0) {
		say_fail(r.diag, EX_NOINPUT, outer->file, outer->line,
			 "%s cannot be read: %s: create it, or take it out of "
			 "the list",
			 path, strerror(-res));
		outer->is_ok = false;
		goto done;
	}
	for (struct span rest = text_span(&text); rest.len && !r.is_given_up;) {
		size_t n = span_find(rest, '\n');
		struct span line = span_trim(span_to(rest, n));

		r.line++;
		if (line.len && line.p[0] != '#')
			read_list(&r, line);
		rest = span_from(rest, n < rest.len ? n + 1 : n);
	}
	outer->is_ok &= r.is_ok;
	outer->is_given_up = r.is_given_up;
done:
	text_fini(&text);
	free(path);
}

static void
read_item(struct reader *r, struct span item)
{
	bool is_negated = r->is_negated;

	while (item.len && item.p[0] == '!') {
		is_negated = !is_negated;
		item = span_from(item, 1);
	}
	if (item.len == 0)
		fail(r, "\"!\" stands alone: write !name");
	else if (memchr(item.p, '\0', item.len))
		fail(r, "a NUL byte is in this list: remove it");
	else if (item.p[0] == '/')
		read_file(r, item, is_negated);
	else if (is_host_kind(r->m->kind) && is_net_like(item))
		add_net(r, item, is_negated);
	else if (item.p[0] != '[' && span_find(item, ':') < item.len)
		add_table(r, item, is_negated);
	else
		add_name(r, item, is_negated);
}

static void
read_list(struct reader *r, struct span list)
{
	bool is_closed = true;
	struct span item;

	while (!r->is_given_up &&
	       (item = table_list_next(&list, &is_closed)).len) {
		if (item.p[0] == '#') {
			complain(r, DIAG_WARNING,
				 "a comment begins at \"%.*s\": what follows "
				 "on this line is left out: comments stand on "
				 "lines of their own",
				 SPAN_FMT(item));
			break;
		}
		read_item(r, item);
	}
	if (!is_closed)
		fail(r, "a \"{\" in this list is not closed: add \"}\"");
}

/* The names of a group, now that they are all there, as an index. */
static void
index_names(struct group *g)
{
	char *text = g->names.p;
	size_t len = g->names.len;

	must(table_index_init(&g->index, g->names_n) == 0);
	g->index.text = text;
	g->index.text_bytes = len;
	g->names = (struct text) { 0 };
	for (size_t i = 0; i < len;) {
		struct span name = span_of(text + i);

		(void)!table_index_add(&g->index, i, name,
				       table_index_hash(name));
		i += name.len + 1;
	}
}

struct match *
match_open_in(struct tables *set, enum match_kind kind, struct span value,
	      const char *dir, const char *file, unsigned line,
	      struct diag *diag)
{
	struct match *m = must_alloc(sizeof(*m));
	struct reader r = { .m = m,
			    .set = set,
			    .dir = dir,
			    .file = file,
			    .line = line,
			    .diag = diag,
			    .is_ok = true };

	m->kind = kind;
	read_list(&r, value);
	say_left_out(&r, DIAG_WARNING, m->warnings_n);
	say_left_out(&r, DIAG_ERROR, m->errors_n);
	for (unsigned i = 0; i < m->n; i++)
		if (m->groups[i].kind == GROUP_NAMES)
			index_names(&m->groups[i]);
	if (!r.is_ok)
		match_close(&m);
	return m;
}

struct match *
match_open(enum match_kind kind, struct span value, const char *dir,
	   const char *file, unsigned line, struct diag *diag)
{
	return match_open_in(NULL, kind, value, dir, file, line, diag);
}

void
match_close(struct match **match)
{
	struct match *m = *match;

	*match = NULL;
	if (m == NULL)
		return;
	for (unsigned i = 0; i < m->n; i++) {
		text_fini(&m->groups[i].names);
		table_index_fini(&m->groups[i].index);
		free(m->groups[i].nets);
		table_close(&m->groups[i].table);
	}
	free(m->groups);
	free(m);
}

bool
match_is_empty(const struct match *match)
{
	return match == NULL || match->n == 0;
}

/* One lookup of a name in a group: an index of names, or a table. */
static enum table_result
find_one(const struct group *g, struct span name)
{
	struct table_buf buf;
	struct span value;

	if (g->kind == GROUP_TABLE)
		return table_find(g->table, name, &buf, &value);
	return table_index_find(&g->index, name, &value) ? TABLE_FOUND
							 : TABLE_NOT_FOUND;
}

/* name, then its parents as the kind has them: "b.c" or ".b.c". */
static enum table_result
find_name(enum match_kind kind, const struct group *g, struct span name)
{
	bool keeps_dot = kind == MATCH_DOMAIN_DOT || kind == MATCH_HOST_DOT;
	enum table_result res = find_one(g, name);

	/* A table of patterns is asked for the whole name only. */
	if (kind == MATCH_STRING ||
	    (g->kind == GROUP_TABLE && table_is_pattern(g->table)))
		return res;
	while (res == TABLE_NOT_FOUND && name.len > 1) {
		struct span rest = span_from(name, 1);
		size_t dot = span_find(rest, '.');

		if (dot + 1 >= rest.len)
			break;
		name = span_from(rest, keeps_dot ? dot : dot + 1);
		res = find_one(g, name);
	}
	return res;
}

static enum table_result
find_client(enum match_kind kind, const struct group *g, struct span name,
	    struct span ip_text, const struct ip *ip)
{
	enum table_result res = TABLE_NOT_FOUND;

	if (g->kind == GROUP_NETS) {
		for (unsigned i = 0; i < g->nets_n; i++)
			if (nets_has(&g->nets[i], ip))
				return TABLE_FOUND;
		return res;
	}
	if (name.len)
		res = find_name(kind, g, name);
	if (res == TABLE_NOT_FOUND && g->kind == GROUP_TABLE)
		res = find_one(g, ip_text);
	return res;
}

static enum table_result
decide(const struct group *g, enum table_result res)
{
	if (res == TABLE_FOUND && g->is_negated)
		return TABLE_NOT_FOUND;
	return res;
}

enum table_result
match_name(const struct match *match, struct span name)
{
	for (unsigned i = 0; match != NULL && i < match->n; i++) {
		const struct group *g = &match->groups[i];
		enum table_result res;

		if (g->kind == GROUP_NETS)
			continue;
		res = find_name(match->kind, g, name);
		if (res != TABLE_NOT_FOUND)
			return decide(g, res);
	}
	return TABLE_NOT_FOUND;
}

enum table_result
match_client(const struct match *match, struct span name, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	struct span ip_text = { text, ip_print(ip, text) };

	for (unsigned i = 0; match != NULL && i < match->n; i++) {
		const struct group *g = &match->groups[i];
		enum table_result res =
			find_client(match->kind, g, name, ip_text, ip);

		if (res != TABLE_NOT_FOUND)
			return decide(g, res);
	}
	return TABLE_NOT_FOUND;
}

struct each {
	match_name_fn *name;
	void *ctx;
};

static void
each_name(void *arg, struct span key, struct span value)
{
	struct each *each = arg;

	(void)value;
	each->name(each->ctx, key);
}

void
match_each(const struct match *match, match_name_fn *name, void *ctx)
{
	struct each each = { .name = name, .ctx = ctx };

	for (unsigned i = 0; match != NULL && i < match->n; i++) {
		const struct group *g = &match->groups[i];

		if (g->kind == GROUP_NAMES && !g->is_negated)
			table_index_each(&g->index, each_name, &each);
	}
}
