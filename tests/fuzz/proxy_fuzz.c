/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROXY headers: what is said of the beginning holds for the whole, nothing is
 * used up too early, and a version 1 header says what a second reading says.
 */
#include "engine/smtp/smtp_int.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A copy of its own each time: a read past the end is seen. */
static enum proxy_result
parse(const uint8_t *data, size_t n, struct proxy_info *info, size_t *used)
{
	char *copy = malloc(n ? n : 1);
	struct span in = { copy, n };
	enum proxy_result res;

	must(copy != NULL);
	if (n)
		memcpy(copy, data, n);
	res = smtp_proxy_parse(&in, info);
	must(in.len <= n && in.p + in.len == copy + n);
	if (res == PROXY_MORE)
		must(in.len == n);
	*used = n - in.len;
	free(copy);
	return res;
}

/* Written anew from what was read, it is read the same. */
static void
check_again(const struct proxy_info *info)
{
	char ip[IP_TEXT_MAX], text[200];
	struct proxy_info again;
	size_t used;
	int n;

	ip_print(&info->ip, ip);
	n = snprintf(text, sizeof(text), "PROXY %s %s %s %u 25\r\nx",
		     ip_is_v4(&info->ip) ? "TCP4" : "TCP6", ip, ip, info->port);
	must(n > 0 && n < (int)sizeof(text));
	must(parse((const uint8_t *)text, (size_t)n, &again, &used) ==
	     PROXY_DONE);
	must(used == (size_t)n - 1 && again.port == info->port);
	must(ip_is_equal(&again.ip, &info->ip) && !again.is_local);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proxy_info info, part_info;
	size_t used, part_used;
	enum proxy_result res;

	if (n > 2 * PROXY_BYTES_MAX)
		return 0;
	res = parse(data, n, &info, &used);
	must(res != PROXY_MORE || n < PROXY_BYTES_MAX);
	must(res != PROXY_DONE || (used > 0 && used <= PROXY_BYTES_MAX));
	for (size_t part = 0; part < n; part++) {
		enum proxy_result got =
			parse(data, part, &part_info, &part_used);

		if (res == PROXY_MORE || (res == PROXY_DONE && part < used))
			must(got == PROXY_MORE);
		else if (res == PROXY_BAD)
			must(got != PROXY_DONE);
		else
			must(got == PROXY_DONE && part_used == used);
	}
	if (res == PROXY_DONE && !info.is_local)
		check_again(&info);
	return 0;
}
