/* Matrix products and column sums against plain loops, in every orientation, with the same bits at any thread count. */
#include "autograd/engine.h"

#include <math.h>
#include <string.h>

#include "support.h"

#ifdef DT_F64
#define TOLERANCE 1e-12
#else
#define TOLERANCE 1e-5
#endif

static dt_real *filled(size_t n, uint32_t stream)
{
    struct dt_rng r = dt_rng_at(3, DT_STREAM_TEST, stream, 0);
    dt_real *v = dt_malloc(n * sizeof *v);

    ck_assert_ptr_nonnull(v);
    for (size_t i = 0; i < n; i++)
        v[i] = (dt_real)(2 * dt_rng_uniform(&r) - 1);
    return v;
}

static double at(const dt_real *v, bool transposed, int row, int col, int ld)
{
    return (double)v[transposed ? col * ld + row : row * ld + col];
}

static void check_product(bool ta, bool tb, bool add, int m, int n, int k)
{
    int lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
    size_t size = (size_t)(m + 1) * (size_t)ldc;
    dt_real *a = filled((size_t)(ta ? k : m) * (size_t)lda + 1, 0);
    dt_real *b = filled((size_t)(tb ? n : k) * (size_t)ldb + 1, 1);
    dt_real *before = filled(size, 2), *c = filled(size, 2), *again = filled(size, 2);

    dt_par_set_threads(1);
    dt_gemm(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
    dt_par_set_threads(3);
    dt_gemm(ta, tb, m, n, k, a, lda, b, ldb, add, again, ldc);
    ck_assert_mem_eq(c, again, size * sizeof *c);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            double want = add || j >= n ? (double)before[i * ldc + j] : 0; /* between the rows nothing is touched */

            for (int p = 0; p < k && j < n; p++)
                want += at(a, ta, i, p, lda) * at(b, tb, p, j, ldb);
            ck_assert_double_eq_tol((double)c[i * ldc + j], want, TOLERANCE * (1 + sqrt((double)k)));
        }
    dt_free(a);
    dt_free(b);
    dt_free(before);
    dt_free(c);
    dt_free(again);
}

START_TEST(products)
{
    static const int shape[][3] = { { 1, 1, 1 },   { 1, 10, 64 },   { 7, 5, 0 },     { 0, 4, 3 },     { 4, 0, 3 },
                                    { 33, 17, 9 }, { 128, 10, 64 }, { 300, 40, 30 }, { 16, 200, 500 } };
    int threads = dt_par_threads();

    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
        check_product(_i & 1, _i & 2, _i & 4, shape[s][0], shape[s][1], shape[s][2]);
    dt_par_set_threads(threads);
}
END_TEST

START_TEST(column_sums)
{
    static const int shape[][2] = { { 0, 3 }, { 1, 1 }, { 300, 10 }, { 5000, 65 }, { 70000, 3 } };
    int threads = dt_par_threads();

    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        int rows = shape[s][0], c = shape[s][1];
        dt_real *x = filled((size_t)(rows * c) + 1, 4), *out = filled((size_t)c, 5), *again = filled((size_t)c, 5);

        for (int add = 0; add < 2; add++) {
            dt_real *before = filled((size_t)c, 5);

            memcpy(out, before, (size_t)c * sizeof *out);
            memcpy(again, before, (size_t)c * sizeof *out);
            dt_par_set_threads(1);
            dt_column_sum(rows, c, x, DT_REAL_DTYPE, add, out);
            dt_par_set_threads(3);
            dt_column_sum(rows, c, x, DT_REAL_DTYPE, add, again);
            ck_assert_mem_eq(out, again, (size_t)c * sizeof *out);
            for (int k = 0; k < c; k++) {
                double want = add ? (double)before[k] : 0;

                for (int r = 0; r < rows; r++)
                    want += (double)x[r * c + k];
                ck_assert_double_eq_tol((double)out[k], want, TOLERANCE * (1 + fabs(want)));
            }
            dt_free(before);
        }
        dt_free(x);
        dt_free(out);
        dt_free(again);
    }
    dt_par_set_threads(threads);
}
END_TEST

Suite *gemm_suite(void);
Suite *gemm_suite(void)
{
    Suite *s = suite_create("gemm");
    TCase *c = tcase_create("gemm");

    tcase_add_loop_test(c, products, 0, 8);
    tcase_add_test(c, column_sums);
    suite_add_tcase(s, c);
    return s;
}
