/* SPDX-License-Identifier: BSD-2-Clause */
/* A broken invariant ends the process and says where. */
#include "engine/base/must.h"
#include "tests/unit/check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child says that breaks `cond`, and how it ends. */
static int
run_child(int cond, char *said, size_t cap)
{
	int fds[2], status;
	ssize_t n = 0, got;
	pid_t pid;

	must(pipe(fds) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		must(cond == 1);
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], said + n, cap - 1 - (size_t)n)) > 0)
		n += got;
	said[n] = '\0';
	close(fds[0]);
	must(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
test_must(void)
{
	char said[4096];
	int status;

	CHECK_ROW("kept");
	status = run_child(1, said, sizeof(said));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(said[0] == '\0');
	CHECK_ROW("broken");
	status = run_child(2, said, sizeof(said));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK(strstr(said, "must_test.c:") != NULL);
	CHECK(strstr(said, "broken invariant: cond == 1\n") != NULL);
}

static void
test_alloc(void)
{
	unsigned char *p = must_alloc(1000);
	void *nothing = must_alloc(0);

	CHECK_ROW("alloc");
	CHECK(nothing != NULL);
	for (int i = 0; i < 1000; i++)
		CHECK(p[i] == 0);
	free(p);
	free(nothing);
}

struct outer {
	int a;
	struct inner {
		int b;
	} in;
};

static void
test_macros(void)
{
	struct outer o = { 1, { 2 } };
	int three[3];

	CHECK_ROW("macros");
	CHECK(CONTAINER_OF(&o.in, struct outer, in) == &o);
	CHECK(ARRAY_N(three) == 3);
}

int
main(void)
{
	test_must();
	test_alloc();
	test_macros();
	return check_end();
}
