/* Cases of ops that move numbers within a sample. k: begin and count, or the new shape. */
#include "op_case.h"

static struct dt_tensor *concat(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_concat(t, in, op_case_n_in(c));
}

static struct dt_tensor *slice(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_slice(t, in[0], c->k[0], c->k[1]);
}

/* dt_split makes slices; the pieces in another order, so that all of them are seen. */
static struct dt_tensor *split(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    struct dt_tensor *piece[3];

    dt_split(t, in[0], c->k, 3, piece);
    return dt_concat(t, (struct dt_tensor *[]){ piece[2], piece[0], piece[1] }, 3);
}

static struct dt_tensor *reshape(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_reshape(t, in[0], (struct dt_shape){ c->k[0], { c->k[1], c->k[2], c->k[3], c->k[4] } });
}

static struct dt_tensor *zeros(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)in;
    return dt_zeros(t, (struct dt_shape){ c->k[0], { c->k[1], c->k[2], c->k[3], c->k[4] } });
}

static void count_up(const struct dt_callback *c, const struct dt_run *run, dt_real *y)
{
    (void)run;
    for (int64_t i = 0; i < dt_numel(&c->shape); i++)
        y[i] = (dt_real)(i % 7);
}

static struct dt_tensor *callback(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)in;
    return dt_callback(
        t, &(struct dt_callback){ .shape = { c->k[0], { c->k[1], c->k[2], c->k[3], c->k[4] } }, .fill = count_up });
}

static struct dt_tensor *weight_join(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_weight_join(t, in, op_case_n_in(c), c->k[0]);
}

static struct dt_tensor *weight_prefix(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_weight_prefix(t, in[0], (struct dt_shape){ c->k[0], { c->k[1], c->k[2], c->k[3], c->k[4] } });
}

#define OP(name) .op = &dt_op_##name, .build = name

static const struct op_case table[] = {
    { OP(callback), .label = "rows", .k = { 2, 5, 3 } },
    { OP(concat), .label = "two images", .in = { S4(ANY, 2, 3, 3, 2), S4(ANY, 2, 3, 3, 5) } },
    { OP(concat), .label = "alike", .in = { S2(ANY, 4, 3), S2(ANY, 4, 3) } },
    { OP(concat), .label = "three, batch 1", .in = { S2(ANY, 1, 2), S2(ANY, 1, 1), S2(ANY, 1, 4) } },
    { OP(concat), .label = "one", .in = { S2(ANY, 3, 2) }, .flags = CASE_ALIAS },
    { OP(concat), .label = "large", .in = { S4(ANY, 9, 16, 16, 24), S4(ANY, 9, 16, 16, 8) } },
    { OP(concat), .label = "sides differ", .in = { S4(ANY, 2, 3, 3, 2), S4(ANY, 2, 3, 2, 2) }, .expect = DT_ESHAPE,
      .text = "[2,3,2,2]" },
    { OP(slice), .label = "middle", .in = { S4(ANY, 2, 3, 2, 7) }, .k = { 2, 3 } },
    { OP(slice), .label = "first", .in = { S2(ANY, 3, 4) }, .k = { 0, 1 } },
    { OP(slice), .label = "last", .in = { S1(ANY, 5) }, .k = { 3, 2 } },
    { OP(slice), .label = "all", .in = { S2(ANY, 3, 4) }, .k = { 0, 4 }, .flags = CASE_ALIAS },
    { OP(slice), .label = "large", .in = { S4(ANY, 9, 16, 16, 24) }, .k = { 5, 16 } },
    { OP(slice), .label = "beyond the end", .in = { S2(ANY, 3, 4) }, .k = { 2, 3 }, .expect = DT_ESHAPE,
      .text = "[3,4]" },
    { OP(slice), .label = "before the start", .in = { S2(ANY, 3, 4) }, .k = { -1, 2 }, .expect = DT_ESHAPE,
      .text = "[3,4]" },
    { .op = &dt_op_concat, .build = split, .label = "split", .in = { S4(ANY, 2, 2, 3, 6) }, .k = { 1, 3, 2 } },
    { .op = &dt_op_slice,
      .build = split,
      .label = "split that does not add up",
      .in = { S2(ANY, 2, 6) },
      .k = { 1, 3, 3 },
      .expect = DT_ESHAPE,
      .text = "[2,6]" },
    { OP(reshape), .label = "image to rows", .in = { S4(ANY, 2, 3, 2, 5) }, .k = { 2, 2, 30 } },
    { OP(reshape), .label = "rows to image", .in = { S2(ANY, 3, 8) }, .k = { 4, 3, 2, 2, 2 } },
    { OP(reshape), .label = "one to scalar", .in = { S1(ANY, 1) }, .k = { 0 } },
    { OP(reshape), .label = "large", .in = { S4(ANY, 9, 16, 16, 24) }, .k = { 2, 9, 6144 } },
    { OP(reshape), .label = "another number of elements", .in = { S2(ANY, 3, 8) }, .k = { 2, 5, 5 },
      .expect = DT_ESHAPE, .text = "[5,5]" },
    { OP(weight_join), .label = "outputs", .in = { S4(ANY, 3, 2, 3, 3), S4(ANY, 3, 2, 3, 3), S4(ANY, 3, 2, 3, 3) } },
    { OP(weight_join), .label = "inputs", .in = { S4(ANY, 3, 2, 1, 1), S4(ANY, 3, 2, 1, 1) }, .k = { 1 } },
    { OP(weight_join), .label = "vectors", .in = { S1(ANY, 5), S1(ANY, 5) } },
    { OP(weight_join), .label = "one", .in = { S2(ANY, 5, 2) }, .k = { 1 } },
    { OP(weight_join), .label = "unequal", .in = { S2(ANY, 5, 2), S2(ANY, 5, 3) }, .expect = DT_ESHAPE,
      .text = "alike" },
    { OP(weight_prefix), .label = "convolution", .in = { S4(ANY, 4, 3, 3, 3) }, .k = { 4, 3, 2, 3, 3 } },
    { OP(weight_prefix), .label = "rows", .in = { S2(ANY, 5, 4) }, .k = { 2, 2, 3 } },
    { OP(weight_prefix), .label = "vector", .in = { S1(ANY, 5) }, .k = { 1, 3 } },
    { OP(weight_prefix), .label = "all of it", .in = { S4(ANY, 4, 1, 3, 3) }, .k = { 4, 4, 1, 3, 3 } },
    { OP(weight_prefix), .label = "large", .in = { S4(ANY, 64, 64, 3, 3) }, .k = { 4, 48, 40, 3, 3 } },
    { OP(weight_prefix), .label = "more than there is", .in = { S4(ANY, 4, 3, 3, 3) }, .k = { 4, 5, 3, 3, 3 },
      .expect = DT_ESHAPE, .text = "[5,3,3,3]" },
    { OP(zeros), .label = "negative", .k = { 2, -1, 3 }, .expect = DT_ESHAPE, .text = "a side of [-1,3] is negative" },
    { OP(zeros), .label = "image", .k = { 4, 2, 3, 3, 5 } },
    { OP(zeros), .label = "large", .k = { 2, 300, 301 } },
};
CASE_LIST(cases_shape, table);
