/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker with real sockets and the real SMTP machine, over a queue and a
 * policy of the test's own: what connections do when the queue is slow, full or
 * broken, on reload and at the end.
 */
#include "engine/base/clock.h"
#include "engine/conn.h"
#include "tests/unit/check.h"
#include "tests/unit/slow_source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the test's queue: one thread's lists under one lock --- */

struct queue {
	pthread_mutex_t lock;
	int wake_fd;
	struct queue_done done[64];
	unsigned done_n;
	unsigned waiting_n; /* submitted, not answered */
	void *waiting[64];
	uint64_t next_id;
	bool is_holding;   /* keeps what is submitted */
	unsigned eagain_n; /* refuses that many submissions first */
	enum queue_outcome outcome;
	uint64_t bytes, chunks_n;
	unsigned msgs_n, dropped_n;
	bool is_without_room;
};

static struct queue queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .next_id = 1 };

struct queue_msg *
queue_msg_new(struct queue *q, unsigned worker_idx)
{
	struct queue_msg *m = calloc(1, sizeof(*m));

	(void)worker_idx;
	m->id = q->next_id++;
	return m;
}

static void
msg_free(struct queue_msg *m)
{
	chunk_put(m->body);
	envelope_fini(&m->env);
	free(m);
}

void
queue_msg_drop(struct queue *q, struct queue_msg **m)
{
	q->dropped_n++;
	msg_free(*m);
	*m = NULL;
}

int
queue_chunk_submit(struct queue *q, struct queue_msg *m, struct chunk **c)
{
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	if (q->eagain_n) {
		q->eagain_n--;
		ret = -EAGAIN;
	} else {
		m->streamed_n++;
		q->chunks_n++;
		q->bytes += (*c)->len;
		chunk_put(*c);
		*c = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	return ret;
}

static void
post(struct queue *q, void *tag, enum queue_outcome outcome)
{
	uint64_t one = 1;

	q->done[q->done_n++] = (struct queue_done) { tag, 0, outcome };
	must(write(q->wake_fd, &one, sizeof(one)) == sizeof(one));
}

int
queue_msg_submit(struct queue *q, struct queue_msg **m, void *tag)
{
	pthread_mutex_lock(&q->lock);
	if (q->eagain_n) {
		q->eagain_n--;
		pthread_mutex_unlock(&q->lock);
		return -EAGAIN;
	}
	q->msgs_n++;
	for (struct chunk *c = (*m)->body; c != NULL; c = c->next)
		q->bytes += c->len;
	msg_free(*m);
	*m = NULL;
	if (q->is_holding)
		q->waiting[q->waiting_n++] = tag;
	else
		post(q, tag, q->outcome);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

unsigned
queue_reap(struct queue *q, unsigned worker_idx, struct queue_done *done,
	   unsigned max)
{
	unsigned n;

	(void)worker_idx;
	pthread_mutex_lock(&q->lock);
	n = q->done_n < max ? q->done_n : max;
	memcpy(done, q->done, n * sizeof(*done));
	memmove(q->done, q->done + n, (q->done_n - n) * sizeof(*done));
	q->done_n -= n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

int
queue_wake_fd(struct queue *q, unsigned worker_idx)
{
	(void)worker_idx;
	return q->wake_fd;
}

void
queue_set_sleeping(struct queue *q, unsigned worker_idx, bool is_asleep)
{
	(void)q;
	(void)worker_idx;
	(void)is_asleep;
}

bool
queue_has_room(struct queue *q, uint64_t bytes)
{
	bool has;

	(void)bytes;
	pthread_mutex_lock(&q->lock);
	has = !q->is_without_room;
	pthread_mutex_unlock(&q->lock);
	return has;
}

void
queue_id_print(uint64_t id, char out[QUEUE_ID_TEXT_MAX])
{
	snprintf(out, QUEUE_ID_TEXT_MAX, "%016llX", (unsigned long long)id);
}

static void
queue_set(bool is_holding, unsigned eagain_n, enum queue_outcome outcome,
	  bool is_without_room)
{
	pthread_mutex_lock(&queue.lock);
	queue.is_holding = is_holding;
	queue.eagain_n = eagain_n;
	queue.outcome = outcome;
	queue.is_without_room = is_without_room;
	queue.bytes = queue.chunks_n = queue.msgs_n = queue.dropped_n = 0;
	pthread_mutex_unlock(&queue.lock);
}

/* --- the test's policy: everybody is welcome but "nobody@" --- */

void
policy_ask(const struct policy *policy, const struct policy_query *q,
	   struct policy_verdict *out)
{
	(void)policy;
	policy_verdict_init(out);
	out->is_pending = slow_ask(q);
	if (out->is_pending)
		return;
	if (q->rcpt != NULL && q->stage == POLICY_RCPT &&
	    span_has_prefix_nocase(addr_span(q->rcpt), SPAN("nobody@"))) {
		out->code = 550;
		strcpy(out->text, "5.1.1 unknown");
	}
}

bool
policy_is_idle(const struct policy *policy, enum policy_stage stage)
{
	(void)policy;
	(void)stage;
	return false;
}

bool
policy_has_servers(const struct policy *policy)
{
	(void)policy;
	return true;
}

int
policy_route(const struct policy *policy, const struct addr *rcpt,
	     const struct envelope_rcpt *like, struct envelope *env,
	     char text_out[POLICY_TEXT_MAX])
{
	struct envelope_rcpt r = *like;

	(void)policy;
	(void)text_out;
	r.rcpt = addr_span(rcpt);
	r.dest = SPAN("/tmp/x/");
	must(envelope_rcpt_add(env, &r) == 0);
	return 0;
}

struct site *
site_get(struct site *site)
{
	atomic_fetch_add(&site->refs, 1);
	return site;
}

void
site_put(struct site **site)
{
	if (*site != NULL)
		atomic_fetch_sub(&(*site)->refs, 1);
	*site = NULL;
}

/* --- the rig --- */

struct rig {
	struct config cfg;
	struct service service;
	struct policy *policies[1];
	struct site site;
	struct net_listeners *listeners;
	struct chunk_pool *chunks;
	struct tls *tls;
	struct tls_ctx *contexts[1];
	struct lookups *lookups;
	struct worker *worker;
	struct diag diag;
	uint16_t port;
};

static void
rig_config(struct rig *r, uint64_t memory_bytes)
{
	memset(r, 0, sizeof(*r));
	r->service.smtp = (struct smtp_cfg) {
		.myhostname = "mx.example.test",
		.mail_name = "Penstock",
		.banner = "mx.example.test ESMTP",
		.rcpt_max = 100,
		.message_bytes_max = 50000000,
		.line_bytes_max = 2048,
		.hops_max = 50,
		.soft_errors_max = 10,
		.hard_errors_max = 20,
		.junk_max = 100,
		.timeout_us = 300 * US_PER_SEC,
		.discard_ehlo_keywords = "",
		.drop_headers = "bcc",
		.bare_newline = SMTP_BARE_NEWLINE_NORMALIZE,
	};
	r->cfg.engine.shutdown_us = 2 * US_PER_SEC;
	r->cfg.net = (struct net_cfg) { .workers_n = 1,
					.backlog = 64,
					.conns_max = 100,
					.rx_bytes = 16384,
					.inet_protocols = "ipv4" };
	r->cfg.services = &r->service;
	r->cfg.services_n = 1;
	r->site.cfg = &r->cfg;
	r->site.policies = r->policies;
	r->site.tls = r->contexts;
	atomic_init(&r->site.refs, 1);
	r->chunks = chunk_pool_open(memory_bytes);
}

static void
rig_open(struct rig *r, uint64_t memory_bytes)
{
	char port[8];
	struct net_listen listen = { .host = "127.0.0.1", .port = port };

	rig_config(r, memory_bytes);
	diag_init(&r->diag);
	for (int i = 0; i < 50 && r->listeners == NULL; i++) {
		r->port = (uint16_t)(20000 + (clock_now_us() / 7) % 12000);
		snprintf(port, sizeof(port), "%u", r->port);
		r->listeners =
			net_listeners_open(&r->cfg.net, &listen, 1, &r->diag);
	}
	must(r->listeners != NULL);
	r->tls = tls_open(&(struct tls_pool_cfg) { .workers_n = 1 }, &r->diag);
	must(r->tls != NULL);
	r->lookups = lookups_open();
	lookups_add(r->lookups, LOOKUP_DNS, slow_open());
	r->worker = worker_open(0, &r->site, r->listeners, &queue, r->tls, NULL,
				NULL, r->chunks, &r->lookups, &r->diag);
	must(r->worker != NULL);
}

/* Everything must come back: connections, chunks, the site. */
static void
rig_close(struct rig *r)
{
	worker_stop(r->worker);
	worker_close(&r->worker);
	slow_close();
	tls_close(&r->tls);
	net_listeners_close(&r->listeners);
	CHECK(chunk_pool_used_bytes(r->chunks) == 0);
	chunk_pool_close(&r->chunks);
	CHECK(atomic_load(&r->site.refs) == 1);
	diag_fini(&r->diag);
}

struct client {
	int fd;
	char buf[65536];
	size_t len;
};

static void
dial(struct client *c, const struct rig *r)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(r->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval bound = { .tv_sec = 10 };

	c->len = 0;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(c->fd, (void *)&in, sizeof(in)) == 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
}

/* The next reply, its last line without CRLF; "" at the end of the stream. */
static const char *
reply(struct client *c)
{
	static char line[2048];

	for (;;) {
		char *nl = memmem(c->buf, c->len, "\r\n", 2);
		ssize_t n;

		if (nl != NULL) {
			size_t len = (size_t)(nl - c->buf);

			memcpy(line, c->buf, len);
			line[len] = '\0';
			memmove(c->buf, nl + 2, c->len - len - 2);
			c->len -= len + 2;
			if (len < 4 || line[3] != '-')
				return line;
			continue;
		}
		n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);
		if (n <= 0)
			return "";
		c->len += (size_t)n;
	}
}

static void
say(struct client *c, const char *text)
{
	must(send(c->fd, text, strlen(text), MSG_NOSIGNAL) ==
	     (ssize_t)strlen(text));
}

static bool
says(struct client *c, const char *prefix)
{
	const char *got = reply(c);
	bool ok = strncmp(got, prefix, strlen(prefix)) == 0;

	if (!ok)
		fprintf(stderr, "\tgot \"%s\", want \"%s\"\n", got, prefix);
	return ok;
}

static void
begin(struct client *c, const struct rig *r)
{
	dial(c, r);
	CHECK(says(c, "220 mx.example.test"));
	say(c, "EHLO c\r\n");
	CHECK(says(c, "250 CHUNKING"));
}

static const char mail[] = "MAIL FROM:<a@b.test>\r\n"
			   "RCPT TO:<c@d.test>\r\n"
			   "DATA\r\n"
			   "Subject: x\r\n\r\nhello\r\n.\r\n";

static void
test_message(void)
{
	struct rig r;
	struct client c;

	CHECK_ROW("one message, all in one segment");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&c, &r);
	say(&c, mail);
	CHECK(says(&c, "250 2.1.0") && says(&c, "250 2.1.5"));
	CHECK(says(&c, "354") && says(&c, "250 2.0.0 Ok: queued as 0"));
	say(&c, "MAIL FROM:<>\r\nRCPT TO:<nobody@d.test>\r\nQUIT\r\n");
	CHECK(says(&c, "250 2.1.0") && says(&c, "550 5.1.1"));
	CHECK(says(&c, "221") && says(&c, ""));
	close(c.fd);
	rig_close(&r);
	CHECK(queue.msgs_n == 1 && queue.dropped_n == 1);
}

static void
test_outcomes(void)
{
	static const struct {
		const char *name;
		unsigned eagain_n;
		enum queue_outcome outcome;
		bool is_without_room;
		const char *mail_says, *end_says;
	} rows[] = {
		{ "queue refuses at first", 5, QUEUE_DURABLE, false,
		  "250 2.1.0", "250 2.0.0" },
		{ "queue full", 0, QUEUE_FULL, false, "250 2.1.0",
		  "452 4.3.1" },
		{ "queue broken", 0, QUEUE_FAILED, false, "250 2.1.0",
		  "451 4.3.0" },
		{ "no room at MAIL", 0, QUEUE_DURABLE, true, "452 4.3.1",
		  NULL },
	};
	struct rig r;
	struct client c;

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		queue_set(false, rows[i].eagain_n, rows[i].outcome,
			  rows[i].is_without_room);
		rig_open(&r, 1u << 24);
		begin(&c, &r);
		say(&c, "MAIL FROM:<a@b.test>\r\n");
		CHECK(says(&c, rows[i].mail_says));
		if (rows[i].end_says != NULL) {
			say(&c, strchr(mail, '\n') + 1);
			CHECK(says(&c, "250 2.1.5") && says(&c, "354"));
			CHECK(says(&c, rows[i].end_says));
		}
		say(&c, "QUIT\r\n");
		CHECK(says(&c, "221"));
		close(c.fd);
		rig_close(&r);
	}
}

/* The reply waits for the commit; what came behind waits too. */
static void
test_held_commit(void)
{
	struct pollfd p;
	struct rig r;
	struct client c;

	CHECK_ROW("250 only after the commit");
	queue_set(true, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&c, &r);
	say(&c, mail);
	say(&c, "NOOP\r\nQUIT\r\n");
	CHECK(says(&c, "250 2.1.0") && says(&c, "250 2.1.5"));
	CHECK(says(&c, "354"));
	for (bool is_there = false; !is_there;) {
		pthread_mutex_lock(&queue.lock);
		is_there = queue.waiting_n == 1;
		pthread_mutex_unlock(&queue.lock);
	}
	p = (struct pollfd) { .fd = c.fd, .events = POLLIN };
	CHECK(poll(&p, 1, 100) == 0);
	pthread_mutex_lock(&queue.lock);
	post(&queue, queue.waiting[--queue.waiting_n], QUEUE_DURABLE);
	pthread_mutex_unlock(&queue.lock);
	CHECK(says(&c, "250 2.0.0 Ok: queued") && says(&c, "250 2.0.0 Ok"));
	CHECK(says(&c, "221"));
	close(c.fd);
	rig_close(&r);
}

static void
wait_for(_Atomic unsigned *n, unsigned least)
{
	while (atomic_load(n) < least)
		sched_yield();
}

/* The reply waits for every answer; others do not. */
static void
test_lookup(void)
{
	struct client c, other;
	struct pollfd p;
	struct rig r;

	CHECK_ROW("a reply that waits for two answers");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&c, &r);
	say(&c, "MAIL FROM:<a@b.test>\r\nRCPT TO:<slow@d.test>\r\nDATA\r\n");
	CHECK(says(&c, "250 2.1.0"));
	wait_for(&slow.asked_n, 1);
	begin(&other, &r);
	say(&other, mail);
	CHECK(says(&other, "250 2.1.0") && says(&other, "250 2.1.5"));
	CHECK(says(&other, "354") && says(&other, "250 2.0.0 Ok: queued"));
	close(other.fd);
	slow_answer();
	wait_for(&slow.asked_n, 2);
	p = (struct pollfd) { .fd = c.fd, .events = POLLIN };
	CHECK(poll(&p, 1, 0) == 0 && atomic_load(&slow.dropped_n) == 0);
	slow_answer();
	CHECK(says(&c, "250 2.1.5") && says(&c, "354"));
	CHECK(atomic_load(&slow.dropped_n) == 2);
	say(&c, ".\r\nQUIT\r\n");
	CHECK(says(&c, "250 2.0.0") && says(&c, "221"));
	close(c.fd);
	rig_close(&r);
	CHECK(atomic_load(&slow.asked_n) == 2);
}

/* The engine's end does not wait for an answer that never comes. */
static void
test_lookup_given_up(void)
{
	struct client c;
	struct rig r;

	CHECK_ROW("a session that dies while it waits");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&c, &r);
	say(&c, "MAIL FROM:<a@b.test>\r\nRCPT TO:<slow@d.test>\r\n");
	CHECK(says(&c, "250 2.1.0"));
	wait_for(&slow.asked_n, 1);
	rig_close(&r);
	CHECK(says(&c, "421") && says(&c, ""));
	CHECK(atomic_load(&slow.dropped_n) == 1);
	close(c.fd);
}

/* A large message through little memory, with a queue that stalls. */
static void
test_large(void)
{
	static char line[1000];
	struct rig r;
	struct client c;
	uint64_t sent = 0;

	CHECK_ROW("20 MB through 1 MB of memory");
	queue_set(false, 30, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 20);
	begin(&c, &r);
	say(&c, "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
	CHECK(says(&c, "250") && says(&c, "250") && says(&c, "354"));
	memset(line, 'x', 997);
	memcpy(line + 997, "\r\n", 3);
	say(&c, "Subject: big\r\n\r\n");
	for (; sent < 20000000; sent += 998)
		say(&c, line);
	say(&c, ".\r\n");
	CHECK(says(&c, "250 2.0.0 Ok: queued"));
	say(&c, "QUIT\r\n");
	CHECK(says(&c, "221"));
	close(c.fd);
	rig_close(&r);
	CHECK(queue.chunks_n > 100);
	CHECK(queue.bytes > sent);
	CHECK(queue.bytes < sent + 1000);
}

static void
test_stop(void)
{
	struct rig r;
	struct client idle, busy;

	CHECK_ROW("stop: 421 to the idle, the busy one finishes");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&idle, &r);
	begin(&busy, &r);
	say(&busy, "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
	CHECK(says(&busy, "250") && says(&busy, "250") && says(&busy, "354"));
	worker_stop(r.worker);
	CHECK(says(&idle, "421 4.3.2") && says(&idle, ""));
	say(&busy, "Subject: x\r\n\r\n.\r\n");
	CHECK(says(&busy, "250 2.0.0 Ok: queued"));
	CHECK(says(&busy, "421 4.3.2") && says(&busy, ""));
	close(idle.fd);
	close(busy.fd);
	rig_close(&r);

	CHECK_ROW("stop: who does not finish is cut off");
	rig_open(&r, 1u << 24);
	begin(&busy, &r);
	say(&busy, "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
	CHECK(says(&busy, "250") && says(&busy, "250") && says(&busy, "354"));
	worker_stop(r.worker);
	CHECK(says(&busy, "421 4.3.2") && says(&busy, ""));
	close(busy.fd);
	rig_close(&r);
}

static void
test_reload(void)
{
	struct rig r, next;
	struct client before, after;

	CHECK_ROW("reload: sessions keep theirs, new ones get the new");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	rig_config(&next, 1u << 20);
	next.service.smtp.myhostname = "new.example.test";
	next.service.smtp.banner = "new.example.test ESMTP";
	begin(&before, &r);
	worker_reload(r.worker, &next.site);
	do {
		dial(&after, &r);
	} while (strncmp(reply(&after), "220 new", 7) != 0 &&
		 close(after.fd) == 0);
	say(&before, "HELO x\r\n");
	CHECK(says(&before, "250 mx.example.test"));
	say(&after, "HELO x\r\n");
	CHECK(says(&after, "250 new.example.test"));
	close(before.fd);
	close(after.fd);
	rig_close(&r);
	CHECK(atomic_load(&next.site.refs) == 1);
	chunk_pool_close(&next.chunks);
}

static void
test_slow_reader(void)
{
	struct rig r;
	struct client c;
	size_t said = 0;

	CHECK_ROW("a peer that does not read is not read from");
	queue_set(false, 0, QUEUE_DURABLE, false);
	rig_open(&r, 1u << 24);
	begin(&c, &r);
	for (; said < 64u << 20; said += 7000) {
		static char many[7001];

		for (int i = 0; i < 1000; i++)
			memcpy(many + i * 7, "HELP \r\n", 7);
		if (send(c.fd, many, 7000, MSG_NOSIGNAL | MSG_DONTWAIT) != 7000)
			break;
	}
	CHECK(said < 64u << 20);
	close(c.fd);
	rig_close(&r);
}

int
main(void)
{
	queue.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	test_message();
	test_outcomes();
	test_held_commit();
	test_lookup();
	test_lookup_given_up();
	test_large();
	test_stop();
	test_reload();
	test_slow_reader();
	return check_end();
}
