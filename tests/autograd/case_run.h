/* Running one case: fills the inputs, builds, and reads values and gradients. The inputs are drawn as floats and
 * widened, so that both precisions compute with the same numbers. */
#ifndef DT_TESTS_CASE_RUN_H
#define DT_TESTS_CASE_RUN_H

#include "check_each.h"
#include "op_case.h"

struct case_input {
    int64_t n;
    bool wanted;         /* takes a gradient */
    dt_real *x0, *x, *g; /* as drawn; as used (running statistics change); the gradient, all 0 when none came */
    struct dt_tensor t;
};

struct case_run {
    const struct op_case *c;
    struct dt_engine *engine;
    struct dt_tape *tape;
    int n_in;
    struct case_input in[CASE_MAX_IN];
    struct dt_shape shape; /* of the result */
    int64_t n;             /* its elements */
    dt_real *y, *cot;      /* the result; the gradient it is given */
    int share[2];          /* [1] > 0: input [1] is the very tensor of input [0] */
};

/* How to run it. */
enum {
    RUN_INNER = 1, /* the op's inputs are results of another op, so that gradients are handed over and recycled */
    RUN_TWICE = 2, /* the op is recorded twice on the same inputs: gradients add up */
    RUN_HALF = 4   /* the first input, and what has its shape, comes in bfloat16; so does the result where the op can */
};

/* Draws inputs and cotangent and computes the result once. Fails the test when the case is refused. */
void case_open(struct case_run *r, const struct op_case *c, struct dt_engine *e);
void case_close(struct case_run *r);
/* Computes the result from in[].x0 into y; returns sum(cot * y). */
double case_value(struct case_run *r);
/* Computes result and gradients of all wanted inputs, into y and in[].g. */
void case_grad(struct case_run *r, unsigned how);
/* The same, but gradients go to what the caller put into in[].t (grad, wants_grad). */
void case_backward(struct case_run *r, unsigned how);
/* Runs one property over case i with every engine; nothing when the case is one to be refused. */
void case_with_engines(int i, void (*check)(struct case_run *r));
bool case_wants_any(const struct case_run *r);
/* "conv2d: 3x3, pad 1" */
const char *case_name(const struct op_case *c, char buf[96]);

void case_fill(enum case_domain d, const struct dt_shape *s, struct dt_rng *r, dt_real *x);
struct dt_engine *engine_open(const char *name); /* fails the test when it is not there */
extern const char *const engines[];              /* all that are built in */
extern const int n_engines;

#endif
