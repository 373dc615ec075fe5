/* The confidence threshold rule of MSDNet (Huang et al. 2018), for comparison: a sample leaves at the first exit whose
 * largest probability reaches that exit's threshold. Of those who come to exit k, the most sure leave, as many as a
 * geometric series over the exits asks for; the thresholds are those of the held-out images. */
#include <math.h>
#include <stdlib.h>

#include "gating/exits.h"

/* From nearly all at the first exit to nearly all at the last. */
double dt_threshold_ratio(int i)
{
    return pow(2, 1.5 * (i - (DT_THRESHOLDS - 1) / 2.0));
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

enum dt_code dt_thresholds_fit(const struct dt_samples *s, double ratio, double *threshold, struct dt_err *err)
{
    int nodes = s->route.n_nodes;
    double *sure = dt_calloc((size_t)s->n, sizeof *sure), total = 0, part = 1;
    bool *gone = dt_calloc((size_t)s->n, sizeof *gone);

    for (int k = 0; k < nodes; k++)
        total += pow(ratio, k);
    if (!sure || !gone)
        dt_fail(err, DT_ENOMEM, "out of memory for the thresholds of %d images", s->n);
    for (int k = 0; sure && gone && k < nodes; k++, part *= ratio) {
        int here = 0, leave = (int)lround(s->n * part / total);

        for (int i = 0; i < s->n; i++)
            if (!gone[i])
                sure[here++] = s->sure[k][i];
        qsort(sure, (size_t)here, sizeof *sure, falling);
        threshold[k] = k == nodes - 1 ? 0 : leave < 1 || here < 1 ? INFINITY : sure[(leave < here ? leave : here) - 1];
        for (int i = 0; i < s->n; i++)
            gone[i] = gone[i] || s->sure[k][i] >= threshold[k];
    }
    dt_free(sure);
    dt_free(gone);
    return err->code;
}
