#include "suites.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(the_first_failure_is_kept)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert(!dt_fail(&err, DT_EDATA, "file %d", 1));
    ck_assert(!dt_fail(&err, DT_ENOMEM, "later"));
    ck_assert_int_eq(err.code, DT_EDATA);
    ck_assert_str_eq(err.msg, "file 1");
}
END_TEST

START_TEST(a_long_message_is_cut)
{
    struct dt_err err = { .code = DT_OK };

    dt_fail(&err, DT_EDATA, "%2000d", 1);
    ck_assert_uint_eq(strlen(err.msg), sizeof err.msg - 1);
}
END_TEST

START_TEST(exit_statuses_are_the_documented_ones)
{
    static const int want[] = {
        [DT_OK] = 0,       [DT_EUSAGE] = 2,    [DT_ECONFIG] = 3,      [DT_EDATA] = 4,   [DT_ECHECKPOINT] = 5,
        [DT_ENUMERIC] = 6, [DT_ERESOURCE] = 7, [DT_EFULL] = 7,        [DT_ENOMEM] = 7,  [DT_EVERIFY] = 8,
        [DT_ESHAPE] = 3,   [DT_ESTOPPED] = 75, [DT_EINTERRUPT] = 130, [DT_ETERM] = 143, [DT_EENGINE] = 1,
    };

    for (int code = DT_OK; code <= DT_EENGINE; code++)
        ck_assert_int_eq(dt_exit_status((enum dt_code)code), want[code]);
}
END_TEST

/* In a child of its own, so that it works where Check does not fork as well. */
START_TEST(a_broken_contract_says_where_and_aborts)
{
    char text[256] = "";
    int pipes[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        DT_ASSERT(1 + 1 == 2);
        DT_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(pipes[1]);
    ck_assert_int_gt(read(pipes[0], text, sizeof text - 1), 0);
    close(pipes[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_ptr_nonnull(strstr(text, "test_err.c:"));
    ck_assert_ptr_nonnull(strstr(text, "1 + 1 == 3"));
}
END_TEST

Suite *suite_err(void)
{
    Suite *s = suite_create("err");
    TCase *t = tcase_create("err");

    tcase_add_test(t, the_first_failure_is_kept);
    tcase_add_test(t, a_long_message_is_cut);
    tcase_add_test(t, exit_statuses_are_the_documented_ones);
    tcase_add_test(t, a_broken_contract_says_where_and_aborts);
    suite_add_tcase(s, t);
    return s;
}
