/* Cases of losses and of what policies learn by. ids: labels or actions. p[0]: smoothing or threshold.
 * k: labels given; input that is the soft target; input that is the weight (0: none). */
#include "op_case.h"

static struct dt_tensor *loss(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_cross_entropy(t, in[0], c->ids, c->k[0] ? in[c->k[0]] : NULL, c->k[1] ? in[c->k[1]] : NULL, c->p[0]);
}

static struct dt_tensor *bernoulli(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_bernoulli_log_prob(t, in[0], c->ids);
}

static struct dt_tensor *step(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_straight_through(t, in[0], c->p[0]);
}

static struct dt_tensor *confidence(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_confidence(t, in[0], c->k[0]);
}

static const int label[] = { 2, 0, 6, 3, 2 };
static const int action[] = { 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1 };
static const int many[1200] = { 1, 5, 0, 3, [17] = 99, [512] = 42, [899] = 7, [1100] = 1, [1199] = 1 };

#define LOSS .op = &dt_op_cross_entropy, .build = loss
#define BERNOULLI .op = &dt_op_bernoulli_log_prob, .build = bernoulli
#define CONFIDENCE .op = &dt_op_confidence, .build = confidence
#define STEP .op = &dt_op_straight_through, .build = step, .flags = CASE_STEP

static const struct op_case table[] = {
    { LOSS, .label = "labels", .in = { S2(WIDE, 5, 7) }, .ids = label },
    { LOSS, .label = "labels, batch 1", .in = { S2(WIDE, 1, 3) }, .ids = label },
    { LOSS, .label = "labels, smoothing", .in = { S2(WIDE, 5, 7) }, .ids = label, .p = { 0.1 } },
    { LOSS, .label = "labels, weights", .in = { S2(WIDE, 5, 7), S1(LOSS_WEIGHTS, 5) }, .ids = label, .k = { 0, 1 } },
    { LOSS, .label = "labels, smoothing, weights", .in = { S2(WIDE, 5, 7), S1(LOSS_WEIGHTS, 5) }, .ids = label,
      .k = { 0, 1 }, .p = { 0.2 } },
    { LOSS, .label = "soft", .in = { S2(WIDE, 4, 6), S2(CHANCES, 4, 6) }, .k = { 1 } },
    { LOSS, .label = "soft, weights", .in = { S2(WIDE, 4, 6), S2(CHANCES, 4, 6), S1(LOSS_WEIGHTS, 4) }, .k = { 1, 2 } },
    { LOSS, .label = "extremes", .in = { S2(EXTREME, 5, 7) }, .ids = label, .p = { 0.1 } },
    { LOSS, .label = "extremes, soft", .in = { S2(EXTREME, 4, 6), S2(CHANCES, 4, 6) }, .k = { 1 } },
    { LOSS, .label = "soft, smoothing", .in = { S2(WIDE, 4, 6), S2(CHANCES, 4, 6) }, .k = { 1 }, .p = { 0.1 } },
    { LOSS, .label = "large", .in = { S2(WIDE, 900, 100) }, .ids = many, .p = { 0.1 } },
    { LOSS, .label = "large, soft", .in = { S2(WIDE, 900, 100), S2(CHANCES, 900, 100) }, .k = { 1 } },
    { LOSS, .label = "soft target of another shape", .in = { S2(WIDE, 4, 6), S2(CHANCES, 4, 5) }, .k = { 1 },
      .expect = DT_ESHAPE, .text = "[4,5]" },
    { LOSS, .label = "label beyond the classes", .in = { S2(WIDE, 5, 6) }, .ids = label, .flags = CASE_IDS,
      .expect = DT_EDATA, .text = "label 6 of sample 2" },
    { LOSS, .label = "smoothing above 1", .in = { S2(WIDE, 5, 7) }, .ids = label, .p = { 1.5 }, .expect = DT_ESHAPE,
      .text = "1.5" },
    { LOSS, .label = "a weight too many", .in = { S2(WIDE, 5, 7), S1(LOSS_WEIGHTS, 6) }, .ids = label, .k = { 0, 1 },
      .expect = DT_ESHAPE, .text = "[6]" },
    { BERNOULLI, .label = "rows", .in = { S2(WIDE, 4, 3) }, .ids = action },
    { BERNOULLI, .label = "batch 1", .in = { S2(WIDE, 1, 12) }, .ids = action },
    { BERNOULLI, .label = "extremes", .in = { S2(EXTREME, 4, 3) }, .ids = action },
    { BERNOULLI, .label = "large", .in = { S2(WIDE, 400, 3) }, .ids = (const int[1200]){ 1, 0, 1, [600] = 1 } },
    { STEP, .label = "threshold 0", .in = { S2(AWAY, 3, 5) } },
    { STEP, .label = "threshold 0.5", .in = { S1(ANY, 9) }, .p = { 0.5 } },
    { STEP, .label = "large", .in = { S2(AWAY, 300, 301) } },
    { CONFIDENCE, .label = "rows", .in = { S2(RANKS, 5, 7) }, .k = { 3 } },
    { CONFIDENCE, .label = "all of them", .in = { S2(RANKS, 4, 5) }, .k = { 5 } },
    { CONFIDENCE, .label = "one class", .in = { S2(WIDE, 3, 1) }, .k = { 1 } },
    { CONFIDENCE, .label = "extremes", .in = { S2(EXTREME, 5, 7) }, .k = { 2 } },
    { CONFIDENCE, .label = "large", .in = { S2(RANKS, 900, 100) }, .k = { 5 } },
    { CONFIDENCE, .label = "more than there are", .in = { S2(WIDE, 3, 4) }, .k = { 5 }, .expect = DT_ESHAPE,
      .text = "4 classes" },
};
CASE_LIST(cases_loss, table);
