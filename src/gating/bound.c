/* The Clopper-Pearson bound, by bisection on the binomial distribution itself: its terms are summed, so no incomplete
 * beta function is needed, and no library for one. */
#include "gating/bound.h"

#include <math.h>

/* P(X <= k), X binomial. Terms by logarithms: none overflows. */
static double at_most(int k, int n, double p)
{
    double sum = 0;

    for (int i = 0; i <= k; i++)
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) + (n - i) * log1p(-p));
    return sum;
}

double dt_clopper_pearson(int k, int n, double confidence)
{
    double low = n > 0 ? (double)k / n : 0, high = 1;

    if (k >= n)
        return 1;
    for (int i = 0; i < 60; i++) {
        double mid = (low + high) / 2;

        *(at_most(k, n, mid) > 1 - confidence ? &low : &high) = mid;
    }
    return high;
}
