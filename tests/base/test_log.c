#include "suites.h"
#include "capture.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void say_all(void)
{
    dt_log(DT_WARN, "disk %d%% full", 97);
    dt_log(DT_INFO, "epoch %d", 3);
    dt_log(DT_DEBUG, "detail");
}

START_TEST(levels_select_what_is_shown)
{
    static const char *const want[] = {
        [DT_QUIET] = "",
        [DT_WARN] = "warning: disk 97% full\n",
        [DT_INFO] = "warning: disk 97% full\nepoch 3\n",
        [DT_DEBUG] = "warning: disk 97% full\nepoch 3\ndetail\n",
    };
    char text[4096];

    for (int level = DT_QUIET; level <= DT_DEBUG; level++) {
        struct capture c = capture_begin();

        dt_log_level((enum dt_level)level);
        say_all();
        capture_end(&c, text);
        ck_assert_str_eq(text, want[level]);
    }
    dt_log_level(DT_INFO);
}
END_TEST

START_TEST(the_file_keeps_what_a_quiet_run_does_not_show)
{
    FILE *f = tmpfile();
    char text[4096], line[256];
    struct capture c;
    int y;

    ck_assert_ptr_nonnull(f);
    dt_log_file(f);
    dt_log_level(DT_QUIET);
    c = capture_begin();
    say_all();
    capture_end(&c, text);
    dt_log_level(DT_INFO);
    dt_log_file(NULL);
    ck_assert_str_eq(text, "");
    rewind(f);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    ck_assert_int_eq(sscanf(line, "%d-%*d-%*dT%*d:%*d:%*dZ warning: disk", &y), 1);
    ck_assert_str_eq(strchr(line, ' '), " warning: disk 97% full\n");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    ck_assert_str_eq(strchr(line, ' '), " epoch 3\n");
    ck_assert_ptr_null(fgets(line, sizeof line, f));
    fclose(f);
}
END_TEST

START_TEST(a_long_line_is_cut_and_ends)
{
    struct capture c = capture_begin();
    char text[4096];

    dt_log(DT_INFO, "%3000d", 1);
    capture_end(&c, text);
    ck_assert_uint_gt(strlen(text), 2000);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(nobody_listening_is_harmless)
{
    int kept = dup(STDERR_FILENO), pipes[2];
    sigset_t pending;

    ck_assert_int_eq(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[0]);
    close(pipes[1]);
    dt_log(DT_INFO, "into a broken pipe"); /* SIGPIPE would end this process */
    close(STDERR_FILENO);
    dt_log(DT_INFO, "into a closed file");
    dup2(kept, STDERR_FILENO);
    close(kept);
    sigpending(&pending);
    ck_assert(!sigismember(&pending, SIGPIPE));
}
END_TEST

START_TEST(the_clock_runs_forward)
{
    double a = dt_now(), b = dt_now();

    ck_assert(a > 0 && b >= a && b < a + 60);
}
END_TEST

Suite *suite_log(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");

    tcase_add_test(t, levels_select_what_is_shown);
    tcase_add_test(t, the_file_keeps_what_a_quiet_run_does_not_show);
    tcase_add_test(t, a_long_line_is_cut_and_ends);
    tcase_add_test(t, nobody_listening_is_harmless);
    tcase_add_test(t, the_clock_runs_forward);
    suite_add_tcase(s, t);
    return s;
}
