/* column sum: the gradient of a bias. Accumulates in double: 128 images have 131072 rows. */
#include "autograd/engine.h"
#include "autograd/op.h"

enum { WIDTH = 64, CHUNKS = 16, MIN_ROWS = 256 };

struct sum {
    const dt_real *x;    /* at the first column of the block */
    const dt_bf16 *half; /* in its place */
    int c, width;
    double part[CHUNKS][WIDTH];
};

static void sum_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct sum *s = ctx;
    double part[WIDTH] = { 0 };

    for (int64_t r = begin; r < end; r++) {
        const dt_real *x = s->x + r * s->c;
        const dt_bf16 *half = s->half + r * s->c;

        for (int k = 0; s->x && k < s->width; k++)
            part[k] += (double)x[k];
        for (int k = 0; s->half && k < s->width; k++)
            part[k] += (double)dt_real_of(half[k]);
    }
    for (int k = 0; k < s->width; k++)
        s->part[chunk][k] = part[k];
}

void dt_column_sum(int64_t rows, int c, const void *x, enum dt_dtype dtype, bool add, dt_real *out)
{
    struct sum s = { .c = c };
    int64_t grain = rows > MIN_ROWS * CHUNKS ? (rows - 1) / CHUNKS + 1 : MIN_ROWS;

    for (int at = 0; at < c; at += WIDTH) {
        s.x = dtype == DT_BF16 ? NULL : (const dt_real *)x + at;
        s.half = dtype == DT_BF16 ? (const dt_bf16 *)x + at : NULL;
        s.width = c - at < WIDTH ? c - at : WIDTH;
        dt_par_for(rows, grain, sum_chunk, &s);
        for (int k = 0; k < s.width; k++) {
            double sum = add ? (double)out[at + k] : 0;

            for (int64_t i = 0; i < dt_par_chunks(rows, grain); i++)
                sum += s.part[i][k];
            out[at + k] = (dt_real)sum;
        }
    }
}
