/* cache: every head's answer to every image of a split, from one pass of the network; all fits and all curves are made
 * from this. And samples: some of these images as a decision problem. */
#ifndef DT_GATING_CACHE_H
#define DT_GATING_CACHE_H

#include "gating/exit_policy.h"
#include "train/loop.h"

struct dt_cache {
    struct dt_arena *arena;
    int n, *label;
    dt_real *logits[DT_ROUTE_MAX_NODES]; /* [n][classes] */
    dt_real *pooled[DT_ROUTE_MAX_NODES]; /* [n][pooled features]; NULL: not asked for */
};
enum dt_code dt_cache_fill(struct dt_train *t, const struct dt_exit_policy *p, enum dt_split split,
                           struct dt_cache *out) DT_MUST_CHECK;
void dt_cache_free(struct dt_cache *c);

/* Temperatures of all nodes and blends of all states by likelihood over the given images; they go into the tree. With
 * temperature off every answer counts as it is. */
enum dt_code dt_cache_fit_blends(const struct dt_cache *c, struct dt_exit_policy *p, const int *image, int n,
                                 bool temperature, struct dt_err *err) DT_MUST_CHECK;

enum { DT_EXCESS, DT_ERROR }; /* what counts as a loss: wrong where the full network is right; wrong */
struct dt_samples {
    struct dt_arena *arena;
    struct dt_route route; /* with loss and features of these samples; go is the caller's */
    int n;
    uint8_t **wrong[2];     /* [states][n]: the answer is not the label; nor among the five highest */
    uint8_t *full_wrong[2]; /* [n]: of the last node alone */
    double **sure;          /* [nodes][n]: largest probability of the head alone */
};
/* loss: DT_EXCESS or DT_ERROR, by top-1 or top-5 (`top5`). The tape is the run's, reset. */
enum dt_code dt_samples_take(struct dt_train *t, const struct dt_cache *c, const struct dt_exit_policy *p,
                             const int *image, int n, int loss, bool top5, struct dt_samples *out) DT_MUST_CHECK;
void dt_samples_free(struct dt_samples *s);

#endif
