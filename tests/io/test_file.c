#include "suites.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

static enum dt_code replace(const char *path, const char *a, const char *b, struct dt_err *err)
{
    return dt_file_replace(path, (struct dt_piece[]){ { a, strlen(a) }, { b, strlen(b) } }, 2, DT_ECHECKPOINT, err);
}

START_TEST(pieces_become_the_file)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert_int_eq(replace("a", "one", "two", &err), DT_OK);
    expect_text("a", "onetwo");
    ck_assert_int_eq(replace("./a", "three", "", &err), DT_OK);
    expect_text("a", "three");
    ck_assert_int_eq(count_files("."), 1);
    dt_test_ok(&err);
}
END_TEST

START_TEST(what_is_read_is_what_was_written)
{
    struct dt_err err = { .code = DT_OK };
    size_t n = 300001, size;
    char *data = dt_malloc(n), *back;

    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    ck_assert_int_eq(dt_file_replace("a", &(struct dt_piece){ data, n }, 1, DT_EDATA, &err), DT_OK);
    back = dt_file_read("a", n, &size, DT_EDATA, &err);
    ck_assert_ptr_nonnull(back);
    ck_assert_uint_eq(size, n);
    ck_assert(!memcmp(back, data, n));
    ck_assert_int_eq(back[n], 0);
    dt_free(back);
    ck_assert_ptr_null(dt_file_read("a", n - 1, &size, DT_EDATA, &err));
    dt_test_fails(&err, DT_EDATA, "is too large: 300001 bytes, at most 300000 are read");
    dt_free(data);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    struct dt_err missing = { .code = DT_OK }, folder = missing, pipe = missing;
    size_t size;

    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_ptr_null(dt_file_read("none", 10, &size, DT_EDATA, &missing));
    dt_test_fails(&missing, DT_EDATA, "cannot be read: No such file or directory");
    ck_assert_ptr_null(dt_file_read(".", 10, &size, DT_EDATA, &folder));
    dt_test_fails(&folder, DT_EDATA, "is a folder");
    ck_assert_ptr_null(dt_file_read("pipe", 10, &size, DT_EDATA, &pipe));
    dt_test_fails(&pipe, DT_EDATA, "is not a regular file");
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
    struct dt_test_limit limit;
    enum dt_code code;
    struct dt_err err = { .code = DT_OK };
    char big[9000];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    ck_assert_int_eq(replace("a", "old", "", &err), DT_OK);
    limit = dt_test_limit_files(4096);
    code = replace("a", big, "", &err);
    dt_test_unlimit_files(&limit);
    ck_assert_int_eq(code, DT_ERESOURCE);
    dt_test_fails(&err, DT_ERESOURCE, "a: cannot be written: File too large");
    expect_text("a", "old");
    ck_assert_int_eq(count_files("."), 1);
}
END_TEST

START_TEST(a_missing_folder_is_named)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert_int_eq(replace("none/a", "x", "", &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "none/a: cannot be written: No such file or directory");
}
END_TEST

START_TEST(a_target_that_cannot_be_replaced_leaves_no_temporary_file)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert_int_eq(mkdir("a", 0777), 0);
    ck_assert_int_eq(replace("a", "x", "", &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "a: cannot be written: Is a directory");
    ck_assert_int_eq(count_files("."), 1);
}
END_TEST

START_TEST(temporary_names_in_use_are_passed_over)
{
    struct dt_err err = { .code = DT_OK };
    char name[64];

    snprintf(name, sizeof name, ".tmp-%ld-0", (long)getpid());
    write_text(name, "another's");
    ck_assert_int_eq(replace("a", "x", "", &err), DT_OK);
    expect_text(name, "another's");
    expect_text("a", "x");
}
END_TEST

START_TEST(sweeping_removes_temporary_files_only)
{
    write_text("d/.tmp-1-0", "x");
    write_text("d/.tmp-77-3", "x");
    write_text("d/.hidden", "x");
    write_text("d/last.h5", "x");
    dt_file_sweep("d");
    ck_assert_int_eq(count_files("d"), 2);
    dt_file_sweep("none");
}
END_TEST

Suite *suite_file(void)
{
    Suite *s = suite_create("file");
    TCase *c = case_in_folder("file");

    tcase_add_test(c, pieces_become_the_file);
    tcase_add_test(c, what_is_read_is_what_was_written);
    tcase_add_test(c, what_is_no_file_is_refused);
    tcase_add_test(c, a_full_disk_leaves_the_old_file);
    tcase_add_test(c, a_missing_folder_is_named);
    tcase_add_test(c, a_target_that_cannot_be_replaced_leaves_no_temporary_file);
    tcase_add_test(c, temporary_names_in_use_are_passed_over);
    tcase_add_test(c, sweeping_removes_temporary_files_only);
    suite_add_tcase(s, c);
    return s;
}
