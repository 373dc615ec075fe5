/* prefix_bench: prefix_conv against oneDNN's bare primitives (the faster of its layouts, warm, nothing reordered), and
 * its time over the prefix used. JSON to stdout: times in ms, the least of two medians; ratio: its speed over oneDNN's.
 * usage: prefix_bench [BATCH [fp32|bf16 [SHAPES]]]     SHAPES: the first ones only */
#include "autograd/engine.h"
#include "autograd/kernels/prefix_conv.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 7, ROUNDS = 2, FUSED = 3, TIMES };

static const struct shape {
    int side, i, o, k, stride;
} shapes[] = {
    { 32, 3, 16, 3, 1 },   { 32, 16, 16, 3, 1 }, { 32, 16, 32, 3, 2 },   { 16, 32, 32, 3, 1 },
    { 16, 32, 64, 3, 2 },  { 8, 64, 64, 3, 1 },  { 32, 32, 32, 3, 1 },   { 16, 64, 64, 3, 1 },
    { 8, 128, 128, 3, 1 }, { 32, 64, 64, 1, 1 }, { 16, 128, 128, 1, 1 }, { 8, 256, 256, 1, 1 },
    { 32, 64, 128, 1, 2 }, { 32, 64, 64, 3, 1 }, { 16, 128, 128, 3, 1 }, { 8, 256, 256, 3, 1 },
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct bench { /* one convolution with random operands */
    struct dt_prefix_geom g;
    void *x, *y, *dx, *forward, *data, *scratch;
    float *w, *dw, zero[512], sum[512], sq[512];
};

static void *filled(size_t n, bool half)
{
    struct dt_rng r = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    void *p = dt_malloc(n * sizeof(float));

    DT_ASSERT(p);
    for (size_t i = 0; i < n; i++) {
        float v = (float)dt_rng_below(&r, 257) / 128 - 1;
        uint32_t u;

        memcpy(&u, &v, sizeof u);
        if (half)
            ((uint16_t *)p)[i] = (uint16_t)(u >> 16); /* exact */
        else
            ((float *)p)[i] = v;
    }
    return p;
}

static void bench_open(struct bench *b, const struct shape *s, int n, int type)
{
    struct dt_prefix_geom *g = &b->g;
    size_t scratch = 0, nx, ny, nw;

    *b = (struct bench){
        .g = { .n = n, .h = s->side, .w = s->side, .kernel = s->k, .stride = s->stride, .pad = s->k / 2 }
    };
    g->i = g->ldx = g->w_i = s->i;
    g->o = g->ldy = g->w_o = s->o;
    g->oh = g->ow = (s->side + 2 * g->pad - s->k) / s->stride + 1;
    g->type = type;
    nx = (size_t)n * (size_t)(g->h * g->w * g->i);
    ny = (size_t)n * (size_t)(g->oh * g->ow * g->o);
    nw = (size_t)(g->o * g->i * g->kernel * g->kernel);
    b->x = filled(nx, type);
    b->dx = filled(nx, type);
    b->y = filled(ny, type);
    b->w = filled(nw, false);
    b->dw = filled(nw, false);
    b->forward = dt_malloc(dt_prefix_pack_bytes(g, false));
    b->data = dt_malloc(dt_prefix_pack_bytes(g, true));
    for (int dir = DT_PREFIX_FORWARD; dir <= DT_PREFIX_WEIGHTS; dir++) {
        size_t need = dt_prefix_scratch(g, (enum dt_prefix_dir)dir);

        scratch = need > scratch ? need : scratch;
    }
    b->scratch = dt_malloc(scratch);
    DT_ASSERT(b->forward && b->data && b->scratch);
    dt_prefix_pack(g, false, b->w, b->forward);
    dt_prefix_pack(g, true, b->w, b->data);
}

static void bench_close(struct bench *b)
{
    void *all[] = { b->x, b->y, b->dx, b->forward, b->data, b->scratch, b->w, b->dw };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dt_free(all[i]);
}

static void run(struct bench *b, int what)
{
    const struct dt_prefix_isa *isa = dt_prefix_isa();
    struct dt_prefix_after sums = { .about = b->zero, .sum = b->sum, .sq = b->sq };

    if (what == DT_PREFIX_DATA)
        dt_prefix_backward_data(isa, &b->g, b->y, b->data, b->dx, false, b->scratch);
    else if (what == DT_PREFIX_WEIGHTS)
        dt_prefix_backward_weights(isa, &b->g, b->x, NULL, b->y, b->dw, false, b->scratch);
    else
        dt_prefix_forward(isa, &b->g, b->x, NULL, b->forward, what == FUSED ? &sums : NULL, b->y, b->scratch);
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(struct bench *b, int what)
{
    double t[RUNS];

    for (int i = -2; i < RUNS; i++) {
        double start = dt_now();

        run(b, what);
        if (i >= 0)
            t[i] = dt_now() - start;
    }
    qsort(t, RUNS, sizeof *t, by_time);
    return t[RUNS / 2];
}

static void print_times(const char *name, const double *t, int n)
{
    printf(", \"%s\": [", name);
    for (int i = 0; i < n; i++)
        printf("%s%.4f", i ? ", " : "", t[i] * 1e3);
    printf("]");
}

/* All directions of one shape against the engine, taking turns */
static bool versus(const struct shape *s, int n, int type, struct dt_engine *e, struct dt_err *err)
{
    struct bench b;
    double ours[TIMES] = { 0 }, theirs[3] = { 0 }, t[3];
    struct dt_conv_geom g = { .n = n,
                              .h = s->side,
                              .w = s->side,
                              .i = s->i,
                              .o = s->o,
                              .kh = s->k,
                              .kw = s->k,
                              .stride = s->stride,
                              .pad = s->k / 2,
                              .groups = 1,
                              .half = type };

    bench_open(&b, s, n, type);
    g.oh = g.ow = b.g.oh;
    for (int round = 0; round < ROUNDS && !err->code; round++) {
        bool known = e->class_->conv_time && e->class_->conv_time(e, &g, true, RUNS, t, err);

        for (int i = 0; i < TIMES; i++) {
            double m = median(&b, i);

            ours[i] = round && ours[i] < m ? ours[i] : m;
            if (i < 3)
                theirs[i] = !known ? 0 : round && theirs[i] < t[i] ? theirs[i] : t[i];
        }
    }
    bench_close(&b);
    printf("{\"side\": %d, \"i\": %d, \"o\": %d, \"kernel\": %d, \"stride\": %d", s->side, s->i, s->o, s->k, s->stride);
    print_times("ours", ours, TIMES);
    print_times("engine", theirs, 3);
    for (int i = 0; i < 3; i++)
        t[i] = theirs[i] / ours[i] / 1e3;
    print_times("ratio", t, 3);
    printf("}");
    return !err->code;
}

/* 8x8 images of 64 channels by prefixes of both, in steps of 16: ms forward */
static void prefixes(int n, int type)
{
    static const struct shape full = { 8, 64, 64, 3, 1 };
    struct bench b;

    bench_open(&b, &full, n, type);
    for (int i = 16; i <= 64; i += 16)
        for (int o = 16; o <= 64; o += 16) {
            double t[2];

            b.g.i = i;
            b.g.o = o;
            t[0] = median(&b, DT_PREFIX_FORWARD);
            t[1] = median(&b, DT_PREFIX_FORWARD);
            t[0] = t[0] < t[1] ? t[0] : t[1];
            printf("%s    {\"i\": %d, \"o\": %d, \"ms\": %.4f, \"ns_per_channel_pair\": %.4f}", i + o > 32 ? ",\n" : "",
                   i, o, t[0] * 1e3, t[0] * 1e9 / (i * o));
        }
    bench_close(&b);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 128, type = argc > 2 && strcmp(argv[2], "bf16") == 0;
    int count = argc > 3 ? atoi(argv[3]) : N_SHAPES;
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("auto", &err);

    if (n < 1 || (argc > 2 && !type && strcmp(argv[2], "fp32") != 0) || count < 1 || count > N_SHAPES) {
        fprintf(stderr, "usage: prefix_bench [BATCH [fp32|bf16 [SHAPES, 1 to %d]]]\n", N_SHAPES);
        return 2;
    }
    printf("{\"batch\": %d, \"precision\": \"%s\", \"threads\": %d, \"isa\": \"%s\", \"engine\": \"%s\",\n", n,
           type ? "bf16" : "fp32", dt_par_threads(), dt_prefix_isa()->name, e ? dt_engine_name(e) : "");
    printf("  \"order\": \"forward, data, weights, forward with sums\",\n  \"shapes\": [\n");
    for (int i = 0; i < count && !err.code; i++) {
        printf("%s    ", i ? ",\n" : "");
        versus(&shapes[i], n, type, e, &err);
        fflush(stdout);
    }
    printf("],\n  \"prefixes\": [\n");
    if (!err.code)
        prefixes(n, type);
    printf("]}\n");
    dt_engine_free(e);
    if (err.code)
        fprintf(stderr, "prefix_bench: %s\n", err.msg);
    return err.code ? dt_exit_status(err.code) : 0;
}
