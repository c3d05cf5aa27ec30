/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h: what blast says at the end, for people and as one JSON object. One
 * thread.
 */
#ifndef PENSTOCK_BENCH_REPORT_H
#define PENSTOCK_BENCH_REPORT_H

#include "bench/load_run.h"
#include "bench/verify.h"

void report_load(FILE *out, const struct load_cfg *cfg, const char *to,
		 const struct load_result *r);
void report_load_json(FILE *out, const struct load_cfg *cfg, const char *to,
		      const struct load_result *r);
void report_verify(FILE *out, const struct verify_result *v);
void report_verify_json(FILE *out, const struct verify_result *v);

/* A JSON string with its quotes. */
void report_json_string(FILE *out, const char *text);

#endif
