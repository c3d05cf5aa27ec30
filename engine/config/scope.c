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

/* Deeper than any chain of names that the files could mean. */
#define WHERE_DEPTH_MAX 16

struct where {
	const struct scope *sc;
	const struct setting *found;
	unsigned depth;
};

static const struct setting *where_is(const struct scope *sc, struct span name,
				      unsigned depth);

static void
first_setting(void *arg, struct span name)
{
	struct where *w = arg;

	if (w->found == NULL && w->depth < WHERE_DEPTH_MAX)
		w->found = where_is(w->sc, name, w->depth + 1);
}

static const struct setting *
where_is(const struct scope *sc, struct span name, unsigned depth)
{
	struct where w = { .sc = sc, .depth = depth };
	const struct setting *s = scope_find(sc, name);
	const char *raw = scope_raw(sc, name);

	if (s != NULL && s->file != NULL)
		return s;
	if (raw != NULL)
		expand_names(span_of(raw), first_setting, &w);
	return w.found;
}

const struct setting *
scope_where(const struct scope *sc, struct span name)
{
	return where_is(sc, name, 0);
}

/* Said once, of the parameter in whose value it is, however many mention it. */
static void
say_expand_error(const struct scope *sc, const char *name,
		 const struct expand_error *error)
{
	const struct setting *s = scope_find(sc, error->name);
	struct span blamed = error->name;

	if (s == NULL || s->file == NULL) {
		s = scope_where(sc, span_of(name));
		blamed = span_of(name);
	}
	say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
	    "%.*s: %s", SPAN_FMT(blamed), error->why);
}

const char *
scope_expand(const struct scope *sc, const char *name, const char *text,
	     bool *is_ok)
{
	struct expand_env env = { .lookup = lookup, .arg = (void *)sc };
	struct expand_error error;
	struct text out = { 0 };
	const char *value = "";

	if (expand(&env, span_of(name), span_of(text), &out, &error) == 0) {
		value = store_str(sc->store, text_span(&out));
	} else {
		say_expand_error(sc, name, &error);
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
