/* Times of single images: what is run, how often, in which order, and that a disturbance or a policy changes nothing.
 */
#include "train/latency.h"

#include <string.h>
#include <time.h>

#include "suites.h"

/* ---- the sampling ---- */

struct calls {
    int n, order[1024];
    double slower;  /* every run takes so many seconds longer */
    double disturb; /* seconds that the very last run of item 0 takes longer */
    int fail_at;
};

static void sleep_s(double s)
{
    nanosleep(&(struct timespec){ .tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9) }, NULL);
}

static bool once(void *ctx, int i, struct dt_err *err)
{
    struct calls *c = ctx;

    if (c->n == c->fail_at)
        return dt_fail(err, DT_ESHAPE, "item %d cannot be run", i);
    ck_assert_int_lt(c->n, 1024);
    c->order[c->n++] = i;
    sleep_s((i == 0 ? 0.002 : 0.006) + c->slower);
    if (i == 0 && c->n == 15)
        sleep_s(c->disturb);
    return true;
}

START_TEST(mean_of_medians)
{
    struct calls c = { .disturb = 0.4, .fail_at = -1 };
    struct dt_err err = { .code = DT_OK };
    double ms;

    ck_assert_int_eq(dt_latency(2, 5, once, &c, &ms, &err), DT_OK);
    ck_assert_int_eq(c.n, 2 * (3 + 5));
    for (int i = 0; i < c.n; i++)
        ck_assert_int_eq(c.order[i], i % 2); /* round by round */
    ck_assert_double_ge(ms, 4);
    ck_assert_double_lt(ms, 40); /* the plain mean would be 44 and more */
}
END_TEST

/* Thirty rounds of one item; a quick one is run for a quarter of a second at least. */
START_TEST(default_rounds)
{
    struct calls slow = { .fail_at = -1, .slower = 0.01 }, quick = { .fail_at = -1 };
    struct dt_err err = { .code = DT_OK };
    double ms;

    ck_assert_int_eq(dt_latency(1, 0, once, &slow, &ms, &err), DT_OK);
    ck_assert_int_eq(slow.n, 3 + 30);
    slow.n = 0;
    ck_assert_int_eq(dt_latency(7, 0, once, &slow, &ms, &err), DT_OK);
    ck_assert_int_eq(slow.n, 7 * (3 + 5));
    ck_assert_int_eq(dt_latency(1, 0, once, &quick, &ms, &err), DT_OK);
    ck_assert_int_gt(quick.n, 3 + 30);
    ck_assert_int_le(quick.n, 3 + 125); /* of 2 ms each */
}
END_TEST

START_TEST(failure_ends_it)
{
    struct calls c = { .fail_at = 4 };
    struct dt_err err = { .code = DT_OK };
    double ms = 1;

    ck_assert_int_eq(dt_latency(2, 5, once, &c, &ms, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, "item 0 cannot be run");
    ck_assert_int_eq(c.n, 4);
    ck_assert(ms == 0);
}
END_TEST

START_TEST(median)
{
    double v[] = { 5, 1, 9, 3, 4 };

    ck_assert(dt_median(v, 5) == 4 && dt_median(v, 1) == 1);
}
END_TEST

/* ---- a net ---- */

struct fixture {
    struct dt_engine *engine;
    struct dt_tape *tape;
    struct dt_net *net;
    struct dt_err err;
};

static void open_fixture(struct fixture *f)
{
    const struct dt_model_cfg cfg = { .arch = "resnet20", .classes = 10, .width = 16, .dynamic = true };

    memset(f, 0, sizeof *f);
    dt_par_set_threads(1);
    f->engine = dt_engine_new("auto", &f->err);
    f->tape = dt_tape_new(f->engine, &f->err);
    f->net = dt_net_new(1, &f->err);
    ck_assert_int_eq(dt_model_build(f->net, &cfg, 3, &f->err), DT_OK);
    ck_assert_int_eq(dt_net_finish(f->net, 32, 32, 3, &f->err), DT_OK);
    ck_assert_int_eq(dt_net_space(f->net)->n, 9);
}

static void close_fixture(struct fixture *f)
{
    dt_net_free(f->net);
    dt_tape_free(f->tape);
    dt_engine_free(f->engine);
}

START_TEST(skipping_is_faster)
{
    static const int none[9] = { 0 };
    struct fixture f;
    struct dt_timed full, bare;
    double full_ms, bare_ms;

    open_fixture(&f);
    full = (struct dt_timed){ .net = f.net, .n = 1 };
    bare = (struct dt_timed){ .net = f.net, .n = 1, .row = none };
    ck_assert_int_eq(dt_latency_net(f.tape, &full, &full_ms, &f.err), DT_OK);
    ck_assert_int_eq(dt_latency_net(f.tape, &bare, &bare_ms, &f.err), DT_OK);
    ck_assert_double_gt(bare_ms, 0);
    ck_assert_double_lt(bare_ms, 0.7 * full_ms); /* 1% of the MACs are left */
    close_fixture(&f);
}
END_TEST

static int asked;
static double budgets;

static void decide(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    (void)p;
    (void)choice;
    (void)seen;
    asked++;
    budgets += run->budget ? *run->budget : 0;
    ck_assert_int_eq(run->arch.rows, 1);
    memset(run->arch.value, 0, (size_t)run->arch.n * sizeof(int));
}

START_TEST(the_policy_is_asked)
{
    struct fixture f;
    struct dt_policy policy = { .name = "none", .decide = decide };
    const double budget[2] = { 0.25, 0.5 };
    int rows[18];
    dt_real *image = dt_calloc(2 * 32 * 32 * 3, sizeof *image);
    struct dt_timed what = { .policy = &policy, .n = 2, .image = image, .row = rows, .budget = budget, .rounds = 2 };
    double ms;

    open_fixture(&f);
    what.net = policy.net = f.net;
    for (int i = 0; i < 18; i++)
        rows[i] = 1;
    asked = 0;
    budgets = 0;
    ck_assert_int_eq(dt_latency_net(f.tape, &what, &ms, &f.err), DT_OK);
    ck_assert_int_eq(asked, 2 * (3 + 2));
    ck_assert_double_eq_tol(budgets, 5 * 0.75, 1e-12);
    for (int i = 0; i < 18; i++)
        ck_assert_int_eq(rows[i], 1); /* what the policy wrote was a copy */
    close_fixture(&f);
    dt_free(image);
}
END_TEST

START_TEST(impossible_rows_are_refused)
{
    static const int wrong[9] = { 0, 0, 7 };
    struct fixture f;
    struct dt_timed what = { .n = 1, .row = wrong };
    double ms;

    open_fixture(&f);
    what.net = f.net;
    ck_assert_int_eq(dt_latency_net(f.tape, &what, &ms, &f.err), DT_ESHAPE);
    close_fixture(&f);
}
END_TEST

Suite *suite_latency(void)
{
    Suite *s = suite_create("latency");
    TCase *c = tcase_create("latency");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, mean_of_medians);
    tcase_add_test(c, default_rounds);
    tcase_add_test(c, failure_ends_it);
    tcase_add_test(c, median);
    tcase_add_test(c, skipping_is_faster);
    tcase_add_test(c, the_policy_is_asked);
    tcase_add_test(c, impossible_rows_are_refused);
    suite_add_tcase(s, c);
    return s;
}
