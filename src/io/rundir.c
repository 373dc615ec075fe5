/* Run directories: <root>/<name>/<stamp>-<seed>[-n]/. mkdir is the lock against collisions, flock on run.lock the one
 * against two processes in one run: it ends with the process, however that ends. */
#include <dyntrain/io.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

static bool is_alive(long pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* Who wrote a number into the locked file; a moment is waited for one who has only just locked it: until then there is
 * none, or that of who was killed before. 0: not known. */
static long holder(int fd)
{
    static const struct timespec moment = { 0, 2000000 };
    long pid = 0;

    for (int tries = 0; tries < 50 && !is_alive(pid); tries++) {
        char text[32] = "";

        if (tries)
            nanosleep(&moment, NULL);
        if (pread(fd, text, sizeof text - 1, 0) > 0 && sscanf(text, "%ld", &pid) != 1)
            pid = 0;
    }
    return pid;
}

/* The file, made where it is missing, locked and with our number in it. -1: `err`; "<what> by process 123" when another
 * has it. */
static int lock_file(const char *path, const char *what, struct dt_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0) {
        fail_path(path, "cannot be opened", err);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (ftruncate(fd, 0) == 0 && dprintf(fd, "%ld\n", (long)getpid()) >= 0)
            return fd;
        fail_path(path, "cannot be written", err);
    } else if (errno == EWOULDBLOCK) {
        dt_fail(err, DT_ECHECKPOINT, "%s by process %ld", what, holder(fd));
    } else {
        fail_path(path, "cannot be locked", err);
    }
    close(fd);
    return -1;
}

static bool lock(struct dt_rundir *d, struct dt_err *err)
{
    char path[PATH_BYTES], what[PATH_BYTES];

    snprintf(what, sizeof what, "%s: is in use", d->path);
    d->lock_fd = lock_file(dt_rundir_file(d, "run.lock", path, sizeof path), what, err);
    return d->lock_fd >= 0;
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

/* ---- the right to train a config ------------------------------------------------------------------------------- */

/* Is the file still called so? One who let go has removed it, perhaps after we had opened it. */
static bool is_called(int fd, const char *path)
{
    struct stat open_one, named;

    return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

enum dt_code dt_rundir_claim(struct dt_claim *c, const char *root, const char *name, const char *config_hash,
                             struct dt_err *err)
{
    char folder[PATH_BYTES / 2], what[PATH_BYTES];

    c->fd = -1;
    if (snprintf(folder, sizeof folder, "%s/%s", *root ? root : ".", name) >= (int)sizeof folder) {
        dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long for a run directory", root);
        return err->code;
    }
    if (!make_folders(folder, err))
        return err->code;
    snprintf(c->path, sizeof c->path, "%s/.%.16s.lock", folder, config_hash);
    snprintf(what, sizeof what, "%s: a run of this config is being trained", folder);
    do {
        if (c->fd >= 0)
            close(c->fd);
        c->fd = lock_file(c->path, what, err);
    } while (c->fd >= 0 && !is_called(c->fd, c->path));
    return err->code;
}

void dt_rundir_unclaim(struct dt_claim *c)
{
    if (c->fd < 0)
        return;
    unlink(c->path);
    close(c->fd);
    c->fd = -1;
}
