/* Run directories: <root>/<name>/<stamp>-<seed>[-n]/. mkdir is the lock against collisions, flock on run.lock the one
 * against two processes in one run: it ends with the process, however that ends. */
#include <dyntrain/io.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/file.h"

enum { PATH_BYTES = 1024, COLLISIONS = 1000 };

static bool fail_path(const char *path, const char *what, struct dt_err *err)
{
    return dt_fail(err, dt_file_code(errno, DT_ECHECKPOINT), "%s: %s: %s", path, what, strerror(errno));
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- the lock -------------------------------------------------------------------------------------------------- */

static long holder(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = 0;

    return n > 0 && sscanf(text, "%ld", &pid) == 1 ? pid : 0;
}

static bool lock(struct dt_rundir *d, struct dt_err *err)
{
    char path[PATH_BYTES];
    int fd = open(dt_rundir_file(d, "run.lock", path, sizeof path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0)
        return fail_path(path, "cannot be opened", err);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            dt_fail(err, DT_ECHECKPOINT, "%s: is in use by process %ld", d->path, holder(fd));
        else
            fail_path(path, "cannot be locked", err);
        close(fd);
        return false;
    }
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        fail_path(path, "cannot be written", err);
        close(fd);
        return false;
    }
    d->lock_fd = fd;
    return true;
}

/* ---- making and opening ---------------------------------------------------------------------------------------- */

/* It is there, made by us or by somebody who was faster. */
static bool have_folder(const char *path)
{
    return is_folder(path) || dt_file_make_folder(path) || (errno == EEXIST && is_folder(path));
}

/* Makes the folder and those above it. */
static bool make_folders(const char *path, struct dt_err *err)
{
    char part[PATH_BYTES];

    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (!have_folder(part))
            return fail_path(part, "cannot be made", err);
        *p = '/';
    }
    return have_folder(part) || fail_path(part, "cannot be made", err);
}

/* Makes a run directory that did not exist before. */
static bool make_run(struct dt_rundir *d, const char *parent, int64_t seed, struct dt_err *err)
{
    char stamp[32], tail[16] = "", path[sizeof d->path];
    time_t now = time(NULL);
    struct tm local;

    if (!localtime_r(&now, &local) || strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local) == 0)
        return dt_fail(err, DT_ECHECKPOINT, "%s: no stamp for the run: the clock is unreadable", parent);
    for (int n = 1; n <= COLLISIONS; n++) {
        if (n > 1)
            snprintf(tail, sizeof tail, "-%d", n);
        if (snprintf(path, sizeof path, "%s/%s-%jd%s", parent, stamp, (intmax_t)seed, tail) >= (int)sizeof path)
            return dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long for a run directory", parent);
        if (dt_file_make_folder(path)) {
            memcpy(d->path, path, sizeof path);
            return true;
        }
        if (errno != EEXIST)
            return fail_path(path, "cannot be made", err);
    }
    return dt_fail(err, DT_ECHECKPOINT, "%s: %d runs began in this second", parent, COLLISIONS);
}

enum dt_code dt_rundir_create(struct dt_rundir *d, const char *root, const char *name, int64_t seed, struct dt_err *err)
{
    char path[PATH_BYTES];

    *d = (struct dt_rundir){ .lock_fd = -1 };
    if (!*name || *name == '.' || strchr(name, '/')) {
        dt_fail(err, DT_ECONFIG, "name: '%s' cannot name a folder of runs: no '/', and no '.' in front", name);
        return err->code;
    }
    if (snprintf(path, sizeof path, "%s/%s", *root ? root : ".", name) >= (int)sizeof path) {
        dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long for a run directory", root);
        return err->code;
    }
    if (!make_folders(path, err) || !make_run(d, path, seed, err))
        return err->code;
    dt_rundir_file(d, "ckpt", path, sizeof path);
    if (!dt_file_make_folder(path))
        fail_path(path, "cannot be made", err);
    else
        lock(d, err);
    return err->code;
}

enum dt_code dt_rundir_open(struct dt_rundir *d, const char *path, struct dt_err *err)
{
    char ckpt[PATH_BYTES];
    size_t n = strlen(path);

    d->lock_fd = -1;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n >= sizeof d->path) {
        dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long for a run directory", path);
        return err->code;
    }
    memmove(d->path, path, n); /* may be the same */
    d->path[n] = '\0';
    if (!is_folder(dt_rundir_file(d, "ckpt", ckpt, sizeof ckpt))) {
        dt_fail(err, DT_ECHECKPOINT, "%s: %s", d->path,
                is_folder(d->path) ? "is not a run directory: there is no ckpt/ in it" : "there is no such folder");
        return err->code;
    }
    if (!lock(d, err))
        return err->code;
    dt_file_sweep(d->path);
    dt_file_sweep(ckpt);
    return DT_OK;
}

void dt_rundir_close(struct dt_rundir *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    d->lock_fd = -1;
}

const char *dt_rundir_file(const struct dt_rundir *d, const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%s/%s", d->path, name);
    return buf;
}
