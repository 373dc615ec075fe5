/* time: what the bare primitives of a convolution cost, so that a step can be held against them: warm, nothing
 * reordered, the median of some runs. */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/op.h"

#include <stdlib.h>

enum { WARM = 3, MAX_RUNS = 100 };

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Written all over with mixed values: a page that was never written is no memory to be read from. */
static void *filled(const dnnl_memory_desc_t *md)
{
    size_t bytes = dnnl_memory_desc_get_size(md);
    void *p = dt_malloc(bytes ? bytes : 1);
    float *real = p;
    dt_bf16 *half = p;

    for (size_t i = 0; p && i < bytes / (md->data_type == dnnl_bf16 ? sizeof *half : sizeof *real); i++) {
        float v = (float)((int)(i * 2654435761u >> 20 & 1023) - 511) / 512;

        if (md->data_type == dnnl_bf16)
            half[i] = dt_bf16_of(v);
        else
            real[i] = v;
    }
    return p;
}

static double median_run(struct dt_dnnl *e, struct dt_dnnl_conv *c, void *const data[3], int runs, struct dt_err *err)
{
    double t[MAX_RUNS];

    runs = runs < 1 ? 1 : runs > MAX_RUNS ? MAX_RUNS : runs;
    for (int i = -WARM; i < runs; i++) {
        double start = dt_now();

        if (!dt_dnnl_conv_run(e, c, data[0], data[1], data[2], NULL, err))
            return -1;
        if (i >= 0)
            t[i] = dt_now() - start;
    }
    qsort(t, (size_t)runs, sizeof *t, by_time);
    return t[runs / 2];
}

/* Seconds of one primitive; < 0: failed. */
static double time_one(struct dt_dnnl *e, const struct dt_dnnl_key *k, dnnl_format_tag_t layout, int runs,
                       struct dt_err *err)
{
    dnnl_primitive_desc_t desc = dt_dnnl_describe(e, k, layout, err);
    struct dt_dnnl_conv c = { 0 };
    void *data[3] = { NULL, NULL, NULL };
    double seconds = -1;
    bool ok = desc && dt_dnnl_conv_open(e, k, desc, &c, err);

    for (int i = 0; i < 3 && ok; i++) {
        dnnl_memory_desc_t const *md = NULL;

        ok = dt_dnnl_ok(dnnl_memory_get_memory_desc(c.arg[i].memory, &md), "layout", k, err);
        if (ok)
            data[i] = filled(md);
        if (ok && !data[i])
            ok = dt_fail(err, DT_ENOMEM, "out of memory to time a convolution");
    }
    if (ok)
        seconds = median_run(e, &c, data, runs, err);
    for (int i = 0; i < 3; i++)
        dt_free(data[i]);
    dt_dnnl_conv_close(&c);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    return seconds;
}

bool dt_dnnl_conv_time(struct dt_engine *engine, const struct dt_conv_geom *g, bool data, int runs, double out[3],
                       struct dt_err *err)
{
    static const dnnl_format_tag_t layouts[] = { dnnl_nhwc, dnnl_format_tag_any };
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    double best = -1;

    for (int l = 0; l < 2; l++) {
        double t[3] = { 0, 0, 0 }, sum = 0;

        for (int dir = DT_DNNL_FORWARD; dir <= DT_DNNL_WEIGHTS; dir++) {
            const struct dt_dnnl_key k = { .geom = *g, .dir = dir, .threads = dt_par_threads() };

            if (dir == DT_DNNL_DATA && !data)
                continue;
            t[dir] = time_one(e, &k, layouts[l], runs, err);
            if (t[dir] < 0)
                return false;
            sum += t[dir];
        }
        if (best < 0 || sum < best) {
            best = sum;
            for (int dir = 0; dir < 3; dir++)
                out[dir] = t[dir];
        }
    }
    return true;
}
