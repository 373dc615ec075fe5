/* Gradients against central differences, in double precision on the reference engine: every element of every small
 * input, and one random direction through each input whatever its size. */
#include "case_run.h"
#include "suites.h"

#include <math.h>
#include <support.h>

enum { ELEMENTWISE = 256 };
static const double tolerance = 1e-6, step = 1e-3;

/* Derivative of case_value along d[] in input i. The five-point stencil's error falls with step^4. */
static double derivative(struct case_run *r, int i, const double *d)
{
    static const double at[] = { -2, -1, 1, 2 }, factor[] = { 1, -8, 8, -1 };
    struct case_input *in = &r->in[i];
    dt_real *keep = dt_malloc((size_t)(in->n + 1) * sizeof *keep);
    double sum = 0;

    ck_assert_ptr_nonnull(keep);
    for (int64_t k = 0; k < in->n; k++)
        keep[k] = in->x0[k];
    for (int j = 0; j < 4; j++) {
        for (int64_t k = 0; k < in->n; k++)
            in->x0[k] = (dt_real)((double)keep[k] + at[j] * step * d[k]);
        sum += factor[j] * case_value(r);
    }
    for (int64_t k = 0; k < in->n; k++)
        in->x0[k] = keep[k];
    dt_free(keep);
    return sum / (12 * step);
}

static bool agrees(double gradient, double difference)
{
    return fabs(gradient - difference) <= tolerance * fabs(gradient) + 1e-9;
}

static void compare(const struct case_run *r, int i, const char *where, double gradient, double difference)
{
    char name[96];

    CHECK_EACH(agrees(gradient, difference), "%s: input %d, %s: gradient %.12g, difference quotient %.12g",
               case_name(r->c, name), i, where, gradient, difference);
}

static void check_input(struct case_run *r, int i, double *d)
{
    struct case_input *in = &r->in[i];
    struct dt_rng rng = dt_rng_at(3, DT_STREAM_TEST, 0, (uint32_t)i);
    double dot = 0;
    char where[32];

    for (int64_t k = 0; k < in->n && in->n <= ELEMENTWISE; k++) {
        d[k] = 1;
        snprintf(where, sizeof where, "element %d", (int)k);
        compare(r, i, where, (double)in->g[k], derivative(r, i, d));
        d[k] = 0;
    }
    for (int64_t k = 0; k < in->n; k++) {
        d[k] = 2 * dt_rng_uniform(&rng) - 1;
        dot += d[k] * (double)in->g[k];
    }
    compare(r, i, "random direction", dot, derivative(r, i, d));
}

START_TEST(gradients_are_derivatives)
{
    const struct op_case *c = op_case_at(_i);
    struct dt_engine *e = engine_open("ref");
    struct case_run r;

    if (!c->expect && !(c->flags & CASE_STEP)) {
        case_open(&r, c, e);
        case_grad(&r, 0);
        for (int i = 0; i < r.n_in; i++) {
            double *d = dt_calloc((size_t)r.in[i].n + 1, sizeof *d);

            ck_assert_ptr_nonnull(d);
            if (r.in[i].wanted)
                check_input(&r, i, d);
            dt_free(d);
        }
        case_close(&r);
    }
    dt_engine_free(e);
}
END_TEST

/* The check itself must be able to fail. */
START_TEST(a_small_error_is_noticed)
{
    struct dt_engine *e = engine_open("ref");
    double *d = dt_calloc(4096, sizeof *d), slope;
    struct case_run r;

    case_open(&r, cases_conv.c, e);
    case_grad(&r, 0);
    ck_assert_int_le(r.in[0].n, 4096);
    d[7] = 1;
    slope = derivative(&r, 0, d);
    ck_assert(agrees((double)r.in[0].g[7], slope));
    ck_assert(!agrees((double)r.in[0].g[7] * (1 + 1e-5), slope));
    case_close(&r);
    dt_free(d);
    dt_engine_free(e);
}
END_TEST

Suite *gradcheck_suite(void)
{
    Suite *s = suite_create("gradcheck");
    TCase *loop = tcase_create("cases"), *self = tcase_create("itself");

    tcase_set_timeout(loop, 120);
    tcase_add_loop_test(loop, gradients_are_derivatives, 0, op_case_count());
    suite_add_tcase(s, loop);
    tcase_add_test(self, a_small_error_is_noticed);
    suite_add_tcase(s, self);
    return s;
}
