/* SPDX-License-Identifier: BSD-2-Clause */
/* unix:passwd.byname and group.byname against what libc answers. */
#include "engine/config/table.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

#include <grp.h>
#include <pwd.h>

int
main(void)
{
	const struct passwd *root = getpwuid(0);
	const struct group *group = getgrgid(0);
	char want[512];
	struct table_buf buf;
	struct table *table;
	struct span got = { "", 0 };
	struct diag d;

	diag_init(&d);
	must(root != NULL && group != NULL);
	CHECK_ROW("passwd");
	table = table_open(SPAN("proxy:unix:passwd.byname"), NULL, &d);
	CHECK(table != NULL && table_entries_n(table) > 0);
	CHECK(table_find(table, span_of(root->pw_name), &buf, &got) ==
	      TABLE_FOUND);
	snprintf(want, sizeof(want), "%s:x:0:%u:%s:%s:%s", root->pw_name,
		 root->pw_gid, root->pw_gecos, root->pw_dir, root->pw_shell);
	CHECK_SPAN(got, want);
	CHECK(table_find(table, SPAN("ROOT"), &buf, &got) == TABLE_FOUND);
	CHECK(table_find(table, SPAN("no such user"), &buf, &got) ==
	      TABLE_NOT_FOUND);
	table_close(&table);
	CHECK_ROW("group");
	table = table_open(SPAN("unix:group.byname"), NULL, &d);
	CHECK(table_find(table, span_of(group->gr_name), &buf, &got) ==
	      TABLE_FOUND);
	snprintf(want, sizeof(want), "%s:x:0:", group->gr_name);
	CHECK(got.len >= strlen(want) &&
	      memcmp(got.p, want, strlen(want)) == 0);
	table_close(&table);
	CHECK_ROW("other");
	CHECK(table_open(SPAN("unix:passwd.byuid"), NULL, &d) == NULL);
	CHECK(findings_has(&d, DIAG_ERROR, "write unix:passwd.byname or"));
	diag_fini(&d);
	return check_end();
}
