/* The tile: pixels x output channels in registers, while input channels stream by. No guard on purpose: a part of
 * prefix_isa.c. */

/* acc + the product of the word at x with each word of w. `once`: the word serves one product only, and may as well be
 * broadcast by the instruction itself; gcc 12 does that for fp32 only. */
INLINE V dot(bool bf16, bool once, V acc, const char *x, V w)
{
    float f;

    memcpy(&f, x, sizeof f);
    if (!bf16)
        return acc + f * w;
#ifdef __AVX512BF16__
    if (!once)
        return (V)_mm512_dpbf16_ps((__m512)acc, (__m512bh)(__m512)w, (__m512bh)_mm512_set1_ps(f));
    __asm__("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(w), "m"(*(const uint32_t *)(const void *)x));
    return acc;
#else
    uint32_t u, low, high;
    float l, h;

    (void)once;
    memcpy(&u, x, sizeof u);
    low = u << 16;
    high = u & 0xffff0000u;
    memcpy(&l, &low, sizeof l);
    memcpy(&h, &high, sizeof h);
    return acc + l * (V)((U)w << 16) + h * (V)((U)w & 0xffff0000u);
#endif
}

/* One word of input of the pixels in columns [q0, q1) */
INLINE void word(const struct dt_prefix_tile *t, bool bf16, int rows, int cols, int blocks, int q0, int q1, int c,
                 const char *const *x, const char *w, V *acc)
{
    UNROLL for (int b = 0; b < blocks; b++) UNROLL for (int v = 0; v < NV; v++)
    {
        V weight = load(w + (size_t)b * t->w_out + c * DT_PREFIX_LINE + v * sizeof(V));

        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int q = q0; q < q1; q++)
        {
            V *a = &acc[((r * cols + q) * blocks + b) * NV + v];

            *a = dot(bf16, blocks * NV == 1, *a, x[r] + q * DT_PREFIX_LINE + c * (int)sizeof(float), weight);
        }
    }
}

/* One tap of one input block */
INLINE void tap(const struct dt_prefix_tile *t, bool bf16, int rows, int cols, int blocks, int q0, int q1, int block,
                const struct dt_prefix_tap *k, V *acc)
{
    const char *x[DT_PREFIX_ROWS], *w = t->w + (size_t)block * t->w_block + k->w;
    int words = block + 1 < t->blocks ? DT_PREFIX_WORDS : t->words;

    UNROLL for (int r = 0; r < rows; r++) x[r] = t->x[r] + (size_t)block * t->x_block + k->x;
    for (int c = 0; c < words; c += DT_PREFIX_STEP) {
        UNROLL for (int i = 0; i < DT_PREFIX_STEP; i++) word(t, bf16, rows, cols, blocks, q0, q1, i, x, w, acc);
        UNROLL for (int r = 0; r < rows; r++) x[r] += DT_PREFIX_STEP * sizeof(float);
        w += DT_PREFIX_STEP * DT_PREFIX_LINE;
    }
}

INLINE void products(const struct dt_prefix_tile *t, bool bf16, int rows, int cols, int blocks, V *acc)
{
    for (int block = 0; block < t->blocks; block++)
        for (const struct dt_prefix_tap *k = t->tap; k < t->tap + t->taps; k++)
            if (k->columns == DT_PREFIX_ALL)
                tap(t, bf16, rows, cols, blocks, 0, cols, block, k, acc);
            else if (k->columns == DT_PREFIX_BUT_FIRST)
                tap(t, bf16, rows, cols, blocks, 1, cols, block, k, acc);
            else
                tap(t, bf16, rows, cols, blocks, 0, cols - 1, block, k, acc);
}

/* LANES numbers of y or add */
INLINE V get(bool bf16, const char *p)
{
    H h;

    if (!bf16)
        return load(p);
    memcpy(&h, p, sizeof h);
    return from_bf16(h);
}

INLINE void put(bool bf16, char *p, V v)
{
    H h;

    if (!bf16) {
        store(p, v);
        return;
    }
    h = to_bf16(v);
    memcpy(p, &h, sizeof h);
}

/* What the sums start from: zero, what earlier calls left, or bias and addend (of a full tile; else end_part adds it)
 */
INLINE void begin(const struct dt_prefix_tile *t, bool bf16, bool full, int rows, int cols, int blocks, V *acc)
{
    int n = rows * cols * blocks * NV, size = bf16 ? 2 : 4;

    if (!t->first) {
        UNROLL for (int k = 0; k < n; k++) acc[k] = load(t->partial + k * LANES);
        return;
    }
    UNROLL for (int k = 0; k < n; k++) acc[k] = (V){ 0 };
    if (t->bias)
        UNROLL for (int k = 0; k < n; k++) acc[k] = load(t->bias + k % (blocks * NV) * LANES);
    if (full && t->add[0])
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int q = 0; q < cols; q++)
            UNROLL for (int k = 0; k < blocks * NV; k++) acc[(r * cols + q) * blocks * NV + k] +=
            get(bf16, t->add[r] + (size_t)q * t->y_pixel + (size_t)(k * LANES * size));
}

INLINE void end_full(const struct dt_prefix_tile *t, bool bf16, int rows, int cols, int blocks, V *acc)
{
    int pixels = rows * cols, each = blocks * NV, size = bf16 ? 2 : 4;

    if (t->relu)
        UNROLL for (int k = 0; k < pixels * each; k++) acc[k] = rectify(acc[k]);
    if (t->sum)
        UNROLL for (int k = 0; k < each; k++)
        {
            V about = load(t->about + k * LANES), sum = load(t->sum + k * LANES), sq = load(t->sq + k * LANES);

            UNROLL for (int p = 0; p < pixels; p++)
            {
                V d = acc[p * each + k] - about;

                sum += d;
                sq += d * d;
            }
            store(t->sum + k * LANES, sum);
            store(t->sq + k * LANES, sq);
        }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int q = 0; q < cols; q++) UNROLL for (int k = 0; k < each; k++)
        put(bf16, t->y[r] + (size_t)q * t->y_pixel + (size_t)(k * LANES * size), acc[(r * cols + q) * each + k]);
}

/* One number of y */
INLINE void finish(const struct dt_prefix_tile *t, bool bf16, int channel, int row, size_t pixel, float v)
{
    uint16_t h;

    if (t->add[0] && bf16) {
        memcpy(&h, t->add[row] + pixel + (size_t)channel * sizeof h, sizeof h);
        v += one_from_bf16(h);
    } else if (t->add[0]) {
        float add;

        memcpy(&add, t->add[row] + pixel + (size_t)channel * sizeof add, sizeof add);
        v += add;
    }
    v = t->relu && v < 0 ? 0 : v;
    if (t->sum) {
        float d = v - t->about[channel];

        t->sum[channel] += d;
        t->sq[channel] += d * d;
    }
    if (bf16) {
        h = one_to_bf16(v);
        memcpy(t->y[row] + pixel + (size_t)channel * sizeof h, &h, sizeof h);
    } else
        memcpy(t->y[row] + pixel + (size_t)channel * sizeof v, &v, sizeof v);
}

/* Where the image or its channels end inside the tile */
INLINE void end_part(const struct dt_prefix_tile *t, bool bf16, int cols, int blocks, const float *acc)
{
    int n = t->channels < blocks * DT_PREFIX_WORDS ? t->channels : blocks * DT_PREFIX_WORDS;

    for (int r = 0; r < t->rows; r++)
        for (int q = 0; q < t->cols; q++)
            for (int k = 0; k < n; k++)
                finish(t, bf16, k, r, (size_t)q * t->y_pixel, acc[(r * cols + q) * blocks * DT_PREFIX_WORDS + k]);
}

INLINE void tile(const struct dt_prefix_tile *t, bool bf16, int rows, int cols, int blocks)
{
    V acc[DT_PREFIX_TILE * NV];
    bool full = t->rows == rows && t->cols == cols && t->channels >= blocks * DT_PREFIX_WORDS;
    float out[DT_PREFIX_TILE * DT_PREFIX_WORDS];

    begin(t, bf16, full, rows, cols, blocks, acc);
    products(t, bf16, rows, cols, blocks, acc);
    if (t->last && full) {
        end_full(t, bf16, rows, cols, blocks, acc);
        return;
    }
    UNROLL for (int k = 0; k < rows * cols * blocks * NV; k++) store((t->last ? out : t->partial) + k * LANES, acc[k]);
    if (t->last)
        end_part(t, bf16, cols, blocks, out);
}
