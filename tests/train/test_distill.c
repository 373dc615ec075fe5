/* Distillation: the student learns from a teacher of another architecture, and the teacher's part is in the loss. */
#include <string.h>

#include "suites.h"
#include "trial.h"

enum { OVER = 2048 };

START_TEST(from_a_wider_teacher)
{
    struct trial t;
    char how[OVER], with[512], none[512];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "model.width=8 name=teacher"), DT_OK);
    snprintf(how, sizeof how, "supervised.distill.alpha=0.5 supervised.distill.from=%s", t.out.run);
    ck_assert_int_eq(trial_train(&t, how), DT_OK);
    memcpy(with, t.out.run, sizeof with);
    ck_assert_int_eq(trial_resume(&t, with, 0), DT_OK); /* the teacher is found again */
    ck_assert_int_eq(trial_train(&t, "supervised.distill.alpha=0.5"), DT_OK);
    memcpy(none, t.out.run, sizeof none);
    {
        char *a = trial_read(with, "metrics.jsonl"), *b = trial_read(none, "metrics.jsonl");

        ck_assert_str_ne(a, b);
        dt_free(a);
        dt_free(b);
    }
    trial_close(&t);
}
END_TEST

/* alpha = 0: the teacher answers, and nobody listens. */
START_TEST(no_share_no_change)
{
    struct trial t;
    char how[OVER], plain[512];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, ""), DT_OK);
    memcpy(plain, t.out.run, sizeof plain);
    snprintf(how, sizeof how, "supervised.distill.alpha=0 supervised.distill.from=%s", plain);
    ck_assert_int_eq(trial_train(&t, how), DT_OK);
    trial_same_checkpoints(plain, t.out.run);
    trial_close(&t);
}
END_TEST

START_TEST(teacher_of_other_classes)
{
    struct trial t;
    char how[OVER];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "data.synth.classes=6 name=teacher"), DT_OK);
    snprintf(how, sizeof how, "supervised.distill.from=%s", t.out.run);
    ck_assert_int_eq(trial_train(&t, how), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, "head/fc/bias ([6] there, [4] here)");
    trial_close(&t);
}
END_TEST

Suite *suite_distill(void)
{
    Suite *s = suite_create("distill");
    TCase *c = tcase_create("teacher");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, from_a_wider_teacher);
    tcase_add_test(c, no_share_no_change);
    tcase_add_test(c, teacher_of_other_classes);
    suite_add_tcase(s, c);
    return s;
}
