/* bench: the fields that scripts read, and the comparison with an earlier run. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "suites.h"

static void check_numbers(const struct dt_json *j)
{
    static const char *const keys[] = { "batch",     "threads",     "macs",         "step_ms",     "arith_ms",
                                        "infer1_ms", "infer128_ms", "images_per_s", "peak_rss_mb", "roofline_ms" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ck_assert_msg(dt_json_get_num(j, keys[i], 0) > 0, "no %s", keys[i]);
    ck_assert_str_eq(dt_json_get_str(j, "network", ""), "resnet8");
    ck_assert_str_ne(dt_json_get_str(j, "precision", ""), "");
    ck_assert(dt_json_get_num(dt_json_get(j, "ceilings"), "memory_gbs", 0) > 0);
    ck_assert_ptr_nonnull(dt_json_get(j, "conv_ms")); /* null on the reference engine */
}

/* A convolution's work is the trace's: 3 passes of 2 flops a MAC; its 7 convolutions are called once a step. */
static void check_ops(const struct dt_json *j)
{
    const struct dt_json *ops = dt_json_get(j, "ops"), *conv = NULL;
    double sum = 0, reorders = 0;

    for (int i = 0; i < dt_json_size(ops); i++) {
        const struct dt_json *row = dt_json_at(ops, i);

        sum += dt_json_get_num(row, "ms", -1000);
        reorders += dt_json_get_num(row, "reorders", -1000);
        if (!strcmp(dt_json_get_str(row, "kind", ""), "conv2d"))
            conv = row;
    }
    ck_assert_ptr_nonnull(conv);
    ck_assert(sum > 0);
    ck_assert_int_eq((int)dt_json_get_num(conv, "calls", 0), 7);
    ck_assert(dt_json_get_num(conv, "gflops", 0) > 0 && dt_json_get_num(conv, "gbs", 0) > 0);
    for (int i = 0; i < dt_json_size(dt_json_get(j, "reorders")); i++) {
        const struct dt_json *row = dt_json_at(dt_json_get(j, "reorders"), i);

        ck_assert_ptr_nonnull(strstr(dt_json_get_str(row, "scope", ""), "net/"));
        reorders -= dt_json_get_num(row, "n", 0);
    }
    ck_assert_msg(reorders == 0, "the places of %g reorders are missing", reorders);
}

START_TEST(fields_and_comparison)
{
    struct cli *c = cli_open();
    struct dt_json *j;

    cli_ok(c, "bench tiny.yaml --json");
    j = cli_json(c);
    check_numbers(j);
    check_ops(j);
    dt_json_free(j);
    cli_write_text("then.json", c->out);
    cli_ok(c, "bench tiny.yaml data.batch=10 --compare then.json --json");
    ck_assert_ptr_nonnull(strstr(c->err, "then.json: was measured with batch 20, this is 10"));
    j = cli_json(c);
    ck_assert(dt_json_get_num(dt_json_get(j, "compare"), "step_ms", 0) > 0);
    ck_assert(dt_json_get_num(dt_json_get(dt_json_get(j, "compare"), "ops"), "conv2d", 0) > 0);
    dt_json_free(j);
    cli_ok(c, "bench tiny.yaml --compare then.json");
    ck_assert_ptr_nonnull(strstr(c->out, "ceilings ("));
    ck_assert_ptr_nonnull(strstr(c->out, "now/then"));
    ck_assert_ptr_null(strstr(c->out, "once forward and backward"));
    ck_assert_str_eq(c->err, "");
    cli_close(c);
}
END_TEST

/* A step that is not one pass over the network says what the bounds are for. */
START_TEST(a_step_of_several_passes)
{
    struct cli *c = cli_open();

    cli_write_text("budget.yaml", "version: 1\n"
                                  "method: budgetnet\n"
                                  "data: {dataset: synth, batch: 20, synth: {train: 100, test: 40, size: 8}}\n"
                                  "model: {arch: resnet8, width: 4, dynamic: true}\n"
                                  "budget: {target: 0.9, list: [0.9, 1]}\n"
                                  "budgetnet: {policy: {width: 2, hidden: 4}}\n");
    cli_ok(c, "bench budget.yaml");
    ck_assert_ptr_nonnull(strstr(c->out, "; phase finetune\n"));
    ck_assert_ptr_nonnull(strstr(c->out, "once forward and backward"));
    cli_close(c);
}
END_TEST

START_TEST(no_report_to_compare_with)
{
    struct cli *c = cli_open();

    cli_failed(c, cli_run(c, "bench tiny.yaml --compare nowhere.json"), 2, "--compare: nowhere.json: ");
    cli_failed(c, cli_run(c, "bench tiny.yaml --compare tiny.yaml"), 2, "is not valid JSON");
    cli_write_text("other.json", "{\"threads\": 2}\n");
    cli_failed(c, cli_run(c, "bench tiny.yaml --compare other.json"), 2, "is not what 'dyntrain bench");
    cli_failed(c, cli_run(c, "bench tiny.yaml optim.lrr=1"), 3, "lrr");
    cli_close(c);
}
END_TEST

Suite *suite_bench(void)
{
    Suite *s = suite_create("bench");
    TCase *c = tcase_create("bench");

    tcase_set_timeout(c, 900);
    tcase_add_test(c, fields_and_comparison);
    tcase_add_test(c, a_step_of_several_passes);
    tcase_add_test(c, no_report_to_compare_with);
    suite_add_tcase(s, c);
    return s;
}
