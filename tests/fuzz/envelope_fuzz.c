/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Envelopes that come back from a disk. The checksum is put right, or no input
 * would get past it; what loads must encode to the same bytes again.
 */
#include "engine/base/crc32c.h"
#include "engine/base/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same_again(const struct envelope *env)
{
	struct envelope again = { 0 };
	struct envelope_head head;
	struct envelope_rcpt rcpt;
	uint32_t pos = 0;
	int err;

	envelope_head_get(env, &head);
	err = envelope_begin(&again, &head);
	while (!err && envelope_rcpt_next(env, &pos, &rcpt))
		err = envelope_rcpt_add(&again, &rcpt);
	must(!err);
	envelope_seal(&again, head.body_bytes);
	must(again.len == env->len && again.rcpt_n == env->rcpt_n);
	must(memcmp(again.p, env->p, env->len) == 0);
	envelope_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope env = { 0 };
	char *copy = malloc(size ? size : 1);

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	if (envelope_load(&env, (struct span) { copy, size }) == 0)
		check_same_again(&env);
	if (size >= 4) {
		uint32_t crc = crc32c(0, copy + 4, size - 4);

		memcpy(copy, &crc, 4);
	}
	if (envelope_load(&env, (struct span) { copy, size }) == 0)
		check_same_again(&env);
	envelope_fini(&env);
	free(copy);
	return 0;
}
