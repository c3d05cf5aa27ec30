/* SPDX-License-Identifier: BSD-2-Clause */
/* A finding is said once, its level and place being part of it. */
#include "engine/config/say.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

#include <sysexits.h>

static unsigned
count(const struct diag *d)
{
	unsigned n = 0;

	for (const struct diag_line *l = d->first; l != NULL; l = l->next)
		n++;
	return n;
}

int
main(void)
{
	struct diag d;

	diag_init(&d);
	CHECK_ROW("said twice");
	say(&d, DIAG_WARNING, "main.cf", 3, "%s is odd", "x");
	say(&d, DIAG_WARNING, "main.cf", 3, "x is %s", "odd");
	CHECK(count(&d) == 1 && d.warnings_n == 1);
	CHECK(findings_has(&d, DIAG_WARNING, "main.cf:3: x is odd"));
	CHECK_ROW("other line");
	say(&d, DIAG_WARNING, "main.cf", 4, "x is odd");
	CHECK(count(&d) == 2);
	CHECK_ROW("other level");
	say(&d, DIAG_ERROR, "main.cf", 3, "x is odd");
	CHECK(count(&d) == 3 && d.exit_code == EX_CONFIG);
	CHECK_ROW("no line");
	say(&d, DIAG_NOTE, "main.cf", 0, "n");
	say(&d, DIAG_NOTE, "main.cf", 0, "n");
	CHECK(count(&d) == 4 && findings_has(&d, DIAG_NOTE, "main.cf: n"));
	CHECK_ROW("no file");
	say(&d, DIAG_NOTE, NULL, 0, "alone");
	say(&d, DIAG_NOTE, NULL, 5, "alone");
	CHECK(count(&d) == 5);
	diag_fini(&d);
	CHECK_ROW("exit code");
	say_fail(&d, EX_NOINPUT, "f", 1, "gone");
	say_fail(&d, EX_NOINPUT, "f", 1, "gone");
	CHECK(d.errors_n == 1 && d.exit_code == EX_NOINPUT);
	diag_fini(&d);
	return check_end();
}
