/* inspect: what a checkpoint holds. Opening it has already compared its SHA-256; --verify reads every number as well.
 */
#include "cli/cli.h"

#include <math.h>
#include <string.h>

struct look {
    struct dt_ckpt *ckpt;
    struct dt_json *list;
    bool verify;
    int64_t items, numbers, bad;
};

/* Numbers that are not finite. */
static int64_t not_finite(struct dt_ckpt *c, const struct dt_ckpt_item *item, int64_t n)
{
    float *v = dt_calloc((size_t)n + 1, sizeof *v);
    int64_t bad = 0;

    if (!v)
        return n; /* not known to be */
    dt_ckpt_get(c, item->path, item->type, item->rank, item->dims, v);
    for (int64_t i = 0; i < n; i++)
        bad += !isfinite(v[i]);
    dt_free(v);
    return bad;
}

static bool visit(void *ctx, const struct dt_ckpt_item *item)
{
    static const char *const types[] = { "f32", "f64", "i64", "u8" };
    struct look *l = ctx;
    char dims[96] = "";
    int64_t n = 1;
    struct dt_json *row, *shape;

    for (int i = 0; i < item->rank; i++) {
        n *= item->dims[i];
        snprintf(dims + strlen(dims), sizeof dims - strlen(dims), "%s%lld", i ? "x" : "", (long long)item->dims[i]);
    }
    l->items++;
    l->numbers += n;
    if (l->verify && item->type == DT_CKPT_F32 && !item->text)
        l->bad += not_finite(l->ckpt, item, n);
    if (!l->list) {
        printf("%-56s %-4s %s\n", item->path, item->text ? "text" : types[item->type], dims);
        return true;
    }
    row = dt_json_put(l->list, NULL, dt_json_object());
    dt_json_str(row, "path", item->path);
    dt_json_str(row, "type", item->text ? "text" : types[item->type]);
    shape = dt_json_put(row, "shape", dt_json_array());
    for (int i = 0; i < item->rank; i++)
        dt_json_int(shape, NULL, item->dims[i]);
    return true;
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    struct look l = { .verify = args->verify };
    struct dt_json *j = NULL;
    char file[DT_PATH];
    int status = 0;

    if (dt_checkpoint_in(args->operand[0], file, &err) == DT_OK)
        l.ckpt = dt_ckpt_open(file, &err);
    if (!l.ckpt)
        return dt_cli_fail(&err);
    if (args->json) {
        j = dt_json_object();
        dt_json_str(j, "file", file);
        l.list = dt_json_put(j, "items", dt_json_array());
    }
    dt_ckpt_each(l.ckpt, visit, &l);
    if (dt_ckpt_err(l.ckpt)->code)
        err = *dt_ckpt_err(l.ckpt);
    else if (l.bad)
        dt_fail(&err, DT_EVERIFY, "%s: %lld numbers are not finite", file, (long long)l.bad);
    if (err.code) {
        dt_json_free(j);
        status = dt_cli_fail(&err);
    } else if (j) {
        dt_json_int(j, "numbers", l.numbers);
        status = dt_cli_print_json(j);
    } else {
        printf("%s: %lld items, %lld numbers, checksum correct\n", file, (long long)l.items, (long long)l.numbers);
    }
    dt_ckpt_free(l.ckpt);
    return status;
}

const struct dt_command dt_cmd_inspect = {
    .name = "inspect",
    .operands = "RUN|CHECKPOINT",
    .summary = "what a checkpoint holds; checks it",
    .flags = "json verify",
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
