/* infer: convolutions of an inference plan on the reference engine. Plain: the product goes to scratch, from there with
 * the sum through the activation to its place. bfloat16 is widened before, rounded behind. */
#include "autograd/infer.h"
#include "autograd/op.h"
#include "autograd/ref/ref.h"

#include <string.h>

struct lane {
    void *x, *y;
    dt_real *columns, *product, *wide; /* wide: x, where it is bfloat16 */
};

struct conv {
    struct dt_infer_conv base;
    struct dt_infer_cfg cfg;
    size_t n_weights, n_in, n_out, columns, product;
    dt_real *w, *b;
    struct lane *lane;
};

static int block(void)
{
    return 0;
}

static void close(struct dt_infer_conv *conv)
{
    struct conv *c = (struct conv *)conv;

    if (!c)
        return;
    dt_free(c->w);
    dt_free(c->b);
    dt_free(c->lane);
    dt_free(c);
}

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static struct dt_infer_conv *open(struct dt_engine *e, const struct dt_infer_cfg *cfg, struct dt_err *err)
{
    const struct dt_conv_geom *g = &cfg->geom;
    struct conv *c = dt_calloc(1, sizeof *c);

    (void)e;
    if (cfg->x_block || cfg->y_block) {
        dt_fail(err, DT_EENGINE, "the engine ref computes on channels-last activations only");
        dt_free(c);
        return NULL;
    }
    if (c) {
        c->base = (struct dt_infer_conv){ .class_ = &dt_infer_ref, .name = "im2col" };
        c->cfg = *cfg;
        c->n_weights = (size_t)g->o * (size_t)(g->i / g->groups) * (size_t)(g->kh * g->kw);
        c->n_out = (size_t)g->n * (size_t)g->oh * (size_t)g->ow * (size_t)g->o;
        c->columns = rounded(dt_ref_columns(g));
        c->n_in = (size_t)g->n * (size_t)g->h * (size_t)g->w * (size_t)g->i;
        c->product = rounded(c->n_out * sizeof(dt_real));
        c->base.scratch_bytes = c->columns + c->product + (g->half ? c->n_in * sizeof(dt_real) : 0);
        c->w = dt_malloc(c->n_weights * sizeof *c->w);
        c->b = dt_malloc((size_t)g->o * sizeof *c->b);
        c->lane = dt_calloc((size_t)cfg->lanes, sizeof *c->lane);
    }
    if (c && c->w && c->b && c->lane)
        return &c->base;
    dt_fail(err, DT_ENOMEM, "out of memory for a convolution");
    close(c ? &c->base : NULL);
    return NULL;
}

static bool load(struct dt_infer_conv *conv, const dt_real *w, const dt_real *b, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;

    (void)err;
    dt_ref_pack(&c->cfg.geom, w, c->w);
    for (size_t i = 0; c->cfg.geom.half && i < c->n_weights; i++)
        c->w[i] = dt_real_of(dt_bf16_of(c->w[i]));
    memcpy(c->b, b, (size_t)c->cfg.geom.o * sizeof *b);
    return true;
}

static bool bind(struct dt_infer_conv *conv, int lane, void *x, void *y, void *scratch, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;

    (void)err;
    c->lane[lane] = (struct lane){ x, y, scratch, (dt_real *)((char *)scratch + c->columns),
                                   (dt_real *)((char *)scratch + c->columns + c->product) };
    return true;
}

static bool run(struct dt_infer_conv *conv, int lane, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;
    const struct lane *l = &c->lane[lane];
    const struct dt_infer_cfg *cfg = &c->cfg;
    bool half = cfg->geom.half;
    dt_bf16 *h = l->y;
    dt_real *y = l->y;

    (void)err;
    for (size_t i = 0; half && i < c->n_in; i++)
        l->wide[i] = dt_real_of(((const dt_bf16 *)l->x)[i]);
    dt_ref_conv(&cfg->geom, half ? l->wide : l->x, c->w, c->b, l->columns, l->product);
    for (size_t i = 0; i < c->n_out; i++) {
        dt_real v = l->product[i];

        if (cfg->sum)
            v += half ? dt_real_of(h[i]) : y[i];
        if (cfg->act != DT_LINEAR && v < 0)
            v = 0;
        if (cfg->act == DT_RELU6 && v > 6)
            v = 6;
        if (half)
            h[i] = dt_bf16_of(v);
        else
            y[i] = v;
    }
    return true;
}

const struct dt_infer_class dt_infer_ref = {
    .block = block,
    .open = open,
    .close = close,
    .load = load,
    .bind = bind,
    .run = run,
};
