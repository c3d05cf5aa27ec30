/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h: one line per event, in Postfix's form, so that pflogsumm, fail2ban and
 * people read it: "Nov 23 05:04:12 host penstock/smtpd[123]: ID: client=…".
 * Any thread; never blocks: a line is formatted into the calling thread's own
 * ring (registered at its first line), and one log thread drains the rings to
 * syslog, a file (maillog_file, reopened by log_reopen) or stderr. When a ring
 * is full the line is lost; the loss is counted, and said when there is room.
 */
#ifndef PENSTOCK_BASE_LOG_H
#define PENSTOCK_BASE_LOG_H

#include "engine/base/diag.h"
#include "engine/base/must.h"
#include "engine/base/span.h"

#include <stdatomic.h>

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_cfg {
	const char *file;	 /* NULL or "": syslog. "/dev/stderr": stderr */
	const char *syslog_name; /* "penstock" */
	const char *syslog_facility; /* "mail" */
	const char *myhostname;
};

/* Before log_open() and after log_close() lines go to stderr, unbuffered. */
MUST_USE int log_open(const struct log_cfg *cfg, struct diag *diag);
/* Writes what is left, stops the log thread. */
void log_close(void);
/* A reload: other destination, or the same file renamed away. */
MUST_USE int log_reopen(const struct log_cfg *cfg, struct diag *diag);
/* Lines lost since the start. */
uint64_t log_lost_n(void);

/*
 * module: the last part of the tag: "smtpd", "virtual", "queue", "master".
 * No newline in fmt; control bytes and DEL in the result are written as '?'.
 * Lines are cut at LOG_LINE_MAX.
 */
#define LOG_LINE_MAX 2048
PRINTF_LIKE(3, 4)
void log_say(enum log_level level, const char *module, const char *fmt, ...);
/* The same of text that is there already: for what every message says. */
void log_put(enum log_level level, const char *module, struct span text);

#endif
