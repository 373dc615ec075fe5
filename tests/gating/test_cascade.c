/* cascade from configs to result: members are trained first, once; what is learned is what is run. */
#include <math.h>
#include <string.h>

#include "suites.h"
#include "trial.h"

static const char members[] = "cascade.networks=[%s/a.yaml,%s/b.yaml,%s/c.yaml]";

static void write_configs(struct trial *t)
{
    trial_open(t);
    trial_write(t, "a.yaml", "base: small.yaml\nmodel: {width: 2}\nsupervised: {epochs: 2}\n");
    trial_write(t, "b.yaml", "base: small.yaml\nsupervised: {epochs: 3}\n");
    trial_write(t, "c.yaml", "base: small.yaml\nmodel: {arch: resnet14}\nsupervised: {epochs: 4}\n");
    trial_write(t, "cascade.yaml",
                "base: small.yaml\nmethod: cascade\n"
                "cascade: {networks: [], policy: {choose: true}, risk: {max_accuracy_loss: 0.2}}\n");
}

struct counted {
    int n;
};

static bool count(void *ctx, const char *path)
{
    (void)path;
    ((struct counted *)ctx)->n++;
    return true;
}

START_TEST(what_is_learned_is_what_is_run)
{
    static const char *const how[] = { "", "cascade.policy.ensemble=true cascade.policy.history=true",
                                       "cascade.policy.pooled=true cascade.policy.family=mlp",
                                       "cascade.edges=[resnet8>resnet8_2,resnet8>resnet14,start>resnet8]" };
    char all[1024], root[512];
    struct counted runs = { 0 };
    struct trial t;
    double own;

    write_configs(&t);
    snprintf(all, sizeof all, "%s %s", members, how[_i]);
    ck_assert_int_eq(trial_train(&t, "c.yaml", ""), DT_OK);
    own = t.out.test.accuracy;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(trial_train(&t, "cascade.yaml", all), DT_OK);
    snprintf(root, sizeof root, "%s/runs", t.dir);
    dt_rundir_each(root, count, &runs);
    ck_assert_int_eq(runs.n, 3 + 2); /* each member once */
    ck_assert_double_eq_tol(trial_number(&t, "static_accuracy"), own, 1e-8);
    ck_assert_double_eq_tol(trial_point(&t, "curve", "no exits", "accuracy"), own, 1e-8);
    trial_check_execution(&t);
    trial_close(&t);
}
END_TEST

/* Where there is no way, nobody goes. */
START_TEST(ways_are_kept)
{
    char all[1024];
    struct trial t;
    double chain, jump;

    write_configs(&t);
    snprintf(all, sizeof all, "%s cascade.edges=[start>resnet8,resnet8>resnet14] cascade.risk.max_accuracy_loss=1e-9",
             members);
    ck_assert_int_eq(trial_train(&t, "cascade.yaml", all), DT_OK);
    /* even the safest policy begins with the first network: point 0 alone is the last network by itself */
    ck_assert_double_eq(trial_number(&t, "macs_ratio"), 1);
    snprintf(all, sizeof all,
             "%s cascade.edges=[start>resnet8,resnet8>resnet14] cascade.sweep.points=1 cascade.sweep.to=1000", members);
    ck_assert_int_eq(trial_train(&t, "cascade.yaml", all), DT_OK);
    jump = trial_point(&t, "curve", "error = 1e+03 runs", "macs_max");
    snprintf(all, sizeof all,
             "%s cascade.edges=[start>resnet8,resnet8>resnet8_2,resnet8_2>resnet14] cascade.sweep.points=1 "
             "cascade.sweep.to=1000",
             members);
    ck_assert_int_eq(trial_train(&t, "cascade.yaml", all), DT_OK);
    chain = trial_point(&t, "curve", "error = 1e+03 runs", "macs_max");
    ck_assert_double_gt(jump, trial_number(&t, "macs_static"));
    ck_assert_double_gt(chain, jump);
    trial_close(&t);
}
END_TEST

START_TEST(what_cannot_be)
{
    static const struct {
        const char *how, *says;
    } bad[] = {
        { "cascade.networks=[%s/b.yaml]", "from 2 to 16 networks, not 1" },
        { "cascade.networks=[%s/c.yaml,%s/a.yaml]", "from cheap to costly, but resnet14 takes" },
        { "cascade.networks=[%s/a.yaml,%s/none.yaml]", "none.yaml" },
        { "cascade.networks=[%s/a.yaml,%s/cascade.yaml]", "is of method cascade" },
        { "cascade.networks=[%s/a.yaml,%s/b.yaml] cascade.edges=[resnet8>resnet9]", "'resnet8>resnet9'" },
        { "cascade.networks=[%s/a.yaml,%s/split.yaml]", "it may have seen the held-out images" },
        { "cascade.networks=[%s/a.yaml,%s/b.yaml] data.val_split=0", "held-out images" },
    };
    struct trial t;

    write_configs(&t);
    trial_write(&t, "split.yaml", "base: b.yaml\ndata: {val_split: 0.1}\n");
    ck_assert_int_ne(trial_train(&t, "cascade.yaml", bad[_i].how), DT_OK);
    dt_test_fails(&t.err, DT_ECONFIG, bad[_i].says);
    trial_close(&t);
}
END_TEST

Suite *suite_cascade(void)
{
    Suite *s = suite_create("cascade");
    TCase *t = tcase_create("cascade");

    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, what_is_learned_is_what_is_run, 0, 4);
    tcase_add_test(t, ways_are_kept);
    tcase_add_loop_test(t, what_cannot_be, 0, 7);
    suite_add_tcase(s, t);
    return s;
}
