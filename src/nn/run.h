/* run: what dt_keep, dt_exit and the layers that own a WIDTH share. Positions count the current samples, 0 .. run->n -
 * 1; rows count the samples of the batch, as the arch does. Inside nn only. */
#ifndef DT_NN_RUN_H
#define DT_NN_RUN_H

#include <dyntrain/nn.h>

/* Some of the current samples. */
struct dt_part {
    int n, of; /* so many, of so many that have not left */
    int *at;   /* their positions */
};
/* Those whose choice is not `refuse` and who have not left the net. False: out of memory, kept in the tape. */
bool dt_run_pick(const struct dt_run *run, int choice, int refuse, struct dt_part *out);

/* Where we are: put back when a part of the net is over. */
struct dt_here {
    int n;
    const int *row;
    struct dt_tensor *weight;
};
struct dt_here dt_run_here(const struct dt_run *run);
void dt_run_back(struct dt_run *run, struct dt_here here);
/* SKIP: from here on there are only these. */
void dt_run_narrow(struct dt_run *run, const struct dt_part *p);
/* MASK: from here on only these have weight 1; returns the weight, [n] ones and zeros. */
struct dt_tensor *dt_run_mask(struct dt_run *run, const struct dt_part *p);

/* The gate the arch has for this choice, one row a current sample; NULL: none, or SKIP. */
struct dt_tensor *dt_run_gate(const struct dt_run *run, int choice);
/* Asks the policy about what `x` shows, choice -1: the whole plan. */
void dt_run_ask(struct dt_run *run, int choice, struct dt_tensor *x);

/* A layer has at least one channel: 0 counts as 1. */
static inline int dt_width(int value)
{
    return value > 0 ? value : 1;
}
/* True when the tensor of this WIDTH really gets narrower: SKIP, not training, the whole batch agrees. */
bool dt_run_shrinks(const struct dt_run *run, int choice, int *width);
bool dt_run_shrunk(const struct dt_run *run); /* ... for any WIDTH of the net: inputs may be prefixes */
bool dt_arch_check(struct dt_run *run);       /* false: a value out of range, kept in the tape */

static inline int dt_channels(const struct dt_tensor *x)
{
    return x->shape.rank ? x->shape.d[x->shape.rank - 1] : 1;
}
/* x with zeros behind, up to c channels; x itself when it has them. */
struct dt_tensor *dt_widen(struct dt_run *run, struct dt_tensor *x, int c);

#endif
