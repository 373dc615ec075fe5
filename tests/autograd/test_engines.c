/* Both engines against a direct convolution in double precision, over a grid of geometries; what they keep (packs,
 * primitives), the bits they promise, and how they fail. */
#include "autograd/op.h"

#include <math.h>
#include <string.h>

#include "conv_trial.h"
#include "support.h"

/* The engines of this build. */
static int engines(struct dt_engine *out[2])
{
    struct dt_err err = { 0 };
    int n = 0;

    out[n] = dt_engine_new("ref", &err);
    dt_test_ok(&err);
    n++;
    out[n] = dt_engine_new("dnnl", &err);
    if (out[n])
        n++;
    else
        dt_test_fails(&err, DT_ECONFIG, "no oneDNN");
    return n;
}

static void check_geom(struct dt_engine *const *e, int n_engines, struct dt_conv_geom g)
{
    struct trial t;
    struct dt_err err = { 0 };

    if (g.h + 2 * g.pad < g.kh || g.w + 2 * g.pad < g.kw)
        return;
    trial_open(&t, g);
    for (int i = 0; i < n_engines; i++) {
        trial_run(e[i], &t, true, false, &err);
        dt_test_ok(&err);
        trial_check(&t, dt_engine_name(e[i]), true, false);
        for (size_t k = 0; k < t.n[Y]; k++) /* without bias */
            t.want[Y][k] -= (double)t.v[B][k % t.n[B]];
        trial_run(e[i], &t, false, true, &err);
        dt_test_ok(&err);
        trial_check(&t, dt_engine_name(e[i]), false, true);
        for (size_t k = 0; k < t.n[Y]; k++)
            t.want[Y][k] += (double)t.v[B][k % t.n[B]];
    }
    trial_close(&t);
}

static const int side[][3] = { { 1, 9, 7 }, { 3, 8, 8 }, { 2, 3, 4 } };
static const int channels[][2] = { { 4, 6 }, { 16, 32 }, { 24, 24 } };

START_TEST(grid)
{
    struct dt_engine *e[2];
    int n = engines(e), s = _i % 3, c = _i / 3;

    for (int k = 1; k <= 5; k += 2)
        for (int stride = 1; stride <= 2; stride++)
            for (int pad = 0; pad <= 2; pad++)
                for (int groups = 1; groups <= 3; groups++) { /* 3: depthwise, where the channels are equal */
                    int by = groups < 3 ? groups : channels[c][0];

                    if (channels[c][1] % by == 0)
                        check_geom(e, n,
                                   trial_geom((int[]){ side[s][0], side[s][1], side[s][2], channels[c][0],
                                                       channels[c][1], k, stride, pad, by }));
                }
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
}
END_TEST

START_TEST(special)
{
    static const int list[][9] = {
        { 2, 32, 32, 3, 16, 3, 1, 1, 1 },  { 2, 28, 28, 1, 8, 5, 1, 2, 1 },     { 1, 14, 14, 1, 1, 3, 1, 1, 1 },
        { 5, 8, 8, 64, 64, 3, 1, 1, 1 },   { 2, 9, 8, 64, 64, 3, 1, 1, 4 },     { 2, 8, 8, 96, 64, 3, 2, 1, 2 },
        { 2, 2, 2, 128, 96, 3, 1, 1, 1 },  { 4, 1, 1, 16, 10, 1, 1, 0, 1 },     { 2, 1, 1, 5, 7, 3, 1, 1, 1 },
        { 2, 8, 8, 4, 8, 3, 1, 1, 4 },     { 2, 8, 8, 4, 12, 3, 2, 1, 4 },      { 2, 8, 8, 64, 128, 3, 1, 1, 4 },
        { 2, 9, 9, 13, 27, 3, 1, 1, 1 },   { 2, 9, 9, 13, 27, 1, 2, 0, 1 },     { 2, 16, 16, 32, 64, 1, 2, 0, 1 },
        { 3, 20, 20, 4, 8, 11, 4, 2, 1 },  { 2, 7, 9, 144, 144, 3, 2, 1, 144 }, { 2, 7, 9, 33, 33, 5, 1, 2, 33 },
        { 1, 5, 300, 3, 5, 3, 1, 1, 1 },   { 2, 12, 12, 8, 8, 3, 3, 1, 1 },     { 70, 4, 4, 20, 12, 3, 1, 1, 1 },
        { 33, 6, 6, 16, 16, 1, 1, 0, 16 }, { 2, 8, 8, 8, 8, 1, 1, 1, 2 },
    };
    struct dt_engine *e[2];
    int n = engines(e);

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const int *v = list[i];

        check_geom(e, n, trial_geom(v));
    }
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
}
END_TEST

/* The reference: the same bits at any thread count. oneDNN: the same from run to run at the same count. */
START_TEST(bits)
{
    static const int list[][9] = { { 9, 16, 16, 16, 16, 3, 1, 1, 1 },
                                   { 9, 16, 16, 16, 32, 1, 1, 0, 1 },
                                   { 9, 16, 16, 24, 24, 3, 2, 1, 24 },
                                   { 9, 16, 16, 24, 24, 3, 1, 1, 2 } };
    int threads = dt_par_threads();
    struct dt_engine *e[2];
    int n = engines(e);

    for (size_t k = 0; k < sizeof list / sizeof *list; k++)
        for (int i = 0; i < n; i++) {
            const int *v = list[k];
            struct trial t;
            struct dt_err err = { 0 };
            dt_real *kept[N_BUFS];

            trial_open(&t, trial_geom(v));
            dt_par_set_threads(i ? 2 : 1);
            trial_run(e[i], &t, true, false, &err);
            for (int b = 0; b < N_BUFS; b++) {
                kept[b] = dt_malloc(t.n[b] * sizeof(dt_real));
                ck_assert_ptr_nonnull(kept[b]);
                memcpy(kept[b], t.v[b], t.n[b] * sizeof(dt_real));
            }
            for (int count = 2; count <= (i ? 2 : 4); count++) {
                dt_par_set_threads(count);
                trial_run(e[i], &t, true, false, &err);
                dt_test_ok(&err);
                for (int b = 0; b < N_BUFS; b++)
                    ck_assert_mem_eq(kept[b], t.v[b], t.n[b] * sizeof(dt_real));
            }
            for (int b = 0; b < N_BUFS; b++)
                dt_free(kept[b]);
            trial_close(&t);
        }
    dt_par_set_threads(threads);
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
}
END_TEST

/* The operands rounded to bfloat16, in `x` and `dy` as such. */
static void round_trial(struct trial *t, dt_bf16 *x, dt_bf16 *dy)
{
    for (size_t i = 0; i < t->n[X]; i++)
        t->v[X][i] = dt_real_of(x[i] = dt_bf16_of(t->v[X][i]));
    for (size_t i = 0; i < t->n[DY]; i++)
        t->v[DY][i] = dt_real_of(dy[i] = dt_bf16_of(t->v[DY][i]));
}

/* Largest difference of two gradients as a share of the largest number. */
static double apart(const dt_real *got, const dt_real *want, size_t n)
{
    double diff = 0, most = 1e-30;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);

        diff = d <= diff ? diff : d;
        most = fmax(most, fabs((double)want[i]));
    }
    return diff / most;
}

/* The weight gradient of a strided kernel in bfloat16, for which the oneDNN engine has a kernel of its own: against the
 * sums in dt_real of the same numbers, with and without adding, at several thread counts with the same bits; and a
 * planted fault shows. */
START_TEST(strided_half_weights)
{
    static const int list[][9] = { { 9, 16, 16, 16, 32, 3, 2, 1, 1 },
                                   { 5, 9, 7, 24, 40, 3, 2, 1, 1 },
                                   { 3, 8, 10, 33, 17, 3, 2, 0, 1 },
                                   { 2, 6, 5, 16, 8, 3, 2, 2, 1 },
                                   { 1, 12, 12, 160, 144, 3, 2, 1, 1 } };
    int threads = dt_par_threads();
    struct dt_engine *e[2];
    int n = engines(e);
    struct dt_err err = { 0 };
    struct trial t;
    dt_bf16 *x, *dy;
    dt_real *want, *one;

    trial_open(&t, trial_geom(list[_i]));
    x = dt_malloc(t.n[X] * sizeof *x);
    dy = dt_malloc(t.n[DY] * sizeof *dy);
    want = dt_calloc(t.n[DW], sizeof *want);
    one = dt_malloc(t.n[DW] * sizeof *one);
    ck_assert(x && dy && want && one);
    round_trial(&t, x, dy);
    ck_assert(e[0]->class_->conv_backward_weights(e[0], &t.g, t.v[X], t.v[DY], want, false, NULL, false, &err));
    t.g.half = 1;
    for (int k = 1; k < n && dt_engine_bf16(e[k], false); k++) {
        const struct dt_engine_class *c = e[k]->class_;

        for (int count = 1; count <= 4; count++) {
            dt_par_set_threads(count);
            ck_assert(c->conv_backward_weights(e[k], &t.g, x, dy, t.v[DW], false, t.v[DB], false, &err));
            ck_assert(apart(t.v[DW], want, t.n[DW]) <= TOLERANCE);
            if (count == 1)
                memcpy(one, t.v[DW], t.n[DW] * sizeof *one);
            ck_assert_mem_eq(one, t.v[DW], t.n[DW] * sizeof *one);
        }
        for (size_t i = 0; i < t.n[DW]; i++)
            t.v[DW][i] = -want[i] / 2;
        ck_assert(c->conv_backward_weights(e[k], &t.g, x, dy, t.v[DW], true, NULL, false, &err));
        for (size_t i = 0; i < t.n[DW]; i++)
            t.v[DW][i] *= 2;
        ck_assert(apart(t.v[DW], want, t.n[DW]) <= 2 * TOLERANCE);
        c->plant_fault(e[k], 1.001);
        ck_assert(c->conv_backward_weights(e[k], &t.g, x, dy, t.v[DW], false, NULL, false, &err));
        ck_assert(apart(t.v[DW], want, t.n[DW]) > 10 * TOLERANCE);
        ck_assert(apart(t.v[DW], want, t.n[DW]) < 2e-3);
    }
    dt_test_ok(&err);
    dt_par_set_threads(threads);
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
    dt_free(x);
    dt_free(dy);
    dt_free(want);
    dt_free(one);
    trial_close(&t);
}
END_TEST

/* A parameter's pack is renewed when its version has moved, and only then; what is no parameter is never kept. */
START_TEST(packs)
{
    struct dt_engine *e[2];
    int n = engines(e);
    struct dt_err err = { 0 };
    struct trial t;

    trial_open(&t, trial_geom((int[]){ 2, 8, 8, 20, 12, 3, 1, 1, 1 }));
    for (int i = 0; i < n; i++)
        for (int version = 0; version < 2; version++) {
            bool kept = version == 1 && i == 1;
            double first;

            t.weight.version = (uint64_t)version;
            trial_run(e[i], &t, true, false, &err);
            trial_check(&t, dt_engine_name(e[i]), true, false);
            ck_assert_int_eq(t.weight.packs != NULL, kept);
            first = (double)t.v[Y][0];
            for (size_t k = 0; k < t.n[W]; k++)
                t.v[W][k] *= 2;
            trial_run(e[i], &t, false, false, &err);
            trial_run(e[i], &t, true, false, &err);
            ck_assert_int_eq((double)t.v[Y][0] == first, kept);
            t.weight.version *= 2;
            trial_run(e[i], &t, true, false, &err);
            ck_assert_double_eq_tol((double)t.v[Y][0] - (double)t.v[B][0], 2 * (first - (double)t.v[B][0]), 1e-4);
            for (size_t k = 0; k < t.n[W]; k++)
                t.v[W][k] /= 2;
        }
    dt_test_ok(&err);
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
    trial_close(&t); /* packs may outlive their engine */
}
END_TEST

START_TEST(planted_fault_shows)
{
    struct dt_engine *e[2];
    int n = engines(e);
    struct dt_err err = { 0 };
    struct trial t;

    trial_open(&t, trial_geom((int[]){ 2, 8, 8, 20, 12, 3, 1, 1, 1 }));
    for (int i = 0; i < n; i++)
        if (e[i]->class_->plant_fault) {
            e[i]->class_->plant_fault(e[i], 1.001);
            for (int add = 0; add < 2; add++) {
                trial_run(e[i], &t, true, add, &err);
                dt_test_ok(&err);
                ck_assert(trial_off(&t, Y, false) <= TOLERANCE);
                ck_assert(trial_off(&t, DX, add) > 10 * TOLERANCE);
                ck_assert(trial_off(&t, DW, add) > 10 * TOLERANCE);
            }
        }
    for (int i = 0; i < n; i++)
        dt_engine_free(e[i]);
    trial_close(&t);
}
END_TEST

/* More batch sizes than the cache holds: the first one still works, made anew. */
START_TEST(many_sizes)
{
    struct dt_engine *e[2];
    int n = engines(e);
    struct dt_err err = { 0 };
    struct trial t;

    trial_open(&t, trial_geom((int[]){ 1200, 1, 1, 4, 4, 1, 1, 0, 1 }));
    for (int k = 1; k <= 1201; k++) {
        t.g.n = (k - 1) % 1200 + 1;
        for (int i = 0; i < n; i++)
            ck_assert(e[i]->class_->conv_forward(e[i], &t.g, t.v[X], &t.weight, t.v[B], t.v[Y], &err) &&
                      e[i]->class_->conv_backward_data(e[i], &t.g, t.v[DY], &t.weight, t.v[DX], false, &err));
    }
    dt_test_ok(&err);
    t.g.n = 1200;
    for (int i = 0; i < n; i++) {
        trial_run(e[i], &t, true, false, &err);
        trial_check(&t, dt_engine_name(e[i]), true, false);
        dt_engine_free(e[i]);
    }
    trial_close(&t);
}
END_TEST

START_TEST(no_memory)
{
    struct trial t;
    const char *const name[] = { "ref", "auto" };

    trial_open(&t, trial_geom((int[]){ 2, 8, 8, 20, 12, 3, 1, 1, 1 }));
    t.weight.version = 1;
    for (int i = 0; i < 2; i++) {
        int64_t live = dt_alloc_stats().live, k = 0;
        bool ok = false;

        for (; !ok && k < 100; k++) {
            struct dt_err err = { 0 };
            struct dt_engine *e;

            dt_alloc_fail_at(k);
            e = dt_engine_new(name[i], &err);
            ok = e && trial_run(e, &t, true, true, &err);
            dt_alloc_fail_at(-1);
            if (!ok)
                ck_assert_int_eq(err.code, DT_ENOMEM);
            dt_engine_free(e);
            dt_pack_free(&t.weight);
            ck_assert_int_eq(dt_alloc_stats().live, live);
        }
        ck_assert(ok && k > 3);
    }
    trial_close(&t);
}
END_TEST

START_TEST(bare_times)
{
    struct dt_conv_geom g = trial_geom((int[]){ 2, 8, 8, 16, 16, 3, 1, 1, 1 });
    struct dt_engine *e[2];
    int n = engines(e);
    double t[3];
    struct dt_err err = { 0 };

    for (int i = 0; i < n; i++) {
        for (int data = 0; data < 2 && e[i]->class_->conv_time; data++) {
            ck_assert(e[i]->class_->conv_time(e[i], &g, data, 5, t, &err));
            ck_assert(t[0] > 0 && (t[1] > 0) == data && t[2] > 0);
        }
        dt_engine_free(e[i]);
    }
}
END_TEST

START_TEST(names)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("auto", &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(strstr("dnnl ref", dt_engine_name(e)));
    dt_engine_free(e);
    ck_assert_ptr_null(dt_engine_new("cuda", &err));
    dt_test_fails(&err, DT_ECONFIG, "'cuda'");
    dt_engine_free(NULL);
}
END_TEST

Suite *engines_suite(void);
Suite *engines_suite(void)
{
    Suite *s = suite_create("engines");
    TCase *c = tcase_create("engines");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, grid, 0, 9);
    tcase_add_test(c, special);
    tcase_add_test(c, bits);
    tcase_add_loop_test(c, strided_half_weights, 0, 5);
    tcase_add_test(c, packs);
    tcase_add_test(c, planted_fault_shows);
    tcase_add_test(c, many_sizes);
    tcase_add_test(c, no_memory);
    tcase_add_test(c, bare_times);
    tcase_add_test(c, names);
    suite_add_tcase(s, c);
    return s;
}
