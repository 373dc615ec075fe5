/* The contract every op keeps, tested over the whole case table, in both precisions and with every engine. The
 * gradients themselves are checked in test_gradcheck.c (double) and held against the double ones in test_twin.c
 * (float). */
#include "case_run.h"
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <support.h>

/* Sums in another order may differ by this much of the largest number. */
static const double rounding = sizeof(dt_real) == 8 ? 1e-13 : 2e-6;

static double largest(const dt_real *x, int64_t n)
{
    double max = 0;

    for (int64_t i = 0; i < n; i++)
        max = fmax(max, fabs((double)x[i]));
    return max;
}

/* got = a + b within rounding; b may be NULL. */
static void check_sum(const struct op_case *c, int input, int64_t n, const dt_real *got, const dt_real *a,
                      const dt_real *b)
{
    double tol = rounding * (largest(a, n) + (b ? largest(b, n) : 0)) + 1e-30;
    char name[96];

    for (int64_t i = 0; i < n; i++) {
        double want = (double)a[i] + (b ? (double)b[i] : 0);

        CHECK_EACH(fabs((double)got[i] - want) <= tol, "%s: input %d, element %d: %.9g instead of %.9g",
                   case_name(c, name), input, (int)i, (double)got[i], want);
    }
}

static dt_real *copy(const dt_real *x, int64_t n)
{
    dt_real *y = dt_malloc((size_t)(n + 1) * sizeof *y);

    ck_assert_ptr_nonnull(y);
    memcpy(y, x, (size_t)n * sizeof *y);
    return y;
}

START_TEST(every_op_has_a_case)
{
    static const struct dt_op *const ops[] = {
#define DT_OP_DECLARE(name) &dt_op_##name,
#include "autograd/op_list.h"
#undef DT_OP_DECLARE
    };

    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        bool found = false;

        for (int i = 0; i < op_case_count(); i++)
            found |= op_case_at(i)->op == ops[k] && !op_case_at(i)->expect;
        found |= ops[k] == &dt_op_cast; /* test_half.c */
        ck_assert_msg(found, "no case for %s", ops[k]->name);
        ck_assert_msg(ops[k]->infer && ops[k]->forward && ops[k]->macs, "%s: record not complete", ops[k]->name);
        ck_assert_msg(!ops[k]->backward == !!(ops[k]->flags & DT_OP_NONDIFF), "%s: backward or NONDIFF, one of the two",
                      ops[k]->name);
    }
}
END_TEST

START_TEST(labels_are_unique)
{
    for (int i = 0; i < op_case_count(); i++)
        for (int j = 0; j < i; j++) {
            const struct op_case *a = op_case_at(i), *b = op_case_at(j);

            ck_assert_msg(a->op != b->op || strcmp(a->label, b->label), "%s: %s twice", a->op->name, a->label);
        }
}
END_TEST

/* Leaves without data, recorded on the tape. */
static struct dt_tensor *build_dry(struct dt_tape *t, const struct op_case *c)
{
    struct dt_tensor *in[CASE_MAX_IN] = { NULL };

    for (int i = 0; i < op_case_n_in(c); i++)
        in[i] = dt_tape_leaf(t, c->in[i].shape, NULL);
    return c->build(t, in, c);
}

START_TEST(dry_tape_knows_shape_and_macs)
{
    const struct op_case *c = op_case_at(_i);
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err);
    struct dt_tensor *y;
    struct case_run r;
    int64_t macs = 0;
    char name[96];

    if (!c->expect) {
        case_open(&r, c, e);
        y = build_dry(dry, c);
        dt_test_ok(dt_tape_err(dry));
        ck_assert_ptr_null(y->data);
        ck_assert_msg(dt_shape_equal(&y->shape, &r.shape), "%s: dry and wet shapes differ", case_name(c, name));
        ck_assert_int_eq(dt_tape_n_nodes(dry), dt_tape_n_nodes(r.tape));
        ck_assert((c->flags & CASE_ALIAS) || dt_tape_n_nodes(dry) > 0);
        for (int i = 0; i < dt_tape_n_nodes(dry); i++) {
            macs += dt_tape_node_stat(dry, i).macs;
            ck_assert_int_eq(dt_tape_node_stat(dry, i).macs, dt_tape_node_stat(r.tape, i).macs);
        }
        ck_assert_msg(macs == c->macs, "%s: %lld MACs", case_name(c, name), (long long)macs);
        case_close(&r);
    }
    dt_tape_free(dry);
    dt_engine_free(e);
}
END_TEST

static void check_refusal(const struct op_case *c, struct dt_tape *t, bool dry)
{
    struct dt_tensor *in[CASE_MAX_IN] = { NULL };
    dt_real *data = dt_calloc(4096, sizeof *data);
    char prefix[96];

    snprintf(prefix, sizeof prefix, "net/layer: %s: ", c->op->name);
    dt_tape_push(t, "net");
    dt_tape_push(t, "layer");
    for (int i = 0; i < op_case_n_in(c); i++) {
        ck_assert_int_le(dt_numel(&c->in[i].shape), 4096);
        in[i] = dt_tape_leaf(t, c->in[i].shape, dry ? NULL : data);
    }
    ck_assert_ptr_nonnull(c->build(t, in, c));
    dt_test_fails(dt_tape_err(t), c->expect, c->text);
    dt_test_fails(dt_tape_err(t), c->expect, prefix);
    dt_free(data);
}

START_TEST(bad_inputs_are_refused)
{
    const struct op_case *c = op_case_at(_i);
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err), *wet = dt_tape_new(e, &err);

    if (c->expect) {
        check_refusal(c, wet, false);
        if (!(c->flags & CASE_IDS))
            check_refusal(c, dry, true);
    }
    dt_tape_free(wet);
    dt_tape_free(dry);
    dt_engine_free(e);
}
END_TEST

/* Gradients add to what is there already. */
static void check_accumulation(struct case_run *r)
{
    dt_real *before[CASE_MAX_IN], *sum[CASE_MAX_IN];

    case_grad(r, 0);
    for (int i = 0; i < r->n_in; i++) {
        before[i] = copy(r->in[i].g, r->in[i].n);
        for (int64_t k = 0; k < r->in[i].n; k++)
            before[i][k] = (dt_real)(1 + 0.25 * (double)(k % 7));
        sum[i] = copy(before[i], r->in[i].n);
        r->in[i].t.grad = r->in[i].wanted ? sum[i] : NULL;
    }
    case_backward(r, 0);
    for (int i = 0; i < r->n_in; i++) {
        ck_assert(r->in[i].t.grad == (r->in[i].wanted ? sum[i] : NULL));
        if (r->in[i].wanted)
            check_sum(r->c, i, r->in[i].n, sum[i], before[i], r->in[i].g);
        r->in[i].t.grad = NULL;
        dt_free(before[i]);
        dt_free(sum[i]);
    }
}

/* The op recorded twice, on leaves and on results of other ops: twice the gradient. */
static void check_reuse(struct case_run *r)
{
    static const unsigned how[] = { RUN_TWICE, RUN_INNER, RUN_INNER | RUN_TWICE };
    dt_real *once[CASE_MAX_IN];

    case_grad(r, 0);
    for (int i = 0; i < r->n_in; i++)
        once[i] = copy(r->in[i].g, r->in[i].n);
    for (size_t h = 0; h < sizeof how / sizeof how[0]; h++) {
        case_grad(r, how[h]);
        for (int i = 0; i < r->n_in; i++)
            check_sum(r->c, i, r->in[i].n, r->in[i].g, once[i], how[h] & RUN_TWICE ? once[i] : NULL);
    }
    for (int i = 0; i < r->n_in; i++)
        dt_free(once[i]);
}

/* What is not wanted stays NULL and changes nothing else. */
static void check_unwanted(struct case_run *r)
{
    dt_real *full[CASE_MAX_IN];

    case_grad(r, 0);
    for (int i = 0; i < r->n_in; i++)
        full[i] = copy(r->in[i].g, r->in[i].n);
    for (int skip = 0; skip < r->n_in; skip++) {
        if (!r->in[skip].wanted)
            continue;
        r->in[skip].t.wants_grad = false;
        case_backward(r, 0);
        ck_assert_ptr_null(r->in[skip].t.grad);
        for (int i = 0; i < r->n_in; i++) {
            if (i != skip && r->in[i].wanted)
                check_sum(r->c, i, r->in[i].n, r->in[i].t.grad, full[i], NULL);
            else
                ck_assert_ptr_null(r->in[i].t.grad);
            r->in[i].t.grad = NULL;
        }
        r->in[skip].t.wants_grad = true;
    }
    for (int i = 0; i < r->n_in; i++)
        dt_free(full[i]);
}

/* The same tensor as inputs i and j gets the sum of what two equal tensors get. */
static void check_shared(struct case_run *r, int i, int j)
{
    dt_real *gi, *gj, *xj = copy(r->in[j].x0, r->in[j].n);
    int64_t n = r->in[i].n;

    memcpy(r->in[j].x0, r->in[i].x0, (size_t)n * sizeof *xj);
    case_grad(r, 0);
    gi = copy(r->in[i].g, n);
    gj = copy(r->in[j].g, n);
    r->share[0] = i;
    r->share[1] = j;
    case_grad(r, 0);
    check_sum(r->c, i, n, r->in[i].g, gi, gj);
    case_grad(r, RUN_INNER);
    check_sum(r->c, i, n, r->in[i].g, gi, gj);
    r->share[1] = 0;
    memcpy(r->in[j].x0, xj, (size_t)n * sizeof *xj);
    dt_free(gi);
    dt_free(gj);
    dt_free(xj);
}

static void check_all_shared(struct case_run *r)
{
    for (int j = 1; j < r->n_in; j++)
        for (int i = 0; i < j; i++)
            if (r->in[i].wanted && r->in[j].wanted && dt_shape_equal(&r->in[i].t.shape, &r->in[j].t.shape))
                check_shared(r, i, j);
}

START_TEST(gradients_accumulate)
{
    case_with_engines(_i, check_accumulation);
}
END_TEST

START_TEST(gradients_of_two_uses_add_up)
{
    case_with_engines(_i, check_reuse);
}
END_TEST

START_TEST(unwanted_gradients_stay_away)
{
    case_with_engines(_i, check_unwanted);
}
END_TEST

START_TEST(one_tensor_as_two_inputs)
{
    case_with_engines(_i, check_all_shared);
}
END_TEST

/* Straight-through and only it: the gradient passes as it is. */
static void check_identity(struct case_run *r)
{
    if (!(r->c->flags & CASE_STEP))
        return;
    case_grad(r, 0);
    check_sum(r->c, 0, r->n, r->in[0].g, r->cot, NULL);
    for (int64_t i = 0; i < r->n; i++)
        CHECK_EACH((double)r->y[i] == ((double)r->in[0].x0[i] > r->c->p[0]), "element %d", (int)i);
}

START_TEST(steps_pass_gradients_through)
{
    case_with_engines(_i, check_identity);
}
END_TEST

Suite *contract_suite(void)
{
    Suite *s = suite_create("contract");
    TCase *table = tcase_create("table"), *loop = tcase_create("cases");

    tcase_add_test(table, every_op_has_a_case);
    tcase_add_test(table, labels_are_unique);
    suite_add_tcase(s, table);
    tcase_set_timeout(loop, 120);
    tcase_add_loop_test(loop, dry_tape_knows_shape_and_macs, 0, op_case_count());
    tcase_add_loop_test(loop, bad_inputs_are_refused, 0, op_case_count());
    tcase_add_loop_test(loop, gradients_accumulate, 0, op_case_count());
    tcase_add_loop_test(loop, gradients_of_two_uses_add_up, 0, op_case_count());
    tcase_add_loop_test(loop, unwanted_gradients_stay_away, 0, op_case_count());
    tcase_add_loop_test(loop, one_tensor_as_two_inputs, 0, op_case_count());
    tcase_add_loop_test(loop, steps_pass_gradients_through, 0, op_case_count());
    suite_add_tcase(s, loop);
    return s;
}
