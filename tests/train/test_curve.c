/* A curve: its points, and how result.json, curve.csv and the table say what is in it; a run whose method has one. */
#include "train/curve.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "trial.h"

/* Two points, a baseline, a published one. */
static void fill(struct dt_curve *c)
{
    struct dt_point *p;

    c->full.accuracy = 0.92;
    c->full.macs_mean = 40e6;
    c->full.latency_ms = 0.8;
    for (int i = 1; i <= 2; i++) {
        p = dt_curve_point(c, "b=%.2f", i / 4.0);
        p->budget = i / 4.0;
        p->accuracy = 0.88 + i / 100.0;
        p->macs_mean = 9999999.6 * i;
        p->macs_max = 1e7 * i;
        p->latency_ms = 0.25 * i;
        dt_point_number(c, p, "paths", 6.5 * i);
        dt_point_number(c, p, "distinct, policies", 100 * i);
    }
    c->target = p;
    p = dt_curve_baseline(c, "random, \"equal cost\"");
    p->accuracy = 0.7;
    p->macs_mean = 2e7;
    p = dt_curve_published(c, "BudgetNet: b=0.50");
    p->accuracy = 0.854;
    p->macs_mean = 55.4e6;
    p->source = "somewhere";
    p->confidence = 'D';
}

static struct dt_curve *filled(void)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_curve *c = dt_curve_new(&err);

    dt_test_ok(&err);
    fill(c);
    dt_test_ok(&c->err);
    return c;
}

START_TEST(points_stay)
{
    struct dt_curve *c = filled();
    struct dt_point *first = c->points.at[0];

    ck_assert(isnan(first->top5) && isnan(first->macs_std) && isnan(c->baselines.at[0]->latency_ms));
    for (int i = 0; i < 100; i++) {
        dt_curve_point(c, "%d", i)->accuracy = i;
        dt_point_number(c, first, "more", i);
    }
    ck_assert_ptr_eq(first, c->points.at[0]);
    ck_assert_int_eq(c->points.n, 102);
    ck_assert_int_eq(first->n_numbers, 102);
    for (int i = 0; i < 100; i++) {
        ck_assert(c->points.at[2 + i]->accuracy == i);
        ck_assert(first->number[2 + i].value == i);
    }
    ck_assert_double_eq_tol(dt_point_share(c, first), 0.25, 1e-7);
    c->full.macs_mean = NAN;
    ck_assert(isnan(dt_point_share(c, first)));
    dt_curve_free(c);
}
END_TEST

START_TEST(out_of_memory)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_curve *c;
    int sticks = 0;

    for (int k = 0; k < 8; k++) {
        dt_alloc_fail_at(k);
        c = dt_curve_new(&err);
        for (int i = 0; c && i < 2000; i++)
            dt_point_number(c, dt_curve_point(c, "%d", i), "n", 1);
        dt_alloc_fail_at(-1);
        if (!c) {
            dt_test_fails(&err, DT_ENOMEM, "");
            err = (struct dt_err){ .code = DT_OK };
        } else if (c->err.code) {
            dt_test_fails(&c->err, DT_ENOMEM, "curve");
            sticks++;
        }
        dt_curve_free(c);
    }
    ck_assert_int_gt(sticks, 1);
}
END_TEST

START_TEST(json)
{
    struct dt_curve *c = filled();
    struct dt_json *o = dt_json_object(), *row;

    dt_curve_put(c, o);
    ck_assert(dt_json_get_num(o, "static_accuracy", -1) == 0.92);
    ck_assert(dt_json_get_num(o, "macs_mean", -1) == 19999999); /* a whole number */
    ck_assert(dt_json_get_num(o, "macs_static", -1) == 40000000);
    ck_assert_double_eq_tol(dt_json_get_num(o, "macs_ratio", -1), 0.5, 1e-6);
    ck_assert(dt_json_get_num(dt_json_get(o, "latency_ms"), "dynamic", -1) == 0.5);
    ck_assert(dt_json_get_num(dt_json_get(o, "latency_ms"), "static", -1) == 0.8);
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "curve")), 2);
    row = dt_json_at(dt_json_get(o, "curve"), 0);
    ck_assert_str_eq(dt_json_get_str(row, "name", ""), "b=0.25");
    ck_assert(dt_json_get_num(row, "budget", -1) == 0.25);
    ck_assert(dt_json_get_num(row, "macs_max", -1) == 10000000);
    ck_assert(dt_json_get_num(row, "macs_mean", -1) == 10000000);
    ck_assert(dt_json_get_num(row, "top5", -1) == -1 && dt_json_get(row, "top5")); /* null */
    ck_assert(dt_json_get_num(dt_json_get(row, "numbers"), "paths", -1) == 6.5);
    row = dt_json_at(dt_json_get(o, "baselines"), 0);
    ck_assert_double_eq_tol(dt_json_get_num(row, "accuracy", -1), 0.7, 1e-9);
    ck_assert(dt_json_get_num(row, "budget", -1) == -1);
    row = dt_json_at(dt_json_get(o, "published"), 0);
    ck_assert(dt_json_get_num(row, "macs", -1) == 55400000);
    ck_assert_str_eq(dt_json_get_str(row, "source", ""), "somewhere");
    ck_assert_str_eq(dt_json_get_str(row, "confidence", ""), "D");
    dt_json_free(o);
    dt_curve_free(c);
}
END_TEST

/* The text that `write` leaves in a file; for dt_free. */
static char *text_of(FILE *f)
{
    char *text = dt_calloc(1, 1 << 16);

    rewind(f);
    ck_assert_uint_gt(fread(text, 1, (1 << 16) - 1, f), 0);
    fclose(f);
    return text;
}

START_TEST(table)
{
    struct dt_curve *c = filled();
    FILE *f = tmpfile();
    char *text;

    dt_curve_print(c, f);
    text = text_of(f);
    ck_assert_str_eq(
        text,
        "                        budget  accuracy %  MACs M   max M  latency ms  of full %  paths  distinct, policies\n"
        "  b=0.25                 0.250       89.00  10.000  10.000       0.250       25.0    6.5                 100\n"
        "* b=0.50                 0.500       90.00  20.000  20.000       0.500       50.0     13                 200\n"
        "  random, \"equal cost\"               70.00  20.000                           50.0\n"
        "  full network                       92.00  40.000               0.800      100.0\n");
    dt_free(text);
    dt_curve_free(c);
}
END_TEST

START_TEST(csv)
{
    struct dt_curve *c = filled();
    struct dt_err err = { .code = DT_OK };
    char dir[256], path[640];
    char *text;

    dt_test_mkdir(dir);
    ck_assert_int_eq(dt_curve_csv(c, trial_path(dir, "curve.csv", path), &err), DT_OK);
    text = trial_read(dir, "curve.csv");
    ck_assert_str_eq(text, "list,name,budget,accuracy,top5,macs_mean,macs_std,macs_max,latency_ms,share,source,paths,"
                           "\"distinct, policies\"\n"
                           "curve,b=0.25,0.25,0.89,,9999999.6,,10000000,0.25,0.24999999,,6.5,100\n"
                           "curve,b=0.50,0.5,0.9,,19999999.2,,20000000,0.5,0.49999998,,13,200\n"
                           "baseline,\"random, \"\"equal cost\"\"\",,0.7,,20000000,,,,0.5,,,\n"
                           "static,full network,,0.92,,40000000,,,0.8,1,,,\n"
                           "published,BudgetNet: b=0.50,,0.854,,55400000,,,,1.385,somewhere,,\n");
    dt_free(text);
    ck_assert_int_ne(dt_curve_csv(c, trial_path(dir, "none/curve.csv", path), &err), DT_OK);
    dt_test_fails(&err, DT_ECHECKPOINT, "none/curve.csv: cannot be written");
    dt_test_rmdir(dir);
    dt_curve_free(c);
}
END_TEST

/* ---- published points ---- */

static int count(const char *method, const char *dataset, const char *network, const char *name)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_curve *c = dt_curve_new(&err);
    int n = 0;

    dt_published_add(c, method, dataset, network);
    for (int i = 0; i < c->published.n; i++) {
        const struct dt_point *p = c->published.at[i];

        n += !strncmp(p->name, name, strlen(name));
        ck_assert_msg(p->accuracy > 0.5 && p->accuracy < 1 && p->macs_mean > 1e6 && p->macs_mean < 1e9, "%s", p->name);
        ck_assert_msg(strchr("HDM", p->confidence) && p->confidence && *p->source, "%s", p->name);
    }
    dt_curve_free(c);
    return n;
}

START_TEST(published)
{
    ck_assert_int_eq(count("budgetnet", "cifar10", "resnext29", "BudgetNet: "), 19);
    ck_assert_int_eq(count("budgetnet", "cifar10", "resnet110", "BudgetNet: "), 0);
    ck_assert_int_eq(count("budgetnet", "cifar10", "resnet110", "BlockDrop"), 1);
    ck_assert_int_eq(count("bsn", "cifar10", "resnet_fabric", "B-ResNet, with adds"), 1);
    ck_assert_int_eq(count("slimming", "cifar10", "resnet20", "ManiDP: "), 1);
    ck_assert_int_eq(count("slimming", "cifar10", "vgg16bn", "ManiDP: "), 0);
    ck_assert_int_eq(count("cascade", "cifar10", "resnet8+resnet20", "static networks: "), 10);
    ck_assert_int_eq(count("cascade", "cifar100", "resnet8+resnet20", "static networks: "), 10);
    ck_assert_int_eq(count("supervised", "cifar10", "resnet20", ""), 10);
    ck_assert_int_eq(count("supervised", "synth", "resnet20", ""), 0);
    ck_assert_int_eq(count("super", "cifar10", "resnet20", ""), 0);
}
END_TEST

/* ---- a run ---- */

static enum dt_code make_curve(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    enum dt_code code = dt_curve_full(t, split, c);
    double accuracy = c->full.accuracy, latency = c->full.latency_ms, macs = c->full.macs_mean;

    ck_assert(split == DT_TEST && latency > 0 && macs > 1e4);
    fill(c);
    c->full.accuracy = accuracy;
    c->full.latency_ms = latency;
    c->full.macs_mean = macs;
    return code;
}

START_TEST(run_with_a_curve)
{
    struct trial t;
    struct dt_method method = dt_method_supervised;
    const struct dt_method *const methods[] = { &method, NULL };
    char root[400];
    const char *const overrides[] = { root, "supervised.epochs=1" };
    struct dt_job job = { .methods = methods, .command = "test", .overrides = overrides, .n_overrides = 2 };
    struct dt_json *o;
    char path[640], *text;

    trial_open(&t);
    snprintf(root, sizeof root, "run.dir=%s", t.root);
    method.curve = make_curve;
    job.config_path = t.config;
    job.table = tmpfile();
    ck_assert_int_eq(dt_run_train(&job, &t.out, &t.err), DT_OK);
    ck_assert(t.out.test.accuracy == 0.9 && t.out.test.n == 40); /* the target's */
    o = dt_json_read(trial_path(t.out.run, "result.json", path), &t.err);
    dt_test_ok(&t.err);
    ck_assert(dt_json_get_num(o, "test_accuracy", -1) == 0.9);
    ck_assert(dt_json_get_num(o, "macs_mean", -1) == 19999999);
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "curve")), 2);
    dt_json_free(o);
    text = text_of(job.table);
    ck_assert_ptr_nonnull(strstr(text, "* b=0.50"));
    dt_free(text);
    text = trial_read(t.out.run, "curve.csv");
    ck_assert_ptr_nonnull(strstr(text, "\ncurve,b=0.50,0.5,0.9,"));
    dt_free(text);
    trial_close(&t);
}
END_TEST

/* The static net is its own result, and there is nothing to draw. */
START_TEST(run_without_a_curve)
{
    struct trial t;
    struct dt_json *o;
    char path[640];

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "supervised.epochs=1"), DT_OK);
    o = dt_json_read(trial_path(t.out.run, "result.json", path), &t.err);
    dt_test_ok(&t.err);
    ck_assert(dt_json_get_num(o, "macs_ratio", -1) == 1);
    ck_assert(dt_json_get_num(dt_json_get(o, "latency_ms"), "dynamic", -1) == -1);
    ck_assert(dt_json_get_num(dt_json_get(o, "latency_ms"), "static", -1) > 0);
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "curve")), 0);
    dt_json_free(o);
    ck_assert_int_ne(access(trial_path(t.out.run, "curve.csv", path), F_OK), 0);
    trial_close(&t);
}
END_TEST

Suite *suite_curve(void)
{
    Suite *s = suite_create("curve");
    TCase *c = tcase_create("curve");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, points_stay);
    tcase_add_test(c, out_of_memory);
    tcase_add_test(c, json);
    tcase_add_test(c, table);
    tcase_add_test(c, csv);
    tcase_add_test(c, published);
    tcase_add_test(c, run_with_a_curve);
    tcase_add_test(c, run_without_a_curve);
    suite_add_tcase(s, c);
    return s;
}
