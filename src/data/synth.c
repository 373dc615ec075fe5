/* A synthetic image set: learnable, not trivial, a pure function of (seed, half, index).
 *
 * Recipe. Class k is a shape (disc, triangle, cross, ring: k mod 4) filled with stripes, whose direction is one of as
 * many as the number of classes needs (k / 4). Everything else is a nuisance: position, size, rotation by up to 20
 * degrees, colours, which of figure and ground is the brighter one, stripe phase and width (and direction, where the
 * classes do not need it), three small discs as distractors, and pixel noise. As polarity and position are random, the
 * mean image of every class is the same grey: a linear classifier on pixels stays near chance, while a small
 * convolutional network learns the set. */
#include "data/source.h"

#include <math.h>

enum { SHAPES = 4, SPOTS = 3, TRAIN_HALF = 0, TEST_HALF = 1 };
static const double pi = 3.14159265358979323846;

struct disc {
    double x, y, r, colour[4];
};
struct scene { /* one image before it is drawn; lengths in pixels */
    int shape;
    double x, y, r, cos_turn, sin_turn;         /* the figure */
    double ground[4], figure[4];                /* colours */
    double phase, wave, cos_stripe, sin_stripe; /* stripes: radians, radians a pixel, direction */
    struct disc spot[SPOTS];
};

struct synth {
    const struct dt_synth_cfg *cfg;
    uint64_t seed;
    uint32_t half;
    uint8_t *pixels;
};

static double between(struct dt_rng *rng, double a, double b)
{
    return a + (b - a) * dt_rng_uniform(rng);
}

static struct scene draw_scene(const struct dt_synth_cfg *cfg, int class, struct dt_rng *rng)
{
    double size = (double)cfg->size, sign = dt_rng_below(rng, 2) ? 1 : -1, turn, stripe;
    int directions = (int)(cfg->classes + SHAPES - 1) / SHAPES;
    struct scene s = { .shape = class % SHAPES };

    s.r = size * between(rng, 0.24, 0.36);
    s.x = between(rng, s.r, size - s.r);
    s.y = between(rng, s.r, size - s.r);
    turn = between(rng, -pi / 9, pi / 9);
    s.cos_turn = cos(turn);
    s.sin_turn = sin(turn);
    for (int c = 0; c < cfg->channels; c++) {
        s.ground[c] = 0.5 - sign * between(rng, 0.05, 0.35);
        s.figure[c] = 0.5 + sign * between(rng, 0.05, 0.35);
    }
    stripe = directions == 1 ? between(rng, 0, pi) : pi * (class / SHAPES) / directions;
    s.cos_stripe = cos(stripe);
    s.sin_stripe = sin(stripe);
    s.wave = 2 * pi / between(rng, 3.0, 4.5);
    s.phase = between(rng, 0, 2 * pi);
    for (int i = 0; i < SPOTS; i++) {
        s.spot[i] = (struct disc){ .x = between(rng, 0, size), .y = between(rng, 0, size) };
        s.spot[i].r = size * between(rng, 0.04, 0.09);
        for (int c = 0; c < cfg->channels; c++)
            s.spot[i].colour[c] = between(rng, 0.1, 0.9);
    }
    return s;
}

/* Signed distance to the shape's edge, roughly, in units of its radius; the areas are about equal. */
static double shape_distance(int shape, double u, double v)
{
    double a = fabs(u), b = fabs(v), rho = sqrt(u * u + v * v);

    switch (shape) {
    case 0:
        return rho - 0.75;
    case 1: /* the three sides */
        return fmax(v - 0.6, 0.866 * a - 0.5 * v - 0.55);
    case 2:
        return fmax(fmin(a, b) - 0.28, fmax(a, b) - 1.0);
    default:
        return fabs(rho - 0.78) - 0.2;
    }
}

/* How much of a pixel lies inside an edge that is d pixels away. */
static double coverage(double d)
{
    return fmin(fmax(0.5 - d, 0), 1);
}

static void draw_pixel(const struct scene *s, int channels, double x, double y, double *out)
{
    double dx = x - s->x, dy = y - s->y;
    double u = (dx * s->cos_turn + dy * s->sin_turn) / s->r, v = (dy * s->cos_turn - dx * s->sin_turn) / s->r;
    double inside = coverage(s->r * shape_distance(s->shape, u, v));
    double stripes = 0.7 + 0.3 * sin(s->phase + s->wave * (dx * s->cos_stripe + dy * s->sin_stripe));

    for (int c = 0; c < channels; c++)
        out[c] = s->ground[c] + inside * stripes * (s->figure[c] - s->ground[c]);
    for (int i = 0; i < SPOTS; i++) {
        const struct disc *spot = &s->spot[i];
        double there = coverage(sqrt((x - spot->x) * (x - spot->x) + (y - spot->y) * (y - spot->y)) - spot->r);

        for (int c = 0; c < channels; c++)
            out[c] += there * (spot->colour[c] - out[c]);
    }
}

/* Nearly normal, deviation 1: the sum of four bytes. */
static double quick_normal(struct dt_rng *rng)
{
    uint32_t r = dt_rng_u32(rng);
    double sum = (double)(r & 255) + (r >> 8 & 255) + (r >> 16 & 255) + (r >> 24);

    return (sum - 510) / 147.8; /* deviation of the sum: sqrt(4 (256^2 - 1) / 12) */
}

static void draw_images(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct synth *t = ctx;
    int size = (int)t->cfg->size, channels = (int)t->cfg->channels;
    double colour[4];

    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        struct dt_rng rng = dt_rng_at(t->seed, DT_STREAM_SYNTH, t->half, (uint32_t)i);
        struct scene s = draw_scene(t->cfg, (int)(i % t->cfg->classes), &rng);
        uint8_t *out = t->pixels + (size_t)i * (size_t)(size * size * channels);

        for (int p = 0; p < size * size; p++) {
            draw_pixel(&s, channels, p % size + 0.5, p / size + 0.5, colour);
            for (int c = 0; c < channels; c++) {
                double v = colour[c] + t->cfg->noise * quick_normal(&rng);

                *out++ = (uint8_t)lrint(255 * fmin(fmax(v, 0), 1));
            }
        }
    }
}

static bool draw_half(struct dt_source *s, struct dt_images *half, struct synth *t, int n, struct dt_err *err)
{
    t->pixels = dt_source_alloc(s, half, n, err);
    if (!t->pixels)
        return false;
    for (int i = 0; i < n; i++)
        half->label[i] = (int)(i % t->cfg->classes);
    dt_par_for(n, 16, draw_images, t);
    return true;
}

bool dt_synth_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    struct synth t = { .cfg = &cfg->synth, .seed = seed, .half = TRAIN_HALF };

    s->h = s->w = (int)cfg->synth.size;
    s->c = (int)cfg->synth.channels;
    s->classes = (int)cfg->synth.classes;
    if (!dt_source_number_classes(s, err) || !draw_half(s, &s->train, &t, (int)cfg->synth.train, err))
        return false;
    t.half = TEST_HALF;
    return draw_half(s, &s->test, &t, (int)cfg->synth.test, err);
}
