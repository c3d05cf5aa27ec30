/* SPDX-License-Identifier: BSD-2-Clause */
/* master.cf: eight columns, then the command's arguments. */
#include "engine/config/mastercf.h"
#include "engine/config/line.h"
#include "engine/config/say.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sysexits.h>

#define MASTERCF_BYTES_MAX (16u * 1024 * 1024)

enum column { NAME, TYPE, PRIVATE, UNPRIV, CHROOT, WAKEUP, MAXPROC, COMMAND };

static const char *const column_names[] = {
	"the service's name",
	"the type",
	"private",
	"unpriv",
	"chroot",
	"wakeup",
	"maxproc",
	"the command",
};

struct parser {
	struct store *st;
	const char *file;
	unsigned line;
	struct diag *diag;
};

static struct span
skip_space(struct span s)
{
	while (s.len && line_is_space(s.p[0]))
		s = span_from(s, 1);
	return s;
}

/* The next column: braces mean nothing there. */
static bool
next_column(struct span *rest, struct span *out)
{
	size_t n = 0;

	*rest = skip_space(*rest);
	while (n < rest->len && !line_is_space(rest->p[n]))
		n++;
	*out = span_to(*rest, n);
	*rest = span_from(*rest, n);
	return n > 0;
}

/* The next argument: {...} is one, without the braces. */
static bool
next_word(struct span *rest, struct span *out, bool *is_braced_out)
{
	size_t n = 0;
	unsigned level = 0;

	*rest = skip_space(*rest);
	*is_braced_out = rest->len && rest->p[0] == '{';
	for (; n < rest->len; n++) {
		if (*is_braced_out && rest->p[n] == '{')
			level++;
		if (*is_braced_out && rest->p[n] == '}' && --level == 0)
			break;
		if (!*is_braced_out && line_is_space(rest->p[n]))
			break;
	}
	*out = span_to(*rest, n);
	*rest = span_from(*rest, n);
	if (!*is_braced_out)
		return out->len != 0;
	*out = span_trim(span_from(*out, 1));
	if (rest->len == 0)
		return false; /* never closed */
	*rest = span_from(*rest, 1);
	return true;
}

static bool
is_one_of(struct span s, const char *words)
{
	struct span list = span_of(words), word;

	while ((word = span_word(&list, " ")).len)
		if (span_is_equal(word, s))
			return true;
	return false;
}

static bool
is_number(struct span s)
{
	uint64_t n;

	return span_to_u64(s, &n) && n <= INT32_MAX;
}

/* NULL, or what would be right. */
static const char *
column_fix(enum column column, struct span s)
{
	struct span digits = s;

	switch (column) {
	case TYPE:
		return is_one_of(s, "inet unix unix-dgram fifo pass")
			       ? NULL
			       : "write inet, unix, unix-dgram, fifo or pass";
	case PRIVATE:
	case UNPRIV:
	case CHROOT:
		return is_one_of(s, "y n -") ? NULL : "write y, n or -";
	case WAKEUP:
		if (digits.len > 1 && digits.p[digits.len - 1] == '?')
			digits.len--;
		return is_one_of(s, "-") || is_number(digits)
			       ? NULL
			       : "write seconds, perhaps with \"?\", or -";
	case MAXPROC:
		return is_one_of(s, "-") || is_number(s)
			       ? NULL
			       : "write a number or -";
	case NAME:
	case COMMAND:
		return NULL;
	}
	return NULL;
}

static bool
parse_columns(const struct parser *p, struct span *rest,
	      struct span columns[COMMAND + 1])
{
	for (enum column i = NAME; i <= COMMAND; i++) {
		const char *fix;

		if (!next_column(rest, &columns[i])) {
			say(p->diag, DIAG_ERROR, p->file, p->line,
			    "%.*s: %s is missing: a service has eight "
			    "columns: name type private unpriv chroot wakeup "
			    "maxproc command",
			    SPAN_FMT(columns[NAME]), column_names[i]);
			return false;
		}
		fix = column_fix(i, columns[i]);
		if (fix != NULL) {
			say(p->diag, DIAG_ERROR, p->file, p->line,
			    "%.*s: \"%.*s\" is not right for %s: %s",
			    SPAN_FMT(columns[NAME]), SPAN_FMT(columns[i]),
			    column_names[i], fix);
			return false;
		}
	}
	return true;
}

/* What follows -o. */
static bool
parse_option(const struct parser *p, struct settings *options,
	     struct span *rest)
{
	struct span text, name, value;
	const char *why;
	bool is_braced;

	if (!next_word(rest, &text, &is_braced)) {
		say(p->diag, DIAG_ERROR, p->file, p->line,
		    "name=value is missing after -o, or its \"{\" is not "
		    "closed");
		return false;
	}
	if (!maincf_split(text, &name, &value, &why)) {
		say(p->diag, DIAG_ERROR, p->file, p->line,
		    "-o %.*s: write -o name=value without white space, or -o "
		    "{ name = value }",
		    SPAN_FMT(text));
		return false;
	}
	settings_set(options,
		     &(struct setting) { .name = store_str(p->st, name),
					 .value = store_str(p->st, value),
					 .file = p->file,
					 .line = p->line });
	return true;
}

/*
 * Only smtpd's arguments are looked into: -o, and flags that ask for more
 * logging. Those of other commands are theirs (argv=… of pipe).
 */
static bool
parse_arguments(const struct parser *p, struct settings *options,
		struct span rest)
{
	struct span word;
	bool is_braced, is_ok = true;

	while (next_word(&rest, &word, &is_braced)) {
		if (!is_braced && span_is_equal(word, SPAN("-o"))) {
			is_ok &= parse_option(p, options, &rest);
		} else if (!is_braced && word.len > 2 &&
			   span_has_prefix_nocase(word, SPAN("-o"))) {
			struct span glued = span_from(word, 2);

			is_ok &= parse_option(p, options, &glued);
		} else if (!is_one_of(word, "-v -vv -vvv -D -S")) {
			say(p->diag, DIAG_ERROR, p->file, p->line,
			    "\"%.*s\" is no argument of smtpd: write -o "
			    "name=value without white space, or -o { name = "
			    "value }",
			    SPAN_FMT(word));
			return false;
		}
	}
	if (is_braced) {
		say(p->diag, DIAG_ERROR, p->file, p->line,
		    "a \"{\" is not closed: add \"}\"");
		return false;
	}
	return is_ok;
}

/* The place of an entry: that of an older one with its name and type. */
static struct mastercf_entry *
entry_for(struct mastercf *m, const struct parser *p, struct span name,
	  struct span type)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct mastercf_entry *e = &m->all[i];

		if (!span_is_equal(span_of(e->name), name) ||
		    !span_is_equal(span_of(e->type), type))
			continue;
		say(p->diag, DIAG_WARNING, p->file, p->line,
		    "%s %s replaces the one of line %u: remove one of them",
		    e->name, e->type, e->line);
		settings_fini(&e->options);
		return e;
	}
	m->all = realloc(m->all, (m->n + 1) * sizeof(*m->all));
	must(m->all != NULL);
	return &m->all[m->n++];
}

static bool
parse_line(struct mastercf *m, const struct parser *p, const struct line *line)
{
	struct span rest = { line->p, line->len }, columns[COMMAND + 1] = { 0 };
	struct mastercf_entry *e;

	if (line->is_indented || line->has_nul) {
		say(p->diag, DIAG_ERROR, p->file, p->line,
		    line->has_nul ? "a NUL byte is in this line: remove it"
				  : "this line begins with white space, but "
				    "there is none before it that it could "
				    "continue: remove the white space");
		return false;
	}
	if (!parse_columns(p, &rest, columns))
		return false;
	e = entry_for(m, p, columns[NAME], columns[TYPE]);
	*e = (struct mastercf_entry) {
		.name = store_str(p->st, columns[NAME]),
		.type = store_str(p->st, columns[TYPE]),
		.command = store_str(p->st, columns[COMMAND]),
		.line = p->line,
	};
	if (!span_is_equal(columns[COMMAND], SPAN("smtpd")))
		return true;
	return parse_arguments(p, &e->options, rest);
}

int
mastercf_parse(struct mastercf *m, struct store *st, char *text, size_t len,
	       const char *file, struct diag *diag)
{
	struct line_reader r;
	struct line line;
	bool is_ok = true;

	line_reader_init(&r, text, len);
	while (line_next(&r, &line)) {
		struct parser p = {
			.st = st, .file = file, .line = line.first, .diag = diag
		};

		is_ok &= parse_line(m, &p, &line);
	}
	return is_ok ? 0 : -EINVAL;
}

int
mastercf_read(struct mastercf *m, struct store *st, const char *file,
	      struct diag *diag)
{
	struct text text = { 0 };
	int res = text_read_file(&text, file, MASTERCF_BYTES_MAX);

	if (res != 0) {
		say_fail(diag, EX_NOINPUT, file, 0,
			 "cannot be read: %s: it lists the services, such as "
			 "\"smtp inet n - n - - smtpd\"",
			 strerror(-res));
		return -EINVAL;
	}
	if (text.len)
		res = mastercf_parse(m, st, text.p, text.len, file, diag);
	text_fini(&text);
	return res;
}

void
mastercf_fini(struct mastercf *m)
{
	for (unsigned i = 0; i < m->n; i++)
		settings_fini(&m->all[i].options);
	free(m->all);
	*m = (struct mastercf) { 0 };
}

/* A number, a name of /etc/services, or one that every mail system knows. */
static bool
parse_port(struct span text, uint16_t *out)
{
	static const struct {
		const char *name;
		uint16_t port;
	} known[] = { { "lmtp", 24 },
		      { "smtp", 25 },
		      { "smtps", 465 },
		      { "submissions", 465 },
		      { "submission", 587 } };
	struct servent *found;
	char name[64];
	uint64_t n;

	if (span_to_u64(text, &n)) {
		*out = (uint16_t)n;
		return n > 0 && n < 65536;
	}
	if (text.len == 0 || text.len >= sizeof(name))
		return false;
	for (size_t i = 0; i < ARRAY_N(known); i++) {
		*out = known[i].port;
		if (span_is_equal(text, span_of(known[i].name)))
			return true;
	}
	span_copy(text, name, sizeof(name));
	found = getservbyname(name, "tcp");
	if (found == NULL)
		return false;
	*out = ntohs((uint16_t)found->s_port);
	return true;
}

bool
mastercf_split_address(struct span name, struct span *host_out,
		       uint16_t *port_out, const char **why)
{
	size_t colon = span_find_last(name, ':');
	struct span port = name;

	*host_out = (struct span) { "", 0 };
	*why = "write a port, host:port or [address]:port";
	if (colon < name.len) {
		*host_out = span_to(name, colon);
		port = span_from(name, colon + 1);
		if (host_out->len && host_out->p[0] == '[') {
			if (host_out->len < 3 ||
			    host_out->p[host_out->len - 1] != ']')
				return false;
			*host_out = (struct span) { host_out->p + 1,
						    host_out->len - 2 };
		} else if (span_find(*host_out, ':') < host_out->len) {
			*why = "an IPv6 address stands in brackets: "
			       "[::1]:2525";
			return false;
		}
	}
	*why = "there is no such port: write a number from 1 to 65535, or a "
	       "name of /etc/services";
	return parse_port(port, port_out);
}
