/* Holding out part of a set. */
#ifndef DT_DATA_SPLIT_H
#define DT_DATA_SPLIT_H

#include <dyntrain/base.h>

/* Picks n_held of n items by chance, a pure function of (seed, part). order[n]: the n - n_held that stay, ascending,
 * then the held ones, ascending. */
bool dt_split_validation(int n, int n_held, uint64_t seed, uint32_t part, int *order, struct dt_err *err);

#endif
