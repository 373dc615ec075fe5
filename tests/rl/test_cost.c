/* The table of costs against the trace of whole rows, the published agent's cost, and the hard promise of a budget. */
#include <math.h>
#include <string.h>

#include "nets.h"
#include "suites.h"

enum { MOST = 64 };

static const struct dt_model_cfg resnet14 = { .arch = "resnet14", .classes = 10, .width = 8, .dynamic = true };
static const struct dt_model_cfg resnext29 = {
    .arch = "resnext29", .classes = 10, .cardinality = 4, .path_width = 16, .dynamic = true
};
static const struct dt_model_cfg resnet110 = { .arch = "resnet110", .classes = 10, .width = 16, .dynamic = true };
static const struct dt_budget_policy_cfg published = { .at = DT_AT_INPUT };
static const struct dt_budget_policy_cfg cheap = { .at = DT_AT_STEM, .width = 32, .hidden = 64, .waves = 2 };

static const struct {
    const struct dt_model_cfg *model;
    const struct dt_budget_policy_cfg *policy;
} cases[] = { { &resnet14, &published }, { &resnet14, &cheap }, { &resnext29, &published }, { &resnext29, &cheap } };

START_TEST(the_table_is_the_trace)
{
    struct agent_net a;
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, (uint32_t)_i);
    struct dt_err err = { 0 };

    agent_net_open(&a, cases[_i].model, cases[_i].policy, 32, 3);
    for (int k = 0; k < 30; k++) {
        int row[MOST];
        struct dt_cost c;

        for (int i = 0; i < a.s.n; i++)
            row[i] = k == 0 ? 1 : (int)dt_rng_below(&rng, 2);
        ck_assert_int_eq(dt_cost(a.net, &a.s.policy.base, row, &c, &err), DT_OK);
        ck_assert_double_eq_tol(dt_costs_share(&a.s.macs, row) * a.s.macs.full, (double)c.macs, 1e-3);
        ck_assert_int_eq(dt_cost(a.net, NULL, row, &c, &err), DT_OK);
        ck_assert_double_eq_tol(dt_costs_share(&a.s.macs, row) * a.s.macs.full - a.s.macs.agent, (double)c.macs, 1e-3);
    }
    agent_net_close(&a);
}
END_TEST

/* ResNet-8's trunk and two linear layers of 65 inputs; the floor that follows. */
START_TEST(the_published_agent)
{
    struct agent_net a;

    agent_net_open(&a, &resnext29, &published, 32, 3);
    ck_assert_double_eq(a.s.macs.full, 171362816);
    ck_assert_double_eq(a.s.macs.agent, 12241253);
    ck_assert_double_eq_tol(a.s.macs.fixed - a.s.macs.agent, 5.69e6, 5e3);
    ck_assert_double_eq_tol(dt_costs_floor(&a.s.macs), 0.105, 5e-4);
    agent_net_close(&a);
}
END_TEST

START_TEST(the_cheap_agent_is_under_a_percent)
{
    struct agent_net a;

    agent_net_open(&a, _i ? &resnext29 : &resnet110, &cheap, 32, 3);
    ck_assert_double_gt(a.s.macs.agent, 0);
    ck_assert_double_lt(a.s.macs.agent, 0.01 * a.s.macs.full);
    agent_net_close(&a);
}
END_TEST

/* ---- projection ---- */
static void random_costs(struct dt_costs *c, double each[MOST], struct dt_rng *rng)
{
    *c = (struct dt_costs){ .n = 1 + (int)dt_rng_below(rng, 12), .fixed = 1 + dt_rng_below(rng, 5), .each = each };
    c->full = c->fixed;
    for (int i = 0; i < c->n; i++) {
        each[i] = dt_rng_below(rng, 10);
        c->full += each[i];
    }
}

/* The same by sorting all of them first. */
static void by_sorting(const struct dt_costs *c, const dt_real *score, double cap, int *keep)
{
    int order[MOST];
    double sum = c->fixed;

    for (int i = 0; i < c->n; i++) {
        int at = i;

        keep[i] = 0;
        for (; at > 0 && score[order[at - 1]] < score[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int k = 0; k < c->n; k++) {
        sum += c->each[order[k]];
        if (sum > cap * c->full + 1e-9)
            return;
        keep[order[k]] = 1;
    }
}

START_TEST(no_budget_is_exceeded)
{
    struct dt_rng rng = dt_rng_at(2, DT_STREAM_TEST, 0, 0);

    for (int t = 0; t < 500; t++) {
        double each[MOST];
        dt_real score[MOST];
        int keep[MOST], want[MOST], before[MOST] = { 0 };
        struct dt_costs c;

        random_costs(&c, each, &rng);
        for (int i = 0; i < c.n; i++)
            score[i] = (dt_real)dt_rng_below(&rng, 5); /* with ties */
        for (int step = 0; step <= 20; step++) {
            double cap = dt_costs_floor(&c) + (1 - dt_costs_floor(&c)) * step / 20;

            dt_costs_project(&c, score, cap, keep);
            by_sorting(&c, score, cap, want);
            ck_assert(dt_costs_share(&c, keep) <= cap + 1e-9);
            ck_assert_mem_eq(keep, want, (size_t)c.n * sizeof *keep);
            for (int i = 0; i < c.n; i++)
                ck_assert_int_ge(keep[i], before[i]); /* who has a larger budget keeps what a smaller one kept */
            memcpy(before, keep, sizeof keep);
        }
        for (int i = 0; i < c.n; i++)
            ck_assert_int_eq(keep[i], 1); /* at a budget of 1 everything fits */
    }
}
END_TEST

START_TEST(thinning_fits_and_adds_nothing)
{
    struct dt_rng rng = dt_rng_at(3, DT_STREAM_TEST, 0, 0);

    for (int t = 0; t < 500; t++) {
        double each[MOST], cap;
        int sampled[MOST], order[MOST], keep[MOST], room;
        struct dt_costs c;

        random_costs(&c, each, &rng);
        for (int i = 0; i < c.n; i++) {
            sampled[i] = (int)dt_rng_below(&rng, 2);
            order[i] = i;
        }
        dt_rng_shuffle(&rng, order, c.n);
        cap = dt_costs_floor(&c) + (1 - dt_costs_floor(&c)) * dt_rng_uniform(&rng);
        dt_costs_thin(&c, sampled, order, cap, keep);
        room = (int)floor(cap * c.full - dt_costs_share(&c, keep) * c.full + 1e-9);
        ck_assert_int_ge(room, 0);
        for (int i = 0; i < c.n; i++) {
            ck_assert(keep[i] <= sampled[i]);
            ck_assert(keep[i] == sampled[i] || each[i] > room); /* nothing is left out that would have fitted */
        }
    }
}
END_TEST

Suite *suite_cost(void)
{
    Suite *s = suite_create("cost");
    TCase *c = tcase_create("cost");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, the_table_is_the_trace, 0, 4);
    tcase_add_test(c, the_published_agent);
    tcase_add_loop_test(c, the_cheap_agent_is_under_a_percent, 0, 2);
    tcase_add_test(c, no_budget_is_exceeded);
    tcase_add_test(c, thinning_fits_and_adds_nothing);
    suite_add_tcase(s, c);
    return s;
}
