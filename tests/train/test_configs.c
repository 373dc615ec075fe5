/* Every file of configs/ loads, and says what its name says. */
#include <dirent.h>
#include <string.h>

#include "suites.h"
#include "trial.h"

/* The other methods live in later rooms; the program checks their configs (tests/cli/test_config.c). */
static bool is_supervised(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_config *c = dt_config_load(path, 0, NULL, &err);
    const char *method = c ? dt_config_peek(c, "method") : NULL;
    bool yes = !method || !strcmp(method, "supervised");

    dt_test_ok(&err);
    dt_config_free(c);
    return yes;
}

START_TEST(all_load)
{
    DIR *d = opendir(DT_CONFIG_DIR);
    struct dirent *e;
    struct trial t;
    int n = 0;

    ck_assert_ptr_nonnull(d);
    trial_open(&t);
    while ((e = readdir(d)) != NULL) {
        char path[640];
        struct dt_setup s;
        size_t len = strlen(e->d_name);

        if (len < 6 || strcmp(e->d_name + len - 5, ".yaml"))
            continue;
        trial_path(DT_CONFIG_DIR, e->d_name, path);
        if (!is_supervised(path))
            continue;
        if (dt_setup_load(&s, path, 0, NULL, trial_methods, &t.err))
            dt_test_ok(&t.err);
        ck_assert_int_eq((int)strlen(s.set.name), (int)len - 5);
        ck_assert_int_eq(strncmp(s.set.name, e->d_name, len - 5), 0);
        dt_setup_free(&s);
        n++;
    }
    closedir(d);
    ck_assert_int_ge(n, 10);
    trial_close(&t);
}
END_TEST

Suite *suite_configs(void)
{
    Suite *s = suite_create("configs");
    TCase *c = tcase_create("files");

    tcase_add_test(c, all_load);
    suite_add_tcase(s, c);
    return s;
}
