/* prefix_conv: every instruction set this processor runs, in fp32 and bf16, against sums in double precision written
 * out here; what lies beyond the prefix must stay as it is. All operands are multiples of 1/128, so that bf16 holds
 * them. */
#include "check_each.h"
#include "suites.h"

#include "autograd/kernels/prefix_conv.h"
#include "autograd/op.h"

#include <math.h>
#include <string.h>
#include <support.h>

static const struct dt_prefix_geom geoms[] = {
    /* whole tiles */
    { .n = 2, .h = 8, .w = 8, .kernel = 3, .stride = 1, .pad = 1, .i = 16, .o = 32 },
    { .n = 1, .h = 16, .w = 16, .kernel = 3, .stride = 2, .pad = 1, .i = 32, .o = 16 },
    /* odd sizes and counts */
    { .n = 3, .h = 7, .w = 9, .kernel = 3, .stride = 1, .pad = 1, .i = 3, .o = 5 },
    { .n = 3, .h = 7, .w = 9, .kernel = 3, .stride = 2, .pad = 1, .i = 17, .o = 33 },
    { .n = 2, .h = 6, .w = 5, .kernel = 3, .stride = 2, .pad = 1, .i = 9, .o = 20 },
    { .n = 1, .h = 5, .w = 11, .kernel = 3, .stride = 1, .pad = 0, .i = 4, .o = 7 },
    { .n = 2, .h = 7, .w = 7, .kernel = 3, .stride = 2, .pad = 0, .i = 5, .o = 16 },
    { .n = 2, .h = 4, .w = 4, .kernel = 3, .stride = 1, .pad = 2, .i = 6, .o = 18 },
    { .n = 2, .h = 5, .w = 6, .kernel = 2, .stride = 2, .pad = 1, .i = 6, .o = 18 },
    { .n = 1, .h = 1, .w = 1, .kernel = 3, .stride = 1, .pad = 1, .i = 2, .o = 2 },
    { .n = 5, .h = 2, .w = 2, .kernel = 3, .stride = 1, .pad = 1, .i = 24, .o = 48 },
    /* points */
    { .n = 2, .h = 7, .w = 5, .kernel = 1, .stride = 1, .pad = 0, .i = 18, .o = 30 },
    { .n = 2, .h = 7, .w = 6, .kernel = 1, .stride = 2, .pad = 0, .i = 33, .o = 40 },
    /* prefixes: of the tensors, of the weights, of both */
    { .n = 2, .h = 8, .w = 8, .kernel = 3, .stride = 1, .pad = 1, .i = 16, .o = 16, .ldx = 40, .ldy = 24 },
    { .n = 2, .h = 8, .w = 8, .kernel = 3, .stride = 1, .pad = 1, .i = 16, .o = 32, .w_i = 48, .w_o = 56 },
    { .n = 2,
      .h = 9,
      .w = 7,
      .kernel = 3,
      .stride = 2,
      .pad = 1,
      .i = 21,
      .o = 37,
      .ldx = 47,
      .ldy = 39,
      .w_i = 49,
      .w_o = 64 },
    /* several input blocks at a time, several bands of rows, several images a unit, more than one part */
    { .n = 1, .h = 8, .w = 8, .kernel = 3, .stride = 1, .pad = 1, .i = 200, .o = 40 },
    { .n = 1, .h = 33, .w = 40, .kernel = 3, .stride = 1, .pad = 1, .i = 96, .o = 8 },
    /* groups: whole blocks and not, beside channels that are none of them */
    { .n = 3, .h = 7, .w = 9, .kernel = 3, .stride = 1, .pad = 1, .i = 16, .o = 16, .groups = 4 },
    { .n = 2, .h = 6, .w = 8, .kernel = 3, .stride = 2, .pad = 1, .i = 32, .o = 48, .groups = 2 },
    { .n = 2, .h = 6, .w = 5, .kernel = 3, .stride = 2, .pad = 1, .i = 17, .o = 5, .groups = 3, .ldx = 60, .ldy = 20 },
    { .n = 37, .h = 4, .w = 4, .kernel = 3, .stride = 1, .pad = 1, .i = 8, .o = 24 },
};
enum { N_GEOMS = sizeof geoms / sizeof *geoms, GUARD = 16 };

struct trial {
    struct dt_prefix_geom g;
    const struct dt_prefix_isa *isa;
    size_t nx, ny, nw;
    dt_bf16 *hx, *hy, *hout, *hwas; /* in bf16; out and was: what the kernel writes to and what was there */
    float *x, *y, *w, *out, *was;   /* the same numbers, always */
    float a[256], b[256], bias[256], about[256];
    double *truth, *size; /* expected, and the sum of the magnitudes of its terms */
    void *packed, *scratch;
};

static float draw(struct dt_rng *r)
{
    return (float)dt_rng_below(r, 257) / 128 - 1;
}

static void fill(float *v, dt_bf16 *h, size_t n, uint32_t index)
{
    struct dt_rng r = dt_rng_at(3, DT_STREAM_TEST, 0, index);

    for (size_t i = 0; i < n; i++) {
        v[i] = draw(&r);
        if (h)
            h[i] = dt_bf16_of(v[i]);
    }
}

static void *need(size_t bytes)
{
    void *p = dt_malloc(bytes);

    ck_assert_ptr_nonnull(p);
    return p;
}

static void open(struct trial *t, const struct dt_prefix_isa *isa, const struct dt_prefix_geom *geom, int type)
{
    struct dt_prefix_geom *g = &t->g;
    size_t most;

    *t = (struct trial){ .g = *geom, .isa = isa };
    g->type = type;
    g->oh = (g->h + 2 * g->pad - g->kernel) / g->stride + 1;
    g->ow = (g->w + 2 * g->pad - g->kernel) / g->stride + 1;
    g->groups = g->groups ? g->groups : 1;
    g->ldx = g->ldx ? g->ldx : g->groups * g->i;
    g->ldy = g->ldy ? g->ldy : g->groups * g->o;
    g->w_i = g->w_i ? g->w_i : g->i;
    g->w_o = g->w_o ? g->w_o : g->o;
    t->nx = (size_t)(g->n * g->h * g->w * g->ldx);
    t->ny = (size_t)(g->n * g->oh * g->ow * g->ldy);
    t->nw = (size_t)(g->groups * g->w_o * g->w_i * g->kernel * g->kernel);
    most = t->nx > t->ny ? t->nx : t->ny;
    most = (most > t->nw ? most : t->nw) + GUARD;
    t->x = need(t->nx * sizeof *t->x);
    t->y = need(t->ny * sizeof *t->y);
    t->w = need(t->nw * sizeof *t->w);
    t->hx = need(t->nx * sizeof *t->hx);
    t->hy = need(t->ny * sizeof *t->hy);
    t->out = need(most * sizeof *t->out);
    t->was = need(most * sizeof *t->was);
    t->hout = need(most * sizeof *t->hout);
    t->hwas = need(most * sizeof *t->hwas);
    t->truth = need(most * sizeof *t->truth);
    t->size = need(most * sizeof *t->size);
    fill(t->x, t->hx, t->nx, 0);
    fill(t->y, t->hy, t->ny, 1);
    fill(t->w, NULL, t->nw, 2);
    fill(t->was, t->hwas, most, 3);
    fill(t->a, NULL, 256, 4);
    fill(t->b, NULL, 256, 5);
    fill(t->bias, NULL, 256, 6);
    fill(t->about, NULL, 256, 7);
    memset(t->truth, 0, most * sizeof *t->truth);
    memset(t->size, 0, most * sizeof *t->size);
    memcpy(t->out, t->was, most * sizeof *t->out);
    memcpy(t->hout, t->hwas, most * sizeof *t->hout);
}

static void close(struct trial *t)
{
    void *all[] = { t->x,    t->y,    t->w,     t->hx,   t->hy,     t->out,    t->was,
                    t->hout, t->hwas, t->truth, t->size, t->packed, t->scratch };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dt_free(all[i]);
}

static void pack(struct trial *t, enum dt_prefix_dir dir)
{
    if (dir != DT_PREFIX_WEIGHTS) {
        t->packed = need(dt_prefix_pack_bytes(&t->g, dir == DT_PREFIX_DATA));
        dt_prefix_pack(&t->g, dir == DT_PREFIX_DATA, t->w, t->packed);
    }
    t->scratch = need(dt_prefix_scratch(&t->g, dir));
    memset(t->scratch, 0xff, dt_prefix_scratch(&t->g, dir)); /* NaNs */
}

/* x as the convolution sees it */
static double before(const struct trial *t, bool fused, size_t x, int i)
{
    float v = fused ? fmaxf(0, t->a[i] * t->x[x] + t->b[i]) : t->x[x];

    return (double)(t->g.type == DT_PREFIX_BF16 ? dt_real_of(dt_bf16_of(v)) : v);
}

static void term(struct trial *t, size_t at, double v)
{
    t->truth[at] += v;
    t->size[at] += fabs(v);
}

/* Every product once, to the result of that direction */
static void direct(struct trial *t, enum dt_prefix_dir dir, bool fused)
{
    const struct dt_prefix_geom *g = &t->g;
    int taps = g->kernel * g->kernel;

    for (int y = 0; y < g->n * g->oh * g->ow; y++)
        for (int k = 0; k < taps; k++) {
            int iy = y / g->ow % g->oh * g->stride - g->pad + k / g->kernel;
            int ix = y % g->ow * g->stride - g->pad + k % g->kernel;
            size_t px = (size_t)((y / g->ow / g->oh * g->h + iy) * g->w + ix) * (size_t)g->ldx;

            if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w)
                continue;
            for (int i = 0; i < g->groups * g->i; i++) {
                double x = before(t, fused, px + (size_t)i, i);
                int group = i / g->i;

                for (int o = 0; o < g->o; o++) {
                    size_t w = (size_t)(((group * g->w_o + o) * g->w_i + i % g->i) * taps + k);
                    size_t at = (size_t)y * (size_t)g->ldy + (size_t)(group * g->o + o);

                    if (dir == DT_PREFIX_FORWARD)
                        term(t, at, x * (double)t->w[w]);
                    else if (dir == DT_PREFIX_DATA)
                        term(t, px + (size_t)i, (double)t->y[at] * (double)t->w[w]);
                    else
                        term(t, w, x * (double)t->y[at]);
                }
            }
        }
}

static void check(const struct trial *t, const char *what, bool half, size_t at, bool written)
{
    double got = (double)(half ? dt_real_of(t->hout[at]) : t->out[at]),
           want = written ? t->truth[at] : (double)t->was[at];
    double tol = written ? 2e-6 * (t->size[at] + 1) + (half ? fabs(want) / 256 : 0) : 0;
    const struct dt_prefix_geom *g = &t->g;

    CHECK_EACH(fabs(got - want) <= tol,
               "%s %s %s: [%d,%d,%d,%d of %d] -> %d of %d, groups %d, kernel %d stride %d pad %d, at %zu: %.9g instead "
               "of %.9g",
               t->isa->name, g->type == DT_PREFIX_BF16 ? "bf16" : "fp32", what, g->n, g->h, g->w, g->i, g->ldx, g->o,
               g->ldy, g->groups, g->kernel, g->stride, g->pad, at, got, want);
}

/* All of a [pixels, ld] result of which the first n channels are written, and behind it */
static void check_image(const struct trial *t, const char *what, size_t total, int ld, int n)
{
    for (size_t at = 0; at < total + GUARD; at++)
        check(t, what, t->g.type == DT_PREFIX_BF16, at, at < total && (int)(at % (size_t)ld) < n);
}

/* The truth of bias, addend and ReLU, and of batch norm's sums of what the kernel gave */
static void after(struct trial *t, double sum[256], double sq[256])
{
    for (size_t at = 0; at < t->ny; at++) {
        size_t c = at % (size_t)t->g.ldy;
        double d;

        if (c >= (size_t)(t->g.groups * t->g.o))
            continue;
        term(t, at, (double)t->bias[c]);
        term(t, at, (double)t->was[at]);
        t->truth[at] = fmax(0, t->truth[at]);
        d = t->truth[at] - (double)t->about[c];
        sum[c] += d;
        sq[c] += d * d;
    }
}

static void check_forward(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, int type, bool fused)
{
    struct trial t;
    bool half = type == DT_PREFIX_BF16;
    float sum[256], sq[256];
    double want_sum[256] = { 0 }, want_sq[256] = { 0 };

    open(&t, isa, g, type);
    pack(&t, DT_PREFIX_FORWARD);
    direct(&t, DT_PREFIX_FORWARD, fused);
    if (fused) {
        void *y = half ? (void *)t.hout : (void *)t.out;
        struct dt_prefix_before b = { t.a, t.b, true };
        struct dt_prefix_after a = { t.bias, y, true, t.about, sum, sq };

        after(&t, want_sum, want_sq);
        dt_prefix_forward(isa, &t.g, half ? (void *)t.hx : t.x, &b, t.packed, &a, y, t.scratch);
    } else
        dt_prefix_forward(isa, &t.g, half ? (void *)t.hx : t.x, NULL, t.packed, NULL, half ? (void *)t.hout : t.out,
                          t.scratch);
    check_image(&t, fused ? "fused forward" : "forward", t.ny, t.g.ldy, t.g.groups * t.g.o);
    for (int c = 0; c < t.g.groups * t.g.o && fused; c++) {
        CHECK_EACH(fabs((double)sum[c] - want_sum[c]) <= 1e-5 * (want_sq[c] + 10), "%s: sum %d: %g instead of %g",
                   isa->name, c, (double)sum[c], want_sum[c]);
        CHECK_EACH(fabs((double)sq[c] - want_sq[c]) <= 1e-5 * (want_sq[c] + 10), "%s: square %d: %g instead of %g",
                   isa->name, c, (double)sq[c], want_sq[c]);
    }
    close(&t);
}

static void check_data(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, int type, bool add)
{
    struct trial t;
    bool half = type == DT_PREFIX_BF16;

    open(&t, isa, g, type);
    pack(&t, DT_PREFIX_DATA);
    direct(&t, DT_PREFIX_DATA, false);
    for (size_t at = 0; at < t.nx && add; at++)
        term(&t, at, (double)t.was[at]);
    dt_prefix_backward_data(isa, &t.g, half ? (void *)t.hy : t.y, t.packed, half ? (void *)t.hout : t.out, add,
                            t.scratch);
    check_image(&t, add ? "data, added" : "data", t.nx, t.g.ldx, t.g.groups * t.g.i);
    close(&t);
}

static void check_weights(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, int type, bool fused)
{
    struct trial t;
    bool half = type == DT_PREFIX_BF16;
    struct dt_prefix_before b = { t.a, t.b, true };

    open(&t, isa, g, type);
    pack(&t, DT_PREFIX_WEIGHTS);
    direct(&t, DT_PREFIX_WEIGHTS, fused);
    for (size_t at = 0; at < t.nw && fused; at++)
        term(&t, at, (double)t.was[at]);
    dt_prefix_backward_weights(isa, &t.g, half ? (void *)t.hx : t.x, fused ? &b : NULL, half ? (void *)t.hy : t.y,
                               t.out, fused, t.scratch);
    for (size_t at = 0; at < t.nw + GUARD; at++) {
        int tap = t.g.kernel * t.g.kernel, i = (int)(at / (size_t)tap) % t.g.w_i, o = (int)(at / (size_t)tap) / t.g.w_i;

        check(&t, fused ? "weights, normalised and added" : "weights", false, at,
              at < t.nw && i < t.g.i && o % t.g.w_o < t.g.o);
    }
    close(&t);
}

START_TEST(all_against_the_sums)
{
    const struct dt_prefix_isa *all[4];
    int n = dt_prefix_isas(all);

    ck_assert_int_ge(n, 1);
    ck_assert_str_eq(all[n - 1]->name, "plain");
    ck_assert_ptr_eq(dt_prefix_isa(), all[0]);
    for (int k = 0; k < n; k++)
        for (int type = 0; type < DT_PREFIX_TYPES; type++)
            for (int extra = 0; extra < 2; extra++) {
                check_forward(all[k], &geoms[_i], type, extra);
                check_data(all[k], &geoms[_i], type, extra);
                check_weights(all[k], &geoms[_i], type, extra);
            }
}
END_TEST

/* One result of each direction, with sums, by so many threads: into bits[] */
static size_t run_all(int threads, const struct dt_prefix_geom *g, int type, unsigned char *bits)
{
    size_t used = 0;
    bool half = type == DT_PREFIX_BF16;

    dt_par_set_threads(threads);
    for (int dir = DT_PREFIX_FORWARD; dir <= DT_PREFIX_WEIGHTS; dir++) {
        struct trial t;
        float sum[2][256] = { { 0 } };
        struct dt_prefix_after a = { .about = t.about, .sum = sum[0], .sq = sum[1] };
        const void *x, *y;
        void *out;
        size_t bytes;

        open(&t, dt_prefix_isa(), g, type);
        for (size_t i = 0; i < t.nx; i++) { /* not exact any more: the order of a sum shows */
            t.x[i] *= 0.7f;
            t.hx[i] = dt_bf16_of(t.x[i]);
        }
        pack(&t, (enum dt_prefix_dir)dir);
        x = half ? (void *)t.hx : t.x;
        y = half ? (void *)t.hy : t.y;
        out = half && dir != DT_PREFIX_WEIGHTS ? (void *)t.hout : t.out;
        if (dir == DT_PREFIX_FORWARD)
            dt_prefix_forward(t.isa, &t.g, x, NULL, t.packed, &a, out, t.scratch);
        else if (dir == DT_PREFIX_DATA)
            dt_prefix_backward_data(t.isa, &t.g, y, t.packed, out, false, t.scratch);
        else
            dt_prefix_backward_weights(t.isa, &t.g, x, NULL, y, out, false, t.scratch);
        bytes = (dir == DT_PREFIX_FORWARD ? t.ny
                 : dir == DT_PREFIX_DATA  ? t.nx
                                          : t.nw) *
                (out == (void *)t.hout ? sizeof *t.hout : sizeof *t.out);
        memcpy(bits + used, out, bytes);
        memcpy(bits + used + bytes, sum, sizeof sum);
        used += bytes + sizeof sum;
        close(&t);
    }
    return used;
}

START_TEST(threads_change_no_bit)
{
    static unsigned char bits[2][1 << 20];
    int threads = dt_par_threads();

    for (int type = 0; type < DT_PREFIX_TYPES; type++) {
        size_t n = run_all(1, &geoms[_i], type, bits[0]);

        ck_assert_uint_le(n, sizeof bits[0]);
        for (int team = 2; team <= 5; team += 3) {
            ck_assert_uint_eq(run_all(team, &geoms[_i], type, bits[1]), n);
            ck_assert_mem_eq(bits[0], bits[1], n);
        }
    }
    dt_par_set_threads(threads);
}
END_TEST

Suite *prefix_conv_suite(void)
{
    Suite *s = suite_create("prefix_conv");
    TCase *tc = tcase_create("kernels");

    tcase_add_loop_test(tc, all_against_the_sums, 0, N_GEOMS);
    tcase_add_loop_test(tc, threads_change_no_bit, 0, N_GEOMS);
    suite_add_tcase(s, tc);
    return s;
}
