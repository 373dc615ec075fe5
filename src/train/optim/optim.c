/* The table of optimisers. */
#include "train/optim/optim.h"

const struct dt_optimiser *dt_optimiser_of(int name)
{
    switch (name) {
    case DT_SGD:
        return &dt_optimiser_sgd;
    case DT_ADAM:
        return &dt_optimiser_adam;
    case DT_ADAMW:
        return &dt_optimiser_adamw;
    default:
        DT_ASSERT(name == DT_RMSPROP);
        return &dt_optimiser_rmsprop;
    }
}
