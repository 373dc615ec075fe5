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

/* The estimate is of the right size: between what training really takes and twice that. */
START_TEST(the_estimate_is_near)
{
    struct cli *c = cli_open();
    struct rusage used;
    const char *said;
    double gb, peak;

    ck_assert_int_eq(cli_run(c, large, 500L), 0);
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &used), 0);
    peak = (double)used.ru_maxrss * 1024 / 1e9;
    ck_assert_int_eq(cli_run(c, "tiny.yaml --dry-run supervised.epochs=1 data.synth.train=8000 data.synth.test=1 "
                                "data.val_split=0 data.synth.size=16 model.width=16 data.workers=0 data.batch=500"),
                     0);
    said = strstr(c->out, "memory        about ");
    ck_assert_msg(said != NULL, "%s", c->out);
    gb = strtod(said + strlen("memory        about "), NULL);
    ck_assert_msg(gb > peak * 0.95 && gb < peak * 2, "%.3f GB said, %.3f taken", gb, peak);
    cli_close(c);
}
END_TEST

Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, what_cannot_fit_is_refused);
    tcase_add_test(c, the_estimate_is_near);
    suite_add_tcase(s, c);
    return s;
}
