/* Cases of ops that look at one number at a time, softmax, dropout and the reductions. k[0]: act. */
#include "op_case.h"

static struct dt_tensor *add(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_add(t, in[0], in[1], (enum dt_act)c->k[0]);
}

static struct dt_tensor *mul(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)c;
    return dt_mul(t, in[0], in[1]);
}

static struct dt_tensor *affine(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_affine(t, in[0], c->p[0], c->p[1]);
}

static struct dt_tensor *dropout(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_dropout(t, in[0], c->p[0], dt_rng_at(7, DT_STREAM_DROPOUT, 0, (uint32_t)c->k[0]));
}

/* Ops with one input and nothing to choose. */
#define UNARY(name)                                                                                                    \
    static struct dt_tensor *unary_##name(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)     \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        return dt_##name(t, in[0]);                                                                                    \
    }
UNARY(relu)
UNARY(relu6)
UNARY(sigmoid)
UNARY(tanh)
UNARY(softmax)
UNARY(log_softmax)
UNARY(sum)
UNARY(mean)
UNARY(row_sum)

#define OP(name) .op = &dt_op_##name, .build = name
#define UNARY_OP(name) .op = &dt_op_##name, .build = unary_##name

static const struct op_case table[] = {
    { OP(add), .label = "same shape", .in = { S4(ANY, 2, 3, 3, 5), S4(ANY, 2, 3, 3, 5) } },
    { OP(add), .label = "same shape, relu", .in = { S4(ODD, 2, 3, 3, 5), S4(EVEN, 2, 3, 3, 5) }, .k = { DT_RELU } },
    { OP(add), .label = "scalars", .in = { S0(ANY), S0(ANY) } },
    { OP(add), .label = "row", .in = { S2(ANY, 4, 3), S1(ANY, 3) } },
    { OP(add), .label = "row, relu", .in = { S4(ODD, 2, 3, 2, 3), S1(EVEN, 3) }, .k = { DT_RELU } },
    { OP(add), .label = "no samples, relu", .in = { S4(ANY, 0, 3, 3, 5), S4(ANY, 0, 3, 3, 5) }, .k = { DT_RELU } },
    { OP(add), .label = "second has a prefix", .in = { S4(ANY, 2, 2, 3, 5), S4(ANY, 2, 2, 3, 3) } },
    { OP(add), .label = "second has a prefix, relu", .in = { S4(ODD, 2, 2, 3, 5), S4(EVEN, 2, 2, 3, 3) }, .k = { 1 } },
    { OP(add), .label = "first has a prefix", .in = { S4(ANY, 2, 2, 3, 1), S4(ANY, 2, 2, 3, 4) } },
    { OP(add), .label = "first has a prefix, relu", .in = { S4(EVEN, 1, 2, 3, 3), S4(ODD, 1, 2, 3, 7) }, .k = { 1 } },
    { OP(add), .label = "large, relu", .in = { S4(ODD, 9, 16, 16, 24), S4(EVEN, 9, 16, 16, 24) }, .k = { DT_RELU } },
    { OP(add), .label = "large row", .in = { S4(ANY, 9, 16, 16, 24), S1(ANY, 24) } },
    { OP(add), .label = "large prefix", .in = { S4(ANY, 9, 16, 16, 24), S4(ANY, 9, 16, 16, 16) } },
    { OP(add), .label = "shapes differ", .in = { S4(ANY, 2, 3, 3, 5), S4(ANY, 2, 3, 2, 5) }, .expect = DT_ESHAPE,
      .text = "[2,3,2,5]" },
    { OP(mul), .label = "same shape", .in = { S4(ANY, 2, 3, 3, 3), S4(ANY, 2, 3, 3, 3) } },
    { OP(mul), .label = "vectors", .in = { S1(ANY, 1), S1(ANY, 1) } },
    { OP(mul), .label = "large", .in = { S4(ANY, 9, 16, 16, 24), S4(ANY, 9, 16, 16, 24) } },
    { OP(mul), .label = "shapes differ", .in = { S2(ANY, 3, 5), S2(ANY, 5, 3) }, .expect = DT_ESHAPE, .text = "[5,3]" },
    { OP(affine), .label = "scale and shift", .in = { S2(ANY, 3, 5) }, .p = { -2.5, 0.75 } },
    { OP(affine), .label = "scale 0", .in = { S1(ANY, 4) }, .p = { 0, 3 } },
    { OP(affine), .label = "large", .in = { S2(ANY, 300, 301) }, .p = { 0.125, -1 } },
    { UNARY_OP(relu), .label = "image", .in = { S4(AWAY, 2, 3, 3, 5) } },
    { UNARY_OP(relu), .label = "large", .in = { S4(AWAY, 9, 16, 16, 24) } },
    { UNARY_OP(relu6), .label = "rows", .in = { S2(OFF6, 7, 9) } },
    { UNARY_OP(relu6), .label = "large", .in = { S4(OFF6, 9, 16, 16, 24) } },
    { UNARY_OP(sigmoid), .label = "rows", .in = { S2(WIDE, 5, 7) } },
    { UNARY_OP(sigmoid), .label = "extremes", .in = { S2(EXTREME, 5, 7) } },
    { UNARY_OP(sigmoid), .label = "large", .in = { S2(WIDE, 300, 301) } },
    { UNARY_OP(tanh), .label = "rows", .in = { S2(WIDE, 5, 7) } },
    { UNARY_OP(tanh), .label = "extremes", .in = { S2(EXTREME, 5, 7) } },
    { UNARY_OP(tanh), .label = "large", .in = { S2(WIDE, 300, 301) } },
    { UNARY_OP(softmax), .label = "rows", .in = { S2(WIDE, 5, 7) } },
    { UNARY_OP(softmax), .label = "one class", .in = { S2(WIDE, 3, 1) } },
    { UNARY_OP(softmax), .label = "image", .in = { S4(WIDE, 2, 3, 1, 4) } },
    { UNARY_OP(softmax), .label = "extremes", .in = { S2(EXTREME, 5, 7) } },
    { UNARY_OP(softmax), .label = "large", .in = { S2(WIDE, 900, 100) } },
    { UNARY_OP(log_softmax), .label = "rows", .in = { S2(WIDE, 5, 7) } },
    { UNARY_OP(log_softmax), .label = "batch 1", .in = { S2(WIDE, 1, 10) } },
    { UNARY_OP(log_softmax), .label = "extremes", .in = { S2(EXTREME, 5, 7) } },
    { UNARY_OP(log_softmax), .label = "large", .in = { S2(WIDE, 900, 100) } },
    { OP(dropout), .label = "p 0.4", .in = { S2(ANY, 7, 9) }, .p = { 0.4 } },
    { OP(dropout), .label = "p 0 is the input", .in = { S2(ANY, 3, 3) }, .p = { 0 }, .flags = CASE_ALIAS },
    { OP(dropout), .label = "large", .in = { S2(ANY, 300, 301) }, .p = { 0.1 }, .k = { 3 } },
    { UNARY_OP(sum), .label = "image", .in = { S4(ANY, 2, 3, 3, 3) } },
    { UNARY_OP(sum), .label = "scalar", .in = { S0(ANY) } },
    { UNARY_OP(sum), .label = "large", .in = { S2(ANY, 300, 301) } },
    { UNARY_OP(mean), .label = "rows", .in = { S2(ANY, 5, 7) } },
    { UNARY_OP(mean), .label = "large", .in = { S2(ANY, 300, 301) } },
    { UNARY_OP(row_sum), .label = "image", .in = { S4(ANY, 3, 2, 3, 2) } },
    { UNARY_OP(row_sum), .label = "vector", .in = { S1(ANY, 5) } },
    { UNARY_OP(row_sum), .label = "large", .in = { S2(ANY, 300, 301) } },
};
CASE_LIST(cases_pointwise, table);
