/* Zero-padded random crop and horizontal flip (He et al., "Deep residual learning", CVPR 2016, section 4.2), cutout
 * (DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017), in the same pass
 * as the normalisation. */
#include "data/augment.h"

#include <string.h>

struct dt_augment dt_augment_draw(const struct dt_augment_cfg *cfg, int h, int w, struct dt_rng *rng)
{
    int pad = (int)cfg->crop_pad;
    struct dt_augment a = { 0 };

    if (pad) {
        a.dy = (int)dt_rng_below(rng, 2 * (uint32_t)pad + 1) - pad;
        a.dx = (int)dt_rng_below(rng, 2 * (uint32_t)pad + 1) - pad;
    }
    if (cfg->hflip)
        a.flip = dt_rng_below(rng, 2) == 1;
    if (cfg->cutout) {
        a.cut = (int)cfg->cutout;
        a.cut_y = (int)dt_rng_below(rng, (uint32_t)h);
        a.cut_x = (int)dt_rng_below(rng, (uint32_t)w);
    }
    return a;
}

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* n pixels through the table; `step` is c, or -c to write backwards. Called with c a constant, so that the loop over
 * channels unrolls. */
static inline void look_up(const dt_real table[4][256], int c, const uint8_t *in, int n, dt_real *out, ptrdiff_t step)
{
    for (int x = 0; x < n; x++, in += c, out += step)
        for (int k = 0; k < c; k++)
            out[k] = table[k][in[k]];
}

static void row(const dt_real table[4][256], int c, const uint8_t *in, int n, dt_real *out, ptrdiff_t step)
{
    switch (c) {
    case 1:
        look_up(table, 1, in, n, out, step);
        break;
    case 3:
        look_up(table, 3, in, n, out, step);
        break;
    default:
        look_up(table, c, in, n, out, step);
    }
}

static void zero(dt_real *row, int from, int to, int c)
{
    if (to > from)
        memset(row + from * c, 0, (size_t)(to - from) * (size_t)c * sizeof(*row));
}

void dt_augment_apply(const struct dt_augment *a, const dt_real table[4][256], int h, int w, int c, const uint8_t *in,
                      dt_real *out)
{
    int lo = clamp(-a->dx, 0, w), hi = clamp(w - a->dx, lo, w); /* columns that come from inside */
    int cut_top = a->cut_y - a->cut / 2, cut_left = a->cut_x - a->cut / 2;

    for (int y = 0; y < h; y++, out += w * c) {
        const uint8_t *from = in + (ptrdiff_t)((y + a->dy) * w + lo + a->dx) * c;

        if (y + a->dy < 0 || y + a->dy >= h || lo == hi) {
            zero(out, 0, w, c);
            continue;
        }
        if (a->flip) {
            zero(out, 0, w - hi, c);
            row(table, c, from, hi - lo, out + (w - 1 - lo) * c, -c);
            zero(out, w - lo, w, c);
        } else {
            zero(out, 0, lo, c);
            row(table, c, from, hi - lo, out + lo * c, c);
            zero(out, hi, w, c);
        }
        if (y >= cut_top && y < cut_top + a->cut)
            zero(out, clamp(cut_left, 0, w), clamp(cut_left + a->cut, 0, w), c);
    }
}
