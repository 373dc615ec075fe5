/* Building a checkpoint and writing it. The same content makes the same bytes: no time stamps, fixed little-endian
 * types, the order of the calls. */
#include "io/hdf5/image.h"

#include <string.h>

#include "io/file.h"

static bool store_failed(struct dt_ckpt *c, const char *path)
{
    /* in memory there is nothing else that can go wrong */
    return dt_fail(&c->err, DT_ENOMEM, "%s: %s: HDF5 could not store it: out of memory", c->name, path);
}

/* ---- one dataset ----------------------------------------------------------------------------------------------- */

/* Creates it, with the groups above, and writes it. */
static bool write_dataset(hid_t file, const char *path, hid_t file_type, hid_t space, hid_t memory_type,
                          const void *data)
{
    hid_t link = H5Pcreate(H5P_LINK_CREATE), create = H5Pcreate(H5P_DATASET_CREATE), set = -1;
    bool ok = link >= 0 && create >= 0 && H5Pset_create_intermediate_group(link, 1) >= 0 &&
              H5Pset_obj_track_times(create, false) >= 0;

    if (ok)
        set = H5Dcreate2(file, path, file_type, space, link, create, H5P_DEFAULT);
    ok = set >= 0 && (!data || H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    if (set >= 0)
        ok = H5Dclose(set) >= 0 && ok;
    if (create >= 0)
        H5Pclose(create);
    if (link >= 0)
        H5Pclose(link);
    return ok;
}

/* Everything a path can be wrong in is the caller's mistake. */
static void check_path(const char *path)
{
    DT_ASSERT(path[0] == '/' && path[1] != '\0' && path[strlen(path) - 1] != '/' && !strstr(path, "//"));
}

void dt_ckpt_put(struct dt_ckpt *c, const char *path, enum dt_ckpt_type type, int rank, const int64_t *dims,
                 const void *data)
{
    struct dt_ckpt_item item = { .path = path, .type = type, .rank = rank };
    hsize_t extent[DT_CKPT_MAX_RANK];
    bool is_empty = false, ok;
    hid_t space;

    if (c->err.code != DT_OK)
        return;
    check_path(path);
    DT_ASSERT(rank >= 0 && rank <= DT_CKPT_MAX_RANK);
    for (int i = 0; i < rank; i++) {
        DT_ASSERT(dims[i] >= 0);
        item.dims[i] = dims[i];
        extent[i] = (hsize_t)dims[i];
        is_empty = is_empty || dims[i] == 0;
    }
    if (!dt_ckpt_add(c, &item))
        return;
    space = rank ? H5Screate_simple(rank, extent, NULL) : H5Screate(H5S_SCALAR);
    ok = space >= 0 && write_dataset(c->file, path, dt_ckpt_hdf5_type(type), space, dt_ckpt_native_type(type),
                                     is_empty ? NULL : data);
    if (space >= 0)
        H5Sclose(space);
    if (!ok)
        store_failed(c, path);
}

void dt_ckpt_put_text(struct dt_ckpt *c, const char *path, const char *text)
{
    struct dt_ckpt_item item = { .path = path, .type = DT_CKPT_U8, .text = true, .rank = 1 };
    hid_t type = -1, space = -1;
    bool ok;

    if (c->err.code != DT_OK)
        return;
    check_path(path);
    item.dims[0] = (int64_t)strlen(text);
    if (!dt_ckpt_add(c, &item))
        return;
    type = H5Tcopy(H5T_C_S1);
    space = H5Screate(H5S_SCALAR);
    ok = type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
         write_dataset(c->file, path, type, space, type, text);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (!ok)
        store_failed(c, path);
}

/* ---- a new one ------------------------------------------------------------------------------------------------- */

/* An attribute of the root that says what this is to someone who finds the file. */
static bool put_format(hid_t file)
{
    static const char format[] = "dyntrain-checkpoint";
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attr = -1;
    int64_t version = DT_CKPT_VERSION;
    bool ok = type >= 0 && space >= 0 && H5Tset_size(type, sizeof format) >= 0;

    if (ok)
        attr = H5Acreate2(file, "format", type, space, H5P_DEFAULT, H5P_DEFAULT);
    ok = attr >= 0 && H5Awrite(attr, type, format) >= 0;
    if (attr >= 0)
        H5Aclose(attr);
    attr = ok ? H5Acreate2(file, "format_version", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    ok = attr >= 0 && H5Awrite(attr, H5T_NATIVE_INT64, &version) >= 0;
    if (attr >= 0)
        H5Aclose(attr);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return ok;
}

struct dt_ckpt *dt_ckpt_new(struct dt_err *err)
{
    struct dt_ckpt *c = dt_ckpt_handle("checkpoint", err);
    hid_t access, create;
    char name[64];

    if (!c)
        return NULL;
    access = dt_ckpt_access();
    create = H5Pcreate(H5P_FILE_CREATE);
    if (access >= 0 && create >= 0 && H5Pset_obj_track_times(create, false) >= 0)
        c->file = H5Fcreate(dt_ckpt_file_name(c, name, sizeof name), H5F_ACC_TRUNC, create, access);
    if (create >= 0)
        H5Pclose(create);
    if (access >= 0)
        H5Pclose(access);
    if (c->file >= 0 && put_format(c->file))
        return c;
    dt_fail(err, DT_ENOMEM, "checkpoint: HDF5 could not begin one: out of memory");
    dt_ckpt_free(c);
    return NULL;
}

/* ---- to a file ------------------------------------------------------------------------------------------------- */

static void put_le(uint8_t *to, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

/* The image as HDF5 would have written it; dt_free() it. NULL: out of memory. */
static void *take_image(hid_t file, size_t *size)
{
    ssize_t n = H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(file, NULL, 0);
    void *image = n > 0 ? dt_malloc((size_t)n) : NULL;

    if (image && H5Fget_file_image(file, image, (size_t)n) != n) {
        dt_free(image);
        return NULL;
    }
    *size = (size_t)n;
    return image;
}

enum dt_code dt_ckpt_save(struct dt_ckpt *c, const char *path, struct dt_err *err)
{
    uint8_t block[DT_CKPT_BLOCK] = DT_CKPT_MAGIC;
    enum dt_code code;
    size_t size;
    void *image;

    if (c->err.code != DT_OK) {
        dt_fail(err, c->err.code, "%s: not written: %s", path, c->err.msg);
        return err->code;
    }
    image = take_image(c->file, &size);
    if (!image) {
        dt_fail(err, DT_ENOMEM, "%s: not written: out of memory", path);
        return err->code;
    }
    put_le(block + DT_CKPT_AT_VERSION, DT_CKPT_VERSION, 4);
    put_le(block + DT_CKPT_AT_LENGTH, size, 8);
    dt_sha256(image, size, block + DT_CKPT_AT_HASH);
    code =
        dt_file_replace(path, (struct dt_piece[]){ { block, sizeof block }, { image, size } }, 2, DT_ECHECKPOINT, err);
    dt_free(image);
    return code;
}
