/* The probe: its loops do the arithmetic they count, and what it reports can be what a machine has. */
#include "autograd/engine.h"
#include "autograd/kernels/peak.h"
#include "suites.h"

enum { CHAINS = 12, ROUNDS = 1000 };

/* 12 chains from 0.001, 0.002, ...; each round v = 0.999 v + 0.001, which tends to 1. */
START_TEST(multiply_add)
{
    const struct dt_peak_kernel k = dt_peak_kernel();
    int64_t flops[2];
    double want = 0;
    float sum;

    for (int c = 0; c < CHAINS; c++) {
        double v = 0.001 * (c + 1);

        for (int r = 0; r < ROUNDS; r++)
            v = 0.999 * v + 0.001;
        want += v;
    }
    sum = k.multiply_add(ROUNDS, &flops[0]);
    ck_assert_double_eq_tol((double)sum, want, 1e-3);
    k.multiply_add(2 * ROUNDS, &flops[1]);
    ck_assert_int_eq(flops[1], 2 * flops[0]);
    ck_assert_int_eq(flops[0] % (ROUNDS * CHAINS * 2), 0);
}
END_TEST

/* Chains from 1, 2, ...; each round adds two products of 2^-7 with itself. */
START_TEST(multiply_add_bf16)
{
    const struct dt_peak_kernel k = dt_peak_kernel();
    int64_t flops;

    if (!k.multiply_add_bf16)
        return;
    ck_assert_double_eq_tol((double)k.multiply_add_bf16(ROUNDS, &flops), 78 + CHAINS * ROUNDS * 2.0 / 16384, 1e-3);
    ck_assert_int_eq(flops, (int64_t)ROUNDS * CHAINS * 16 * 4);
}
END_TEST

START_TEST(triad)
{
    const struct dt_peak_kernel k = dt_peak_kernel();
    float a[39], b[39], c[39];

    for (int i = 0; i < 39; i++) {
        a[i] = -1;
        b[i] = (float)i;
        c[i] = (float)(2 * i);
    }
    k.triad(a, b, c, 0.5f, 38);
    for (int i = 0; i < 38; i++)
        ck_assert_float_eq(a[i], (float)(2 * i));
    ck_assert_float_eq(a[38], -1);
}
END_TEST

START_TEST(rates)
{
    int64_t live = dt_alloc_stats().live;
    struct dt_err err = { 0 };
    struct dt_probe p;

    ck_assert_int_eq(dt_probe(&p, &err), DT_OK);
    ck_assert_int_eq(dt_alloc_stats().live, live);
    ck_assert_str_eq(p.isa, dt_peak_kernel().isa);
    ck_assert(p.f32_gflops > 0 && p.gemm_gflops > 0 && p.memory_gbs > 0 && p.cache_gbs > 0);
    ck_assert_int_eq(p.bf16_gflops > 0, dt_peak_kernel().multiply_add_bf16 != NULL);
    dt_alloc_fail_at(0);
    ck_assert_int_eq(dt_probe(&p, &err), DT_ENOMEM);
    dt_alloc_fail_at(-1);
}
END_TEST

START_TEST(blas_core)
{
    static const struct {
        const char *core;
        bool avx2, avx512;
        const char *better; /* NULL: leave it */
    } cases[] = {
        { "Haswell", true, true, "SKYLAKEX" },
        { "Zen", true, true, "SKYLAKEX" },
        { "Prescott", true, true, "SKYLAKEX" },
        { "Prescott", true, false, "HASWELL" },
        { "Sandybridge", true, false, "HASWELL" },
        { "Haswell", true, false, NULL },
        { "Zen", true, false, NULL },
        { "SkylakeX", true, true, NULL },
        { "Cooperlake", true, true, NULL },
        { "SapphireRapids", true, true, NULL },
        { "Prescott", false, false, NULL },
        { "SomethingNew", true, true, NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *better = dt_blas_core_better(cases[i].core, cases[i].avx2, cases[i].avx512);

        ck_assert_pstr_eq(better, cases[i].better);
    }
}
END_TEST

Suite *probe_suite(void)
{
    Suite *s = suite_create("probe");
    TCase *c = tcase_create("probe");

    tcase_add_test(c, multiply_add);
    tcase_add_test(c, multiply_add_bf16);
    tcase_add_test(c, triad);
    tcase_add_test(c, rates);
    tcase_add_test(c, blas_core);
    suite_add_tcase(s, c);
    return s;
}
