/* Memory: what a training will need, found by taking two of its steps on a few images, and what this machine has left.
 * Activations, gradients and scratch grow with the batch, so two points make the line. */
#include "train/loop.h"

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

/* One step on the first n training images. Its tape's peak, -1: it failed. */
static double step_peak(struct dt_loop *l, int n)
{
    struct dt_train *t = &l->t;
    struct dt_loader_cfg cfg = { .split = DT_TRAIN, .batch = n, .seed = (uint64_t)t->set->seed };
    struct dt_loader *loader = dt_loader_new(t->data, &cfg, &t->err);
    struct dt_batch b;
    double peak = -1;

    if (loader)
        dt_loader_start(loader, 0, 0);
    dt_tape_reset(t->tape);
    if (loader && dt_loader_next(loader, &b, &t->err) && t->method->phase->step(t, &b) == DT_OK)
        peak = (double)dt_tape_peak(t->tape);
    dt_tape_reset(t->tape);
    dt_loader_free(loader);
    return peak;
}

/* Batches that wait in the loader, in fp32. */
static double loader_bytes(const struct dt_loop *l)
{
    struct dt_shape in = dt_net_input(l->t.net);

    return (double)(l->t.set->data.workers + 2) * (double)dt_numel(&in) * sizeof(dt_real);
}

enum dt_code dt_estimate_memory(struct dt_loop *l, struct dt_memory *out)
{
    int64_t batch = l->t.set->data.batch;
    double small, larger, each, left;

    *out = (struct dt_memory){ .left = -1 };
    if (l->t.method->phase->steps > 0 || dt_dataset_info(l->t.data)->n[DT_TRAIN] < LARGER || batch <= LARGER)
        return DT_OK; /* no step on images, or one too small to matter */
    small = step_peak(l, SMALL);
    larger = step_peak(l, LARGER);
    if (l->t.err.code == DT_ENUMERIC) /* a few images of a net at its start: not the failure that is looked for */
        l->t.err = (struct dt_err){ .code = DT_OK };
    if (l->t.err.code || small < 0 || larger < 0)
        return l->t.err.code;
    each = margin * ((larger - small) / (LARGER - SMALL) + loader_bytes(l));
    left = dt_memory_left();
    out->has = peak_now();
    out->left = left;
    out->needs = out->has + each * (double)(batch - LARGER);
    if (left < 0 || out->needs - out->has <= left)
        return DT_OK;
    out->batch = LARGER + (int64_t)(safe_share * left / each);
    dt_fail(&l->t.err, DT_ENOMEM,
            "data.batch: a step on %lld images needs about %.2f GB, %.2f GB can be had; a batch of %lld fits",
            (long long)batch, out->needs / 1e9, (out->has + left) / 1e9, (long long)out->batch);
    return DT_ENOMEM;
}
