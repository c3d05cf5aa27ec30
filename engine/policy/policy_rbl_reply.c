/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * default_rbl_reply and rbl_reply_maps: a reply out of a template. $name,
 * ${name}, $(name), ${name?text}, ${name:text} and $$; one level of these
 * within another's text, to a depth. Without memory of its own.
 */
#include "engine/base/print.h"
#include "engine/policy/policy_priv.h"

#define DEPTH_MAX 8

struct expansion {
	struct policy_eval *e;
	const struct policy_rbl_words *words;
	struct print out;
	unsigned depth;
};

static void expand_text(struct expansion *x, struct span text);

static void
print_code(struct print *pr, const struct policy_eval *e)
{
	print_u64(pr, policy_code(e->policy->cfg->maps_rbl_code, 554), 3);
}

/* What a name stands for; *room is where it may be written. */
static struct span
value_of(struct expansion *x, struct span name, char room[IP_TEXT_MAX])
{
	const struct policy_rbl_words *w = x->words;
	const struct policy_query *q = x->e->query;
	struct print pr = { room, 0, IP_TEXT_MAX };
	const struct {
		const char *name;
		struct span value;
	} values[] = {
		{ "rbl_domain", { w->rbl->name, w->rbl->zone_len } },
		{ "rbl_reason", span_of(w->reason) },
		{ "rbl_txt", span_of(w->reason) },
		{ "rbl_class", span_of(w->subject) },
		{ "rbl_what", span_of(w->what) },
		{ "client", span_of(x->e->client) },
		{ "client_name", span_of(x->e->client_name) },
		{ "reverse_client_name", span_of(x->e->reverse_name) },
		{ "helo_name", span_of(x->e->helo) },
		{ "sender", span_of(x->e->sender_text) },
		{ "recipient", span_of(x->e->rcpt_text) },
		{ "server_name", span_of(x->e->policy->cfg->myhostname) },
	};

	for (size_t i = 0; i < ARRAY_N(values); i++)
		if (span_is_equal(name, span_of(values[i].name)))
			return values[i].value;
	if (span_is_equal(name, SPAN("rbl_code")))
		print_code(&pr, x->e);
	else if (span_is_equal(name, SPAN("client_address")))
		pr.len = ip_print(&q->client_ip, room);
	else if (span_is_equal(name, SPAN("client_port")))
		print_u64(&pr, q->client_port, 1);
	return print_done(&pr);
}

static bool
is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '_';
}

static struct span
cut_name(struct span *text)
{
	size_t n = 0;
	struct span name;

	while (n < text->len && is_name_byte(text->p[n]))
		n++;
	name = span_to(*text, n);
	*text = span_from(*text, n);
	return name;
}

/* Up to the bracket that closes the one before *text, which moves past it. */
static struct span
cut_brackets(struct span *text, char opens, char closes)
{
	unsigned depth = 1;
	struct span inside;
	size_t n = 0;

	for (; n < text->len; n++) {
		if (text->p[n] == opens)
			depth++;
		else if (text->p[n] == closes && --depth == 0)
			break;
	}
	inside = span_to(*text, n);
	*text = span_from(*text, n + (n < text->len));
	return inside;
}

/* "{text}" or "text" */
static struct span
unbrace(struct span text)
{
	text = span_trim(text);
	if (text.len >= 2 && text.p[0] == '{' && text.p[text.len - 1] == '}')
		return (struct span) { text.p + 1, text.len - 2 };
	return text;
}

/* Behind "name": "", "?text", ":text", "?{text}:{other}". */
static void
expand_choice(struct expansion *x, struct span name, struct span rest)
{
	char room[IP_TEXT_MAX];
	struct span value = value_of(x, name, room), yes = rest, no = rest;
	struct span look = span_trim(span_from(rest, rest.len > 0));

	if (rest.len == 0) {
		print_span(&x->out, value);
		return;
	}
	yes = rest.p[0] == '?' ? span_from(rest, 1) : (struct span) { "", 0 };
	no = rest.p[0] == ':' ? span_from(rest, 1) : (struct span) { "", 0 };
	if (rest.p[0] == '?' && look.len > 0 && look.p[0] == '{') {
		look = span_from(look, 1);
		yes = cut_brackets(&look, '{', '}');
		look = span_trim(look);
		if (look.len > 0 && look.p[0] == ':')
			no = unbrace(span_from(look, 1));
	} else if (no.len > 0 && span_trim(no).p[0] == '{') {
		no = unbrace(no);
	}
	expand_text(x, value.len > 0 ? yes : no);
}

static void
expand_one(struct expansion *x, struct span *text)
{
	char opens = text->len > 0 ? text->p[0] : '\0';
	struct span inside, name;

	if (opens == '$') {
		print_span(&x->out, SPAN("$"));
		*text = span_from(*text, 1);
		return;
	}
	if (opens != '{' && opens != '(') {
		expand_choice(x, cut_name(text), (struct span) { "", 0 });
		return;
	}
	*text = span_from(*text, 1);
	inside = span_trim(cut_brackets(text, opens, opens == '{' ? '}' : ')'));
	name = cut_name(&inside);
	expand_choice(x, name, inside);
}

static void
expand_text(struct expansion *x, struct span text)
{
	if (++x->depth > DEPTH_MAX) {
		x->depth--;
		return;
	}
	while (text.len > 0) {
		size_t n = span_find(text, '$');

		print_span(&x->out, span_to(text, n));
		text = span_from(text, n);
		if (text.len == 0)
			break;
		text = span_from(text, 1);
		expand_one(x, &text);
	}
	x->depth--;
}

size_t
policy_rbl_expand(struct policy_eval *e, const struct policy_rbl_words *words,
		  struct span template, char out[POLICY_TEXT_MAX])
{
	struct expansion x = { .e = e,
			       .words = words,
			       .out = { out, 0, POLICY_TEXT_MAX - 1 } };

	expand_text(&x, template);
	out[x.out.len] = '\0';
	return x.out.len;
}
