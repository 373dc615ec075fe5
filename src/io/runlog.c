/* The run log: JSON lines, appended and flushed one by one. What a killed process left behind its last line feed is
 * cut off, and a resumed run goes back to where its checkpoint was, so no step appears twice. */
#include <dyntrain/io.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { MAX_BYTES = 1 << 30 }; /* of a log that is read */

struct dt_runlog {
    FILE *f;
    int64_t size;
    struct dt_err err;
    char path[512];
};

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

static bool cut_back(struct dt_runlog *l, int fd, int64_t keep, struct dt_err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return dt_fail(err, DT_ECHECKPOINT, "%s: %s", l->path, strerror(errno));
    l->size = st.st_size;
    if (keep > l->size)
        dt_log(DT_WARN, "%s: has %jd bytes where the checkpoint saw %jd: lines are missing", l->path, (intmax_t)l->size,
               (intmax_t)keep);
    if (keep >= 0 && keep < l->size)
        l->size = keep;
    l->size = whole_lines(fd, l->size);
    if (l->size < 0 || (l->size != st.st_size && ftruncate(fd, l->size) != 0))
        return dt_fail(err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be cut back: %s", l->path,
                       strerror(errno));
    return true;
}

struct dt_runlog *dt_runlog_open(const char *path, int64_t keep, struct dt_err *err)
{
    struct dt_runlog *l = dt_calloc(1, sizeof *l);
    int fd;

    if (!l) {
        dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    snprintf(l->path, sizeof l->path, "%s", path);
    fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        dt_fail(err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be opened: %s", path, strerror(errno));
    if (fd < 0 || !cut_back(l, fd, keep, err))
        goto out;
    l->f = fdopen(fd, "a");
    if (l->f)
        return l;
    dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
out:
    if (fd >= 0)
        close(fd);
    dt_free(l);
    return NULL;
}

void dt_runlog_write(struct dt_runlog *l, struct dt_json *row)
{
    off_t at;

    if (l->err.code == DT_OK) {
        if (!row)
            dt_fail(&l->err, DT_ENOMEM, "%s: out of memory", l->path);
        else if (!dt_json_write(row, l->f, false) || fflush(l->f) != 0 || (at = ftello(l->f)) < 0)
            dt_fail(&l->err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be written: %s", l->path,
                    strerror(errno));
        else
            l->size = at;
    }
    dt_json_free(row);
}

int64_t dt_runlog_size(struct dt_runlog *l)
{
    return l->size;
}

enum dt_code dt_runlog_sync(struct dt_runlog *l, struct dt_err *err)
{
    if (l->err.code == DT_OK && fsync(fileno(l->f)) != 0 && errno != EINVAL) /* EINVAL: a pipe or a device */
        dt_fail(&l->err, dt_file_code(errno, DT_ECHECKPOINT), "%s: cannot be written: %s", l->path, strerror(errno));
    if (l->err.code != DT_OK)
        dt_fail(err, l->err.code, "%s", l->err.msg);
    return l->err.code;
}

void dt_runlog_close(struct dt_runlog *l)
{
    if (!l)
        return;
    fclose(l->f);
    dt_free(l);
}

/* ---- reading ---- */

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
