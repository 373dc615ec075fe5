/* One convolution with its operands, its results and the truth. */
#include "conv_trial.h"

#include <math.h>

#include "support.h"

struct dt_conv_geom trial_geom(const int v[9])
{
    struct dt_conv_geom g = { .n = v[0],
                              .h = v[1],
                              .w = v[2],
                              .i = v[3],
                              .o = v[4],
                              .kh = v[5],
                              .kw = v[5],
                              .stride = v[6],
                              .pad = v[7],
                              .groups = v[8] };

    g.oh = (g.h + 2 * g.pad - g.kh) / g.stride + 1;
    g.ow = (g.w + 2 * g.pad - g.kw) / g.stride + 1;
    return g;
}

static void fill(dt_real *v, size_t n, uint32_t stream)
{
    struct dt_rng r = dt_rng_at(7, DT_STREAM_TEST, stream, 0);

    for (size_t i = 0; i < n; i++)
        v[i] = (dt_real)(2 * dt_rng_uniform(&r) - 1);
}

/* Every product of the convolution once, to all four results. */
static void direct(struct trial *t)
{
    const struct dt_conv_geom *g = &t->g;
    int ci = g->i / g->groups, co = g->o / g->groups;

    for (size_t y = 0; y < t->n[Y]; y++) {
        int o = (int)(y % (size_t)g->o), ox = (int)(y / (size_t)g->o) % g->ow;
        int oy = (int)(y / (size_t)g->o / (size_t)g->ow) % g->oh, n = (int)(y / (size_t)(g->o * g->ow * g->oh));

        t->want[Y][y] += (double)t->v[B][o];
        t->want[DB][o] += (double)t->v[DY][y];
        for (int k = 0; k < ci * g->kh * g->kw; k++) {
            int i = k / (g->kh * g->kw), iy = oy * g->stride - g->pad + k / g->kw % g->kh;
            int ix = ox * g->stride - g->pad + k % g->kw, w = o * ci * g->kh * g->kw + k;
            int x = ((n * g->h + iy) * g->w + ix) * g->i + o / co * ci + i;

            if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w)
                continue;
            t->want[Y][y] += (double)t->v[X][x] * (double)t->v[W][w];
            t->want[DX][x] += (double)t->v[DY][y] * (double)t->v[W][w];
            t->want[DW][w] += (double)t->v[DY][y] * (double)t->v[X][x];
        }
    }
}

void trial_open(struct trial *t, struct dt_conv_geom g)
{
    size_t x = (size_t)g.n * (size_t)(g.h * g.w * g.i), y = (size_t)g.n * (size_t)(g.oh * g.ow * g.o);
    size_t w = (size_t)g.o * (size_t)(g.i / g.groups * g.kh * g.kw), b = (size_t)g.o;

    *t = (struct trial){ .g = g, .n = { x, w, b, y, y, x, w, b } };
    for (int i = 0; i < N_BUFS; i++) {
        t->v[i] = dt_malloc(t->n[i] * sizeof(dt_real));
        t->want[i] = dt_calloc(t->n[i], sizeof(double));
        ck_assert(t->v[i] && t->want[i]);
        fill(t->v[i], t->n[i], (uint32_t)i);
    }
    t->weight = (struct dt_tensor){ .shape = dt_shape4(g.o, g.i / g.groups, g.kh, g.kw), .data = t->v[W] };
    direct(t);
}

void trial_close(struct trial *t)
{
    dt_pack_free(&t->weight);
    for (int i = 0; i < N_BUFS; i++) {
        dt_free(t->v[i]);
        dt_free(t->want[i]);
    }
}

/* `before`: what lay there when the engine had to add. */
double trial_off(const struct trial *t, int buf, bool add)
{
    struct dt_rng before = dt_rng_at(7, DT_STREAM_TEST, (uint32_t)buf, 0);
    double most = 0, diff = 0;

    for (size_t i = 0; i < t->n[buf]; i++) {
        double was = (double)(dt_real)(2 * dt_rng_uniform(&before) - 1), want = t->want[buf][i] + (add ? was : 0);
        double d = fabs((double)t->v[buf][i] - want);

        most = fmax(most, fabs(want));
        diff = d <= diff ? diff : d; /* a NaN stays */
    }
    return most > 0 ? diff / most : diff;
}

bool trial_run(struct dt_engine *e, struct trial *t, bool bias, bool add, struct dt_err *err)
{
    const struct dt_engine_class *c = e->class_;

    for (int i = DX; i <= DB; i++)
        fill(t->v[i], t->n[i], (uint32_t)i);
    return c->conv_forward(e, &t->g, t->v[X], &t->weight, bias ? t->v[B] : NULL, t->v[Y], err) &&
           c->conv_backward_data(e, &t->g, t->v[DY], &t->weight, t->v[DX], add, err) &&
           c->conv_backward_weights(e, &t->g, t->v[X], t->v[DY], t->v[DW], add, bias ? t->v[DB] : NULL, add, err);
}

void trial_check(const struct trial *t, const char *engine, bool bias, bool add)
{
    static const char *const name[] = { "x", "w", "b", "y", "dy", "dx", "dw", "db" };
    const struct dt_conv_geom *g = &t->g;

    for (int buf = Y; buf < N_BUFS; buf++)
        if (buf != DY && (bias || buf != DB))
            ck_assert_msg(trial_off(t, buf, add && buf != Y) <= TOLERANCE,
                          "%s: %s off by %g: [%d,%d,%d,%d] -> %d, kernel %d stride %d pad %d groups %d, add %d", engine,
                          name[buf], trial_off(t, buf, add && buf != Y), g->n, g->h, g->w, g->i, g->o, g->kh, g->stride,
                          g->pad, g->groups, add);
}
