/* A run directory as one JSON value: whatever of its files there is. A run may be going on, have died, or be a kept one
 * without run.json; only a folder that has none of the files is refused. */
#include "report/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { PATH_BYTES = 1024, MAX_CONFIG = 4 << 20, MAX_BATCH_ROWS = 1500 };

struct run {
    const char *path;
    struct dt_json *out, *problems;
    bool any; /* one of the files that make a run is there */
};

static bool file_of(const struct run *r, const char *name, char path[PATH_BYTES])
{
    return snprintf(path, PATH_BYTES, "%s/%s", r->path, name) < PATH_BYTES && access(path, F_OK) == 0;
}

static void problem(struct run *r, const char *text)
{
    dt_log(DT_WARN, "%s", text);
    dt_json_str(r->problems, NULL, text);
}

static void add_json(struct run *r, const char *key, const char *name)
{
    struct dt_err err = { .code = DT_OK };
    char path[PATH_BYTES];
    struct dt_json *j = NULL;

    if (file_of(r, name, path)) {
        r->any = true;
        j = dt_json_read(path, &err);
        if (!j)
            problem(r, err.msg);
    }
    if (j)
        dt_json_put(r->out, key, j);
    else
        dt_json_null(r->out, key);
}

static void add_config(struct run *r)
{
    struct dt_err why = { .code = DT_OK }, err = { .code = DT_OK };
    char path[PATH_BYTES];
    char *text = NULL;
    size_t size;

    if (file_of(r, "config.resolved.yaml", path) || file_of(r, "config.yaml", path)) {
        text = dt_file_read(path, MAX_CONFIG, &size, DT_ECHECKPOINT, &why);
        if (!text) {
            dt_fail(&err, why.code, "%s: %s", path, why.msg);
            problem(r, err.msg);
        }
    }
    dt_json_str(r->out, "config", text);
    dt_free(text);
}

/* ---- metrics ---- */

/* Rows about single batches may be millions: so many in a row become one, with the mean of their losses. */
struct rows {
    struct dt_json *out;
    int64_t batches, together; /* all there are; how many become one */
    struct dt_json *held;      /* the latest of a bucket */
    int64_t n_held, n_loss;    /* rows; those with a loss */
    double loss;
};

static bool is_batch(const struct dt_json *row)
{
    return !strcmp(dt_json_get_str(row, "split", ""), "batch");
}

static bool count(void *ctx, struct dt_json *row)
{
    struct rows *s = ctx;

    s->batches += is_batch(row);
    dt_json_free(row);
    return true;
}

static void flush(struct rows *s)
{
    if (!s->held)
        return;
    if (s->n_held > 1)
        dt_json_num(s->held, "loss", s->n_loss ? s->loss / (double)s->n_loss : (double)NAN);
    dt_json_put(s->out, NULL, s->held);
    s->held = NULL;
    s->n_held = s->n_loss = 0;
    s->loss = 0;
}

static bool keep(void *ctx, struct dt_json *row)
{
    struct rows *s = ctx;
    double loss = dt_json_get_num(row, "loss", NAN);

    if (!is_batch(row)) {
        flush(s);
        dt_json_put(s->out, NULL, row);
        return true;
    }
    dt_json_free(s->held);
    s->held = row;
    s->n_held++;
    if (isfinite(loss)) { /* null: a step that was left out */
        s->n_loss++;
        s->loss += loss;
    }
    if (s->n_held >= s->together)
        flush(s);
    return true;
}

static void add_rows(struct run *r)
{
    struct rows s = { .out = dt_json_put(r->out, "rows", dt_json_array()) };
    struct dt_err err = { .code = DT_OK };
    char path[PATH_BYTES], line[PATH_BYTES + 64];
    int64_t bad = 0;

    if (!file_of(r, "metrics.jsonl", path))
        return;
    r->any = true;
    if (dt_runlog_each(path, count, &s, &bad, &err) == DT_OK) {
        s.together = 1 + s.batches / MAX_BATCH_ROWS;
        if (dt_runlog_each(path, keep, &s, &bad, &err) == DT_OK)
            flush(&s);
    }
    dt_json_free(s.held);
    if (err.code)
        problem(r, err.msg);
    if (bad > 0) {
        snprintf(line, sizeof line, "%s: %lld lines are not valid JSON and are left out", path, (long long)bad);
        problem(r, line);
    }
}

/* ---- the whole ---- */

static bool is_folder(const char *path, struct dt_err *err)
{
    struct stat st;

    if (strlen(path) > PATH_BYTES / 2)
        return dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long", path);
    if (stat(path, &st))
        return dt_fail(err, DT_ECHECKPOINT, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return dt_fail(err, DT_ECHECKPOINT, "%s: is a file; a run directory is needed", path);
    return true;
}

struct dt_json *dt_report_collect(const char *path, struct dt_err *err)
{
    struct run r = { .path = path };

    if (!is_folder(path, err))
        return NULL;
    r.out = dt_json_object();
    r.problems = dt_json_put(r.out, "problems", dt_json_array());
    if (!r.problems) {
        dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
        dt_json_free(r.out);
        return NULL;
    }
    dt_json_str(r.out, "path", path);
    add_json(&r, "info", "run.json");
    add_json(&r, "result", "result.json");
    add_config(&r);
    add_rows(&r);
    if (r.any)
        return r.out;
    dt_fail(err, DT_ECHECKPOINT, "%s: is no run directory: neither run.json, result.json nor metrics.jsonl is in it",
            path);
    dt_json_free(r.out);
    return NULL;
}
