/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports have the figures, and JSON stays JSON whatever a server said. */
#include "bench/report.h"
#include "tests/unit/check.h"

static char text[65536];

static const char *
load_text(void (*fn)(FILE *, const struct load_cfg *, const char *,
		     const struct load_result *),
	  const struct load_result *r)
{
	static const struct message_gen gen = {
		.cfg = { .run_id = "0123456789abcdef" }
	};
	static const struct load_cfg cfg = { .gen = &gen, .connections_n = 3 };
	FILE *f = fmemopen(text, sizeof(text), "w");

	must(f != NULL);
	fn(f, &cfg, "host:25", r);
	fclose(f);
	return text;
}

static void
test_load(void)
{
	static struct load_result r;
	const char *t;

	load_stats_init(&r.stats);
	r.elapsed_us = 2500000;
	r.acked_us = 2000000;
	r.cpu_user_us = 30000;
	r.cpu_system_us = 10000;
	r.stats.acked_n = 1000;
	r.stats.acked_bytes = 4096000;
	histogram_add(&r.stats.end, 3000);
	load_stats_reply(&r.stats, LOAD_RCPT, LOAD_PERMANENT, 550,
			 SPAN("5.1.1 \"no\\such\""));

	CHECK_ROW("for people");
	t = load_text(report_load, &r);
	CHECK(strstr(t, "host:25: 2.500 s, 3 connections\n") != NULL);
	CHECK(strstr(t, " 1000 acknowledged\n") != NULL);
	CHECK(strstr(t, " 500.0 messages/s\n") != NULL);
	CHECK(strstr(t, "p50 3.000") != NULL);
	CHECK(strstr(t, "40.0 us CPU a message") != NULL);
	CHECK(strstr(t, "5xx reply to RCPT: 550 5.1.1 \"no") != NULL);
	CHECK(strstr(t, "timeouts") == NULL);

	CHECK_ROW("JSON");
	t = load_text(report_load_json, &r);
	CHECK(strstr(t, "\"acknowledged\": 1000,") != NULL);
	CHECK(strstr(t, "\"messages_per_s\": 500.000,") != NULL);
	CHECK(strstr(t, "\"p99.9\": 3000") != NULL);
	CHECK(strstr(t, "\"text\": \"5.1.1 \\\"no\\\\such\\\"\"}") != NULL);
	CHECK(t[strlen(t) - 1] == '\n' && t[strlen(t) - 2] == '}');
}

static void
test_verify(void)
{
	struct verify_result v = { .acked_n = 5,
				   .expected_n = 5,
				   .found_n = 5 };
	FILE *f = fmemopen(text, sizeof(text), "w");

	CHECK_ROW("verify");
	must(f != NULL);
	report_verify(f, &v);
	v.missing_n = 1;
	report_verify(f, &v);
	report_verify_json(f, &v);
	fclose(f);
	CHECK(strstr(text, "all there\n") != NULL);
	CHECK(strstr(text, "FAULTY\n") != NULL);
	CHECK(strstr(text, "\"missing\": 1,") != NULL);
	CHECK(strstr(text, "\"ok\": false}\n") != NULL);
}

static void
test_string(void)
{
	FILE *f = fmemopen(text, sizeof(text), "w");

	CHECK_ROW("string");
	must(f != NULL);
	report_json_string(f, "a\"\\\n\x7f\xc3\xa4");
	fclose(f);
	CHECK_SPAN(span_of(text), "\"a\\\"\\\\\\u000a\\u007f\xc3\xa4\"");
}

int
main(void)
{
	test_load();
	test_verify();
	test_string();
	return check_end();
}
