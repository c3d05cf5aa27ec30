/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, from one table of options; and what must go together. */
#include "bench/options.h"
#include "engine/base/clock.h"

#include <getopt.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

enum option_id {
#define OPTION(symbol, name, value, help) OPT_##symbol,
#include "bench/options.def"
#undef OPTION
	OPT_N,
};

static const struct option long_options[] = {
#define OPTION(symbol, name, value, help) \
	{ name, (value) ? required_argument : no_argument, NULL, OPT_##symbol },
#include "bench/options.def"
#undef OPTION
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name, *value, *help;
} texts[] = {
#define OPTION(symbol, name, value, help) { name, value, help },
#include "bench/options.def"
#undef OPTION
};

void
options_help(FILE *out)
{
	fputs("usage: blast --to HOST:PORT [options]\n"
	      "       blast --verify LEDGER --maildirs BASE [options]\n"
	      "\n"
	      "Loads an SMTP server with messages, checks every reply, and "
	      "reports rates and\n"
	      "latencies. The ledger that it keeps says later what must be in "
	      "the maildirs.\n"
	      "\n",
	      out);
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", texts[i].name,
			 texts[i].value ? texts[i].value : "");
		fprintf(out, "  %-26s %s\n", left, texts[i].help);
	}
	fputs("\n"
	      "Exit: 0 all acknowledged (or verified); 64 usage; 65 verify "
	      "found a fault;\n"
	      "69 no connection; 74 ledger not written; 75 not all "
	      "acknowledged; 76 --strict\n"
	      "and a 5xx or wrong reply.\n",
	      out);
}

PRINTF_LIKE(1, 2)
static int
usage(const char *fmt, ...)
{
	va_list args;

	fputs("blast: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("\n", stderr);
	return EX_USAGE;
}

static int
number(enum option_id id, const char *text, uint64_t least, uint64_t most,
       uint64_t *out)
{
	if (span_to_u64(span_of(text), out) && *out >= least && *out <= most)
		return EX_OK;
	return usage("--%s %s: must be a number from %llu to %llu",
		     texts[id].name, text, (unsigned long long)least,
		     (unsigned long long)most);
}

static int
number32(enum option_id id, const char *text, uint32_t least, uint32_t most,
	 uint32_t *out)
{
	uint64_t n = 0;
	int code = number(id, text, least, most, &n);

	*out = (uint32_t)n;
	return code;
}

static int
seconds(enum option_id id, const char *text, uint64_t *out_us)
{
	uint64_t n = 0;
	int code = number(id, text, 1, 1000000000, &n);

	*out_us = n * US_PER_SEC;
	return code;
}

static int
size_parse(const char *text, struct message_cfg *msg)
{
	struct span all = span_of(text);
	size_t dash = span_find(all, '-');
	const uint64_t most = UINT64_C(1) << 40;

	if (span_to_u64(span_to(all, dash), &msg->size_min) &&
	    (dash == all.len
		     ? (msg->size_max = msg->size_min, true)
		     : span_to_u64(span_from(all, dash + 1), &msg->size_max)) &&
	    msg->size_min <= msg->size_max && msg->size_max <= most)
		return EX_OK;
	return usage("--size %s: must be a number of octets, as in 4096, or "
		     "a range, as in 1000-65536",
		     text);
}

/* "host:port", "[v6]:port". */
static int
address_parse(const char *text, struct load_cfg *load)
{
	struct span all = span_of(text), host, port;
	size_t colon = span_find_last(all, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char host_text[256], port_text[32];
	int err;

	if (colon == all.len || colon == 0 || colon + 1 == all.len)
		return usage("--to %s: must be HOST:PORT, as in "
			     "127.0.0.1:2525 or [::1]:2525",
			     text);
	host = span_to(all, colon);
	port = span_from(all, colon + 1);
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		host = span_to(span_from(host, 1), host.len - 2);
	span_copy(host, host_text, sizeof(host_text));
	span_copy(port, port_text, sizeof(port_text));
	err = getaddrinfo(host_text, port_text, &hints, &found);
	if (err != 0) {
		(void)usage("--to %s: %s: give a name or address that "
			    "resolves, and a port number",
			    text, gai_strerror(err));
		return EX_NOHOST;
	}
	memcpy(&load->to, found->ai_addr, found->ai_addrlen);
	load->to_len = found->ai_addrlen;
	freeaddrinfo(found);
	return EX_OK;
}

static int
message_option(struct options *o, enum option_id id, const char *value)
{
	struct message_cfg *msg = &o->msg;

	switch (id) {
	case OPT_SIZE:
		return size_parse(value, msg);
	case OPT_MAILBOXES:
		return number32(id, value, 1, 1000000000, &msg->mailboxes_n);
	case OPT_RECIPIENTS:
		return number32(id, value, 1, MESSAGE_RCPTS_MAX, &msg->rcpts_n);
	case OPT_DOMAIN:
		msg->domain = value;
		return EX_OK;
	case OPT_MAILBOX_FORMAT:
		msg->mailbox_format = value;
		return EX_OK;
	case OPT_FROM:
		msg->from = value;
		return EX_OK;
	case OPT_SEED:
		return number(id, value, 0, UINT64_MAX, &msg->seed);
	default:
		must(false);
	}
}

static int
kind_parse(const char *text, struct dataplane_cfg *dataplane)
{
	bool is_dpdk = strcmp(text, "dpdk") == 0;

	if (!is_dpdk && strcmp(text, "sockets") != 0)
		return usage("--dataplane %s: must be sockets or dpdk", text);
	dataplane->kind = is_dpdk ? DATAPLANE_DPDK : DATAPLANE_SOCKETS;
	return EX_OK;
}

static int
tls_parse(const char *text, struct load_cfg *load)
{
	bool is_implicit = strcmp(text, "implicit") == 0;

	if (!is_implicit && strcmp(text, "starttls") != 0)
		return usage("--tls %s: must be starttls or implicit", text);
	load->tls = is_implicit ? LOAD_TLS_IMPLICIT : LOAD_TLS_STARTTLS;
	return EX_OK;
}

static int
dataplane_option(struct options *o, enum option_id id, const char *value)
{
	struct dataplane_cfg *dp = &o->dataplane;
	bool is_v6 = strchr(value, ':') != NULL;

	switch (id) {
	case OPT_DATAPLANE:
		return kind_parse(value, dp);
	case OPT_DPDK_ARGS:
		dp->dpdk_args = value;
		return EX_OK;
	case OPT_IP:
		*(is_v6 ? &dp->ipv6 : &dp->ipv4) = value;
		return EX_OK;
	case OPT_MTU:
		return number32(id, value, 1280, 64000, &dp->mtu);
	case OPT_GATEWAY:
		*(is_v6 ? &dp->ipv6_gateway : &dp->ipv4_gateway) = value;
		return EX_OK;
	default:
		return message_option(o, id, value);
	}
}

static int
load_option(struct options *o, enum option_id id, const char *value)
{
	struct load_cfg *load = &o->load;

	switch (id) {
	case OPT_TO:
		o->to = value;
		return address_parse(value, load);
	case OPT_CONNECTIONS:
		return number32(id, value, 1, 1000000, &load->connections_n);
	case OPT_MESSAGES:
		return number(id, value, 1, UINT64_MAX - 1, &load->messages_n);
	case OPT_HELO:
		load->helo = value;
		return EX_OK;
	case OPT_REUSE:
		return number(id, value, 0, UINT64_MAX, &load->reuse_n);
	case OPT_RATE:
		return number(id, value, 1, 1000000000, &load->rate);
	case OPT_DURATION:
		return seconds(id, value, &load->duration_us);
	case OPT_TIMEOUT:
		return seconds(id, value, &load->timeout_us);
	case OPT_IDLE:
		return number32(id, value, 1, 1000000, &load->idle_n);
	case OPT_THREADS:
		return number32(id, value, 1, 256, &load->threads_n);
	case OPT_TLS:
		return tls_parse(value, load);
	case OPT_LEDGER:
		o->ledger_path = value;
		return EX_OK;
	default:
		return dataplane_option(o, id, value);
	}
}

/* Those without a value, and verify's. */
static int
take(struct options *o, enum option_id id, const char *value)
{
	switch (id) {
	case OPT_PIPELINE:
		o->load.is_pipelined = true;
		return EX_OK;
	case OPT_BDAT:
		o->load.is_bdat = true;
		return EX_OK;
	case OPT_TLS_RESUME:
		o->load.is_tls_resumed = true;
		return EX_OK;
	case OPT_PERSIST:
		o->load.is_persist = true;
		o->load.is_retry = true;
		return EX_OK;
	case OPT_RETRY:
		o->load.is_retry = true;
		return EX_OK;
	case OPT_STRICT:
		o->is_strict = true;
		return EX_OK;
	case OPT_JSON:
		o->is_json = true;
		return EX_OK;
	case OPT_PROGRESS:
		o->load.progress = LOAD_PROGRESS_LINE;
		return EX_OK;
	case OPT_QUIET:
		o->is_quiet = true;
		return EX_OK;
	case OPT_VERIFY:
		o->is_verify = true;
		o->verify.ledger_path = value;
		return EX_OK;
	case OPT_MAILDIRS:
		o->verify.base = value;
		return EX_OK;
	case OPT_MAILDIR_FORMAT:
		o->verify.format = value;
		return EX_OK;
	case OPT_HELP:
		o->is_help = true;
		return EX_OK;
	case OPT_VERSION:
		o->is_version = true;
		return EX_OK;
	default:
		return load_option(o, id, value);
	}
}

static void
host_fault(void *arg, const char *param, const char *text)
{
	(void)arg;
	(void)usage("%s %s", strstr(param, "gateway") ? "--gateway" : "--ip",
		    text);
}

/* What belongs to one dataplane only. */
static int
fit_dataplane(struct options *o)
{
	struct dataplane_cfg *dp = &o->dataplane;

	if (dp->kind == DATAPLANE_SOCKETS)
		return dp->dpdk_args || dp->ipv4 || dp->ipv6 ||
				       dp->ipv4_gateway || dp->ipv6_gateway
			       ? usage("--dpdk-args, --ip and --gateway need "
				       "--dataplane dpdk")
			       : EX_OK;
	if (dp->dpdk_args == NULL || (dp->ipv4 == NULL && dp->ipv6 == NULL))
		return usage("--dataplane dpdk needs --dpdk-args and --ip");
	if (o->load.threads_n != 1)
		return usage("--threads %u: one with --dataplane dpdk",
			     o->load.threads_n);
	o->load.dataplane = dp;
	return host_cfg_parse(dp, host_fault, NULL) ? EX_OK : EX_USAGE;
}

static int
fit(struct options *o)
{
	struct load_cfg *load = &o->load;

	if (o->is_help || o->is_version)
		return EX_OK;
	if (o->is_verify != (o->verify.base != NULL))
		return usage("--verify LEDGER and --maildirs BASE go together");
	if (o->is_verify)
		return EX_OK;
	if (o->to == NULL)
		return usage("--to is missing: say which server, as in "
			     "--to 127.0.0.1:2525");
	if (load->is_tls_resumed && load->tls == LOAD_TLS_NONE)
		return usage("--tls-resume needs --tls");
	if (load->connections_n == 0 && load->messages_n == 0 &&
	    load->idle_n > 0)
		return fit_dataplane(o); /* --idle alone */
	if (load->messages_n == 0)
		load->messages_n =
			load->duration_us != LOAD_NO_LIMIT ? LOAD_NO_LIMIT : 1;
	if (load->connections_n == 0)
		load->connections_n = 1;
	if (load->threads_n > load->connections_n)
		return usage("--threads %u: no more than there are "
			     "connections (%u)",
			     load->threads_n, load->connections_n);
	return fit_dataplane(o);
}

int
options_parse(struct options *o, int argc, char **argv)
{
	int id, code = EX_OK;
	uint64_t random = 0;

	*o = (struct options) {
		.msg = { .from = "sender@blast.invalid",
			 .domain = "example.test",
			 .mailbox_format = "user%u",
			 .seed = 1,
			 .started_us = clock_wall_us(),
			 .size_min = 4096,
			 .size_max = 4096,
			 .mailboxes_n = 1,
			 .rcpts_n = 1 },
		.load = { .helo = "blast.invalid",
			  .threads_n = 1,
			  .duration_us = LOAD_NO_LIMIT,
			  .timeout_us = 300 * US_PER_SEC,
			  .progress = isatty(STDERR_FILENO)
					      ? LOAD_PROGRESS_TTY
					      : LOAD_PROGRESS_NONE },
		.verify = { .format = "%d/%u" },
	};
	must(getrandom(&random, sizeof(random), 0) == sizeof(random));
	snprintf(o->msg.run_id, sizeof(o->msg.run_id), "%016llx",
		 (unsigned long long)random);
	opterr = 0;
	optind = 1;
	while (code == EX_OK &&
	       (id = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (id == '?')
			return usage("%s: unknown option: blast --help lists "
				     "what there is",
				     argv[optind - 1]);
		if (id == ':')
			return usage("%s: needs a value: see blast --help",
				     argv[optind - 1]);
		code = take(o, (enum option_id)id, optarg);
	}
	if (code == EX_OK && optind < argc)
		return usage("%s: options begin with --, and nothing else is "
			     "taken",
			     argv[optind]);
	if (o->is_quiet)
		o->load.progress = LOAD_PROGRESS_NONE;
	return code != EX_OK ? code : fit(o);
}
