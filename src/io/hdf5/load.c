/* Opening a checkpoint and reading it: hash before parser, guard before reads, exact types and extents. */
#include "io/hdf5/image.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include "io/file.h"

/* ---- the user block -------------------------------------------------------------------------------------------- */

static uint64_t get_le(const uint8_t *from, int bytes)
{
    uint64_t v = 0;

    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)from[i] << 8 * i;
    return v;
}

/* Another checkpoint in the folder of a damaged one: "; an earlier ... may be intact: runs/a/ckpt/best.h5", or "". */
static const char *hint(const char *path, char *buf, size_t size)
{
    const char *slash = strrchr(path, '/'), *own = slash ? slash + 1 : path;
    char dir[1024] = ".";
    struct dirent *e;
    DIR *d;

    buf[0] = '\0';
    if (slash && snprintf(dir, sizeof dir, "%.*s", (int)(own - path), path) >= (int)sizeof dir)
        return buf;
    d = opendir(dir);
    if (!d)
        return buf;
    while (!*buf && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);

        if (n > 3 && !strcmp(e->d_name + n - 3, ".h5") && strcmp(e->d_name, own) != 0)
            snprintf(buf, size, "; an earlier checkpoint of the run may be intact: %.*s%s", (int)(own - path), path,
                     e->d_name);
    }
    closedir(d);
    return buf;
}

static bool check_block(const char *path, const uint8_t *file, size_t size, struct dt_err *err)
{
    uint64_t length, version;
    uint8_t hash[32];
    char other[512];

    if (size <= DT_CKPT_BLOCK)
        return dt_fail(err, DT_ECHECKPOINT, "%s: is too short for a checkpoint: %zu bytes%s", path, size,
                       hint(path, other, sizeof other));
    if (memcmp(file, DT_CKPT_MAGIC, sizeof DT_CKPT_MAGIC - 1) != 0)
        return dt_fail(err, DT_ECHECKPOINT,
                       "%s: is not a checkpoint of dyntrain: it does not begin with " DT_CKPT_MAGIC, path);
    version = get_le(file + DT_CKPT_AT_VERSION, 4);
    if (version != DT_CKPT_VERSION)
        return dt_fail(err, DT_ECHECKPOINT, "%s: has format version %" PRIu64 "; this dyntrain reads version %d%s",
                       path, version, DT_CKPT_VERSION, version > DT_CKPT_VERSION ? ": a newer one is needed" : "");
    length = get_le(file + DT_CKPT_AT_LENGTH, 8);
    if (length != size - DT_CKPT_BLOCK)
        return dt_fail(err, DT_ECHECKPOINT, "%s: is damaged: %zu bytes of content where %" PRIu64 " were written%s",
                       path, size - DT_CKPT_BLOCK, length, hint(path, other, sizeof other));
    for (int i = DT_CKPT_AT_ZEROS; i < DT_CKPT_BLOCK; i++)
        if (file[i])
            return dt_fail(err, DT_ECHECKPOINT, "%s: is damaged: byte %d of its header is not zero%s", path, i,
                           hint(path, other, sizeof other));
    dt_sha256(file + DT_CKPT_BLOCK, size - DT_CKPT_BLOCK, hash);
    if (memcmp(hash, file + DT_CKPT_AT_HASH, sizeof hash) != 0)
        return dt_fail(err, DT_ECHECKPOINT, "%s: is damaged: its SHA-256 does not match%s", path,
                       hint(path, other, sizeof other));
    return true;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static bool open_image(struct dt_ckpt *c, void *image, size_t size)
{
    hid_t access = dt_ckpt_access();
    char name[64];

    if (access >= 0 && H5Pset_file_image(access, image, size) >= 0)
        c->file = H5Fopen(dt_ckpt_file_name(c, name, sizeof name), H5F_ACC_RDONLY, access);
    if (access >= 0)
        H5Pclose(access);
    return c->file >= 0 ? dt_ckpt_scan(c)
                        : dt_fail(&c->err, DT_ECHECKPOINT, "%s: HDF5 cannot read what is in it", c->name);
}

struct dt_ckpt *dt_ckpt_open(const char *path, struct dt_err *err)
{
    struct dt_err why = { .code = DT_OK };
    struct dt_ckpt *c = NULL;
    size_t size;
    char *file = dt_file_read(path, SIZE_MAX / 4, &size, DT_ECHECKPOINT, &why);

    if (!file) {
        dt_fail(err, why.code, "%s: %s", path, why.msg);
        return NULL;
    }
    if (check_block(path, (const uint8_t *)file, size, err))
        c = dt_ckpt_handle(path, err);
    if (c && !open_image(c, file + DT_CKPT_BLOCK, size - DT_CKPT_BLOCK)) {
        dt_fail(err, c->err.code, "%s", c->err.msg);
        dt_ckpt_free(c);
        c = NULL;
    }
    dt_free(file);
    return c;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* "f32 [16,3,3,3]" */
static const char *describe(const struct dt_ckpt_item *item, char *buf, size_t size)
{
    static const char *const name[] = {
        [DT_CKPT_F32] = "f32", [DT_CKPT_F64] = "f64", [DT_CKPT_I64] = "i64", [DT_CKPT_U8] = "u8"
    };
    int n;

    if (item->text) {
        snprintf(buf, size, "a text");
        return buf;
    }
    n = snprintf(buf, size, "%s [", name[item->type]);
    for (int i = 0; i < item->rank; i++)
        n += snprintf(buf + n, size - (size_t)n, "%s%" PRId64, i ? "," : "", item->dims[i]);
    snprintf(buf + n, size - (size_t)n, "]");
    return buf;
}

/* Is it there, and just so? */
static bool matches(struct dt_ckpt *c, const struct dt_ckpt_item *want)
{
    const struct dt_ckpt_item *have = dt_ckpt_find(c, want->path);
    char has[128], expected[128];
    bool same;

    if (!have)
        return dt_fail(&c->err, DT_ECHECKPOINT, "%s: %s is missing", c->name, want->path);
    same = have->text == want->text && have->type == want->type && have->rank == want->rank;
    for (int i = 0; same && i < want->rank; i++)
        same = have->dims[i] == want->dims[i];
    return same || dt_fail(&c->err, DT_ECHECKPOINT, "%s: %s is %s, expected %s", c->name, want->path,
                           describe(have, has, sizeof has), describe(want, expected, sizeof expected));
}

static bool read_dataset(hid_t file, const char *path, hid_t type, void *out)
{
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT), own = -1;
    bool ok;

    if (set < 0)
        return false;
    if (type < 0)
        type = own = H5Dget_type(set); /* a text of whatever padding */
    ok = type >= 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
    if (own >= 0)
        H5Tclose(own);
    H5Dclose(set);
    return ok;
}

void dt_ckpt_get(struct dt_ckpt *c, const char *path, enum dt_ckpt_type type, int rank, const int64_t *dims, void *out)
{
    struct dt_ckpt_item want = { .path = path, .type = type, .rank = rank };

    if (c->err.code != DT_OK)
        return;
    DT_ASSERT(rank >= 0 && rank <= DT_CKPT_MAX_RANK);
    for (int i = 0; i < rank; i++)
        want.dims[i] = dims[i];
    if (!matches(c, &want))
        return;
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0)
            return;
    if (!read_dataset(c->file, path, dt_ckpt_native_type(type), out))
        dt_fail(&c->err, DT_ECHECKPOINT, "%s: %s cannot be read", c->name, path);
}

const char *dt_ckpt_get_text(struct dt_ckpt *c, const char *path, struct dt_arena *arena)
{
    const struct dt_ckpt_item *have;
    char *text, has[128];

    if (c->err.code != DT_OK)
        return NULL;
    have = dt_ckpt_find(c, path);
    if (!have || !have->text) {
        dt_fail(&c->err, DT_ECHECKPOINT, have ? "%s: %s is %s, expected a text" : "%s: %s is missing", c->name, path,
                have ? describe(have, has, sizeof has) : "");
        return NULL;
    }
    text = dt_arena_calloc(arena, (size_t)have->dims[0] + 2, 1);
    if (!text) {
        dt_fail(&c->err, DT_ENOMEM, "%s: out of memory", c->name);
        return NULL;
    }
    if (!read_dataset(c->file, path, -1, text)) {
        dt_fail(&c->err, DT_ECHECKPOINT, "%s: %s cannot be read", c->name, path);
        return NULL;
    }
    return text;
}
