#include "sample.h"

#include <string.h>

struct dt_ckpt *sample_ckpt(void)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_new(&err);
    static const double mean[] = { 0.1, -0.2 };
    static const uint8_t bytes[] = { 0, 127, 255 };
    int64_t step = INT64_MIN + 1;
    float w[2 * 3 * 3 * 4];

    dt_test_ok(&err);
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = (float)i / 7;
    dt_ckpt_put(c, "/model/stem/conv/weight", DT_CKPT_F32, 4, (int64_t[]){ 2, 3, 3, 4 }, w);
    dt_ckpt_put(c, "/model/stem/norm/mean", DT_CKPT_F64, 1, (int64_t[]){ 2 }, mean);
    dt_ckpt_put(c, "/model/stem-2/bytes", DT_CKPT_U8, 1, (int64_t[]){ 3 }, bytes);
    dt_ckpt_put(c, "/loop/step", DT_CKPT_I64, 0, NULL, &step);
    dt_ckpt_put(c, "/loop/none", DT_CKPT_F32, 2, (int64_t[]){ 0, 5 }, NULL);
    dt_ckpt_put_text(c, "/config", "name: caf\xc3\xa9\n");
    dt_ckpt_put_text(c, "/empty", "");
    dt_test_ok(dt_ckpt_err(c));
    return c;
}

void save_sample(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = sample_ckpt();
    enum dt_code code = dt_ckpt_save(c, path, &err);

    dt_test_ok(&err);
    ck_assert_int_eq(code, DT_OK);
    dt_ckpt_free(c);
}

struct dt_ckpt *open_good(const char *path)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_open(path, &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(c);
    return c;
}

void write_with_block(const char *path, const void *image, size_t size)
{
    char *file = dt_calloc(512 + size, 1);

    ck_assert_ptr_nonnull(file);
    memcpy(file, "DYNTCKPT\1", 9);
    for (int i = 0; i < 8; i++)
        file[12 + i] = (char)(size >> 8 * i);
    dt_sha256(image, size, (uint8_t *)file + 20);
    memcpy(file + 512, image, size);
    write_bytes(path, file, 512 + size);
    dt_free(file);
}
