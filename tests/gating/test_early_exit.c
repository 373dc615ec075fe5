/* early_exit from config to result: what is learned is what is run, kept and resumed; and what is refused. */
#include <math.h>
#include <string.h>

#include "suites.h"
#include "trial.h"

static void write_config(struct trial *t)
{
    trial_open(t);
    trial_write(t, "exits.yaml",
                "base: small.yaml\n"
                "method: early_exit\n"
                "early_exit: {epochs: 3, exits: [stage2, stage1/block0], risk: {max_accuracy_loss: 0.2}}\n");
}

START_TEST(what_is_learned_is_what_is_run)
{
    static const char *const how[] = {
        "",
        "early_exit.policy.family=constant",
        "early_exit.policy.family=mlp early_exit.policy.hidden=3 early_exit.policy.temperature=false",
        "early_exit.policy.history=true early_exit.policy.pooled=true early_exit.policy.choose=true",
        "early_exit.policy.ensemble=true early_exit.policy.squares=false early_exit.policy.sorted=0",
        ("early_exit.policy.family=mlp early_exit.policy.choose=true early_exit.policy.ensemble=true "
         "early_exit.policy.history=true early_exit.policy.loss=error"),
        "early_exit.head.convs=1 early_exit.head.width=6 early_exit.policy.pooled=true model.dynamic=true",
    };
    struct trial t;

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", how[_i]), DT_OK);
    trial_check_execution(&t);
    trial_close(&t);
}
END_TEST

/* The numbers of the report, where they can be known beforehand. */
START_TEST(the_ends_of_the_curve)
{
    struct trial t;
    double full, first;

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", "early_exit.epochs=4"), DT_OK);
    full = trial_number(&t, "macs_static");
    ck_assert_double_eq(trial_point(&t, "curve", "no exits", "macs_mean"), full);
    ck_assert_double_eq(trial_point(&t, "curve", "no exits", "accuracy"), trial_number(&t, "static_accuracy"));
    ck_assert_double_eq(trial_point(&t, "baselines", "always net", "macs_mean"), full);
    first = trial_point(&t, "baselines", "always net/stage1/exit1", "macs_mean");
    /* stem, one block of two convolutions, 4 x 4 for the head, and the policy's 19 numbers a decision */
    ck_assert_double_eq(first, 64 * 9 * 3 * 4 + 2 * 64 * 9 * 4 * 4 + 4 * 4 + 2 * (4 + 4));
    ck_assert_double_ge(trial_point(&t, "baselines", "oracle, error = 1e+03 runs", "accuracy"),
                        trial_number(&t, "static_accuracy"));
    ck_assert_double_lt(trial_point(&t, "baselines", "oracle, error = 1e+03 runs", "macs_mean"), full);
    trial_close(&t);
}
END_TEST

/* A limit that no policy can keep leaves the full network; no limit leaves the budget to decide. */
START_TEST(risk_or_budget_decides)
{
    struct trial t;

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", "early_exit.risk.max_accuracy_loss=1e-9"), DT_OK);
    ck_assert_double_eq(trial_number(&t, "macs_ratio"), 1);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", "early_exit.risk.max_accuracy_loss=0 budget.target=0.5"), DT_OK);
    ck_assert_double_le(trial_number(&t, "macs_ratio"), 0.6); /* on other images than it was chosen on */
    ck_assert_int_eq(trial_train(&t, "exits.yaml", "early_exit.risk.max_accuracy_loss=1"), DT_OK);
    ck_assert_double_lt(trial_number(&t, "macs_ratio"), 0.5); /* the cheapest of all */
    trial_close(&t);
}
END_TEST

/* A frozen network answers in the end as it did before. */
START_TEST(a_frozen_network_stays)
{
    struct trial t;
    double before;

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "small.yaml", "supervised.epochs=2"), DT_OK);
    before = t.out.test.accuracy;
    trial_write(&t, "start.yaml", "base: small.yaml\nsupervised: {epochs: 2}\n");
    ck_assert_int_eq(
        trial_train(&t, "exits.yaml", "early_exit.backbone=frozen pretrained=%s/start.yaml early_exit.head.convs=1"),
        DT_OK);
    ck_assert_double_eq_tol(trial_number(&t, "static_accuracy"), before, 1e-8);
    trial_check_execution(&t);
    trial_close(&t);
}
END_TEST

/* Stopped in training and resumed: the same policies, the same result. */
START_TEST(resumed_runs_end_alike)
{
    static const char *const keys[] = { "test_accuracy", "macs_mean", "static_accuracy", "test_top5" };
    struct trial t;
    double whole[4];

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", ""), DT_OK);
    for (int i = 0; i < 4; i++)
        whole[i] = trial_number(&t, keys[i]);
    trial_stop_at(_i ? 36 : 17); /* within an epoch; at the end of the phase */
    ck_assert_int_eq(trial_train(&t, "exits.yaml", ""), DT_ETERM);
    trial_stop_at(0);
    ck_assert_int_eq(trial_resume(&t), DT_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(trial_number(&t, keys[i]), whole[i]);
    trial_check_execution(&t);
    trial_close(&t);
}
END_TEST

START_TEST(what_cannot_be)
{
    static const struct {
        const char *how, *says;
    } bad[] = {
        { "early_exit.exits=[stage4]", "early_exit.exits: 'stage4' is no module of resnet8 that puts out an image" },
        { "early_exit.exits=[head]", "'head' is no module of resnet8" },
        { "early_exit.exits=[stage1,stage1/block0]", "are the same place" },
        { "early_exit.exits=[]", "from 1 to 63 places, not 0" },
        { "early_exit.exits=[stage1/block0/body]", "not one of a sequence" },
        { "data.val_split=0", "set data.val_split" },
    };
    struct trial t;

    write_config(&t);
    ck_assert_int_eq(trial_train(&t, "exits.yaml", bad[_i].how), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, bad[_i].says);
    trial_close(&t);
}
END_TEST

Suite *suite_early_exit(void)
{
    Suite *s = suite_create("early_exit");
    TCase *t = tcase_create("early_exit");

    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, what_is_learned_is_what_is_run, 0, 7);
    tcase_add_test(t, the_ends_of_the_curve);
    tcase_add_test(t, risk_or_budget_decides);
    tcase_add_test(t, a_frozen_network_stays);
    tcase_add_loop_test(t, resumed_runs_end_alike, 0, 2);
    tcase_add_loop_test(t, what_cannot_be, 0, 6);
    suite_add_tcase(s, t);
    return s;
}
