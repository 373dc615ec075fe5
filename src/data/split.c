/* The validation split: the first n_held of a Philox shuffle are held out. */
#include "data/split.h"

bool dt_split_validation(int n, int n_held, uint64_t seed, uint32_t part, int *order, struct dt_err *err)
{
    struct dt_rng rng = dt_rng_at(seed, DT_STREAM_SPLIT, part, 0);
    bool *held = dt_calloc((size_t)n, sizeof(*held));
    int stay = 0, out = n - n_held;

    if (!held)
        return dt_fail(err, DT_ENOMEM, "data: no memory to split %d images", n);
    for (int i = 0; i < n; i++)
        order[i] = i;
    dt_rng_shuffle(&rng, order, n);
    for (int i = 0; i < n_held; i++)
        held[order[i]] = true;
    for (int i = 0; i < n; i++)
        order[held[i] ? out++ : stay++] = i;
    dt_free(held);
    return true;
}
