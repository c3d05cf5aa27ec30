/* SPDX-License-Identifier: BSD-2-Clause */
/* blast: loads an SMTP server, or verifies what a load left in maildirs. */
#include "bench/options.h"
#include "bench/report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

#ifndef PENSTOCK_VERSION
#define PENSTOCK_VERSION "unknown"
#endif

/* A descriptor for each connection, and some. */
static int
descriptors_raise(const struct load_cfg *cfg)
{
	uint64_t need = (uint64_t)cfg->connections_n + cfg->idle_n + 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return EX_OK;
	if (limit.rlim_cur < need && need <= limit.rlim_max) {
		limit.rlim_cur = need;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return EX_OK;
	}
	if (limit.rlim_cur >= need)
		return EX_OK;
	fprintf(stderr,
		"blast: %llu descriptors needed, at most %llu allowed: raise "
		"the limit (ulimit -n) or ask for fewer connections\n",
		(unsigned long long)need, (unsigned long long)limit.rlim_max);
	return EX_OSERR;
}

static int
load_exit_code(const struct options *o, const struct load_result *r)
{
	const struct load_stats *s = &r->stats;
	const struct load_cfg *cfg = &o->load;

	if (s->connects_n == 0) {
		fprintf(stderr,
			"blast: %s: %s: start the server, or give another "
			"--to\n",
			o->to,
			s->connect_errno ? strerror(s->connect_errno)
					 : "no greeting");
		return EX_UNAVAILABLE;
	}
	if (o->is_strict && (s->wrong_n > 0 || s->permanent_n > 0))
		return EX_PROTOCOL;
	if (cfg->connections_n == 0)
		return s->idle_lost_n > 0 ? EX_TEMPFAIL : EX_OK;
	if (cfg->messages_n == LOAD_NO_LIMIT)
		return s->acked_n > 0 ? EX_OK : EX_TEMPFAIL;
	return s->acked_n >= cfg->messages_n ? EX_OK : EX_TEMPFAIL;
}

static int
load_start(struct options *o, struct load_result *result)
{
	int r;

	load_signals_block(); /* before the ledger starts its thread */
	o->load.ledger = NULL;
	if (o->ledger_path != NULL) {
		r = ledger_open(o->ledger_path, &o->msg, &o->load.ledger);
		if (r < 0)
			goto fail_ledger;
	}
	r = load_run(&o->load, result);
	if (o->load.ledger != NULL) {
		int closed = ledger_close(&o->load.ledger);

		if (closed < 0) {
			r = closed;
			goto fail_ledger;
		}
	}
	if (r == 0)
		return EX_OK;
	fprintf(stderr, "blast: %s: nothing was sent\n", strerror(-r));
	return EX_OSERR;
fail_ledger:
	fprintf(stderr,
		"blast: %s: %s: --ledger needs a file that can be "
		"appended to\n",
		o->ledger_path, strerror(-r));
	return EX_IOERR;
}

static int
load(struct options *o)
{
	struct load_result *result = must_alloc(sizeof(*result));
	struct message_gen gen;
	const char *why = "";
	int code, r;

	code = descriptors_raise(&o->load);
	if (code != EX_OK)
		goto fail_result;
	r = message_gen_open(&gen, &o->msg, &why);
	if (r < 0) {
		fprintf(stderr, "blast: %s\n", *why ? why : strerror(-r));
		code = r == -EINVAL ? EX_USAGE : EX_OSERR;
		goto fail_result;
	}
	o->load.gen = &gen;
	code = load_start(o, result);
	if (code == EX_OK) {
		if (!o->is_quiet && (o->is_json || result->stats.connects_n))
			(o->is_json ? report_load_json : report_load)(
				stdout, &o->load, o->to, result);
		code = load_exit_code(o, result);
	}
	message_gen_close(&gen);
fail_result:
	free(result);
	return code;
}

static int
verify(struct options *o)
{
	struct verify_result result;
	int code;

	o->verify.faults = o->is_quiet ? NULL : stderr;
	code = verify_run(&o->verify, &result);
	if (code != EX_OK)
		return code;
	if (!o->is_quiet)
		(o->is_json ? report_verify_json : report_verify)(stdout,
								  &result);
	return verify_has_fault(&result) ? EX_DATAERR : EX_OK;
}

int
main(int argc, char **argv)
{
	struct options o;
	int code = options_parse(&o, argc, argv);

	if (code != EX_OK)
		return code;
	if (o.is_help) {
		options_help(stdout);
	} else if (o.is_version) {
		puts("blast " PENSTOCK_VERSION);
	} else {
		code = o.is_verify ? verify(&o) : load(&o);
	}
	if (fflush(stdout) != 0)
		code = EX_IOERR;
	return code;
}
