/* A checkpoint: all items, and what describe.c makes of /data. With a first byte of 0 the rest is the file, and nearly
 * always refused by its checksum. Otherwise the rest is what lies behind the header, which is made to fit: hostile
 * content with a valid checksum. */
#include "fuzz.h"

#include <dyntrain/io.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5/image.h"
#include "train/loop.h"

enum { MOST = 1 << 24 };

static bool read_item(void *ctx, const struct dt_ckpt_item *item)
{
    static const int64_t bytes[] = { [DT_CKPT_F32] = 4, [DT_CKPT_F64] = 8, [DT_CKPT_I64] = 8, [DT_CKPT_U8] = 1 };
    struct dt_ckpt *c = ctx;
    int64_t size = bytes[item->type];
    void *out;

    for (int i = 0; i < item->rank; i++)
        if (item->dims[i] > MOST || (size *= item->dims[i]) > MOST)
            return true;
    out = malloc((size_t)size + 1);
    if (out && !item->text)
        dt_ckpt_get(c, item->path, item->type, item->rank, item->dims, out);
    free(out);
    return true;
}

static bool read_text(void *ctx, const struct dt_ckpt_item *item)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);

    if (item->text)
        dt_ckpt_get_text(ctx, item->path, arena);
    dt_arena_free(arena);
    return true;
}

static void read_data(struct dt_ckpt *c)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_data_info info = { .classes = 0 };

    if (arena && dt_ckpt_has(c, "/data/shape") && dt_describe_get(c, "last.h5", arena, &info, &err))
        fuzz_accepted += info.classes > 0 && *info.class_names[info.classes - 1];
    dt_arena_free(arena);
}

static void put_le(uint8_t *to, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

static const char *forged(const uint8_t *image, size_t size)
{
    uint8_t *file = calloc(1, DT_CKPT_BLOCK + size);
    const char *path;

    if (!file)
        abort();
    memcpy(file, DT_CKPT_MAGIC, sizeof DT_CKPT_MAGIC - 1);
    put_le(file + DT_CKPT_AT_VERSION, DT_CKPT_VERSION, 4);
    put_le(file + DT_CKPT_AT_LENGTH, size, 8);
    if (size)
        memcpy(file + DT_CKPT_BLOCK, image, size);
    dt_sha256(file + DT_CKPT_BLOCK, size, file + DT_CKPT_AT_HASH);
    path = fuzz_file("last.h5", file, DT_CKPT_BLOCK + size);
    free(file);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c;

    if (size == 0)
        return 0;
    dt_log_level(DT_QUIET);
    c = dt_ckpt_open(data[0] ? forged(data + 1, size - 1) : fuzz_file("last.h5", data + 1, size - 1), &err);
    if (!c)
        return 0;
    dt_ckpt_each(c, read_item, c);
    dt_ckpt_each(c, read_text, c);
    read_data(c);
    fuzz_accepted += dt_ckpt_err(c)->code == DT_OK;
    dt_ckpt_free(c);
    return 0;
}
