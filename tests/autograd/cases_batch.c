/* Cases of ops over the batch dimension, of gates and of the embedding. ids: rows. k: their number, act. */
#include "op_case.h"

static struct dt_tensor *gather(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_gather(t, in[0], c->ids, c->k[0]);
}

static struct dt_tensor *scatter(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_scatter_add(t, in[0], in[1], c->ids, c->k[0], (enum dt_act)c->k[1]);
}

/* Every input a part, of as many rows as it has. */
static struct dt_tensor *scatter_parts(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    struct dt_scatter part[CASE_MAX_IN];
    int n = op_case_n_in(c);

    for (int i = 0; i < n; i++)
        part[i] = (struct dt_scatter){ in[i], c->ids + i, in[i]->shape.d[0] };
    return dt_scatter_sum(t, NULL, c->k[0], part, n, (enum dt_act)c->k[1]);
}

static struct dt_tensor *gate(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)c;
    return dt_gate(t, in[0], in[1]);
}

static struct dt_tensor *embedding(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_embedding(t, in[0], c->ids, c->k[0]);
}

static const int mixed[] = { 3, 0, 4 }, repeats[] = { 2, 0, 2, 2, 1 }, outside[] = { 0, 5 }, below[] = { -1 };
static const int order[] = { 1, 0 }, in_turn[] = { 4, 2, 3, 0, 1 }, spread[] = { 8, 1, 3, 6, 0 };
static const int words[700] = { 3, 1, 4, 1, 5, 9, [333] = 2, [500] = 7, [699] = 40 };

#define GATHER .op = &dt_op_gather, .build = gather
#define SCATTER .op = &dt_op_scatter_add, .build = scatter
#define PARTS .op = &dt_op_scatter_add, .build = scatter_parts
#define GATE .op = &dt_op_gate, .build = gate
#define EMBEDDING .op = &dt_op_embedding, .build = embedding

static const struct op_case table[] = {
    { GATHER, .label = "some rows", .in = { S2(ANY, 5, 3) }, .ids = mixed, .k = { 3 } },
    { GATHER, .label = "repeats, images", .in = { S4(ANY, 3, 2, 2, 3) }, .ids = repeats, .k = { 5 } },
    { GATHER, .label = "vector", .in = { S1(ANY, 5) }, .ids = mixed, .k = { 3 } },
    { GATHER, .label = "one row", .in = { S2(ANY, 5, 4) }, .ids = mixed, .k = { 1 } },
    { GATHER, .label = "no rows", .in = { S4(ANY, 3, 2, 2, 2) }, .ids = mixed },
    { GATHER, .label = "large", .in = { S4(ANY, 9, 16, 16, 24) }, .ids = spread, .k = { 5 } },
    { GATHER, .label = "row beyond the end", .in = { S2(ANY, 5, 3) }, .ids = outside, .k = { 2 }, .expect = DT_ESHAPE,
      .flags = CASE_IDS, .text = "5" },
    { GATHER, .label = "negative row", .in = { S2(ANY, 5, 3) }, .ids = below, .k = { 1 }, .expect = DT_ESHAPE,
      .flags = CASE_IDS, .text = "-1" },
    { SCATTER, .label = "some rows", .in = { S2(ANY, 5, 3), S2(ANY, 3, 3) }, .ids = mixed, .k = { 3 } },
    { SCATTER, .label = "images, relu", .in = { S4(ODD, 5, 2, 2, 3), S4(EVEN, 3, 2, 2, 3) }, .ids = mixed,
      .k = { 3, DT_RELU } },
    { SCATTER, .label = "all rows", .in = { S2(ANY, 5, 3), S2(ANY, 5, 3) }, .ids = in_turn, .k = { 5 } },
    { SCATTER, .label = "all rows, relu", .in = { S2(ODD, 2, 3), S2(EVEN, 2, 3) }, .ids = order, .k = { 2, DT_RELU } },
    { SCATTER, .label = "no rows", .in = { S2(ANY, 5, 3), S2(ANY, 0, 3) }, .ids = mixed },
    { SCATTER, .label = "no rows, relu", .in = { S2(ODD, 5, 3), S2(ANY, 0, 3) }, .ids = mixed, .k = { 0, DT_RELU } },
    { SCATTER, .label = "one row", .in = { S2(ANY, 5, 3), S2(ANY, 1, 3) }, .ids = mixed, .k = { 1 } },
    { SCATTER, .label = "large, relu", .in = { S4(ODD, 9, 16, 16, 24), S4(EVEN, 5, 16, 16, 24) }, .ids = spread,
      .k = { 5, DT_RELU } },
    { SCATTER, .label = "large", .in = { S4(ANY, 9, 16, 16, 24), S4(ANY, 5, 16, 16, 24) }, .ids = spread, .k = { 5 } },
    { SCATTER, .label = "rows of another size", .in = { S2(ANY, 5, 3), S2(ANY, 3, 4) }, .ids = mixed, .k = { 3 },
      .expect = DT_ESHAPE, .text = "[3,4]" },
    { SCATTER, .label = "a row twice", .in = { S2(ANY, 5, 3), S2(ANY, 5, 3) }, .ids = repeats, .k = { 5 },
      .flags = CASE_IDS, .expect = DT_ESHAPE, .text = "row 2" },
    { SCATTER, .label = "row beyond the end", .in = { S2(ANY, 5, 3), S2(ANY, 2, 3) }, .ids = outside, .k = { 2 },
      .expect = DT_ESHAPE, .flags = CASE_IDS, .text = "5" },
    { PARTS, .label = "one part, no base", .in = { S2(ANY, 3, 3) }, .ids = in_turn, .k = { 5 } },
    { PARTS, .label = "three parts, no base",
      .in = { S4(ANY, 2, 2, 2, 3), S4(ANY, 3, 2, 2, 3), S4(ANY, 0, 2, 2, 3), S4(ANY, 1, 2, 2, 3) }, .ids = in_turn,
      .k = { 5 } },
    { PARTS, .label = "two parts, relu", .in = { S2(ODD, 3, 3), S2(EVEN, 2, 3) }, .ids = in_turn, .k = { 6, DT_RELU } },
    { PARTS, .label = "large parts", .in = { S4(ANY, 4, 16, 16, 24), S4(ANY, 2, 16, 16, 24) }, .ids = spread,
      .k = { 9 } },
    { PARTS, .label = "parts of different shapes", .in = { S2(ANY, 3, 3), S2(ANY, 2, 4) }, .ids = in_turn, .k = { 5 },
      .expect = DT_ESHAPE, .text = "[2,4]" },
    { GATE, .label = "a sample", .in = { S4(ANY, 3, 2, 2, 5), S1(ANY, 3) } },
    { GATE, .label = "a sample, rows", .in = { S2(ANY, 4, 3), S1(ANY, 4) } },
    { GATE, .label = "a sample and channel", .in = { S4(ANY, 3, 2, 3, 4), S2(ANY, 3, 4) } },
    { GATE, .label = "a sample and channel, rows", .in = { S2(ANY, 3, 4), S2(ANY, 3, 4) } },
    { GATE, .label = "batch 1", .in = { S4(ANY, 1, 3, 3, 2), S1(ANY, 1) } },
    { GATE, .label = "large", .in = { S4(ANY, 9, 16, 16, 24), S1(ANY, 9) } },
    { GATE, .label = "large, channels", .in = { S4(ANY, 9, 16, 16, 24), S2(ANY, 9, 24) } },
    { GATE, .label = "groups of channels", .in = { S4(ANY, 3, 2, 3, 6), S2(ANY, 3, 2) } },
    { GATE, .label = "groups of channels, large", .in = { S4(ANY, 5, 16, 16, 48), S2(ANY, 5, 3) } },
    { GATE, .label = "groups that do not divide", .in = { S4(ANY, 3, 2, 2, 5), S2(ANY, 3, 2) }, .expect = DT_ESHAPE,
      .text = "[3,2]" },
    { GATE, .label = "a gate too few", .in = { S4(ANY, 3, 2, 2, 5), S1(ANY, 2) }, .expect = DT_ESHAPE, .text = "[2]" },
    { GATE, .label = "a prefix of the channels", .in = { S4(ANY, 3, 2, 2, 5), S2(ANY, 3, 4) }, .expect = DT_ESHAPE,
      .text = "[3,4]" },
    { EMBEDDING, .label = "repeats", .in = { S2(ANY, 4, 3) }, .ids = repeats, .k = { 5 } },
    { EMBEDDING, .label = "one word", .in = { S2(ANY, 3, 5) }, .ids = order, .k = { 1 } },
    { EMBEDDING, .label = "large", .in = { S2(ANY, 41, 64) }, .ids = words, .k = { 700 } },
    { EMBEDDING, .label = "unknown word", .in = { S2(ANY, 5, 3) }, .ids = outside, .k = { 2 }, .expect = DT_ESHAPE,
      .flags = CASE_IDS, .text = "5" },
};
CASE_LIST(cases_batch, table);
