/* conv_bench: what the engine adds to oneDNN's bare primitives, for the convolutions of a few networks, batch 128.
 * Times through the engine interface (weights changed before every step, gradients added as a step adds them) against
 * conv_time(), both warm, the least of three medians. */
#include "autograd/engine.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 9, ROUNDS = 3 };

struct row {
    const char *net;
    int count, n, side, i, o, k, stride, groups;
};
static const struct row rows[] = {
    { "resnet20", 1, 128, 32, 3, 16, 3, 1, 1 },     { "resnet20", 6, 128, 32, 16, 16, 3, 1, 1 },
    { "resnet20", 1, 128, 32, 16, 32, 3, 2, 1 },    { "resnet20", 5, 128, 16, 32, 32, 3, 1, 1 },
    { "resnet20", 1, 128, 16, 32, 64, 3, 2, 1 },    { "resnet20", 5, 128, 8, 64, 64, 3, 1, 1 },
    { "resnext", 4, 32, 32, 16, 64, 1, 1, 1 },      { "resnext", 4, 32, 32, 64, 16, 1, 1, 1 },
    { "resnext", 1, 32, 32, 64, 64, 3, 1, 4 },      { "resnext", 1, 32, 16, 128, 128, 3, 1, 4 },
    { "mobilenetv2", 1, 32, 32, 96, 96, 3, 1, 96 }, { "mobilenetv2", 1, 32, 16, 144, 144, 3, 2, 144 },
    { "mobilenetv2", 1, 32, 16, 24, 144, 1, 1, 1 }, { "vgg16", 1, 32, 32, 64, 64, 3, 1, 1 },
    { "vgg16", 1, 32, 8, 256, 256, 3, 1, 1 },       { "vgg16", 3, 32, 4, 512, 512, 3, 1, 1 },
};

static struct dt_conv_geom geom_of(const struct row *r)
{
    struct dt_conv_geom g = { .n = r->n,
                              .h = r->side,
                              .w = r->side,
                              .i = r->i,
                              .o = r->o,
                              .kh = r->k,
                              .kw = r->k,
                              .stride = r->stride,
                              .pad = r->k / 2,
                              .groups = r->groups };

    g.oh = g.ow = (r->side + 2 * g.pad - r->k) / r->stride + 1;
    return g;
}

static dt_real *filled(size_t n)
{
    struct dt_rng r = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    dt_real *v = dt_malloc(n * sizeof *v);

    DT_ASSERT(v);
    for (size_t i = 0; i < n; i++)
        v[i] = (dt_real)(2 * dt_rng_uniform(&r) - 1);
    return v;
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static bool time_engine(struct dt_engine *e, const struct dt_conv_geom *g, bool add, double out[3], struct dt_err *err)
{
    dt_real *x = filled((size_t)g->n * (size_t)(g->h * g->w * g->i));
    dt_real *y = filled((size_t)g->n * (size_t)(g->oh * g->ow * g->o)),
            *dx = filled((size_t)g->n * (size_t)(g->h * g->w * g->i));
    struct dt_tensor w = { .shape = dt_shape4(g->o, g->i / g->groups, g->kh, g->kw), .version = 1 };
    dt_real *dw = filled((size_t)dt_numel(&w.shape));
    double t[3][RUNS];
    bool ok = true;

    w.data = filled((size_t)dt_numel(&w.shape));
    for (int dir = 0; dir < 3; dir++)
        for (int i = -3; i < RUNS && ok; i++) {
            double start = dt_now();

            w.version++;
            ok = dir == 0   ? e->class_->conv_forward(e, g, x, &w, NULL, y, err)
                 : dir == 1 ? e->class_->conv_backward_data(e, g, y, &w, dx, add, err)
                            : e->class_->conv_backward_weights(e, g, x, y, dw, true, NULL, false, err);
            t[dir][i < 0 ? 0 : i] = dt_now() - start;
        }
    for (int dir = 0; dir < 3; dir++) {
        qsort(t[dir], RUNS, sizeof(double), by_time);
        out[dir] = t[dir][RUNS / 2];
    }
    dt_pack_free(&w);
    dt_free(w.data);
    dt_free(x);
    dt_free(y);
    dt_free(dx);
    dt_free(dw);
    return ok;
}

static void least(double best[3], const double t[3], int round)
{
    for (int dir = 0; dir < 3; dir++)
        best[dir] = round == 0 || t[dir] < best[dir] ? t[dir] : best[dir];
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "dnnl";
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new(name, &err);
    double total[2] = { 0, 0 };

    printf("%-12s %-34s %25s %25s %9s\n", "", "", "engine ms (f, d, w)", "bare ms (f, d, w)", "add d ms");
    for (size_t i = 0; e && i < sizeof rows / sizeof *rows && !err.code; i++) {
        const struct row *r = &rows[i];
        struct dt_conv_geom g = geom_of(r);
        double ours[3] = { 0 }, bare[3] = { 0 }, add[3] = { 0 }, t[3] = { 0 };

        for (int round = 0; round < ROUNDS && !err.code; round++) {
            if (time_engine(e, &g, false, t, &err))
                least(ours, t, round);
            if (!err.code && e->class_->conv_time && e->class_->conv_time(e, &g, true, RUNS, t, &err))
                least(bare, t, round);
            if (!err.code && time_engine(e, &g, true, t, &err))
                least(add, t, round);
        }
        printf("%-12s n%-3d %2dx%-2d %3d->%-3d k%d s%d g%-3d x%d  %7.3f %7.3f %7.3f   %7.3f %7.3f %7.3f   %7.3f\n",
               r->net, g.n, r->side, r->side, r->i, r->o, r->k, r->stride, r->groups, r->count, ours[0] * 1e3,
               ours[1] * 1e3, ours[2] * 1e3, bare[0] * 1e3, bare[1] * 1e3, bare[2] * 1e3, add[1] * 1e3);
        for (int dir = 0; dir < 3 && strcmp(r->net, "resnet20") == 0; dir++) {
            total[0] += r->count * ours[dir];
            total[1] += r->count * bare[dir];
        }
    }
    dt_engine_free(e);
    if (err.code) {
        fprintf(stderr, "conv_bench: %s\n", err.msg);
        return dt_exit_status(err.code);
    }
    printf("resnet20, all layers: engine %.1f ms, bare %.1f ms\n", total[0] * 1e3, total[1] * 1e3);
    return 0;
}
