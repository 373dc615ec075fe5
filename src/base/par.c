/* Parallel loops over fixed chunks, on OpenMP: the runtime oneDNN uses as well, so both share one pool of threads. */
#include <dyntrain/base.h>

#include <omp.h>
#include <stdatomic.h>

static atomic_int threads; /* 0: not set yet */

int64_t dt_par_chunks(int64_t n, int64_t grain)
{
    DT_ASSERT(grain > 0);
    return n <= 0 ? 0 : (n - 1) / grain + 1;
}

void dt_par_for(int64_t n, int64_t grain, dt_par_fn *fn, void *ctx)
{
    int64_t chunks = dt_par_chunks(n, grain);
    int team = dt_par_threads();

    if (team > chunks)
        team = (int)chunks;
    if (team <= 1 || omp_in_parallel()) {
        for (int64_t i = 0; i < chunks; i++)
            fn(ctx, i * grain, i + 1 < chunks ? (i + 1) * grain : n, i);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(team)
    for (int64_t i = 0; i < chunks; i++)
        fn(ctx, i * grain, i + 1 < chunks ? (i + 1) * grain : n, i);
}

void dt_par_set_threads(int n)
{
    DT_ASSERT(n >= 0);
    if (n == 0)
        n = omp_get_num_procs(); /* of the affinity mask, not of the machine */
    atomic_store(&threads, n);
    omp_set_num_threads(n);
}

int dt_par_threads(void)
{
    int n = atomic_load(&threads);

    if (n == 0) {
        n = omp_get_num_procs();
        atomic_store(&threads, n);
    }
    return n;
}
