/* Scaling and cropping. */
#include "data/image.h"
#include "files.h"
#include "suites.h"

#include <string.h>

static void fit(const uint8_t *in, int h, int w, int c, int oh, int ow, uint8_t *out)
{
    static uint8_t copy[1 << 14];
    struct dt_image image = { .h = h, .w = w, .c = c, .pixels = copy };
    struct dt_err err = { 0 };

    ck_assert_int_le(h * w * c, (int)sizeof(copy));
    memcpy(copy, in, (size_t)(h * w * c));
    ck_assert(dt_image_fit(&image, oh, ow, out, &err));
}

START_TEST(test_same_size_is_a_copy)
{
    uint8_t in[5 * 7 * 3], out[5 * 7 * 3];

    for (int i = 0; i < 5 * 7 * 3; i++)
        in[i] = (uint8_t)(91 * i);
    fit(in, 5, 7, 3, 5, 7, out);
    ck_assert_mem_eq(in, out, sizeof(in));
}
END_TEST

/* Only the longer side is cropped, on both ends alike. */
START_TEST(test_crops_the_centre)
{
    uint8_t in[2 * 6], out[4];

    for (int i = 0; i < 12; i++)
        in[i] = (uint8_t)(10 * i);
    fit(in, 2, 6, 1, 2, 2, out);
    ck_assert_mem_eq(out, ((uint8_t[]){ 20, 30, 80, 90 }), 4);
    fit(in, 6, 2, 1, 2, 2, out);
    ck_assert_mem_eq(out, ((uint8_t[]){ 40, 50, 60, 70 }), 4);
}
END_TEST

/* A constant stays what it is, at any size, borders included. */
START_TEST(test_constant)
{
    static const int size[] = { 1, 2, 3, 5, 8, 13, 31, 64 };
    uint8_t in[64 * 64], out[64 * 64];

    memset(in, 201, sizeof(in));
    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++)
            for (int o = 0; o < 8; o++) {
                fit(in, size[a], size[b], 1, size[o], size[o], out);
                for (int i = 0; i < size[o] * size[o]; i++)
                    ck_assert_int_eq(out[i], 201);
            }
}
END_TEST

/* Halving weighs 1 3 3 1; doubling lies a quarter and three quarters between. */
START_TEST(test_weights)
{
    uint8_t in[8] = { 0, 0, 0, 80, 160, 160, 160, 160 }, flat[8 * 8], out[16 * 16];

    for (int i = 0; i < 64; i++)
        flat[i] = in[i % 8];
    fit(flat, 8, 8, 1, 4, 4, out);
    ck_assert_mem_eq(out, ((uint8_t[]){ 0, 50, 150, 160 }), 4);
    fit(flat, 8, 8, 1, 16, 16, out);
    ck_assert_int_eq(out[5], 20);
    ck_assert_int_eq(out[6], 60);
    ck_assert_int_eq(out[7], 100);
}
END_TEST

Suite *suite_resample(void)
{
    Suite *s = suite_create("resample");
    TCase *t = tcase_create("fit");

    tcase_add_test(t, test_same_size_is_a_copy);
    tcase_add_test(t, test_crops_the_centre);
    tcase_add_test(t, test_constant);
    tcase_add_test(t, test_weights);
    suite_add_tcase(s, t);
    return s;
}
