/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports. Every counter of both forms comes from one list. */
#include "bench/report.h"
#include "engine/base/clock.h"

struct counter {
	const char *name; /* in JSON; '_' is a space for people */
	size_t offset;
	bool is_always; /* shown to people when zero too */
};

static const struct counter load_counters[] = {
#define COUNTER(name, field, is_always)                             \
	{                                                           \
		name, offsetof(struct load_stats, field), is_always \
	}
	COUNTER("acknowledged", acked_n, true),
	COUNTER("acknowledged_bytes", acked_bytes, false),
	COUNTER("acknowledged_recipients", acked_rcpts_n, false),
	COUNTER("deferred", deferred_n, true),
	COUNTER("rejected", rejected_n, true),
	COUNTER("lost_before_end_of_data", unsent_n, false),
	COUNTER("lost_in_doubt", doubt_n, false),
	COUNTER("connections", connects_n, true),
	COUNTER("connects_failed", connects_failed_n, false),
	COUNTER("connections_lost", conns_lost_n, false),
	COUNTER("timeouts", timeouts_n, false),
	COUNTER("tls_handshakes", tls_n, false),
	COUNTER("tls_resumed", tls_resumed_n, false),
	COUNTER("tls_failed", tls_failed_n, false),
	COUNTER("replies_4xx", temporary_n, false),
	COUNTER("replies_5xx", permanent_n, false),
	COUNTER("replies_wrong", wrong_n, true),
	COUNTER("idle_opened", idle_open_n, false),
	COUNTER("idle_lost", idle_lost_n, false),
#undef COUNTER
};

static const struct counter verify_counters[] = {
#define COUNTER(name, field, is_always)                                \
	{                                                              \
		name, offsetof(struct verify_result, field), is_always \
	}
	COUNTER("runs", runs_n, true),
	COUNTER("torn_ledger_lines", torn_lines_n, false),
	COUNTER("acknowledged", acked_n, true),
	COUNTER("expected", expected_n, true),
	COUNTER("files", files_n, true),
	COUNTER("bytes", bytes, false),
	COUNTER("found", found_n, true),
	COUNTER("extra", extra_n, true),
	COUNTER("foreign", foreign_n, false),
	COUNTER("in_tmp", tmp_n, false),
	COUNTER("missing", missing_n, true),
	COUNTER("duplicates", duplicates_n, true),
	COUNTER("damaged", damaged_n, true),
	COUNTER("misplaced", misplaced_n, true),
#undef COUNTER
};

static uint64_t
value(const void *of, const struct counter *c)
{
	return *(const uint64_t *)((const char *)of + c->offset);
}

static void
counters_text(FILE *out, const void *of, const struct counter *c, size_t n)
{
	for (const struct counter *end = c + n; c < end; c++) {
		if (value(of, c) == 0 && !c->is_always)
			continue;
		fprintf(out, "%12llu ", (unsigned long long)value(of, c));
		for (const char *p = c->name; *p; p++)
			fputc(*p == '_' ? ' ' : *p, out);
		fputc('\n', out);
	}
}

static void
counters_json(FILE *out, const void *of, const struct counter *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\"%s\": %llu", i ? ", " : "", c[i].name,
			(unsigned long long)value(of, &c[i]));
}

void
report_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 127)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static const struct {
	const char *name;
	uint32_t ppm;
} quantiles[] = {
	{ "p50", 500000 },   { "p90", 900000 },	 { "p99", 990000 },
	{ "p99.9", 999000 }, { "max", 1000000 },
};

static void
histogram_text(FILE *out, const char *what, const struct histogram *h)
{
	if (h->n == 0)
		return;
	fprintf(out, "%-24s", what);
	for (size_t i = 0; i < ARRAY_N(quantiles); i++)
		fprintf(out, "  %s %.3f", quantiles[i].name,
			(double)histogram_quantile(h, quantiles[i].ppm) /
				1000.0);
	fputs("  ms\n", out);
}

static void
histogram_json(FILE *out, const char *name, const struct histogram *h)
{
	fprintf(out, "\"%s\": {\"n\": %llu, \"mean\": %llu", name,
		(unsigned long long)h->n,
		(unsigned long long)histogram_mean(h));
	for (size_t i = 0; i < ARRAY_N(quantiles); i++)
		fprintf(out, ", \"%s\": %llu", quantiles[i].name,
			(unsigned long long)histogram_quantile(
				h, quantiles[i].ppm));
	fputs("}", out);
}

static double
rate(uint64_t n, uint64_t us)
{
	return us ? (double)n * US_PER_SEC / (double)us : 0.0;
}

static double
cpu_per_msg_us(const struct load_result *r)
{
	uint64_t n = r->stats.acked_n;

	return n ? (double)(r->cpu_user_us + r->cpu_system_us) / (double)n
		 : 0.0;
}

static const char *const verdicts[] = {
	[LOAD_OK] = "ok",
	[LOAD_TEMPORARY] = "4xx",
	[LOAD_PERMANENT] = "5xx",
	[LOAD_WRONG] = "wrong",
};

void
report_load(FILE *out, const struct load_cfg *cfg, const char *to,
	    const struct load_result *r)
{
	const struct load_stats *s = &r->stats;

	fprintf(out, "%s: %.3f s%s, %u connections%s%s\n", to,
		(double)r->elapsed_us / US_PER_SEC,
		r->is_interrupted ? " (interrupted)" : "", cfg->connections_n,
		cfg->is_pipelined ? ", pipelined" : "",
		cfg->is_bdat ? ", BDAT" : "");
	counters_text(out, s, load_counters, ARRAY_N(load_counters));
	if (s->acked_n > 0)
		fprintf(out, "%12.1f messages/s\n%12.2f MB/s\n",
			rate(s->acked_n, r->acked_us),
			rate(s->acked_bytes, r->acked_us) / 1e6);
	histogram_text(out, "end of data to reply", &s->end);
	histogram_text(out, "connect to greeting", &s->connect);
	histogram_text(out, "TLS handshake", &s->tls);
	histogram_text(out, "session", &s->session);
	fprintf(out,
		"blast's own              %.1f us CPU a message (%.2f s user, "
		"%.2f s system)\n",
		cpu_per_msg_us(r), (double)r->cpu_user_us / US_PER_SEC,
		(double)r->cpu_system_us / US_PER_SEC);
	for (const struct load_kind *k = s->kinds; k < s->kinds + s->kinds_n;
	     k++)
		fprintf(out, "%12llu %s reply to %s: %u %s\n",
			(unsigned long long)k->n, verdicts[k->verdict],
			load_phase_name(k->phase), k->code, k->text);
	if (s->kinds_left_out_n > 0)
		fprintf(out, "%12llu replies of further kinds\n",
			(unsigned long long)s->kinds_left_out_n);
}

static void
kinds_json(FILE *out, const struct load_stats *s)
{
	fputs("\"replies\": [", out);
	for (unsigned i = 0; i < s->kinds_n; i++) {
		const struct load_kind *k = &s->kinds[i];

		fprintf(out,
			"%s{\"to\": \"%s\", \"verdict\": \"%s\", \"code\": %u, "
			"\"n\": %llu, \"text\": ",
			i ? ", " : "", load_phase_name(k->phase),
			verdicts[k->verdict], k->code,
			(unsigned long long)k->n);
		report_json_string(out, k->text);
		fputs("}", out);
	}
	fputs("]", out);
}

void
report_load_json(FILE *out, const struct load_cfg *cfg, const char *to,
		 const struct load_result *r)
{
	const struct load_stats *s = &r->stats;

	fputs("{\"to\": ", out);
	report_json_string(out, to);
	fprintf(out,
		", \"run\": \"%s\", \"connection_limit\": %u, "
		"\"pipeline\": %s, \"bdat\": %s, \"interrupted\": %s, "
		"\"seconds\": %.6f, ",
		cfg->gen->cfg.run_id, cfg->connections_n,
		cfg->is_pipelined ? "true" : "false",
		cfg->is_bdat ? "true" : "false",
		r->is_interrupted ? "true" : "false",
		(double)r->elapsed_us / US_PER_SEC);
	counters_json(out, s, load_counters, ARRAY_N(load_counters));
	fprintf(out,
		", \"messages_per_s\": %.3f, \"bytes_per_s\": %.1f, "
		"\"cpu_user_s\": %.6f, \"cpu_system_s\": %.6f, "
		"\"cpu_us_per_message\": %.3f, \"context_switches\": %llu, "
		"\"latency_us\": {",
		rate(s->acked_n, r->acked_us),
		rate(s->acked_bytes, r->acked_us),
		(double)r->cpu_user_us / US_PER_SEC,
		(double)r->cpu_system_us / US_PER_SEC, cpu_per_msg_us(r),
		(unsigned long long)r->switches_n);
	histogram_json(out, "end_of_data", &s->end);
	fputs(", ", out);
	histogram_json(out, "connect", &s->connect);
	fputs(", ", out);
	histogram_json(out, "tls_handshake", &s->tls);
	fputs(", ", out);
	histogram_json(out, "session", &s->session);
	fputs("}, ", out);
	kinds_json(out, s);
	fputs("}\n", out);
}

void
report_verify(FILE *out, const struct verify_result *v)
{
	counters_text(out, v, verify_counters, ARRAY_N(verify_counters));
	fputs(verify_has_fault(v) ? "FAULTY\n" : "all there\n", out);
}

void
report_verify_json(FILE *out, const struct verify_result *v)
{
	fputs("{", out);
	counters_json(out, v, verify_counters, ARRAY_N(verify_counters));
	fprintf(out, ", \"ok\": %s}\n", verify_has_fault(v) ? "false" : "true");
}
