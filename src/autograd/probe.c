/* probe: what this machine has to give, measured in half a second, so that rates can be read as shares of it. Each
 * number is the best of some short runs on all threads: neighbours make a run slower, never faster. */
#include "autograd/engine.h"
#include "autograd/kernels/peak.h"

#include <unistd.h>

enum { RUNS = 6, ROUNDS = 1 << 21, GEMM = 1536 };

static double least(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

/* ---- arithmetic ---- */

struct peak {
    float (*loop)(int64_t rounds, int64_t *flops);
    int64_t flops; /* of one thread */
    float *sum;    /* [threads]: nothing may be optimised away */
};

static void peak_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct peak *p = ctx;
    int64_t flops;

    (void)begin;
    (void)end;
    p->sum[chunk * 16] = p->loop(ROUNDS, &flops);
    if (chunk == 0)
        p->flops = flops;
}

static double peak_gflops(float (*loop)(int64_t rounds, int64_t *flops), float *sum)
{
    struct peak p = { .loop = loop, .sum = sum };
    int threads = dt_par_threads();
    double best = 0;

    for (int i = 0; i < RUNS; i++) {
        double start = dt_now();

        dt_par_for(threads, 1, peak_chunk, &p);
        best = least(best, dt_now() - start);
    }
    return 1e-9 * (double)p.flops * threads / best;
}

static double gemm_gflops(dt_real *a, dt_real *b, dt_real *c)
{
    double best = 0;

    for (int i = 0; i < RUNS; i++) {
        double start = dt_now();

        dt_gemm(false, false, GEMM, GEMM, GEMM, a, GEMM, b, GEMM, false, c, GEMM);
        best = least(best, dt_now() - start);
    }
    return 2e-9 * GEMM * GEMM * GEMM / best;
}

/* ---- bandwidth ---- */

struct stream {
    const struct dt_peak_kernel *kernel;
    float *a, *b, *c;
    int64_t n;  /* floats of a thread */
    int passes; /* over them */
};

static void stream_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct stream *s = ctx;
    int64_t at = chunk * s->n;

    (void)begin;
    (void)end;
    for (int i = 0; i < s->passes; i++)
        s->kernel->triad(s->a + at, s->b + at, s->c + at, 0.5f, s->n);
}

static double stream_gbs(const struct stream *s)
{
    int threads = dt_par_threads();
    double best = 0;

    for (int i = 0; i < RUNS; i++) {
        double start = dt_now();

        dt_par_for(threads, 1, stream_chunk, (void *)(uintptr_t)s);
        best = least(best, dt_now() - start);
    }
    return 12e-9 * (double)s->n * s->passes * threads / best;
}

/* Floats of each of three streams that do not fit into the last cache: four times its size in all, within reason. */
static int64_t memory_floats(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    int64_t bytes = cache > 0 ? 4 * (int64_t)cache : 0, least = 96 << 20, most = 384 << 20;

    bytes = bytes < least ? least : bytes > most ? most : bytes;
    return bytes / 3 / (int64_t)sizeof(float);
}

enum { IN_CACHE = 3 << 15 }; /* floats of a thread in all three streams: 384 KiB, beyond the first cache */

static void measure(struct dt_probe *out, float *memory, int64_t each)
{
    const struct dt_peak_kernel kernel = dt_peak_kernel();
    int threads = dt_par_threads();
    struct stream far = { &kernel, memory, memory + each, memory + 2 * each, each / threads, 1 };
    struct stream near = { &kernel, memory, memory + each, memory + 2 * each, IN_CACHE / 3, 64 };

    out->isa = kernel.isa;
    out->f32_gflops = peak_gflops(kernel.multiply_add, memory);
    if (kernel.multiply_add_bf16)
        out->bf16_gflops = peak_gflops(kernel.multiply_add_bf16, memory);
    for (int64_t i = 0; i < 3 * each; i++) /* every page is there, and the product below has numbers to work on */
        memory[i] = (float)(i & 255) / 256;
    out->memory_gbs = stream_gbs(&far);
    out->cache_gbs = stream_gbs(&near);
    out->gemm_gflops = gemm_gflops((void *)memory, (void *)(memory + each), (void *)(memory + 2 * each));
}

enum dt_code dt_probe(struct dt_probe *out, struct dt_err *err)
{
    int64_t each = memory_floats(), near = (int64_t)dt_par_threads() * IN_CACHE / 3;
    float *memory;

    *out = (struct dt_probe){ .isa = "" };
    if (each < near) /* so many threads */
        each = near;
    each = (each + 15) / 16 * 16;
    memory = dt_calloc((size_t)each * 3, sizeof *memory);
    if (!memory) {
        dt_fail(err, DT_ENOMEM, "out of memory for a probe of %lld bytes", (long long)each * 12);
        return err->code;
    }
    measure(out, memory, each);
    dt_free(memory);
    return DT_OK;
}
