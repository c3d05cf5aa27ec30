/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * param.h: the rows of params.def as data, and how a row's text becomes a field
 * of a module's struct. One thread.
 */
#ifndef PENSTOCK_CONFIG_PARAM_H
#define PENSTOCK_CONFIG_PARAM_H

#include "engine/config/config.h"
#include "engine/config/expand.h"
#include "engine/config/settings.h"

enum param_type {
	PARAM_STR,
	PARAM_RAW,
	PARAM_BOOL,
	PARAM_ENUM,
	PARAM_U32,
	PARAM_SIZE,
	PARAM_TIME,
	PARAM_MAPS,
	PARAM_ALIASES,
	PARAM_STRINGS,
	PARAM_DOMAINS,
	PARAM_HOSTS,
	PARAM_PROTOCOLS,
	PARAM_ADDRESSES,
	PARAM_CLASSES,
};

enum param_module {
	PARAM_ENGINE,
	PARAM_NET,
	PARAM_DATAPLANE,
	PARAM_QUEUE,
	PARAM_DELIVER,
	PARAM_LOG,
	PARAM_TLS,
	PARAM_DNS,
	PARAM_SMTP, /* these three once for each service */
	PARAM_POLICY,
	PARAM_SERVICE,
	PARAM_WORD, /* in no struct */
	PARAM_MODULE_N
};

struct param {
	const char *name;
	enum param_type type;
	const char *arg, *def;
	enum param_module module;
	bool is_also; /* one more place of the row before it */
	size_t offset;
	uint64_t min, max;
	const char *help;
};

extern const struct param params[];
extern const unsigned params_n;

/* The row of that name (not an ALSO), or NULL. */
const struct param *param_find(struct span name);
/* "time", "table list": for people. */
const char *param_type_name(const struct param *p);
/* What a reload or a service cannot have of its own. */
static inline bool
param_is_per_service(const struct param *p)
{
	return p->module >= PARAM_SMTP && p->module <= PARAM_SERVICE;
}

/* Where values come from, in this order, and where findings go. */
struct scope {
	const struct settings *service; /* -o of one service, or NULL */
	struct settings *main;		/* main.cf */
	struct settings *computed;	/* defaults that this host gives */
	struct tables *tables;
	struct store *store; /* keeps every string */
	const char *dir;
	struct diag *diag;
};

/* What name is set to: in the service, main.cf or by this host; or NULL. */
const struct setting *scope_find(const struct scope *sc, struct span name);
/*
 * Where the value of name stands. What nobody set has a default, which may get
 * its value from a name that somebody did set: then that one's place. NULL:
 * nothing in the files makes it what it is.
 */
const struct setting *scope_where(const struct scope *sc, struct span name);
/* The text behind name, not expanded; a default too. NULL: unknown. */
const char *scope_raw(const struct scope *sc, struct span name);
/*
 * Expanded into the store. "" with a finding said when it cannot be. is_ok may
 * be NULL.
 */
const char *scope_value(const struct scope *sc, const char *name, bool *is_ok);
/* The same for a text that is not, or not yet, the value of name. */
const char *scope_expand(const struct scope *sc, const char *name,
			 const char *text, bool *is_ok);

/*
 * Converts one row into the struct of its module. false after saying what is
 * wrong; the field is as it was then.
 */
MUST_USE bool param_apply(const struct param *p, const struct scope *sc,
			  void *module_struct);
/* Every row of a module. */
MUST_USE bool param_apply_module(enum param_module module,
				 const struct scope *sc, void *module_struct);
/* Closes tables and lists of a struct that param_apply_module() filled. */
void param_release_module(enum param_module module, void *module_struct);

/* "5m" with default unit 's' as microseconds; false: *why. */
bool param_parse_time(struct span text, char unit, uint64_t *us_out,
		      const char **why);
/* "10M" as bytes. */
bool param_parse_size(struct span text, uint64_t *out, const char **why);

#endif
