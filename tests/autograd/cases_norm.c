/* Cases of batch norm in all its modes. k: training, frozen, activation, inputs that are the sample weight and the base
 * (0: none). p: momentum, eps. In training x is SIGNED, so that a fused ReLU meets no number near 0; with gamma STRETCH
 * a ReLU6 none near 6. */
#include "op_case.h"

static struct dt_tensor *norm(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    struct dt_norm_in with = { in[1], in[2], in[3], in[4], c->k[3] ? in[c->k[3]] : NULL, c->k[4] ? in[c->k[4]] : NULL };
    struct dt_norm_cfg cfg = { c->k[0], c->k[1], (enum dt_act)c->k[2], c->p[0], c->p[1] };

    return dt_batch_norm(t, in[0], &with, &cfg);
}

#define NORM .op = &dt_op_batch_norm, .build = norm, .flags = CASE_STATS
#define OF(c) S1(POSITIVE, c), S1(SMALL, c), S1(RUNNING_MEAN, c), S1(RUNNING_VAR, c)
#define OF6(c) S1(STRETCH, c), S1(SMALL, c), S1(RUNNING_MEAN, c), S1(RUNNING_VAR, c)

static const struct op_case table[] = {
    { NORM, .label = "training", .in = { S4(SIGNED, 4, 3, 2, 3), OF(3) }, .k = { 1 } },
    { NORM, .label = "training, rows", .in = { S2(SIGNED, 6, 5), OF(5) }, .k = { 1 } },
    { NORM, .label = "training, relu", .in = { S4(SIGNED, 3, 3, 2, 4), OF(4) }, .k = { 1, 0, 1 } },
    { NORM, .label = "training, two samples", .in = { S4(SIGNED, 2, 3, 3, 3), OF(3) }, .k = { 1 } },
    { NORM, .label = "training, batch 1", .in = { S4(SIGNED, 1, 3, 3, 3), OF(3) }, .k = { 1 } },
    { NORM, .label = "training, momentum and eps", .in = { S4(SIGNED, 4, 2, 2, 3), OF(3) }, .k = { 1 },
      .p = { 0.3, 0.02 } },
    { NORM, .label = "frozen", .in = { S4(SIGNED, 3, 2, 3, 3), OF(3) }, .k = { 1, 1 } },
    { NORM, .label = "frozen, relu", .in = { S4(SIGNED, 3, 2, 3, 3), OF(3) }, .k = { 1, 1, 1 } },
    { NORM, .label = "inference", .in = { S4(SIGNED, 2, 3, 3, 5), OF(5) } },
    { NORM, .label = "inference, relu", .in = { S4(SIGNED, 2, 3, 3, 5), OF(5) }, .k = { 0, 0, 1 } },
    { NORM, .label = "inference, batch 1, rows", .in = { S2(SIGNED, 1, 7), OF(7) }, .p = { 0, 0.01 } },
    { NORM, .label = "no samples", .in = { S4(SIGNED, 0, 3, 2, 3), OF(3) }, .k = { 1, 0, 1 } },
    { NORM, .label = "weight: nobody", .in = { S4(SIGNED, 4, 2, 3, 3), OF(3), S1(ACTIVE_NONE, 4) },
      .k = { 1, 0, 0, 5 } },
    { NORM, .label = "weight: one sample", .in = { S4(SIGNED, 4, 2, 3, 3), OF(3), S1(ACTIVE_ONE, 4) },
      .k = { 1, 0, 0, 5 } },
    { NORM, .label = "weight: two samples", .in = { S4(SIGNED, 4, 2, 3, 3), OF(3), S1(ACTIVE_TWO, 4) },
      .k = { 1, 0, 0, 5 } },
    { NORM, .label = "weight: two samples, relu", .in = { S4(SIGNED, 4, 2, 3, 3), OF(3), S1(ACTIVE_TWO, 4) },
      .k = { 1, 0, 1, 5 } },
    { NORM, .label = "weight: most, rows", .in = { S2(SIGNED, 7, 5), OF(5), S1(ACTIVE_MOST, 7) }, .k = { 1, 0, 0, 5 } },
    { NORM, .label = "weight: everybody", .in = { S4(SIGNED, 3, 2, 2, 3), OF(3), S1(ACTIVE_ALL, 3) },
      .k = { 1, 0, 0, 5 } },
    { NORM, .label = "weight in inference", .in = { S4(SIGNED, 3, 2, 2, 3), OF(3), S1(ACTIVE_TWO, 3) },
      .k = { 0, 0, 0, 5 } },
    { NORM, .label = "training, large", .in = { S4(SIGNED, 9, 16, 16, 24), OF(24) }, .k = { 1 } },
    { NORM, .label = "training, relu, large", .in = { S4(SIGNED, 9, 16, 16, 24), OF(24) }, .k = { 1, 0, 1 } },
    { NORM, .label = "training, 17 channels", .in = { S4(SIGNED, 7, 13, 11, 17), OF(17) }, .k = { 1, 0, 1 } },
    { NORM, .label = "inference, relu, large", .in = { S4(SIGNED, 9, 16, 16, 24), OF(24) }, .k = { 0, 0, 1 } },
    { NORM, .label = "weight: most, large", .in = { S4(SIGNED, 9, 16, 16, 24), OF(24), S1(ACTIVE_MOST, 9) },
      .k = { 1, 0, 1, 5 } },
    { NORM, .label = "weight: groups of channels", .in = { S4(SIGNED, 5, 2, 3, 6), OF(6), S2(ACTIVE_GROUPS, 5, 3) },
      .k = { 1, 0, 1, 5 } },
    { NORM, .label = "weight: groups, large", .in = { S4(SIGNED, 9, 16, 16, 48), OF(48), S2(ACTIVE_GROUPS, 9, 3) },
      .k = { 1, 0, 1, 5 } },
    { NORM, .label = "weight: groups in inference", .in = { S4(SIGNED, 4, 2, 3, 6), OF(6), S2(ACTIVE_GROUPS, 4, 2) },
      .k = { 0, 0, 1, 5 } },
    { NORM, .label = "weight: groups that do not divide the channels",
      .in = { S4(SIGNED, 4, 2, 2, 3), OF(3), S2(ACTIVE_GROUPS, 4, 2) }, .k = { 1, 0, 0, 5 }, .expect = DT_ESHAPE,
      .text = "[4,2]" },
    { NORM, .label = "base", .in = { S4(SIGNED, 3, 3, 2, 4), OF(4), S4(SIGNED, 3, 3, 2, 4) }, .k = { 1, 0, 0, 0, 5 } },
    { NORM, .label = "base, relu", .in = { S4(SIGNED, 3, 3, 2, 4), OF(4), S4(SIGNED, 3, 3, 2, 4) },
      .k = { 1, 0, 1, 0, 5 } },
    { NORM, .label = "base, relu, 24 channels", .in = { S4(SIGNED, 3, 2, 2, 24), OF(24), S4(SIGNED, 3, 2, 2, 24) },
      .k = { 1, 0, 1, 0, 5 } },
    { NORM, .label = "base, relu, weight",
      .in = { S4(SIGNED, 4, 2, 3, 3), OF(3), S1(ACTIVE_TWO, 4), S4(SIGNED, 4, 2, 3, 3) }, .k = { 1, 0, 1, 5, 6 } },
    { NORM, .label = "base in inference, relu", .in = { S4(SIGNED, 2, 3, 3, 5), OF(5), S4(SIGNED, 2, 3, 3, 5) },
      .k = { 0, 0, 1, 0, 5 } },
    { NORM, .label = "training, relu6", .in = { S4(SIGNED, 3, 3, 2, 4), OF6(4) }, .k = { 1, 0, DT_RELU6 } },
    { NORM, .label = "training, relu6, 17 channels", .in = { S4(SIGNED, 7, 13, 11, 17), OF6(17) },
      .k = { 1, 0, DT_RELU6 } },
    { NORM, .label = "frozen, relu6, 24 channels", .in = { S4(SIGNED, 3, 4, 2, 24), OF6(24) },
      .k = { 1, 1, DT_RELU6 } },
    { NORM, .label = "inference, relu6", .in = { S4(SIGNED, 2, 3, 3, 5), OF6(5) }, .k = { 0, 0, DT_RELU6 } },
    { NORM, .label = "weight: most, relu6", .in = { S4(SIGNED, 9, 4, 4, 24), OF6(24), S1(ACTIVE_MOST, 9) },
      .k = { 1, 0, DT_RELU6, 5 } },
    { NORM, .label = "weight: groups, relu6", .in = { S4(SIGNED, 5, 2, 3, 6), OF6(6), S2(ACTIVE_GROUPS, 5, 3) },
      .k = { 1, 0, DT_RELU6, 5 } },
    { NORM, .label = "base, relu6", .in = { S4(SIGNED, 3, 3, 2, 17), OF6(17), S4(SIGNED, 3, 3, 2, 17) },
      .k = { 1, 0, DT_RELU6, 0, 5 } },
    { NORM, .label = "base in inference, relu6", .in = { S4(SIGNED, 2, 3, 3, 5), OF6(5), S4(SIGNED, 2, 3, 3, 5) },
      .k = { 0, 0, DT_RELU6, 0, 5 } },
    { NORM, .label = "base of another size", .in = { S4(SIGNED, 2, 2, 2, 3), OF(3), S4(SIGNED, 2, 2, 2, 4) },
      .k = { 1, 0, 0, 0, 5 }, .expect = DT_ESHAPE, .text = "[2,2,2,4]" },
    { NORM, .label = "gamma of another size",
      .in = { S4(SIGNED, 2, 2, 2, 3), S1(POSITIVE, 4), S1(SMALL, 3), S1(RUNNING_MEAN, 3), S1(RUNNING_VAR, 3) },
      .k = { 1 }, .expect = DT_ESHAPE, .text = "[4]" },
    { NORM, .label = "running variance of another size",
      .in = { S4(SIGNED, 2, 2, 2, 3), S1(POSITIVE, 3), S1(SMALL, 3), S1(RUNNING_MEAN, 3), S1(RUNNING_VAR, 5) },
      .k = { 1 }, .expect = DT_ESHAPE, .text = "[5]" },
    { NORM, .label = "a weight too few", .in = { S4(SIGNED, 4, 2, 2, 3), OF(3), S1(ACTIVE_TWO, 3) },
      .k = { 1, 0, 0, 5 }, .expect = DT_ESHAPE, .text = "[4,2,2,3]" },
};
CASE_LIST(cases_norm, table);
