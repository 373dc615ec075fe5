/* Cases of pooling, padding and resolution. k: size, stride, pad; or factor; or stride, channels, before. */
#include "op_case.h"

static struct dt_tensor *avg_pool(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_avg_pool(t, in[0], c->k[0], c->k[1], c->k[2]);
}

static struct dt_tensor *max_pool(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_max_pool(t, in[0], c->k[0], c->k[1], c->k[2]);
}

static struct dt_tensor *max_pool_ceil(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_max_pool_ceil(t, in[0], c->k[0], c->k[1]);
}

static struct dt_tensor *global_avg_pool(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)c;
    return dt_global_avg_pool(t, in[0]);
}

static struct dt_tensor *upsample(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_upsample(t, in[0], c->k[0]);
}

static struct dt_tensor *pad_shortcut(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_pad_shortcut(t, in[0], c->k[0], c->k[1], c->k[2]);
}

#define OP(name) .op = &dt_op_##name, .build = name

static const struct op_case table[] = {
    { OP(avg_pool), .label = "2x2", .in = { S4(ANY, 2, 4, 4, 3) }, .k = { 2, 2, 0 } },
    { OP(avg_pool), .label = "3x3, stride 2, pad 1", .in = { S4(ANY, 2, 5, 6, 3) }, .k = { 3, 2, 1 } },
    { OP(avg_pool), .label = "overlapping, batch 1", .in = { S4(ANY, 1, 5, 4, 2) }, .k = { 3, 1, 1 } },
    { OP(avg_pool), .label = "whole image", .in = { S4(ANY, 2, 3, 3, 5) }, .k = { 3, 3, 0 } },
    { OP(avg_pool), .label = "large", .in = { S4(ANY, 9, 16, 16, 24) }, .k = { 3, 2, 1 } },
    { OP(avg_pool), .label = "larger than the image", .in = { S4(ANY, 2, 3, 3, 2) }, .k = { 4, 1, 0 },
      .expect = DT_ESHAPE, .text = "[2,3,3,2]" },
    { OP(max_pool), .label = "2x2", .in = { S4(RANKS, 2, 4, 4, 3) }, .k = { 2, 2, 0 } },
    { OP(max_pool), .label = "3x3, stride 2, pad 1", .in = { S4(RANKS, 2, 5, 6, 3) }, .k = { 3, 2, 1 } },
    { OP(max_pool), .label = "overlapping, batch 1", .in = { S4(RANKS, 1, 5, 4, 2) }, .k = { 3, 1, 1 } },
    { OP(max_pool), .label = "large", .in = { S4(RANKS, 5, 16, 16, 32) }, .k = { 3, 2, 1 } },
    { .op = &dt_op_max_pool,
      .build = max_pool_ceil,
      .label = "rounded up",
      .in = { S4(RANKS, 2, 6, 7, 3) },
      .k = { 3, 2 } },
    { OP(max_pool), .label = "rows, not images", .in = { S2(ANY, 3, 2) }, .k = { 2, 2, 0 }, .expect = DT_ESHAPE,
      .text = "[3,2]" },
    { OP(global_avg_pool), .label = "image", .in = { S4(ANY, 2, 3, 4, 5) } },
    { OP(global_avg_pool), .label = "one pixel", .in = { S4(ANY, 3, 1, 1, 4) } },
    { OP(global_avg_pool), .label = "no samples", .in = { S4(ANY, 0, 3, 4, 5) } },
    { OP(global_avg_pool), .label = "large", .in = { S4(ANY, 9, 16, 16, 24) } },
    { OP(global_avg_pool), .label = "rows, not images", .in = { S2(ANY, 3, 2) }, .expect = DT_ESHAPE, .text = "[3,2]" },
    { OP(upsample), .label = "twice", .in = { S4(ANY, 2, 3, 2, 3) }, .k = { 2 } },
    { OP(upsample), .label = "three times, batch 1", .in = { S4(ANY, 1, 2, 3, 5) }, .k = { 3 } },
    { OP(upsample), .label = "once", .in = { S4(ANY, 2, 2, 2, 2) }, .k = { 1 }, .flags = CASE_ALIAS },
    { OP(upsample), .label = "large", .in = { S4(ANY, 5, 8, 8, 32) }, .k = { 2 } },
    { OP(pad_shortcut), .label = "stride 2, 3 to 8", .in = { S4(ANY, 2, 4, 4, 3) }, .k = { 2, 8, 2 } },
    { OP(pad_shortcut), .label = "odd sides", .in = { S4(ANY, 2, 5, 3, 2) }, .k = { 2, 5, 0 } },
    { OP(pad_shortcut), .label = "all in front", .in = { S4(ANY, 1, 2, 3, 3) }, .k = { 1, 7, 4 } },
    { OP(pad_shortcut), .label = "stride only", .in = { S4(ANY, 2, 5, 4, 3) }, .k = { 2, 3, 0 } },
    { OP(pad_shortcut), .label = "large", .in = { S4(ANY, 9, 16, 16, 24) }, .k = { 2, 48, 12 } },
    { OP(pad_shortcut), .label = "fewer channels", .in = { S4(ANY, 2, 4, 4, 6) }, .k = { 1, 4, 0 }, .expect = DT_ESHAPE,
      .text = "[2,4,4,6]" },
};
CASE_LIST(cases_pool, table);
