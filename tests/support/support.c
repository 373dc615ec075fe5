#include "support.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int dt_test_main(int argc, char **argv, dt_suite_fn *const *suites)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    for (; *suites; suites++)
        srunner_add_suite(runner, (*suites)());
    srunner_run(runner, argc > 1 ? argv[1] : NULL, NULL, CK_ENV);
    failed = srunner_ntests_failed(runner);
    if (srunner_ntests_run(runner) == 0) {
        fprintf(stderr, "no test was run\n");
        failed = 1;
    }
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void dt_test_mkdir(char path[256])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, 256, "%s/dyntrain-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void dt_test_rmdir(const char *path)
{
    ck_assert_int_eq(nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
}

struct dt_test_limit dt_test_limit_files(rlim_t bytes)
{
    struct dt_test_limit l;
    struct rlimit tiny;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &l.old), 0);
    tiny = (struct rlimit){ .rlim_cur = bytes, .rlim_max = l.old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &tiny))
        abort();
    return l;
}

void dt_test_unlimit_files(const struct dt_test_limit *l)
{
    if (setrlimit(RLIMIT_FSIZE, &l->old))
        abort();
    signal(SIGXFSZ, SIG_DFL);
}

void dt_test_ok(const struct dt_err *err)
{
    ck_assert_msg(err->code == DT_OK, "unexpected error: %s", err->msg);
}

void dt_test_fails(const struct dt_err *err, enum dt_code code, const char *text)
{
    ck_assert_msg(err->code == code, "code %d instead of %d: %s", err->code, code, err->msg);
    ck_assert_msg(strstr(err->msg, text) != NULL, "\"%s\" is not in: %s", text, err->msg);
}
