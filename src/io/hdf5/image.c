/* Checkpoints in memory: handle, list of datasets. */
#include "io/hdf5/image.h"

#include <string.h>

/* Called before anything else of HDF5. Its own clean-up at exit crashes after a failed write, its messages are not for
 * our users, and plug-ins would be code from outside. */
static void set_up_hdf5(void)
{
    (void)H5dont_atexit(); /* fails when already called */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

hid_t dt_ckpt_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    if (access >= 0 &&
        (H5Pset_fapl_core(access, 1 << 20, 0) < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0)) {
        H5Pclose(access);
        return -1;
    }
    return access;
}

const char *dt_ckpt_file_name(const struct dt_ckpt *c, char *buf, size_t size)
{
    snprintf(buf, size, "/dev/null/%p", (const void *)c);
    return buf;
}

struct dt_ckpt *dt_ckpt_handle(const char *name, struct dt_err *err)
{
    struct dt_arena *arena = dt_arena_new(1 << 16, err);
    struct dt_ckpt *c = arena ? dt_arena_calloc(arena, 1, sizeof *c) : NULL;

    if (c) {
        c->arena = arena;
        c->file = -1;
        c->name = dt_arena_printf(arena, "%s", name);
    }
    if (!c || !c->name) {
        dt_fail(err, DT_ENOMEM, "%s: out of memory", name);
        dt_arena_free(arena);
        return NULL;
    }
    set_up_hdf5();
    return c;
}

void dt_ckpt_free(struct dt_ckpt *c)
{
    if (!c)
        return;
    if (c->file >= 0)
        H5Fclose(c->file);
    dt_arena_free(c->arena);
}

const struct dt_err *dt_ckpt_err(const struct dt_ckpt *c)
{
    return &c->err;
}

/* ---- types ----------------------------------------------------------------------------------------------------- */

hid_t dt_ckpt_hdf5_type(enum dt_ckpt_type type)
{
    switch (type) {
    case DT_CKPT_F32:
        return H5T_IEEE_F32LE;
    case DT_CKPT_F64:
        return H5T_IEEE_F64LE;
    case DT_CKPT_I64:
        return H5T_STD_I64LE;
    case DT_CKPT_U8:
        return H5T_STD_U8LE;
    }
    return -1;
}

hid_t dt_ckpt_native_type(enum dt_ckpt_type type)
{
    switch (type) {
    case DT_CKPT_F32:
        return H5T_NATIVE_FLOAT;
    case DT_CKPT_F64:
        return H5T_NATIVE_DOUBLE;
    case DT_CKPT_I64:
        return H5T_NATIVE_INT64;
    case DT_CKPT_U8:
        return H5T_NATIVE_UINT8;
    }
    return -1;
}

size_t dt_ckpt_type_bytes(enum dt_ckpt_type type)
{
    static const size_t bytes[] = { [DT_CKPT_F32] = 4, [DT_CKPT_F64] = 8, [DT_CKPT_I64] = 8, [DT_CKPT_U8] = 1 };

    return bytes[type];
}

/* ---- the list -------------------------------------------------------------------------------------------------- */

/* The first item whose path is not before `path`. */
static size_t lower_bound(const struct dt_ckpt *c, const char *path)
{
    size_t low = 0, high = c->n_items;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(c->item[mid]->path, path) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct dt_ckpt_item *dt_ckpt_find(const struct dt_ckpt *c, const char *path)
{
    size_t i = lower_bound(c, path);

    return i < c->n_items && !strcmp(c->item[i]->path, path) ? c->item[i] : NULL;
}

static bool grow(struct dt_ckpt *c)
{
    size_t room = c->room ? 2 * c->room : 256;
    struct dt_ckpt_item **more = dt_arena_calloc(c->arena, room, sizeof *more);

    if (!more)
        return dt_fail(&c->err, DT_ENOMEM, "%s: out of memory", c->name);
    if (c->n_items)
        memcpy(more, c->item, c->n_items * sizeof(*more));
    c->item = more;
    c->room = room;
    return true;
}

bool dt_ckpt_add(struct dt_ckpt *c, const struct dt_ckpt_item *item)
{
    size_t i = lower_bound(c, item->path);
    struct dt_ckpt_item *copy;
    char *path;

    if (i < c->n_items && !strcmp(c->item[i]->path, item->path))
        return dt_fail(&c->err, DT_ECHECKPOINT, "%s: %s is there twice", c->name, item->path);
    if (c->n_items == c->room && !grow(c))
        return false;
    copy = dt_arena_alloc(c->arena, sizeof *copy);
    path = dt_arena_printf(c->arena, "%s", item->path);
    if (!copy || !path)
        return dt_fail(&c->err, DT_ENOMEM, "%s: out of memory", c->name);
    *copy = *item;
    copy->path = path;
    memmove(&c->item[i + 1], &c->item[i], (c->n_items - i) * sizeof *c->item);
    c->item[i] = copy;
    c->n_items++;
    return true;
}

bool dt_ckpt_has(struct dt_ckpt *c, const char *path)
{
    size_t n = strlen(path), i = lower_bound(c, path);

    if (c->err.code != DT_OK)
        return false;
    /* a group is there when something is in it; "/a-b" sorts between "/a" and "/a/b" */
    for (; i < c->n_items && !strncmp(c->item[i]->path, path, n); i++)
        if (c->item[i]->path[n] == '\0' || c->item[i]->path[n] == '/')
            return true;
    return false;
}

bool dt_ckpt_each(struct dt_ckpt *c, bool (*fn)(void *ctx, const struct dt_ckpt_item *item), void *ctx)
{
    for (size_t i = 0; i < c->n_items; i++)
        if (!fn(ctx, c->item[i]))
            return false;
    return true;
}

void dt_hdf5_version(char *buf, size_t size)
{
    unsigned major = 0, minor = 0, patch = 0;

    H5get_libversion(&major, &minor, &patch);
    snprintf(buf, size, "%u.%u.%u", major, minor, patch);
}
