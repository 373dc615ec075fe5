/* Saving one checkpoint over another: every call fails once, and the power fails after every call. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <dyntrain/io.h>

#include "disk.h"
#include "fault.h"
#include "short_run.h"
#include "suites.h"

static char dir[256];

static const char *last(void)
{
    static char path[300];

    snprintf(path, sizeof path, "%s/last.h5", dir);
    return path;
}

static enum dt_code save(int64_t version, struct dt_err *err)
{
    struct dt_ckpt *c = dt_ckpt_new(err);
    const float x[4] = { 1, 2, 3, (float)version };
    enum dt_code code;

    ck_assert_ptr_nonnull(c);
    dt_ckpt_put(c, "/version", DT_CKPT_I64, 0, NULL, &version);
    dt_ckpt_put(c, "/x", DT_CKPT_F32, 1, (int64_t[]){ 4 }, x);
    code = dt_ckpt_save(c, last(), err);
    dt_ckpt_free(c);
    return code;
}

/* The version of a checkpoint that loads, -1 when it does not. */
static int64_t version_of(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_open(path, &err);
    int64_t version = -1;

    if (c)
        dt_ckpt_get(c, "/version", DT_CKPT_I64, 0, NULL, &version);
    dt_ckpt_free(c);
    return version;
}

static void enter(void)
{
    dt_test_mkdir(dir);
    fault_off();
    fault_lie(FAULT_HONEST);
    dt_log_level(DT_QUIET);
}

static void leave(void)
{
    disk_stop();
    dt_test_rmdir(dir);
}

/* ---- failing calls --------------------------------------------------------------------------------------------- */

static const int errors[] = { ENOSPC, EDQUOT, EIO, EMFILE, FAULT_SHORT };
enum { N_ERRORS = sizeof errors / sizeof *errors };

/* Version 2 over version 1 with the k-th call failing; false: there was no such call. */
static bool save_with(int64_t k, int error)
{
    struct dt_err err = { .code = DT_OK };
    bool struck;
    int64_t version;

    ck_assert_int_eq(save(1, &err), DT_OK);
    fault_plan(FAULT_ANY, k, 1, error);
    save(2, &err);
    struck = fault_struck();
    fault_off();
    version = version_of(last());
    if (!struck) {
        dt_test_ok(&err);
        ck_assert_int_eq(version, 2);
        return false;
    }
    dt_test_fails(&err, err.code, strerror(error == FAULT_SHORT ? ENOSPC : error));
    dt_test_fails(&err, err.code, "last.h5: ");
    ck_assert_int_eq(dt_exit_status(err.code), 7);
    ck_assert_msg(version == 1 || version == 2, "call %d: nothing loads", (int)k);
    ck_assert_int_eq(count_temps(dir), 0);
    return true;
}

START_TEST(every_call_fails_once)
{
    int64_t k = 0;

    while (save_with(k, errors[_i]))
        k++;
    ck_assert_int_ge(k, 7); /* open, two writes, fsync, close, rename, open and fsync of the folder */
}
END_TEST

/* ---- crashes --------------------------------------------------------------------------------------------------- */

struct crash {
    int64_t acknowledged; /* version whose save has reported success */
    int points, lost, unreadable;
};

static void crash_here(void *ctx)
{
    struct crash *c = ctx;
    char after[300], path[340];

    for (int luck = 0; luck < DISK_LUCKS; luck++) {
        int64_t version;

        snprintf(after, sizeof after, "%.250s-after", dir);
        ck_assert_int_eq(mkdir(after, 0700), 0);
        disk_crash((enum disk_luck)luck, after);
        snprintf(path, sizeof path, "%s/last.h5", after);
        version = version_of(path);
        c->points++;
        c->unreadable += c->acknowledged > 0 && version < 0;
        c->lost += version >= 0 && version < c->acknowledged;
        dt_test_rmdir(after);
    }
}

/* Three saves, with a power failure after each call. */
static struct crash crash_everywhere(enum fault_lie lie)
{
    struct crash c = { .acknowledged = 0 };
    struct dt_err err = { .code = DT_OK };

    disk_start(dir, crash_here, &c);
    fault_lie(lie);
    for (int64_t v = 1; v <= 3; v++) {
        ck_assert_int_eq(save(v, &err), DT_OK);
        c.acknowledged = v;
        crash_here(&c); /* now success is promised */
    }
    fault_lie(FAULT_HONEST);
    disk_stop();
    return c;
}

START_TEST(a_power_failure_loses_nothing_that_was_saved)
{
    struct crash c = crash_everywhere(FAULT_HONEST);

    ck_assert_int_ge(c.points, 60);
    ck_assert_int_eq(c.unreadable, 0);
    ck_assert_int_eq(c.lost, 0);
}
END_TEST

/* The test above can fail: it notices when a call does nothing, as if the program had forgotten it. */
START_TEST(a_lost_fsync_is_noticed)
{
    ck_assert_int_gt(crash_everywhere(FAULT_LOST_FSYNC).unreadable, 0);
}
END_TEST

START_TEST(a_lost_fsync_of_the_folder_is_noticed)
{
    struct crash c = crash_everywhere(FAULT_LOST_FOLDER_FSYNC);

    ck_assert_int_gt(c.unreadable + c.lost, 0);
}
END_TEST

START_TEST(a_lost_rename_is_noticed)
{
    struct crash c = crash_everywhere(FAULT_LOST_RENAME);

    ck_assert_int_gt(c.unreadable + c.lost, 0);
    ck_assert_int_gt(count_temps(dir), 0);
}
END_TEST

Suite *suite_save(void)
{
    Suite *s = suite_create("save");
    TCase *c = tcase_create("save");

    tcase_add_checked_fixture(c, enter, leave);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, every_call_fails_once, 0, N_ERRORS);
    tcase_add_test(c, a_power_failure_loses_nothing_that_was_saved);
    tcase_add_test(c, a_lost_fsync_is_noticed);
    tcase_add_test(c, a_lost_fsync_of_the_folder_is_noticed);
    tcase_add_test(c, a_lost_rename_is_noticed);
    suite_add_tcase(s, c);
    return s;
}
