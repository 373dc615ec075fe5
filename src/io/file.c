/* Whole files in and out; see file.h. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TEMP_TRIES = 100, BLOCK = 1 << 16 };
static const char temp_prefix[] = ".tmp-";

enum dt_code dt_file_code(int system_error, enum dt_code code)
{
    switch (system_error) {
    case ENOSPC:
    case EDQUOT:
        return DT_EFULL;
    case EFBIG:
    case EIO:
    case EMFILE:
    case ENFILE:
        return DT_ERESOURCE;
    case ENOMEM:
        return DT_ENOMEM;
    default:
        return code;
    }
}

/* ---- in -------------------------------------------------------------------------------------------------------- */

/* Returns the bytes read, fewer at the end of the file, -1 on failure. */
static ssize_t read_all(int fd, char *to, size_t size, off_t at)
{
    size_t got = 0;

    while (got < size) {
        ssize_t k = pread(fd, to + got, size - got, at + (off_t)got);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

static char *read_open(int fd, size_t cap, size_t *size, enum dt_code code, struct dt_err *err)
{
    struct stat st;
    ssize_t got;
    char *text;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        dt_fail(err, code, "%s", S_ISDIR(st.st_mode) ? "is a folder" : "is not a regular file");
        return NULL;
    }
    if ((uintmax_t)st.st_size > cap) {
        dt_fail(err, code, "is too large: %jd bytes, at most %zu are read", (intmax_t)st.st_size, cap);
        return NULL;
    }
    text = dt_malloc((size_t)st.st_size + 1);
    if (!text) {
        dt_fail(err, DT_ENOMEM, "out of memory for its %jd bytes", (intmax_t)st.st_size);
        return NULL;
    }
    got = read_all(fd, text, (size_t)st.st_size, 0);
    if (got < 0) {
        dt_fail(err, dt_file_code(errno, code), "cannot be read: %s", strerror(errno));
        dt_free(text);
        return NULL;
    }
    text[got] = '\0';
    *size = (size_t)got;
    return text;
}

char *dt_file_read(const char *path, size_t cap, size_t *size, enum dt_code code, struct dt_err *err)
{
    /* not to hang on a named pipe, which is then refused */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text;

    if (fd < 0) {
        dt_fail(err, dt_file_code(errno, code), "cannot be read: %s", strerror(errno));
        return NULL;
    }
    text = read_open(fd, cap, size, code, err);
    close(fd);
    return text;
}

/* ---- out ------------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *from, size_t size)
{
    while (size > 0) {
        ssize_t k = write(fd, from, size);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        from += k;
        size -= (size_t)k;
    }
    return true;
}

/* Does the file hold exactly these bytes from `at` on? */
static bool holds(int fd, const char *want, size_t size, off_t at)
{
    char block[BLOCK];

    while (size > 0) {
        size_t n = size < sizeof block ? size : sizeof block;

        if (read_all(fd, block, n, at) != (ssize_t)n || memcmp(block, want, n) != 0)
            return false;
        want += n;
        size -= n;
        at += (off_t)n;
    }
    return true;
}

/* What went wrong, NULL: nothing. */
static const char *fill(int fd, const struct dt_piece *piece, int n)
{
    off_t at = 0;

    for (int i = 0; i < n; i++)
        if (!write_all(fd, piece[i].data, piece[i].size))
            return strerror(errno);
    if (fsync(fd) != 0)
        return strerror(errno);
    for (int i = 0; i < n; at += (off_t)piece[i].size, i++)
        if (!holds(fd, piece[i].data, piece[i].size, at)) {
            errno = EIO;
            return "what was read back is not what was written";
        }
    return NULL;
}

bool dt_file_sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return false;
    ok = fsync(fd) == 0 || errno == EINVAL; /* some file systems have no such thing */
    close(fd);
    return ok;
}

/* Opens `<dir>/.tmp-<pid>-<n>`, new. */
static int open_temp(const char *dir, char *temp, size_t size)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        int fd;

        if (snprintf(temp, size, "%s/%s%ld-%d", dir, temp_prefix, (long)getpid(), i) >= (int)size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* The folder that `path` is in; false: too long. */
static bool folder_of(const char *path, char *dir, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    if (n >= size)
        return false;
    memcpy(dir, path, n);
    dir[n] = '\0';
    if (n == 0)
        snprintf(dir, size, "%s", slash ? "/" : ".");
    return true;
}

enum dt_code dt_file_replace(const char *path, const struct dt_piece *piece, int n, enum dt_code code,
                             struct dt_err *err)
{
    char dir[PATH_BYTES], temp[PATH_BYTES];
    const char *wrong;
    int fd, why;

    if (!folder_of(path, dir, sizeof dir)) {
        dt_fail(err, code, "%.80s...: the path is too long", path);
        return err->code;
    }
    fd = open_temp(dir, temp, sizeof temp);
    if (fd < 0) {
        dt_fail(err, dt_file_code(errno, code), "%s: cannot be written: %s", path, strerror(errno));
        return err->code;
    }
    wrong = fill(fd, piece, n);
    why = errno;
    if (close(fd) != 0 && !wrong) {
        why = errno;
        wrong = strerror(errno);
    }
    if (!wrong && rename(temp, path) != 0) {
        why = errno;
        wrong = strerror(errno);
    }
    if (wrong) {
        unlink(temp);
        dt_fail(err, dt_file_code(why, code), "%s: cannot be written: %s", path, wrong);
        return err->code;
    }
    if (!dt_file_sync_folder(dir)) {
        dt_fail(err, dt_file_code(errno, code), "%s: its folder cannot be synchronised: %s", path, strerror(errno));
        return err->code;
    }
    return DT_OK;
}

bool dt_file_make_folder(const char *path)
{
    char above[PATH_BYTES];

    if (!folder_of(path, above, sizeof above)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdir(path, 0777) == 0 && dt_file_sync_folder(above);
}

enum dt_code dt_file_copy(const char *from, const char *to, size_t cap, enum dt_code code, struct dt_err *err)
{
    struct dt_err why = { .code = DT_OK };
    size_t size;
    char *data = dt_file_read(from, cap, &size, code, &why);

    if (!data) {
        dt_fail(err, why.code, "%s: %s", from, why.msg);
        return err->code;
    }
    code = dt_file_replace(to, &(struct dt_piece){ data, size }, 1, code, err);
    dt_free(data);
    return code;
}

void dt_file_sweep(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[PATH_BYTES];

    if (!d)
        return;
    while ((e = readdir(d)) != NULL)
        if (!strncmp(e->d_name, temp_prefix, sizeof temp_prefix - 1) &&
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path)
            (void)unlink(path); /* what stays is only clutter */
    closedir(d);
}
