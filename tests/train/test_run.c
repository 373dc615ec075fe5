/* Whole runs: a small net learns, the run directory holds what it should, a model opens out of it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "trial.h"

/* Four classes: chance is 25%. */
START_TEST(learns)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "data.synth.train=1250 data.synth.test=200 data.synth.size=12 data.batch=50 "
                                     "model.width=8 optim.lr=0.2 supervised.epochs=8"),
                     DT_OK);
    ck_assert_double_gt(t.out.test.accuracy, 0.6);
    ck_assert_int_eq((int)t.out.test.n, 200);
    trial_close(&t);
}
END_TEST

START_TEST(leaves_its_files)
{
    static const char *const files[] = { "run.json",           "config.yaml", "config.resolved.yaml", "metrics.jsonl",
                                         "perf.jsonl",         "log.txt",     "ckpt/last.h5",         "ckpt/best.h5",
                                         "ckpt/epoch-0002.h5", "result.json" };
    struct trial t;
    char path[640], *metrics, *given, *copy;
    int lines = 0;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "checkpoint.keep_last=2"), DT_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(access(trial_path(t.out.run, files[i], path), R_OK) == 0, "%s is missing", path);
    ck_assert_int_ne(access(trial_path(t.out.run, "ckpt/epoch-0001.h5", path), F_OK), 0); /* its turn is over */
    given = trial_read(t.dir, "small.yaml");
    copy = trial_read(t.out.run, "config.yaml");
    ck_assert_str_eq(given, copy);
    dt_free(given);
    dt_free(copy);
    metrics = trial_read(t.out.run, "metrics.jsonl");
    for (const char *s = metrics; *s; s++)
        lines += *s == '\n';
    ck_assert_int_eq(lines, 3 * (8 + 2)); /* each step; train and val of each epoch */
    ck_assert_ptr_null(strstr(metrics, "second"));
    dt_free(metrics);
    trial_close(&t);
}
END_TEST

static enum dt_code fit_nothing(struct dt_train *t, const struct dt_batch *b)
{
    (void)t;
    ck_assert_ptr_null(b);
    return DT_OK;
}

/* What a phase without batches does not know is null, not 0. */
START_TEST(a_fit_has_no_loss)
{
    const struct dt_phase phases[] = { dt_method_supervised.phase[0],
                                       { .name = "fit", .epochs = 1, .steps = 2, .step = fit_nothing },
                                       { .name = NULL } };
    struct dt_method method = dt_method_supervised;
    const struct dt_method *const methods[] = { &method, NULL };
    struct dt_job job = { .methods = methods, .command = "test", .n_overrides = 2 };
    struct trial t;
    char root[400], *metrics, *fit;
    const char *const overrides[] = { root, "supervised.epochs=1" };

    trial_open(&t);
    snprintf(root, sizeof root, "run.dir=%s", t.root);
    method.phase = phases;
    job.config_path = t.config;
    job.overrides = overrides;
    ck_assert_int_eq(dt_run_train(&job, &t.out, &t.err), DT_OK);
    metrics = trial_read(t.out.run, "metrics.jsonl");
    fit = strstr(metrics, "\"phase\":\"fit\",\"split\":\"train\"");
    ck_assert_ptr_nonnull(fit);
    ck_assert_ptr_nonnull(strstr(fit, "\"loss\":null,\"accuracy\":null,\"lr\":null}"));
    ck_assert_ptr_nonnull(strstr(fit, "\"split\":\"val\",\"loss\":"));
    dt_free(metrics);
    trial_close(&t);
}
END_TEST

START_TEST(writes_the_result)
{
    struct trial t;
    char path[640];
    struct dt_json *o;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "seed=5"), DT_OK);
    o = dt_json_read(trial_path(t.out.run, "result.json", path), &t.err);
    dt_test_ok(&t.err);
    ck_assert_str_eq(dt_json_get_str(o, "method", ""), "supervised");
    ck_assert_str_eq(dt_json_get_str(o, "dataset", ""), "synth");
    ck_assert_str_eq(dt_json_get_str(o, "network", ""), "resnet8");
    ck_assert_str_eq(dt_json_get_str(o, "command", ""), "test");
    ck_assert_double_eq(dt_json_get_num(o, "seed", -1), 5);
    ck_assert_double_eq(dt_json_get_num(o, "epochs", -1), 3);
    ck_assert_double_eq(dt_json_get_num(o, "threads", -1), 1);
    ck_assert_double_eq_tol(dt_json_get_num(o, "test_accuracy", -1), t.out.test.accuracy, 1e-8);
    ck_assert_double_eq_tol(dt_json_get_num(o, "static_accuracy", -1), t.out.test.accuracy, 1e-8);
    ck_assert_double_eq(dt_json_get_num(o, "macs_static", -1), dt_json_get_num(o, "macs_mean", -2));
    ck_assert_double_eq(dt_json_get_num(o, "macs_ratio", -1), 1);
    ck_assert_double_eq(dt_json_get_num(o, "params", -1), 4904);
    ck_assert_double_ge(dt_json_get_num(o, "train_minutes", -1), 0);
    dt_json_free(o);
    trial_close(&t);
}
END_TEST

START_TEST(dry_run_leaves_nothing)
{
    struct trial t;
    struct dt_job job = { .methods = trial_methods, .command = "test", .dry_run = true };

    trial_open(&t);
    job.config_path = t.config;
    ck_assert_int_eq(dt_run_train(&job, &t.out, &t.err), DT_OK);
    ck_assert_str_eq(t.out.run, "");
    ck_assert_int_ne(access(t.root, F_OK), 0);
    trial_close(&t);
}
END_TEST

/* The same numbers out of the run directory and out of the bare checkpoint; the average of the weights, where there is
 * one, is what was saved. */
START_TEST(opens_as_a_model)
{
    static const char *const how[] = { "", "supervised.ema=0.95" };
    struct trial t;

    trial_open(&t);
    for (int i = 0; i < 4; i++) {
        char path[640];
        struct dt_eval e;
        struct dt_model *m;

        if (i % 2 == 0)
            ck_assert_int_eq(trial_train(&t, how[i / 2]), DT_OK);
        m = dt_model_open(i % 2 ? trial_path(t.out.run, "ckpt/last.h5", path) : t.out.run, DT_MODEL_IMAGES,
                          trial_methods, 0, NULL, &t.err);
        dt_test_ok(&t.err);
        ck_assert_int_eq(dt_evaluate_static(dt_model_train(m), DT_TEST, &e), DT_OK);
        ck_assert(e.loss == t.out.test.loss && e.accuracy == t.out.test.accuracy);
        dt_model_close(m);
    }
    trial_close(&t);
}
END_TEST

/* What diverges stops before the update, with a code of its own; the last good checkpoint stands. */
START_TEST(divergence_stops)
{
    struct trial t;
    char path[640];
    struct dt_ckpt *c;
    int64_t dims[1] = { 20 }, id[20], step = -1;
    struct dt_visit v = { .loading = true, .prefix = "/loop" };

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "optim.lr=1e30 optim.schedule.warmup=0 optim.weight_decay=0"), DT_ENUMERIC);
    ck_assert_int_eq(dt_exit_status(t.err.code), 6);
    dt_test_fails(&t.err, DT_ENUMERIC, "nothing was updated");
    dt_test_fails(&t.err, DT_ENUMERIC, "nan-step.h5 has the batch");
    c = dt_ckpt_open(trial_path(t.out.run, "ckpt/nan-step.h5", path), &t.err);
    ck_assert_ptr_nonnull(c);
    dt_ckpt_get(c, "/batch/id", DT_CKPT_I64, 1, dims, id);
    dt_test_ok(dt_ckpt_err(c));
    for (int i = 0; i < 20; i++)
        ck_assert(id[i] >= 0 && id[i] < 160);
    dt_ckpt_free(c);
    t.err = (struct dt_err){ .code = DT_OK };
    c = dt_ckpt_open(trial_path(t.out.run, "ckpt/last.h5", path), &t.err);
    dt_test_ok(&t.err);
    v.ckpt = c;
    dt_visit_i64(&v, "step", &step);
    ck_assert_int_eq((int)step, 0);
    dt_ckpt_free(c);
    trial_close(&t);
}
END_TEST

START_TEST(without_validation)
{
    struct trial t;
    char path[640];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "data.val_split=0"), DT_OK);
    ck_assert_int_ne(access(trial_path(t.out.run, "ckpt/best.h5", path), F_OK), 0);
    trial_close(&t);
}
END_TEST

START_TEST(every_optimiser_runs)
{
    static const char *const how[] = { "optim.name=adam optim.lr=0.01", "optim.name=adamw optim.lr=0.01",
                                       "optim.name=rmsprop optim.lr=0.001",
                                       "optim.clip_norm=1 supervised.label_smoothing=0.1" };
    struct trial t;

    trial_open(&t);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++)
        ck_assert_int_eq(trial_train(&t, how[i]), DT_OK);
    trial_close(&t);
}
END_TEST

/* Memory ends at the k-th allocation, for k all over a run: an error is returned, and nothing is left behind. */
START_TEST(out_of_memory)
{
    struct trial t;
    bool done = false;
    int failures = 0;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "supervised.epochs=1 data.limit=50 supervised.ema=0.9"), DT_OK);
    for (int64_t k = 0; !done; k += getenv("DT_THOROUGH") ? 1 : 1 + k / 8) {
        int64_t live = dt_alloc_stats().live;

        dt_alloc_fail_at(k);
        done = trial_train(&t, "supervised.epochs=1 data.limit=50 supervised.ema=0.9") == DT_OK;
        dt_alloc_fail_at(-1);
        /* a JSON row that cannot be made is reported as a file that cannot be written */
        ck_assert_msg(done || t.err.code == DT_ENOMEM || t.err.code == DT_ECHECKPOINT, "allocation %d: code %d: %s",
                      (int)k, (int)t.err.code, t.err.msg);
        ck_assert_msg(dt_alloc_stats().live == live, "allocation %d: %d blocks left behind", (int)k,
                      (int)(dt_alloc_stats().live - live));
        failures++;
    }
    ck_assert_int_gt(failures, 30);
    trial_close(&t);
}
END_TEST

Suite *suite_run(void)
{
    Suite *s = suite_create("run");
    TCase *c = tcase_create("whole");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, learns);
    tcase_add_test(c, leaves_its_files);
    tcase_add_test(c, a_fit_has_no_loss);
    tcase_add_test(c, writes_the_result);
    tcase_add_test(c, dry_run_leaves_nothing);
    tcase_add_test(c, opens_as_a_model);
    tcase_add_test(c, divergence_stops);
    tcase_add_test(c, without_validation);
    tcase_add_test(c, every_optimiser_runs);
    tcase_add_test(c, out_of_memory);
    suite_add_tcase(s, c);
    return s;
}
