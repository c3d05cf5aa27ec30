/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `queue list|show|hold|release|requeue|delete`: words in, text or JSON out.
 * Runs in the engine for its control socket, and in the command on the folder
 * of a stopped engine. What peers wrote is printed so that it cannot be taken
 * for anything else: control bytes never come through.
 */
#include "engine/cmd.h"

#include "engine/base/span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

struct request {
	struct queue *q;
	FILE *out;
	bool is_json;
	uint64_t id; /* the one that is named */
	uint64_t entries_n;
	enum queue_op op;
	/* ALL */
	uint64_t done_n, busy_n;
	int ret;
};

static const char *const state_names[] = {
	[QUEUE_ACTIVE] = "active",
	[QUEUE_DEFERRED] = "deferred",
	[QUEUE_HELD] = "held",
	[QUEUE_DEAD] = "dead",
};

static const char *const result_names[] = {
	[QUEUE_RCPT_TODO] = "todo",
	[QUEUE_RCPT_SENT] = "sent",
	[QUEUE_RCPT_DEFERRED] = "deferred",
	[QUEUE_RCPT_FAILED] = "failed",
};

/* --- text --- */

static void
put_text(FILE *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		fputc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
}

static void
put_json(FILE *out, struct span s)
{
	bool is_utf8 = span_is_utf8(s);

	fputc('"', out);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f || (c > 0x7f && !is_utf8))
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void
put_time(FILE *out, uint64_t wall_us)
{
	time_t t = (time_t)(wall_us / 1000000);
	char text[32] = "-";
	struct tm tm;

	if (wall_us != 0 && localtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fputs(text, out);
}

/* --- one entry --- */

static void
print_rcpts(FILE *out, const struct queue_entry *e)
{
	struct envelope_rcpt rcpt;
	uint32_t pos = 0, i = 0;

	for (; envelope_rcpt_next(e->env, &pos, &rcpt); i++) {
		const struct queue_rcpt_state *s =
			e->states != NULL ? &e->states[i] : NULL;

		fputs("    ", out);
		put_text(out, rcpt.rcpt);
		if (s != NULL && s->result != QUEUE_RCPT_TODO)
			fprintf(out, " %s", result_names[s->result]);
		if (s != NULL && s->why[0] != '\0') {
			fputs(" (", out);
			put_text(out, span_of(s->why));
			fputc(')', out);
		}
		fputc('\n', out);
	}
}

static void
print_entry(FILE *out, const struct queue_entry *e)
{
	struct envelope_head head = { 0 };
	char id[QUEUE_ID_TEXT_MAX];

	queue_id_print(e->id, id);
	fprintf(out, "%s %-8s ", id, state_names[e->state]);
	if (e->env->len == 0) {
		fputs("its record is damaged: the body may be readable\n", out);
		return;
	}
	envelope_head_get(e->env, &head);
	put_time(out, head.arrival_us);
	fprintf(out, " %9llu <", (unsigned long long)head.body_bytes);
	put_text(out, head.sender);
	fputs(">\n", out);
	if (e->state == QUEUE_DEFERRED || e->attempts_n > 0) {
		fprintf(out, "    attempts %u", e->attempts_n);
		if (e->state == QUEUE_DEFERRED) {
			fputs(", next ", out);
			put_time(out, e->due_us);
		}
		fputc('\n', out);
	}
	print_rcpts(out, e);
}

static void
print_json_rcpts(FILE *out, const struct queue_entry *e)
{
	struct envelope_rcpt rcpt;
	uint32_t pos = 0, i = 0;

	fputs(",\"recipients\":[", out);
	for (; envelope_rcpt_next(e->env, &pos, &rcpt); i++) {
		fputs(i > 0 ? ",{\"address\":" : "{\"address\":", out);
		put_json(out, rcpt.rcpt);
		fputs(",\"original\":", out);
		put_json(out, rcpt.orig);
		if (e->states != NULL) {
			fprintf(out, ",\"result\":\"%s\",\"why\":",
				result_names[e->states[i].result]);
			put_json(out, span_of(e->states[i].why));
		}
		fputc('}', out);
	}
	fputc(']', out);
}

static void
print_json_entry(FILE *out, const struct queue_entry *e)
{
	struct envelope_head head = { 0 };
	char id[QUEUE_ID_TEXT_MAX];

	queue_id_print(e->id, id);
	fprintf(out, "{\"id\":\"%s\",\"state\":\"%s\",\"attempts\":%u", id,
		state_names[e->state], e->attempts_n);
	if (e->state == QUEUE_DEFERRED)
		fprintf(out, ",\"due_us\":%llu", (unsigned long long)e->due_us);
	if (e->env->len != 0) {
		envelope_head_get(e->env, &head);
		fprintf(out, ",\"arrival_us\":%llu,\"size\":%llu,\"sender\":",
			(unsigned long long)head.arrival_us,
			(unsigned long long)head.body_bytes);
		put_json(out, head.sender);
		print_json_rcpts(out, e);
	}
	fprintf(out, ",\"damaged\":%s}", e->env->len == 0 ? "true" : "false");
}

/* --- list and show --- */

static bool
on_list(void *arg, const struct queue_entry *e)
{
	struct request *r = arg;

	if (r->is_json) {
		fputs(r->entries_n > 0 ? ",\n" : "\n", r->out);
		print_json_entry(r->out, e);
	} else {
		print_entry(r->out, e);
	}
	r->entries_n++;
	return !ferror(r->out);
}

static int
failed(FILE *out, int ret)
{
	fprintf(out, "penstock: the queue cannot be read: %s\n",
		strerror(-ret));
	return EX_IOERR;
}

static int
do_list(struct request *r)
{
	int ret;

	if (r->is_json)
		fputc('[', r->out);
	ret = queue_walk(r->q, on_list, r);
	if (r->is_json)
		fputs("\n]\n", r->out);
	else if (ret == 0 && r->entries_n == 0)
		fputs("the queue is empty\n", r->out);
	return ret ? failed(r->out, ret) : EX_OK;
}

static bool
on_show(void *arg, const struct queue_entry *e)
{
	struct request *r = arg;

	if (r->is_json)
		print_json_entry(r->out, e);
	else
		print_entry(r->out, e);
	fputc('\n', r->out);
	return false;
}

static bool
on_piece(void *arg, struct span piece)
{
	FILE *out = arg;

	return fwrite(piece.p, 1, piece.len, out) == piece.len;
}

static int
do_show(struct request *r)
{
	char id[QUEUE_ID_TEXT_MAX];
	int ret = queue_find(r->q, r->id, on_show, r);

	queue_id_print(r->id, id);
	if (ret == 0 && !r->is_json)
		ret = queue_read(r->q, r->id, on_piece, r->out);
	if (ret == -ENOENT) {
		fprintf(r->out, "penstock: %s is not in the queue\n", id);
		return EX_NOINPUT;
	}
	if (ret == -EBADMSG) {
		fprintf(r->out, "\npenstock: %s: its body is damaged here\n",
			id);
		return EX_DATAERR;
	}
	return ret ? failed(r->out, ret) : EX_OK;
}

/* --- operations --- */

static const struct {
	const char *word;
	enum queue_op op;
	const char *done;
} ops[] = {
	{ "hold", QUEUE_OP_HOLD, "held" },
	{ "release", QUEUE_OP_RELEASE, "released" },
	{ "requeue", QUEUE_OP_REQUEUE, "requeued" },
	{ "delete", QUEUE_OP_DELETE, "deleted" },
};

static bool
on_operate(void *arg, const struct queue_entry *e)
{
	struct request *r = arg;
	int ret = queue_operate(r->q, e->id, r->op);

	if (ret == 0)
		r->done_n++;
	else if (ret == -EBUSY)
		r->busy_n++;
	else if (ret != -ENOENT)
		r->ret = ret;
	return r->ret == 0;
}

static int
operate_all(struct request *r, const char *done)
{
	int ret = queue_walk(r->q, on_operate, r);

	if (ret == 0)
		ret = r->ret;
	fprintf(r->out, "%llu %s\n", (unsigned long long)r->done_n, done);
	if (r->busy_n > 0)
		fprintf(r->out,
			"penstock: %llu are being delivered this moment\n",
			(unsigned long long)r->busy_n);
	if (ret)
		return failed(r->out, ret);
	return r->busy_n > 0 ? EX_TEMPFAIL : EX_OK;
}

static int
operate_one(struct request *r, const char *text, const char *done)
{
	int ret;

	if (!queue_id_parse(span_of(text), &r->id)) {
		fprintf(r->out,
			"penstock: \"%s\" is no queue id (16 hexadecimal "
			"digits) and not ALL\n",
			text);
		return EX_USAGE;
	}
	ret = queue_operate(r->q, r->id, r->op);
	switch (ret) {
	case 0:
		fprintf(r->out, "%s %s\n", text, done);
		return EX_OK;
	case -ENOENT:
		fprintf(r->out, "penstock: %s is not in the queue\n", text);
		return EX_NOINPUT;
	case -EBUSY:
		fprintf(r->out,
			"penstock: %s is being delivered this moment: try "
			"again\n",
			text);
		return EX_TEMPFAIL;
	default:
		fprintf(r->out, "penstock: %s: %s\n", text, strerror(-ret));
		return EX_IOERR;
	}
}

static int
usage(FILE *out)
{
	fputs("penstock: usage: queue list [--json] | show ID [--json] | "
	      "hold|release|requeue|delete ID...|ALL\n",
	      out);
	return EX_USAGE;
}

static int
do_operate(struct request *r, size_t row, int argc, char **argv)
{
	int code = EX_OK;

	r->op = ops[row].op;
	if (argc < 3)
		return usage(r->out);
	for (int i = 2; i < argc; i++) {
		int one = strcmp(argv[i], "ALL") == 0
				  ? operate_all(r, ops[row].done)
				  : operate_one(r, argv[i], ops[row].done);

		if (code == EX_OK)
			code = one;
	}
	return code;
}

/* Takes --json out of the words, wherever it stands. */
static bool
take_json(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--json") != 0)
			continue;
		for (; i + 1 < *argc; i++)
			argv[i] = argv[i + 1];
		(*argc)--;
		return true;
	}
	return false;
}

int
queue_command(struct queue *q, int argc, char **argv, FILE *out)
{
	struct request r = { .q = q, .out = out };

	r.is_json = take_json(&argc, argv);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return do_list(&r);
	if (argc == 3 && strcmp(argv[1], "show") == 0 &&
	    queue_id_parse(span_of(argv[2]), &r.id))
		return do_show(&r);
	for (size_t i = 0; argc >= 2 && i < ARRAY_N(ops); i++)
		if (strcmp(argv[1], ops[i].word) == 0)
			return do_operate(&r, i, argc, argv);
	return usage(out);
}
