/* bench_compare: a benchmark beside an earlier one, as ratios, now over then. */
#include <string.h>

#include "cli/bench.h"

static const struct {
    const char *key, *name;
} fields[] = {
    { "step_ms", "step, ms" },
    { "conv_ms", "bare convolutions, ms" },
    { "ratio", "step / bare convolutions" },
    { "images_per_s", "images/s" },
    { "loader_ms", "waiting for the loader, ms" },
    { "infer1_ms", "inference, batch 1, ms" },
    { "infer128_ms", "inference, batch 128, ms" },
    { "peak_rss_mb", "peak memory, MB" },
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

struct dt_json *dt_bench_read(const char *path, struct dt_err *err)
{
    struct dt_err why = { 0 };
    struct dt_json *j = dt_json_read(path, &why);

    if (!j) {
        dt_fail(err, DT_EUSAGE, "--compare: %s", why.msg);
        return NULL;
    }
    if (dt_json_get_num(j, "step_ms", 0) > 0 && dt_json_get(j, "ops"))
        return j;
    dt_json_free(j);
    dt_fail(err, DT_EUSAGE, "--compare: %s is not what 'dyntrain bench CONFIG --json' writes", path);
    return NULL;
}

static const struct dt_json *op_named(const struct dt_json *report, const char *kind)
{
    const struct dt_json *ops = dt_json_get(report, "ops");

    for (int i = 0; i < dt_json_size(ops); i++)
        if (!strcmp(dt_json_get_str(dt_json_at(ops, i), "kind", ""), kind))
            return dt_json_at(ops, i);
    return NULL;
}

/* Now over then; 0: one of them has no such number. */
static double ratio_of(const struct dt_json *now, const struct dt_json *then, const char *key)
{
    double a = dt_json_get_num(now, key, 0), b = dt_json_get_num(then, key, 0);

    return a > 0 && b > 0 ? a / b : 0;
}

static void warn_if_different(const struct dt_json *now, const struct dt_json *then, const char *path)
{
    static const char *const texts[] = { "network", "precision" }, *const numbers[] = { "batch", "threads" };

    for (int i = 0; i < 2; i++) {
        const char *a = dt_json_get_str(now, texts[i], ""), *b = dt_json_get_str(then, texts[i], "");

        if (strcmp(a, b) != 0)
            dt_log(DT_WARN, "%s: was measured with %s %s, this is %s", path, texts[i], b, a);
    }
    for (int i = 0; i < 2; i++) {
        double a = dt_json_get_num(now, numbers[i], 0), b = dt_json_get_num(then, numbers[i], 0);

        if (a != b)
            dt_log(DT_WARN, "%s: was measured with %s %.0f, this is %.0f", path, numbers[i], b, a);
    }
}

void dt_bench_compare(struct dt_json *report, const struct dt_json *earlier, const char *path)
{
    struct dt_json *o = dt_json_put(report, "compare", dt_json_object()), *ops, *ceilings;
    static const char *const rates[] = { "f32_gflops", "memory_gbs" };
    const struct dt_json *list = dt_json_get(report, "ops");
    double r;

    warn_if_different(report, earlier, path);
    dt_json_str(o, "with", path);
    for (int i = 0; i < N_FIELDS; i++)
        if ((r = ratio_of(report, earlier, fields[i].key)) > 0)
            dt_json_num(o, fields[i].key, r);
    ceilings = dt_json_put(o, "ceilings", dt_json_object()); /* is the machine itself as fast as then? */
    for (int i = 0; i < 2; i++)
        if ((r = ratio_of(dt_json_get(report, "ceilings"), dt_json_get(earlier, "ceilings"), rates[i])) > 0)
            dt_json_num(ceilings, rates[i], r);
    ops = dt_json_put(o, "ops", dt_json_object());
    for (int i = 0; i < dt_json_size(list); i++) {
        const struct dt_json *row = dt_json_at(list, i);
        const char *kind = dt_json_get_str(row, "kind", "");

        if ((r = ratio_of(row, op_named(earlier, kind), "ms")) > 0)
            dt_json_num(ops, kind, r);
    }
}

static void print_row(const char *name, const struct dt_json *now, const struct dt_json *then, const char *key)
{
    double r = ratio_of(now, then, key);

    if (r > 0)
        printf("%-28s %12.6g %12.6g %10.3f\n", name, dt_json_get_num(then, key, 0), dt_json_get_num(now, key, 0), r);
}

void dt_bench_print_compare(const struct dt_json *report, const struct dt_json *earlier)
{
    const struct dt_json *list = dt_json_get(report, "ops");
    const struct dt_json *now = dt_json_get(report, "ceilings"), *then = dt_json_get(earlier, "ceilings");
    char name[64];

    printf("\n%-28s %12s %12s %10s\n", dt_json_get_str(dt_json_get(report, "compare"), "with", ""), "then", "now",
           "now/then");
    for (int i = 0; i < N_FIELDS; i++)
        print_row(fields[i].name, report, earlier, fields[i].key);
    print_row("ceiling, fp32 GFLOP/s", now, then, "f32_gflops");
    print_row("ceiling, memory GB/s", now, then, "memory_gbs");
    for (int i = 0; i < dt_json_size(list); i++) {
        const struct dt_json *row = dt_json_at(list, i);
        const char *kind = dt_json_get_str(row, "kind", "");

        snprintf(name, sizeof name, "%s, ms", kind);
        print_row(name, row, op_named(earlier, kind), "ms");
    }
}
