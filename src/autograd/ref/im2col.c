/* im2col: patches to rows of a matrix and back. The taps of one kernel line are neighbours in a channels-last image, so
 * without groups they are one run of memory. */
#include "autograd/ref/ref.h"

#include <string.h>

/* The kernel points [*lo, *hi) of n that fall inside [0, size) when the first one is at `at`. */
static void inside(int at, int n, int size, int *lo, int *hi)
{
    *lo = at < 0 ? (-at < n ? -at : n) : 0;
    *hi = size - at < n ? (size - at > *lo ? size - at : *lo) : n;
}

/* One kernel line of one patch: kw points of ci channels, `line` the image line under it or NULL. */
static void gather_line(const struct dt_ref_work *w, const dt_real *line, int x0, dt_real *out)
{
    const struct dt_conv_geom *g = w->g;
    size_t ci = (size_t)w->ci;
    int lo = g->kw, hi = g->kw;

    if (line)
        inside(x0, g->kw, g->w, &lo, &hi);
    memset(out, 0, (size_t)lo * ci * sizeof *out);
    if (hi > lo && g->groups == 1)
        memcpy(out + (size_t)lo * ci, line + (ptrdiff_t)(x0 + lo) * g->i, (size_t)(hi - lo) * ci * sizeof *out);
    else
        for (int k = lo; k < hi; k++)
            memcpy(out + (size_t)k * ci, line + (ptrdiff_t)(x0 + k) * g->i, ci * sizeof *out);
    memset(out + (size_t)hi * ci, 0, (size_t)(g->kw - hi) * ci * sizeof *out);
}

static void scatter_line(const struct dt_ref_work *w, dt_real *line, int x0, const dt_real *in)
{
    const struct dt_conv_geom *g = w->g;
    int lo, hi;

    inside(x0, g->kw, g->w, &lo, &hi);
    for (int k = lo; k < hi; k++) {
        dt_real *to = line + (ptrdiff_t)(x0 + k) * g->i;
        const dt_real *from = in + (ptrdiff_t)k * w->ci;

        for (int c = 0; c < w->ci; c++)
            to[c] += from[c];
    }
}

/* Where the group's channels of image line iy under output row `row` begin; -1: outside. */
static ptrdiff_t line_at(const struct dt_conv_geom *g, int64_t row, int ky)
{
    int iy = (int)(row % g->oh) * g->stride - g->pad + ky;

    return iy < 0 || iy >= g->h ? -1 : (ptrdiff_t)(row / g->oh * g->h + iy) * g->w * g->i;
}

void dt_im2col(const struct dt_ref_work *w, int group, int64_t row, int rows, dt_real *columns)
{
    const struct dt_conv_geom *g = w->g;
    ptrdiff_t run = (ptrdiff_t)g->kw * w->ci;

    for (int64_t r = row; r < row + rows; r++, columns += (ptrdiff_t)g->ow * g->kh * run)
        for (int ky = 0; ky < g->kh; ky++) {
            ptrdiff_t at = line_at(g, r, ky);
            const dt_real *line = at < 0 ? NULL : w->x + at + (ptrdiff_t)group * w->ci;

            for (int ox = 0; ox < g->ow; ox++)
                gather_line(w, line, ox * g->stride - g->pad, columns + ((ptrdiff_t)ox * g->kh + ky) * run);
        }
}

void dt_col2im(const struct dt_ref_work *w, int group, int64_t row, int rows, const dt_real *columns)
{
    const struct dt_conv_geom *g = w->g;
    ptrdiff_t run = (ptrdiff_t)g->kw * w->ci;

    for (int64_t r = row; r < row + rows; r++, columns += (ptrdiff_t)g->ow * g->kh * run)
        for (int ky = 0; ky < g->kh; ky++) {
            ptrdiff_t at = line_at(g, r, ky);

            if (at < 0)
                continue;
            for (int ox = 0; ox < g->ow; ox++)
                scatter_line(w, w->dx + at + (ptrdiff_t)group * w->ci, ox * g->stride - g->pad,
                             columns + ((ptrdiff_t)ox * g->kh + ky) * run);
        }
}
