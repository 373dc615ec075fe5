/* paths_bench: a training pass (forward and backward) of ResNeXt-29 4x16d in which every image takes each path with
 * some probability: path by path (what is skipped is not computed) beside all paths as groups (what is skipped is
 * masked). Why models/paths.c gathers whoever skips (docs/performance.md).
 * usage: paths_bench [BATCH [ROUNDS]]        JSON on standard output: ms of each, medians of rounds in turn */
#include <dyntrain/nn.h>
#include <stdlib.h>

enum { SIDE = 32, CHANNELS = 3, CLASSES = 10, PATHS = 36, MOST_BATCH = 256, MOST_ROUNDS = 100 };

struct trial {
    struct dt_net *net;
    struct dt_tape *tape;
    int batch, rounds;
    dt_real *x;
    int *keep, *label;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

static void draw(struct trial *t, double share, struct dt_rng *rng)
{
    for (int i = 0; i < t->batch * PATHS; i++)
        t->keep[i] = dt_rng_uniform(rng) < share;
    t->keep[0] = 0; /* else all of them run together in any case */
}

static double pass(const struct trial *t, enum dt_exec exec)
{
    struct dt_run run = { .tape = t->tape, .training = true, .freeze_stats = true, .exec = exec, .n = t->batch };
    double start = dt_now();
    struct dt_tensor *y;

    dt_tape_reset(t->tape);
    run.arch = (struct dt_arch){ .rows = t->batch, .n = PATHS, .value = t->keep };
    y = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(t->batch, SIDE, SIDE, CHANNELS), t->x));
    if (dt_backward(t->tape, dt_mean(t->tape, dt_cross_entropy(t->tape, y, t->label, NULL, NULL, 0))))
        return 0;
    return 1e3 * (dt_now() - start);
}

static void measure(struct trial *t, double share, bool last)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    double skip[MOST_ROUNDS], mask[MOST_ROUNDS], s, m;

    for (int i = -1; i < t->rounds; i++) { /* the first builds primitives */
        draw(t, share, &rng);
        s = pass(t, DT_SKIP);
        m = pass(t, DT_MASK);
        if (i >= 0) {
            skip[i] = s;
            mask[i] = m;
        }
    }
    s = median(skip, t->rounds);
    m = median(mask, t->rounds);
    printf("    {\"share\": %.2f, \"one_by_one_ms\": %.2f, \"together_ms\": %.2f, \"ratio\": %.3f}%s\n", share, s, m,
           s / m, last ? "" : ",");
}

static void work(struct trial *t, enum dt_dtype precision, bool last, struct dt_err *err)
{
    static const double share[] = { 0.15, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99 };
    enum { SHARES = sizeof share / sizeof *share };

    dt_tape_precision(t->tape, precision);
    printf("  \"%s\": [\n", precision == DT_BF16 ? "bf16" : "fp32");
    for (int i = 0; i < SHARES && !dt_tape_err(t->tape)->code; i++)
        measure(t, share[i], i == SHARES - 1);
    printf("  ]%s\n", last ? "" : ",");
    *err = *dt_tape_err(t->tape);
}

static bool fill(struct trial *t, struct dt_err *err)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 1, 0);
    size_t pixels = (size_t)t->batch * SIDE * SIDE * CHANNELS;

    t->x = dt_calloc(pixels, sizeof *t->x);
    t->keep = dt_calloc((size_t)t->batch * PATHS, sizeof *t->keep);
    t->label = dt_calloc((size_t)t->batch, sizeof *t->label);
    if (!t->x || !t->keep || !t->label)
        return dt_fail(err, DT_ENOMEM, "out of memory");
    for (size_t i = 0; i < pixels; i++)
        t->x[i] = (dt_real)dt_rng_normal(&rng);
    return true;
}

int main(int argc, char **argv)
{
    static const struct dt_model_cfg cfg = {
        .arch = "resnext29", .classes = CLASSES, .cardinality = 4, .path_width = 16, .dynamic = true
    };
    struct dt_err err = { 0 };
    struct trial t = { .batch = argc > 1 ? atoi(argv[1]) : 64, .rounds = argc > 2 ? atoi(argv[2]) : 5 };
    struct dt_engine *engine = dt_engine_new("auto", &err);

    if (t.batch < 1 || t.batch > MOST_BATCH || t.rounds < 1 || t.rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: paths_bench [BATCH, at most %d [ROUNDS, at most %d]]\n", MOST_BATCH, MOST_ROUNDS);
        return 2;
    }
    dt_par_set_threads(0);
    t.net = dt_net_new(1, &err);
    t.tape = engine ? dt_tape_new(engine, &err) : NULL;
    if (t.net && t.tape && dt_model_build(t.net, &cfg, CHANNELS, &err) == DT_OK &&
        dt_net_finish(t.net, SIDE, SIDE, CHANNELS, &err) == DT_OK && fill(&t, &err)) {
        printf("{\n  \"batch\": %d, \"threads\": %d,\n", t.batch, dt_par_threads());
        work(&t, DT_REAL_DTYPE, false, &err);
        work(&t, DT_BF16, true, &err);
        printf("}\n");
    }
    if (err.code)
        fprintf(stderr, "paths_bench: %s\n", err.msg);
    dt_free(t.x);
    dt_free(t.keep);
    dt_free(t.label);
    dt_tape_free(t.tape);
    dt_net_free(t.net);
    dt_engine_free(engine);
    return dt_exit_status(err.code);
}
