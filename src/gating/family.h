/* family: what a decision may look like, as a function of the features of a sample: yes where score(x) > 0.
 *
 * Fitting is weighted binary classification (Bolukbasi et al. 2017): sample i gains gain[i] when the answer is yes, so
 * its label is the sign of the gain and its weight the gain's size. The surrogate is the weighted logistic loss; the
 * bias, p[0], is then set by the learner to what gains most in truth, so that always and never are in every family. */
#ifndef DT_GATING_FAMILY_H
#define DT_GATING_FAMILY_H

#include <dyntrain/base.h>

struct dt_family_cfg {
    int hidden;    /* mlp: units */
    double l2;     /* of the weights, the mean loss being 1 at most or so */
    uint64_t seed; /* mlp: of the first weights */
};
struct dt_examples {
    int n, n_x;
    const int *row;     /* [n] rows of x and gain */
    const double *x;    /* [rows][n_x] */
    const double *gain; /* [rows] */
};
struct dt_family {
    const char *name;
    int (*n_params)(int n_x, const struct dt_family_cfg *cfg); /* p[0]: a bias, added to the score */
    enum dt_code (*fit)(const struct dt_examples *e, const struct dt_family_cfg *cfg, double *p, struct dt_err *err);
    double (*score)(const double *p, const double *x, int n_x, const struct dt_family_cfg *cfg);
};
/* linear: p = bias, w[n_x]. mlp: p = bias, then for each unit v, b, w[n_x]: bias + sum v tanh(b + w x). */
extern const struct dt_family dt_family_constant, dt_family_linear, dt_family_mlp;

#endif
