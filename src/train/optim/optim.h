/* optim: update rules over flat ranges of parameters, as PyTorch defines them (torch.optim). */
#ifndef DT_TRAIN_OPTIM_H
#define DT_TRAIN_OPTIM_H

#include <dyntrain/train.h>

enum { DT_MAX_SLOTS = 2 };

/* A run of parameters that are treated alike, and what this update needs to know. */
struct dt_update {
    const struct dt_optim_cfg *cfg;
    double lr, decay; /* decay: 0 for parameters without */
    double scale;     /* of the gradient: clipping */
    int64_t count;    /* updates of this group so far, this one included */
    int64_t n;        /* parameters in the run */
    dt_real *x, *g;   /* g is zeroed on the way, so that one pass does all */
    dt_real *slot[DT_MAX_SLOTS];
};
struct dt_optimiser {
    const char *name;
    int n_slots; /* state arrays, zero at the start */
    const char *slot[DT_MAX_SLOTS];
    void (*update)(const struct dt_update *u);
};
extern const struct dt_optimiser dt_optimiser_sgd, dt_optimiser_adam, dt_optimiser_adamw, dt_optimiser_rmsprop;
const struct dt_optimiser *dt_optimiser_of(int name); /* DT_SGD ... */

#endif
