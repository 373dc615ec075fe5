/* Folder listings in a fixed order: the file system's own order must not decide which image is which. */
#include "data/list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool dt_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_image_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool add(struct dt_list *l, const char *name)
{
    const char **v;
    int cap;

    if (l->n == l->cap) {
        if (l->cap > INT_MAX / 2)
            return false;
        cap = l->cap ? 2 * l->cap : 64;
        v = dt_realloc(l->v, (size_t)cap * sizeof(*v));
        if (!v)
            return false;
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = name;
    return name != NULL;
}

static bool wanted(const char *dir, const char *name, enum dt_list_what what)
{
    char path[PATH_MAX];

    if (name[0] == '.')
        return false;
    if (what == DT_LIST_IMAGES)
        return is_image_name(name);
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return dt_is_folder(path);
}

bool dt_list_dir(const char *path, enum dt_list_what what, struct dt_list *out, struct dt_arena *arena,
                 struct dt_err *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool ok = true;

    if (!dir)
        return dt_fail(err, DT_EDATA, "data.dir: %s: %s; set data.dir to a folder with one sub-folder a class", path,
                       strerror(errno));
    while (ok && (errno = 0, entry = readdir(dir)) != NULL)
        if (wanted(path, entry->d_name, what))
            ok = add(out, dt_arena_printf(arena, "%s", entry->d_name));
    if (!ok)
        dt_fail(err, DT_ENOMEM, "%s: no memory for its %d entries", path, out->n);
    else if (errno)
        ok = dt_fail(err, DT_EDATA, "%s: %s", path, strerror(errno));
    closedir(dir);
    if (ok && out->n)
        qsort(out->v, (size_t)out->n, sizeof(*out->v), by_name);
    return ok;
}

void dt_list_free(struct dt_list *l)
{
    dt_free(l->v);
}
