/* SPDX-License-Identifier: BSD-2-Clause */
/* Names found among many; the later definition in the earlier one's place. */
#include "engine/config/settings.h"
#include "tests/unit/check.h"

int
main(void)
{
	struct settings s = { 0 };
	struct store st = { 0 };

	CHECK_ROW("empty");
	CHECK(settings_find(&s, SPAN("a")) == NULL);
	CHECK(settings_find(NULL, SPAN("a")) == NULL);
	CHECK_ROW("many");
	for (unsigned i = 0; i < 1000; i++)
		settings_set(&s, &(struct setting) {
					 .name = store_strf(&st, "name%u", i),
					 .value = store_strf(&st, "v%u", i),
					 .line = i });
	CHECK(s.n == 1000);
	for (unsigned i = 0; i < 1000; i++) {
		const char *name = store_strf(&st, "name%u", i);
		struct setting *found = settings_find(&s, span_of(name));

		CHECK(found != NULL && found->line == i);
	}
	CHECK(settings_find(&s, SPAN("name1000")) == NULL);
	CHECK(settings_find(&s, SPAN("name")) == NULL);
	CHECK_ROW("later definition");
	settings_set(&s, &(struct setting) {
				 .name = "name3", .value = "new", .line = 7 });
	CHECK(s.n == 1000);
	CHECK_SPAN(span_of(settings_find(&s, SPAN("name3"))->value), "new");
	CHECK_SPAN(span_of(s.all[3].value), "new");
	settings_fini(&s);
	store_fini(&st);
	return check_end();
}
