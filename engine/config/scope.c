/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a value comes from: -o of the service, main.cf, this host, the default
 * of one of our rows or of Postfix's; and what it becomes once expanded.
 */
#include "engine/config/foreign.h"
#include "engine/config/param.h"
#include "engine/config/say.h"

const struct setting *
scope_find(const struct scope *sc, struct span name)
{
	const struct setting *s = settings_find(sc->service, name);

	if (s == NULL)
		s = settings_find(sc->main, name);
	if (s == NULL)
		s = settings_find(sc->computed, name);
	return s;
}

const char *
scope_raw(const struct scope *sc, struct span name)
{
	const struct setting *s = scope_find(sc, name);
	const struct param *p;
	const struct foreign *f;

	if (s != NULL)
		return s->value;
	p = param_find(name);
	if (p != NULL)
		return p->def;
	f = foreign_find(name);
	return f ? f->def : NULL;
}

static bool
lookup(void *arg, struct span name, struct span *value_out)
{
	const char *raw = scope_raw(arg, name);

	*value_out = span_of(raw);
	return raw != NULL;
}

const char *
scope_expand(const struct scope *sc, const char *name, const char *text,
	     bool *is_ok)
{
	struct expand_env env = { .lookup = lookup, .arg = (void *)sc };
	const struct setting *s = scope_find(sc, span_of(name));
	char why[EXPAND_WHY_MAX];
	struct text out = { 0 };
	const char *value = "";

	if (expand(&env, span_of(name), span_of(text), &out, why) == 0) {
		value = store_str(sc->store, text_span(&out));
	} else {
		say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
		    "%s: %s", name, why);
		if (is_ok != NULL)
			*is_ok = false;
	}
	text_fini(&out);
	return value;
}

const char *
scope_value(const struct scope *sc, const char *name, bool *is_ok)
{
	const char *raw = scope_raw(sc, span_of(name));

	return raw ? scope_expand(sc, name, raw, is_ok) : "";
}
