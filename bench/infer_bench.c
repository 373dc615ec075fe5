/* infer_bench: one image through a network of random weights, for vs_onnxruntime.js.
 * usage: infer_bench NETWORK FOLDER [RUNS [fp32|bf16]]
 * Writes model.onnx, image.bin ([c,h,w] floats) and logits.bin, and prints the median milliseconds of a run on one
 * thread. */
#include <dyntrain/deploy.h>
#include <dyntrain/exec.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, CHANNELS = 3, CLASSES = 10, PIXELS = SIDE * SIDE, MAX_RUNS = 10000, WARM = 20 };

struct image {
    dt_real last[PIXELS * CHANNELS], first[CHANNELS * PIXELS]; /* channels last, channels first */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool write_file(const char *folder, const char *name, const void *data, size_t size, struct dt_err *err)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f))
        return dt_fail(err, DT_ERESOURCE, "%s: cannot be written", path);
    return true;
}

/* Norms as if trained: what is folded is not one and zero. */
static bool perturb(void *ctx, struct dt_param *p)
{
    struct dt_rng *rng = ctx;
    bool scale = !strcmp(p->name, "gamma") || !strcmp(p->name, "var");

    for (int64_t i = 0; i < dt_numel(&p->tensor.shape) && p->tensor.shape.rank == 1; i++)
        p->tensor.data[i] = (dt_real)(scale ? 0.7 + 0.6 * dt_rng_uniform(rng) : 0.1 * dt_rng_normal(rng));
    return true;
}

static struct dt_net *make_net(const char *name, struct dt_rng *rng, struct dt_err *err)
{
    const struct dt_model_cfg cfg = {
        .arch = name, .classes = CLASSES, .width = 16, .cardinality = 4, .path_width = 16
    };
    struct dt_net *net = dt_net_new(1, err);

    if (net && dt_model_build(net, &cfg, CHANNELS, err) == DT_OK &&
        dt_net_finish(net, SIDE, SIDE, CHANNELS, err) == DT_OK)
        dt_net_walk(net, &(struct dt_visitor){ .ctx = rng, .param = perturb });
    return net;
}

static double measure(struct dt_plan *plan, const struct image *x, int runs, struct dt_plan_out *out,
                      struct dt_err *err)
{
    static double ms[MAX_RUNS];

    for (int i = -WARM; i < runs; i++) {
        double start = dt_now();

        if (dt_plan_run(plan, NULL, x->last, 1, out, err))
            return 0;
        if (i >= 0)
            ms[i] = 1e3 * (dt_now() - start);
    }
    qsort(ms, (size_t)runs, sizeof *ms, by_value);
    return ms[runs / 2];
}

static bool work(struct dt_net *net, const struct image *x, const char *folder, int runs, enum dt_dtype precision,
                 struct dt_err *err)
{
    struct dt_engine *engine = dt_engine_new("auto", err);
    struct dt_plan *plan =
        engine ? dt_plan_new(net, NULL, engine, &(struct dt_plan_cfg){ .precision = precision }, err) : NULL;
    struct dt_arena *arena = dt_arena_new(0, err);
    struct dt_plan_out out = { 0 };
    unsigned char *model = NULL;
    size_t size = 0;
    double ms = plan ? measure(plan, x, runs, &out, err) : 0;

    if (!err->code)
        model = dt_onnx_write(net, arena, &size, err);
    if (model && write_file(folder, "model.onnx", model, size, err) &&
        write_file(folder, "image.bin", x->first, sizeof x->first, err) &&
        write_file(folder, "logits.bin", out.logits, (size_t)out.classes * sizeof *out.logits, err))
        printf("%.5f\n", ms);
    dt_plan_free(plan);
    dt_arena_free(arena);
    dt_engine_free(engine);
    return !err->code;
}

int main(int argc, char **argv)
{
    static struct image x;
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    struct dt_err err = { 0 };
    struct dt_net *net;
    int runs = argc > 3 ? atoi(argv[3]) : 300;
    bool half = argc > 4 && !strcmp(argv[4], "bf16");

    if (argc < 3 || runs < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: infer_bench NETWORK FOLDER [RUNS, at most %d [fp32|bf16]]\n", MAX_RUNS);
        return 2;
    }
    for (int p = 0; p < PIXELS; p++)
        for (int c = 0; c < CHANNELS; c++)
            x.last[p * CHANNELS + c] = x.first[c * PIXELS + p] = (dt_real)dt_rng_normal(&rng);
    dt_par_set_threads(1);
    net = make_net(argv[1], &rng, &err);
    if (!err.code)
        work(net, &x, argv[2], runs, half ? DT_BF16 : DT_REAL_DTYPE, &err);
    dt_net_free(net);
    if (err.code)
        fprintf(stderr, "infer_bench: %s\n", err.msg);
    return dt_exit_status(err.code);
}
