/* Cases of what multiplies matrices: convolution, linear, LSTM cell. k: stride, pad, groups. */
#include "op_case.h"

static struct dt_tensor *conv(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    struct dt_tensor *bias = op_case_n_in(c) > 2 ? in[2] : NULL;

    return dt_conv2d(t, in[0], in[1], bias, &(struct dt_conv_cfg){ c->k[0], c->k[1], c->k[2] });
}

static struct dt_tensor *linear(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    return dt_linear(t, in[0], in[1], op_case_n_in(c) > 2 ? in[2] : NULL);
}

static struct dt_tensor *lstm(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c)
{
    (void)c;
    return dt_lstm_cell(t, in[0], in[1], in[2], in[3], in[4]);
}

#define CONV .op = &dt_op_conv2d, .build = conv, .flags = CASE_CONV
#define LINEAR .op = &dt_op_linear, .build = linear
#define LSTM .op = &dt_op_lstm_cell, .build = lstm

static const struct op_case table[] = {
    { CONV, .label = "3x3, pad 1", .in = { S4(ANY, 2, 5, 4, 3), S4(ANY, 4, 3, 3, 3) }, .k = { 1, 1, 1 }, .macs = 4320 },
    { CONV, .label = "zero cfg means 1, 0, 1", .in = { S4(ANY, 1, 4, 5, 2), S4(ANY, 3, 2, 3, 3) }, .macs = 324 },
    { CONV, .label = "3x3, bias", .in = { S4(ANY, 2, 4, 3, 3), S4(ANY, 5, 3, 3, 3), S1(ANY, 5) }, .k = { 1, 1, 1 },
      .macs = 3240 },
    { CONV, .label = "1x1, batch 1", .in = { S4(ANY, 1, 3, 3, 7), S4(ANY, 5, 7, 1, 1) }, .k = { 1, 0, 1 },
      .macs = 315 },
    { CONV, .label = "1x1, stride 2, bias", .in = { S4(ANY, 3, 5, 5, 4), S4(ANY, 6, 4, 1, 1), S1(ANY, 6) },
      .k = { 2, 0, 1 }, .macs = 648 },
    { CONV, .label = "3x3, stride 2, odd sides", .in = { S4(ANY, 2, 7, 5, 3), S4(ANY, 4, 3, 3, 3) }, .k = { 2, 1, 1 },
      .macs = 2592 },
    { CONV, .label = "3x3, stride 2, even sides", .in = { S4(ANY, 2, 6, 4, 3), S4(ANY, 4, 3, 3, 3) }, .k = { 2, 1, 1 },
      .macs = 1296 },
    { CONV, .label = "5x5, pad 2", .in = { S4(ANY, 1, 5, 5, 2), S4(ANY, 3, 2, 5, 5) }, .k = { 1, 2, 1 }, .macs = 3750 },
    { CONV, .label = "1x3", .in = { S4(ANY, 2, 3, 5, 2), S4(ANY, 2, 2, 1, 3) }, .k = { 1, 0, 1 }, .macs = 216 },
    { CONV, .label = "kernel as large as the image", .in = { S4(ANY, 2, 3, 3, 4), S4(ANY, 3, 4, 3, 3) },
      .k = { 1, 0, 1 }, .macs = 216 },
    { CONV, .label = "image shaped like the weight", .in = { S4(ANY, 2, 2, 2, 2), S4(ANY, 2, 2, 2, 2) },
      .k = { 1, 1, 1 }, .macs = 288 },
    { CONV, .label = "no samples", .in = { S4(ANY, 0, 5, 4, 3), S4(ANY, 4, 3, 3, 3), S1(ANY, 4) }, .k = { 1, 1, 1 } },
    { CONV, .label = "2 groups", .in = { S4(ANY, 2, 4, 4, 6), S4(ANY, 4, 3, 3, 3) }, .k = { 1, 1, 2 }, .macs = 3456 },
    { CONV, .label = "4 groups, stride 2, bias", .in = { S4(ANY, 1, 5, 5, 8), S4(ANY, 8, 2, 3, 3), S1(ANY, 8) },
      .k = { 2, 1, 4 }, .macs = 1296 },
    { CONV, .label = "depthwise", .in = { S4(ANY, 2, 5, 5, 5), S4(ANY, 5, 1, 3, 3) }, .k = { 1, 1, 5 }, .macs = 2250 },
    { CONV, .label = "depthwise, stride 2, bias", .in = { S4(ANY, 2, 5, 6, 3), S4(ANY, 3, 1, 3, 3), S1(ANY, 3) },
      .k = { 2, 1, 3 }, .macs = 486 },
    { CONV, .label = "depthwise, two results a channel", .in = { S4(ANY, 1, 4, 4, 3), S4(ANY, 6, 1, 3, 3) },
      .k = { 1, 1, 3 }, .macs = 864 },
    { CONV, .label = "as in a ResNet, 16 channels", .in = { S4(ANY, 8, 16, 16, 16), S4(ANY, 16, 16, 3, 3) },
      .k = { 1, 1, 1 }, .macs = 4718592 },
    { CONV, .label = "as in a ResNet, 16 to 32 channels",
      .in = { S4(ANY, 5, 16, 16, 16), S4(ANY, 32, 16, 3, 3), S1(ANY, 32) }, .k = { 2, 1, 1 }, .macs = 1474560 },
    { CONV, .label = "as in a MobileNet, depthwise 24", .in = { S4(ANY, 9, 14, 14, 24), S4(ANY, 24, 1, 3, 3) },
      .k = { 1, 1, 24 }, .macs = 381024 },
    { CONV, .label = "as in a ResNeXt, 4 groups", .in = { S4(ANY, 4, 8, 8, 64), S4(ANY, 64, 16, 3, 3) },
      .k = { 1, 1, 4 }, .macs = 2359296 },
    { CONV, .label = "channels differ", .in = { S4(ANY, 2, 5, 5, 4), S4(ANY, 4, 3, 3, 3) }, .k = { 1, 1, 1 },
      .expect = DT_ESHAPE, .text = "[4,3,3,3]" },
    { CONV, .label = "groups do not divide", .in = { S4(ANY, 2, 5, 5, 6), S4(ANY, 4, 2, 3, 3) }, .k = { 1, 1, 3 },
      .expect = DT_ESHAPE, .text = "[4,2,3,3]" },
    { CONV, .label = "image smaller than the kernel", .in = { S4(ANY, 2, 2, 2, 3), S4(ANY, 4, 3, 3, 3) },
      .k = { 1, 0, 1 }, .expect = DT_ESHAPE, .text = "[2,2,2,3]" },
    { CONV, .label = "negative pad", .in = { S4(ANY, 2, 4, 4, 3), S4(ANY, 4, 3, 3, 3) }, .k = { 1, -1, 1 },
      .expect = DT_ESHAPE, .text = "-1" },
    { CONV, .label = "bias of another size", .in = { S4(ANY, 2, 4, 4, 3), S4(ANY, 4, 3, 3, 3), S1(ANY, 3) },
      .k = { 1, 1, 1 }, .expect = DT_ESHAPE, .text = "[3]" },
    { CONV, .label = "rows, not images", .in = { S2(ANY, 2, 3), S4(ANY, 4, 3, 3, 3) }, .k = { 1, 1, 1 },
      .expect = DT_ESHAPE, .text = "[2,3]" },

    { LINEAR, .label = "no bias", .in = { S2(ANY, 4, 7), S2(ANY, 3, 7) }, .macs = 84 },
    { LINEAR, .label = "bias", .in = { S2(ANY, 5, 3), S2(ANY, 6, 3), S1(ANY, 6) }, .macs = 90 },
    { LINEAR, .label = "batch 1", .in = { S2(ANY, 1, 9), S2(ANY, 1, 9), S1(ANY, 1) }, .macs = 9 },
    { LINEAR, .label = "square", .in = { S2(ANY, 4, 4), S2(ANY, 4, 4), S1(ANY, 4) }, .macs = 64 },
    { LINEAR, .label = "no samples", .in = { S2(ANY, 0, 7), S2(ANY, 3, 7), S1(ANY, 3) } },
    { LINEAR, .label = "large", .in = { S2(ANY, 300, 130), S2(ANY, 70, 130), S1(ANY, 70) }, .macs = 2730000 },
    { LINEAR, .label = "inner sides differ", .in = { S2(ANY, 4, 7), S2(ANY, 3, 6) }, .expect = DT_ESHAPE,
      .text = "[3,6]" },
    { LINEAR, .label = "bias of another size", .in = { S2(ANY, 4, 7), S2(ANY, 3, 7), S1(ANY, 4) }, .expect = DT_ESHAPE,
      .text = "[4]" },

    { LSTM, .label = "3 of 5 to 4", .in = { S2(ANY, 3, 5), S2(ANY, 3, 8), S2(ANY, 16, 5), S2(ANY, 16, 4), S1(ANY, 16) },
      .macs = 432 },
    { LSTM, .label = "batch 1, one unit",
      .in = { S2(ANY, 1, 2), S2(ANY, 1, 2), S2(ANY, 4, 2), S2(ANY, 4, 1), S1(ANY, 4) }, .macs = 12 },
    { LSTM, .label = "as many inputs as units",
      .in = { S2(ANY, 2, 3), S2(ANY, 2, 6), S2(ANY, 12, 3), S2(ANY, 12, 3), S1(ANY, 12) }, .macs = 144 },
    { LSTM, .label = "large",
      .in = { S2(ANY, 350, 24), S2(ANY, 350, 64), S2(SMALL, 128, 24), S2(SMALL, 128, 32), S1(ANY, 128) },
      .macs = 2508800 },
    { LSTM, .label = "state of another size",
      .in = { S2(ANY, 3, 5), S2(ANY, 3, 7), S2(ANY, 16, 5), S2(ANY, 16, 4), S1(ANY, 16) }, .expect = DT_ESHAPE,
      .text = "[3,7]" },
    { LSTM, .label = "input of another size",
      .in = { S2(ANY, 3, 6), S2(ANY, 3, 8), S2(ANY, 16, 5), S2(ANY, 16, 4), S1(ANY, 16) }, .expect = DT_ESHAPE,
      .text = "[16,5]" },
};
CASE_LIST(cases_conv, table);
