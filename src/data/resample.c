/* Separable resampling with a triangle filter as wide as the reduction: an area-like average when shrinking, bilinear
 * when enlarging, a copy at equal size. */
#include "data/image.h"

#include <math.h>

/* Which inputs a line of outputs is made of. */
struct axis {
    int n, taps;
    int *first;    /* [n] */
    float *weight; /* [n][taps] */
};

/* n outputs cut from the centre of a line of `size` inputs, `ratio` inputs apart. */
static bool axis_make(struct axis *a, int n, int size, double ratio)
{
    double reach = fmax(ratio, 1), start = (size - n * ratio) / 2;

    a->n = n;
    a->taps = (int)ceil(2 * reach) + 1;
    a->first = dt_calloc((size_t)n, sizeof(*a->first));
    a->weight = dt_calloc((size_t)n * (size_t)a->taps, sizeof(*a->weight));
    if (!a->first || !a->weight)
        return false;
    for (int i = 0; i < n; i++) {
        double centre = start + (i + 0.5) * ratio - 0.5, sum = 0;
        float *weight = a->weight + (size_t)i * (size_t)a->taps;
        int first = (int)ceil(centre - reach);

        a->first[i] = first < 0 ? 0 : first;
        for (int k = 0; k < a->taps && a->first[i] + k < size; k++) {
            double v = fmax(0, 1 - fabs(a->first[i] + k - centre) / reach);

            weight[k] = (float)v;
            sum += v;
        }
        for (int k = 0; k < a->taps; k++)
            weight[k] = (float)(weight[k] / sum);
    }
    return true;
}

static void axis_free(struct axis *a)
{
    dt_free(a->first);
    dt_free(a->weight);
}

static void across(const struct axis *a, const struct dt_image *in, float *out)
{
    for (int y = 0; y < in->h; y++) {
        const uint8_t *row = in->pixels + (size_t)y * (size_t)in->w * (size_t)in->c;

        for (int x = 0; x < a->n; x++)
            for (int c = 0; c < in->c; c++) {
                const float *weight = a->weight + (size_t)x * (size_t)a->taps;
                float sum = 0;

                for (int k = 0; k < a->taps && a->first[x] + k < in->w; k++)
                    sum += weight[k] * row[(a->first[x] + k) * in->c + c];
                *out++ = sum;
            }
    }
}

static void down(const struct axis *a, const float *in, int rows, int width, uint8_t *out)
{
    for (int y = 0; y < a->n; y++)
        for (int x = 0; x < width; x++) {
            const float *weight = a->weight + (size_t)y * (size_t)a->taps;
            float sum = 0;

            for (int k = 0; k < a->taps && a->first[y] + k < rows; k++)
                sum += weight[k] * in[(size_t)(a->first[y] + k) * (size_t)width + (size_t)x];
            *out++ = (uint8_t)lrintf(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
}

bool dt_image_fit(const struct dt_image *in, int h, int w, uint8_t *out, struct dt_err *err)
{
    double ratio = fmin((double)in->h / h, (double)in->w / w);
    struct axis ax = { 0 }, ay = { 0 };
    float *mid = dt_calloc((size_t)in->h * (size_t)w, (size_t)in->c * sizeof(*mid));
    bool ok = axis_make(&ax, w, in->w, ratio) && axis_make(&ay, h, in->h, ratio) && mid;

    if (ok) {
        across(&ax, in, mid);
        down(&ay, mid, in->h, w * in->c, out);
    } else {
        dt_fail(err, DT_ENOMEM, "data: no memory to scale an image of %d x %d pixels", in->w, in->h);
    }
    axis_free(&ax);
    axis_free(&ay);
    dt_free(mid);
    return ok;
}
