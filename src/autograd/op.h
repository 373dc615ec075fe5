/* op: the record every operation is. One op, one file, one record, one line in op_list.h, one case in the contract
 * suite.
 *
 * infer and macs look at shapes only, so the same code serves the dry run, from which every cost in the project comes.
 */
#ifndef DT_AUTOGRAD_OP_H
#define DT_AUTOGRAD_OP_H

#include <dyntrain/tensor.h>

#include <string.h>

enum {
    DT_OP_NONDIFF = 1, /* has no gradient by nature; backward is NULL */
    DT_OP_ALIAS = 2,   /* forward may let out->data point at its input's (reshape) */
    DT_OP_HALF = 4,    /* on a tape of that precision, inputs in `half` are brought to DT_BF16 (convolution) */
    DT_OP_REAL_OUT = 8 /* the result is dt_real even of DT_BF16 inputs (reductions) */
};

struct dt_op {
    const char *name;
    int n_in; /* the most inputs; 0: any number. infer says which may be NULL */
    unsigned flags;
    unsigned half; /* bit i: input i may be DT_BF16. Where one of these is, all of them are, and so is the result; all
                    * other inputs are cast to dt_real (half.c). 0: the op knows dt_real only */
    size_t attr_size; /* copied into the tape */
    bool (*infer)(const struct dt_node *n, struct dt_shape *out, struct dt_err *err);
    void (*forward)(struct dt_node *n);  /* n->out->data is allocated (not for ALIAS), uninitialised: write all of it */
    void (*backward)(struct dt_node *n); /* n->out->grad is there; put gradients where dt_grad_in() says */
    int64_t (*macs)(const struct dt_node *n);
};

struct dt_node {
    const struct dt_op *op;
    struct dt_tape *tape;
    int n_in;
    struct dt_tensor **in; /* [n_in], entries may be NULL */
    struct dt_tensor *out;
    void *attr;
    void *save;                      /* what forward keeps for backward: from dt_tape_alloc */
    int index;                       /* in recording order */
    int64_t reorders, reorder_bytes; /* the engine's, while profiling */
    int last_use;                    /* index of the last node that reads the output's memory, own index: none yet */
    const char *scope;               /* full path, "net/stage1/conv" */
};

/* Records the op: checks (infer), allocates the output, runs forward unless the tape is dry or failed. Never NULL.
 * `in` and `attr` are copied. */
struct dt_tensor *dt_tape_apply(struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor *const *in,
                                const void *attr);

/* Where the gradient of input i goes. g NULL: nobody wants it, compute nothing. add: add to what is there; else g is
 * uninitialised and all of it must be written. Call once a backward and input. */
struct dt_grad {
    dt_real *g;
    bool add;
    dt_bf16 *half; /* in place of g: the input is DT_BF16. Both NULL: not wanted */
};
struct dt_grad dt_grad_in(struct dt_node *n, int i);
/* True, and the output's gradient buffer becomes the input's, for dx = dy or a dx computed in place;
 * false: use dt_grad_in. Only for an input with as many elements as the output. */
bool dt_grad_hand_over(struct dt_node *n, int i);

/* Element i of a tensor, of the gradient of the node's result and of a gradient, whatever their type: for ops that know
 * DT_BF16. */
static inline void *dt_at(const struct dt_tensor *x, int64_t i)
{
    return x->dtype == DT_BF16 ? (void *)(x->half + i) : (void *)(x->data + i);
}
static inline void *dt_grad_at(const struct dt_tensor *x, int64_t i)
{
    return x->dtype == DT_BF16 ? (void *)(x->half_grad + i) : (void *)(x->grad + i);
}
static inline bool dt_wanted(struct dt_grad d)
{
    return d.g || d.half;
}
static inline void *dt_to(struct dt_grad d, int64_t i)
{
    return d.half ? (void *)(d.half + i) : (void *)(d.g + i);
}
static inline size_t dt_dtype_size(enum dt_dtype dtype)
{
    return dtype == DT_BF16 ? sizeof(dt_bf16) : sizeof(dt_real);
}

/* The nearest bfloat16, ties to even. A NaN stays one. */
static inline dt_bf16 dt_bf16_of(dt_real v)
{
    float f = (float)v;
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    if (f != f)
        return (dt_bf16)(u >> 16 | 0x40);
    return (dt_bf16)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}
/* Of a value that is a bfloat16 already: without rounding. */
static inline dt_bf16 dt_bf16_cut(dt_real v)
{
    float f = (float)v;
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return (dt_bf16)(u >> 16);
}
static inline dt_real dt_real_of(dt_bf16 h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;

    memcpy(&f, &u, sizeof f);
    return (dt_real)f;
}

/* Each input in the type the op takes it in: casts, recorded, where it is another. False: failed, kept in the tape.
 * `out`: the type of the result. (half.c) */
bool dt_half_inputs(struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor **in, enum dt_dtype *out);

/* A failure found in forward or backward (memory, engine). */
void dt_node_fail(struct dt_node *n, enum dt_code code, const char *fmt, ...) DT_PRINTF(3, 4);
/* Scratch for the duration of the step. NULL: failed, already recorded. */
void *dt_node_alloc(struct dt_node *n, size_t bytes);

/* This forward pass repeats one of the same step, for the sweep (segment.c): what it changes outside of the tape has
 * been changed. */
bool dt_node_again(const struct dt_node *n);

/* The i-th node of a trace, for who compiles it. (mark.c) */
const struct dt_node *dt_tape_node(const struct dt_tape *t, int i);

/* Shared by simple ops. */
bool dt_infer_given(const struct dt_node *n, struct dt_shape *out, struct dt_err *err); /* attr begins with it */
bool dt_infer_same(const struct dt_node *n, struct dt_shape *out, struct dt_err *err);  /* shape of in[0] */
int64_t dt_macs_none(const struct dt_node *n);
/* "name: a [..] does not fit b [..]: why"; returns false */
bool dt_fail_shapes(struct dt_err *err, const struct dt_shape *a, const struct dt_shape *b, const char *why);

/* Elements a chunk for elementwise loops under dt_par_for. */
enum { DT_GRAIN = 32768 };

#define DT_OP_DECLARE(name) extern const struct dt_op dt_op_##name;
#include "autograd/op_list.h"
#undef DT_OP_DECLARE

#endif
