// SPDX-License-Identifier: BSD-2-Clause
// The shim between C and Google Benchmark, and the main program of microbench:
// the only C++ file.
#include "bench/gbench.h"

#include <benchmark/benchmark.h>

extern "C" {
#define BENCHES(module) void module##_bench(void);
#include "bench/benches.def"
#undef BENCHES
}

struct gbench {
	benchmark::State &state;
};

void
gbench_add(const char *name, gbench_fn *fn, void *arg)
{
	benchmark::RegisterBenchmark(name, [fn, arg](benchmark::State &state) {
		struct gbench b = { state };

		fn(&b, arg);
	});
}

bool
gbench_next(struct gbench *b)
{
	return b->state.KeepRunning();
}

void
gbench_pause(struct gbench *b)
{
	b->state.PauseTiming();
}

void
gbench_resume(struct gbench *b)
{
	b->state.ResumeTiming();
}

void
gbench_bytes(struct gbench *b, uint64_t bytes)
{
	b->state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void
gbench_items(struct gbench *b, uint64_t items)
{
	b->state.SetItemsProcessed(static_cast<int64_t>(items));
}

uint64_t
gbench_iterations(const struct gbench *b)
{
	return static_cast<uint64_t>(b->state.iterations());
}

void
gbench_fail(struct gbench *b, const char *why)
{
	b->state.SkipWithError(why);
}

int
main(int argc, char **argv)
{
#define BENCHES(module) module##_bench();
#include "bench/benches.def"
#undef BENCHES
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 64; // EX_USAGE
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}
