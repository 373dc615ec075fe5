/* From a config to a result and on: train, eval, predict, summary, bench, inspect, list, data, resume. */
#include <string.h>

#include "cli.h"
#include "suites.h"

static void look_at_the_run(struct cli *c, double accuracy)
{
    struct dt_json *j;
    bool found = false;

    cli_ok(c, "eval %s --json --split test", c->run);
    j = cli_json(c);
    ck_assert_double_eq_tol(dt_json_get_num(j, "accuracy", -1), accuracy, 1e-9);
    ck_assert(dt_json_get_num(j, "images", 0) == 40);
    ck_assert(dt_json_get_num(j, "macs_static", 0) == dt_json_get_num(j, "macs_mean", 1));
    dt_json_free(j);
    cli_ok(c, "eval %s/ckpt/last.h5 --split val --threads 2", c->run);
    ck_assert_ptr_nonnull(strstr(c->out, "(40 images)"));

    cli_ok(c, "inspect --verify %s", c->run);
    ck_assert_ptr_nonnull(strstr(c->out, "/model/stem/conv/weight"));
    ck_assert_ptr_nonnull(strstr(c->out, "checksum correct"));
    cli_ok(c, "inspect --json %s/ckpt/last.h5", c->run);
    j = cli_json(c);
    for (int i = 0; i < dt_json_size(dt_json_get(j, "items")); i++)
        found = found ||
                !strcmp(dt_json_get_str(dt_json_at(dt_json_get(j, "items"), i), "path", ""), "/model/head/fc/weight");
    ck_assert(found);
    dt_json_free(j);

    cli_ok(c, "list runs runs --json");
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), 1);
    ck_assert_str_eq(dt_json_get_str(dt_json_at(j, 0), "run", ""), c->run);
    ck_assert_str_eq(dt_json_get_str(dt_json_at(j, 0), "status", ""), "finished");
    dt_json_free(j);
    cli_ok(c, "list runs runs");
    ck_assert_ptr_nonnull(strstr(c->out, c->run));
}

/* Beside the run, in the working directory, where one says, on standard output. */
static void report(struct cli *c)
{
    char path[640];

    snprintf(path, sizeof path, "%s/report.html", c->run);
    cli_ok(c, "report %s", c->run);
    ck_assert_int_eq(strncmp(c->out, path, strlen(path)), 0);
    ck_assert_int_gt((int)cli_size(path), 20000);
    cli_ok(c, "report %s %s", c->run, c->run);
    ck_assert_str_eq(c->out, "report.html\n");
    ck_assert_int_gt((int)cli_size("report.html"), 20000);
    cli_ok(c, "report %s -o page.html", c->run);
    ck_assert_int_gt((int)cli_size("page.html"), 20000);
    cli_ok(c, "report %s -o -", c->run);
    ck_assert_int_eq(strncmp(c->out, "<!DOCTYPE html>", 15), 0);
    cli_failed(c, cli_run(c, "report"), 2, "missing operand; usage: dyntrain report RUN [RUN ...]");
}

static void export_onnx(struct cli *c)
{
    cli_ok(c, "export %s -o net.onnx", c->run);
    ck_assert_int_eq(strncmp(c->out, "net.onnx: ", 10), 0);
    ck_assert_int_gt((int)cli_size("net.onnx"), 1000);
    cli_failed(c, cli_run(c, "export %s -o net.tf", c->run), 2, "the ending names the format");
}

static void predict(struct cli *c)
{
    struct dt_json *j;
    const struct dt_json *row;

    cli_write_png("small.png");
    cli_ok(c, "predict %s small.png small.png", c->run);
    ck_assert_ptr_nonnull(strstr(c->out, "\nsmall.png "));
    cli_ok(c, "predict %s small.png small.png --json", c->run);
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), 2);
    row = dt_json_at(j, 1);
    ck_assert(dt_json_get_num(row, "class", -1) >= 0 && dt_json_get_num(row, "class", -1) < 4);
    ck_assert(dt_json_get_num(row, "confidence", 0) >= 0.25 && dt_json_get_num(row, "confidence", 2) <= 1);
    ck_assert_str_ne(dt_json_get_str(row, "name", ""), "");
    dt_json_free(j);
    cli_failed(c, cli_run(c, "predict %s tiny.yaml", c->run), 4, "tiny.yaml: neither a PNG nor a JPEG");
    cli_failed(c, cli_run(c, "predict %s none.png", c->run), 4, "none.png: ");
}

START_TEST(whole_run)
{
    struct cli *c = cli_open();
    struct dt_err err = { 0 };
    struct dt_json *result;
    char path[640];
    double accuracy;

    cli_ok(c, "tiny.yaml");
    cli_newest_run(c);
    ck_assert_ptr_nonnull(strstr(c->out, c->run));
    ck_assert_ptr_nonnull(strstr(c->out, "next          dyntrain eval runs/"));
    ck_assert_ptr_nonnull(strstr(c->err, "train 2/2"));
    snprintf(path, sizeof path, "%s/result.json", c->run);
    result = dt_json_read(path, &err);
    dt_test_ok(&err);
    accuracy = dt_json_get_num(result, "test_accuracy", -1);
    ck_assert(accuracy >= 0);
    ck_assert_str_eq(dt_json_get_str(result, "command", ""), "dyntrain tiny.yaml");
    dt_json_free(result);
    look_at_the_run(c, accuracy);
    predict(c);
    report(c);
    export_onnx(c);
    cli_ok(c, "resume %s", c->run); /* finished: tests again, and says so */
    ck_assert_ptr_nonnull(strstr(c->err, "is finished"));
    cli_ok(c, "resume %s --epochs 3", c->run);
    ck_assert_ptr_nonnull(strstr(c->err, "train 3/3"));
    ck_assert_ptr_null(strstr(c->err, "train 2/3"));
    cli_close(c);
}
END_TEST

START_TEST(quiet)
{
    struct cli *c = cli_open();

    cli_ok(c, "-q tiny.yaml run.progress=plain");
    ck_assert_str_eq(c->err, "");
    ck_assert_ptr_nonnull(strstr(c->out, "test accuracy"));
    cli_close(c);
}
END_TEST

START_TEST(dry_run)
{
    struct cli *c = cli_open();

    cli_ok(c, "tiny.yaml --dry-run");
    ck_assert_ptr_nonnull(strstr(c->out, "nothing was trained"));
    ck_assert_int_lt(cli_size("runs"), 0);
    cli_failed(c, cli_run(c, "-q tiny.yaml --dry-run data.dataset=cifar10 data.dir=nowhere"), 4, "nowhere");
    cli_close(c);
}
END_TEST

START_TEST(summary)
{
    struct cli *c = cli_open();
    double macs = 0, params = 0;
    const struct dt_json *rows;
    struct dt_json *j;

    cli_ok(c, "summary tiny.yaml --json");
    j = cli_json(c);
    rows = dt_json_get(j, "layers");
    ck_assert_int_gt(dt_json_size(rows), 10);
    for (int i = 0; i < dt_json_size(rows); i++) {
        macs += dt_json_get_num(dt_json_at(rows, i), "macs", 0);
        params += dt_json_get_num(dt_json_at(rows, i), "params", 0);
    }
    ck_assert(macs == dt_json_get_num(j, "macs", -1));
    ck_assert(params == dt_json_get_num(j, "params", -1));
    dt_json_free(j);
    /* ResNet-20 as published needs no data to be counted */
    cli_ok(c, "summary tiny.yaml model.arch=resnet20 model.width=16 data.dataset=cifar10 --json");
    j = cli_json(c);
    ck_assert(dt_json_get_num(j, "macs", 0) == 40551040);
    ck_assert(dt_json_get_num(j, "params", 0) == 269722);
    dt_json_free(j);
    cli_ok(c, "summary tiny.yaml model.arch=resnet20 model.width=16 data.dataset=cifar10");
    ck_assert_ptr_nonnull(strstr(c->out, "40551040"));
    cli_close(c);
}
END_TEST

START_TEST(bench)
{
    static const char *const fields[] = { "batch",     "threads",     "step_ms",    "images_per_s",
                                          "infer1_ms", "infer128_ms", "peak_rss_mb" };
    static const char *const of_op[] = { "ms", "gflops", "gbs" };
    struct cli *c = cli_open();
    struct dt_json *j, *ops;
    double sum = 0;

    cli_ok(c, "bench tiny.yaml --json data.dataset=cifar10 data.dir=nowhere --threads 1"); /* no data is read */
    j = cli_json(c);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        ck_assert_msg(dt_json_get_num(j, fields[i], -1) > 0, "%s in: %s", fields[i], c->out);
    ck_assert_str_eq(dt_json_get_str(j, "network", ""), "resnet8");
    ck_assert_str_eq(dt_json_get_str(j, "precision", ""), "fp32");
    ck_assert_str_eq(dt_json_get_str(j, "phase", ""), "train");
    ck_assert(dt_json_get(j, "conv_ms") && dt_json_get(j, "ratio"));
    if (dt_json_get_num(j, "conv_ms", -1) > 0) /* null for an engine without primitives of its own */
        ck_assert_double_eq_tol(dt_json_get_num(j, "ratio", 0) * dt_json_get_num(j, "conv_ms", 0),
                                dt_json_get_num(j, "step_ms", 0), 1e-4);
    ops = dt_json_get(j, "ops");
    ck_assert_int_gt(dt_json_size(ops), 4);
    for (int i = 0; i < dt_json_size(ops); i++) {
        ck_assert_str_ne(dt_json_get_str(dt_json_at(ops, i), "kind", ""), "");
        for (size_t k = 0; k < sizeof of_op / sizeof *of_op; k++)
            ck_assert(dt_json_get_num(dt_json_at(ops, i), of_op[k], -1) >= 0);
        sum += dt_json_get_num(dt_json_at(ops, i), "ms", 0);
    }
    ck_assert(sum > 0);
    dt_json_free(j);
    cli_ok(c, "bench tiny.yaml --engine ref");
    ck_assert_ptr_nonnull(strstr(c->out, "conv2d"));
    ck_assert_int_lt(cli_size("runs"), 0);
    cli_close(c);
}
END_TEST

START_TEST(data)
{
    struct cli *c = cli_open();
    struct dt_json *j;

    cli_ok(c, "data info tiny.yaml");
    ck_assert_ptr_nonnull(strstr(c->out, "160 training, 40 validation, 40 test images of 8 x 8 x 3, 4 classes"));
    cli_ok(c, "data info tiny.yaml --json data.val_split=0");
    j = cli_json(c);
    ck_assert(dt_json_get_num(j, "train", 0) == 200);
    ck_assert(dt_json_get_num(j, "val", -1) == 0);
    ck_assert_int_eq(dt_json_size(dt_json_get(j, "classes")), 4);
    dt_json_free(j);
    cli_close(c);
}
END_TEST

Suite *suite_whole_run(void)
{
    Suite *s = suite_create("whole_run");
    TCase *c = tcase_create("whole_run");

    tcase_set_timeout(c, 180);
    tcase_add_test(c, whole_run);
    tcase_add_test(c, quiet);
    tcase_add_test(c, dry_run);
    tcase_add_test(c, summary);
    tcase_add_test(c, bench);
    tcase_add_test(c, data);
    suite_add_tcase(s, c);
    return s;
}
