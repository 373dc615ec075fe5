/* bernoulli: independent switches. With s = sigmoid(z) and p = (2 alpha - 1) s + (1 - alpha):
 *   d log P(a) / dz = (a / p - (1 - a) / (1 - p)) (2 alpha - 1) s (1 - s)
 *   H = -p log p - (1 - p) log(1 - p)        dH / dz = log((1 - p) / p) (2 alpha - 1) s (1 - s) */
#include <dyntrain/rl.h>

#include <math.h>

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

/* Without a bound the logarithm of the sigmoid, which stays finite where p rounds to 0 or 1. */
static double log_prob(double z, int action, double alpha)
{
    if (!action)
        z = -z; /* the bound is symmetric: P(0 | z) = P(1 | -z) */
    return alpha < 1 ? log(dt_rl_bernoulli_prob(z, alpha)) : (z < 0 ? z : 0) - log1p(exp(-fabs(z)));
}

double dt_rl_bernoulli_prob(double z, double alpha)
{
    return (2 * alpha - 1) * sigmoid(z) + (1 - alpha);
}

void dt_rl_bernoulli_sample(const dt_real *z, int k, double alpha, struct dt_rng *rng, int *action)
{
    for (int i = 0; i < k; i++)
        action[i] = dt_rng_uniform(rng) < dt_rl_bernoulli_prob((double)z[i], alpha);
}

double dt_rl_bernoulli_log_prob(const dt_real *z, const int *action, int k, double alpha)
{
    double sum = 0;

    for (int i = 0; i < k; i++)
        sum += log_prob((double)z[i], action[i], alpha);
    return sum;
}

void dt_rl_bernoulli_score(const dt_real *z, const int *action, int k, double alpha, double weight, dt_real *grad)
{
    for (int i = 0; i < k; i++) {
        double x = action[i] ? (double)z[i] : -(double)z[i], sign = action[i] ? 1 : -1, slope;

        if (alpha >= 1) /* s (1 - s) / s, without dividing by what may be 0 */
            slope = sigmoid(-x);
        else
            slope = (2 * alpha - 1) * sigmoid(x) * sigmoid(-x) / dt_rl_bernoulli_prob(x, alpha);
        grad[i] += (dt_real)(weight * sign * slope);
    }
}

double dt_rl_bernoulli_entropy(const dt_real *z, int k, double alpha)
{
    double sum = 0;

    for (int i = 0; i < k; i++) {
        double p = dt_rl_bernoulli_prob((double)z[i], alpha);

        sum -= p * log_prob((double)z[i], 1, alpha) + (1 - p) * log_prob((double)z[i], 0, alpha);
    }
    return sum;
}

void dt_rl_bernoulli_entropy_grad(const dt_real *z, int k, double alpha, double weight, dt_real *grad)
{
    for (int i = 0; i < k; i++) {
        double x = (double)z[i], odds = log_prob(x, 0, alpha) - log_prob(x, 1, alpha);

        grad[i] += (dt_real)(weight * odds * (2 * alpha - 1) * sigmoid(x) * sigmoid(-x));
    }
}
