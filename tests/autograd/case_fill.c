/* What each domain of the case table is filled with. */
#include "case_run.h"

#include <math.h>

static double between(struct dt_rng *r, double low, double high)
{
    return low + (high - low) * dt_rng_uniform(r);
}

/* An integer of [-3, 3] of this parity, +- 0.1. */
static double near_integer(struct dt_rng *r, bool odd)
{
    int k = 2 * (int)dt_rng_below(r, 3) - 2 + (odd ? (dt_rng_below(r, 2) ? 1 : -1) : 0);

    return k + between(r, -0.1, 0.1);
}

static double off6(struct dt_rng *r)
{
    double x = between(r, -3, 9);

    return fabs(x) < 0.1 || fabs(x - 6) < 0.1 ? x + 0.25 : x;
}

static double one(enum case_domain d, struct dt_rng *r)
{
    switch (d) {
    case WIDE:
        return between(r, -4, 4);
    case EXTREME:
        return between(r, -300, 300);
    case SMALL:
    case RUNNING_MEAN:
        return between(r, -0.1, 0.1);
    case POSITIVE:
    case RUNNING_VAR:
        return between(r, 0.5, 1.5);
    case AWAY:
        return between(r, 0.1, 1) * (dt_rng_below(r, 2) ? 1 : -1);
    case OFF6:
        return off6(r);
    case ODD:
        return near_integer(r, true);
    case EVEN:
        return near_integer(r, false);
    case LOSS_WEIGHTS:
        return between(r, 0, 2);
    default:
        return between(r, -1, 1);
    }
}

static dt_real active(enum case_domain d, int64_t i, int64_t n)
{
    switch (d) {
    case ACTIVE_ONE:
        return i == 1;
    case ACTIVE_TWO:
        return i == 0 || i == n - 1;
    case ACTIVE_MOST:
        return i % 3 != 1;
    case ACTIVE_ALL:
        return 1;
    default:
        return 0;
    }
}

/* A random order of n numbers 0.01 apart. */
static void ranks(struct dt_rng *r, int64_t n, dt_real *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (dt_real)(float)(0.01 * (double)(i - n / 2));
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = dt_rng_below(r, (uint32_t)i + 1);
        dt_real swap = x[i];

        x[i] = x[j];
        x[j] = swap;
    }
}

/* Multiples of 1/64, so that the rows sum to 1 exactly in any precision. */
static void chances(struct dt_rng *r, int64_t rows, int k, dt_real *x)
{
    for (int64_t i = 0; i < rows * k; i++)
        x[i] = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int j = 0; j < 64; j++)
            x[i * k + dt_rng_below(r, (uint32_t)k)] += (dt_real)1 / 64;
}

void case_fill(enum case_domain d, const struct dt_shape *s, struct dt_rng *r, dt_real *x)
{
    int64_t n = dt_numel(s);
    int c = s->rank ? s->d[s->rank - 1] : 1;

    if (d == RANKS)
        ranks(r, n, x);
    else if (d == CHANCES)
        chances(r, n / c, c, x);
    else
        for (int64_t i = 0; i < n; i++) {
            if (d == ACTIVE_GROUPS)
                x[i] = active((enum case_domain[]){ ACTIVE_ALL, ACTIVE_ONE, ACTIVE_MOST }[i % c % 3], i / c, n / c);
            else if (d >= ACTIVE_NONE && d <= ACTIVE_ALL)
                x[i] = active(d, i, n);
            else if (d == SIGNED)
                x[i] = (dt_real)(float)(between(r, 0.8, 1.2) * ((i / c + i % c) % 2 ? 1 : -1));
            else if (d == STRETCH)
                x[i] = (dt_real)(float)(between(r, 1, 2) + (i % 2 ? 13 : 0));
            else
                x[i] = (dt_real)(float)one(d, r);
        }
    if (d == LOSS_WEIGHTS)
        x[0] = 0;
}
