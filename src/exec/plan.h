/* plan: the compiled form of a network, and the passes that make it.
 *
 *   lower.c    trace to steps, choices to skips      fuse.c      norms, activations and sums into convolutions
 *   layout.c   how activations lie, convolutions     memory.c    lifetimes, sharing, places
 *   load.c     parameters into the steps             kernels.c   the steps that are not an op of the tape
 *   plan.c     the whole, and its lanes              run.c       one image, one batch
 *
 * A plan works on one image at a time. Steps are in order; a skip jumps forward over those that a choice takes out, so
 * both sides of a choice are there, one after the other, and write the same value. */
#ifndef DT_EXEC_PLAN_H
#define DT_EXEC_PLAN_H

#include <dyntrain/exec.h>

#include "autograd/infer.h"
#include "autograd/op.h"

enum dt_step_kind {
    DT_STEP_NONE,   /* taken out by a pass */
    DT_STEP_CONV,   /* out = act(in[0] * w + b), with in[1]: + in[1] before act */
    DT_STEP_NORM,   /* out = act(a in[0] + b), channel by channel */
    DT_STEP_ADD,    /* out = act(in[0] + in[1]) */
    DT_STEP_COPY,   /* out = act(in[0]), perhaps under another shape */
    DT_STEP_PAD,    /* out = in[0] under a shortcut without parameters */
    DT_STEP_LAYOUT, /* out = in[0] in other blocks, or of another type */
    DT_STEP_OP,     /* out = what the tape's op computes */
    DT_STEP_CALL,   /* out = what a callback writes */
    DT_STEP_SKIP,   /* to step `to`, unless the choice is on (`want`) or off (!want) */
    DT_STEP_NOTE,   /* the head of `choice` was run, and said in[0] */
    DT_STEP_ASK,    /* the policy decides `choice`, seeing in[0], or nothing */
    DT_STEP_LEAVE   /* with the logits in[0], if the choice says so */
};

/* An activation of one image. Rank 4: [1,h,w,c] in blocks of channels (see infer.h), others dense. */
struct dt_value {
    struct dt_shape shape;
    enum dt_dtype dtype; /* DT_BF16: rank 4 only */
    int block;
    int root;             /* whose memory it is in: its own number, or a value it shares with */
    size_t offset, bytes; /* of a root: in a lane's memory */
    bool positive;        /* no element is below zero */
};

struct dt_step {
    enum dt_step_kind kind;
    const struct dt_node *node; /* of the trace: what it was; of a sum that is skipped: the sum */
    int n_in, *in, out;         /* values; out -1: none */
    enum dt_act act;
    int choice, to; /* control: ASK of the whole plan has choice -1 */
    bool want;
    const struct dt_node *norm; /* CONV: folded in, or NULL */
    struct dt_infer_conv *conv;
    dt_real *a, *b; /* NORM: [c], padded to whole blocks */
};

struct dt_lane {
    char *memory;           /* activations, then scratch */
    void **at;              /* [n_values] */
    struct dt_node **node;  /* [n_steps]: of OP steps, over this lane's memory */
    struct dt_exit *exit;   /* [exits]: heads that were run for the image at hand, */
    struct dt_tensor *said; /* [exits]: and what they said, in memory of their own */
    int n_exits;
    struct dt_err err;
};

struct dt_plan {
    struct dt_net *net;
    struct dt_policy *policy;
    struct dt_engine *engine;
    struct dt_plan_cfg cfg;
    struct dt_arena *arena; /* of all below but the trace */
    struct dt_tape *trace;
    struct dt_value *value;
    int n_values, value_cap;
    struct dt_step *step;
    int n_steps, step_cap;
    int input, output; /* values */
    size_t activation_bytes, scratch_bytes;
    struct dt_lane *lane;
    int n_lanes, threads; /* threads: of one lane */
    dt_real *weights;     /* room to fold the largest convolution: w, then b */
    dt_real *logits;      /* [batch][classes] */
    int *left, *arch;     /* [batch], [batch][choices] */
};

/* ---- passes: false and err ---- */
bool dt_plan_lower(struct dt_plan *p, struct dt_err *err);
void dt_plan_fuse(struct dt_plan *p);
bool dt_plan_layout(struct dt_plan *p, struct dt_err *err); /* opens the convolutions */
bool dt_plan_place(struct dt_plan *p, struct dt_err *err);

/* A plan that stops before layout: steps as an exporter wants them. Freed with dt_plan_free; it cannot run. */
struct dt_plan *dt_plan_draft(struct dt_net *net, struct dt_policy *policy, const struct dt_plan_cfg *cfg,
                              struct dt_err *err);
/* ---- parameters of now (load.c) ---- */
void dt_plan_weights(const struct dt_step *conv, dt_real *w, dt_real *b); /* OIHW and [o], norm folded in */
void dt_plan_scales(const struct dt_node *norm, dt_real *a, dt_real *b);  /* y = a x + b, [c] */
size_t dt_plan_room(const struct dt_plan *p); /* elements that either of them writes, at most */

/* ---- what passes share (plan.c) ---- */
int dt_plan_value(struct dt_plan *p, struct dt_shape shape); /* a new one; -1: out of memory */
/* A new step before step `at` (n_steps: at the end), with room for n_in inputs; jumps to `at` arrive before it. NULL:
 * out of memory. Earlier pointers to steps are void. */
struct dt_step *dt_plan_insert(struct dt_plan *p, int at, enum dt_step_kind kind, int n_in);
int dt_plan_uses(const struct dt_plan *p, int value);             /* reads of it; the output counts as one more */
int dt_plan_writer(const struct dt_plan *p, int value);           /* the first step that writes it; -1: the input */
bool dt_plan_straight(const struct dt_plan *p, int from, int to); /* no control between these steps */

/* The shape under which an op of the tape computes on a value. (layout.c) */
struct dt_shape dt_plan_view(const struct dt_plan *p, const struct dt_step *s, int value);

/* Channels of a block, and their number; the elements with padding. */
int dt_value_block(const struct dt_value *v);
int dt_value_blocks(const struct dt_value *v);
size_t dt_value_size(const struct dt_value *v);
int dt_value_channels(const struct dt_value *v);
int64_t dt_value_pixels(const struct dt_value *v);

/* ---- kernels.c ---- */
/* v: of the result; operands have its type, but in a change of layout. */
void dt_kernel_copy(const struct dt_value *v, enum dt_act act, const void *x, void *y);
void dt_kernel_add(const struct dt_value *v, enum dt_act act, const void *a, const void *b, void *y);
void dt_kernel_norm(const struct dt_step *s, const struct dt_value *v, const void *x, void *y);
void dt_kernel_layout(const struct dt_value *from, const struct dt_value *to, const void *x, void *y);
void dt_kernel_pad(const struct dt_node *n, const struct dt_value *from, const struct dt_value *to, const void *x,
                   void *y);

#endif
