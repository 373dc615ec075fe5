#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

const char *test_path(const char *dir, const char *name)
{
    static char path[8][512];
    static int at;
    char *p = path[at++ % 8];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

void test_mkdir(const char *path)
{
    ck_assert_msg(mkdir(path, 0777) == 0, "%s", path);
}

void test_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

void test_gz(const char *path, const void *data, size_t size)
{
    gzFile f = gzopen(path, "wb");

    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_int_eq(gzwrite(f, data, (unsigned)size), (int)size);
    ck_assert_int_eq(gzclose(f), Z_OK);
}

size_t test_read(const char *path, void *out, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    ck_assert_msg(f != NULL, "%s", path);
    n = fread(out, 1, max, f);
    ck_assert_int_eq(fclose(f), 0);
    return n;
}

void test_copy_head(const char *from, const char *to, size_t size)
{
    static uint8_t data[1 << 16];

    ck_assert_uint_ge(test_read(from, data, sizeof(data)), size);
    test_write(to, data, size);
}

size_t test_idx(uint8_t *out, int rank, const int *dim, const uint8_t *body, size_t n_body)
{
    size_t at = 4;

    memcpy(out, (uint8_t[]){ 0, 0, 8, (uint8_t)rank }, 4);
    for (int i = 0; i < rank; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            out[at++] = (uint8_t)((uint32_t)dim[i] >> shift);
    if (n_body)
        memcpy(out + at, body, n_body);
    return at + n_body;
}

static void mnist_half(const char *dir, const char *half, int n, int classes, bool gz)
{
    uint8_t body[4096], file[4200];
    char name[64];
    size_t size;

    for (int i = 0; i < n; i++)
        for (int p = 0; p < 6; p++)
            body[6 * i + p] = (uint8_t)(10 * i + p);
    size = test_idx(file, 3, (int[]){ n, 2, 3 }, body, 6 * (size_t)n);
    snprintf(name, sizeof(name), "%s-images-idx3-ubyte%s", half, gz ? ".gz" : "");
    (gz ? test_gz : test_write)(test_path(dir, name), file, size);
    for (int i = 0; i < n; i++)
        body[i] = (uint8_t)(i % classes);
    size = test_idx(file, 1, &n, body, (size_t)n);
    snprintf(name, sizeof(name), "%s-labels-idx1-ubyte%s", half, gz ? ".gz" : "");
    (gz ? test_gz : test_write)(test_path(dir, name), file, size);
}

void test_mnist(const char *dir, int n_train, int n_test, int classes, bool gz)
{
    mnist_half(dir, "train", n_train, classes, gz);
    mnist_half(dir, "t10k", n_test, classes, gz);
}

uint8_t test_cifar_pixel(int record, int plane, int p)
{
    return (uint8_t)(7 * record + 50 * plane + p + p / 32);
}

void test_cifar(const char *path, int label_bytes, int classes, int first, int n)
{
    uint8_t record[2 + 3072];
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f != NULL, "%s", path);
    for (int i = first; i < first + n; i++) {
        record[0] = 19; /* CIFAR-100: the coarse label */
        record[label_bytes - 1] = (uint8_t)(i % classes);
        for (int k = 0; k < 3072; k++)
            record[label_bytes + k] = test_cifar_pixel(i, k / 1024, k % 1024);
        ck_assert_uint_eq(fwrite(record, (size_t)label_bytes + 3072, 1, f), 1);
    }
    ck_assert_int_eq(fclose(f), 0);
}

void test_cifar10(const char *dir)
{
    char name[32];

    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "data_batch_%d.bin", i + 1);
        test_cifar(test_path(dir, name), 1, 10, 2 * i, 2);
    }
    test_cifar(test_path(dir, "test_batch.bin"), 1, 10, 100, 3);
}

void test_png(const char *path, const uint8_t *pixels, int h, int w, int c)
{
    png_image png = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)w, .height = (png_uint_32)h };

    png.format = c == 1 ? PNG_FORMAT_GRAY : c == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
    ck_assert_msg(png_image_write_to_file(&png, path, 0, pixels, 0, NULL), "%s: %s", path, png.message);
}

void test_jpeg(const char *path, const uint8_t *pixels, int h, int w, int c)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr mgr;
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f != NULL, "%s", path);
    j.err = jpeg_std_error(&mgr);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_height = (JDIMENSION)h;
    j.image_width = (JDIMENSION)w;
    j.input_components = c;
    j.in_color_space = c == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 100, TRUE);
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < h; y++) {
        uint8_t line[3 * 256];
        JSAMPROW row = line;

        ck_assert_int_le(w, 256);
        memcpy(line, pixels + y * w * c, (size_t)(w * c));
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    ck_assert_int_eq(fclose(f), 0);
}

void test_grey_png(const char *path, int h, int w, uint8_t value)
{
    uint8_t pixels[64 * 64];

    ck_assert_int_le(h * w, (int)sizeof(pixels));
    memset(pixels, value, (size_t)(h * w));
    test_png(path, pixels, h, w, 1);
}

void test_class(const char *dir, const char *name, int n, int first)
{
    char path[512], file[600];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    test_mkdir(path);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof(file), "%s/%03d.png", path, i);
        test_grey_png(file, 8, 8, (uint8_t)(first + i));
    }
}

struct dt_data_cfg test_cfg(int dataset, const char *dir)
{
    return (struct dt_data_cfg){
        .dataset = dataset,
        .dir = dir,
        .batch = 4,
        .size = 8,
        .synth = { .train = 40, .test = 12, .classes = 4, .size = 12, .channels = 3, .noise = 0.1 },
    };
}

struct dt_dataset *test_open(const struct dt_data_cfg *cfg, uint64_t seed)
{
    struct dt_err err = { 0 };
    struct dt_dataset *d = dt_dataset_open(cfg, seed, &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(d);
    return d;
}

void test_refused(const struct dt_data_cfg *cfg, const char *text)
{
    struct dt_err err = { 0 };
    struct dt_dataset *d = dt_dataset_open(cfg, 1, &err);

    dt_test_fails(&err, DT_EDATA, text);
    ck_assert_ptr_null(d);
    ck_assert_ptr_null(strchr(err.msg, '\n'));
}
