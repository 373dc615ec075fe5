/* exec: a network compiled for inference.
 *
 * A plan is the trace of the full row, its choices kept: batch norm folded into convolutions, sums and ReLU done by
 * them, activations placed once by lifetime. Running it allocates nothing; a body that a sample does not keep, and what
 * comes behind the exit it leaves at, is really not run.
 *
 *     struct dt_plan *plan = dt_plan_new(net, NULL, engine, &(struct dt_plan_cfg){ .batch = 128 }, &err);
 *     if (plan && dt_plan_run(plan, &run, images, 128, &out, &err) == DT_OK)
 *         use(out.logits);
 */
#ifndef DYNTRAIN_EXEC_H
#define DYNTRAIN_EXEC_H

#include <dyntrain/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dt_plan;

struct dt_plan_cfg {
    int batch;      /* images a call, at most; 0: 1. With 1 all threads work on one image (latency), else each thread
                     * takes images of its own; an image gives the same bits in any company */
    bool keep_norm; /* batch norm stays a step of its own: for who exchanges its numbers between runs */
    enum dt_dtype precision; /* DT_BF16: images between convolutions, and their weights once folded, in bfloat16, where
                              * the engine has such convolutions; sums, biases and logits are dt_real as ever */
};

struct dt_plan_out { /* lives in the plan until the next run */
    int n, classes;
    const dt_real *logits; /* [n][classes], of the exit an image left at, or of the end */
    const int *left;       /* [n]: the EXIT choice it left at, -1: it went to the end */
};

/* Compiles `net` with the policy's looks (NULL: choices are as the run's arch says) for the number of threads that is
 * set now, and loads its parameters. Net, policy and engine are borrowed. A WIDTH is compiled at its maximum.
 * NULL and err: out of memory, or an op that has no place in a plan. */
struct dt_plan *dt_plan_new(struct dt_net *net, struct dt_policy *policy, struct dt_engine *engine,
                            const struct dt_plan_cfg *cfg, struct dt_err *err);
void dt_plan_free(struct dt_plan *plan);
/* Reads the parameters and running statistics anew; call it after they have changed. */
enum dt_code dt_plan_load(struct dt_plan *plan, struct dt_err *err) DT_MUST_CHECK;
/* x [n,h,w,c], n at most the batch. Of `run` (NULL: the full net) the arch (n = 0: full; one row or n), budget and rng
 * are read; its arch afterwards is the plan's own, with what was done. A policy's decide is called from several threads
 * at once, each time about a single image: with an arch of one row, a budget of its own. */
enum dt_code dt_plan_run(struct dt_plan *plan, struct dt_run *run, const dt_real *x, int n, struct dt_plan_out *out,
                         struct dt_err *err) DT_MUST_CHECK;
/* Bytes of activations an image in flight takes, and how many images are in flight at most. */
size_t dt_plan_bytes(const struct dt_plan *plan, int *lanes);

#ifdef __cplusplus
}
#endif
#endif
