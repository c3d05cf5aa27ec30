/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and values, found by name, kept in order. */
#include "engine/config/settings.h"

#include <stdlib.h>

static uint32_t *
slot_of(const struct settings *s, struct span name)
{
	uint32_t *slot;

	for (size_t i = span_hash(name);; i++) {
		slot = &s->index[i & (s->index_n - 1)];
		if (*slot == 0 ||
		    span_is_equal(span_of(s->all[*slot - 1].name), name))
			return slot;
	}
}

static void
grow(struct settings *s)
{
	s->cap = s->cap ? s->cap * 2 : 64;
	s->all = realloc(s->all, s->cap * sizeof(*s->all));
	must(s->all != NULL);
	free(s->index);
	s->index_n = s->cap * 2;
	s->index = must_alloc(s->index_n * sizeof(*s->index));
	for (unsigned i = 0; i < s->n; i++)
		*slot_of(s, span_of(s->all[i].name)) = i + 1;
}

void
settings_set(struct settings *s, const struct setting *setting)
{
	struct setting *old = settings_find(s, span_of(setting->name));

	if (old != NULL) {
		*old = *setting;
		return;
	}
	if (s->n == s->cap)
		grow(s);
	s->all[s->n++] = *setting;
	*slot_of(s, span_of(setting->name)) = s->n;
}

struct setting *
settings_find(const struct settings *s, struct span name)
{
	uint32_t *slot;

	if (s == NULL || s->n == 0)
		return NULL;
	slot = slot_of(s, name);
	return *slot ? &s->all[*slot - 1] : NULL;
}

void
settings_fini(struct settings *s)
{
	free(s->all);
	free(s->index);
	*s = (struct settings) { 0 };
}
