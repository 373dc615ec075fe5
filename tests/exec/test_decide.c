/* A policy in a plan: it sees what it sees on the tape, and what it decides is done. */
#include "suites.h"
#include "toy.h"
#include "trial.h"

#include <math.h>
#include <string.h>

enum { N = 7 };

/* A share of what the heads before have said of the sample. */
static void recall(const struct dt_callback *c, const struct dt_run *run, dt_real *y)
{
    for (int i = 0; i < run->n; i++)
        for (int k = 0; k < TOY_CLASSES; k++) {
            dt_real *to = &y[i * TOY_CLASSES + k];

            *to = 0;
            for (int e = 0; run->exit[e].choice != c->choice && e < run->n_exits; e++)
                for (int j = 0; j < run->exit[e].n; j++)
                    if ((run->exit[e].row ? run->exit[e].row[j] : j) == (run->row ? run->row[i] : i))
                        *to += (dt_real)0.05 * run->exit[e].logits->data[j * TOY_CLASSES + k];
        }
}

/* Looks at the mean of the image, and at an exit at the answer and those before; the numbers in between are ops of the
 * plan. */
static struct dt_tensor *look(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    (void)p;
    if (choice < 0)
        return dt_global_avg_pool(run->tape, x);
    return dt_add(run->tape, dt_softmax(run->tape, x),
                  dt_callback(run->tape,
                              &(struct dt_callback){ .shape = x->shape, .fill = recall, .run = run, .choice = choice }),
                  DT_LINEAR);
}

/* The plan: every third body is left out where the image is dark; an exit: leave when sure. */
static void decide(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    const struct dt_space *space = dt_net_space(p->net);
    int classes = seen->shape.d[1];

    for (int i = 0; i < run->n; i++) {
        int row = run->arch.rows == 1 ? 0 : run->row ? run->row[i] : i;
        int *value = run->arch.value + row * run->arch.n;
        const dt_real *s = seen->data + i * classes;

        for (int k = 0; choice < 0 && k < space->n; k++)
            value[k] = space->choice[k].kind == DT_EXIT ? DT_LOOK : s[0] > 0 || k % 3 > 0;
        for (int k = 0; choice >= 0 && k < classes; k++)
            value[choice] = s[k] > (dt_real)0.3 ? DT_LEAVE : value[choice];
    }
}

START_TEST(decides_as_on_the_tape)
{
    int left_early = 0, left_late = 0;

    for (uint32_t seed = 0; seed < 12; seed++) {
        struct dt_net *net = toy_net(seed, false, true);
        struct trial t = trial_open("auto", net, N, seed);
        struct dt_policy policy = { .name = "test", .net = net, .look = look, .decide = decide };
        dt_real logits[N * TOY_CLASSES];
        struct dt_run run = { 0 };
        struct dt_err err = { 0 };
        struct dt_plan_out out;
        struct dt_plan *plan;
        int left[N];

        trial_perturb(net, seed);
        plan = dt_plan_new(net, &policy, t.engine, &(struct dt_plan_cfg){ .batch = N }, &err);
        dt_test_ok(&err);
        trial_tape(&t, &policy, (struct dt_arch){ 0 }, logits, left);
        ck_assert_int_eq(dt_plan_run(plan, &run, t.x, N, &out, &err), DT_OK);
        ck_assert_double_lt(trial_distance(&out, logits, left), 1e-5);
        for (int i = 0; i < N; i++)
            *(left[i] < 0 ? &left_late : &left_early) += 1;
        dt_plan_free(plan);
        trial_close(&t);
        dt_net_free(net);
    }
    ck_assert_int_gt(left_early, 5);
    ck_assert_int_gt(left_late, 5);
}
END_TEST

static struct dt_tensor *look_at_noise(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    (void)p;
    return choice < 0 ? NULL : dt_dropout(run->tape, x, 0.5, run->rng);
}

START_TEST(refuses_what_has_no_place)
{
    struct dt_net *net = toy_net(1, false, true);
    struct trial t = trial_open("ref", net, 1, 1);
    struct dt_policy policy = { .name = "test", .net = net, .look = look_at_noise };
    struct dt_err err = { 0 };

    ck_assert_ptr_null(dt_plan_new(net, &policy, t.engine, &(struct dt_plan_cfg){ 0 }, &err));
    dt_test_fails(&err, DT_EENGINE, "dropout: has no place in an inference plan");
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

Suite *suite_decide(void)
{
    Suite *s = suite_create("decide");
    TCase *c = tcase_create("policy");

    tcase_add_test(c, decides_as_on_the_tape);
    tcase_add_test(c, refuses_what_has_no_place);
    suite_add_tcase(s, c);
    return s;
}
