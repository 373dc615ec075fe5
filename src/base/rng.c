/* Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3;
 * SC 2011), from the authors' library Random123. The counter is {draw / 4, index, epoch, stream}, the key the seed, and
 * `draw` counts 32-bit words. */
#include <dyntrain/base.h>

#include <Random123/philox.h>
#include <math.h>

void dt_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    philox4x32_ctr_t c = { { counter[0], counter[1], counter[2], counter[3] } };
    philox4x32_key_t k = { { key[0], key[1] } };

    c = philox4x32(c, k);
    for (int i = 0; i < 4; i++)
        out[i] = c.v[i];
}

struct dt_rng dt_rng_at(uint64_t seed, uint32_t stream, uint32_t epoch, uint32_t index)
{
    return (struct dt_rng){ .seed = seed, .stream = stream, .epoch = epoch, .index = index };
}

uint32_t dt_rng_u32(struct dt_rng *r)
{
    const uint32_t counter[4] = { r->draw / 4, r->index, r->epoch, r->stream };
    const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };
    uint32_t word[4];

    dt_philox4x32(counter, key, word);
    return word[r->draw++ % 4];
}

double dt_rng_uniform(struct dt_rng *r)
{
    return dt_rng_u32(r) * 0x1p-32;
}

double dt_rng_normal(struct dt_rng *r)
{
    const double two_pi = 6.283185307179586476925;
    double u = (dt_rng_u32(r) + 1.0) * 0x1p-32; /* (0, 1], for the logarithm */
    double v = dt_rng_uniform(r);

    return sqrt(-2 * log(u)) * cos(two_pi * v);
}

uint32_t dt_rng_below(struct dt_rng *r, uint32_t n)
{
    uint32_t uneven, word;

    DT_ASSERT(n > 0);
    uneven = (UINT32_MAX - n + 1) % n; /* 2^32 mod n: the first so many words would favour small results */
    do
        word = dt_rng_u32(r);
    while (word < uneven);
    return word % n;
}

void dt_rng_shuffle(struct dt_rng *r, int *v, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)dt_rng_below(r, (uint32_t)i + 1);
        int kept = v[i];

        v[i] = v[j];
        v[j] = kept;
    }
}
