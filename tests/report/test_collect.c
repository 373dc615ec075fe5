/* Run directories in every state: finished, kept, going on, broken, none at all. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "suites.h"

static struct dt_json *collect(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_json *o = dt_report_collect(path, &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(o);
    return o;
}

static int problems(const struct dt_json *o)
{
    return dt_json_size(dt_json_get(o, "problems"));
}

START_TEST(finished)
{
    struct dt_json *o;

    write_text("run/run.json", "{\"name\": \"mine\"}");
    write_text("run/result.json", "{\"test_accuracy\": 0.9}");
    write_text("run/config.yaml", "version: 1\n");
    write_text("run/config.resolved.yaml", "version: 1\nseed: 3\n");
    write_text("run/metrics.jsonl",
               "{\"step\":5,\"epoch\":1,\"split\":\"train\"}\n{\"step\":5,\"epoch\":1,\"split\":\"val\"}\n");
    o = collect("run");
    ck_assert_str_eq(dt_json_get_str(o, "path", ""), "run");
    ck_assert_str_eq(dt_json_get_str(dt_json_get(o, "info"), "name", ""), "mine");
    ck_assert(dt_json_get_num(dt_json_get(o, "result"), "test_accuracy", 0) == 0.9);
    ck_assert_str_eq(dt_json_get_str(o, "config", ""), "version: 1\nseed: 3\n");
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "rows")), 2);
    ck_assert_int_eq(problems(o), 0);
    dt_json_free(o);
}
END_TEST

/* What a run has not got is null, and no problem. */
START_TEST(kept_and_going_on)
{
    struct dt_json *o;

    write_text("kept/result.json", "{\"test_accuracy\": 0.9}");
    write_text("kept/config.yaml", "version: 1\n");
    o = collect("kept");
    ck_assert_str_eq(dt_json_get_str(o, "config", ""), "version: 1\n");
    ck_assert_str_eq(dt_json_get_str(dt_json_get(o, "info"), "name", "none"), "none");
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "rows")), 0);
    ck_assert_int_eq(problems(o), 0);
    dt_json_free(o);
    write_text("on/run.json", "{\"status\": \"running\"}");
    write_text("on/metrics.jsonl", "{\"step\":5,\"epoch\":1}\n{\"step\":");
    o = collect("on");
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "rows")), 1);
    ck_assert_int_eq(problems(o), 0);
    dt_json_free(o);
}
END_TEST

START_TEST(broken)
{
    struct dt_json *o;

    write_text("run/run.json", "{\"name\": ");
    write_text("run/result.json", "[1, 2");
    write_text("run/metrics.jsonl", "{\"step\":1}\nnonsense\n{\"step\":2}\n");
    mkdir("run/config.yaml", 0777);
    o = collect("run");
    ck_assert_int_eq(problems(o), 4);
    ck_assert_int_eq(dt_json_size(dt_json_get(o, "rows")), 2);
    dt_json_free(o);
}
END_TEST

START_TEST(no_run)
{
    static const char *const path[] = { "nothing", "empty", "file" };
    static const char *const says[] = { "nothing: No such file", "empty: is no run directory", "file: is a file" };

    mkdir("empty", 0777);
    write_text("file", "");
    for (int i = 0; i < 3; i++) {
        struct dt_err err = { .code = DT_OK };

        ck_assert_ptr_null(dt_report_collect(path[i], &err));
        dt_test_fails(&err, DT_ECHECKPOINT, says[i]);
    }
}
END_TEST

/* 10,000 batches in 2 epochs: 7 become one, with the mean of their losses (a step that was left out has none), none
 * over the end of an epoch. */
START_TEST(batches_are_put_together)
{
    FILE *f;
    struct dt_json *o, *rows;
    double sum = 0;
    int batches = 0;

    write_text("run/run.json", "{}");
    f = fopen("run/metrics.jsonl", "wb");
    for (int step = 1; step <= 10000; step++) {
        char loss[16] = "null";

        if (step % 7 != 3)
            snprintf(loss, sizeof loss, "%d", step);
        fprintf(f, "{\"step\":%d,\"epoch\":1,\"split\":\"batch\",\"loss\":%s}\n", step, loss);
        if (step % 5000 == 0)
            fprintf(f, "{\"step\":%d,\"epoch\":1,\"split\":\"train\",\"loss\":1}\n", step);
    }
    fclose(f);
    o = collect("run");
    rows = dt_json_get(o, "rows");
    for (int i = 0; i < dt_json_size(rows); i++) {
        const struct dt_json *row = dt_json_at(rows, i);
        double step = dt_json_get_num(row, "step", 0), loss = dt_json_get_num(row, "loss", -1);

        if (strcmp(dt_json_get_str(row, "split", ""), "batch"))
            continue;
        batches++;
        sum += loss;
        ck_assert(loss <= step && loss >= step - 3.5); /* the mean of at most 7 that end here */
    }
    ck_assert_int_eq(batches, 2 * 715);
    ck_assert_int_eq(dt_json_size(rows), 2 * 715 + 2);
    ck_assert_double_eq_tol(sum / batches, 5000.5, 4); /* the last of an epoch are fewer */
    dt_json_free(o);
}
END_TEST

START_TEST(out_of_memory)
{
    const char *const run[] = { "run" };
    struct dt_err none = { .code = DT_OK };
    bool done = false;
    int failures = 0;

    write_text("run/run.json", "{\"name\": \"mine\", \"versions\": {\"a\": \"b\"}}");
    write_text("run/metrics.jsonl",
               "{\"step\":5,\"split\":\"batch\",\"loss\":1}\n{\"step\":6,\"split\":\"batch\",\"loss\":1}\n");
    write_text("run/config.yaml", "version: 1\n");
    ck_assert_int_eq(dt_report_write(1, run, "whole.html", &none), DT_OK);
    for (int k = 0; !done && k < 300; k++) {
        struct dt_err err = { .code = DT_OK };
        int64_t live = dt_alloc_stats().live;

        dt_alloc_fail_at(k);
        done = dt_report_write(1, run, "out.html", &err) == DT_OK;
        dt_alloc_fail_at(-1);
        ck_assert_int_eq((int)(dt_alloc_stats().live - live), 0);
        failures += !done;
    }
    ck_assert(done);
    ck_assert_int_eq(system("cmp -s whole.html out.html"), 0); /* nothing was left out for want of memory */
    ck_assert_int_gt(failures, 5);
}
END_TEST

Suite *suite_collect(void)
{
    Suite *s = suite_create("collect");
    TCase *c = case_in_folder("collect");

    tcase_add_test(c, finished);
    tcase_add_test(c, kept_and_going_on);
    tcase_add_test(c, broken);
    tcase_add_test(c, no_run);
    tcase_add_test(c, batches_are_put_together);
    tcase_add_test(c, out_of_memory);
    suite_add_tcase(s, c);
    return s;
}
