/* objective: from advantages to gradients, and the multiplier of a constraint. */
#include <dyntrain/rl.h>

#include <math.h>
#include <string.h>

double dt_rl_ppo(double advantage, double log_prob, double log_prob_old, double clip, double *weight)
{
    double ratio = exp(log_prob - log_prob_old), plain = ratio * advantage, bound;

    *weight = plain; /* d ratio / d log_prob = ratio */
    if (clip <= 0)
        return plain;
    bound = (ratio < 1 - clip ? 1 - clip : ratio > 1 + clip ? 1 + clip : ratio) * advantage;
    if (plain <= bound)
        return plain;
    *weight = 0;
    return bound;
}

double dt_rl_dual(double multiplier, double rate, double excess, double most)
{
    double next = multiplier + rate * excess;

    return next < 0 ? 0 : next > most ? most : next;
}

struct dt_tensor *dt_rl_inject(struct dt_tape *t, struct dt_tensor *x, const dt_real *grad)
{
    size_t bytes = (size_t)dt_numel(&x->shape) * sizeof *grad;
    dt_real *copy = dt_tape_alloc(t, bytes);

    if (copy)
        memcpy(copy, grad, bytes);
    return dt_sum(t, dt_mul(t, x, dt_tape_leaf(t, x->shape, copy)));
}
