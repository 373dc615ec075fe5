/* The model itself: it must lose what POSIX lets a crash lose, and nothing else. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "fault.h"
#include "suites.h"

static char root[256], after[300];

static const char *at(const char *name)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static int make(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_APPEND, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static void sync_root(void)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fsync(fd), 0);
    close(fd);
}

/* What a crash leaves of the file: NULL: nothing, not even its name. */
static const char *left(enum disk_luck luck, const char *name)
{
    static char text[64];
    static int n;
    char path[400];
    FILE *f;

    snprintf(after, sizeof after, "%.250s-after%d", root, n++);
    ck_assert_int_eq(mkdir(after, 0700), 0);
    disk_crash(luck, after);
    snprintf(path, sizeof path, "%s/%s", after, name);
    f = fopen(path, "rb");
    memset(text, 0, sizeof text);
    if (f) {
        ck_assert_uint_lt(fread(text, 1, sizeof text, f), sizeof text);
        fclose(f);
    }
    dt_test_rmdir(after);
    return f ? text : NULL;
}

static void enter(void)
{
    dt_test_mkdir(root);
    disk_start(root, NULL, NULL);
}

static void leave(void)
{
    disk_stop();
    dt_test_rmdir(root);
}

START_TEST(bytes_need_fsync)
{
    int fd = make("a", "safe");

    sync_root();
    ck_assert_str_eq(left(DISK_NOTHING, "a"), "");
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(write(fd, "more", 4), 4);
    ck_assert_str_eq(left(DISK_NOTHING, "a"), "safe");
    ck_assert_str_eq(left(DISK_NAMES, "a"), "safe");
    ck_assert_str_eq(left(DISK_HALF, "a"), "safemo");
    ck_assert_str_eq(left(DISK_ALL, "a"), "safemore");
    close(fd);
}
END_TEST

START_TEST(names_need_fsync_of_the_folder)
{
    int fd = make("b", "new");

    ck_assert_int_eq(fsync(fd), 0);
    close(fd);
    ck_assert_ptr_null(left(DISK_NOTHING, "b"));
    ck_assert_str_eq(left(DISK_NAMES, "b"), "new");
    sync_root();
    ck_assert_str_eq(left(DISK_NOTHING, "b"), "new");
    ck_assert_int_eq(unlink(at("b")), 0);
    ck_assert_str_eq(left(DISK_NOTHING, "b"), "new");
    ck_assert_ptr_null(left(DISK_NAMES, "b"));
}
END_TEST

START_TEST(a_rename_is_one_step)
{
    char to[400];
    int fd = make("old", "1");

    fsync(fd);
    close(fd);
    sync_root();
    fd = make("new", "2");
    fsync(fd);
    close(fd);
    memcpy(to, at("old"), sizeof to);
    ck_assert_int_eq(rename(at("new"), to), 0);
    ck_assert_str_eq(left(DISK_NOTHING, "old"), "1");
    ck_assert_str_eq(left(DISK_NAMES, "old"), "2");
    ck_assert_ptr_null(left(DISK_ALL, "new"));
    sync_root();
    ck_assert_str_eq(left(DISK_NOTHING, "old"), "2");
}
END_TEST

START_TEST(a_folder_is_a_name_too)
{
    char folder[400];
    int fd;

    memcpy(folder, at("in"), sizeof folder);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    fd = make("in/c", "x");
    fsync(fd);
    close(fd);
    fd = open(folder, O_RDONLY | O_DIRECTORY);
    fsync(fd);
    close(fd);
    ck_assert_ptr_null(left(DISK_NOTHING, "in/c"));
    sync_root();
    ck_assert_str_eq(left(DISK_NOTHING, "in/c"), "x");
}
END_TEST

Suite *suite_disk(void)
{
    Suite *s = suite_create("disk");
    TCase *c = tcase_create("model");

    tcase_add_checked_fixture(c, enter, leave);
    tcase_add_test(c, bytes_need_fsync);
    tcase_add_test(c, names_need_fsync_of_the_folder);
    tcase_add_test(c, a_rename_is_one_step);
    tcase_add_test(c, a_folder_is_a_name_too);
    suite_add_tcase(s, c);
    return s;
}
