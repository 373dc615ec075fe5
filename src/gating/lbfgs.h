/* lbfgs: limited-memory BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.5) with backtracking, for the small
 * smooth problems of exit policies. Plain C without randomness or threads: the same bits everywhere. */
#ifndef DT_GATING_LBFGS_H
#define DT_GATING_LBFGS_H

#include <dyntrain/base.h>

/* Value at x [n]; the gradient goes to g [n]. */
typedef double dt_objective(void *ctx, const double *x, double *g);

struct dt_lbfgs_cfg {
    int memory;      /* pairs kept; 0: 8 */
    int iterations;  /* the most; 0: 200 */
    double gradient; /* stops when no component exceeds it; 0: 1e-7 */
};

/* Minimises from x [n], in place. *value: the last value, or NULL. Not finite at the start: DT_ENUMERIC, x as it was.
 */
enum dt_code dt_lbfgs(int n, dt_objective *f, void *ctx, const struct dt_lbfgs_cfg *cfg, double *x, double *value,
                      struct dt_err *err) DT_MUST_CHECK;

#endif
