#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"

int __real_open64(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __real_ftruncate64(int fd, off_t size);
int __real_statvfs64(const char *path, struct statvfs *out);
time_t __real_time(time_t *out);

int __wrap_open64(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_ftruncate64(int fd, off_t size);
int __wrap_statvfs64(const char *path, struct statvfs *out);
time_t __wrap_time(time_t *out);

/* ---- the plan -------------------------------------------------------------------------------------------------- */

static struct {
    unsigned calls, struck_at;
    int64_t k, times, seen;
    int error;
    bool struck, half_done;
    int64_t count[8]; /* by bit of the call */
} plan = { .k = -1 };
static enum fault_lie lie;
static int64_t free_bytes = -1, clock_step, clock_offset;

void fault_plan(unsigned calls, int64_t k, int64_t times, int error)
{
    fault_off();
    plan.calls = calls;
    plan.k = k;
    plan.times = times;
    plan.error = error;
}

void fault_off(void)
{
    plan.k = -1;
    plan.seen = 0;
    plan.calls = 0;
    plan.struck = plan.half_done = false;
    for (int i = 0; i < 8; i++)
        plan.count[i] = 0;
}

int64_t fault_count(unsigned calls)
{
    int64_t n = 0;

    for (int i = 0; i < 8; i++)
        if (calls >> i & 1)
            n += plan.count[i];
    return n;
}

bool fault_struck(void)
{
    return plan.struck;
}

unsigned fault_struck_at(void)
{
    return plan.struck_at;
}

void fault_lie(enum fault_lie which)
{
    lie = which;
}

void fault_free_bytes(int64_t bytes)
{
    free_bytes = bytes;
}

void fault_clock_jumps(int64_t seconds)
{
    clock_step = seconds;
    clock_offset = 0;
}

/* Does this call fail? errno says how. */
static bool strikes(enum fault_call call)
{
    int64_t at;

    for (int i = 0; i < 8; i++)
        plan.count[i] += call >> i & 1;
    if (plan.k < 0 || !(plan.calls & call))
        return false;
    at = plan.seen++;
    if (at < plan.k || at >= plan.k + plan.times)
        return false;
    plan.struck = true;
    plan.struck_at = call;
    errno = plan.error == FAULT_SHORT ? ENOSPC : plan.error;
    return true;
}

/* ---- the calls ------------------------------------------------------------------------------------------------- */

int __wrap_open64(const char *path, int flags, ...)
{
    bool matters = (flags & (O_CREAT | O_DIRECTORY | O_WRONLY | O_RDWR)) != 0;
    mode_t mode = 0;
    va_list args;
    int fd;

    if (flags & O_CREAT) {
        va_start(args, flags);
        mode = (mode_t)va_arg(args, int);
        va_end(args);
    }
    if (matters && strikes(FAULT_OPEN))
        return -1;
    fd = __real_open64(path, flags, mode);
    if (fd >= 0 && matters)
        disk_open(path, flags, fd);
    return fd;
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    ssize_t n;

    if (!disk_knows(fd))
        return __real_write(fd, data, size);
    if (plan.half_done) {
        plan.half_done = false;
        errno = ENOSPC;
        return -1;
    }
    if (strikes(FAULT_WRITE)) {
        if (plan.error != FAULT_SHORT || size < 2)
            return -1;
        plan.half_done = true;
        size /= 2;
    }
    n = __real_write(fd, data, size);
    if (n > 0)
        disk_write(fd, data, (size_t)n);
    return n;
}

int __wrap_fsync(int fd)
{
    bool folder = disk_is_folder(fd);
    int code;

    if (strikes(FAULT_FSYNC))
        return -1;
    if (lie == (folder ? FAULT_LOST_FOLDER_FSYNC : FAULT_LOST_FSYNC))
        return 0;
    code = __real_fsync(fd);
    if (code == 0)
        disk_fsync(fd);
    return code;
}

/* A failing close has closed the file all the same. */
int __wrap_close(int fd)
{
    bool fails = disk_knows(fd) && !disk_is_folder(fd) && strikes(FAULT_CLOSE);
    int why = errno, code;

    disk_close(fd);
    code = __real_close(fd);
    errno = fails ? why : errno;
    return fails ? -1 : code;
}

int __wrap_rename(const char *from, const char *to)
{
    int code;

    if (strikes(FAULT_RENAME))
        return -1;
    if (lie == FAULT_LOST_RENAME)
        return 0;
    code = __real_rename(from, to);
    if (code == 0)
        disk_rename(from, to);
    return code;
}

int __wrap_link(const char *from, const char *to)
{
    int code = __real_link(from, to);

    if (code == 0)
        disk_link(from, to);
    return code;
}

int __wrap_unlink(const char *path)
{
    int code = __real_unlink(path);

    if (code == 0)
        disk_unlink(path);
    return code;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    int code;

    if (strikes(FAULT_MKDIR))
        return -1;
    code = __real_mkdir(path, mode);
    if (code == 0)
        disk_mkdir(path);
    return code;
}

int __wrap_ftruncate64(int fd, off_t size)
{
    int code;

    if (strikes(FAULT_TRUNCATE))
        return -1;
    code = __real_ftruncate64(fd, size);
    if (code == 0)
        disk_truncate(fd, size);
    return code;
}

int __wrap_statvfs64(const char *path, struct statvfs *out)
{
    int code = __real_statvfs64(path, out);

    if (code == 0 && free_bytes >= 0) {
        out->f_frsize = 1;
        out->f_bavail = (fsblkcnt_t)free_bytes;
    }
    return code;
}

time_t __wrap_time(time_t *out)
{
    time_t now = __real_time(NULL) + clock_offset;

    clock_offset += clock_step;
    if (out)
        *out = now;
    return now;
}
