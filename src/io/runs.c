/* Finding runs: the folders below a root that are called like one, newest first. */
#include <dyntrain/io.h>

#include <dirent.h>
#include <string.h>
#include <unistd.h>
#include <stdlib.h>

enum { PATH_BYTES = 1024, STAMP = 16 /* "YYYYmmdd-HHMMSS-" */ };

struct runs {
    struct dt_arena *arena;
    const char **path;
    size_t n, room;
    bool failed; /* out of memory */
};

/* "20250131-235959-1", "20250131-235959-1-2" */
static bool is_run_name(const char *s)
{
    for (int i = 0; i < STAMP; i++)
        if (i == 8 || i == 15 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
            return false;
    return s[STAMP] != '\0';
}

static const char *last_part(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* By stamp; within a second "-10" comes after "-9". */
static int newest_first(const void *a, const void *b)
{
    const char *x = last_part(*(const char *const *)a), *y = last_part(*(const char *const *)b);
    int order = strncmp(y, x, STAMP);

    if (order == 0)
        order = (strlen(y) > strlen(x)) - (strlen(y) < strlen(x));
    return order ? order : strcmp(y, x);
}

static void add(struct runs *r, const char *path)
{
    if (r->n == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        const char **more = dt_arena_calloc(r->arena, room, sizeof *more);

        if (!more) {
            r->failed = true;
            return;
        }
        if (r->n)
            memcpy(more, r->path, r->n * sizeof *more);
        r->path = more;
        r->room = room;
    }
    r->path[r->n] = dt_arena_printf(r->arena, "%s", path);
    if (r->path[r->n])
        r->n++;
    else
        r->failed = true;
}

static void collect(struct runs *r, const char *parent)
{
    char path[PATH_BYTES];
    DIR *d = opendir(parent);
    struct dirent *e;

    if (!d)
        return;
    while ((e = readdir(d)) != NULL)
        if (is_run_name(e->d_name) && snprintf(path, sizeof path, "%s/%s", parent, e->d_name) < (int)sizeof path)
            add(r, path);
    closedir(d);
}

static void collect_all(struct runs *r, const char *root)
{
    char path[PATH_BYTES];
    DIR *d = opendir(root);
    struct dirent *e;

    if (!d)
        return;
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", root, e->d_name) < (int)sizeof path)
            collect(r, path);
    closedir(d);
}

/* name NULL: of all names. False: out of memory. */
static bool find_runs(struct runs *r, const char *root, const char *name)
{
    struct dt_err err = { .code = DT_OK };
    char path[PATH_BYTES];

    *r = (struct runs){ .arena = dt_arena_new(1 << 16, &err) };
    if (!r->arena)
        return false;
    if (!name)
        collect_all(r, root);
    else if (snprintf(path, sizeof path, "%s/%s", root, name) < (int)sizeof path)
        collect(r, path);
    if (r->n)
        qsort(r->path, r->n, sizeof *r->path, newest_first);
    return !r->failed;
}

static bool has_hash(const char *run, const char *config_hash)
{
    struct dt_err ignored = { .code = DT_OK }; /* a run without a readable run.json is not the one */
    char path[PATH_BYTES];
    struct dt_json *j;
    bool same;

    if (snprintf(path, sizeof path, "%s/run.json", run) >= (int)sizeof path)
        return false;
    j = dt_json_read(path, &ignored);
    same = !strcmp(dt_json_get_str(j, "config_hash", ""), config_hash);
    dt_json_free(j);
    return same;
}

static bool is_finished(const char *run)
{
    char result[PATH_BYTES];

    return snprintf(result, sizeof result, "%s/result.json", run) < (int)sizeof result && access(result, F_OK) == 0;
}

bool dt_rundir_find(const char *root, const char *name, const char *config_hash, char *path, size_t size,
                    bool *finished)
{
    struct runs r;
    bool found = false;

    *finished = false;
    if (find_runs(&r, root, name))
        for (size_t i = 0; i < r.n && !*finished; i++) {
            bool is = is_finished(r.path[i]);

            if ((found && !is) || strlen(r.path[i]) >= size || !has_hash(r.path[i], config_hash))
                continue;
            snprintf(path, size, "%s", r.path[i]);
            found = true;
            *finished = is;
        }
    dt_arena_free(r.arena);
    return found;
}

/* Frees r. */
static bool call_each(struct runs *r, bool ok, bool (*fn)(void *ctx, const char *path), void *ctx)
{
    for (size_t i = 0; ok && i < r->n; i++)
        ok = fn(ctx, r->path[i]);
    dt_arena_free(r->arena);
    return ok;
}

bool dt_rundir_each(const char *root, bool (*fn)(void *ctx, const char *path), void *ctx)
{
    struct runs r;
    bool ok = find_runs(&r, root, NULL);

    return call_each(&r, ok, fn, ctx);
}

/* ---- kept results ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool dt_rundir_each_kept(const char *root, bool (*fn)(void *ctx, const char *path), void *ctx)
{
    struct dt_err err = { .code = DT_OK };
    struct runs r = { .arena = dt_arena_new(1 << 16, &err) };
    char path[PATH_BYTES];
    DIR *d = opendir(root);
    struct dirent *e;

    while (r.arena && d && (e = readdir(d)) != NULL) {
        int n = snprintf(path, sizeof path, "%s/%s/result.json", root, e->d_name);

        if (e->d_name[0] == '.' || n >= (int)sizeof path || access(path, F_OK) != 0)
            continue;
        path[n - (int)strlen("/result.json")] = '\0';
        add(&r, path);
    }
    if (d)
        closedir(d);
    if (r.n)
        qsort(r.path, r.n, sizeof *r.path, by_name);
    return call_each(&r, r.arena && !r.failed, fn, ctx);
}
