/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: lines in Postfix's form, many threads, a file renamed away, and a
 * destination that nobody reads, which must stop nobody.
 */
#include "engine/base/log.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static char dir[] = "/tmp/penstock-log-XXXXXX";
static char path[64], other[64];

static struct log_cfg
cfg_of(const char *file)
{
	return (struct log_cfg) { .file = file,
				  .syslog_name = "penstock",
				  .syslog_facility = "mail",
				  .myhostname = "mx.example.test" };
}

static void
start(const char *file)
{
	struct log_cfg cfg = cfg_of(file);
	struct diag diag;

	diag_init(&diag);
	CHECK(log_open(&cfg, &diag) == 0);
	diag_fini(&diag);
}

/* The whole file; the caller frees it. */
static char *
slurp(const char *file)
{
	FILE *f = fopen(file, "r");
	char *text = calloc(1, 32 << 20);
	size_t n;

	if (f == NULL)
		return text;
	n = fread(text, 1, (32 << 20) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
test_form(void)
{
	char pid[32], *text;

	CHECK_ROW("form");
	unlink(path);
	start(path);
	log_say(LOG_LEVEL_INFO, "smtpd", "%s: client=%s", "0123", "a[1.2.3.4]");
	log_say(LOG_LEVEL_WARNING, "queue", "evil \r\n\x1b[31m\x7f bytes");
	log_close();
	text = slurp(path);
	snprintf(pid, sizeof(pid), "[%d]: ", (int)getpid());
	CHECK(count(text, "\n") == 2);
	CHECK(strstr(text, " mx penstock/smtpd") != NULL);
	CHECK(strstr(text, pid) != NULL);
	CHECK(strstr(text, "0123: client=a[1.2.3.4]\n") != NULL);
	CHECK(strstr(text, "warning: evil ???[31m? bytes\n") != NULL);
	free(text);
}

static void
test_long_line(void)
{
	static char longest[3 * LOG_LINE_MAX];
	char *text;

	CHECK_ROW("a line is cut, the next one is whole");
	memset(longest, 'x', sizeof(longest) - 1);
	unlink(path);
	start(path);
	log_say(LOG_LEVEL_INFO, "smtpd", "%s", longest);
	log_say(LOG_LEVEL_INFO, "smtpd", "next");
	log_close();
	text = slurp(path);
	CHECK(count(text, "\n") == 2);
	CHECK(strlen(text) < 2 * LOG_LINE_MAX);
	CHECK(strstr(text, ": next\n") != NULL);
	free(text);
}

#define THREADS_N 4
#define LINES_N	  20000

static void *
talk(void *arg)
{
	for (int i = 0; i < LINES_N; i++) {
		log_say(LOG_LEVEL_INFO, "smtpd", "thread %d line %d %.*s",
			*(int *)arg, i, i % 97,
			"----------------------------------------------------"
			"----------------------------------------------------");
		if (i % 50 == 0)
			usleep(100);
	}
	return NULL;
}

/* What is not lost is in order; what is lost is counted and said. */
static void
test_threads(void)
{
	pthread_t threads[THREADS_N];
	int ids[THREADS_N], last[THREADS_N];
	uint64_t lost = log_lost_n();
	bool has_said_loss = false;
	unsigned lines = 0;
	char *text, *at;

	CHECK_ROW("threads");
	unlink(path);
	start(path);
	for (int i = 0; i < THREADS_N; i++) {
		ids[i] = i;
		last[i] = -1;
		must(!pthread_create(&threads[i], NULL, talk, &ids[i]));
	}
	for (int i = 0; i < THREADS_N; i++)
		pthread_join(threads[i], NULL);
	log_close();
	lost = log_lost_n() - lost;
	text = slurp(path);
	for (at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n")) {
		int id, line;

		has_said_loss |= strstr(at, "lines lost") != NULL;
		at = strstr(at, ": thread ");
		if (at == NULL)
			continue;
		CHECK(sscanf(at, ": thread %d line %d", &id, &line) == 2);
		CHECK(line > last[id]);
		last[id] = line;
		lines++;
	}
	CHECK(lines + lost == THREADS_N * LINES_N);
	CHECK(lost == 0 || has_said_loss);
	free(text);
}

static void
test_reopen(void)
{
	struct log_cfg cfg = cfg_of(path);
	struct diag diag;
	char *text;

	CHECK_ROW("reopen");
	unlink(path);
	start(path);
	log_say(LOG_LEVEL_INFO, "master", "before");
	for (int i = 0; i < 5000; i++) {
		text = slurp(path);
		if (strstr(text, "before") != NULL)
			i = 5000;
		free(text);
		usleep(1000);
	}
	CHECK(rename(path, other) == 0);
	diag_init(&diag);
	CHECK(log_reopen(&cfg, &diag) == 0);
	log_say(LOG_LEVEL_INFO, "master", "after");
	cfg.file = "/nonexistent/log";
	CHECK(log_reopen(&cfg, &diag) != 0);
	CHECK(diag.exit_code == EX_CANTCREAT);
	CHECK(strstr(diag.first->text, "/nonexistent/log") != NULL);
	log_say(LOG_LEVEL_INFO, "master", "still");
	log_close();
	text = slurp(path);
	CHECK(strstr(text, "after") && strstr(text, "still"));
	CHECK(!strstr(text, "before"));
	free(text);
	text = slurp(other);
	CHECK(strstr(text, "before") != NULL && !strstr(text, "after"));
	free(text);
	diag_fini(&diag);
}

/* A FIFO that nobody reads: speakers go on, the end comes all the same. */
static void
test_blocked(void)
{
	uint64_t before = log_lost_n(), start_us;
	int reader;

	CHECK_ROW("blocked destination");
	unlink(path);
	CHECK(mkfifo(path, 0600) == 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	start(path);
	start_us = clock_now_us();
	for (int i = 0; i < 20000; i++)
		log_say(LOG_LEVEL_INFO, "smtpd", "%0100d", i);
	CHECK(clock_now_us() - start_us < 30 * US_PER_SEC);
	CHECK(log_lost_n() > before);
	log_close();
	close(reader);
	unlink(path);
}

int
main(void)
{
	must(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(other, sizeof(other), "%s/log.1", dir);
	test_form();
	test_long_line();
	test_threads();
	test_reopen();
	test_blocked();
	unlink(path);
	unlink(other);
	rmdir(dir);
	return check_end();
}
