#include "folder.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

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

void write_bytes(const char *path, const void *data, size_t size)
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
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

char *read_bytes(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    char *data;

    ck_assert_msg(f != NULL, "%s is not there", path);
    ck_assert_int_eq(fstat(fileno(f), &st), 0);
    data = dt_calloc((size_t)st.st_size + 1, 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, (size_t)st.st_size, f), (size_t)st.st_size);
    fclose(f);
    *size = (size_t)st.st_size;
    return data;
}

void expect_text(const char *path, const char *text)
{
    size_t size;
    char *data = read_bytes(path, &size);

    ck_assert_str_eq(data, text);
    dt_free(data);
}

int count_files(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}
