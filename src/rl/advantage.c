/* advantage: what a reward is compared with, and what the comparison is worth. */
#include <dyntrain/rl.h>

#include <math.h>

void dt_rl_leave_one_out(const double *reward, int n, int k, double *baseline)
{
    DT_ASSERT(k >= 2);
    for (int i = 0; i < n; i++) {
        double sum = 0;

        for (int j = 0; j < k; j++)
            sum += reward[i * k + j];
        for (int j = 0; j < k; j++)
            baseline[i * k + j] = (sum - reward[i * k + j]) / (k - 1);
    }
}

static void normalise_bin(double *a, const int *bin, int n, int which)
{
    double sum = 0, squares = 0, mean, deviation;
    int count = 0;

    for (int i = 0; i < n; i++)
        if (!bin || bin[i] == which) {
            sum += a[i];
            count++;
        }
    if (count < 2)
        return;
    mean = sum / count;
    for (int i = 0; i < n; i++)
        if (!bin || bin[i] == which)
            squares += (a[i] - mean) * (a[i] - mean);
    deviation = sqrt(squares / count);
    if (deviation < 1e-8)
        return;
    for (int i = 0; i < n; i++)
        if (!bin || bin[i] == which)
            a[i] = (a[i] - mean) / deviation;
}

void dt_rl_normalise(double *advantage, const int *bin, int n, int n_bins)
{
    for (int b = 0; b < (bin ? n_bins : 1); b++)
        normalise_bin(advantage, bin, n, b);
}

void dt_rl_fit_add(struct dt_rl_fit *f, double reward, double value)
{
    f->n++;
    f->reward += reward;
    f->reward2 += reward * reward;
    f->error += reward - value;
    f->error2 += (reward - value) * (reward - value);
}

double dt_rl_fit_explained(const struct dt_rl_fit *f)
{
    double of_reward = f->n > 0 ? f->reward2 / f->n - f->reward / f->n * (f->reward / f->n) : 0;
    double of_error = f->n > 0 ? f->error2 / f->n - f->error / f->n * (f->error / f->n) : 0;

    return of_reward > 1e-12 ? 1 - of_error / of_reward : 0;
}
