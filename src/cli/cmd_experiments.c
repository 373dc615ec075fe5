/* experiments: what has been run, and what came out: kept results first, then runs, newest first. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <string.h>

enum { CELL = 64, N_COLUMNS = 9, FIRST_NUMBER = 5 };

static const char *const titles[N_COLUMNS] = { "run",    "status",     "method",     "network",   "data set",
                                               "test %", "full net %", "MACs M (%)", "latency ms" };

/* One line of the table; the first cell, a path, is as long as it is. */
struct row {
    const char *path;
    char cell[N_COLUMNS][CELL];
    struct row *next;
};
struct rows {
    struct dt_arena *arena;
    struct dt_json *list; /* NULL: a table is made */
    struct row *first, **end;
};

/* A file that is not there, or not yet, says nothing: NULL. */
static struct dt_json *read_json(const char *run, const char *name)
{
    struct dt_err ignored = { 0 };
    char path[DT_PATH];

    if (snprintf(path, sizeof path, "%s/%s", run, name) >= (int)sizeof path)
        return NULL;
    return dt_json_read(path, &ignored);
}

/* A number with its format, an empty text where there is none. */
static void put_cell(char cell[CELL], const char *fmt, double v)
{
    cell[0] = '\0';
    if (isfinite(v))
        snprintf(cell, CELL, fmt, v);
}

static void fill(struct row *row, const struct dt_json *info, const struct dt_json *result, const char *status)
{
    const struct dt_json *latency = dt_json_get(result, "latency_ms");
    double none = (double)NAN, ratio = dt_json_get_num(result, "macs_ratio", none);
    double accuracy = dt_json_get_num(result, "test_accuracy", none),
           full = dt_json_get_num(result, "static_accuracy", none);
    double ms = dt_json_get_num(latency, "dynamic", dt_json_get_num(latency, "static", none));
    char share[CELL] = "";
    size_t used;

    snprintf(row->cell[1], CELL, "%s", status);
    snprintf(row->cell[2], CELL, "%s", dt_json_get_str(result, "method", dt_json_get_str(info, "method", "")));
    snprintf(row->cell[3], CELL, "%s", dt_json_get_str(result, "network", ""));
    snprintf(row->cell[4], CELL, "%s", dt_json_get_str(result, "dataset", ""));
    put_cell(row->cell[5], "%.2f", 100 * accuracy);
    put_cell(row->cell[6], "%.2f", ratio == 1 ? none : 100 * full);
    put_cell(row->cell[7], "%.2f", 1e-6 * dt_json_get_num(result, "macs_mean", none));
    put_cell(share, " (%.1f)", ratio == 1 ? none : 100 * ratio);
    used = strlen(row->cell[7]);
    snprintf(row->cell[7] + used, CELL - used, "%.16s", share);
    put_cell(row->cell[8], "%.3f", ms);
}

/* As they stand in result.json, or else in run.json. */
static void put_json(struct dt_json *list, const char *path, struct dt_json *info, struct dt_json *result,
                     const char *status)
{
    static const char *const keys[] = { "started",     "method",        "dataset",         "network",   "seed",
                                        "epochs",      "train_minutes", "test_accuracy",   "macs_mean", "macs_ratio",
                                        "macs_static", "params",        "static_accuracy", "latency_ms" };
    struct dt_json *row = dt_json_put(list, NULL, dt_json_object());

    dt_json_str(row, "run", path);
    dt_json_str(row, "status", status);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct dt_json *value = dt_json_take(result, keys[i]);

        value = value ? value : dt_json_take(info, keys[i]);
        if (value)
            dt_json_put(row, keys[i], value);
        else
            dt_json_null(row, keys[i]);
    }
}

static bool add(struct rows *s, const char *path, const char *otherwise)
{
    struct dt_json *info = read_json(path, "run.json"), *result = read_json(path, "result.json");
    const char *status = dt_json_get_str(info, "status", otherwise);
    struct row *row = s->list ? NULL : dt_arena_calloc(s->arena, 1, sizeof *row);

    if (s->list) {
        put_json(s->list, path, info, result, status);
    } else if (row) {
        row->path = dt_arena_printf(s->arena, "%s", path);
        fill(row, info, result, status);
        *s->end = row;
        s->end = &row->next;
    }
    dt_json_free(info);
    dt_json_free(result);
    return s->list || (row && row->path);
}

static bool add_run(void *ctx, const char *path)
{
    return add(ctx, path, "unreadable");
}

static bool add_kept(void *ctx, const char *path)
{
    return add(ctx, path, "kept");
}

/* ---- the table ---- */

static const char *text_of(const struct row *row, int k)
{
    return k ? row->cell[k] : row->path;
}

/* Names to the left, numbers to the right, nothing trails. */
static void print_row(const int *width, const char *const *text)
{
    int column = 0, at = 0; /* where a column begins; what has been printed */

    for (int k = 0; k < N_COLUMNS; k++) {
        int n = (int)strlen(text[k]), from = column + (k < FIRST_NUMBER ? 0 : width[k] - n);

        if (n) {
            printf("%*s%s", from - at, "", text[k]);
            at = from + n;
        }
        column += width[k] + 2;
    }
    putchar('\n');
}

static void print_table(const struct rows *s)
{
    const char *text[N_COLUMNS];
    int width[N_COLUMNS];

    if (!s->first)
        return;
    for (int k = 0; k < N_COLUMNS; k++) {
        width[k] = (int)strlen(titles[k]);
        for (const struct row *r = s->first; r; r = r->next)
            width[k] = (int)strlen(text_of(r, k)) > width[k] ? (int)strlen(text_of(r, k)) : width[k];
    }
    print_row(width, titles);
    for (const struct row *r = s->first; r; r = r->next) {
        for (int k = 0; k < N_COLUMNS; k++)
            text[k] = text_of(r, k);
        print_row(width, text);
    }
}

int dt_cli_print_runs(const char *root, bool json)
{
    struct dt_err err = { 0 };
    struct rows s = { .arena = dt_arena_new(0, &err), .list = json ? dt_json_array() : NULL };
    DIR *d = opendir(root ? root : "experiments");

    s.end = &s.first;
    if (!d && root)
        dt_fail(&err, DT_ECHECKPOINT, "%s: %s", root, strerror(errno));
    if (d)
        closedir(d);
    root = root ? root : "experiments";
    if (!err.code && !(dt_rundir_each_kept(root, add_kept, &s) && dt_rundir_each(root, add_run, &s)))
        dt_fail(&err, DT_ENOMEM, "out of memory");
    if (!err.code && !json)
        print_table(&s);
    dt_arena_free(s.arena);
    if (!err.code && json)
        return dt_cli_print_json(s.list);
    dt_json_free(s.list);
    return err.code ? dt_cli_fail(&err) : 0;
}

static int run(const struct dt_args *args)
{
    return dt_cli_print_runs(args->n ? args->operand[0] : NULL, args->json);
}

const struct dt_command dt_cmd_experiments = {
    .name = "experiments",
    .operands = "[DIR]",
    .summary = "what has been run and what came out: kept results, then runs, newest first",
    .flags = "json",
    .min_operands = 0,
    .max_operands = 1,
    .run = run,
};
