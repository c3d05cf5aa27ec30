/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DNS thread: takes questions out of the workers' rings, answers them from
 * hosts(5) where that counts, asks servers for the others, one question for all
 * workers that have it, follows CNAMEs that servers leave open, and hands each
 * worker an answer of its own.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/policy/dns_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TICK_MS	  50 /* c-ares looks at its clock */
#define LOOK_US	  US_PER_SEC
#define WAKE_KEY  UINT64_MAX
#define HOSTS_MAX 16
#define TAKEN_MAX 256 /* of a worker, a round */

/* --- answers go home --- */

static void
send_home(struct dns *dns, struct dns_entry *e, struct dns_block *block)
{
	struct dns_side *side = &dns->sides[e->worker_idx];
	uint64_t one = 1;

	e->block = block;
	/* Its worker has no more questions out than the ring has room for. */
	must(ring_put(&side->to_worker, e));
	if (write(side->source.wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
}

static void
answer_all(struct dns *dns, struct dns_entry *e,
	   const struct dns_answer *answer)
{
	struct dns_entry *next;

	for (; e != NULL; e = next) {
		next = e->next_flight;
		send_home(dns, e, dns_block_new(answer));
	}
}

static void
count_latency(struct dns *dns, uint64_t took_us)
{
	int i = 0;

	while (i < DNS_LATENCIES_N - 1 && took_us >= 2ull << i)
		i++;
	counter_add(&dns->latencies_n[i], 1);
}

/* --- flights --- */

static void
flight_end(struct dns *dns, struct dns_flight *f,
	   const struct dns_answer *answer)
{
	struct dns_flight **at = &dns->flights[f->hash % DNS_FLIGHTS_N];

	while (*at != f)
		at = &(*at)->next_hash;
	*at = f->next_hash;
	dns->flights_n--;
	count_latency(dns, clock_now_us() - f->begin_us);
	answer_all(dns, f->entries, answer);
	free(f);
}

static void
flight_fail(struct dns *dns, struct dns_flight *f, bool is_timeout)
{
	counter_add(is_timeout ? &dns->timeouts_n : &dns->failures_n, 1);
	flight_end(dns, f, &dns_answer_tryagain);
}

static void flight_ask(struct dns *dns, struct dns_flight *f);

/* A CNAME whose end the server did not give: ask for that. */
static void
chase(struct dns *dns, struct dns_flight *f)
{
	struct dns_answer loop = { .status = DNS_NODATA,
				   .ttl_s = DNS_TTL_BRIEF_S,
				   .canonical = "" };
	struct dns_parse *p = dns->parse;

	if (p->answer.ttl_s < f->ttl_s)
		f->ttl_s = p->answer.ttl_s;
	if (++f->cnames_n > DNS_CNAMES_MAX) {
		counter_add(&dns->negatives_n, 1);
		flight_end(dns, f, &loop);
		return;
	}
	memcpy(f->name, p->canonical, sizeof(f->name));
	flight_ask(dns, f);
}

static void
take_message(struct dns *dns, struct dns_flight *f, struct span msg)
{
	struct dns_parse *p = dns->parse;

	if (!dns_parse(p, msg, span_of(f->name), (enum dns_type)f->type)) {
		flight_fail(dns, f, false);
		return;
	}
	counter_add(&dns->answers_n, 1);
	if (p->is_cut) {
		chase(dns, f);
		return;
	}
	if (p->answer.status == DNS_NXDOMAIN || p->answer.status == DNS_NODATA)
		counter_add(&dns->negatives_n, 1);
	if (p->answer.ttl_s > f->ttl_s)
		p->answer.ttl_s = f->ttl_s;
	if (f->cnames_n > 0 && *p->answer.canonical == '\0')
		p->answer.canonical = f->name;
	flight_end(dns, f, &p->answer);
}

/* c-ares: what came of a question. */
static void
answered(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	struct dns_flight *f = arg;
	struct dns *dns = f->dns;

	(void)timeouts;
	f->channel->flights_n--;
	f->channel = NULL;
	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
		if (msg == NULL || len <= 0)
			break;
		take_message(dns, f,
			     (struct span) { (char *)msg, (size_t)len });
		return;
	case ARES_EDESTRUCTION:
		if (atomic_load(&dns->is_stop_wanted))
			break;
		/* Its servers are no more: once more, of the new ones. */
		f->next_again = dns->again;
		dns->again = f;
		return;
	default:
		break;
	}
	flight_fail(dns, f, status == ARES_ETIMEOUT);
}

static void
flight_ask(struct dns *dns, struct dns_flight *f)
{
	struct dns_channel *c = dns_channel_get(dns);

	if (c == NULL) {
		flight_fail(dns, f, false);
		return;
	}
	f->channel = c;
	c->flights_n++;
	c->asked_n++;
	counter_add(&dns->queries_n, 1);
	/* May call answered() before it returns: *f is not ours any more. */
	ares_query(c->ares, f->name, DNS_CLASS_IN,
		   (int)dns_parse_code((enum dns_type)f->type), answered, f);
}

static void
ask_again(struct dns *dns)
{
	struct dns_flight *f = dns->again, *next;

	dns->again = NULL;
	for (; f != NULL; f = next) {
		next = f->next_again;
		flight_ask(dns, f);
	}
}

/* --- questions --- */

static bool
answer_from_hosts(struct dns *dns, struct dns_entry *e, const struct ip *ip)
{
	struct dns_record records[HOSTS_MAX] = { 0 };
	struct dns_answer a = { .status = DNS_OK,
				.ttl_s = DNS_TTL_BRIEF_S,
				.canonical = "",
				.records = records };
	struct span name = { e->name, e->name_len };
	struct ip ips[HOSTS_MAX];

	if (dns->hosts == NULL)
		return false;
	if (e->type == DNS_HOST_PTR) {
		const char *found = dns_hosts_name(dns->hosts, ip);

		if (found == NULL || strlen(found) > DNS_NAME_MAX)
			return false;
		records[0].name = found;
		records[0].name_len = (uint16_t)strlen(found);
		a.records_n = 1;
		if (!dns_is_hostname(span_of(found))) {
			a.status = DNS_BAD;
			a.records_n = 0;
		}
	} else {
		a.records_n = dns_hosts_addrs(dns->hosts, name,
					      e->type == DNS_HOST_A, ips,
					      HOSTS_MAX);
		for (unsigned i = 0; i < a.records_n; i++)
			records[i].ip = ips[i];
		if (a.records_n == 0)
			return false;
	}
	counter_add(&dns->hosts_n, 1);
	e->next_flight = NULL;
	answer_all(dns, e, &a);
	return true;
}

static bool
join_flight(struct dns *dns, struct dns_entry *e)
{
	struct dns_flight *f = dns->flights[e->hash % DNS_FLIGHTS_N];

	for (; f != NULL; f = f->next_hash) {
		const struct dns_entry *first = f->entries;

		if (f->hash != e->hash || first->type != e->type ||
		    strcmp(first->name, e->name) != 0)
			continue;
		e->next_flight = f->entries;
		f->entries = e;
		return true;
	}
	return false;
}

static void
begin_flight(struct dns *dns, struct dns_entry *e, const struct ip *ip)
{
	static const uint8_t asked[DNS_TYPE_N] = {
		[DNS_A] = DNS_A,	  [DNS_AAAA] = DNS_AAAA,
		[DNS_PTR] = DNS_PTR,	  [DNS_MX] = DNS_MX,
		[DNS_NS] = DNS_NS,	  [DNS_TXT] = DNS_TXT,
		[DNS_HOST_A] = DNS_A,	  [DNS_HOST_AAAA] = DNS_AAAA,
		[DNS_HOST_PTR] = DNS_PTR,
	};
	struct dns_flight **at = &dns->flights[e->hash % DNS_FLIGHTS_N];
	struct dns_flight *f = malloc(sizeof(*f));

	e->next_flight = NULL;
	if (f == NULL) {
		send_home(dns, e, NULL);
		return;
	}
	*f = (struct dns_flight) {
		.next_hash = *at,
		.dns = dns,
		.entries = e,
		.hash = e->hash,
		.begin_us = dns->now_us,
		.ttl_s = DNS_TTL_MAX_S,
		.type = asked[e->type],
	};
	if (e->type == DNS_HOST_PTR)
		must(dns_reverse_name(ip, SPAN(""), f->name) > 0);
	else
		memcpy(f->name, e->name, e->name_len + 1u);
	*at = f;
	dns->flights_n++;
	flight_ask(dns, f);
}

static void
take_question(struct dns *dns, struct dns_entry *e)
{
	struct ip ip = { 0 };

	if (e->type == DNS_HOST_PTR)
		must(ip_parse((struct span) { e->name, e->name_len }, &ip));
	if (e->type >= DNS_HOST_A && answer_from_hosts(dns, e, &ip))
		return;
	if (!join_flight(dns, e))
		begin_flight(dns, e, &ip);
}

static bool
take_questions(struct dns *dns)
{
	bool has_any = false;

	for (unsigned i = 0; i < dns->workers_n; i++) {
		struct dns_entry *e;

		for (int n = 0; n < TAKEN_MAX; n++) {
			e = ring_get(&dns->sides[i].to_thread);
			if (e == NULL)
				break;
			has_any = true;
			take_question(dns, e);
		}
	}
	return has_any;
}

static bool
has_questions(struct dns *dns)
{
	for (unsigned i = 0; i < dns->workers_n; i++)
		if (ring_n(&dns->sides[i].to_thread))
			return true;
	return false;
}

/* --- what to ask whom --- */

/* Servers that are given were checked; nothing is read for them. */
static void
read_resolv(struct dns *dns, bool is_new)
{
	const struct dns_cfg *cfg = &dns->settings->cfg;
	struct span bad;

	if (*cfg->servers != '\0') {
		if (!is_new)
			return;
		must(dns_servers_parse(span_of(cfg->servers), &dns->resolv,
				       &bad));
	} else {
		if (!dns_file_has_changed(cfg->resolv_file,
					  &dns->resolv_stamp) &&
		    !is_new)
			return;
		dns_resolv_read(cfg->resolv_file, &dns->resolv);
	}
	counter_add(&dns->servers_n,
		    dns->resolv.servers_n - counter_get(&dns->servers_n));
	if (!is_new)
		log_say(LOG_LEVEL_INFO, "dns", "%s has changed: %u servers",
			cfg->resolv_file, dns->resolv.servers_n);
	dns_channels_retire(dns);
}

static void
read_hosts(struct dns *dns, bool is_new)
{
	const char *path = dns->settings->cfg.hosts_file;
	struct dns_hosts *hosts;

	if (!dns_file_has_changed(path, &dns->hosts_stamp) && !is_new)
		return;
	hosts = dns_hosts_read(path);
	if (hosts == NULL)
		return; /* no memory: what it said still holds */
	dns_hosts_free(&dns->hosts);
	dns->hosts = hosts;
}

static void
look_at_settings(struct dns *dns)
{
	struct dns_settings *next = atomic_exchange(&dns->next, NULL);

	if (next == NULL && dns->now_us - dns->looked_us < LOOK_US)
		return;
	dns->looked_us = dns->now_us;
	if (next != NULL) {
		free(dns->settings);
		dns->settings = next;
	}
	read_resolv(dns, next != NULL);
	read_hosts(dns, next != NULL);
}

/* --- the thread --- */

/* How long, in ms, for epoll. Who puts a question in wakes who sleeps. */
static int
sleep_ms(struct dns *dns)
{
	atomic_store(&dns->is_asleep, 1);
	atomic_thread_fence(memory_order_seq_cst);
	if (has_questions(dns) || atomic_load(&dns->is_stop_wanted) ||
	    atomic_load(&dns->next) != NULL)
		return 0;
	return dns->flights_n > 0 ? TICK_MS : -1;
}

static void *
thread_main(void *arg)
{
	struct dns *dns = arg;

	while (!atomic_load(&dns->is_stop_wanted)) {
		dns_channels_poll(dns, sleep_ms(dns));
		atomic_store(&dns->is_asleep, 0);
		look_at_settings(dns);
		ask_again(dns);
		while (take_questions(dns))
			;
		dns_channels_sweep(dns, false);
	}
	dns_channels_sweep(dns, true);
	must(dns->flights_n == 0 && dns->again == NULL);
	return NULL;
}

void
dns_thread_wake(struct dns *dns)
{
	uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_exchange(&dns->is_asleep, 0) &&
	    write(dns->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
}

int
dns_thread_start(struct dns *dns)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = WAKE_KEY };
	int ret;

	dns->now_us = clock_now_us();
	if (epoll_ctl(dns->epoll_fd, EPOLL_CTL_ADD, dns->wake_fd, &ev) != 0)
		return -errno;
	look_at_settings(dns);
	ret = pthread_create(&dns->thread, NULL, thread_main, dns);
	if (ret)
		return -ret;
	dns->is_started = true;
	pthread_setname_np(dns->thread, "dns");
	return 0;
}

void
dns_thread_stop(struct dns *dns)
{
	if (!dns->is_started)
		return;
	atomic_store(&dns->is_stop_wanted, true);
	dns_thread_wake(dns);
	pthread_join(dns->thread, NULL);
	dns->is_started = false;
}
