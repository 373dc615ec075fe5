/* Long runs: memory that does not grow, logs that are rotated away, a run directory that vanishes. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "short_run.h"
#include "suites.h"

/* A sanitizer keeps freed memory back and makes all slow. */
enum { STEPS = DT_SANITIZED ? 1000 : 10000, SETTLED = STEPS / 10, PER_EPOCH = 20 };

static struct trial t;
static long settled, most;
static int64_t last_step;

static long resident_pages(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long total, resident = -1;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%ld %ld", &total, &resident), 2);
    fclose(f);
    return resident;
}

/* As logrotate does it: renamed away, or copied and cut to nothing. */
static void rotate(int64_t step)
{
    char from[640], to[640];

    ck_assert(only_run(&t));
    trial_path(t.out.run, "log.txt", from);
    trial_path(t.out.run, "log.1", to);
    if (step == STEPS / 4)
        ck_assert_int_eq(truncate(from, 0), 0);
    else
        ck_assert_int_eq(rename(from, to), 0);
}

static void look(int64_t step)
{
    long now = resident_pages();

    last_step = step;
    if (step == SETTLED)
        settled = now;
    if (step >= SETTLED && now > most)
        most = now;
    if (step == STEPS / 4 || step == STEPS / 2)
        rotate(step);
}

/* The log went on where it was put: from its cut, without a hole before it, to the last epoch. */
static void check_rotated(void)
{
    char *log = trial_read(t.out.run, "log.1"), text[32]; /* as a string: to the first NUL */

    snprintf(text, sizeof text, "train %d/%d: ", STEPS / PER_EPOCH, STEPS / PER_EPOCH);
    ck_assert_msg(!strncmp(log, "20", 2), "begins with: %.40s", log);
    ck_assert_msg(strstr(log, text) != NULL, "no '%s' in: %.400s", text, log);
    ck_assert_ptr_null(strstr(log, "train 2/"));
    dt_free(log);
}

/* With a line of metrics each step and a checkpoint each 20. */
START_TEST(memory_is_constant)
{
    char how[256];

    trial_open(&t);
    new_root(&t, "long");
    settled = most = 0;
    /* HDF5's buffer of 1 MiB is mapped: whether it finds a gap in the heap depends on what the other thread does */
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    trial_watch(look);
    snprintf(how, sizeof how,
             "data.workers=1 data.synth.train=500 data.synth.test=20 model.width=1 supervised.epochs=%d",
             STEPS / PER_EPOCH);
    ck_assert_msg(trial_train(&t, how) == DT_OK, "%s", t.err.msg);
    trial_watch(NULL);
    ck_assert_int_eq((int)last_step, STEPS - 1);
    check_rotated();
    if (!DT_SANITIZED)
        ck_assert_msg(most <= settled + settled / 100, "%ld pages at step %d, later %ld", settled, SETTLED, most);
    trial_close(&t);
}
END_TEST

static void vanish(int64_t step)
{
    if (step == 3) {
        ck_assert(only_run(&t));
        dt_test_rmdir(t.out.run);
    }
}

START_TEST(a_run_directory_that_vanishes)
{
    trial_open(&t);
    new_root(&t, "vanishing");
    trial_watch(vanish);
    ck_assert_int_eq(trial_train(&t, ""), DT_ECHECKPOINT);
    trial_watch(NULL);
    dt_test_fails(&t.err, DT_ECHECKPOINT, ".h5: cannot be written: No such file or directory");
    ck_assert_int_eq(dt_exit_status(t.err.code), 5);
    trial_close(&t);
}
END_TEST

Suite *suite_long(void)
{
    Suite *s = suite_create("long");
    TCase *c = tcase_create("long");

    tcase_set_timeout(c, 600);
    tcase_add_test(c, memory_is_constant);
    tcase_add_test(c, a_run_directory_that_vanishes);
    suite_add_tcase(s, c);
    return s;
}
