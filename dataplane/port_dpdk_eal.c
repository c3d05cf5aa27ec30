/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DPDK's start and end in this process, and what it says meanwhile: kept while
 * something is being started, to explain a failure; afterwards its warnings go
 * to the log.
 */
#include "dataplane/port_dpdk_int.h"
#include "engine/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#define MEMORY_LEAST_MB 96u
#define BUF_OVERHEAD	512u

static void
said_add(struct port_dpdk *d, const char *text, size_t n)
{
	size_t room = sizeof(d->said) - 1;

	if (n > room) {
		text += n - room;
		n = room;
	}
	if (d->said_n + n > room) {
		size_t gone = d->said_n + n - room;

		memmove(d->said, d->said + gone, d->said_n - gone);
		d->said_n -= gone;
	}
	memcpy(d->said + d->said_n, text, n);
	d->said_n += n;
	d->said[d->said_n] = '\0';
}

/* Any of DPDK's threads; the stream's lock is held. */
static ssize_t
log_write(void *cookie, const char *text, size_t n)
{
	struct port_dpdk *d = cookie;
	int level = rte_log_cur_msg_loglevel();
	struct span line = span_trim((struct span) { text, n });

	if (!atomic_load(&d->is_running)) {
		said_add(d, text, n);
		if (level <= (int)RTE_LOG_CRIT)
			(void)!write(d->stderr_fd, text, n);
	} else if (level <= (int)RTE_LOG_WARNING && line.len) {
		log_say(LOG_LEVEL_WARNING, "dpdk", "%.*s", SPAN_FMT(line));
	}
	return (ssize_t)n;
}

struct span
dpdk_said_last(const struct port_dpdk *d)
{
	struct span all = span_trim((struct span) { d->said, d->said_n });
	size_t at = span_find_last(all, '\n');

	return at < all.len ? span_from(all, at + 1) : all;
}

static bool
log_begin(struct port_dpdk *d)
{
	static const cookie_io_functions_t functions = { .write = log_write };

	d->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	d->log = fopencookie(d, "w", functions);
	return d->log != NULL && rte_openlog_stream(d->log) == 0;
}

/* EAL prints its usage on stdout, and getopt its complaint on stderr. */
static int
init_quietly(struct port_dpdk *d)
{
	int text_fd = memfd_create("eal", MFD_CLOEXEC);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), result, error;
	char text[1024];
	ssize_t n;

	if (text_fd >= 0 && out >= 0 && null >= 0 && d->stderr_fd >= 0) {
		fflush(stdout);
		dup2(null, STDOUT_FILENO);
		dup2(text_fd, STDERR_FILENO);
	}
	result = rte_eal_init(d->args.argc, d->args.argv);
	error = rte_errno;
	if (text_fd >= 0 && out >= 0 && null >= 0 && d->stderr_fd >= 0) {
		fflush(stdout);
		dup2(out, STDOUT_FILENO);
		dup2(d->stderr_fd, STDERR_FILENO);
		n = pread(text_fd, text, sizeof(text), 0);
		if (n > 0)
			said_add(d, text, (size_t)n);
	}
	if (text_fd >= 0)
		close(text_fd);
	if (out >= 0)
		close(out);
	if (null >= 0)
		close(null);
	return result < 0 ? -(error ? error : EINVAL) : 0;
}

/* What pools, rings and DPDK itself need at most, for --no-huge. */
static uint32_t
memory_mb(const struct port_dpdk_cfg *cfg)
{
	uint64_t frame = (cfg->mtu ? cfg->mtu : 1500u) + 2048u;
	uint64_t bufs_n = dpdk_bufs_n(cfg);
	uint64_t bytes = bufs_n * (frame + BUF_OVERHEAD) * 2 +
			 (uint64_t)dpdk_tso_bufs_n(cfg) *
				 (DPDK_TSO_BYTES + BUF_OVERHEAD);

	return MEMORY_LEAST_MB + (uint32_t)((bytes * cfg->queues_n) >> 20);
}

static unsigned
cpu_first(const cpu_set_t *set)
{
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			return i;
	return 0;
}

struct port_dpdk *
port_dpdk_start(const struct port_dpdk_cfg *cfg, struct diag *diag)
{
	struct port_dpdk *d = must_alloc(sizeof(*d));
	cpu_set_t cpus;
	int error;

	must(cfg->queues_n && cfg->queues_n <= PORT_DPDK_QUEUES_MAX);
	CPU_ZERO(&cpus);
	(void)pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (dpdk_args_init(&d->args, cfg->args, cpu_first(&cpus),
			   (unsigned)getpid(), memory_mb(cfg), diag) != 0)
		goto fail_args;
	if (!log_begin(d)) {
		diag_fail(diag, EX_OSERR, NULL, 0,
			  "no memory for DPDK's messages");
		goto fail_log;
	}
	error = init_quietly(d);
	/* EAL binds the thread that starts it to its first lcore. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (error == 0) {
		snprintf(d->dir, sizeof(d->dir), "%s",
			 rte_eal_get_runtime_dir());
		return d;
	}
	dpdk_args_explain(d->said, -error, diag);
fail_log:
	rte_openlog_stream(NULL);
	if (d->log)
		fclose(d->log);
	if (d->stderr_fd >= 0)
		close(d->stderr_fd);
	dpdk_args_fini(&d->args);
fail_args:
	free(d);
	return NULL;
}

/* EAL leaves its files where other processes would look for them. */
static void
dir_remove(const char *path)
{
	struct dirent *e;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	(void)rmdir(path);
}

void
port_dpdk_stop(struct port_dpdk **dpdk)
{
	struct port_dpdk *d = *dpdk;

	if (d == NULL)
		return;
	atomic_store(&d->is_running, false);
	(void)rte_eal_cleanup();
	if (d->args.is_private_dir)
		dir_remove(d->dir);
	rte_openlog_stream(NULL);
	fclose(d->log);
	close(d->stderr_fd);
	dpdk_args_fini(&d->args);
	free(d);
	*dpdk = NULL;
}
