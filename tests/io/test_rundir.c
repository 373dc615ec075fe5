#include "suites.h"

#include <spawn.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_helper.h"

extern char **environ;

int try_lock(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_rundir d;
    enum dt_code code = dt_rundir_open(&d, path, &err);

    dt_rundir_close(&d);
    return dt_exit_status(code);
}

/* What another process gets when it opens the run. */
static int in_another_process(const char *path)
{
    char self[4096], copy[600], option[] = "--try-lock", name[] = "test_io";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *argv[] = { name, option, copy, NULL };
    int status;
    pid_t pid;

    ck_assert_int_gt(n, 0);
    self[n] = '\0';
    snprintf(copy, sizeof copy, "%s", path);
    ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void create(struct dt_rundir *d, int64_t seed)
{
    struct dt_err err = { .code = DT_OK };
    enum dt_code code = dt_rundir_create(d, "runs", "quick", seed, &err);

    dt_test_ok(&err);
    ck_assert_int_eq(code, DT_OK);
}

START_TEST(a_run_has_its_folders_and_its_lock)
{
    struct dt_rundir d;
    struct stat st;
    char path[600], pid[32];

    create(&d, 7);
    ck_assert_int_eq(strncmp(d.path, "runs/quick/2", 12), 0);
    ck_assert_str_eq(strrchr(d.path, '-'), "-7");
    ck_assert_uint_eq(strlen(d.path), strlen("runs/quick/20250131-235959-7"));
    ck_assert_int_eq(stat(dt_rundir_file(&d, "ckpt", path, sizeof path), &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    expect_text(dt_rundir_file(&d, "run.lock", path, sizeof path), pid);
    dt_rundir_close(&d);
    dt_rundir_close(&d);
}
END_TEST

START_TEST(runs_of_one_second_do_not_collide)
{
    struct dt_rundir d[4];

    for (int i = 0; i < 4; i++)
        create(&d[i], 1);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(d[i].path, d[j].path);
    ck_assert(strstr(d[1].path, "-1-2") || strstr(d[2].path, "-1-2") || strstr(d[3].path, "-1-2"));
    for (int i = 0; i < 4; i++)
        dt_rundir_close(&d[i]);
}
END_TEST

START_TEST(a_second_opener_is_refused)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_rundir d, second;
    char text[600];

    create(&d, 1);
    ck_assert_int_eq(dt_rundir_open(&second, d.path, &err), DT_ECHECKPOINT);
    snprintf(text, sizeof text, "%s: is in use by process %ld", d.path, (long)getpid());
    dt_test_fails(&err, DT_ECHECKPOINT, text);
    ck_assert_int_eq(second.lock_fd, -1);
    ck_assert_int_eq(in_another_process(d.path), 5);
    dt_rundir_close(&d);
    ck_assert_int_eq(in_another_process(d.path), 0);
    err.code = DT_OK;
    ck_assert_int_eq(dt_rundir_open(&second, d.path, &err), DT_OK);
    dt_rundir_close(&second);
}
END_TEST

START_TEST(the_lock_is_not_inherited)
{
    struct dt_err err = { .code = DT_OK };
    char sleeper[] = "sleep", seconds[] = "30", *argv[] = { sleeper, seconds, NULL };
    enum dt_code code = DT_EUSAGE;
    struct dt_rundir d;
    pid_t pid;

    create(&d, 1);
    ck_assert_int_eq(posix_spawnp(&pid, sleeper, NULL, NULL, argv, environ), 0);
    dt_rundir_close(&d);
    for (int i = 0; i < 100 && code != DT_OK; i++) { /* under valgrind spawn returns before exec has closed the lock */
        err.code = DT_OK;
        code = dt_rundir_open(&d, d.path, &err);
        nanosleep(&(struct timespec){ .tv_nsec = code == DT_OK ? 0 : 50000000 }, NULL);
    }
    ck_assert_int_eq(code, DT_OK);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    dt_rundir_close(&d);
}
END_TEST

START_TEST(opening_sweeps_what_killed_processes_left)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_rundir d;
    char path[600], again[600];

    create(&d, 1);
    write_text(dt_rundir_file(&d, "ckpt/.tmp-1-0", path, sizeof path), "x");
    write_text(dt_rundir_file(&d, ".tmp-1-0", path, sizeof path), "x");
    write_text(dt_rundir_file(&d, "ckpt/last.h5", path, sizeof path), "x");
    dt_rundir_close(&d);
    snprintf(again, sizeof again, "%s//", d.path); /* as a shell completes it */
    ck_assert_int_eq(dt_rundir_open(&d, again, &err), DT_OK);
    ck_assert_int_eq(count_files(dt_rundir_file(&d, "ckpt", path, sizeof path)), 1);
    ck_assert_int_eq(count_files(d.path), 2);
    dt_rundir_close(&d);
}
END_TEST

START_TEST(what_is_no_run_is_refused)
{
    struct dt_err none = { .code = DT_OK }, other = none, name = none, hidden = none, file = none;
    struct dt_rundir d;

    ck_assert_int_eq(dt_rundir_open(&d, "runs/none", &none), DT_ECHECKPOINT);
    dt_test_fails(&none, DT_ECHECKPOINT, "runs/none: there is no such folder");
    write_text("other/a", "x");
    ck_assert_int_eq(dt_rundir_open(&d, "other", &other), DT_ECHECKPOINT);
    dt_test_fails(&other, DT_ECHECKPOINT, "other: is not a run directory: there is no ckpt/ in it");
    ck_assert_int_eq(count_files("other"), 1);
    ck_assert_int_eq(dt_rundir_create(&d, "runs", "a/b", 1, &name), DT_ECONFIG);
    dt_test_fails(&name, DT_ECONFIG, "name: 'a/b' cannot name a folder of runs");
    ck_assert_int_eq(dt_rundir_create(&d, "runs", "..", 1, &hidden), DT_ECONFIG);
    ck_assert_int_eq(dt_rundir_create(&d, "other/a", "x", 1, &file), DT_ECHECKPOINT);
    dt_test_fails(&file, DT_ECHECKPOINT, "other/a: cannot be made: File exists");
}
END_TEST

START_TEST(one_claim_a_config)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_claim a, b, c;
    char text[100];

    ck_assert_int_eq(dt_rundir_claim(&a, "runs", "quick", "0123456789abcdefghij", &err), DT_OK);
    ck_assert_int_eq(dt_rundir_claim(&b, "runs", "quick", "another", &err), DT_OK);
    ck_assert_int_eq(dt_rundir_claim(&c, "runs", "quick", "0123456789abcdefghij", &err), DT_ECHECKPOINT);
    snprintf(text, sizeof text, "runs/quick: a run of this config is being trained by process %ld", (long)getpid());
    dt_test_fails(&err, DT_ECHECKPOINT, text);
    dt_rundir_unclaim(&c); /* was not held: nothing happens */
    ck_assert_int_eq(access(a.path, F_OK), 0);
    dt_rundir_unclaim(&a);
    ck_assert_int_ne(access(a.path, F_OK), 0);
    err.code = DT_OK;
    ck_assert_int_eq(dt_rundir_claim(&c, "runs", "quick", "0123456789abcdefghij", &err), DT_OK);
    dt_rundir_unclaim(&c);
    dt_rundir_unclaim(&b);
}
END_TEST

Suite *suite_rundir(void)
{
    Suite *s = suite_create("rundir");
    TCase *c = case_in_folder("rundir");

    tcase_add_test(c, a_run_has_its_folders_and_its_lock);
    tcase_add_test(c, runs_of_one_second_do_not_collide);
    tcase_add_test(c, a_second_opener_is_refused);
    tcase_add_test(c, the_lock_is_not_inherited);
    tcase_add_test(c, opening_sweeps_what_killed_processes_left);
    tcase_add_test(c, what_is_no_run_is_refused);
    tcase_add_test(c, one_claim_a_config);
    suite_add_tcase(s, c);
    return s;
}
