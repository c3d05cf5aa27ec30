/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h: a small SMTP server for the tests of blast: a thread for each
 * connection, on a free port of 127.0.0.1. It remembers which messages it
 * answered with 250, and misbehaves when told to.
 */
#ifndef PENSTOCK_TESTS_SINK_H
#define PENSTOCK_TESTS_SINK_H

#include "bench/message.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SINK_SEQS_MAX 65536

struct sink {
	/* every so many messages; 0: never */
	unsigned defer_every;	  /* 451 */
	unsigned drop_every;	  /* closes instead of answering */
	unsigned drop_rcpt_every; /* closes at RCPT */
	bool is_mute;		  /* never greets */
	bool is_refusing;	  /* 554 as greeting */
	struct sockaddr_in addr;
	int listen_fd;
	pthread_t thread;
	_Atomic unsigned conns_n, live_n, ends_n, rcpts_n, acked_n;
	_Atomic unsigned char acked[SINK_SEQS_MAX];
};

struct sink_conn {
	struct sink *sink;
	int fd;
};

/* Reads the data. Gives the message's number, or -1 when the stream ended. */
static inline long
sink_data(FILE *f)
{
	static const char token[] = "X-Blast-Token: ";
	char line[1024];
	long seq = -1;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, token, sizeof(token) - 1) == 0)
			seq = atol(line + sizeof(token) - 1 +
				   MESSAGE_RUN_ID_LEN + 1);
		if (strcmp(line, ".\r\n") == 0)
			return seq;
	}
	return -1;
}

static inline bool
sink_is_nth(unsigned every, unsigned n)
{
	return every != 0 && n % every == 0;
}

/* The end of data: false closes without an answer. */
static inline bool
sink_end(struct sink *s, FILE *f, long seq)
{
	unsigned n = atomic_fetch_add(&s->ends_n, 1) + 1;

	if (sink_is_nth(s->drop_every, n))
		return false;
	if (sink_is_nth(s->defer_every, n)) {
		fputs("451 4.3.0 later\r\n", f);
		return true;
	}
	if (seq >= 0 && seq < SINK_SEQS_MAX)
		atomic_store(&s->acked[seq], 1);
	atomic_fetch_add(&s->acked_n, 1);
	fputs("250 2.0.0 queued\r\n", f);
	return true;
}

static inline bool
sink_command(struct sink *s, FILE *in, FILE *f, const char *line)
{
	if (strncmp(line, "EHLO", 4) == 0) {
		fputs("250-sink\r\n250-PIPELINING\r\n"
		      "250 ENHANCEDSTATUSCODES\r\n",
		      f);
	} else if (strncmp(line, "DATA", 4) == 0) {
		long seq;

		fputs("354 go\r\n", f);
		fflush(f);
		seq = sink_data(in);
		return seq >= 0 && sink_end(s, f, seq);
	} else if (strncmp(line, "QUIT", 4) == 0) {
		fputs("221 2.0.0 bye\r\n", f);
		fflush(f);
		return false;
	} else {
		if (strncmp(line, "RCPT", 4) == 0 &&
		    sink_is_nth(s->drop_rcpt_every,
				atomic_fetch_add(&s->rcpts_n, 1) + 1))
			return false;
		fputs("250 2.0.0 Ok\r\n", f);
	}
	return true;
}

static inline void *
sink_serve(void *arg)
{
	struct sink_conn *c = arg;
	struct sink *s = c->sink;
	FILE *in = fdopen(c->fd, "r"), *f = fdopen(dup(c->fd), "w");
	char line[1024];

	must(in != NULL && f != NULL);
	free(c);
	if (s->is_mute) {
		while (fgets(line, sizeof(line), in) != NULL)
			;
	} else {
		fputs(s->is_refusing ? "554 5.3.2 no\r\n" : "220 sink\r\n", f);
		fflush(f);
		while (!s->is_refusing &&
		       fgets(line, sizeof(line), in) != NULL) {
			if (!sink_command(s, in, f, line))
				break;
			fflush(f);
		}
	}
	fclose(f);
	fclose(in);
	atomic_fetch_sub(&s->live_n, 1);
	return NULL;
}

static inline void *
sink_accept(void *arg)
{
	struct sink *s = arg;
	int fd, on = 1;

	while ((fd = accept(s->listen_fd, NULL, NULL)) >= 0) {
		struct sink_conn *c = malloc(sizeof(*c));
		pthread_t thread;

		must(c != NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		atomic_fetch_add(&s->conns_n, 1);
		atomic_fetch_add(&s->live_n, 1);
		*c = (struct sink_conn) { s, fd };
		must(pthread_create(&thread, NULL, sink_serve, c) == 0);
		pthread_detach(thread);
	}
	return NULL;
}

/* Gives a sink that behaves like *how. */
static inline struct sink *
sink_open(const struct sink *how)
{
	struct sink *s = must_alloc(sizeof(*s));
	socklen_t len = sizeof(s->addr);

	s->is_mute = how->is_mute;
	s->is_refusing = how->is_refusing;
	s->defer_every = how->defer_every;
	s->drop_every = how->drop_every;
	s->drop_rcpt_every = how->drop_rcpt_every;
	s->listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	must(s->listen_fd >= 0);
	s->addr = (struct sockaddr_in) { .sin_family = AF_INET };
	s->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(s->listen_fd, (struct sockaddr *)&s->addr, len) == 0);
	must(listen(s->listen_fd, 128) == 0);
	must(getsockname(s->listen_fd, (struct sockaddr *)&s->addr, &len) == 0);
	must(pthread_create(&s->thread, NULL, sink_accept, s) == 0);
	return s;
}

/* The clients' ends are closed. */
static inline void
sink_close(struct sink *s)
{
	shutdown(s->listen_fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listen_fd);
	while (atomic_load(&s->live_n) > 0)
		usleep(1000);
	free(s);
}

#endif
