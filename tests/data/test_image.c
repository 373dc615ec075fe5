/* PNG and JPEG decoding, and damaged files of both. */
#include "data/image.h"
#include "files.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static char dir[256];

static void setup(void)
{
    dt_test_mkdir(dir);
}

static void teardown(void)
{
    dt_test_rmdir(dir);
}

static void fill(uint8_t *p, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(37 * i + i / 7);
}

static void refused(const char *path, const char *text)
{
    struct dt_err err = { 0 };
    uint8_t out[8 * 8 * 3];

    ck_assert(!dt_image_load(path, 8, 8, 3, out, &err));
    dt_test_fails(&err, DT_EDATA, text);
    dt_test_fails(&err, DT_EDATA, path);
}

START_TEST(test_png_exact)
{
    const char *path = test_path(dir, "a.png");
    struct dt_err err = { 0 };
    uint8_t in[8 * 8 * 3], out[8 * 8 * 3];

    fill(in, sizeof(in));
    test_png(path, in, 8, 8, 3);
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err));
    ck_assert_mem_eq(in, out, sizeof(in));
    test_png(path, in, 8, 8, 1);
    ck_assert(dt_image_load(path, 8, 8, 1, out, &err));
    ck_assert_mem_eq(in, out, 64);
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err)); /* grey to RGB */
    for (int i = 0; i < 64 * 3; i++)
        ck_assert_int_eq(out[i], in[i / 3]);
}
END_TEST

START_TEST(test_png_transparent_is_black)
{
    const char *path = test_path(dir, "a.png");
    struct dt_err err = { 0 };
    uint8_t in[8 * 8 * 4], out[8 * 8 * 3];

    for (int i = 0; i < 64; i++)
        memcpy(in + 4 * i, (uint8_t[]){ 10, 200, 90, i < 32 ? 255 : 0 }, 4);
    test_png(path, in, 8, 8, 4);
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err));
    ck_assert_int_eq(out[1], 200);
    ck_assert_int_eq(out[3 * 40 + 1], 0);
}
END_TEST

START_TEST(test_jpeg_near)
{
    const char *path = test_path(dir, "a.jpg");
    struct dt_err err = { 0 };
    uint8_t in[8 * 8 * 3], out[8 * 8 * 3];

    for (int i = 0; i < 8 * 8 * 3; i++)
        in[i] = (uint8_t)(60 + 40 * (i % 3) + i / 24 * 5);
    test_jpeg(path, in, 8, 8, 3);
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err));
    for (int i = 0; i < 8 * 8 * 3; i++)
        ck_assert_int_le(abs(in[i] - out[i]), 3);
    test_jpeg(path, in, 8, 8, 1);
    ck_assert(dt_image_load(path, 8, 8, 1, out, &err));
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err)); /* grey to RGB */
    ck_assert_int_eq(out[0], out[1]);
    ck_assert_int_eq(out[0], out[2]);
}
END_TEST

/* A large JPEG is decoded at a fraction of its size. */
START_TEST(test_jpeg_reduced)
{
    const char *path = test_path(dir, "a.jpg");
    static uint8_t in[128 * 96 * 3];
    struct dt_err err = { 0 };
    struct dt_image image = { .c = 3 };
    uint8_t out[8 * 8 * 3];
    FILE *f;

    for (int i = 0; i < 128 * 96 * 3; i++)
        in[i] = (uint8_t)(i / 3 % 96 < 48 ? 40 : 210); /* left half dark */
    test_jpeg(path, in, 128, 96, 3);
    f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    ck_assert(dt_jpeg_read(f, path, 20, &image, &err));
    fclose(f);
    ck_assert_int_eq(image.h, 32); /* a quarter: an eighth would leave 12 columns */
    ck_assert_int_eq(image.w, 24);
    dt_free(image.pixels);
    ck_assert(dt_image_load(path, 8, 8, 3, out, &err));
    ck_assert_int_le(abs(out[3 * 8] - 40), 3);
    ck_assert_int_le(abs(out[3 * 15] - 210), 3);
}
END_TEST

START_TEST(test_not_images)
{
    char path[512];

    snprintf(path, sizeof(path), "%s", test_path(dir, "a.png"));
    refused(path, "No such file or directory");
    test_write(path, "", 0);
    refused(path, "the file is empty; remove it or get it again");
    test_write(path, "GIF89a  ", 8);
    refused(path, "neither a PNG nor a JPEG file");
    refused(dir, "Is a directory");
}
END_TEST

START_TEST(test_channels)
{
    struct dt_err err = { 0 };
    uint8_t out[8 * 8 * 4];

    test_grey_png(test_path(dir, "a.png"), 8, 8, 1);
    ck_assert(!dt_image_load(test_path(dir, "a.png"), 8, 8, 4, out, &err));
    dt_test_fails(&err, DT_EDATA, "images are read with 1 or 3 channels, the data set has 4");
}
END_TEST

/* Cut short anywhere, or with a byte changed, a file is refused by name. */
START_TEST(test_truncated)
{
    char png[512], jpeg[512], cut[512];
    uint8_t in[8 * 8 * 3], data[4096];
    size_t size;

    fill(in, sizeof(in));
    snprintf(png, sizeof(png), "%s/a.png", dir);
    snprintf(jpeg, sizeof(jpeg), "%s/a.jpg", dir);
    snprintf(cut, sizeof(cut), "%s/cut.jpg", dir);
    test_png(png, in, 8, 8, 3);
    size = test_read(png, data, sizeof(data));
    for (size_t n = 8; n < size - 12; n += 3) { /* the last chunk is empty */
        test_write(cut, data, n);
        refused(cut, "damaged PNG: ");
    }
    data[size / 2] ^= 1;
    test_write(cut, data, size);
    refused(cut, "damaged PNG: ");
    test_jpeg(jpeg, in, 8, 8, 3);
    size = test_read(jpeg, data, sizeof(data));
    for (size_t n = 3; n < size; n += 5) {
        test_write(cut, data, n);
        refused(cut, "damaged JPEG: ");
    }
    data[size / 4] = 0xff; /* in the tables */
    data[size / 4 + 1] = 0xd8;
    test_write(cut, data, size);
    refused(cut, "damaged JPEG: ");
}
END_TEST

/* A header that claims 60000 x 60000 pixels is refused before memory is asked for. */
START_TEST(test_huge_claims)
{
    char path[512];
    uint8_t in[8 * 8 * 3], data[4096];
    size_t size;

    fill(in, sizeof(in));
    snprintf(path, sizeof(path), "%s/a.jpg", dir);
    test_jpeg(path, in, 8, 8, 3);
    size = test_read(path, data, sizeof(data));
    for (size_t i = 0; i + 9 < size; i++)
        if (data[i] == 0xff && data[i + 1] == 0xc0)
            memcpy(data + i + 5, (uint8_t[]){ 0xea, 0x60, 0xea, 0x60 }, 4);
    test_write(path, data, size);
    refused(path, "60000 x 60000 pixels, at most 16384 a side and 67108864 in all are read");
}
END_TEST

Suite *suite_image(void)
{
    Suite *s = suite_create("image");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_png_exact);
    tcase_add_test(t, test_png_transparent_is_black);
    tcase_add_test(t, test_jpeg_near);
    tcase_add_test(t, test_jpeg_reduced);
    tcase_add_test(t, test_not_images);
    tcase_add_test(t, test_channels);
    tcase_add_test(t, test_truncated);
    tcase_add_test(t, test_huge_claims);
    suite_add_tcase(s, t);
    return s;
}
