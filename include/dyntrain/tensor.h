/* tensor and tape: define-by-run reverse-mode automatic differentiation.
 *
 * A tape records operations as they run; recording order is topological order, so dt_backward() is one loop in reverse.
 *
 *     struct dt_tensor *y = dt_linear(tape, x, w, b);
 *     struct dt_tensor *loss = dt_mean(tape, dt_cross_entropy(tape, y, labels, NULL, NULL, 0));
 *     if (dt_backward(tape, loss))                         the only check: failures stick to the tape
 *         fprintf(stderr, "%s\n", dt_tape_err(tape)->msg); names the scope: "net/stage2/block1/conv: conv2d: ..."
 *     dt_tape_reset(tape);                                 one step is over; all its tensors are gone
 */
#ifndef DYNTRAIN_TENSOR_H
#define DYNTRAIN_TENSOR_H

#include <dyntrain/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef DT_F64 /* the double-precision twin, built for tests only */
typedef double dt_real;
#else
typedef float dt_real;
#endif

/* bfloat16: the upper half of a float. Activations and their gradients may be kept in it; parameters, statistics,
 * losses and weight gradients are always dt_real. */
typedef uint16_t dt_bf16;
enum dt_dtype { DT_REAL_DTYPE, DT_BF16 };

/* Dense and row-major. Images are channels-last: [n, h, w, c]; features [n, c]; scalars have rank 0. */
enum { DT_MAX_RANK = 4 };
struct dt_shape {
    int rank;
    int d[DT_MAX_RANK];
};
int64_t dt_numel(const struct dt_shape *s); /* 1 for rank 0 */
bool dt_shape_equal(const struct dt_shape *a, const struct dt_shape *b);
const char *dt_shape_str(const struct dt_shape *s, char buf[64]); /* "[128,32,32,16]" */
struct dt_shape dt_shape0(void);
struct dt_shape dt_shape1(int a);
struct dt_shape dt_shape2(int a, int b);
struct dt_shape dt_shape4(int n, int h, int w, int c);

struct dt_node;
struct dt_tape;
struct dt_engine;

/* What an engine keeps of a weight in its own layout. `free` is called by the owner of the tensor. */
struct dt_pack {
    struct dt_pack *next;
    void (*free)(struct dt_pack *);
};

struct dt_tensor {
    struct dt_shape shape;
    enum dt_dtype dtype;
    dt_real *data; /* NULL in a dry run, and of a DT_BF16 tensor */
    dt_real *grad; /* NULL: not wanted, or nothing has reached it yet */
    dt_bf16 *half; /* of a DT_BF16 tensor, in place of data and grad: who does not know of it trips on NULL */
    dt_bf16 *half_grad;
    bool wants_grad;
    bool param;            /* a net's parameter: counted by the cost model */
    struct dt_node *node;  /* who computed it; NULL: a leaf */
    struct dt_pack *packs; /* parameters only: copies in engine layout */
    uint64_t version;      /* parameters only: from 1 up, raised whenever data changes, so that packs are renewed; 0: no
                            * parameter, an engine keeps nothing of it */
};

/* ---- engine: who computes convolutions and matrix products ---- */
/* name: "auto" (oneDNN where built in, else ref), "dnnl" or "ref". NULL and err when it is not there. */
struct dt_engine *dt_engine_new(const char *name, struct dt_err *err);
void dt_engine_free(struct dt_engine *e);
const char *dt_engine_name(const struct dt_engine *e);
/* Convolutions on DT_BF16 activations run, and (fast) on this processor they are faster than fp32. */
bool dt_engine_bf16(const struct dt_engine *e, bool fast);
/* "oneDNN 2.6.3, OpenBLAS ..." into buf; returns buf */
const char *dt_engine_versions(char *buf, size_t size);
void dt_pack_free(struct dt_tensor *t); /* drops all packs of a parameter */

/* ---- tape ---- */
/* The tape borrows the engine. NULL and err when out of memory. */
struct dt_tape *dt_tape_new(struct dt_engine *e, struct dt_err *err);
/* A dry tape infers shapes and records nodes but touches no data: the source of every cost (see dt_cost). */
struct dt_tape *dt_tape_new_dry(struct dt_err *err);
void dt_tape_free(struct dt_tape *t);
void dt_tape_reset(struct dt_tape *t); /* forgets nodes, tensors and the error; keeps memory */
const struct dt_err *dt_tape_err(const struct dt_tape *t);
/* A failure inside the step: kept with the scope in front; returns the tape's dummy tensor (1 element, no gradient). */
struct dt_tensor *dt_tape_fail(struct dt_tape *t, enum dt_code code, const char *fmt, ...) DT_PRINTF(3, 4);
bool dt_tape_dry(const struct dt_tape *t);
struct dt_engine *dt_tape_engine(const struct dt_tape *t);
void dt_tape_no_grad(struct dt_tape *t, bool off); /* true: nothing recorded from here on wants gradients */
/* DT_BF16: convolutions take their image, and give their result, in bfloat16; what follows keeps it so where it can,
 * and casts where it cannot (see half.c). Stays over resets. */
void dt_tape_precision(struct dt_tape *t, enum dt_dtype dtype);
enum dt_dtype dt_tape_dtype(const struct dt_tape *t);
/* true: segments drop their activations and are computed again in the backward pass (segment.c). Stays over resets. */
void dt_tape_recompute(struct dt_tape *t, bool on);
bool dt_tape_recomputes(const struct dt_tape *t);
int dt_tape_n_segments(const struct dt_tape *t); /* recorded so far, dry tapes included */
/* A segment; false: none, as the tape does not recompute or is in one already, and then it is not ended. `out`: the
 * only tensor of it that is used later, NULL: none. */
bool dt_segment_begin(struct dt_tape *t);
void dt_segment_end(struct dt_tape *t, struct dt_tensor *out);
void dt_tape_push(struct dt_tape *t, const char *scope); /* `scope` is borrowed until the reset */
void dt_tape_pop(struct dt_tape *t);
void *dt_tape_alloc(struct dt_tape *t, size_t bytes); /* lives until the reset; NULL: failed, kept in the tape */
/* A leaf over borrowed data (may be NULL on a dry tape); no gradient unless wants_grad is set afterwards. */
struct dt_tensor *dt_tape_leaf(struct dt_tape *t, struct dt_shape shape, const dt_real *data);
/* Peak bytes of activations and gradients so far. */
size_t dt_tape_peak(const struct dt_tape *t);

/* d loss / d everything that wants a gradient; adds to what parameters' grads hold. `loss` has one element.
 * Gradients of intermediate tensors are recycled during the sweep: only leaves keep theirs. */
enum dt_code dt_backward(struct dt_tape *t, struct dt_tensor *loss) DT_MUST_CHECK;

/* ---- what a tape recorded, for the cost model, printing and profiles ---- */
struct dt_op_stat {
    const char *op, *scope;
    struct dt_shape out;
    int64_t macs, params;            /* multiply-accumulates of this node; parameters first seen here */
    int64_t in_bytes, out_bytes;     /* activations only */
    int64_t reorders, reorder_bytes; /* copies to and from an engine's layout, forward and backward, while profiling */
};
int dt_tape_n_nodes(const struct dt_tape *t);
struct dt_op_stat dt_tape_node_stat(const struct dt_tape *t, int i);
/* Peak of live activation bytes when each tensor is dropped after its last use (inference). */
int64_t dt_tape_act_bytes(const struct dt_tape *t);

/* What the choices of a network take out of a trace: nodes [begin, end), which turn `in` into `out`. Written down on a
 * dry tape by whoever executes the choice, in the order of `end`; read by what compiles the trace. */
enum dt_mark_kind {
    DT_MARK_KEEP, /* a body and its sum with the base, which is the last node: add (base first), or a norm with one */
    DT_MARK_EXIT, /* a head; `out`: its logits */
    DT_MARK_LOOK, /* what a policy sees, choice -1: of the whole plan; `out` NULL: nothing */
    DT_MARK_NET   /* all of it, choice -1: from the images to the logits */
};
struct dt_mark {
    enum dt_mark_kind kind;
    int choice, begin, end;
    struct dt_tensor *in, *out;
};
void dt_tape_mark(struct dt_tape *t, const struct dt_mark *m); /* copied; a tape that is not dry keeps none */
int dt_tape_n_marks(const struct dt_tape *t);
const struct dt_mark *dt_tape_mark_at(const struct dt_tape *t, int i);

/* Seconds of the bare convolution primitives (forward, data, weights; no data gradient for the stem) of what a dry tape
 * holds, at this batch size and type of activations: each kind the median of `runs`, warm, in the faster layout. 0: the
 * engine has none. */
enum dt_code dt_bare_convs(const struct dt_tape *dry, struct dt_engine *e, enum dt_dtype dtype, int batch, int runs,
                           double *seconds, struct dt_err *err) DT_MUST_CHECK;

/* What the machine has to give on dt_par_threads() threads, by a probe of about half a second; for reading a rate as a
 * share of it, never for a decision. */
struct dt_probe {
    const char *isa;    /* of the loops: "avx512", "avx2", "plain" */
    double f32_gflops;  /* fused multiply-add (plain: multiply and add), 2 flops each */
    double bf16_gflops; /* the same on bfloat16 with AVX512-BF16; 0: the processor has none */
    double gemm_gflops; /* one matrix product of OpenBLAS */
    double memory_gbs;  /* a = b + s c, from memory and from the second cache; what is read and written, 12 bytes */
    double cache_gbs;
};
enum dt_code dt_probe(struct dt_probe *out, struct dt_err *err) DT_MUST_CHECK;

struct dt_profile_row {
    const char *op;
    double forward_s, backward_s;
    int64_t calls, macs, bytes; /* macs: forward only; bytes: operands and results of the forward pass */
    int64_t grad_bytes;         /* of the backward pass: result's gradient, operands, gradients that were wanted */
    int64_t reorders;           /* see dt_op_stat */
};
void dt_tape_profile(struct dt_tape *t, bool on); /* collects times per op kind over steps, until off */
int dt_tape_profile_rows(const struct dt_tape *t, struct dt_profile_row *rows, int max); /* returns the number */

#ifdef __cplusplus
}
#endif
#endif
