/* bench_report: the numbers of a benchmark put together and printed. */
#include <string.h>

#include "cli/bench.h"

enum { CONV_RUNS = 20, FEW_RUNS = 8 };
static const double long_step = 400; /* ms: beyond it few runs are enough, and the whole stays below a minute */

/* ---- what the measured process says ---- */

static struct dt_json *put_row(struct dt_json *ops, const char *kind, double seconds, int steps)
{
    struct dt_json *row = dt_json_put(ops, NULL, dt_json_object());

    dt_json_str(row, "kind", kind);
    dt_json_num(row, "ms", 1e3 * seconds / steps);
    return row;
}

static void put_rows(struct dt_json *j, const struct dt_bench *b)
{
    struct dt_json *ops = dt_json_put(j, "ops", dt_json_array()), *row;
    double rest = b->step_s * b->steps;

    for (int i = 0; i < b->n_rows; i++) {
        const struct dt_profile_row *r = &b->row[i];
        double s = r->forward_s + r->backward_s;

        rest -= s;
        row = put_row(ops, r->op, s, b->steps);
        dt_json_num(row, "forward_ms", 1e3 * r->forward_s / b->steps);
        dt_json_num(row, "gflops", s > 0 ? 6e-9 * (double)r->macs / s : 0); /* 2 flops forward, data and weights */
        dt_json_num(row, "gbs", s > 0 ? 1e-9 * (double)(r->bytes + r->grad_bytes) / s : 0);
        dt_json_int(row, "calls", r->calls / b->steps);
        dt_json_int(row, "reorders", r->reorders / b->steps);
    }
    if (rest > 0) { /* optimiser, and what the loop does */
        row = put_row(ops, "update", rest, b->steps);
        dt_json_num(row, "forward_ms", 0);
        dt_json_num(row, "gflops", 0);
        dt_json_num(row, "gbs", 0);
        dt_json_int(row, "calls", 1);
        dt_json_int(row, "reorders", 0);
    }
}

static void put_reorders(struct dt_json *j, const struct dt_bench *b)
{
    struct dt_json *list = dt_json_put(j, "reorders", dt_json_array());

    for (int i = 0; i < b->n_reorders; i++) {
        struct dt_json *row = dt_json_put(list, NULL, dt_json_object());

        dt_json_str(row, "scope", b->reorder[i].scope);
        dt_json_str(row, "op", b->reorder[i].op);
        dt_json_int(row, "n", b->reorder[i].n);
        dt_json_int(row, "bytes", b->reorder[i].bytes);
    }
}

struct dt_json *dt_bench_worker_json(const struct dt_bench *b)
{
    struct dt_json *j = dt_json_object();

    dt_json_str(j, "phase", b->phase);
    dt_json_str(j, "precision", b->precision);
    dt_json_int(j, "steps", b->steps);
    dt_json_num(j, "step_ms", 1e3 * b->step_s);
    dt_json_num(j, "loader_ms", 1e3 * b->loader_s);
    dt_json_num(j, "infer1_ms", 1e3 * b->infer1_s);
    dt_json_num(j, "infer128_ms", 1e3 * b->infer_batch_s);
    dt_json_num(j, "peak_rss_mb", (double)b->peak_rss / 1e6);
    put_rows(j, b);
    put_reorders(j, b);
    return j;
}

/* ---- what is measured and computed beside it ---- */

struct bounds {      /* of a step, in seconds */
    double conv;     /* the bare convolution primitives, measured; 0: the engine has none */
    double arith;    /* all multiply-adds at the processor's peak */
    double roofline; /* each node at the peak or at memory's bandwidth, whichever is slower */
    int64_t macs;    /* of one image */
    struct dt_probe probe;
};

static double slower(double a, double b)
{
    return a > b ? a : b;
}

/* Forward: a node reads its operands and writes its result, once. Backward: it reads the result's gradient and the
 * operands and writes their gradients, in two passes of arithmetic (data and weights). An engine that fuses nodes moves
 * less. */
static void roofline(const struct dt_tape *dry, double peak, double bandwidth, double images, double scale,
                     struct bounds *b)
{
    for (int i = 0; i < dt_tape_n_nodes(dry); i++) {
        struct dt_op_stat s = dt_tape_node_stat(dry, i);
        double flops = 2e-9 * images * (double)s.macs / peak;
        double in = 1e-9 * images * scale * (double)s.in_bytes / bandwidth;
        double out = 1e-9 * images * scale * (double)s.out_bytes / bandwidth;

        b->macs += s.macs;
        b->arith += 3 * flops;
        b->roofline += slower(flops, in + out) + slower(2 * flops, 2 * in + out);
    }
}

static enum dt_code measure_bounds(const struct dt_cli_net *n, bool half, int runs, struct bounds *b,
                                   struct dt_err *err)
{
    int batch = (int)n->setup.set.data.batch;
    struct dt_tape *dry = dt_tape_new_dry(err);
    struct dt_engine *e;

    dt_par_set_threads((int)n->setup.set.run.threads);
    e = dt_engine_new(n->setup.set.run.engine, err);
    if (dry && e && dt_trace(n->net, NULL, NULL, dry, err) == DT_OK && dt_probe(&b->probe, err) == DT_OK &&
        dt_bare_convs(dry, e, half ? DT_BF16 : DT_REAL_DTYPE, batch, runs, &b->conv, err) == DT_OK)
        roofline(dry, half && b->probe.bf16_gflops > 0 ? b->probe.bf16_gflops : b->probe.f32_gflops,
                 b->probe.memory_gbs, batch, half ? 0.5 : 1, b);
    dt_engine_free(e);
    dt_tape_free(dry);
    return err->code;
}

/* ---- the report ---- */

static void put_positive(struct dt_json *j, const char *key, double v)
{
    if (v > 0)
        dt_json_num(j, key, v);
    else
        dt_json_null(j, key);
}

static void put_ceilings(struct dt_json *j, const struct dt_probe *p)
{
    struct dt_json *o = dt_json_put(j, "ceilings", dt_json_object());

    dt_json_str(o, "isa", p->isa);
    dt_json_num(o, "f32_gflops", p->f32_gflops);
    put_positive(o, "bf16_gflops", p->bf16_gflops);
    dt_json_num(o, "gemm_gflops", p->gemm_gflops);
    dt_json_num(o, "memory_gbs", p->memory_gbs);
    dt_json_num(o, "cache_gbs", p->cache_gbs);
}

/* Each rate as a share of its ceiling. */
static void put_shares(struct dt_json *ops, double peak, double bandwidth)
{
    for (int i = 0; i < dt_json_size(ops); i++) {
        struct dt_json *row = dt_json_at(ops, i);

        dt_json_num(row, "of_peak", dt_json_get_num(row, "gflops", 0) / peak);
        dt_json_num(row, "of_memory", dt_json_get_num(row, "gbs", 0) / bandwidth);
    }
}

static void copy_num(struct dt_json *j, const struct dt_json *from, const char *key)
{
    dt_json_num(j, key, dt_json_get_num(from, key, 0));
}

struct dt_json *dt_bench_report(const struct dt_cli_net *n, struct dt_json *worker, struct dt_err *err)
{
    const struct dt_settings *set = &n->setup.set;
    const char *precision = dt_json_get_str(worker, "precision", "fp32");
    bool half = strcmp(precision, "bf16") == 0;
    double step = dt_json_get_num(worker, "step_ms", 0);
    struct bounds b = { .conv = 0 };
    struct dt_json *j;

    if (measure_bounds(n, half, step > long_step ? FEW_RUNS : CONV_RUNS, &b, err))
        return NULL;
    j = dt_json_object();
    dt_json_str(j, "network", set->network);
    dt_json_int(j, "batch", set->data.batch);
    dt_json_int(j, "threads", dt_par_threads());
    dt_json_str(j, "precision", precision);
    dt_json_str(j, "phase", dt_json_get_str(worker, "phase", ""));
    dt_json_int(j, "macs", b.macs);
    copy_num(j, worker, "step_ms");
    put_positive(j, "conv_ms", 1e3 * b.conv);
    put_positive(j, "ratio", b.conv > 0 ? 1e-3 * step / b.conv : 0);
    dt_json_num(j, "arith_ms", 1e3 * b.arith);
    dt_json_num(j, "roofline_ms", 1e3 * b.roofline);
    dt_json_num(j, "images_per_s", 1e3 * (double)set->data.batch / step);
    copy_num(j, worker, "loader_ms");
    copy_num(j, worker, "infer1_ms");
    copy_num(j, worker, "infer128_ms");
    copy_num(j, worker, "peak_rss_mb");
    dt_json_int(j, "steps", (int64_t)dt_json_get_num(worker, "steps", 0));
    put_ceilings(j, &b.probe);
    put_shares(dt_json_get(worker, "ops"), half && b.probe.bf16_gflops > 0 ? b.probe.bf16_gflops : b.probe.f32_gflops,
               b.probe.memory_gbs);
    dt_json_put(j, "ops", dt_json_take(worker, "ops"));
    dt_json_put(j, "reorders", dt_json_take(worker, "reorders"));
    return j;
}

/* ---- for people ---- */

static void print_ops(const struct dt_json *ops, double step)
{
    printf("%-20s %9s %7s %9s %8s %7s %10s %9s\n", "op", "ms", "share", "GFLOP/s", "of peak", "GB/s", "of memory",
           "reorders");
    for (int i = 0; i < dt_json_size(ops); i++) {
        const struct dt_json *r = dt_json_at(ops, i);
        double ms = dt_json_get_num(r, "ms", 0);

        printf("%-20s %9.2f %6.1f%% %9.0f %7.0f%% %7.0f %9.0f%% %9.0f\n", dt_json_get_str(r, "kind", ""), ms,
               100 * ms / step, dt_json_get_num(r, "gflops", 0), 100 * dt_json_get_num(r, "of_peak", 0),
               dt_json_get_num(r, "gbs", 0), 100 * dt_json_get_num(r, "of_memory", 0),
               dt_json_get_num(r, "reorders", 0));
    }
}

static void print_bound(const char *name, double ms, double step, const char *what)
{
    if (ms > 0)
        printf("%-20s %9.2f ms, the step is %.2f times that%s\n", name, ms, step / ms, what);
}

static void print_ceilings(const struct dt_json *c)
{
    double bf16 = dt_json_get_num(c, "bf16_gflops", 0);

    printf("ceilings (%s): %.0f GFLOP/s fp32", dt_json_get_str(c, "isa", ""), dt_json_get_num(c, "f32_gflops", 0));
    if (bf16 > 0)
        printf(", %.0f bf16", bf16);
    printf(" multiply-add; %.0f GB/s from memory, %.0f from cache\n\n", dt_json_get_num(c, "memory_gbs", 0),
           dt_json_get_num(c, "cache_gbs", 0));
}

void dt_bench_print(const struct dt_json *j)
{
    double step = dt_json_get_num(j, "step_ms", 0), threads = dt_json_get_num(j, "threads", 1);

    printf("%s, batch %.0f, %.0f thread%s, %s; phase %s\n", dt_json_get_str(j, "network", ""),
           dt_json_get_num(j, "batch", 0), threads, threads == 1 ? "" : "s", dt_json_get_str(j, "precision", ""),
           dt_json_get_str(j, "phase", ""));
    print_ceilings(dt_json_get(j, "ceilings"));
    print_ops(dt_json_get(j, "ops"), step);
    printf("\n%-20s %9.2f ms, %.0f images/s; waiting for the loader %.2f ms more\n", "step", step,
           dt_json_get_num(j, "images_per_s", 0), dt_json_get_num(j, "loader_ms", 0));
    if (strcmp(dt_json_get_str(j, "phase", ""), "train") != 0)
        printf(
            "beside it, once forward and backward through the whole network; a step of this phase is more or less:\n");
    print_bound("bare convolutions", dt_json_get_num(j, "conv_ms", 0), step, "");
    print_bound("arithmetic", dt_json_get_num(j, "arith_ms", 0), step, ": all multiply-adds at the peak");
    print_bound("roofline", dt_json_get_num(j, "roofline_ms", 0), step, ": op by op at the peak or from memory");
    printf("inference, batch 1   %9.3f ms\ninference, batch 128 %9.2f ms\n", dt_json_get_num(j, "infer1_ms", 0),
           dt_json_get_num(j, "infer128_ms", 0));
    printf("peak memory          %9.0f MB\n", dt_json_get_num(j, "peak_rss_mb", 0));
}
