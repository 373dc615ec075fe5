#include "autograd/kernels/prefix_plan.h"

#include <dyntrain/base.h>

enum {
    COPY_BYTES =
        256 << 10, /* of a unit at most, where a band of a few rows allows it: part of the second-level cache; */
    POINT_BYTES = 32 << 10, /* of the first-level one where bands do not overlap, as for a kernel of 1; weights take
                               few, large ones */
    PIXELS = 256,           /* of a unit at least, so that weights fetched once serve many */
    UNITS = 16,             /* grouping images leaves that many */
    FEW_UNITS = 4,          /* which a few images are cut into */
    MIN_BAND = 4,
    TAP_WEIGHTS = DT_PREFIX_WORDS * DT_PREFIX_LINE /* bytes */
};

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -dt_ceil_div(-a, b);
}

static void forward_taps(struct dt_prefix_plan *p, const struct dt_prefix_geom *g)
{
    struct dt_prefix_class *c = &p->class_[0];

    p->planes = g->kernel == 1 ? 1 : g->stride;
    p->row_step = g->kernel == 1 ? g->stride : 1;
    p->col_step = g->stride;
    p->advance = p->planes;
    p->span = g->kernel;
    p->row0 = p->col0 = -g->pad;
    p->out_step = p->classes = 1;
    p->from_step = g->stride;
    p->cols += (g->kernel - 1) / g->stride;
    p->row_bytes = (size_t)(p->planes * p->cols) * DT_PREFIX_LINE;
    for (int r = 0; r < g->kernel; r++)
        for (int s = 0; s < g->kernel; s++)
            c->tap[c->taps++] = (struct dt_prefix_tap){ .x = r * (ptrdiff_t)p->row_bytes +
                                                             (s % p->planes * p->cols + s / p->planes) * DT_PREFIX_LINE,
                                                        .w = (r * g->kernel + s) * TAP_WEIGHTS,
                                                        .row = r - g->pad,
                                                        .col = s - g->pad };
}

/* Pixel a stride + row of dx gets, from tap r, line a + d of dy, where stride d = row + pad - r: which taps and lines
 * those are depends on `row` only. */
static void data_taps(struct dt_prefix_plan *p, const struct dt_prefix_geom *g)
{
    int lo = floor_div(g->pad - g->kernel + 1, g->stride), hi = floor_div(g->stride - 1 + g->pad, g->stride);

    p->planes = p->row_step = p->col_step = p->advance = 1;
    p->span = hi - lo + 1;
    p->row0 = p->col0 = lo;
    p->out_step = g->stride;
    p->from_step = 1;
    p->cols += hi - lo;
    p->row_bytes = (size_t)p->cols * DT_PREFIX_LINE;
    for (p->classes = 0; p->classes < g->stride * g->stride; p->classes++) {
        struct dt_prefix_class *c = &p->class_[p->classes];

        c->row0 = p->classes / g->stride;
        c->col0 = p->classes % g->stride;
        for (int r = 0; r < g->kernel; r++)
            for (int s = 0; s < g->kernel; s++) {
                int row = c->row0 + g->pad - r, col = c->col0 + g->pad - s;

                if (row % g->stride || col % g->stride)
                    continue;
                row /= g->stride;
                col /= g->stride;
                c->tap[c->taps++] =
                    (struct dt_prefix_tap){ .x = (row - lo) * (ptrdiff_t)p->row_bytes + (col - lo) * DT_PREFIX_LINE,
                                            .w = (r * g->kernel + s) * TAP_WEIGHTS,
                                            .row = row,
                                            .col = col };
            }
    }
}

size_t dt_prefix_copy_rows(const struct dt_prefix_plan *p, int rows)
{
    return (size_t)((rows - 1) * p->advance + p->span);
}

size_t dt_prefix_copy_block(const struct dt_prefix_plan *p)
{
    return (size_t)p->batch * dt_prefix_copy_rows(p, p->band) * p->row_bytes;
}

static size_t copy_bytes(const struct dt_prefix_plan *p, int rows)
{
    return (size_t)p->from_blocks * dt_prefix_copy_rows(p, rows) * p->row_bytes;
}

static void cut(struct dt_prefix_plan *p, bool weights)
{
    size_t most = p->span == 1 && !weights ? POINT_BYTES : COPY_BYTES;
    int bands = 1;

    p->band = p->base_rows;
    while (p->band > MIN_BAND && (copy_bytes(p, p->band) > most || p->n * bands < FEW_UNITS))
        p->band = dt_ceil_div(p->base_rows, ++bands);
    p->batch = 1;
    if (bands == 1)
        while (p->n / (p->batch + 1) >= UNITS && p->batch * p->base_rows * p->base_cols < PIXELS &&
               (size_t)(p->batch + 1) * copy_bytes(p, p->band) <= most)
            p->batch++;
    p->units = bands > 1 ? p->n * dt_ceil_div(p->base_rows, p->band) : dt_ceil_div(p->n, p->batch);
}

void dt_prefix_unit(const struct dt_prefix_plan *p, int u, int *image, int *images, int *row, int *rows)
{
    int bands = dt_ceil_div(p->base_rows, p->band);

    *image = u / bands * p->batch;
    *images = p->n - *image < p->batch ? p->n - *image : p->batch;
    *row = u % bands * p->band;
    *rows = p->base_rows - *row < p->band ? p->base_rows - *row : p->band;
}

struct dt_prefix_copy dt_prefix_plan_copy(const struct dt_prefix_plan *p, const struct dt_prefix_before *before,
                                          int group, int row, int rows)
{
    struct dt_prefix_copy c = { .pixel = (size_t)(p->from_ld * p->size),
                                .h = p->from_h,
                                .w = p->from_w,
                                .channels = p->from_c,
                                .row0 = p->row0 + row * p->advance * p->row_step,
                                .row_step = p->row_step,
                                .rows = (int)dt_prefix_copy_rows(p, rows),
                                .col0 = p->col0,
                                .col_step = p->col_step,
                                .cols = p->cols,
                                .planes = p->planes,
                                .block = dt_prefix_copy_block(p) };

    if (before && before->scale) {
        c.scale = before->scale + group * p->from_c;
        c.shift = before->shift + group * p->from_c;
        c.relu = before->relu;
    }
    return c;
}

struct dt_prefix_plan dt_prefix_plan(const struct dt_prefix_geom *g, enum dt_prefix_dir dir)
{
    bool data = dir == DT_PREFIX_DATA;
    int per = g->type == DT_PREFIX_BF16 && dir != DT_PREFIX_WEIGHTS ? 2 * DT_PREFIX_WORDS : DT_PREFIX_WORDS;
    struct dt_prefix_plan p = {
        .n = g->n, .groups = dt_prefix_groups(g), .type = g->type, .size = g->type == DT_PREFIX_BF16 ? 2 : 4
    };

    DT_ASSERT(g->kernel >= 1 && g->kernel <= DT_PREFIX_MAX_KERNEL && g->pad >= 0 && g->pad < g->kernel);
    DT_ASSERT(g->stride == 1 || g->stride == 2);
    DT_ASSERT(p.groups == 1 || (g->i == g->w_i && g->o == g->w_o));
    DT_ASSERT(p.groups * g->i <= g->ldx && p.groups * g->o <= g->ldy && g->i <= g->w_i && g->o <= g->w_o && g->n > 0 &&
              g->i > 0 && g->o > 0);
    p.from_h = data ? g->oh : g->h;
    p.from_w = data ? g->ow : g->w;
    p.from_c = data ? g->o : g->i;
    p.from_ld = data ? g->ldy : g->ldx;
    p.to_h = data ? g->h : g->oh;
    p.to_w = data ? g->w : g->ow;
    p.to_c = data ? g->i : g->o;
    p.to_ld = data ? g->ldx : g->ldy;
    p.from_blocks = dt_ceil_div(p.from_c, per);
    p.to_blocks = dt_ceil_div(p.to_c, DT_PREFIX_WORDS);
    p.words = dt_ceil_div((p.from_c - 1) % per + 1, per / DT_PREFIX_WORDS * DT_PREFIX_STEP) * DT_PREFIX_STEP;
    p.base_rows = dt_ceil_div(p.to_h, data ? g->stride : 1);
    p.base_cols = dt_ceil_div(p.to_w, data ? g->stride : 1);
    p.cols = dt_ceil_div(p.base_cols, 8) * 8; /* a tile's last columns may have nothing to do, but are read */
    if (data)
        data_taps(&p, g);
    else
        forward_taps(&p, g);
    p.w_block = (size_t)(g->kernel * g->kernel) * TAP_WEIGHTS;
    p.w_out = (size_t)dt_ceil_div(data ? g->w_o : g->w_i, per) * p.w_block;
    cut(&p, dir == DT_PREFIX_WEIGHTS);
    return p;
}
