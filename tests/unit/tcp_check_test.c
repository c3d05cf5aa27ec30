/* SPDX-License-Identifier: BSD-2-Clause */
/* Each invariant, broken on purpose: the check must see it. */
#include "tests/unit/tcp_rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
break_rcv(struct tcp *t, struct tcp_conn *c)
{
	c->rcv_nxt = c->rcv_edge + 2;
}

static void
break_una(struct tcp *t, struct tcp_conn *c)
{
	c->snd_una = c->snd_max + 1;
}

static void
break_timer(struct tcp *t, struct tcp_conn *c)
{
	c->timers &= (uint8_t)~TCP_T_RTX;
}

static void
break_wheel(struct tcp *t, struct tcp_conn *c)
{
	wheel_clear(&t->wheel, &c->timer);
}

static void
break_chain(struct tcp *t, struct tcp_conn *c)
{
	c->tx.bytes++;
}

static void
break_state(struct tcp *t, struct tcp_conn *c)
{
	c->state = TCP_CLOSE_WAIT;
}

static void
break_table(struct tcp *t, struct tcp_conn *c)
{
	tcp_table_remove(&t->table, tcp_hash_key(&t->hash_secret, &c->key),
			 TCP_REF_CONN | tcp_conn_number(t, c));
}

static void
break_pool(struct tcp *t, struct tcp_conn *c)
{
	(void)tcp_buf_get(&t->pool);
}

static void
break_conns(struct tcp *t, struct tcp_conn *c)
{
	t->conns_n++;
}

static void
break_loss(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_loss *l = tcp_loss_get(t, c);

	l->sack.n = 1;
	l->sack.r[0] = (struct tcp_range) { c->snd_una + 1, c->snd_una + 5 };
}

static void
break_reass(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_range dup;
	uint8_t bytes[10] = { 0 };

	(void)tcp_reass_add(&t->reass, &t->pool, &c->reass, c->rcv_nxt, bytes,
			    sizeof(bytes), &dup);
}

static void
break_key(struct tcp *t, struct tcp_conn *c)
{
	c->key.peer_port++;
}

static void
break_nothing(struct tcp *t, struct tcp_conn *c)
{
}

static const struct {
	const char *name;
	void (*run)(struct tcp *t, struct tcp_conn *c);
} rows[] = {
	{ "nothing is broken", break_nothing },
	{ "RCV.NXT beyond the window", break_rcv },
	{ "SND.UNA beyond SND.MAX", break_una },
	{ "in flight without a timer", break_timer },
	{ "a timer that no wheel has", break_wheel },
	{ "a chain of a wrong length", break_chain },
	{ "a state that was not counted", break_state },
	{ "not in the table", break_table },
	{ "a buffer that nobody has", break_pool },
	{ "a connection too many", break_conns },
	{ "a scoreboard that does not add up", break_loss },
	{ "a range that is in order", break_reass },
	{ "found under another name", break_key },
};

/* One connection with bytes in flight, broken, checked: how it ends. */
static int
run(unsigned row)
{
	struct tcp_cfg cfg = tcp_rig_cfg();
	struct host *h = tcp_rig_host_open();
	struct tcp *t = tcp_open(&cfg, h, 1000000);
	struct tcp_conn *c = tcp_connect(t, &tcp_rig_peer, 25, 1000000);
	struct tcp_opts o = { 0 };
	struct ready ready = { 0 };
	uint8_t p[64], ip[IP4_BYTES] = { 0 };
	struct host_seg seg = { .tcp = p, .ip = ip };

	must(c != NULL);
	memcpy(ip + IP4_SRC, tcp_rig_peer.b + 12, 4);
	memcpy(ip + IP4_DST, tcp_rig_local.b + 12, 4);
	seg.tcp_bytes = tcp_rig_segment(p, 25, c->key.local_port, 7,
					c->snd_una + 1, TCP_SYN | TCP_ACK,
					65535, &o, 0);
	tcp_input(t, &seg, 1, &ready, 1000000);
	must(tcp_tx(t, c, SPAN("hello")));
	tcp_burst_end(t, 1000000);
	must(c->snd_max - c->snd_una == 5);
	rows[row].run(t, c);
	tcp_check(t);
	return 0;
}

static void
test_one(unsigned row)
{
	int status = 0;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		must(freopen("/dev/null", "w", stderr) != NULL);
		signal(SIGABRT, SIG_DFL);
		_exit(run(row));
	}
	must(waitpid(pid, &status, 0) == pid);
	CHECK_ROW(rows[row].name);
	if (row == 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++)
		test_one(i);
	return check_end();
}
