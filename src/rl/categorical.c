/* categorical: one of k. With s = softmax(z) and p_a = (1 - mix) s_a + mix / k:
 *   d log p_a / dz_i = (1 - mix) s_a (1[i = a] - s_i) / p_a
 *   dH / dz_i = -(1 - mix) s_i (l_i - sum_j s_j l_j),  l = log p */
#include <dyntrain/rl.h>

#include <math.h>

static double log_sum(const dt_real *z, int k)
{
    double top = (double)z[0], sum = 0;

    for (int i = 1; i < k; i++)
        top = (double)z[i] > top ? (double)z[i] : top;
    for (int i = 0; i < k; i++)
        sum += exp((double)z[i] - top);
    return top + log(sum);
}

static double soft(const dt_real *z, int i, double total)
{
    return exp((double)z[i] - total);
}

static double log_prob(const dt_real *z, int i, int k, double mix, double total)
{
    return mix > 0 ? log((1 - mix) * soft(z, i, total) + mix / k) : (double)z[i] - total;
}

void dt_rl_categorical_probs(const dt_real *z, int k, double mix, double *prob)
{
    double total = log_sum(z, k);

    for (int i = 0; i < k; i++)
        prob[i] = (1 - mix) * soft(z, i, total) + mix / k;
}

int dt_rl_categorical_sample(const dt_real *z, int k, double mix, struct dt_rng *rng)
{
    double total = log_sum(z, k), u = dt_rng_uniform(rng), sum = 0;

    for (int i = 0; i < k - 1; i++) {
        sum += (1 - mix) * soft(z, i, total) + mix / k;
        if (u < sum)
            return i;
    }
    return k - 1;
}

double dt_rl_categorical_log_prob(const dt_real *z, int action, int k, double mix)
{
    return log_prob(z, action, k, mix, log_sum(z, k));
}

void dt_rl_categorical_score(const dt_real *z, int action, int k, double mix, double weight, dt_real *grad)
{
    double total = log_sum(z, k), s = soft(z, action, total);
    double share = mix > 0 ? (1 - mix) * s / ((1 - mix) * s + mix / k) : 1;

    for (int i = 0; i < k; i++)
        grad[i] += (dt_real)(weight * share * ((i == action) - soft(z, i, total)));
}

double dt_rl_categorical_entropy(const dt_real *z, int k, double mix)
{
    double total = log_sum(z, k), sum = 0;

    for (int i = 0; i < k; i++)
        sum -= ((1 - mix) * soft(z, i, total) + mix / k) * log_prob(z, i, k, mix, total);
    return sum;
}

void dt_rl_categorical_entropy_grad(const dt_real *z, int k, double mix, double weight, dt_real *grad)
{
    double total = log_sum(z, k), mean = 0;

    for (int i = 0; i < k; i++)
        mean += soft(z, i, total) * log_prob(z, i, k, mix, total);
    for (int i = 0; i < k; i++)
        grad[i] -= (dt_real)(weight * (1 - mix) * soft(z, i, total) * (log_prob(z, i, k, mix, total) - mean));
}
