/* Starting from another run: by file, by folder, by config (which is trained first, once), and what does not fit. */
#include <signal.h>
#include <string.h>

#include "suites.h"
#include "trial.h"

struct found {
    int n;
    const char *name;
};

static bool count(void *ctx, const char *path)
{
    struct found *f = ctx;

    f->n += strstr(path, f->name) != NULL;
    return true;
}

static int runs_of(struct trial *t, const char *name)
{
    struct found f = { 0, name };

    dt_rundir_each(t->root, count, &f);
    return f.n;
}

static void write_other(struct trial *t)
{
    trial_write(t, "other.yaml", "base: small.yaml\nname: other\nsupervised: {epochs: 2}\n");
}

/* A rate of nothing: what comes out is what came in. */
static const char still[] = "optim.lr=0 supervised.epochs=1 pretrained=%s";

START_TEST(by_file_and_folder)
{
    struct trial t;
    char first[512], how[1024], path[640];
    double loss;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, ""), DT_OK);
    memcpy(first, t.out.run, sizeof first);
    for (int i = 0; i < 2; i++) {
        struct dt_eval e;
        struct dt_model *m;

        snprintf(how, sizeof how, still, i ? trial_path(first, "ckpt/best.h5", path) : first);
        ck_assert_int_eq(trial_train(&t, how), DT_OK);
        m = dt_model_open(t.out.run, DT_MODEL_IMAGES, trial_methods, 0, NULL, &t.err);
        dt_test_ok(&t.err);
        ck_assert_int_eq(dt_evaluate_static(dt_model_train(m), DT_VAL, &e), DT_OK);
        loss = e.loss;
        dt_model_close(m);
        ck_assert(loss == loss);
    }
    trial_close(&t);
}
END_TEST

START_TEST(by_config)
{
    struct trial t;
    char how[1024];

    trial_open(&t);
    write_other(&t);
    snprintf(how, sizeof how, "pretrained=%s/other.yaml", t.dir);
    for (int i = 0; i < 2; i++) { /* the second time its run is there */
        ck_assert_int_eq(trial_train(&t, how), DT_OK);
        ck_assert_int_eq(runs_of(&t, "/other/"), 1);
    }
    snprintf(how, sizeof how, "seed=2 pretrained=%s/other.yaml", t.dir); /* another seed is another run */
    ck_assert_int_eq(trial_train(&t, how), DT_OK);
    ck_assert_int_eq(runs_of(&t, "/other/"), 2);
    trial_close(&t);
}
END_TEST

/* Stopped in the inner run: resuming the outer one resumes that first. */
START_TEST(inner_run_is_resumed)
{
    struct trial t;
    char how[1024];

    trial_open(&t);
    write_other(&t);
    snprintf(how, sizeof how, "pretrained=%s/other.yaml", t.dir);
    trial_raise(SIGTERM, 5);
    ck_assert_int_eq(trial_train(&t, how), DT_ETERM);
    ck_assert_int_eq(runs_of(&t, "/other/"), 1);
    trial_raise(0, 0);
    ck_assert_ptr_nonnull(strstr(t.out.run, "/small/"));
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
    ck_assert_int_eq(runs_of(&t, "/other/"), 1);
    trial_close(&t);
}
END_TEST

START_TEST(another_network)
{
    struct trial t;
    char how[1024];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "model.width=8"), DT_OK);
    snprintf(how, sizeof how, "pretrained=%s", t.out.run);
    ck_assert_int_eq(trial_train(&t, how), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, "last.h5: holds another network; of another shape model/");
    ck_assert_int_eq(dt_exit_status(t.err.code), 5);
    trial_close(&t);
}
END_TEST

START_TEST(configs_in_a_circle)
{
    struct trial t;
    char how[1024], text[1024];

    trial_open(&t);
    snprintf(text, sizeof text, "base: small.yaml\nname: other\npretrained: %s/other.yaml\n", t.dir);
    trial_write(&t, "other.yaml", text);
    snprintf(how, sizeof how, "pretrained=%s/other.yaml", t.dir);
    ck_assert_int_eq(trial_train(&t, how), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, "configs name each other");
    trial_close(&t);
}
END_TEST

START_TEST(no_such_file)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "pretrained=/nowhere/x.h5"), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, "/nowhere/x.h5");
    trial_close(&t);
}
END_TEST

Suite *suite_pretrained(void)
{
    Suite *s = suite_create("pretrained");
    TCase *c = tcase_create("start");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, by_file_and_folder);
    tcase_add_test(c, by_config);
    tcase_add_test(c, inner_run_is_resumed);
    tcase_add_test(c, another_network);
    tcase_add_test(c, configs_in_a_circle);
    tcase_add_test(c, no_such_file);
    suite_add_tcase(s, c);
    return s;
}
