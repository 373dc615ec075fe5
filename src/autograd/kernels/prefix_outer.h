/* Outer products for the gradient of weights: input channels x output channels in registers, while pixels stream by. A
 * part of prefix_isa.c. */

INLINE void outer_column(bool bf16, int n, const char *x, const char *dy, V *acc)
{
    UNROLL for (int v = 0; v < NV; v++)
    {
        V d = load(dy + v * sizeof(V));

        UNROLL for (int i = 0; i < n; i++) acc[i * NV + v] =
            dot(bf16, NV == 1, acc[i * NV + v], x + i * (int)sizeof(float), d);
    }
}

/* n input channels from `first` on */
INLINE void outer_some(const struct dt_prefix_outer *t, bool bf16, int first, int n)
{
    V acc[DT_PREFIX_WORDS * NV]; /* n NV of them */
    float *sum = t->acc + first * DT_PREFIX_WORDS;

    UNROLL for (int k = 0; k < n * NV; k++) acc[k] = (V){ 0 };
    for (int image = 0; image < t->images; image++)
        for (int row = 0; row < t->rows; row++) {
            const char *x = t->x + (size_t)image * t->x_image + (size_t)row * t->x_row + (size_t)first * sizeof(float);
            const char *dy = t->dy + (size_t)image * t->dy_image + (size_t)row * t->dy_row;
            int col = 0;

            for (; col + 4 <= t->cols; col += 4) {
                UNROLL for (int i = 0; i < 4; i++)
                    outer_column(bf16, n, x + i * t->x_col, dy + i * DT_PREFIX_LINE, acc);
                x += 4 * t->x_col;
                dy += 4 * DT_PREFIX_LINE;
            }
            for (; col < t->cols; col++, x += t->x_col, dy += DT_PREFIX_LINE)
                outer_column(bf16, n, x, dy, acc);
        }
    UNROLL for (int k = 0; k < n * NV; k++) store(sum + k * LANES, load(sum + k * LANES) + acc[k]);
}

INLINE void outer(const struct dt_prefix_outer *t, bool bf16)
{
    enum { MOST = LANES == 16 ? 16 : LANES == 8 ? 4 : 2, LEAST = LANES == 4 ? 2 : 4 }; /* as registers allow */
    int i = 0;

    for (; i + MOST <= t->n; i += MOST)
        outer_some(t, bf16, i, MOST);
    for (; i < t->n; i += LEAST)
        outer_some(t, bf16, i, LEAST);
}

static void outer_f32(const struct dt_prefix_outer *t)
{
    outer(t, false);
}

static void outer_bf16(const struct dt_prefix_outer *t)
{
    outer(t, true);
}
