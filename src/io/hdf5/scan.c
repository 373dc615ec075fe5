/* The guard before any read: a file with a valid hash may still be made to harm (HDF5 can point a dataset at other
 * files of the machine, CVE-2026-1669; claim extents of terabytes; ask for filters). So what is read is only what
 * dt_ckpt_put writes, checked link by link. */
#include "io/hdf5/image.h"

#include <string.h>

enum { MAX_DEPTH = 32, MAX_LINKS = 100000, MAX_TEXT = 64 << 20, PATH_BYTES = 1024 };

struct scan {
    struct dt_ckpt *c;
    char path[PATH_BYTES];
    int depth, n_links;
};

static bool refuse(struct scan *s, const char *what)
{
    return dt_fail(&s->c->err, DT_ECHECKPOINT, "%s: %.200s: %s; no checkpoint of dyntrain has such a thing", s->c->name,
                   s->path, what);
}

/* ---- one dataset ----------------------------------------------------------------------------------------------- */

/* NULL: all is well. */
static const char *check_layout(hid_t set)
{
    hid_t create = H5Dget_create_plist(set);
    const char *wrong = NULL;

    if (create < 0)
        return "its properties cannot be read";
    if (H5Pget_layout(create) != H5D_CONTIGUOUS)
        wrong = "a layout that is not contiguous";
    else if (H5Pget_external_count(create) != 0)
        wrong = "data in an external file";
    else if (H5Pget_nfilters(create) != 0)
        wrong = "data behind filters";
    H5Pclose(create);
    return wrong;
}

static const char *check_type(hid_t set, struct dt_ckpt_item *item, size_t *bytes)
{
    static const enum dt_ckpt_type known[] = { DT_CKPT_F32, DT_CKPT_F64, DT_CKPT_I64, DT_CKPT_U8 };
    hid_t type = H5Dget_type(set);
    bool found = false;

    if (type < 0)
        return "its type cannot be read";
    if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0) {
        item->type = DT_CKPT_U8;
        item->text = found = true;
        *bytes = H5Tget_size(type);
    } else {
        for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
            if (H5Tequal(type, dt_ckpt_hdf5_type(known[i])) > 0) {
                item->type = known[i];
                found = true;
                *bytes = dt_ckpt_type_bytes(known[i]);
            }
    }
    H5Tclose(type);
    return found ? NULL : "a type that is none of f32, f64, i64, u8 and text";
}

static const char *check_extent(hid_t set, struct dt_ckpt_item *item, size_t bytes)
{
    hid_t space = H5Dget_space(set);
    hsize_t dims[DT_CKPT_MAX_RANK] = { 0 }, most[DT_CKPT_MAX_RANK];
    size_t total = bytes;
    const char *wrong = NULL;
    H5S_class_t kind;
    int rank;

    if (space < 0)
        return "its extents cannot be read";
    kind = H5Sget_simple_extent_type(space);
    rank = H5Sget_simple_extent_ndims(space);
    if ((kind != H5S_SCALAR && kind != H5S_SIMPLE) || rank < 0 || rank > DT_CKPT_MAX_RANK ||
        H5Sget_simple_extent_dims(space, dims, most) != rank || (item->text && rank != 0))
        wrong = "extents that are not those of a tensor";
    H5Sclose(space);
    if (wrong)
        return wrong;
    item->rank = rank;
    for (int i = 0; i < rank; i++) {
        if (dims[i] > INT64_MAX || !dt_mul_size(total, (size_t)dims[i], &total))
            return "extents beyond all measure";
        item->dims[i] = (int64_t)dims[i];
    }
    if (H5Dget_storage_size(set) != total || (item->text && total > MAX_TEXT))
        return "extents that do not match what is stored";
    if (item->text) {
        item->rank = 1;
        item->dims[0] = (int64_t)bytes - 1;
    }
    return NULL;
}

static bool scan_dataset(struct scan *s, hid_t set)
{
    struct dt_ckpt_item item = { .path = s->path };
    const char *wrong = check_layout(set);
    size_t bytes = 0;

    if (!wrong)
        wrong = check_type(set, &item, &bytes);
    if (!wrong)
        wrong = check_extent(set, &item, bytes);
    return wrong ? refuse(s, wrong) : dt_ckpt_add(s->c, &item);
}

/* ---- the tree -------------------------------------------------------------------------------------------------- */

static herr_t on_link(hid_t group, const char *name, const H5L_info_t *info, void *ctx);

static bool scan_group(struct scan *s, hid_t group)
{
    bool ok;

    if (s->depth == MAX_DEPTH)
        return refuse(s, "groups nested deeper than 32");
    s->depth++;
    ok = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, on_link, s) >= 0 && s->c->err.code == DT_OK;
    s->depth--;
    return ok || refuse(s, "the group cannot be read");
}

static bool scan_link(struct scan *s, hid_t group, const char *name, H5L_type_t kind)
{
    hid_t object;
    bool ok;

    if (++s->n_links > MAX_LINKS)
        return refuse(s, "more than 100000 links");
    if (kind != H5L_TYPE_HARD)
        return refuse(s, "a soft or external link");
    object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0)
        return refuse(s, "the object cannot be opened");
    switch (H5Iget_type(object)) {
    case H5I_DATASET:
        ok = scan_dataset(s, object);
        break;
    case H5I_GROUP:
        ok = scan_group(s, object);
        break;
    default:
        ok = refuse(s, "neither a group nor a dataset");
    }
    H5Oclose(object);
    return ok;
}

static herr_t on_link(hid_t group, const char *name, const H5L_info_t *info, void *ctx)
{
    struct scan *s = ctx;
    size_t n = strlen(s->path);
    bool ok;

    if (snprintf(s->path + n, sizeof s->path - n, "/%s", name) >= (int)(sizeof s->path - n))
        ok = refuse(s, "the path is too long");
    else
        ok = scan_link(s, group, name, info->type);
    s->path[n] = '\0';
    return ok ? 0 : -1;
}

bool dt_ckpt_scan(struct dt_ckpt *c)
{
    struct scan s = { .c = c };
    hid_t root = H5Gopen2(c->file, "/", H5P_DEFAULT);
    bool ok;

    if (root < 0)
        return refuse(&s, "the root group cannot be opened");
    ok = scan_group(&s, root);
    H5Gclose(root);
    return ok;
}
