/* toy: small random nets with every kind of choice in them, random archs for them, and one step of training. */
#ifndef DT_TESTS_NN_TOY_H
#define DT_TESTS_NN_TOY_H

#include <dyntrain/nn.h>

enum { TOY_CLASSES = 5, TOY_SIDE = 6, TOY_MAX_BATCH = 7, TOY_MAX_EXITS = 8 };

/* Bodies within bodies, sums of paths from zeros, exits, widths (plain, depthwise and tied); which of them: the seed.
 */
struct dt_net *toy_net(uint32_t seed, bool widths, bool exits);
int toy_rand(struct dt_rng *rng, int n); /* 0 .. n-1 */

/* What one step left behind, copied out of the tape. */
struct toy_out {
    int n_exits, n, row[TOY_MAX_BATCH];
    double logits[TOY_MAX_BATCH][TOY_CLASSES];
    struct {
        int choice, n, row[TOY_MAX_BATCH];
        double logits[TOY_MAX_BATCH][TOY_CLASSES], features[TOY_MAX_BATCH];
    } exit[TOY_MAX_EXITS];
    double loss;
    size_t n_grad, n_buffer;
    double *grad, *buffer;
};
void toy_out_free(struct toy_out *o);

/* Forward, loss over every exit and the end, backward; the net's buffers are put back afterwards. `run` says how. */
void toy_step(struct dt_net *net, struct dt_tape *tape, struct dt_run run, const dt_real *x, int n,
              struct toy_out *out);
/* The largest difference between two outputs, each kind relative to its own largest value; says which in `what`. */
double toy_distance(const struct toy_out *a, const struct toy_out *b, const char **what);

struct dt_engine *toy_engine(void); /* the reference engine: no time is lost on a primitive for every sub-batch */

/* A net with an engine, a tape and a batch to run it on. */
enum { BENCH_N = 6 };
struct bench {
    struct dt_engine *engine;
    struct dt_tape *tape;
    struct dt_net *net;
    dt_real x[BENCH_N * TOY_SIDE * TOY_SIDE * 3];
};
struct bench bench_open(struct dt_net *net); /* takes the net */
void bench_free(struct bench *b);
struct dt_tensor *bench_go(struct bench *b, struct dt_run *run); /* fails the test when the tape does */

#endif
