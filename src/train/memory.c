/* Memory: what a training will need, found by taking two steps of each of its phases on a few images, and what this
 * machine has left. Activations, gradients and scratch grow with the batch, so two points make the line. */
#include "train/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SMALL = 4, LARGER = 12 };
/* For what the line does not see: slack of the arenas, the checkpoint's image, evaluation. The batch that is named as
 * fitting keeps away from the limit. */
static const double margin = 1.35, safe_share = 0.6;

/* ---- what there is ---- */

/* The number behind `key` in a file of lines, or of a file that is a number (key ""); -1: not there. */
static double number_in(const char *path, const char *key)
{
    FILE *f = fopen(path, "r");
    char line[256];
    double v = -1;

    while (f && v < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), " %lf", &v) != 1)
            v = -1; /* "max" */
    if (f)
        fclose(f);
    return v;
}

static double least(double a, double b)
{
    return b >= 0 && (a < 0 || b < a) ? b : a;
}

static double left_of(double limit, double used)
{
    return limit >= 0 && used >= 0 ? (limit > used ? limit - used : 0) : -1;
}

double dt_memory_left(void)
{
    double left = number_in("/proc/meminfo", "MemAvailable:") * 1024;
    struct rlimit space;

    left = least(left,
                 left_of(number_in("/sys/fs/cgroup/memory.max", ""), number_in("/sys/fs/cgroup/memory.current", "")));
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        left = least(left, left_of((double)space.rlim_cur, number_in("/proc/self/status", "VmSize:") * 1024));
    return left;
}

/* ---- what is needed ---- */

/* The most that this process has had, in bytes. */
static double peak_now(void)
{
    struct rusage r;

    return getrusage(RUSAGE_SELF, &r) ? -1 : (double)r.ru_maxrss * 1024;
}

/* What a phase does that takes its images by itself (a fit, a calibration): passes without gradients in which every
 * exit looks. */
static void look(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_space *space = dt_net_space(t->net);
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = t->tape, .exec = DT_SKIP, .n = b->n };

    dt_tape_no_grad(t->tape, true);
    run.arch = dt_arch_full(t->tape, space, 1);
    for (int i = 0; i < run.arch.n; i++)
        if (space->choice[i].kind == DT_EXIT)
            run.arch.value[i] = DT_LOOK;
    (void)dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x));
    if (dt_tape_err(t->tape)->code)
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
}

static void take_step(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_phase *p = &t->method->phase[t->phase];

    if (p->steps > 0)
        look(t, b);
    else
        (void)(p->step(t, b) == DT_OK);
    if (t->err.code == DT_ENUMERIC) /* a few images of a net at its start: not the failure that is looked for */
        t->err = (struct dt_err){ .code = DT_OK };
}

/* One step on the first n training images. The peak of its tape, which is a new one, as a tape knows its largest only.
 */
static double step_peak(struct dt_loop *l, int n)
{
    struct dt_train *t = &l->t;
    struct dt_loader_cfg cfg = { .split = DT_TRAIN, .batch = n, .seed = (uint64_t)t->set->seed };
    struct dt_loader *loader = dt_loader_new(t->data, &cfg, &t->err);
    struct dt_tape *own = t->tape;
    struct dt_batch b;
    double peak = 0;

    t->tape = loader ? dt_tape_new(t->engine, &t->err) : NULL;
    if (t->tape) {
        dt_tape_precision(t->tape, dt_tape_dtype(own));
        dt_tape_recompute(t->tape, dt_tape_recomputes(own));
        dt_loader_start(loader, 0, 0);
        if (dt_loader_next(loader, &b, &t->err))
            take_step(t, &b);
        peak = (double)dt_tape_peak(t->tape);
    }
    dt_tape_free(t->tape);
    t->tape = own;
    dt_loader_free(loader);
    return peak;
}

/* Batches that wait in the loaders of training and evaluation, in fp32. */
static double loader_bytes(const struct dt_loop *l)
{
    struct dt_shape in = dt_net_input(l->t.net);

    return 2 * (double)(l->t.set->data.workers + 2) * (double)dt_numel(&in) * sizeof(dt_real);
}

/* Bytes an image of the batch, over all phases; entering them finds what is wrong with a later one, too. */
static double each_image(struct dt_loop *l)
{
    const struct dt_phase *p = l->t.method->phase;
    bool measured = dt_dataset_info(l->t.data)->n[DT_TRAIN] >= LARGER && l->t.set->data.batch > LARGER;
    double each = 0;

    for (int i = 0; p[i].name; i++) {
        double small, larger;

        l->t.phase = i;
        if (dt_loop_open_phase(l) || (p[i].begin && p[i].begin(&l->t)))
            return 0;
        if (!measured || l->epochs == 0) /* too small to matter */
            continue;
        small = step_peak(l, SMALL);
        larger = step_peak(l, LARGER);
        if (l->t.err.code)
            return 0;
        each = fmax(each, (larger - small) / (LARGER - SMALL));
    }
    return each > 0 ? margin * (each + loader_bytes(l)) : 0;
}

enum dt_code dt_estimate_memory(struct dt_loop *l, struct dt_memory *out)
{
    int64_t batch = l->t.set->data.batch;
    double each = each_image(l), left = dt_memory_left();

    *out = (struct dt_memory){ .left = left, .has = peak_now() };
    if (l->t.err.code || each == 0)
        return l->t.err.code;
    out->needs = out->has + each * (double)(batch - LARGER);
    if (left < 0 || out->needs - out->has <= left)
        return DT_OK;
    out->batch = LARGER + (int64_t)(safe_share * left / each);
    dt_fail(&l->t.err, DT_ENOMEM,
            "data.batch: a step on %lld images needs about %.2f GB, %.2f GB can be had; a batch of %lld fits",
            (long long)batch, out->needs / 1e9, (out->has + left) / 1e9, (long long)out->batch);
    return DT_ENOMEM;
}
