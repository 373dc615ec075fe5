/* bfloat16: every case of an op that knows the type, against the same case in dt_real on the same rounded numbers; the
 * casts themselves; who casts on a tape of that precision. */
#include "case_run.h"
#include "suites.h"

#include <math.h>
#include <string.h>
#include <support.h>

static void round_all(dt_real *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = dt_real_of(dt_bf16_of(x[i]));
}

/* Largest difference as a share of the largest number wanted. */
static double apart(const dt_real *got, const dt_real *want, int64_t n)
{
    double diff = 0, size = 1e-30;

    for (int64_t i = 0; i < n; i++) {
        diff = fmax(diff, fabs((double)got[i] - (double)want[i]));
        size = fmax(size, fabs((double)want[i]));
    }
    return diff / size;
}

enum { FEW = 64 };

/* By how much numbers are too long or too short on the whole, in units of the most that one rounding to nearest
 * changes: cutting digits off would make it 0.5 to 1 too short. Of a few numbers nothing can be said. */
static double lean(const dt_real *got, const dt_real *want, int64_t n)
{
    double sum = 0, size = 1e-30;

    for (int64_t i = 0; i < n; i++) {
        sum += ((double)got[i] - (double)want[i]) * (want[i] < 0 ? -1 : 1);
        size += fabs((double)want[i]);
    }
    return n < FEW ? 0 : sum / size * 512;
}

static dt_real *copy(const dt_real *x, int64_t n)
{
    dt_real *y = dt_malloc(((size_t)n + 1) * sizeof *y);

    ck_assert_ptr_nonnull(y);
    memcpy(y, x, (size_t)n * sizeof *y);
    return y;
}

/* Value and gradients of what is kept in bfloat16 are rounded once or twice (2^-9 each, of numbers up to the largest);
 * those of parameters are sums of exact products and never rounded. */
static void check_half(struct case_run *r)
{
    const double once = 1 / 256.0, sums = 1e-4, most = 0.25;
    dt_real *y, *g[CASE_MAX_IN];
    char name[96];

    for (int i = 0; i < r->n_in; i++)
        round_all(r->in[i].x0, r->in[i].n);
    round_all(r->cot, r->n);
    case_grad(r, 0);
    y = copy(r->y, r->n);
    for (int i = 0; i < r->n_in; i++)
        g[i] = copy(r->in[i].g, r->in[i].n);
    case_grad(r, RUN_HALF);
    CHECK_EACH(apart(r->y, y, r->n) <= once, "%s: value off by %.3g", case_name(r->c, name), apart(r->y, y, r->n));
    CHECK_EACH(fabs(lean(r->y, y, r->n)) < most, "%s: values lean by %.3g", case_name(r->c, name), lean(r->y, y, r->n));
    for (int i = 0; i < r->n_in; i++) {
        bool half = dt_shape_equal(&r->in[i].t.shape, &r->in[0].t.shape);
        double off = apart(r->in[i].g, g[i], r->in[i].n);

        CHECK_EACH(off <= (half ? 2 * once : sums), "%s: gradient of input %d off by %.3g", case_name(r->c, name), i,
                   off);
        CHECK_EACH(fabs(lean(r->in[i].g, g[i], r->in[i].n)) < most, "%s: gradients of input %d lean by %.3g",
                   case_name(r->c, name), i, lean(r->in[i].g, g[i], r->in[i].n));
        dt_free(g[i]);
    }
    dt_free(y);
}

START_TEST(same_as_real)
{
    const struct op_case *c = op_case_at(_i);

    if (c->op->half && !c->expect)
        case_with_engines(_i, check_half);
}
END_TEST

START_TEST(rounding)
{
    static const struct {
        uint32_t real;
        dt_bf16 half;
    } of[] = { { 0x00000000, 0x0000 }, { 0x80000000, 0x8000 }, { 0x3f800000, 0x3f80 }, { 0x3f808000, 0x3f80 },
               { 0x3f808001, 0x3f81 }, { 0x3f818000, 0x3f82 }, { 0xbf808001, 0xbf81 }, { 0x7f7fffff, 0x7f80 },
               { 0x7f800000, 0x7f80 }, { 0xff800000, 0xff80 }, { 0x7fffffff, 0x7fff } };

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        float f;

        memcpy(&f, &of[i].real, sizeof f);
        ck_assert_msg(dt_bf16_of((dt_real)f) == of[i].half, "%08x becomes %04x", of[i].real, dt_bf16_of((dt_real)f));
    }
    for (int h = 0; h < 0x10000; h++) /* what is a bfloat16 already stays what it is */
        ck_assert(dt_bf16_of(dt_real_of((dt_bf16)h)) == h || isnan((double)dt_real_of((dt_bf16)h)));
}
END_TEST

START_TEST(a_cast_passes_gradients)
{
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    dt_real x[3] = { 1, (dt_real)-2.5, (dt_real)0.3 }, g[3] = { 0 };
    struct dt_tensor in = { .shape = dt_shape1(3), .data = x, .grad = g, .wants_grad = true };
    struct dt_tensor *half = dt_cast(t, &in, DT_BF16), *y = dt_cast(t, half, DT_REAL_DTYPE);

    ck_assert_ptr_null(half->data);
    ck_assert_ptr_eq(dt_cast(t, half, DT_BF16), half);
    ck_assert((double)y->data[1] == -2.5);
    ck_assert(fabs((double)y->data[2] - 0.3) < 1e-3 && y->data[2] != x[2]);
    ck_assert_int_eq(dt_backward(t, dt_sum(t, dt_mul(t, y, y))), DT_OK);
    ck_assert((double)g[1] == -5);
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

/* A convolution brings its image to bfloat16, batch norm and ReLU keep it, pooling ends it; without the precision
 * nothing is cast. */
START_TEST(a_tape_of_that_precision)
{
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    dt_real image[2 * 3 * 3 * 2], weight[4 * 2] = { 1 };

    for (int i = 0; i < 36; i++)
        image[i] = (dt_real)i;
    for (int half = 0; half < 2; half++) {
        struct dt_tensor *x, *y;

        dt_tape_reset(t);
        dt_tape_precision(t, half ? DT_BF16 : DT_REAL_DTYPE);
        x = dt_tape_leaf(t, dt_shape4(2, 3, 3, 2), image);
        y = dt_conv2d(t, x, dt_tape_leaf(t, dt_shape4(4, 2, 1, 1), weight), NULL, NULL);
        dt_test_ok(dt_tape_err(t));
        ck_assert_int_eq(y->dtype, half ? DT_BF16 : DT_REAL_DTYPE);
        ck_assert_int_eq(dt_tape_n_nodes(t), half ? 2 : 1);
        y = dt_relu(t, y);
        ck_assert_int_eq(y->dtype, half ? DT_BF16 : DT_REAL_DTYPE);
        y = dt_global_avg_pool(t, y);
        ck_assert_int_eq(y->dtype, DT_REAL_DTYPE);
        ck_assert((double)y->data[0] == 8 && (double)y->data[1] == 0);
    }
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

/* Casts are nodes: the list of nodes must have room for the op behind them, however full it is. 256 is what a tape
 * starts with. */
START_TEST(casts_fill_the_list)
{
    enum { N = 16 };
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    dt_real one[1] = { 1 };
    struct dt_tensor *x = dt_tape_leaf(t, dt_shape2(1, 1), one), *half[N], *y;

    for (int i = 0; i < N; i++)
        half[i] = dt_cast(t, x, DT_BF16);
    while (dt_tape_n_nodes(t) < 256 - N / 2 - _i)
        x = dt_relu(t, x);
    y = dt_concat(t, half, N);
    dt_test_ok(dt_tape_err(t));
    ck_assert_int_eq(dt_tape_n_nodes(t), 256 + N / 2 - _i + 1);
    for (int i = 0; i < N; i++)
        ck_assert(y->data[i] == 1);
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

/* More parts than an op has bits for their types: they are added in several. */
START_TEST(scatter_takes_any_number_of_parts)
{
    enum { PARTS = 70, ROWS = 3 };
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *tape = dt_tape_new(e, &err);
    dt_real x[PARTS], want[ROWS] = { 0 };
    int row[PARTS];
    struct dt_scatter part[PARTS];
    struct dt_tensor *y;

    for (int i = 0; i < PARTS; i++) {
        x[i] = (dt_real)(i + 1);
        row[i] = i % ROWS;
        want[row[i]] += x[i];
        part[i] = (struct dt_scatter){ dt_tape_leaf(tape, dt_shape2(1, 1), x + i), row + i, 1 };
    }
    y = dt_scatter_sum(tape, NULL, ROWS, part, PARTS, DT_LINEAR);
    dt_test_ok(dt_tape_err(tape));
    ck_assert_int_eq(dt_tape_n_nodes(tape), 3);
    for (int r = 0; r < ROWS; r++)
        ck_assert(y->data[r] == want[r]);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

Suite *half_suite(void)
{
    Suite *s = suite_create("half");
    TCase *c = tcase_create("half");

    tcase_add_loop_test(c, same_as_real, 0, op_case_count());
    tcase_add_test(c, rounding);
    tcase_add_test(c, a_cast_passes_gradients);
    tcase_add_test(c, a_tape_of_that_precision);
    tcase_add_test(c, scatter_takes_any_number_of_parts);
    tcase_add_loop_test(c, casts_fill_the_list, 0, 9);
    suite_add_tcase(s, c);
    return s;
}
