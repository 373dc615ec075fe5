/* prefix_pack: weights in lines [block of outputs][block of inputs][tap][word of input][16 outputs], where outputs and
 * inputs change places for the data gradient. A prefix of either is a prefix of its blocks. */
#include "autograd/kernels/prefix_plan.h"
#include "autograd/op.h"

#include <string.h>

struct pack {
    const struct dt_prefix_geom *g;
    bool data;
    const float *w; /* group after group, as in `to` */
    char *to;
};

static int per_block(const struct dt_prefix_geom *g)
{
    return g->type == DT_PREFIX_BF16 ? 2 * DT_PREFIX_WORDS : DT_PREFIX_WORDS;
}

static size_t out_bytes(const struct dt_prefix_geom *g, bool data)
{
    return (size_t)dt_ceil_div(data ? g->w_o : g->w_i, per_block(g)) * (size_t)(g->kernel * g->kernel) *
           DT_PREFIX_WORDS * DT_PREFIX_LINE;
}

static int outputs(const struct dt_prefix_geom *g, bool data) /* blocks of them a group has */
{
    return dt_ceil_div(data ? g->w_i : g->w_o, DT_PREFIX_WORDS);
}

size_t dt_prefix_pack_bytes(const struct dt_prefix_geom *g, bool data)
{
    return (size_t)(dt_prefix_groups(g) * outputs(g, data)) * out_bytes(g, data);
}

/* A group's weight from input `in` to output `out` at a tap; 0 behind the last of either. */
static float at(const struct pack *p, int group, int out, int in, int tap)
{
    const struct dt_prefix_geom *g = p->g;
    int o = p->data ? in : out, i = p->data ? out : in;

    return o < g->w_o && i < g->w_i
               ? p->w[((size_t)(group * g->w_o + o) * (size_t)g->w_i + (size_t)i) * (size_t)(g->kernel * g->kernel) +
                      (size_t)tap]
               : 0;
}

static void pack_outputs(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct pack *p = ctx;
    const struct dt_prefix_geom *g = p->g;
    int per = per_block(g), taps = g->kernel * g->kernel, n = dt_ceil_div(p->data ? g->w_o : g->w_i, per);
    int pair = per / DT_PREFIX_WORDS, per_group = outputs(g, p->data);

    (void)chunk;
    for (int64_t b = begin; b < end; b++)
        for (int block = 0; block < n; block++)
            for (int tap = 0; tap < taps; tap++)
                for (int k = 0; k < per * DT_PREFIX_WORDS; k++) { /* [word][output][half] */
                    int word = k / pair / DT_PREFIX_WORDS, out = k / pair % DT_PREFIX_WORDS;
                    float v = at(p, (int)b / per_group, (int)b % per_group * DT_PREFIX_WORDS + out,
                                 block * per + word * pair + k % pair, tap);
                    dt_bf16 h = dt_bf16_of(v);
                    char *to = p->to + (size_t)b * out_bytes(g, p->data) +
                               (size_t)(block * taps + tap) * DT_PREFIX_WORDS * DT_PREFIX_LINE;

                    if (pair == 2)
                        memcpy(to + (size_t)k * sizeof h, &h, sizeof h);
                    else
                        memcpy(to + (size_t)k * sizeof v, &v, sizeof v);
                }
}

void dt_prefix_pack(const struct dt_prefix_geom *g, bool data, const float *w, void *packed)
{
    struct pack p = { g, data, w, packed };

    dt_par_for(dt_prefix_groups(g) * outputs(g, data), 1, pack_outputs, &p);
}
