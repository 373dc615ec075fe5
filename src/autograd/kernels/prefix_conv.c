/* prefix_conv: forward and data gradient, unit by unit (prefix_plan.h). A lane is a thread's share of the units. */
#include "autograd/kernels/prefix_plan.h"

#include <dyntrain/base.h>
#include <string.h>

enum {
    WEIGHT_BYTES = 128 << 10, /* that the tiles of a unit share before they go on: of the second-level cache */
    MAX_BLOCKS = 2            /* output blocks of a tile */
};

struct pass {
    const struct dt_prefix_isa *isa;
    struct dt_prefix_plan plan;
    const char *from, *packed, *add;
    char *to;
    const struct dt_prefix_before *before;
    struct dt_prefix_after after;
    float *bias, *about, *sums; /* a group's channels padded to whole blocks; sums: [unit][group][2][channels] */
    char *lanes;
    size_t lane_bytes, copy_bytes, pack_bytes; /* of packed weights: a group's */
    int n_lanes, chunk;                        /* chunk: input blocks a tile sums at a time */
};

/* What a tile of one class moves over: rows (image, a) of a unit */
struct field {
    const struct pass *p;
    const struct dt_prefix_class *c;
    const struct dt_prefix_shape *shape;
    char *copy;
    float *partial, *sum;
    int group, image, row, images, rows, cols; /* rows, cols of this class */
};

static int round16(int n)
{
    return dt_ceil_div(n, DT_PREFIX_WORDS) * DT_PREFIX_WORDS;
}

/* The shape with the least to do for rows x cols, the first one of equals; at most `blocks` wide. */
static const struct dt_prefix_shape *pick(const struct dt_prefix_isa *isa, int rows, int cols, int blocks)
{
    const struct dt_prefix_shape *best = NULL;
    int64_t least = 0;

    for (const struct dt_prefix_shape *s = isa->shape; s->rows; s++) {
        int64_t work = (int64_t)dt_ceil_div(rows, s->rows) * s->rows * dt_ceil_div(cols, s->cols) * s->cols;

        if (s->blocks > blocks)
            continue;
        if (!best || work < least || (work == least && s->blocks > best->blocks)) {
            best = s;
            least = work;
        }
    }
    return best;
}

/* The tile's rows, beginning with the field's row `first`, at column 0 */
static void place_rows(const struct field *f, int first, int out, struct dt_prefix_tile *t)
{
    const struct dt_prefix_plan *p = &f->p->plan;
    size_t image_bytes = dt_prefix_copy_rows(p, p->band) * p->row_bytes;

    t->rows = f->images * f->rows - first;
    t->rows = t->rows < f->shape->rows ? t->rows : f->shape->rows;
    for (int r = 0; r < f->shape->rows; r++) {
        int i = first + (r < t->rows ? r : t->rows - 1), image = i / f->rows, a = i % f->rows;
        int row = f->c->row0 + (f->row + a) * p->out_step;
        size_t at =
            ((((size_t)(f->image + image) * (size_t)p->to_h + (size_t)row) * (size_t)p->to_w + (size_t)f->c->col0) *
                 (size_t)p->to_ld +
             (size_t)(f->group * p->to_c + out * DT_PREFIX_WORDS)) *
            (size_t)p->size;

        t->x[r] = f->copy + (size_t)image * image_bytes + (size_t)(a * p->advance) * p->row_bytes;
        t->y[r] = f->p->to + at;
        t->add[r] = f->p->add ? f->p->add + at : NULL;
    }
}

/* Drops the taps that see nothing but padding from one row of tiles: into tap[], returns how many are left. */
static int row_taps(const struct field *f, int first, int rows, struct dt_prefix_tap tap[DT_PREFIX_TAPS])
{
    const struct dt_prefix_plan *p = &f->p->plan;
    int n = 0;

    for (int k = 0; k < f->c->taps; k++) {
        bool any = false;

        for (int i = first; i < first + rows; i++) {
            int row = (f->row + i % f->rows) * p->from_step + f->c->tap[k].row;

            any |= row >= 0 && row < p->from_h;
        }
        if (any)
            tap[n++] = f->c->tap[k];
    }
    return n;
}

/* Where a tap sees padding only in the tile's first or last column, it leaves that out. */
static void column_taps(const struct dt_prefix_plan *p, int col, int cols, int n, struct dt_prefix_tap *tap)
{
    for (int k = 0; k < n; k++)
        tap[k].columns = col * p->from_step + tap[k].col < 0                         ? DT_PREFIX_BUT_FIRST
                         : (col + cols - 1) * p->from_step + tap[k].col >= p->from_w ? DT_PREFIX_BUT_LAST
                                                                                     : DT_PREFIX_ALL;
}

/* One row of tiles for the input blocks the tile is set to */
static void sweep_row(const struct field *f, int row, int block, int out, float **partial, struct dt_prefix_tile *t)
{
    const struct dt_prefix_plan *p = &f->p->plan;
    const struct dt_prefix_shape *s = f->shape;
    struct dt_prefix_tap tap[DT_PREFIX_TAPS];

    place_rows(f, row, out, t);
    t->tap = tap;
    t->taps = row_taps(f, row, t->rows, tap);
    for (int r = 0; r < s->rows; r++)
        t->x[r] += (size_t)block * t->x_block;
    for (int col = 0; col < f->cols; col += s->cols) {
        t->cols = f->cols - col < s->cols ? f->cols - col : s->cols;
        t->partial = *partial;
        *partial += s->rows * s->cols * s->blocks * DT_PREFIX_WORDS;
        column_taps(p, col, s->cols, t->taps, tap);
        s->run[p->type](t);
        for (int r = 0; r < s->rows; r++) {
            t->x[r] += s->cols * DT_PREFIX_LINE;
            t->y[r] += (size_t)s->cols * t->y_pixel;
            t->add[r] = t->add[r] ? t->add[r] + (size_t)s->cols * t->y_pixel : NULL;
        }
    }
}

/* All of a field for the output blocks from `out` on, `chunk` input blocks at a time. */
static void sweep(const struct field *f, int out)
{
    const struct pass *s = f->p;
    const struct dt_prefix_plan *p = &s->plan;
    int first = f->group * round16(p->to_c) + out * DT_PREFIX_WORDS;
    struct dt_prefix_tile t = { .x_block = dt_prefix_copy_block(p),
                                .w_block = p->w_block,
                                .w_out = p->w_out,
                                .channels = p->to_c - out * DT_PREFIX_WORDS,
                                .y_pixel = (size_t)(p->to_ld * p->size * p->out_step),
                                .bias = s->bias ? s->bias + first : NULL,
                                .relu = s->after.relu,
                                .sum = f->sum ? f->sum + out * DT_PREFIX_WORDS : NULL,
                                .sq = f->sum ? f->sum + round16(p->to_c) + out * DT_PREFIX_WORDS : NULL,
                                .about = s->about ? s->about + first : NULL };

    for (int b = 0; b < p->from_blocks; b += s->chunk) {
        float *partial = f->partial;

        t.first = b == 0;
        t.last = b + s->chunk >= p->from_blocks;
        t.blocks = t.last ? p->from_blocks - b : s->chunk;
        t.words = t.last ? p->words : DT_PREFIX_WORDS;
        t.w = s->packed + (size_t)f->group * s->pack_bytes + (size_t)out * p->w_out + (size_t)b * p->w_block;
        for (int row = 0; row < f->images * f->rows; row += f->shape->rows)
            sweep_row(f, row, b, out, &partial, &t);
    }
}

static void copy_unit(const struct pass *s, const struct field *f)
{
    const struct dt_prefix_plan *p = &s->plan;
    struct dt_prefix_copy c = dt_prefix_plan_copy(p, s->before, f->group, f->row, f->rows);
    size_t bytes = (size_t)(p->from_h * p->from_w) * c.pixel; /* of an image */

    for (int i = 0; i < f->images; i++) {
        const char *image = s->from + (size_t)(f->image + i) * bytes;

        c.src = image + (size_t)(f->group * p->from_c * p->size);
        c.end = image + bytes;
        c.dst = f->copy + (size_t)i * dt_prefix_copy_rows(p, p->band) * p->row_bytes;
        s->isa->copy[p->type](&c);
    }
}

static void run_unit(const struct pass *s, int unit, int group, char *lane)
{
    const struct dt_prefix_plan *p = &s->plan;
    struct field f = { .p = s, .group = group, .copy = lane, .partial = (float *)(void *)(lane + s->copy_bytes) };
    int rows;

    dt_prefix_unit(p, unit, &f.image, &f.images, &f.row, &rows);
    f.rows = rows;
    copy_unit(s, &f);
    if (s->sums) {
        f.sum = s->sums + (size_t)(unit * p->groups + group) * 2 * (size_t)round16(p->to_c);
        memset(f.sum, 0, 2 * (size_t)round16(p->to_c) * sizeof *f.sum);
    }
    for (int c = 0; c < p->classes; c++) {
        int below =
            dt_ceil_div(p->to_h - p->class_[c].row0, p->out_step) - f.row; /* base rows this class has from here */

        f.c = &p->class_[c];
        f.rows = rows < below ? rows : below;
        f.cols = dt_ceil_div(p->to_w - f.c->col0, p->out_step);
        if (f.rows <= 0 || f.cols <= 0)
            continue;
        for (int out = 0; out < p->to_blocks; out += f.shape->blocks) {
            int left = p->to_blocks - out;

            f.shape = pick(s->isa, f.images * f.rows, f.cols, left < MAX_BLOCKS ? left : MAX_BLOCKS);
            sweep(&f, out);
        }
    }
}

static void run_lane(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct pass *s = ctx;

    (void)end;
    (void)chunk;
    for (int64_t u = begin * s->plan.units / s->n_lanes; u < (begin + 1) * s->plan.units / s->n_lanes; u++)
        for (int group = 0; group < s->plan.groups; group++) /* while the unit is in the cache */
            run_unit(s, (int)u, group, s->lanes + (size_t)begin * s->lane_bytes);
}

static size_t round_line(size_t bytes)
{
    return (bytes + DT_PREFIX_LINE - 1) / DT_PREFIX_LINE * DT_PREFIX_LINE;
}

/* Where everything lies in the scratch memory; returns its size. */
static size_t arrange(struct pass *s, char *scratch)
{
    const struct dt_prefix_plan *p = &s->plan;
    size_t channels = (size_t)(p->groups * round16(p->to_c)) * sizeof(float);
    size_t pixels = (size_t)(p->batch * (p->band + DT_PREFIX_ROWS) * (p->base_cols + DT_PREFIX_ROWS));
    int fit = (int)(WEIGHT_BYTES / (MAX_BLOCKS * p->w_block));

    s->chunk = fit < 1 ? 1 : fit < p->from_blocks ? fit : p->from_blocks;
    s->copy_bytes = (size_t)p->from_blocks * dt_prefix_copy_block(p);
    s->lane_bytes = s->copy_bytes + pixels * MAX_BLOCKS * DT_PREFIX_LINE;
    s->n_lanes = dt_par_threads() < p->units ? dt_par_threads() : p->units;
    s->bias = (float *)(void *)scratch;
    s->about = (float *)(void *)(scratch + channels);
    s->sums = (float *)(void *)(scratch + 2 * channels);
    s->lanes = scratch + round_line((2 + 2 * (size_t)p->units) * channels);
    return (size_t)(s->lanes - scratch) + (size_t)s->n_lanes * s->lane_bytes;
}

/* Each group's n channels, padded to whole blocks */
static float *padded(const float *v, int groups, int n, float *to)
{
    if (!v)
        return NULL;
    memset(to, 0, (size_t)(groups * round16(n)) * sizeof *to);
    for (int g = 0; g < groups; g++)
        memcpy(to + g * round16(n), v + g * n, (size_t)n * sizeof *to);
    return to;
}

static void add_sums(const struct pass *s, int group)
{
    const struct dt_prefix_plan *p = &s->plan;
    size_t channels = (size_t)round16(p->to_c);

    for (int k = 0; k < p->to_c; k++) {
        double sum = 0, sq = 0;

        for (int u = 0; u < p->units; u++) {
            const float *part = s->sums + (size_t)(u * p->groups + group) * 2 * channels;

            sum += (double)part[k];
            sq += (double)part[channels + (size_t)k];
        }
        s->after.sum[group * p->to_c + k] = (float)sum;
        s->after.sq[group * p->to_c + k] = (float)sq;
    }
}

static void run(struct pass *s, void *scratch)
{
    int c = s->plan.to_c, groups = s->plan.groups;

    arrange(s, scratch);
    s->bias = padded(s->after.bias, groups, c, s->bias);
    s->about = padded(s->after.about, groups, c, s->about);
    s->sums = s->after.sum ? s->sums : NULL;
    dt_par_for(s->n_lanes, 1, run_lane, s);
    for (int g = 0; g < groups && s->sums; g++)
        add_sums(s, g);
}

size_t dt_prefix_scratch(const struct dt_prefix_geom *g, enum dt_prefix_dir dir)
{
    struct pass s = { .plan = dt_prefix_plan(g, dir) };

    return dir == DT_PREFIX_WEIGHTS ? dt_prefix_scratch_weights(g) : arrange(&s, NULL);
}

void dt_prefix_forward(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *x,
                       const struct dt_prefix_before *before, const void *packed, const struct dt_prefix_after *after,
                       void *y, void *scratch)
{
    struct pass s = { .isa = isa,
                      .plan = dt_prefix_plan(g, DT_PREFIX_FORWARD),
                      .from = x,
                      .packed = packed,
                      .pack_bytes = dt_prefix_pack_bytes(g, false) / (size_t)dt_prefix_groups(g),
                      .add = after ? after->add : NULL,
                      .to = y,
                      .before = before };

    if (after)
        s.after = *after;
    run(&s, scratch);
}

void dt_prefix_backward_data(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *dy,
                             const void *packed, void *dx, bool add, void *scratch)
{
    struct pass s = { .isa = isa,
                      .plan = dt_prefix_plan(g, DT_PREFIX_DATA),
                      .from = dy,
                      .packed = packed,
                      .pack_bytes = dt_prefix_pack_bytes(g, true) / (size_t)dt_prefix_groups(g),
                      .add = add ? dx : NULL,
                      .to = dx };

    run(&s, scratch);
}
