/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's names, as DNS, XCLIENT or nobody says them. */
#include "engine/smtp/smtp_int.h"

#include <stdlib.h>

/* One allocation: an idle session has room for one pointer. */
struct smtp_names {
	uint8_t name_status, reverse_status; /* enum smtp_name_status */
	uint16_t reverse_at;
	char text[]; /* the name, NUL, the reverse name, NUL */
};

static const char unknown[] = "unknown";

#define NAME_MAX_BYTES 255u

/* No memory: it is unknown. */
static void
set(struct smtp *s, struct span name, enum smtp_name_status name_status,
    struct span reverse, enum smtp_name_status reverse_status)
{
	struct smtp_names *n;

	name = name.len ? span_to(name, name.len < NAME_MAX_BYTES
						? name.len
						: NAME_MAX_BYTES)
			: SPAN(unknown);
	reverse = reverse.len ? span_to(reverse, reverse.len < NAME_MAX_BYTES
							 ? reverse.len
							 : NAME_MAX_BYTES)
			      : SPAN(unknown);
	n = malloc(sizeof(*n) + name.len + reverse.len + 2);
	if (n != NULL) {
		n->name_status = (uint8_t)name_status;
		n->reverse_status = (uint8_t)reverse_status;
		n->reverse_at = (uint16_t)(name.len + 1);
		span_copy(name, n->text, name.len + 1);
		span_copy(reverse, n->text + n->reverse_at, reverse.len + 1);
	}
	smtp_names_drop(s);
	s->names = n;
	smtp_client_rules(s);
}

void
smtp_name_set(struct smtp *s, struct span name, enum smtp_name_status status)
{
	set(s, name, status, span_of(smtp_reverse_name(s)),
	    smtp_reverse_status(s));
}

void
smtp_reverse_name_set(struct smtp *s, struct span name,
		      enum smtp_name_status status)
{
	set(s, span_of(smtp_client_name(s)), smtp_name_status(s), name, status);
}

void
smtp_names_drop(struct smtp *s)
{
	free(s->names);
	s->names = NULL;
}

void
smtp_named(struct smtp *s, const struct smtp_found *found, uint64_t now_us)
{
	must(s->is_waiting && s->is_name_wanted);
	s->is_waiting = s->is_name_wanted = false;
	set(s, found->name, found->name_status, found->reverse_name,
	    found->reverse_status);
	/* It was not the client who took its time. */
	s->deadline_us = now_us + (s->state == ST_TLS
					   ? s->cfg->starttls_timeout_us
					   : s->cfg->timeout_us);
}

void
smtp_client_rules(struct smtp *s)
{
	struct span name = span_of(smtp_client_name(s));

	s->bare_newline = (uint8_t)s->cfg->bare_newline;
	if (s->cfg->bare_newline_exclusions != NULL &&
	    match_client(s->cfg->bare_newline_exclusions, name,
			 &s->client_ip) == TABLE_FOUND)
		s->bare_newline = SMTP_BARE_NEWLINE_NO;
}

const char *
smtp_client_name(const struct smtp *s)
{
	return s->names ? s->names->text : unknown;
}

const char *
smtp_reverse_name(const struct smtp *s)
{
	return s->names ? s->names->text + s->names->reverse_at : unknown;
}

enum smtp_name_status
smtp_name_status(const struct smtp *s)
{
	return s->names ? (enum smtp_name_status)s->names->name_status
			: SMTP_NAME_UNKNOWN;
}

enum smtp_name_status
smtp_reverse_status(const struct smtp *s)
{
	return s->names ? (enum smtp_name_status)s->names->reverse_status
			: SMTP_NAME_UNKNOWN;
}
