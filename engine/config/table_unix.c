/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix:passwd.byname and unix:group.byname: the accounts that the name service
 * enumerates, read once. Accounts of a directory server that does not
 * enumerate (sssd with enumerate = false) are not in it: a lookup that asked
 * would make a worker wait.
 */
#include "engine/config/say.h"
#include "engine/config/table_index.h"
#include "engine/config/table_priv.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

/* "name\0value\0" rows, and how many. */
struct rows {
	struct text text;
	uint64_t n;
};

static void
end_row(struct rows *rows)
{
	text_add(&rows->text, (struct span) { "", 1 });
	rows->n++;
}

static void
read_passwd(struct rows *rows)
{
	struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL) {
		text_addf(&rows->text, "%s", pw->pw_name);
		text_add(&rows->text, (struct span) { "", 1 });
		text_addf(&rows->text, "%s:x:%ld:%ld:%s:%s:%s", pw->pw_name,
			  (long)pw->pw_uid, (long)pw->pw_gid,
			  pw->pw_gecos ? pw->pw_gecos : "", pw->pw_dir,
			  pw->pw_shell);
		end_row(rows);
	}
	endpwent();
}

static void
read_group(struct rows *rows)
{
	struct group *gr;

	setgrent();
	while ((gr = getgrent()) != NULL) {
		text_addf(&rows->text, "%s", gr->gr_name);
		text_add(&rows->text, (struct span) { "", 1 });
		text_addf(&rows->text, "%s:x:%ld:", gr->gr_name,
			  (long)gr->gr_gid);
		for (char **m = gr->gr_mem; *m != NULL; m++)
			text_addf(&rows->text, "%s%s",
				  m == gr->gr_mem ? "" : ",", *m);
		end_row(rows);
	}
	endgrent();
}

struct table *
table_unix_open(const struct table_spec *spec)
{
	struct rows rows = { 0 };
	struct table_index ix;
	struct span row;

	if (span_is_equal(spec->name, SPAN("passwd.byname"))) {
		read_passwd(&rows);
	} else if (span_is_equal(spec->name, SPAN("group.byname"))) {
		read_group(&rows);
	} else {
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "%.*s: write unix:passwd.byname or unix:group.byname",
		    SPAN_FMT(spec->whole));
		return NULL;
	}
	must(table_index_init(&ix, rows.n) == 0);
	ix.text = rows.text.p;
	ix.text_bytes = rows.text.cap;
	for (size_t at = 0; at < rows.text.len; at += row.len + 1) {
		struct span name = span_of(rows.text.p + at);

		/* The first of two accounts of one name is what getpwnam has.
		 */
		(void)!table_index_add(&ix, at, name, table_index_hash(name));
		at += name.len + 1;
		row = span_of(rows.text.p + at);
	}
	return table_of_index(&ix);
}
