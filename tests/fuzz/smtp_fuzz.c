/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole sessions. The first eight bytes choose the configuration, policy's
 * answers, the queue's, and how the input is cut ('0' for nothing special).
 * However it is cut, however small buffers and chunks are: the same replies,
 * the same messages, well-formed, and nothing left over.
 */
#include "tests/unit/smtp_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { KNOBS_N = 8 };

static struct match everybody = { "192.0.2.1" };
static const unsigned codes[] = { 0, 0, 0, 0, 450, 550, 421, 521 };

static void
configure(struct driver *d, const uint8_t knobs[KNOBS_N])
{
	struct smtp_cfg *cfg = &d->cfg;
	unsigned a = knobs[0] ^ '0', b = knobs[1] ^ '0';

	*cfg = driver_cfg;
	cfg->bare_newline =
		(enum smtp_bare_newline)((SMTP_BARE_NEWLINE_NORMALIZE + a) % 3);
	cfg->proxy = a & 4 ? SMTP_PROXY_HAPROXY : SMTP_PROXY_NONE;
	cfg->xclient_hosts = a & 8 ? &everybody : NULL;
	cfg->is_helo_required = a & 16;
	cfg->is_vrfy_disabled = a & 32;
	cfg->is_strict_rfc821 = a & 64;
	cfg->is_smtputf8 = !(a & 128);
	cfg->message_bytes_max = b & 1 ? 100 : 10240000;
	cfg->rcpt_max = b & 2 ? 2 : 1000;
	cfg->line_bytes_max = b & 4 ? 64 : 2048;
	cfg->hops_max = b & 8 ? 3 : 50;
	cfg->hard_errors_max = b & 16 ? 3 : 20;
	cfg->rcpt_overshoot_max = b & 32 ? 2 : 1000;
	cfg->discard_ehlo_keywords = b & 64 ? "dsn, smtputf8" : "";
	cfg->bare_newline_exclusions = b & 128 ? &everybody : NULL;
	for (int i = 0; i < SMTP_CHECK_N; i++) {
		unsigned bits = knobs[2 + i / 2] ^ '0';
		unsigned code = codes[(i & 1 ? bits >> 3 : bits) & 7];

		d->answers[i] = (struct driver_answer) { code,
							 "5.7.1 no\r\nreally",
							 code % 100 == 21 };
	}
	cfg->reject_footer =
		(knobs[6] ^ '0') & 4
			? "\\c. Ask "
			  "$server_name\\n($client_address)\\n${helo_name}"
			: "";
	d->outcome = (enum smtp_commit)(((knobs[6] ^ '0') & 3) % 3);
}

/* "250-text" or "250 text", at most 512 bytes, one code for all its lines. */
static void
check_replies(struct span said)
{
	struct span code = { 0 };

	while (said.len) {
		size_t n = span_find(said, '\n');

		must(n < said.len && n >= 4 && n < SMTP_LINE_BYTES_MAX);
		must(said.p[n - 1] == '\r');
		must(span_find(span_to(said, n - 1), '\r') == n - 1);
		must(span_find(span_to(said, n), '\0') == n);
		must(said.p[0] >= '2' && said.p[0] <= '5');
		must(said.p[1] >= '0' && said.p[1] <= '9');
		must(said.p[2] >= '0' && said.p[2] <= '9');
		must(said.p[3] == ' ' || said.p[3] == '-');
		must(code.len == 0 || span_is_equal(code, span_to(said, 3)));
		code = said.p[3] == '-' ? span_to(said, 3)
					: (struct span) { 0 };
		said = span_from(said, n + 1);
	}
	must(code.len == 0);
}

static void
run(struct driver *d, struct span in, uint32_t seed)
{
	driver_forget(d);
	must(ip_parse(SPAN("192.0.2.1"), &d->ip));
	/* The smallest buffers and the earliest streaming when it is cut. */
	d->out.cap = seed ? SMTP_OUT_ROOM_MIN : 16384;
	d->shared.stream_bytes = seed ? seed % 64 : 256 * 1024;
	driver_open(d);
	while (in.len && d->want != SMTP_WANT_CLOSE) {
		size_t len = in.len;

		seed = seed ? seed * 1103515245 + 12345 : 0;
		if (seed && (seed >> 16) % 40 + 1 < len)
			len = seed & 0x10000 ? 1 : (seed >> 16) % 40 + 1;
		driver_feed(d, span_to(in, len));
		in = span_from(in, len);
	}
	must(d->want == SMTP_WANT_BYTES || d->want == SMTP_WANT_CLOSE);
	driver_end(d);
	must(d->shared.free_txns == NULL ||
	     d->shared.free_txns->next_free == NULL);
	check_replies(text_span(&d->said));
}

static bool
is_same(const struct text *a, const struct text *b)
{
	return span_is_equal(text_span(a), text_span(b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct driver whole, cut;
	struct span in;
	char *copy;

	if (n < KNOBS_N)
		return 0;
	if (whole.pool == NULL) {
		driver_init(&whole, 64u << 20);
		driver_init(&cut, 64u << 20);
	}
	configure(&whole, data);
	configure(&cut, data);
	copy = malloc(n);
	must(copy != NULL);
	memcpy(copy, data + KNOBS_N, n - KNOBS_N);
	in = (struct span) { copy, n - KNOBS_N };
	run(&whole, in, 0);
	run(&cut, in, data[7] + 1u);
	must(is_same(&whole.said, &cut.said));
	must(is_same(&whole.kept, &cut.kept));
	must(is_same(&whole.asked, &cut.asked));
	must(whole.mails_n == cut.mails_n);
	must(whole.s.errors_n == cut.s.errors_n);
	must(ip_is_equal(&whole.s.client_ip, &cut.s.client_ip));
	free(copy);
	return 0;
}
