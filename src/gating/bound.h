/* bound: how large may a rate be of which k in n were seen? */
#ifndef DT_GATING_BOUND_H
#define DT_GATING_BOUND_H

/* The upper Clopper-Pearson bound (1934) at this confidence: the p for which k or fewer in n have probability
 * 1 - confidence; 1 when k = n. Exact for independent samples. */
double dt_clopper_pearson(int k, int n, double confidence);

#endif
