/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One auth server as the SASL thread sees it: a connection that is made anew
 * when it is lost, exchanges that wait for its handshake or for an answer, all
 * of them bounded in number and in time.
 */
#include "engine/base/log.h"
#include "engine/base/print.h"
#include "engine/policy/sasl_int.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOST   "Connection lost to authentication server"
#define NO_WAY "Can't connect to authentication server"
#define BROKEN "Authentication backend error"

static void
answer(struct sasl *s, struct sasl_auth *a, enum sasl_outcome outcome,
       const char *text)
{
	sasl_auth_say(a, outcome, text);
	sasl_thread_home(s, a);
}

/* --- what it gets --- */

static bool
out_put(struct sasl_server *server, struct span bytes)
{
	if (bytes.len > SASL_OUT_MAX - server->out_len)
		return false;
	memcpy(server->out + server->out_len, bytes.p, bytes.len);
	server->out_len += bytes.len;
	return true;
}

/* "WORD\tid" and the rest, which ends in a newline. */
static bool
out_line(struct sasl_server *server, const char *word, uint32_t id,
	 struct span rest)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%s\t%u", word, id);

	if ((size_t)n + rest.len > SASL_OUT_MAX - server->out_len)
		return false;
	must(out_put(server, (struct span) { head, (size_t)n }));
	must(out_put(server, rest));
	return true;
}

/* --- exchanges that the server knows --- */

static struct sasl_slot *
slot_of(struct sasl_server *server, uint32_t id)
{
	struct sasl_slot *slot = &server->slots[id & (SASL_SLOTS_MAX - 1)];

	return slot->is_used && slot->id == id ? slot : NULL;
}

/* A free place, or NULL. Ids go on, so that none comes back soon. */
static struct sasl_slot *
slot_get(struct sasl_server *server)
{
	for (unsigned i = 0; i < SASL_SLOTS_MAX; i++) {
		uint32_t id = ++server->last_id;
		struct sasl_slot *slot =
			&server->slots[id & (SASL_SLOTS_MAX - 1)];

		if (slot->is_used)
			continue;
		slot->is_used = true;
		slot->id = id;
		return slot;
	}
	return NULL;
}

static void
slot_put(struct sasl_slot *slot)
{
	slot->is_used = false;
	slot->auth = NULL;
}

/* Its worker has lost interest: so shall the server. */
static void
cancel(struct sasl_server *server, struct sasl_slot *slot)
{
	(void)out_line(server, "CANCEL", slot->id, SPAN("\n"));
	slot_put(slot);
}

static void
ask_first(struct sasl *s, struct sasl_server *server, struct sasl_auth *a)
{
	struct span rest = { a->line, a->line_len };
	struct sasl_slot *slot = slot_get(server);

	if (slot == NULL || !out_line(server, "AUTH", slot->id, rest)) {
		if (slot != NULL)
			slot_put(slot);
		answer(s, a, SASL_TEMP, NO_WAY);
		return;
	}
	slot->auth = a;
	a->id = slot->id;
	a->epoch = server->epoch;
	a->has_begun = true;
	sasl_list_add(&server->asked, a);
}

static void
ask_next(struct sasl *s, struct sasl_server *server, struct sasl_auth *a)
{
	struct span rest = { a->line, a->line_len };
	struct sasl_slot *slot = server->state == SASL_READY &&
						 a->epoch == server->epoch
					 ? slot_of(server, a->id)
					 : NULL;

	if (slot == NULL || !out_line(server, "CONT", a->id, rest)) {
		answer(s, a, SASL_TEMP, LOST);
		return;
	}
	slot->auth = a;
	sasl_list_add(&server->asked, a);
}

static void
end(struct sasl *s, struct sasl_server *server, struct sasl_auth *a)
{
	struct sasl_slot *slot;

	if (a->has_begun && a->epoch == server->epoch &&
	    server->state == SASL_READY) {
		slot = slot_of(server, a->id);
		if (slot != NULL)
			cancel(server, slot);
	}
	sasl_thread_home(s, a);
}

/* --- the connection --- */

/* Once a change: a server that stays away fills no log. */
static void
say_down(struct sasl_server *server, const char *why)
{
	if (server->is_said_down)
		return;
	server->is_said_down = true;
	log_say(LOG_LEVEL_WARNING, "sasl", "auth server %s: %s",
		server->address, why);
}

/* What was asked first may be asked again, of another connection, once. */
static void
give_up_asked(struct sasl *s, struct sasl_server *server, bool is_hung)
{
	struct sasl_auth *a;

	while ((a = server->asked.first) != NULL) {
		sasl_list_remove(&server->asked, a);
		if (a->step == SASL_STEP_FIRST && !a->is_again && !is_hung &&
		    !atomic_load(&a->is_given_up)) {
			a->is_again = true;
			a->has_begun = false;
			sasl_list_add(&server->waiting, a);
		} else {
			answer(s, a, SASL_TEMP, LOST);
		}
	}
}

static void
give_up_waiting(struct sasl *s, struct sasl_server *server)
{
	struct sasl_auth *a;

	while ((a = server->waiting.first) != NULL) {
		sasl_list_remove(&server->waiting, a);
		answer(s, a,
		       a->step == SASL_STEP_WAIT ? SASL_NOTHING : SASL_TEMP,
		       NO_WAY);
	}
}

/* The connection is gone, or never came about. */
static void
down(struct sasl *s, struct sasl_server *server, const char *why, bool is_hung,
     uint64_t now_us)
{
	bool was_ready = server->state == SASL_READY;

	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
	server->state = SASL_DOWN;
	server->epoch++;
	server->in_len = server->out_at = server->out_len = 0;
	free(server->fresh);
	server->fresh = NULL;
	if (was_ready)
		memset(server->slots, 0,
		       SASL_SLOTS_MAX * sizeof(*server->slots));
	say_down(server, why);
	atomic_store(&server->is_known, true); /* before anybody hears of it */
	give_up_asked(s, server, is_hung);
	if (!was_ready)
		give_up_waiting(s, server);
	/* One that worked is tried again at once: it may just be restarting. */
	server->due_us = was_ready ? now_us : now_us + SASL_PAUSE_US;
}

static bool
make_room(struct sasl_server *server)
{
	if (server->slots == NULL)
		server->slots = calloc(SASL_SLOTS_MAX, sizeof(*server->slots));
	if (server->in == NULL)
		server->in = malloc(SASL_SAID_BYTES_MAX);
	if (server->out == NULL)
		server->out = malloc(SASL_OUT_MAX);
	server->fresh = calloc(1, sizeof(*server->fresh));
	return server->slots && server->in && server->out && server->fresh;
}

static int
begin_connect(struct sasl *s, struct sasl_server *server)
{
	struct sockaddr_storage to;
	socklen_t len;
	int ret;

	pthread_mutex_lock(&s->lock);
	to = server->sockaddr;
	len = server->sockaddr_len;
	pthread_mutex_unlock(&s->lock);
	server->fd = socket(to.ss_family,
			    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || !make_room(server))
		return -ENOMEM;
	ret = connect(server->fd, (struct sockaddr *)&to, len);
	return ret == 0 ? 0 : -errno;
}

static void
begin_handshake(struct sasl_server *server)
{
	char text[64];
	/* Unique among the connections of a server, whoever's they are. */
	uint32_t cpid = (uint32_t)getpid() ^ server->idx << 24;
	int n = snprintf(text, sizeof(text), "VERSION\t1\t0\nCPID\t%u\n", cpid);

	server->state = SASL_HANDSHAKE;
	must(out_put(server, (struct span) { text, (size_t)n }));
}

static void
up(struct sasl *s, struct sasl_server *server, uint64_t now_us)
{
	int ret = begin_connect(s, server);

	server->due_us = now_us + SASL_ANSWER_US;
	switch (ret) {
	case 0:
		begin_handshake(server);
		return;
	case -EINPROGRESS:
		server->state = SASL_CONNECTING;
		return;
	case -ENOMEM:
		down(s, server, "no memory or file descriptor for it", false,
		     now_us);
		return;
	default:
		down(s, server, strerror(-ret), false, now_us);
	}
}

static void
handshake_done(struct sasl *s, struct sasl_server *server)
{
	struct sasl_mechs *was = atomic_load(&server->mechs);
	struct sasl_auth *a;

	server->state = SASL_READY;
	server->is_said_down = false;
	if ((was == NULL || !sasl_mechs_is_equal(was, server->fresh)) &&
	    server->lists_n < SASL_LISTS_MAX) {
		server->lists_n++;
		server->fresh->older = was;
		atomic_store(&server->mechs, server->fresh);
		server->fresh = NULL;
	}
	free(server->fresh);
	server->fresh = NULL;
	atomic_store(&server->is_known, true);
	log_say(LOG_LEVEL_INFO, "sasl", "auth server %s: connected",
		server->address);
	while ((a = server->waiting.first) != NULL) {
		sasl_list_remove(&server->waiting, a);
		if (a->step == SASL_STEP_WAIT)
			answer(s, a, SASL_NOTHING, "");
		else
			ask_first(s, server, a);
	}
}

/* --- what it says --- */

static void
result(struct sasl *s, struct sasl_server *server, enum sasl_said_kind kind,
       const struct sasl_said *said)
{
	struct sasl_slot *slot = slot_of(server, said->id);
	struct sasl_auth *a = slot ? slot->auth : NULL;
	char reason[SASL_TEXT_BYTES_MAX];

	if (slot == NULL)
		return;
	if (a == NULL) {
		/* Nobody had asked: the server has lost patience. */
		slot_put(slot);
		return;
	}
	sasl_list_remove(&server->asked, a);
	if (kind == SASL_SAID_CONT) {
		slot->auth = NULL;
		if (atomic_load(&a->is_given_up))
			cancel(server, slot);
		free(a->text);
		a->text = strndup(said->text.p, said->text.len);
		a->outcome = a->text ? SASL_MORE : SASL_TEMP;
		sasl_thread_home(s, a);
		return;
	}
	slot_put(slot);
	a->has_begun = false;
	if (!sasl_said_copy(said->user, a->user, sizeof(a->user)) ||
	    (kind == SASL_SAID_OK && a->user[0] == '\0')) {
		a->user[0] = '\0';
		answer(s, a, SASL_FAIL, BROKEN);
	} else if (kind == SASL_SAID_OK) {
		answer(s, a, SASL_OK, "");
	} else if (said->text.len &&
		   sasl_said_copy(said->text, reason, sizeof(reason))) {
		answer(s, a, said->is_temp ? SASL_TEMP : SASL_FAIL, reason);
	} else {
		/* Without a reason the last challenge stands, as in Postfix. */
		a->outcome = said->is_temp ? SASL_TEMP : SASL_FAIL;
		sasl_thread_home(s, a);
	}
}

/* NULL, or why this cannot go on. */
static const char *
take(struct sasl *s, struct sasl_server *server, enum sasl_said_kind kind,
     const struct sasl_said *said)
{
	switch (kind) {
	case SASL_SAID_BAD:
		return "it does not speak Dovecot's auth protocol";
	case SASL_SAID_VERSION:
		return said->major == 1 ? NULL
					: "its protocol has another version";
	case SASL_SAID_MECH:
		if (server->state == SASL_HANDSHAKE)
			sasl_mechs_add(server->fresh, said->mech, said->flags);
		return NULL;
	case SASL_SAID_DONE:
		if (server->state == SASL_HANDSHAKE)
			handshake_done(s, server);
		return NULL;
	case SASL_SAID_CONT:
	case SASL_SAID_OK:
	case SASL_SAID_FAIL:
		if (server->state == SASL_READY)
			result(s, server, kind, said);
		return NULL;
	case SASL_SAID_MORE:
	case SASL_SAID_OTHER:
		break;
	}
	return NULL;
}

/* NULL, or why this cannot go on. */
static const char *
read_some(struct sasl *s, struct sasl_server *server, uint64_t now_us)
{
	const char *why = NULL;
	struct sasl_said said;
	enum sasl_said_kind kind;
	struct span in;
	ssize_t n = read(server->fd, server->in + server->in_len,
			 SASL_SAID_BYTES_MAX - server->in_len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL
							 : strerror(errno);
	if (n == 0)
		return "it has closed the connection";
	server->heard_us = now_us;
	server->in_len += (size_t)n;
	in = (struct span) { server->in, server->in_len };
	while (why == NULL &&
	       (kind = sasl_said_next(&in, &said)) != SASL_SAID_MORE)
		why = take(s, server, kind, &said);
	memmove(server->in, in.p, in.len);
	server->in_len = in.len;
	return why;
}

static const char *
write_some(struct sasl_server *server)
{
	ssize_t n = send(server->fd, server->out + server->out_at,
			 server->out_len - server->out_at, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL
							 : strerror(errno);
	server->out_at += (size_t)n;
	memmove(server->out, server->out + server->out_at,
		server->out_len - server->out_at);
	server->out_len -= server->out_at;
	server->out_at = 0;
	return NULL;
}

static const char *
connected(struct sasl_server *server)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(server->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err)
		return strerror(err);
	begin_handshake(server);
	return NULL;
}

/* --- the thread's calls --- */

void
sasl_server_ask(struct sasl *s, struct sasl_server *server, struct sasl_auth *a,
		uint64_t now_us)
{
	a->due_us = now_us + SASL_ANSWER_US;
	switch ((enum sasl_step)a->step) {
	case SASL_STEP_END:
		end(s, server, a);
		return;
	case SASL_STEP_NEXT:
		ask_next(s, server, a);
		return;
	case SASL_STEP_WAIT:
		if (atomic_load(&server->is_known)) {
			answer(s, a, SASL_NOTHING, "");
			return;
		}
		break;
	case SASL_STEP_FIRST:
		if (server->state == SASL_READY) {
			ask_first(s, server, a);
			return;
		}
		break;
	}
	if (!atomic_load(&server->is_wanted)) {
		answer(s, a,
		       a->step == SASL_STEP_WAIT ? SASL_NOTHING : SASL_TEMP,
		       NO_WAY);
		return;
	}
	sasl_list_add(&server->waiting, a);
	if (server->state == SASL_DOWN)
		up(s, server, now_us);
}

static void
expire(struct sasl *s, struct sasl_server *server, uint64_t now_us)
{
	struct sasl_auth *a;

	while ((a = server->asked.first) != NULL && a->due_us <= now_us) {
		struct sasl_slot *slot = slot_of(server, a->id);

		sasl_list_remove(&server->asked, a);
		if (slot != NULL)
			cancel(server, slot);
		a->has_begun = false;
		answer(s, a, SASL_TEMP, LOST);
		if (now_us - server->heard_us >= SASL_ANSWER_US) {
			down(s, server, "no answer in time", true, now_us);
			return;
		}
	}
}

void
sasl_server_tick(struct sasl *s, struct sasl_server *server, uint64_t now_us)
{
	bool is_wanted = atomic_load(&server->is_wanted);

	switch (server->state) {
	case SASL_DOWN:
		if (is_wanted && server->due_us <= now_us)
			up(s, server, now_us);
		break;
	case SASL_CONNECTING:
	case SASL_HANDSHAKE:
		if (server->due_us <= now_us)
			down(s, server, "no handshake in time", true, now_us);
		break;
	case SASL_READY:
		expire(s, server, now_us);
		if (!is_wanted && server->state == SASL_READY &&
		    server->asked.first == NULL) {
			server->is_said_down = true; /* as it should be */
			down(s, server, "", false, now_us);
			server->is_said_down = false;
		}
		break;
	}
}

uint64_t
sasl_server_due_us(const struct sasl_server *server)
{
	if (server->state == SASL_READY)
		return server->asked.first ? server->asked.first->due_us
					   : UINT64_MAX;
	if (server->state == SASL_DOWN && !atomic_load(&server->is_wanted))
		return UINT64_MAX;
	return server->due_us;
}

short
sasl_server_events(const struct sasl_server *server)
{
	if (server->state == SASL_CONNECTING)
		return POLLOUT;
	return server->out_len > server->out_at ? POLLIN | POLLOUT : POLLIN;
}

void
sasl_server_ready(struct sasl *s, struct sasl_server *server, short events,
		  uint64_t now_us)
{
	const char *why = NULL;

	if (server->state == SASL_CONNECTING)
		why = connected(server);
	else if (events & (POLLIN | POLLHUP | POLLERR))
		why = read_some(s, server, now_us);
	if (why == NULL && server->out_len > server->out_at)
		why = write_some(server);
	if (why != NULL)
		down(s, server, why, false, now_us);
}

void
sasl_server_fini(struct sasl *s, struct sasl_server *server)
{
	struct sasl_mechs *m = atomic_load(&server->mechs), *older;

	server->is_said_down = true;
	down(s, server, "", true, 0);
	give_up_waiting(s, server);
	for (; m != NULL; m = older) {
		older = m->older;
		free(m);
	}
	free(server->slots);
	free(server->in);
	free(server->out);
}
