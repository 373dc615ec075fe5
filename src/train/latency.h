/* latency: how long one image takes, alone, with what is skipped really skipped. Users have been burnt by savings that
 * exist on paper only; so every dynamic result shows this beside its MACs.
 *
 * There are n items. All are run in turn, a few rounds unmeasured, then `rounds` measured; an item's time is its median
 * over the rounds, so that a disturbance costs one sample; the result is the mean of the items' times: what an image
 * costs on average, which is what the mean of MACs is to be compared with. Rounds are over all items, so a slow minute
 * of the machine hits all alike. */
#ifndef DT_TRAIN_LATENCY_H
#define DT_TRAIN_LATENCY_H

#include <dyntrain/nn.h>

/* Runs item i once; false, with err filled: it cannot be. */
typedef bool dt_latency_fn(void *ctx, int i, struct dt_err *err);
/* rounds 0: 30 for one item, fewer for many, at least 5; more until they take a quarter of a second (at most 1000).
 * Mean of medians, in ms. */
enum dt_code dt_latency(int n, int rounds, dt_latency_fn *once, void *ctx, double *ms,
                        struct dt_err *err) DT_MUST_CHECK;

struct dt_timed { /* images through a net with its policy, one at a time */
    struct dt_net *net;
    struct dt_policy *policy; /* NULL: none */
    int n;
    const dt_real *image; /* [n,h,w,c]; NULL: black images */
    const int *row;       /* [n][choices of the net]; NULL: everything at its maximum, or as the policy decides */
    const double *budget; /* [n]; NULL: none */
    int rounds;           /* 0: as above */
};
/* The tape is reset for each image; its error comes back in err. */
enum dt_code dt_latency_net(struct dt_tape *tape, const struct dt_timed *what, double *ms,
                            struct dt_err *err) DT_MUST_CHECK;

/* Sorts v; n > 0. The upper one of the two in the middle. */
double dt_median(double *v, int n);

#endif
