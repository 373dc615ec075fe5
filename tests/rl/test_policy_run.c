/* The policy as the net runs it: whatever it decides, masked and skipping execution say the same, in a batch and image
 * by image, and no image costs more than its budget. */
#include <dyntrain/exec.h>
#include <math.h>
#include <string.h>

#include "nets.h"
#include "suites.h"

enum { BATCH = 12, SIDE = 8, MOST = 64, CLASSES = 10 };

static const struct dt_model_cfg models[] = {
    { .arch = "resnet14", .classes = CLASSES, .width = 8, .dynamic = true },
    { .arch = "resnext29", .classes = CLASSES, .cardinality = 4, .path_width = 4, .dynamic = true },
};
static const struct dt_budget_policy_cfg policies[] = {
    { .at = DT_AT_STEM, .width = 4, .hidden = 8, .waves = 2 },
    { .at = DT_AT_INPUT },
    { .at = DT_AT_STEM, .width = 4, .hidden = 8, .waves = 2, .decide = DT_DECIDE_THRESHOLD },
};

struct answer {
    double logits[BATCH][CLASSES];
    int row[BATCH * MOST];
};

static void run(struct agent_net *a, struct dt_tape *tape, enum dt_exec exec, const dt_real *x, const double *budget,
                const int *row, int n, struct answer *out)
{
    struct dt_run r = { .tape = tape, .exec = exec, .policy = row ? NULL : &a->s.policy.base, .budget = budget };
    struct dt_tensor *y;
    int copy[BATCH * MOST];

    dt_tape_reset(tape);
    if (row) {
        memcpy(copy, row, (size_t)(n * a->s.n) * sizeof *copy);
        r.arch = (struct dt_arch){ n, a->s.n, copy, NULL };
    }
    y = dt_net_forward(a->net, &r, dt_tape_leaf(tape, dt_shape4(n, SIDE, SIDE, 3), x));
    dt_test_ok(dt_tape_err(tape));
    ck_assert_int_eq(y->shape.d[0], n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < CLASSES; k++)
            out->logits[i][k] = (double)y->data[i * CLASSES + k];
    memcpy(out->row, r.arch.value, (size_t)(n * a->s.n) * sizeof *out->row);
}

/* The same by the compiled net, which asks for each image's budget. */
static void run_plan(struct agent_net *a, struct dt_engine *e, const dt_real *x, const double *budget, int n,
                     struct answer *out)
{
    struct dt_err err = { 0 };
    struct dt_plan *plan = dt_plan_new(a->net, &a->s.policy.base, e, &(struct dt_plan_cfg){ .batch = n }, &err);
    struct dt_run r = { .budget = budget };
    struct dt_plan_out said;

    dt_test_ok(&err);
    ck_assert_int_eq(dt_plan_run(plan, &r, x, n, &said, &err), DT_OK);
    for (int i = 0; i < n * CLASSES; i++)
        out->logits[i / CLASSES][i % CLASSES] = (double)said.logits[i];
    memcpy(out->row, r.arch.value, (size_t)(n * a->s.n) * sizeof *out->row);
    dt_plan_free(plan);
}

/* Relative to the image's largest logit: of an untrained net they are in the hundreds, and a small one is what is left
 * of large terms. */
static void same(const struct answer *a, const struct answer *b, int from, int n)
{
    for (int i = 0; i < n; i++) {
        double largest = 1;

        for (int k = 0; k < CLASSES; k++)
            largest = fmax(largest, fabs(a->logits[from + i][k]));
        for (int k = 0; k < CLASSES; k++) {
            double x = a->logits[from + i][k], y = b->logits[i][k];

            ck_assert_msg(fabs(x - y) <= 1e-5 * largest, "image %d: %.9g and %.9g of %.3g", from + i, x, y, largest);
        }
    }
}

static struct dt_engine *engine(void)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("auto", &err);

    dt_test_ok(&err);
    return e;
}

START_TEST(decided_masked_and_skipped)
{
    struct dt_engine *e = engine();
    struct dt_err err = { 0 };
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct dt_rng rng = dt_rng_at(4, DT_STREAM_TEST, 0, (uint32_t)_i);
    struct agent_net a;
    struct answer skipped, masked, planned, one;
    dt_real x[BATCH * SIDE * SIDE * 3];
    double budget[BATCH];
    bool capped = policies[_i / 2].decide == DT_DECIDE_CAP;
    double floor;

    agent_net_open(&a, &models[_i % 2], &policies[_i / 2], SIDE, 3);
    a.s.threshold = !capped;
    for (int i = 0; i < BATCH * SIDE * SIDE * 3; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    floor = dt_costs_floor(&a.s.cost); /* the published agent costs more than this small ResNet */
    for (int i = 0; i < BATCH; i++)
        budget[i] = floor + i / (BATCH - 1.0);
    run(&a, tape, DT_SKIP, x, budget, NULL, BATCH, &skipped);
    run(&a, tape, DT_MASK, x, budget, NULL, BATCH, &masked);
    ck_assert_mem_eq(skipped.row, masked.row, (size_t)(BATCH * a.s.n) * sizeof *skipped.row);
    same(&skipped, &masked, 0, BATCH);
    run_plan(&a, e, x, budget, BATCH, &planned);
    ck_assert_mem_eq(skipped.row, planned.row, (size_t)(BATCH * a.s.n) * sizeof *skipped.row);
    same(&skipped, &planned, 0, BATCH);
    for (int i = 0; i < BATCH; i++) {
        run(&a, tape, DT_SKIP, x + i * SIDE * SIDE * 3, budget + i, NULL, 1, &one);
        ck_assert_mem_eq(skipped.row + i * a.s.n, one.row, (size_t)a.s.n * sizeof *one.row);
        same(&skipped, &one, i, 1);
        if (capped)
            ck_assert(dt_costs_share(&a.s.cost, one.row) <= budget[i] + 1e-9);
    }
    agent_net_close(&a);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

/* All 64 policies of six blocks; of 36 paths 64 random ones. */
START_TEST(every_policy)
{
    struct dt_engine *e = engine();
    struct dt_err err = { 0 };
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 0, (uint32_t)_i);
    struct agent_net a;
    struct answer skipped, masked;
    dt_real x[BATCH * SIDE * SIDE * 3];
    int row[BATCH * MOST];

    agent_net_open(&a, &models[_i], &policies[0], SIDE, 3);
    for (int i = 0; i < BATCH * SIDE * SIDE * 3; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    for (int number = 0; number < 64; number += 8) {
        for (int i = 0; i < 8; i++)
            for (int k = 0; k < a.s.n; k++)
                row[i * a.s.n + k] = a.s.n == 6 ? (number + i) >> k & 1 : (int)dt_rng_below(&rng, 2);
        run(&a, tape, DT_SKIP, x, NULL, row, 8, &skipped);
        run(&a, tape, DT_MASK, x, NULL, row, 8, &masked);
        same(&skipped, &masked, 0, 8);
    }
    agent_net_close(&a);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

Suite *suite_policy_run(void)
{
    Suite *s = suite_create("policy_run");
    TCase *c = tcase_create("execution");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, decided_masked_and_skipped, 0, 6);
    tcase_add_loop_test(c, every_policy, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
