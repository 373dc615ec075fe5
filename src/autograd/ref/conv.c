/* convolution as matrix products: with x' the patches (im2col) and w' the weights as [o][kh kw i],
 *   y = x' w'^T        dx = col2im(dy w')        dw' = dy^T x'
 * group by group, a band of output rows at a time. A 1x1 kernel of stride 1 needs no patches: x is x'. */
#include "autograd/ref/ref.h"

#include <string.h>

static bool depthwise(const struct dt_conv_geom *g)
{
    return g->groups == g->i && g->o == g->i;
}

static bool pointwise(const struct dt_conv_geom *g)
{
    return g->kh == 1 && g->kw == 1 && g->stride == 1 && g->pad == 0 && !depthwise(g);
}

static size_t n_weights(const struct dt_ref_work *w)
{
    return (size_t)w->g->o * (size_t)w->ci * (size_t)w->taps;
}

/* Chunks from the shape alone; `most` of them, `unit` rows that stay together. */
static void cut(struct dt_ref_work *w, int64_t unit, int most)
{
    int64_t rows = (int64_t)w->g->n * w->g->oh, units = (rows - 1) / unit + 1;

    w->grain = ((units - 1) / most + 1) * unit;
    w->chunks = (int)dt_par_chunks(rows, w->grain);
}

static struct dt_ref_work work_of(const struct dt_conv_geom *g)
{
    struct dt_ref_work w = { .g = g, .taps = g->kh * g->kw, .ci = g->i / g->groups, .co = g->o / g->groups };

    w.band = g->ow < DT_REF_PIXELS ? DT_REF_PIXELS / g->ow : 1;
    return w;
}

void dt_ref_pack(const struct dt_conv_geom *g, const dt_real *from, dt_real *to)
{
    ptrdiff_t o = g->o, ci = g->i / g->groups, taps = (ptrdiff_t)g->kh * g->kw;

    for (ptrdiff_t a = 0; a < o; a++)
        for (ptrdiff_t t = 0; t < taps; t++)
            if (depthwise(g))
                to[t * o + a] = from[a * taps + t];
            else
                for (ptrdiff_t i = 0; i < ci; i++)
                    to[(a * taps + t) * ci + i] = from[(a * ci + i) * taps + t];
}

static bool pack_weights(struct dt_ref *e, struct dt_ref_work *w, const dt_real *from, struct dt_err *err)
{
    if (!dt_scratch_need(&e->weights, n_weights(w) * sizeof(dt_real), err))
        return false;
    dt_ref_pack(w->g, from, e->weights.data);
    w->w = e->weights.data;
    return true;
}

static size_t column_length(const struct dt_ref_work *w)
{
    return (size_t)w->band * (size_t)w->g->ow * (size_t)w->taps * (size_t)w->ci;
}

static size_t column_bytes(const struct dt_ref_work *w)
{
    size_t length = depthwise(w->g) ? (size_t)w->g->i : column_length(w);

    return pointwise(w->g) ? 0 : (size_t)w->chunks * length * sizeof(dt_real);
}

static bool need_columns(struct dt_ref *e, struct dt_ref_work *w, struct dt_err *err)
{
    if (!dt_scratch_need(&e->columns, column_bytes(w), err))
        return false;
    w->columns = e->columns.data;
    return true;
}

/* The patches of a band, one pixel every *ld elements. */
static const dt_real *patches(const struct dt_ref_work *w, int group, int64_t row, int rows, int64_t chunk, int *ld)
{
    dt_real *columns;

    if (pointwise(w->g)) {
        *ld = w->g->i;
        return w->x + row * w->g->w * w->g->i + (ptrdiff_t)group * w->ci;
    }
    columns = w->columns + (size_t)chunk * column_length(w);
    dt_im2col(w, group, row, rows, columns);
    *ld = w->taps * w->ci;
    return columns;
}

static int rows_of_band(const struct dt_ref_work *w, int64_t row, int64_t end)
{
    return (int)(end - row < w->band ? end - row : w->band);
}

static void forward_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = ctx;
    const struct dt_conv_geom *g = w->g;
    int k = w->taps * w->ci, ld;

    for (int64_t row = begin; row < end; row += w->band) {
        int rows = rows_of_band(w, row, end), m = rows * g->ow;
        dt_real *y = w->y + row * g->ow * g->o;

        for (int p = 0; p < m && w->b; p++)
            memcpy(y + (ptrdiff_t)p * g->o, w->b, (size_t)g->o * sizeof *y);
        for (int group = 0; group < g->groups; group++) {
            const dt_real *x = patches(w, group, row, rows, chunk, &ld);

            dt_gemm_serial(false, true, m, w->co, k, x, ld, w->w + (ptrdiff_t)group * w->co * k, k, w->b != NULL,
                           y + (ptrdiff_t)group * w->co, g->o);
        }
    }
}

size_t dt_ref_columns(const struct dt_conv_geom *g)
{
    struct dt_ref_work w = work_of(g);

    cut(&w, w.band, DT_REF_CHUNKS);
    return column_bytes(&w);
}

void dt_ref_conv(const struct dt_conv_geom *g, const dt_real *x, const dt_real *packed, const dt_real *b,
                 dt_real *columns, dt_real *y)
{
    struct dt_ref_work w = work_of(g);

    w.x = x;
    w.w = packed;
    w.b = b;
    w.columns = columns;
    w.y = y;
    cut(&w, w.band, DT_REF_CHUNKS);
    dt_par_for((int64_t)g->n * g->oh, w.grain, depthwise(g) ? dt_depthwise_forward : forward_chunk, &w);
}

bool dt_ref_conv_forward(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *weight,
                         const dt_real *b, void *y, struct dt_err *err)
{
    struct dt_ref *ref = (struct dt_ref *)e;
    struct dt_ref_work w = work_of(g);

    w.x = dt_ref_widen(ref, 0, g, false, x, err);
    w.b = b;
    w.y = dt_ref_wide(ref, 1, g, true, y, err);
    cut(&w, w.band, DT_REF_CHUNKS);
    if (!w.x || !w.y || !pack_weights(ref, &w, weight->data, err) || !need_columns(ref, &w, err))
        return false;
    dt_par_for((int64_t)g->n * g->oh, w.grain, depthwise(g) ? dt_depthwise_forward : forward_chunk, &w);
    dt_ref_narrow(g, true, w.y, false, y);
    return true;
}

/* Patches overlap, so a chunk is whole images. */
static void data_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = ctx;
    const struct dt_conv_geom *g = w->g;
    int k = w->taps * w->ci;
    ptrdiff_t image = (ptrdiff_t)g->h * g->w * g->i;

    if (!w->add && !pointwise(g))
        memset(w->dx + begin / g->oh * image, 0, (size_t)((end - begin) / g->oh * image) * sizeof *w->dx);
    if (depthwise(g)) {
        dt_depthwise_data(ctx, begin, end, chunk);
        return;
    }
    for (int64_t row = begin; row < end; row += w->band)
        for (int group = 0; group < g->groups; group++) {
            int rows = rows_of_band(w, row, end), m = rows * g->ow;
            const dt_real *dy = w->dy + row * g->ow * g->o + (ptrdiff_t)group * w->co;
            const dt_real *weight = w->w + (ptrdiff_t)group * w->co * k;
            dt_real *columns;

            if (pointwise(g)) {
                dt_gemm_serial(false, false, m, k, w->co, dy, g->o, weight, k, w->add,
                               w->dx + row * g->w * g->i + (ptrdiff_t)group * w->ci, g->i);
                continue;
            }
            columns = w->columns + (size_t)chunk * column_length(w);
            dt_gemm_serial(false, false, m, k, w->co, dy, g->o, weight, k, false, columns, k);
            dt_col2im(w, group, row, rows, columns);
        }
}

bool dt_ref_conv_backward_data(struct dt_engine *e, const struct dt_conv_geom *g, const void *dy,
                               struct dt_tensor *weight, void *dx, bool add, struct dt_err *err)
{
    struct dt_ref *ref = (struct dt_ref *)e;
    struct dt_ref_work w = work_of(g);

    w.dy = dt_ref_widen(ref, 1, g, true, dy, err);
    w.dx = dt_ref_wide(ref, 0, g, false, dx, err);
    w.add = add && !g->half;
    cut(&w, g->oh, DT_REF_CHUNKS);
    if (!w.dy || !w.dx || !pack_weights(ref, &w, weight->data, err) || !need_columns(ref, &w, err))
        return false;
    dt_par_for((int64_t)g->n * g->oh, w.grain, data_chunk, &w);
    dt_ref_narrow(g, false, w.dx, add, dx);
    return true;
}

static void weights_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = ctx;
    const struct dt_conv_geom *g = w->g;
    dt_real *partial = w->partial + (size_t)chunk * n_weights(w);
    int k = w->taps * w->ci, ld;

    for (int64_t row = begin; row < end; row += w->band) {
        int rows = rows_of_band(w, row, end);

        for (int group = 0; group < g->groups; group++) {
            const dt_real *x = patches(w, group, row, rows, chunk, &ld);

            dt_gemm_serial(true, false, w->co, k, rows * g->ow, w->dy + row * g->ow * g->o + (ptrdiff_t)group * w->co,
                           g->o, x, ld, row > begin, partial + (ptrdiff_t)group * w->co * k, k);
        }
    }
}

/* Adds the chunks' gradients in chunk order and puts them back to OIHW. */
static void add_partials(const struct dt_ref_work *w, dt_real *dw)
{
    ptrdiff_t o = w->g->o, ci = w->ci, taps = w->taps;
    size_t n = n_weights(w);

    for (ptrdiff_t a = 0; a < o; a++)
        for (ptrdiff_t i = 0; i < ci; i++)
            for (ptrdiff_t t = 0; t < taps; t++) {
                const dt_real *part = w->partial + (depthwise(w->g) ? t * o + a : (a * taps + t) * ci + i);
                dt_real *to = dw + (a * ci + i) * taps + t, sum = 0;

                for (int c = 0; c < w->chunks; c++)
                    sum += part[(size_t)c * n];
                *to = w->add ? *to + sum : sum;
            }
}

bool dt_ref_conv_backward_weights(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                  dt_real *dw, bool dw_add, dt_real *db, bool db_add, struct dt_err *err)
{
    struct dt_ref *ref = (struct dt_ref *)e;
    struct dt_ref_work w = work_of(g);
    size_t fit = DT_REF_PARTIAL / n_weights(&w);

    w.x = dt_ref_widen(ref, 0, g, false, x, err);
    w.dy = dt_ref_widen(ref, 1, g, true, dy, err);
    w.add = dw_add;
    cut(&w, w.band, fit >= DT_REF_CHUNKS ? DT_REF_CHUNKS : fit < 2 ? 2 : (int)fit);
    if (!w.x || !w.dy || !dt_scratch_need(&ref->partial, (size_t)w.chunks * n_weights(&w) * sizeof(dt_real), err) ||
        !need_columns(ref, &w, err))
        return false;
    w.partial = ref->partial.data;
    dt_par_for((int64_t)g->n * g->oh, w.grain, depthwise(g) ? dt_depthwise_weights : weights_chunk, &w);
    add_partials(&w, dw);
    if (db)
        dt_column_sum((int64_t)g->n * g->oh * g->ow, g->o, w.dy, DT_REAL_DTYPE, db_add, db);
    return true;
}
