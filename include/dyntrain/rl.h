/* rl: policies over discrete actions, and what turns rewards into their gradients. An episode has one step (a
 * contextual bandit): see the state, act, get the reward.
 *
 * Everything here is a closed form over plain numbers. A method computes dL/d(logits) with these functions and puts it
 * on the tape with dt_rl_inject(); what lies behind the logits is differentiated as usual. */
#ifndef DYNTRAIN_RL_H
#define DYNTRAIN_RL_H

#include <dyntrain/train.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Bernoulli: k independent switches with logits z [k] ----
 * Bounded exploration (Wu et al. 2018, BlockDrop): P(a_i = 1) = alpha s + (1 - alpha) (1 - s), s = sigmoid(z_i), which
 * keeps every probability within 1 - alpha .. alpha. alpha 1: none. */
double dt_rl_bernoulli_prob(double z, double alpha);
void dt_rl_bernoulli_sample(const dt_real *z, int k, double alpha, struct dt_rng *rng, int *action);
double dt_rl_bernoulli_log_prob(const dt_real *z, const int *action, int k, double alpha);
/* grad[i] += weight * d log P(action) / d z[i]; unbiased for the policy that acts, the bounded one. */
void dt_rl_bernoulli_score(const dt_real *z, const int *action, int k, double alpha, double weight, dt_real *grad);
double dt_rl_bernoulli_entropy(const dt_real *z, int k, double alpha); /* both halves, in nats */
void dt_rl_bernoulli_entropy_grad(const dt_real *z, int k, double alpha, double weight, dt_real *grad);

/* ---- categorical: one of k, logits z [k] ----
 * Bounded exploration: P(a) = (1 - mix) softmax(z)_a + mix / k. mix 0: none. (For k = 2 this is the bound above with
 * alpha = 1 - mix / 2.) */
void dt_rl_categorical_probs(const dt_real *z, int k, double mix, double *prob);
int dt_rl_categorical_sample(const dt_real *z, int k, double mix, struct dt_rng *rng);
double dt_rl_categorical_log_prob(const dt_real *z, int action, int k, double mix);
void dt_rl_categorical_score(const dt_real *z, int action, int k, double mix, double weight, dt_real *grad);
double dt_rl_categorical_entropy(const dt_real *z, int k, double mix);
void dt_rl_categorical_entropy_grad(const dt_real *z, int k, double mix, double weight, dt_real *grad);

/* ---- baselines and advantages ----
 * Of k rewards for each of n states, reward [n][k]: the baseline of one is the mean of the others (Kool et al. 2019,
 * leave-one-out), which leaves the gradient unbiased. k >= 2. */
void dt_rl_leave_one_out(const double *reward, int n, int k, double *baseline);
/* To mean 0 and deviation 1 within each bin (bin[i] in 0 .. n_bins - 1; NULL: one bin), so that a budget whose rewards
 * are large or spread does not drown the others. A bin of one sample, or of equal ones, is left as it is. */
void dt_rl_normalise(double *advantage, const int *bin, int n, int n_bins);
/* 1 - Var(reward - value) / Var(reward), from the sums of n pairs; 0 where the reward does not vary. */
struct dt_rl_fit {
    double n, reward, reward2, error, error2;
};
void dt_rl_fit_add(struct dt_rl_fit *f, double reward, double value);
double dt_rl_fit_explained(const struct dt_rl_fit *f);

/* ---- PPO-clip (Schulman et al. 2017) ----
 * min(r A, clip(r, 1 - clip, 1 + clip) A) with r = exp(log_prob - log_prob_old): what is maximised, and through *weight
 * its derivative by log_prob. clip 0: r A, unclipped; on the first use of a batch r = 1 and the weight is A. */
double dt_rl_ppo(double advantage, double log_prob, double log_prob_old, double clip, double *weight);

/* ---- dual ascent on the multiplier of a constraint, cost <= limit ----
 * max(0, multiplier + rate * excess), at most `most`. */
double dt_rl_dual(double multiplier, double rate, double excess, double most);

/* A scalar whose gradient by x is `grad` (as many numbers as x, copied): sum of x times grad. Add it to the loss. */
struct dt_tensor *dt_rl_inject(struct dt_tape *t, struct dt_tensor *x, const dt_real *grad);

extern const struct dt_method dt_method_budgetnet;

#ifdef __cplusplus
}
#endif
#endif
