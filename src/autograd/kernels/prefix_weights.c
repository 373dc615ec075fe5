/* prefix_weights: the gradient of the weights. Units of images (prefix_plan.h) are dealt to parts; a part sums
 * [block of outputs][block of inputs][tap][16 inputs][16 outputs], and the parts are added in their order. In bf16 a
 * word holds two neighbouring columns of one channel, as pixels are what is summed over. */
#include "autograd/kernels/prefix_plan.h"

#include <dyntrain/base.h>
#include <string.h>

enum {
    PIECE_BYTES = 40 << 10, /* of x and dy that all taps are run over at a time: about the first-level cache */
    PART_BYTES = 6 << 20,   /* of all parts together; a power of two of them, so that threads have equal shares */
    MIN_PARTS = 4,
    MAX_PARTS = 16,
    SQUARE = DT_PREFIX_WORDS * DT_PREFIX_WORDS
};

struct weights {
    const struct dt_prefix_isa *isa;
    const struct dt_prefix_geom *g;
    struct dt_prefix_plan plan;
    const char *x, *dy;
    const struct dt_prefix_before *before;
    float *dw, *sums; /* sums: [part][group][blocks of o][blocks of i][tap][16][16] */
    bool add;
    char *lanes;
    int n_parts, n_lanes, i_blocks, o_blocks, taps, dy_cols;
    size_t group_floats, part_floats, x_bytes, dy_block, lane_bytes;
};

struct unit {
    int group, image, images, row, rows;
    char *x, *dy; /* the copies */
};

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

static void run_copy(const struct weights *s, const struct dt_prefix_copy *c, bool halves)
{
    if (s->g->type == DT_PREFIX_BF16)
        s->isa->copy_pairs(c, halves);
    else
        s->isa->copy[DT_PREFIX_F32](c);
}

/* Makes a copy's source the group of an image. */
static void place(struct dt_prefix_copy *c, const char *images, int image, int group, int size)
{
    size_t bytes = (size_t)(c->h * c->w) * c->pixel;

    c->src = images + (size_t)image * bytes + (size_t)(group * c->channels * size);
    c->end = images + (size_t)(image + 1) * bytes;
}

static void copy_unit(const struct weights *s, const struct unit *u)
{
    const struct dt_prefix_plan *p = &s->plan;
    struct dt_prefix_copy x = dt_prefix_plan_copy(p, s->before, u->group, u->row, u->rows);
    struct dt_prefix_copy dy = { .pixel = (size_t)(p->to_ld * p->size),
                                 .h = p->to_h,
                                 .w = p->to_w,
                                 .channels = p->to_c,
                                 .row0 = u->row,
                                 .row_step = 1,
                                 .rows = u->rows,
                                 .col_step = 1,
                                 .cols = s->dy_cols,
                                 .planes = 1,
                                 .block = s->dy_block };

    for (int i = 0; i < u->images; i++) {
        place(&x, s->x, u->image + i, u->group, p->size);
        x.dst = u->x + (size_t)i * dt_prefix_copy_rows(p, p->band) * p->row_bytes;
        run_copy(s, &x, false);
        place(&dy, s->dy, u->image + i, u->group, p->size);
        dy.dst = u->dy + (size_t)(i * p->band * s->dy_cols) * DT_PREFIX_LINE;
        run_copy(s, &dy, true);
    }
}

/* [lo, hi) of the pixels first, first + 1, ... below `end` for which a tap `shift` away sees one of `size` pixels */
static void inside(int first, int end, int step, int shift, int size, int *lo, int *hi)
{
    *lo = first;
    *hi = end;
    while (*lo < *hi && *lo * step + shift < 0)
        ++*lo;
    while (*lo < *hi && (*hi - 1) * step + shift >= size)
        --*hi;
}

/* One tap for some images and rows of a unit: padding is left out, but not half a pair of columns. */
static void run_tap(const struct weights *s, const struct unit *u, const struct dt_prefix_tap *tap, int row, int rows,
                    struct dt_prefix_outer t)
{
    const struct dt_prefix_plan *p = &s->plan;
    int r0, r1, c0 = 0, c1 = s->dy_cols;

    inside(u->row + row, u->row + row + rows, p->from_step, tap->row, p->from_h, &r0, &r1);
    if (s->g->type == DT_PREFIX_F32)
        inside(0, s->dy_cols, p->from_step, tap->col, p->from_w, &c0, &c1);
    t.rows = r1 - r0;
    t.cols = c1 - c0;
    t.x += (size_t)(r0 - u->row) * t.x_row + (size_t)c0 * t.x_col + (size_t)tap->x;
    t.dy += (size_t)(r0 - u->row) * t.dy_row + (size_t)c0 * DT_PREFIX_LINE;
    s->isa->outer[s->g->type](&t);
}

/* One block of outputs by one of inputs: all taps over a piece that fits into the first-level cache, piece by piece */
static void run_blocks(const struct weights *s, const struct unit *u, int o, int i, float *sums)
{
    const struct dt_prefix_plan *p = &s->plan;
    struct dt_prefix_outer t = { .x_image = dt_prefix_copy_rows(p, p->band) * p->row_bytes,
                                 .x_row = (size_t)p->advance * p->row_bytes,
                                 .x_col = (size_t)(p->size == 2 ? 2 : 1) * DT_PREFIX_LINE,
                                 .dy_image = (size_t)(p->band * s->dy_cols) * DT_PREFIX_LINE,
                                 .dy_row = (size_t)s->dy_cols * DT_PREFIX_LINE,
                                 .n = at_most(s->g->i - i * DT_PREFIX_WORDS, DT_PREFIX_WORDS) };
    int fit = (int)(PIECE_BYTES / (t.x_row + t.dy_row)), pieces = dt_ceil_div(u->rows, fit < 1 ? 1 : fit);
    int rows = dt_ceil_div(u->rows, pieces), images = fit < 2 * u->rows ? 1 : fit / u->rows;

    images = dt_ceil_div(u->images, dt_ceil_div(u->images, images)); /* pieces of about one size */
    for (int image = 0; image < u->images; image += images)
        for (int row = 0; row < u->rows; row += rows)
            for (int k = 0; k < s->taps; k++) {
                t.images = at_most(images, u->images - image);
                t.x = u->x + (size_t)i * dt_prefix_copy_block(p) + (size_t)image * t.x_image;
                t.dy = u->dy + (size_t)o * s->dy_block + (size_t)image * t.dy_image;
                t.acc = sums + (size_t)((o * s->i_blocks + i) * s->taps + k) * SQUARE;
                run_tap(s, u, &p->class_[0].tap[k], row, at_most(rows, u->rows - row), t);
            }
}

static void run_part(const struct weights *s, int64_t part, char *lane)
{
    float *sums = s->sums + (size_t)part * s->part_floats;

    memset(sums, 0, s->part_floats * sizeof *sums);
    for (int64_t k = part * s->plan.units / s->n_parts; k < (part + 1) * s->plan.units / s->n_parts; k++) {
        struct unit u = { .x = lane, .dy = lane + s->x_bytes };

        dt_prefix_unit(&s->plan, (int)k, &u.image, &u.images, &u.row, &u.rows);
        for (u.group = 0; u.group < s->plan.groups; u.group++) {
            copy_unit(s, &u);
            for (int o = 0; o < s->o_blocks; o++)
                for (int i = 0; i < s->i_blocks; i++)
                    run_blocks(s, &u, o, i, sums + (size_t)u.group * s->group_floats);
        }
    }
}

static void run_lane(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct weights *s = ctx;

    (void)end;
    (void)chunk;
    for (int64_t p = begin * s->n_parts / s->n_lanes; p < (begin + 1) * s->n_parts / s->n_lanes; p++)
        run_part(s, p, s->lanes + (size_t)begin * s->lane_bytes);
}

/* Adds the parts of some pairs of blocks and puts them where they belong. */
static void reduce(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct weights *s = ctx;
    float sum[DT_PREFIX_TAPS * SQUARE];

    (void)chunk;
    for (int64_t b = begin; b < end; b++) {
        int group = (int)b / (s->o_blocks * s->i_blocks), i0 = (int)b % s->i_blocks * DT_PREFIX_WORDS;
        int o0 = (int)b / s->i_blocks % s->o_blocks * DT_PREFIX_WORDS;
        int o_n = at_most(s->g->o - o0, DT_PREFIX_WORDS), i_n = at_most(s->g->i - i0, DT_PREFIX_WORDS);
        const float *from = s->sums + (size_t)b * (size_t)(s->taps * SQUARE);

        memcpy(sum, from, (size_t)(s->taps * SQUARE) * sizeof *sum);
        for (int part = 1; part < s->n_parts; part++)
            for (int k = 0; k < s->taps * SQUARE; k++)
                sum[k] += from[(size_t)part * s->part_floats + (size_t)k];
        for (int o = 0; o < o_n; o++)
            for (int i = 0; i < i_n; i++) {
                float *dw = s->dw + ((size_t)(group * s->g->w_o + o0 + o) * (size_t)s->g->w_i + (size_t)(i0 + i)) *
                                        (size_t)s->taps;

                for (int k = 0; k < s->taps; k++)
                    dw[k] = (s->add ? dw[k] : 0) + sum[(k * DT_PREFIX_WORDS + i) * DT_PREFIX_WORDS + o];
            }
    }
}

static struct weights arrange(const struct dt_prefix_geom *g, char *scratch, size_t *bytes)
{
    struct weights s = { .g = g, .plan = dt_prefix_plan(g, DT_PREFIX_WEIGHTS) };
    const struct dt_prefix_plan *p = &s.plan;

    s.i_blocks = dt_ceil_div(g->i, DT_PREFIX_WORDS);
    s.o_blocks = dt_ceil_div(g->o, DT_PREFIX_WORDS);
    s.taps = g->kernel * g->kernel;
    s.dy_cols = g->type == DT_PREFIX_BF16 ? dt_ceil_div(g->ow, 2) : g->ow;
    s.group_floats = (size_t)s.o_blocks * (size_t)s.i_blocks * (size_t)(s.taps * SQUARE);
    s.part_floats = (size_t)p->groups * s.group_floats;
    s.n_parts = MAX_PARTS;
    while (s.n_parts > MIN_PARTS && (size_t)s.n_parts * s.part_floats * sizeof(float) > PART_BYTES)
        s.n_parts /= 2;
    s.n_parts = at_most(s.n_parts, p->units);
    s.n_lanes = at_most(dt_par_threads(), s.n_parts);
    s.x_bytes = (size_t)s.i_blocks * dt_prefix_copy_block(p);
    s.dy_block = (size_t)(p->batch * p->band * s.dy_cols) * DT_PREFIX_LINE;
    s.lane_bytes = s.x_bytes + (size_t)s.o_blocks * s.dy_block;
    s.sums = (float *)(void *)scratch;
    s.lanes = scratch + (size_t)s.n_parts * s.part_floats * sizeof(float);
    *bytes = (size_t)(s.lanes - scratch) + (size_t)s.n_lanes * s.lane_bytes;
    return s;
}

size_t dt_prefix_scratch_weights(const struct dt_prefix_geom *g)
{
    size_t bytes;

    arrange(g, NULL, &bytes);
    return bytes;
}

void dt_prefix_backward_weights(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *x,
                                const struct dt_prefix_before *before, const void *dy, float *dw, bool add,
                                void *scratch)
{
    size_t bytes;
    struct weights s = arrange(g, scratch, &bytes);

    s.isa = isa;
    s.x = x;
    s.dy = dy;
    s.before = before;
    s.dw = dw;
    s.add = add;
    dt_par_for(s.n_lanes, 1, run_lane, &s);
    dt_par_for((int64_t)s.plan.groups * s.o_blocks * s.i_blocks, 1, reduce, &s);
}
