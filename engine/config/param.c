/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows of params.def and the conversion of one row's text into its field.
 * The type of each field is checked against its row when this is compiled.
 */
#include "engine/config/param.h"
#include "engine/config/nets.h"
#include "engine/config/say.h"

#include <stdarg.h>
#include <stdlib.h>

#define STRUCT_ENGINE	 struct engine_cfg
#define STRUCT_NET	 struct net_cfg
#define STRUCT_DATAPLANE struct dataplane_cfg
#define STRUCT_TLS	 struct tls_pool_cfg
#define STRUCT_DNS	 struct dns_cfg
#define STRUCT_QUEUE	 struct queue_cfg
#define STRUCT_DELIVER	 struct deliver_cfg
#define STRUCT_LOG	 struct log_cfg
#define STRUCT_SMTP	 struct smtp_cfg
#define STRUCT_POLICY	 struct policy_cfg
#define STRUCT_SERVICE	 struct service

const struct param params[] = {
#define PARAM(name, type, arg, def, module, field, min, max, help) \
	{ #name,                                                   \
	  PARAM_##type,                                            \
	  arg,                                                     \
	  def,                                                     \
	  PARAM_##module,                                          \
	  false,                                                   \
	  offsetof(STRUCT_##module, field),                        \
	  min,                                                     \
	  max,                                                     \
	  help },
#define ALSO(name, type, module, field)     \
	{ #name,                            \
	  PARAM_##type,                     \
	  NULL,                             \
	  NULL,                             \
	  PARAM_##module,                   \
	  true,                             \
	  offsetof(STRUCT_##module, field), \
	  0,                                \
	  0,                                \
	  NULL },
#define WORD(name, def, help) \
	{ #name, PARAM_STR, "", def, PARAM_WORD, false, 0, 0, 0, help },
#include "engine/config/params.def"
#undef PARAM
#undef ALSO
#undef WORD
};
const unsigned params_n = ARRAY_N(params);

#define FIELD_STR	const char *
#define FIELD_RAW	const char *
#define FIELD_BOOL	bool
#define FIELD_U32	uint32_t
#define FIELD_SIZE	uint64_t
#define FIELD_TIME	uint64_t
#define FIELD_MAPS	struct maps *
#define FIELD_ALIASES	struct maps *
#define FIELD_STRINGS	struct match *
#define FIELD_DOMAINS	struct match *
#define FIELD_HOSTS	struct match *
#define FIELD_PROTOCOLS const char *
#define FIELD_ADDRESSES struct match *
#define FIELD_CLASSES	const struct policy_class *

/* Enums have types of their own: their size is what must fit. */
#define FITS_ENUM(s, field) (sizeof(((s *)0)->field) == sizeof(uint32_t))
#define FITS(type, s, field) \
	__builtin_types_compatible_p(__typeof__(((s *)0)->field), FIELD_##type)
#define FITS_STR(s, f)	     FITS(STR, s, f)
#define FITS_RAW(s, f)	     FITS(RAW, s, f)
#define FITS_BOOL(s, f)	     FITS(BOOL, s, f)
#define FITS_U32(s, f)	     FITS(U32, s, f)
#define FITS_SIZE(s, f)	     FITS(SIZE, s, f)
#define FITS_TIME(s, f)	     FITS(TIME, s, f)
#define FITS_MAPS(s, f)	     FITS(MAPS, s, f)
#define FITS_ALIASES(s, f)   FITS(ALIASES, s, f)
#define FITS_STRINGS(s, f)   FITS(STRINGS, s, f)
#define FITS_DOMAINS(s, f)   FITS(DOMAINS, s, f)
#define FITS_HOSTS(s, f)     FITS(HOSTS, s, f)
#define FITS_PROTOCOLS(s, f) FITS(PROTOCOLS, s, f)
#define FITS_ADDRESSES(s, f) FITS(ADDRESSES, s, f)
#define FITS_CLASSES(s, f)   FITS(CLASSES, s, f)

#define PARAM(name, type, arg, def, module, field, min, max, help) \
	static_assert(FITS_##type(STRUCT_##module, field), #name);
#define ALSO(name, type, module, field) \
	static_assert(FITS_##type(STRUCT_##module, field), #name);
#define WORD(name, def, help)
#include "engine/config/params.def"
#undef PARAM
#undef ALSO
#undef WORD

static const char *const type_names[] = {
	[PARAM_STR] = "text",
	[PARAM_RAW] = "text, $names in it are replaced later",
	[PARAM_BOOL] = "yes or no",
	[PARAM_ENUM] = "one of",
	[PARAM_U32] = "number",
	[PARAM_SIZE] = "bytes (K, M or G may follow)",
	[PARAM_TIME] = "time (s, m, h, d or w may follow)",
	[PARAM_MAPS] = "tables",
	[PARAM_ALIASES] = "tables",
	[PARAM_STRINGS] = "list of names and tables",
	[PARAM_DOMAINS] = "list of domains and tables",
	[PARAM_HOSTS] = "list of hosts, networks and tables",
	[PARAM_PROTOCOLS] = "all, ipv4, ipv6",
	[PARAM_ADDRESSES] = "list of addresses",
	[PARAM_CLASSES] = "list of names",
};

/* One conversion: the row, what it is to become, and where it stands. */
struct job {
	const struct param *p;
	const struct scope *sc;
	const char *value, *file;
	unsigned line;
	void *base; /* the module's struct */
	void *field;
};

const struct param *
param_find(struct span name)
{
	for (unsigned i = 0; i < params_n; i++)
		if (!params[i].is_also &&
		    span_is_equal(span_of(params[i].name), name))
			return &params[i];
	return NULL;
}

const char *
param_type_name(const struct param *p)
{
	return type_names[p->type];
}

PRINTF_LIKE(2, 3)
static bool
fail(const struct job *j, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(j->sc->diag, DIAG_ERROR, j->file, j->line, "%s = %.100s: %s",
	    j->p->name, j->value, text);
	return false;
}

/* A number at the front of *text. */
static bool
cut_number(struct span *text, uint64_t *out)
{
	size_t n = 0;

	while (n < text->len && text->p[n] >= '0' && text->p[n] <= '9')
		n++;
	if (!span_to_u64(span_to(*text, n), out))
		return false;
	*text = span_from(*text, n);
	return true;
}

bool
param_parse_time(struct span text, char unit, uint64_t *us_out,
		 const char **why)
{
	static const char units[] = "smhdw";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	const char *at;
	uint64_t n;

	*why = "write a number and s, m, h, d or w, such as 5m";
	text = span_trim(text);
	if (!cut_number(&text, &n) || text.len > 1)
		return false;
	if (text.len)
		unit = ascii_lower(text.p[0]);
	at = unit ? strchr(units, unit) : NULL;
	if (at == NULL)
		return false;
	*why = "the time is too long";
	return !__builtin_mul_overflow(n, seconds[at - units], &n) &&
	       n <= INT64_MAX / 1000000 &&
	       !__builtin_mul_overflow(n, UINT64_C(1000000), us_out);
}

bool
param_parse_size(struct span text, uint64_t *out, const char **why)
{
	static const char units[] = "kmg";
	const char *at;
	unsigned shift = 0;

	*why = "write a number of bytes, such as 10240000, or 10M";
	text = span_trim(text);
	if (!cut_number(&text, out) || text.len > 1)
		return false;
	if (text.len) {
		char unit = ascii_lower(text.p[0]);

		at = unit ? strchr(units, unit) : NULL;
		if (at == NULL)
			return false;
		shift = 10 * (unsigned)(at - units + 1);
	}
	*why = "the number is too large";
	if (*out > (uint64_t)INT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
}

/* min and max in the row's own unit, which is unit_us or bytes. */
static bool
check_range(const struct job *j, uint64_t value, uint64_t scale, const char *of)
{
	if (value < j->p->min * scale)
		return fail(j, "at least %llu%s is needed",
			    (unsigned long long)j->p->min, of);
	if (j->p->max && value > j->p->max * scale)
		return fail(j, "at most %llu%s is possible",
			    (unsigned long long)j->p->max, of);
	return true;
}

static bool
apply_number(const struct job *j)
{
	const char *why = "write a number";
	uint64_t n;

	if (j->p->type == PARAM_TIME) {
		if (!param_parse_time(span_of(j->value), j->p->arg[0], &n,
				      &why))
			return fail(j, "%s", why);
		if (!check_range(j, n, 1000000, "s"))
			return false;
		*(uint64_t *)j->field = n;
		return true;
	}
	if (j->p->type == PARAM_SIZE) {
		if (!param_parse_size(span_of(j->value), &n, &why))
			return fail(j, "%s", why);
		if (!check_range(j, n, 1, " bytes"))
			return false;
		*(uint64_t *)j->field = n;
		return true;
	}
	if (!span_to_u64(span_trim(span_of(j->value)), &n) || n > UINT32_MAX)
		return fail(j, "%s", why);
	if (!check_range(j, n, 1, ""))
		return false;
	*(uint32_t *)j->field = (uint32_t)n;
	return true;
}

/* Which of "a b|c d" is value? -1: none. "." stands for the empty value. */
static int
find_word(const char *words, struct span value)
{
	struct span list = span_of(words), word;
	int i = 0;

	for (; (word = span_word(&list, " ")).len; i++) {
		struct span one;

		while ((one = span_word(&word, "|")).len)
			if (span_is_equal_nocase(one, value) ||
			    (value.len == 0 && one.len == 1 && one.p[0] == '.'))
				return i;
	}
	return -1;
}

static bool
apply_word(const struct job *j)
{
	bool is_bool = j->p->type == PARAM_BOOL;
	const char *words = is_bool && !*j->p->arg ? "no yes" : j->p->arg;
	int i = find_word(words, span_trim(span_of(j->value)));

	if (i < 0)
		return words[0] == '.'
			       ? fail(j, "write%s, or nothing", words + 1)
			       : fail(j, "write one of: %s", words);
	if (is_bool)
		*(bool *)j->field = i == 1;
	else
		*(uint32_t *)j->field = (uint32_t)i;
	return true;
}

static bool
is_parent_list(const struct job *j)
{
	bool is_ok = true;
	struct span list = span_of(
		scope_value(j->sc, "parent_domain_matches_subdomains", &is_ok));
	struct span word;

	while ((word = span_word(&list, " \t\r\n,")).len)
		if (span_is_equal(word, span_of(j->p->name)))
			return true;
	return false;
}

static bool
apply_match(const struct job *j)
{
	enum match_kind kind = MATCH_STRING;
	struct match *m;

	if (j->p->type == PARAM_DOMAINS)
		kind = is_parent_list(j) ? MATCH_DOMAIN : MATCH_DOMAIN_DOT;
	else if (j->p->type == PARAM_HOSTS)
		kind = is_parent_list(j) ? MATCH_HOST : MATCH_HOST_DOT;
	m = match_open_in(j->sc->tables, kind, span_of(j->value), j->sc->dir,
			  j->file, j->line, j->sc->diag);
	if (m == NULL)
		return false;
	*(struct match **)j->field = m;
	return true;
}

static bool
apply_maps(const struct job *j)
{
	struct maps *maps = maps_open_in(j->sc->tables, span_of(j->value),
					 j->sc->dir, j->file, j->line,
					 j->sc->diag);

	if (maps == NULL)
		return false;
	*(struct maps **)j->field = maps;
	return true;
}

static bool
apply_protocols(const struct job *j)
{
	static const char *const names[] = {
		[NETS_IPV4] = "ipv4", [NETS_IPV6] = "ipv6", [NETS_ALL] = "all"
	};
	unsigned protocols;

	if (!nets_parse_protocols(span_of(j->value), &protocols))
		return fail(j, "write all, ipv4, ipv6, or both of these");
	*(const char **)j->field = names[protocols];
	return true;
}

static bool
apply_addresses(const struct job *j)
{
	struct ip_net own[NETS_MAX];
	unsigned own_n = nets_own(own);
	struct text list = { 0 };
	struct match *m = NULL;

	if (nets_interfaces(span_of(j->value), NETS_ALL, own, own_n, j->file,
			    j->line, j->sc->diag, &list))
		m = match_open_in(NULL, MATCH_HOST, text_span(&list),
				  j->sc->dir, j->file, j->line, j->sc->diag);
	text_fini(&list);
	if (m == NULL)
		return false;
	*(struct match **)j->field = m;
	return true;
}

static bool
apply_classes(const struct job *j)
{
	struct policy_cfg *cfg = j->base;
	struct span list = span_of(j->value), word;
	struct policy_class *classes;
	unsigned n = 0;
	bool is_ok = true;

	while (span_word(&list, " \t\r\n,").len)
		n++;
	classes = store_alloc(j->sc->store, (n + 1) * sizeof(*classes));
	list = span_of(j->value);
	for (n = 0; (word = span_word(&list, " \t\r\n,")).len; n++) {
		struct setting *s = settings_find(j->sc->main, word);

		classes[n].name = store_str(j->sc->store, word);
		classes[n].restrictions =
			scope_value(j->sc, classes[n].name, &is_ok);
		if (s != NULL)
			s->is_used = true;
	}
	cfg->classes = classes;
	cfg->classes_n = n;
	return is_ok;
}

bool
param_apply(const struct param *p, const struct scope *sc, void *module_struct)
{
	const struct param *row = p->is_also ? param_find(span_of(p->name)) : p;
	const struct setting *s = scope_where(sc, span_of(p->name));
	bool is_ok = true;
	struct job j = { .p = row,
			 .sc = sc,
			 .file = s ? s->file : NULL,
			 .line = s ? s->line : 0,
			 .base = module_struct,
			 .field = (char *)module_struct + p->offset };

	j.value = row->type == PARAM_RAW ? scope_raw(sc, span_of(p->name))
					 : scope_value(sc, p->name, &is_ok);
	if (!is_ok)
		return false;
	switch (row->type) {
	case PARAM_STR:
	case PARAM_RAW:
		*(const char **)j.field = j.value;
		return true;
	case PARAM_BOOL:
	case PARAM_ENUM:
		return apply_word(&j);
	case PARAM_U32:
	case PARAM_SIZE:
	case PARAM_TIME:
		return apply_number(&j);
	case PARAM_MAPS:
	case PARAM_ALIASES:
		return apply_maps(&j);
	case PARAM_STRINGS:
	case PARAM_DOMAINS:
	case PARAM_HOSTS:
		return apply_match(&j);
	case PARAM_PROTOCOLS:
		return apply_protocols(&j);
	case PARAM_ADDRESSES:
		return apply_addresses(&j);
	case PARAM_CLASSES:
		return apply_classes(&j);
	}
	must(!"a type without conversion");
	return false;
}

bool
param_apply_module(enum param_module module, const struct scope *sc,
		   void *module_struct)
{
	bool is_ok = true;

	for (unsigned i = 0; i < params_n; i++)
		if (params[i].module == module)
			is_ok &= param_apply(&params[i], sc, module_struct);
	return is_ok;
}

void
param_release_module(enum param_module module, void *module_struct)
{
	for (unsigned i = 0; i < params_n; i++) {
		void *field = (char *)module_struct + params[i].offset;

		if (params[i].module != module)
			continue;
		if (params[i].type == PARAM_MAPS ||
		    params[i].type == PARAM_ALIASES)
			maps_close(field);
		if ((params[i].type >= PARAM_STRINGS &&
		     params[i].type <= PARAM_HOSTS) ||
		    params[i].type == PARAM_ADDRESSES)
			match_close(field);
	}
}
