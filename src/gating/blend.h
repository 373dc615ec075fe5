/* blend: answers of one or more heads as one distribution, softmax(sum_m w_m z_m). One head: w is one over the
 * temperature (Guo et al. 2017); more: a weighted geometric mean. The weights maximise the likelihood of labels, a
 * convex problem. */
#ifndef DT_GATING_BLEND_H
#define DT_GATING_BLEND_H

#include <dyntrain/tensor.h>

/* logits[m]: [n][classes]; w [m]. A head that is better ignored gets a weight near zero, or below. */
enum dt_code dt_blend_fit(int n, int classes, int m, const dt_real *const *logits, const int *label, double *w,
                          struct dt_err *err) DT_MUST_CHECK;

#endif
