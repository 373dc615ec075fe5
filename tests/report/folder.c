/* Files for the tests of report. */
#include "suites.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256], before[4096];

static void enter(void)
{
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    dt_test_mkdir(folder);
    ck_assert_int_eq(chdir(folder), 0);
    dt_log_level(DT_QUIET);
}

static void leave(void)
{
    ck_assert_int_eq(chdir(before), 0);
    dt_test_rmdir(folder);
}

TCase *case_in_folder(const char *name)
{
    TCase *c = tcase_create(name);

    tcase_add_checked_fixture(c, enter, leave);
    tcase_set_timeout(c, 60);
    return c;
}

void write_text(const char *path, const char *text)
{
    char dir[256];
    FILE *f;

    snprintf(dir, sizeof dir, "%s", path);
    for (char *p = dir; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        mkdir(dir, 0777);
    }
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}
