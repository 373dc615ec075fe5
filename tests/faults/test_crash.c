/* The power fails after every call of a whole run. From the first checkpoint on, what is found afterwards resumes, and
 * ends with the bits of the run that was left alone. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "fault.h"
#include "short_run.h"
#include "suites.h"

enum { RESUME_EACH = 7 }; /* of the crashes: all lucks come in turn, as 7 and their number have no common divisor */

struct crash {
    struct trial *t;
    bool begun; /* the first checkpoint is safe */
    int n, kept, harmed;
    char why[512];
};

/* What resuming needs is there and whole. */
static bool check(struct crash *c, const char *run)
{
    struct dt_err err = { .code = DT_OK };
    char path[640];
    struct dt_ckpt *k = dt_ckpt_open(trial_path(run, "ckpt/last.h5", path), &err);
    struct dt_visit v = { .ckpt = k, .loading = true, .prefix = "/loop" };
    int64_t mark = -1;
    struct stat st;
    bool ok = k != NULL;

    if (k)
        dt_visit_i64(&v, "metrics_bytes", &mark);
    dt_ckpt_free(k);
    if (k && (stat(trial_path(run, "metrics.jsonl", path), &st) || st.st_size < mark))
        ok = dt_fail(&err, DT_ECHECKPOINT, "metrics.jsonl ends before the checkpoint's mark");
    if (k && (stat(trial_path(run, "config.resolved.yaml", path), &st) || st.st_size == 0))
        ok = dt_fail(&err, DT_ECHECKPOINT, "no config.resolved.yaml");
    if (!ok)
        memcpy(c->why, err.msg, sizeof c->why);
    return ok;
}

static void crash_here(void *ctx)
{
    struct crash *c = ctx;
    struct trial view = { .dir = "" };

    for (int luck = 0; luck < DISK_LUCKS; luck++, c->n++) {
        bool whole;

        snprintf(view.root, sizeof view.root, "%.200s/after-%d", c->t->dir, c->n);
        ck_assert_int_eq(mkdir(view.root, 0700), 0);
        disk_crash((enum disk_luck)luck, view.root);
        whole = only_run(&view) && check(c, view.out.run);
        c->begun = c->begun || (whole && luck == DISK_NOTHING);
        c->harmed += c->begun && !whole;
        if (c->begun && whole && c->n % RESUME_EACH == 0)
            c->kept++;
        else
            dt_test_rmdir(view.root);
    }
}

static struct crash crash_everywhere(struct trial *t, enum fault_lie lie)
{
    struct crash c = { .t = t };

    new_root(t, "crashing");
    disk_start(t->root, crash_here, &c);
    fault_lie(lie);
    trial_train(t, short_run);
    fault_lie(FAULT_HONEST);
    disk_stop();
    return c;
}

START_TEST(every_crash_resumes_to_the_same_bits)
{
    struct trial t;
    struct crash c;
    char whole[512];

    trial_open(&t);
    train_whole(&t, whole);
    c = crash_everywhere(&t, FAULT_HONEST);
    dt_test_ok(&t.err);
    ck_assert_msg(c.harmed == 0, "%d of %d crashes: %s", c.harmed, c.n, c.why);
    ck_assert_int_ge(c.kept, 20);
    for (int i = 0; i < c.n; i += RESUME_EACH) {
        snprintf(t.root, sizeof t.root, "%.200s/after-%d", t.dir, i);
        if (access(t.root, F_OK) || !only_run(&t))
            continue;
        ck_assert_msg(trial_resume(&t, t.out.run, 0) == DT_OK, "crash %d: %s", i, t.err.msg);
        trial_same_runs(whole, t.out.run);
        c.kept--;
    }
    ck_assert_int_eq(c.kept, 0);
    trial_close(&t);
}
END_TEST

/* The test above can fail. */
START_TEST(lies_are_noticed)
{
    static const enum fault_lie lies[] = { FAULT_LOST_FSYNC, FAULT_LOST_FOLDER_FSYNC, FAULT_LOST_RENAME };
    struct trial t;
    struct crash c;

    trial_open(&t);
    c = crash_everywhere(&t, lies[_i]);
    ck_assert(!c.begun || c.harmed > 0);
    trial_close(&t);
}
END_TEST

Suite *suite_crash(void)
{
    Suite *s = suite_create("crash");
    TCase *c = tcase_create("crash");

    tcase_set_timeout(c, 300);
    tcase_add_test(c, every_crash_resumes_to_the_same_bits);
    tcase_add_loop_test(c, lies_are_noticed, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
