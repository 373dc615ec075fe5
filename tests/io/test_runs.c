#include "suites.h"

#include <string.h>

static void make(const char *run, const char *hash, bool finished)
{
    char path[300], text[100];

    snprintf(path, sizeof path, "%s/run.json", run);
    snprintf(text, sizeof text, "{\"config_hash\": \"%s\"}", hash);
    write_text(path, text);
    snprintf(path, sizeof path, "%s/result.json", run);
    if (finished)
        write_text(path, "{}");
}

START_TEST(the_newest_run_of_a_config_is_found)
{
    char path[256];
    bool finished;

    make("runs/a/20250101-000000-1", "x", true);
    make("runs/a/20250102-000000-1", "x", true);
    make("runs/a/20250102-000000-1-9", "x", true);
    make("runs/a/20250102-000000-1-10", "x", false);
    make("runs/a/20250103-000000-1", "y", true);
    make("runs/b/20250104-000000-1", "x", true);
    make("runs/c/20250104-000000-1-9", "x", false);
    make("runs/c/20250104-000000-1-10", "x", false);
    write_text("runs/a/20250105-000000-1/run.json", "{torn");
    write_text("runs/a/20250106-000000-1/ckpt/last.h5", "no run.json yet");
    ck_assert(dt_rundir_find("runs", "a", "x", path, sizeof path, &finished));
    ck_assert_str_eq(path, "runs/a/20250102-000000-1-9"); /* not -10, which is not finished */
    ck_assert(finished);
    ck_assert(dt_rundir_find("runs", "a", "y", path, sizeof path, &finished));
    ck_assert_str_eq(path, "runs/a/20250103-000000-1");
    ck_assert(finished);
    ck_assert(dt_rundir_find("runs", "c", "x", path, sizeof path, &finished));
    ck_assert_str_eq(path, "runs/c/20250104-000000-1-10");
    ck_assert(!finished);
    ck_assert(!dt_rundir_find("runs", "a", "z", path, sizeof path, &finished));
    ck_assert(!dt_rundir_find("runs", "none", "x", path, sizeof path, &finished));
    ck_assert(!dt_rundir_find("none", "a", "x", path, sizeof path, &finished));
}
END_TEST

static bool note(void *ctx, const char *path)
{
    char *all = ctx;

    strcat(all, path);
    strcat(all, "\n");
    return !strstr(all, "stop");
}

START_TEST(all_runs_newest_first)
{
    char all[4096] = "";

    make("runs/a/20250101-000000-1", "x", true);
    make("runs/b/20250103-000000-1", "x", true);
    make("runs/a/20250102-235959-5", "x", true);
    make("runs/a/notes", "x", true);
    make("runs/a/20250102_235959-5", "x", true);
    make("runs/.hidden/20250102-235959-5", "x", true);
    write_text("runs/README.md", "x");
    ck_assert(dt_rundir_each("runs", note, all));
    ck_assert_str_eq(all, "runs/b/20250103-000000-1\nruns/a/20250102-235959-5\nruns/a/20250101-000000-1\n");
    ck_assert(dt_rundir_each("none", note, all));
}
END_TEST

START_TEST(more_runs_than_the_first_guess)
{
    char path[64], all[16384] = "";

    for (int i = 0; i < 150; i++) {
        snprintf(path, sizeof path, "r/a/20250101-000%03d-1/x", i);
        write_text(path, "x");
    }
    ck_assert(dt_rundir_each("r", note, all));
    ck_assert_int_eq(strncmp(all, "r/a/20250101-000149-1\n", 22), 0);
    ck_assert_uint_eq(strlen(all), 150 * 22);
}
END_TEST

START_TEST(fn_may_stop)
{
    char all[4096] = "";

    make("stop/a/20250101-000000-1", "x", true);
    make("stop/a/20250102-000000-1", "x", true);
    ck_assert(!dt_rundir_each("stop", note, all));
    ck_assert_str_eq(all, "stop/a/20250102-000000-1\n");
}
END_TEST

START_TEST(kept_results_by_name)
{
    char all[4096] = "";

    make("runs/b", "x", true);
    make("runs/a", "x", true);
    make("runs/c", "x", false);
    make("runs/d/20250101-000000-1", "x", true);
    make("runs/.e", "x", true);
    ck_assert(dt_rundir_each_kept("runs", note, all));
    ck_assert_str_eq(all, "runs/a\nruns/b\n");
    ck_assert(dt_rundir_each_kept("none", note, all));
    make("runs/astop", "x", true);
    all[0] = '\0';
    ck_assert(!dt_rundir_each_kept("runs", note, all));
    ck_assert_str_eq(all, "runs/a\nruns/astop\n");
}
END_TEST

Suite *suite_runs(void)
{
    Suite *s = suite_create("runs");
    TCase *c = case_in_folder("runs");

    tcase_add_test(c, the_newest_run_of_a_config_is_found);
    tcase_add_test(c, all_runs_newest_first);
    tcase_add_test(c, kept_results_by_name);
    tcase_add_test(c, more_runs_than_the_first_guess);
    tcase_add_test(c, fn_may_stop);
    suite_add_tcase(s, c);
    return s;
}
