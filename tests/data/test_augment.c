/* Augmentation: what is drawn, and what is done. */
#include "data/augment.h"
#include "suites.h"
#include "support.h"

#include <string.h>

enum { DRAWS = 18000, PAD = 4 };

static struct dt_augment draw(const struct dt_augment_cfg *cfg, uint32_t epoch, uint32_t id)
{
    struct dt_rng rng = dt_rng_at(11, DT_STREAM_AUGMENT, epoch, id);

    return dt_augment_draw(cfg, 32, 24, &rng);
}

/* Offsets are uniform in -4 .. 4 in both directions, half of the images are flipped, centres cover the image; every
 * count within 5 deviations. */
START_TEST(test_statistics)
{
    struct dt_augment_cfg cfg = { PAD, true, 8 };
    int dy[9] = { 0 }, dx[9] = { 0 }, cy[32] = { 0 }, cx[24] = { 0 }, flips = 0, both = 0;

    for (uint32_t i = 0; i < DRAWS; i++) {
        struct dt_augment a = draw(&cfg, 0, i);

        ck_assert(a.dy >= -PAD && a.dy <= PAD && a.dx >= -PAD && a.dx <= PAD);
        ck_assert(a.cut == 8 && a.cut_y >= 0 && a.cut_y < 32 && a.cut_x >= 0 && a.cut_x < 24);
        dy[a.dy + PAD]++;
        dx[a.dx + PAD]++;
        cy[a.cut_y]++;
        cx[a.cut_x]++;
        flips += a.flip;
        both += a.dy == a.dx;
    }
    for (int k = 0; k < 9; k++) {
        ck_assert(dy[k] > 1790 && dy[k] < 2210); /* 2000, deviation 42 */
        ck_assert(dx[k] > 1790 && dx[k] < 2210);
    }
    for (int k = 0; k < 24; k++)
        ck_assert(cx[k] > 616 && cx[k] < 884); /* 750, deviation 27 */
    for (int k = 0; k < 32; k++)
        ck_assert(cy[k] > 446 && cy[k] < 679); /* 562.5, deviation 23 */
    ck_assert(flips > 8665 && flips < 9335);   /* 9000, deviation 67 */
    ck_assert(both > 1790 && both < 2210);     /* independent */
}
END_TEST

START_TEST(test_pure)
{
    struct dt_augment_cfg cfg = { PAD, true, 8 };
    int epochs = 0;

    for (uint32_t i = 0; i < 100; i++) {
        struct dt_augment a = draw(&cfg, 3, i), b = draw(&cfg, 3, i), c = draw(&cfg, 4, i);

        ck_assert(a.dy == b.dy && a.dx == b.dx && a.flip == b.flip && a.cut_y == b.cut_y && a.cut_x == b.cut_x);
        epochs += a.dy != c.dy || a.dx != c.dx || a.flip != c.flip;
    }
    ck_assert_int_gt(epochs, 90);
}
END_TEST

START_TEST(test_off)
{
    struct dt_augment_cfg cfg = { 0 };
    struct dt_augment a = draw(&cfg, 0, 0);

    ck_assert(a.dy == 0 && a.dx == 0 && !a.flip && a.cut == 0);
}
END_TEST

/* Pixel by pixel, as it is defined: pad with zeros, crop, flip, cut. */
static dt_real expected(const struct dt_augment *a, const dt_real table[4][256], int h, int w, int c, const uint8_t *in,
                        int y, int x, int k)
{
    int from_y = y + a->dy, from_x = (a->flip ? w - 1 - x : x) + a->dx;
    int top = a->cut_y - a->cut / 2, left = a->cut_x - a->cut / 2;

    if (y >= top && y < top + a->cut && x >= left && x < left + a->cut)
        return 0;
    if (from_y < 0 || from_y >= h || from_x < 0 || from_x >= w)
        return 0;
    return table[k][in[(from_y * w + from_x) * c + k]];
}

START_TEST(test_apply)
{
    enum { H = 7, W = 5 };
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    uint8_t in[H * W * 4];
    dt_real table[4][256], out[H * W * 4];
    const dt_real(*lookup)[256] = (const dt_real(*)[256])table;

    for (int i = 0; i < 4 * 256; i++)
        table[i / 256][i % 256] = (dt_real)(i + 1);
    for (int trial = 0; trial < 4000; trial++) {
        int c = 1 + trial % 4;
        struct dt_augment a = { .flip = dt_rng_below(&rng, 2) == 1 };

        a.dy = (int)dt_rng_below(&rng, 19) - 9; /* farther than the image is wide */
        a.dx = (int)dt_rng_below(&rng, 19) - 9;
        a.cut = (int)dt_rng_below(&rng, 9);
        a.cut_y = (int)dt_rng_below(&rng, H);
        a.cut_x = (int)dt_rng_below(&rng, W);
        for (int i = 0; i < H * W * c; i++) {
            in[i] = (uint8_t)dt_rng_u32(&rng);
            out[i] = -1;
        }
        dt_augment_apply(&a, lookup, H, W, c, in, out);
        for (int i = 0; i < H * W * c; i++)
            ck_assert(out[i] == expected(&a, lookup, H, W, c, in, i / c / W, i / c % W, i % c));
    }
}
END_TEST

Suite *suite_augment(void)
{
    Suite *s = suite_create("augment");
    TCase *t = tcase_create("augment");

    tcase_add_test(t, test_statistics);
    tcase_add_test(t, test_pure);
    tcase_add_test(t, test_off);
    tcase_add_test(t, test_apply);
    suite_add_tcase(s, t);
    return s;
}
