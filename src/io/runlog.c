/* The run log: JSON lines, appended one by one. What a killed process left behind its last line feed is cut off, and a
 * resumed run goes back to where its checkpoint was, so no step appears twice. A line that the disk has no room for
 * waits in memory; the next line, or the next sync, tries again from the byte where the file ends. */
#include <dyntrain/io.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { MAX_BYTES = 1 << 30, MOST_PENDING = 64 << 20 }; /* of a log that is read; of lines that wait */

struct dt_runlog {
    int fd;
    int64_t size;        /* bytes in the file */
    char *pending;       /* what is still to be written */
    size_t n, room;      /* bytes of it; allocated */
    struct dt_err err;   /* a line is lost: sticks */
    struct dt_err later; /* why lines are pending; writing them clears it */
    char path[512];
};

/* ---- opening --------------------------------------------------------------------------------------------------- */

/* Where the last whole line ends, at or before `end`. */
static int64_t whole_lines(int fd, int64_t end)
{
    char block[4096];

    while (end > 0) {
        int64_t begin = end > (int64_t)sizeof block ? end - (int64_t)sizeof block : 0;
        ssize_t n = pread(fd, block, (size_t)(end - begin), begin);

        if (n != (ssize_t)(end - begin))
            return -1;
        while (n > 0 && block[n - 1] != '\n')
            n--;
        if (n > 0)
            return begin + n;
        end = begin;
    }
    return 0;
}

static bool cut_back(struct dt_runlog *l, int64_t keep, struct dt_err *err)
{
    struct stat st;

    if (fstat(l->fd, &st) != 0)
        return dt_fail(err, DT_ECHECKPOINT, "%s: %s", l->path, strerror(errno));
    l->size = st.st_size;
    if (keep > l->size)
        dt_log(DT_WARN, "%s: has %jd bytes where the checkpoint saw %jd: lines are missing", l->path, (intmax_t)l->size,
               (intmax_t)keep);
    if (keep >= 0 && keep < l->size)
        l->size = keep;
    l->size = whole_lines(l->fd, l->size);
    if (l->size < 0 || (l->size != st.st_size && ftruncate(l->fd, l->size) != 0))
        return dt_fail(err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be cut back: %s", l->path,
                       strerror(errno));
    return true;
}

struct dt_runlog *dt_runlog_open(const char *path, int64_t keep, struct dt_err *err)
{
    struct dt_runlog *l = dt_calloc(1, sizeof *l);

    if (!l) {
        dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    snprintf(l->path, sizeof l->path, "%s", path);
    l->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (l->fd < 0)
        dt_fail(err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be opened: %s", path, strerror(errno));
    if (l->fd >= 0 && cut_back(l, keep, err))
        return l;
    dt_runlog_close(l);
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool add_pending(struct dt_runlog *l, const char *text, size_t size)
{
    if (size > MOST_PENDING || l->n + size > MOST_PENDING)
        return false;
    if (l->n + size > l->room) {
        size_t room = 2 * (l->n + size);
        char *more = dt_realloc(l->pending, room);

        if (!more)
            return false;
        l->pending = more;
        l->room = room;
    }
    memcpy(l->pending + l->n, text, size);
    l->n += size;
    return true;
}

static void write_pending(struct dt_runlog *l)
{
    size_t done = 0;

    l->later.code = DT_OK;
    while (done < l->n) {
        ssize_t k = write(l->fd, l->pending + done, l->n - done);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            dt_fail(&l->later, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be written: %s", l->path,
                    strerror(errno));
            break;
        }
        done += (size_t)k;
    }
    l->n -= done;
    if (l->n > 0)
        memmove(l->pending, l->pending + done, l->n);
    l->size += (int64_t)done;
}

void dt_runlog_write(struct dt_runlog *l, struct dt_json *row)
{
    char *text = dt_json_text(row);

    dt_json_free(row);
    if (l->err.code == DT_OK) {
        if (!text || !add_pending(l, text, strlen(text)) || !add_pending(l, "\n", 1))
            dt_fail(&l->err, DT_ENOMEM, "%s: out of memory", l->path);
        else
            write_pending(l);
    }
    dt_free(text);
}

int64_t dt_runlog_size(struct dt_runlog *l)
{
    return l->size;
}

/* After a failed fsync nobody knows what the disk has, and a second one may lie: never tried again. */
static void sync_file(struct dt_runlog *l)
{
    enum dt_code code;

    if (fsync(l->fd) == 0 || errno == EINVAL) /* EINVAL: a pipe or a device */
        return;
    code = dt_file_code(errno, DT_ECHECKPOINT);
    dt_fail(&l->err, code == DT_EFULL ? DT_ERESOURCE : code, "%s: cannot be written: %s", l->path, strerror(errno));
}

enum dt_code dt_runlog_sync(struct dt_runlog *l, struct dt_err *err)
{
    const struct dt_err *why = &l->err;

    if (l->err.code == DT_OK)
        write_pending(l);
    if (l->err.code == DT_OK && l->later.code != DT_OK)
        why = &l->later;
    else if (l->err.code == DT_OK)
        sync_file(l);
    if (why->code != DT_OK)
        dt_fail(err, why->code, "%s", why->msg);
    return why->code;
}

void dt_runlog_close(struct dt_runlog *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    dt_free(l->pending);
    dt_free(l);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

enum dt_code dt_runlog_each(const char *path, bool (*fn)(void *ctx, struct dt_json *row), void *ctx, int64_t *bad,
                            struct dt_err *err)
{
    struct dt_err why = { .code = DT_OK };
    size_t size;
    char *text = dt_file_read(path, MAX_BYTES, &size, DT_ECHECKPOINT, &why);
    bool more = true;

    *bad = 0;
    if (!text) {
        dt_fail(err, why.code, "%s: %s", path, why.msg);
        return err->code;
    }
    for (char *line = text, *end; more && (end = memchr(line, '\n', size - (size_t)(line - text))); line = end + 1) {
        struct dt_err ignored = { .code = DT_OK };
        struct dt_json *row = dt_json_parse(line, (size_t)(end - line), path, &ignored);

        if (row)
            more = fn(ctx, row);
        else
            *bad += 1;
    }
    dt_free(text);
    return DT_OK;
}
