/* The dry run's estimate: what cannot fit is refused, and the batch that is named instead does fit. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include "suites.h"

/* Images of 16 x 16 and a wider network: a batch of 8000 needs a few gigabytes. */
static const char large[] = "-q tiny.yaml supervised.epochs=1 data.synth.train=8000 data.synth.test=1 data.val_split=0 "
                            "data.synth.size=16 model.width=16 data.workers=0 data.batch=%ld";

static struct rlimit limit_memory(rlim_t bytes)
{
    struct rlimit before, small;

    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    small = before;
    small.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &small), 0);
    return before;
}

START_TEST(what_cannot_fit_is_refused)
{
    struct cli *c = cli_open();
    struct rlimit before = limit_memory((rlim_t)1500 << 20);
    char how[512];
    const char *named;
    long batch;
    int status, dry, train;

    snprintf(how, sizeof how, "%s --dry-run", large);
    status = cli_run(c, how, 8000L);
    setrlimit(RLIMIT_AS, &before);
    cli_failed(c, status, 7, "data.batch: a step on 8000 images needs about ");
    named = strstr(c->err, "a batch of ");
    ck_assert_msg(named != NULL, "%s", c->err);
    batch = strtol(named + strlen("a batch of "), NULL, 10);
    ck_assert_int_gt(batch, 100);
    before = limit_memory((rlim_t)1500 << 20);
    dry = cli_run(c, how, batch);
    train = cli_run(c, large, batch);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_eq(dry, 0);
    ck_assert_msg(train == 0, "a batch of %ld does not fit: %s", batch, c->err);
    cli_close(c);
}
END_TEST

/* A method a row, with what makes its memory. */
static const struct row {
    const char *method, *text;
} rows[] = {
    { "supervised", "supervised: {epochs: 1}\n" },
    { "recomputed", "supervised: {epochs: 1}\ntrain: {recompute: true}\n" },
    { "distilled", "supervised: {epochs: 1, distill: {from: wide.yaml}}\n" },
    /* the curriculum learns a small agent without gradients of the network; the fine-tuning takes the most */
    { "budgetnet", "method: budgetnet\nbudget: {list: [0.5, 1]}\n"
                   "budgetnet: {curriculum: 1, epochs: 1, calibrate: 40, subsets: 0}\n" },
    { "early_exit", "method: early_exit\nearly_exit: {epochs: 1, exits: [stage1, stage2], sweep: {points: 1}}\n" },
    /* of its own it has a fit only; what is trained first takes more */
    { "cascade", "method: cascade\ncascade: {networks: [narrow.yaml, wide.yaml], sweep: {points: 1}}\n" },
};
enum { N_ROWS = sizeof rows / sizeof *rows };
static const char images[] = "version: 1\n"
                             "data: {dataset: synth, batch: 500, val_split: 0.25, workers: 0,\n"
                             "       synth: {train: 2000, test: 1, size: 16}}\n"
                             "run: {dir: runs, threads: 1, progress: \"off\"}\n";

static double said(const struct cli *c)
{
    const char *at = strstr(c->out, "memory        about ");

    ck_assert_msg(at != NULL, "%s", c->out);
    return strtod(at + strlen("memory        about "), NULL);
}

/* The estimate is of the right size: between what training really takes and twice that. */
START_TEST(the_estimate_is_near)
{
    struct cli *c = cli_open();
    char text[1024];
    struct rusage used;
    double gb, peak;

    snprintf(text, sizeof text, "%smodel: {arch: resnet8, width: 8}\nsupervised: {epochs: 1}\n", images);
    cli_write_text("narrow.yaml", text);
    snprintf(text, sizeof text, "%smodel: {arch: resnet8, width: 16}\nsupervised: {epochs: 1}\n", images);
    cli_write_text("wide.yaml", text);
    snprintf(text, sizeof text, "%smodel: {arch: resnet8, width: 16, dynamic: %s}\n%s", images,
             strcmp(rows[_i].method, "budgetnet") ? "false" : "true", rows[_i].text);
    cli_write_text("method.yaml", text);
    cli_ok(c, "method.yaml --dry-run");
    gb = said(c);
    cli_ok(c, "-q method.yaml");
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
    peak = (double)used.ru_maxrss * 1024 / 1e9;
    printf("%s: %.3f GB said, %.3f taken\n", rows[_i].method, gb, peak);
    fflush(stdout);
    ck_assert_msg(gb > peak * 0.95 && gb < peak * 2, "%s: %.3f GB said, %.3f taken", rows[_i].method, gb, peak);
    cli_close(c);
}
END_TEST

/* A later phase, and what is trained first. */
START_TEST(what_comes_later_is_refused_now)
{
    static const char *const how[][2] = {
        { "method=budgetnet model.dynamic=true", "data.batch: a step on 8000 images" },
        { "supervised.distill.from=large.yaml data.batch=20", "large.yaml: data.batch: a step on 8000 images" },
        { "pretrained=large.yaml data.batch=20", "pretrained: large.yaml: data.batch: a step on 8000 images" },
    };
    struct cli *c = cli_open();
    struct rlimit before;
    int status;

    cli_write_text("large.yaml", "base: tiny.yaml\n"
                                 "data: {batch: 8000, synth: {train: 10000, size: 16}}\nmodel: {width: 16}\n");
    cli_write_text("main.yaml", "version: 1\n"
                                "data: {dataset: synth, batch: 8000, val_split: 0.2, workers: 0,\n"
                                "       synth: {train: 10000, test: 40, size: 16}}\n"
                                "model: {arch: resnet8, width: 16}\n"
                                "run: {dir: runs, threads: 1, progress: \"off\"}\n");
    before = limit_memory((rlim_t)1500 << 20);
    status = cli_run(c, "-q main.yaml --dry-run %s", how[_i][0]);
    setrlimit(RLIMIT_AS, &before);
    cli_failed(c, status, 7, how[_i][1]);
    ck_assert_int_lt(cli_size("runs"), 0);
    cli_close(c);
}
END_TEST

/* The same metrics to the byte; a network that has nothing to compute again is refused. */
START_TEST(recomputed)
{
    static char before[1 << 16], after[1 << 16];
    struct cli *c = cli_open();
    char *const to[] = { before, after };

    for (int i = 0; i < 2; i++) {
        char path[600];
        FILE *f;
        size_t n;

        cli_ok(c, "-q tiny.yaml name=run%d train.recompute=%s", i, i ? "true" : "false");
        snprintf(path, sizeof path, "%s/metrics.jsonl", cli_newest_run(c));
        f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        n = fread(to[i], 1, sizeof before - 1, f);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_uint_gt(n, 100);
        to[i][n] = 0;
    }
    ck_assert_str_eq(before, after);
    cli_failed(c,
               cli_run(c,
                       "-q tiny.yaml train.recompute=true model.arch=alexnet data.synth.size=224 data.synth.train=20 "
                       "data.batch=2"),
               3, "train.recompute: alexnet has no blocks to compute again; leave it out");
    cli_close(c);
}
END_TEST

Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, what_cannot_fit_is_refused);
    tcase_add_test(c, recomputed);
    tcase_add_loop_test(c, the_estimate_is_near, 0, N_ROWS);
    tcase_add_loop_test(c, what_comes_later_is_refused_now, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
