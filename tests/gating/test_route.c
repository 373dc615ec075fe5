/* Learning where to stop, on problems small enough to try every policy. */
#include "gating/route.h"

#include <math.h>
#include <string.h>

#include "suites.h"

/* ---- a family that knows no generalisation: one answer a distinct row of 0/1 features ---- */

enum { MAX_BITS = 4, CELLS = 1 << MAX_BITS };

static int cell(const double *x, int n_x)
{
    int at = 0;

    for (int j = 0; j < n_x; j++)
        at |= (x[j] > 0.5) << j;
    return at;
}

static int table_params(int n_x, const struct dt_family_cfg *cfg)
{
    (void)n_x;
    (void)cfg;
    return 1 + CELLS;
}

static enum dt_code table_fit(const struct dt_examples *e, const struct dt_family_cfg *cfg, double *p,
                              struct dt_err *err)
{
    (void)cfg;
    (void)err;
    memset(p, 0, (1 + CELLS) * sizeof *p);
    for (int i = 0; i < e->n; i++)
        p[1 + cell(e->x + e->row[i] * e->n_x, e->n_x)] += e->gain[e->row[i]];
    return DT_OK;
}

static double table_score(const double *p, const double *x, int n_x, const struct dt_family_cfg *cfg)
{
    (void)cfg;
    return p[0] + p[1 + cell(x, n_x)];
}

static const struct dt_family table = { "table", table_params, table_fit, table_score };

/* ---- random problems ---- */

enum { NODES = 4, SAMPLES = 40, STATES = NODES * (NODES + 1) / 2 };

struct problem {
    struct dt_route r;
    double go[(NODES + 1) * NODES], loss[STATES][SAMPLES], x[STATES][SAMPLES * MAX_BITS];
    const double *loss_of[STATES], *x_of[STATES];
    int n_x[STATES];
};

/* Node k has k + 1 bits: those of the earlier ones and one of its own. */
static void make_problem(struct problem *p, uint32_t seed, int nodes, bool pairs, bool choose)
{
    struct dt_rng rng = dt_rng_at(seed, DT_STREAM_TEST, 1, 0);
    double bit[NODES][SAMPLES], wrong[NODES][SAMPLES];

    *p = (struct problem){ .r = { .n_nodes = nodes,
                                  .n_samples = SAMPLES,
                                  .pairs = pairs,
                                  .choose = choose,
                                  .go = p->go,
                                  .loss = p->loss_of,
                                  .x = p->x_of,
                                  .n_x = p->n_x } };
    for (int i = 0; i < SAMPLES; i++)
        for (int k = 0; k < nodes; k++) {
            bit[k][i] = dt_rng_below(&rng, 2);
            wrong[k][i] = dt_rng_uniform(&rng) < (bit[k][i] > 0 ? 0.5 : 0.2) - 0.04 * k;
        }
    for (int from = -1; from < nodes; from++)
        for (int to = 0; to < nodes; to++)
            p->go[(from + 1) * nodes + to] = to <= from || (!choose && from >= 0 && to != from + 1)
                                                 ? INFINITY
                                                 : 0.1 + 0.2 * (to - (choose ? 0 : from)) * dt_rng_uniform(&rng);
    for (int s = 0; s < dt_route_states(&p->r); s++) {
        int k = dt_route_node(&p->r, s);

        p->n_x[s] = k + 1;
        p->loss_of[s] = p->loss[s];
        p->x_of[s] = p->x[s];
        for (int i = 0; i < SAMPLES; i++) {
            p->loss[s][i] = wrong[k][i];
            for (int j = 0; j <= k; j++)
                p->x[s][i * (k + 1) + j] = bit[j][i];
        }
    }
}

static double objective(const struct problem *p, const struct dt_route_cfg *cfg, const struct dt_policies *policy,
                        double tradeoff)
{
    struct dt_route_value v = dt_route_mean(&p->r, cfg, policy);

    return v.cost + tradeoff * v.loss;
}

/* ---- brute force: every start, and every answer in every cell of every state ---- */

struct every {
    const struct problem *p;
    double tradeoff;
    int answer[STATES][CELLS], radix[STATES]; /* 0: stop; k: the k-th way on */
};

static int way(const struct dt_route *r, int node, int k)
{
    int to = node;

    while (k > 0)
        k -= isfinite(dt_route_go(r, node, ++to));
    return to;
}

static double cost_from(const struct every *e, int start)
{
    const struct dt_route *r = &e->p->r;
    double sum = 0;

    for (int i = 0; i < SAMPLES; i++) {
        int before = -1, at = start, s, k;

        sum += dt_route_go(r, -1, start);
        for (;;) {
            s = dt_route_state(r, at, before);
            k = e->answer[s][cell(e->p->x[s] + i * e->p->n_x[s], e->p->n_x[s])];
            if (k == 0)
                break;
            before = at;
            at = way(r, at, k);
            sum += dt_route_go(r, before, at);
        }
        sum += e->tradeoff * e->p->loss[s][i];
    }
    return sum / SAMPLES;
}

/* Counts up by one, all digits of all states; false: round again. */
static bool count_up(struct every *e)
{
    for (int s = 0; s < dt_route_states(&e->p->r); s++)
        for (int c = 0; c < 1 << e->p->n_x[s]; c++) {
            if (++e->answer[s][c] < e->radix[s])
                return true;
            e->answer[s][c] = 0;
        }
    return false;
}

static double best_of_all(const struct problem *p, double tradeoff)
{
    const struct dt_route *r = &p->r;
    struct every e = { .p = p, .tradeoff = tradeoff };
    double best = INFINITY;

    for (int s = 0; s < dt_route_states(r); s++) {
        e.radix[s] = 1;
        for (int to = dt_route_node(r, s) + 1; to < r->n_nodes; to++)
            e.radix[s] += isfinite(dt_route_go(r, dt_route_node(r, s), to));
    }
    do {
        for (int k = 0; k < r->n_nodes; k++)
            if (isfinite(dt_route_go(r, -1, k)))
                best = fmin(best, cost_from(&e, k));
    } while (count_up(&e));
    return best;
}

static void learned_is_best(uint32_t seed, int nodes, bool pairs, bool choose, double tradeoff)
{
    static struct problem p;
    struct dt_route_cfg cfg = { .family = &table, .passes = 1 };
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_policies *policy;

    make_problem(&p, seed, nodes, pairs, choose);
    policy = dt_policies_new(&p.r, &cfg, arena);
    ck_assert_int_eq(dt_route_learn(&p.r, &cfg, tradeoff, policy, &err), DT_OK);
    ck_assert_msg(fabs(objective(&p, &cfg, policy, tradeoff) - best_of_all(&p, tradeoff)) < 1e-12,
                  "seed %u, %d nodes, trade-off %g: learned %.15g, best %.15g", seed, nodes, tradeoff,
                  objective(&p, &cfg, policy, tradeoff), best_of_all(&p, tradeoff));
    dt_arena_free(arena);
}

START_TEST(a_chain_equals_brute_force)
{
    for (uint32_t seed = 0; seed < 12; seed++)
        learned_is_best(seed, 3 + (seed % 3 == 0), false, false, 0.4 + 0.3 * seed);
}
END_TEST

START_TEST(a_graph_equals_brute_force)
{
    for (uint32_t seed = 0; seed < 24; seed++)
        learned_is_best(seed, 3, seed % 2, true, 0.4 + 0.3 * seed);
    learned_is_best(1, 4, false, true, 2);
}
END_TEST

/* ---- what holds for any family ---- */

/* Features that are no function of what matters, so that linear has to compromise. */
static void blur(struct problem *p, uint32_t seed)
{
    struct dt_rng rng = dt_rng_at(seed, DT_STREAM_TEST, 2, 0);

    for (int s = 0; s < dt_route_states(&p->r); s++)
        for (int i = 0; i < SAMPLES * p->n_x[s]; i++)
            p->x[s][i] += dt_rng_normal(&rng);
}

static double best_constant(const struct problem *p, double tradeoff)
{
    const struct dt_route *r = &p->r;
    double best = INFINITY;

    for (int start = 0; start < r->n_nodes; start++)
        for (int end = start; end < r->n_nodes; end++) {
            double sum = dt_route_go(r, -1, start);

            for (int k = start; k < end; k++) /* along the chain */
                sum += dt_route_go(r, k, k + 1);
            for (int i = 0; i < SAMPLES; i++)
                sum += tradeoff * p->loss[dt_route_state(r, end, end > start ? end - 1 : -1)][i] / SAMPLES;
            best = fmin(best, sum);
        }
    return best;
}

START_TEST(never_worse_than_the_best_constant_nor_by_another_pass)
{
    static struct problem p;
    static const struct dt_family *const families[] = { &dt_family_constant, &dt_family_linear, &dt_family_mlp };
    struct dt_err err = { .code = DT_OK };
    int better = 0, again = 0;

    for (uint32_t seed = 0; seed < 60; seed++) {
        double tradeoff = 0.2 * pow(1.1, seed % 30), constant, value[3];

        make_problem(&p, seed, NODES, seed % 2, true);
        blur(&p, seed);
        constant = best_constant(&p, tradeoff);
        for (int passes = 1; passes <= 3; passes++) {
            struct dt_arena *arena = dt_arena_new(0, &err);
            struct dt_route_cfg cfg = { families[seed % 3], { .hidden = 3, .l2 = 1e-3 }, passes };
            struct dt_policies *policy = dt_policies_new(&p.r, &cfg, arena);

            ck_assert_int_eq(dt_route_learn(&p.r, &cfg, tradeoff, policy, &err), DT_OK);
            value[passes - 1] = objective(&p, &cfg, policy, tradeoff);
            dt_arena_free(arena);
        }
        ck_assert_double_le(value[0], constant + 1e-12);
        ck_assert_double_le(value[1], value[0] + 1e-12);
        ck_assert_double_le(value[2], value[1] + 1e-12);
        better += value[0] < constant - 1e-9;
        again += value[1] < value[0] - 1e-9;
    }
    ck_assert_int_gt(better, 10); /* linear and mlp are worth something, */
    ck_assert_int_gt(again, 0);   /* and so is another pass */
}
END_TEST

/* Stopping at once costs nothing more; errors that cost a fortune are never made where going on avoids them. */
START_TEST(the_trade_off_has_two_ends)
{
    static struct problem p;
    struct dt_route_cfg cfg = { &dt_family_linear, { .l2 = 1e-3 }, 2 };
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_policies *cheap, *dear;
    int visited[NODES];

    make_problem(&p, 3, NODES, false, true);
    for (int i = 0; i < SAMPLES; i++)
        p.loss[NODES - 1][i] = 0;
    cheap = dt_policies_new(&p.r, &cfg, arena);
    dear = dt_policies_new(&p.r, &cfg, arena);
    ck_assert_int_eq(dt_route_learn(&p.r, &cfg, 1e-6, cheap, &err), DT_OK);
    ck_assert_int_eq(dt_route_learn(&p.r, &cfg, 1e6, dear, &err), DT_OK);
    for (int i = 0; i < SAMPLES; i++)
        ck_assert_int_eq(dt_route_walk(&p.r, &cfg, cheap, i, visited), 1);
    ck_assert_double_eq(dt_route_mean(&p.r, &cfg, dear).loss, 0);
    dt_arena_free(arena);
}
END_TEST

START_TEST(out_of_memory_is_reported)
{
    static struct problem p;
    struct dt_route_cfg cfg = { &dt_family_linear, { .l2 = 1e-3 }, 2 };
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_policies *policy;
    int failures = 0;

    make_problem(&p, 3, NODES, true, true);
    policy = dt_policies_new(&p.r, &cfg, arena);
    for (int k = 0; k < 100000; k++) {
        struct dt_err e = { .code = DT_OK };

        dt_alloc_fail_at(k);
        (void)(dt_route_learn(&p.r, &cfg, 1, policy, &e) == DT_OK);
        dt_alloc_fail_at(-1);
        if (!e.code)
            break;
        dt_test_fails(&e, DT_ENOMEM, "out of memory");
        failures++;
    }
    ck_assert_int_gt(failures, 3);
    dt_arena_free(arena);
}
END_TEST

Suite *suite_route(void)
{
    Suite *s = suite_create("route");
    TCase *t = tcase_create("route");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_chain_equals_brute_force);
    tcase_add_test(t, a_graph_equals_brute_force);
    tcase_add_test(t, never_worse_than_the_best_constant_nor_by_another_pass);
    tcase_add_test(t, the_trade_off_has_two_ends);
    tcase_add_test(t, out_of_memory_is_reported);
    suite_add_tcase(s, t);
    return s;
}
