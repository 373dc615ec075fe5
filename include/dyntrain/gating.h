/* gating: networks that answer early. Heads along one network, or several networks from cheap to costly, and a policy
 * that decides after each whether its answer is good enough (Bolukbasi et al. 2017). */
#ifndef DYNTRAIN_GATING_H
#define DYNTRAIN_GATING_H

#include <dyntrain/train.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const struct dt_method dt_method_early_exit, dt_method_cascade;

#ifdef __cplusplus
}
#endif
#endif
