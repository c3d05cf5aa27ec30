/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates by name (RFC 6066 section 3): tls_server_sni_maps. What the
 * tables have in memory is read with the context; the value that a pattern or
 * an index on disk gives for a name is read when it is first asked for, and
 * kept: the tables cannot change while the context lives.
 */
#include "engine/base/log.h"
#include "tls/tls_ctx_int.h"

#include <pthread.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 255
#define BUCKETS_N      1024
#define LATE_MAX       4096 /* values that are read when asked for */

/* One value of the tables: certificates, or none when they are no good. */
struct value {
	struct value *next;
	struct tls_certs certs;
	size_t len;
	char text[];
};

struct row {
	struct row *next;
	const struct value *value;
	char name[];
};

struct tls_sni {
	const struct maps *maps;
	struct value *values[BUCKETS_N]; /* immutable */
	struct row *rows;		 /* for tls_sni_each() */
	/* guarded by lock; what is in there stays as it is */
	pthread_mutex_t lock;
	struct value *late[BUCKETS_N];
	unsigned late_n;
	struct tls_cfg where; /* for what is said of these */
};

static struct value *
find_in(struct value *const *buckets, struct span text)
{
	struct value *v = buckets[span_hash(text) % BUCKETS_N];

	while (v != NULL &&
	       !span_is_equal((struct span) { v->text, v->len }, text))
		v = v->next;
	return v;
}

static struct value *
add_to(struct value **buckets, struct span text)
{
	struct value **bucket = &buckets[span_hash(text) % BUCKETS_N];
	struct value *v = calloc(1, sizeof(*v) + text.len + 1);

	must(v != NULL);
	v->len = text.len;
	memcpy(v->text, text.p, text.len);
	v->next = *bucket;
	*bucket = v;
	return v;
}

static void
free_all(struct value **buckets)
{
	for (unsigned i = 0; i < BUCKETS_N; i++)
		while (buckets[i] != NULL) {
			struct value *v = buckets[i];

			buckets[i] = v->next;
			tls_certs_fini(&v->certs);
			OPENSSL_cleanse(v->text, v->len);
			free(v);
		}
}

/* --- when the context is made --- */

struct loader {
	struct tls_sni *sni;
	struct tls_say say;
	bool is_ok;
};

static void
load_row(void *arg, const struct table *table, struct span key,
	 struct span text)
{
	struct loader *l = arg;
	struct value *v = find_in(l->sni->values, text);
	struct row *row;

	if (v == NULL) {
		v = add_to(l->sni->values, text);
		if (!tls_certs_add_value(&v->certs, &l->say, text)) {
			l->is_ok = tls_fail(&l->say,
					    "%s: the certificate of %.*s "
					    "cannot be used",
					    table_name(table), SPAN_FMT(key));
			tls_certs_fini(&v->certs);
		}
	}
	row = calloc(1, sizeof(*row) + key.len + 1);
	must(row != NULL);
	memcpy(row->name, key.p, key.len);
	row->value = v;
	row->next = l->sni->rows;
	l->sni->rows = row;
}

/* --- when a client asks --- */

/* A value that was not in memory. NULL: it cannot be used. */
static const struct value *
load_late(struct tls_sni *sni, struct span text, struct span name)
{
	struct diag diag;
	struct tls_say say = { &sni->where, &diag, TLS_PLACE_SNI_MAPS };
	struct value *v = find_in(sni->late, text);

	if (v != NULL || sni->late_n == LATE_MAX)
		return v;
	v = add_to(sni->late, text);
	sni->late_n++;
	diag_init(&diag);
	if (!tls_certs_add_value(&v->certs, &say, text)) {
		tls_certs_fini(&v->certs);
		log_say(LOG_LEVEL_ERROR, "smtpd", "TLS name %.*s: %s",
			SPAN_FMT(name), diag.first->text);
	}
	diag_fini(&diag);
	return v;
}

static const struct value *
value_of(struct tls_sni *sni, struct span text, struct span name)
{
	const struct value *v = find_in(sni->values, text);

	if (v != NULL)
		return v;
	pthread_mutex_lock(&sni->lock);
	v = load_late(sni, text, name);
	pthread_mutex_unlock(&sni->lock);
	return v;
}

/* The name itself, then ".example.com", ".com". */
static enum table_result
look_up(const struct tls_sni *sni, struct span name, struct table_buf *buf,
	struct span *text)
{
	for (;;) {
		enum table_result got =
			maps_find(sni->maps, name, false, buf, text);
		size_t dot;

		if (got != TABLE_NOT_FOUND || name.len < 2)
			return got;
		dot = 1 + span_find(span_from(name, 1), '.');
		if (dot >= name.len)
			return TABLE_NOT_FOUND;
		name = span_from(name, dot);
	}
}

/* Letters, digits, hyphens and dots; "_" is seen in the field. */
static bool
is_name(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '-' &&
		    name.p[i] != '.' && name.p[i] != '_')
			return false;
	return true;
}

static int
on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_sni *sni = tls_ctx_of(ssl)->sni;
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct span name = span_of(asked), text;
	struct table_buf buf;
	const struct value *v;

	if (asked == NULL || !is_name(name))
		return SSL_TLSEXT_ERR_NOACK;
	switch (look_up(sni, name, &buf, &text)) {
	case TABLE_NOT_FOUND:
		return SSL_TLSEXT_ERR_NOACK;
	case TABLE_ERROR:
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	case TABLE_FOUND:
		break;
	}
	v = value_of(sni, text, name);
	if (v == NULL || v->certs.n == 0 ||
	    !tls_certs_use_now(&v->certs, ssl)) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return SSL_TLSEXT_ERR_OK;
}

bool
tls_sni_setup(struct tls_ctx *ctx, const struct tls_say *say)
{
	const struct tls_cfg *cfg = say->cfg;
	struct loader l = { .say = *say, .is_ok = true };

	if (cfg->sni_maps == NULL || maps_is_empty(cfg->sni_maps))
		return true;
	l.say.place = TLS_PLACE_SNI_MAPS;
	l.sni = must_alloc(sizeof(*l.sni));
	l.sni->maps = cfg->sni_maps;
	must(pthread_mutex_init(&l.sni->lock, NULL) == 0);
	ctx->sni = l.sni;
	maps_each(cfg->sni_maps, load_row, &l);
	return l.is_ok &&
	       SSL_CTX_set_tlsext_servername_callback(ctx->ssl, on_name) == 1;
}

void
tls_sni_each(const struct tls_sni *sni, tls_sni_fn *fn, void *arg)
{
	for (const struct row *r = sni->rows; r != NULL; r = r->next)
		fn(arg, span_of(r->name), &r->value->certs);
}

void
tls_sni_free(struct tls_sni **sni_inout)
{
	struct tls_sni *sni = *sni_inout;

	*sni_inout = NULL;
	if (sni == NULL)
		return;
	while (sni->rows != NULL) {
		struct row *r = sni->rows;

		sni->rows = r->next;
		free(r);
	}
	free_all(sni->values);
	free_all(sni->late);
	pthread_mutex_destroy(&sni->lock);
	free(sni);
}
