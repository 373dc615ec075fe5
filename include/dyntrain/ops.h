/* ops: what a tape can record. Inputs first, options last; every function returns a tensor of the tape, never NULL
 * (after a failure: the tape's dummy). Images are [n,h,w,c]. "or NULL" marks optional inputs. int arrays (labels, rows)
 * are copied into the tape. */
#ifndef DYNTRAIN_OPS_H
#define DYNTRAIN_OPS_H

#include <dyntrain/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- convolution, matrix product (the engine computes them) ---- */
struct dt_conv_cfg {
    int stride, pad, groups; /* 0 means 1, 0, 1 */
};
/* y[n,oh,ow,o] = x[n,h,w,i] * w[o,i/groups,kh,kw] + b[o] or NULL */
struct dt_tensor *dt_conv2d(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *w, struct dt_tensor *b,
                            const struct dt_conv_cfg *cfg);
/* y[n,o] = x[n,i] w[o,i]' + b[o] or NULL */
struct dt_tensor *dt_linear(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *w, struct dt_tensor *b);

enum dt_act { DT_LINEAR, DT_RELU, DT_RELU6 }; /* y, max(0, y), min(max(0, y), 6) */

/* ---- normalisation ---- */
struct dt_norm_in {
    struct dt_tensor *gamma, *beta; /* [c] */
    struct dt_tensor *mean, *var;   /* [c] running statistics, leaves; written in training */
    struct dt_tensor *weight; /* [n], or [n,g] for g groups of neighbouring channels, 0 or 1: samples that count in the
                               * statistics; or NULL (all). No gradient. */
    struct dt_tensor *base;   /* shape of x: added before the activation, a residual block's sum in one pass; or NULL */
};
struct dt_norm_cfg {
    bool training; /* statistics of this batch (over samples of weight 1), running ones updated; false: running ones */
    bool frozen;   /* training, but leave the running statistics alone */
    enum dt_act act; /* fused */
    double momentum; /* running = (1 - momentum) running + momentum batch (variance unbiased); 0 means 0.1 */
    double eps;      /* 0 means 1e-5 */
};
/* y = gamma (x - mean) / sqrt(var + eps) + beta + base through act over the last dimension of x [n,...,c] (Ioffe &
 * Szegedy 2015). With fewer than 2 samples of weight 1 a training call uses running statistics and does not update
 * them. A sample of weight 0 passes gradient through scale and mean, none from the statistics. */
struct dt_tensor *dt_batch_norm(struct dt_tape *t, struct dt_tensor *x, const struct dt_norm_in *in,
                                const struct dt_norm_cfg *cfg);

/* ---- elementwise ---- */
/* act(a + b), act linear or ReLU. Same shape; or b [c] added to every row of a; or, channels-last, one has a prefix of
 * the other's channels and the missing ones count as zero (the result has the larger count). */
struct dt_tensor *dt_add(struct dt_tape *t, struct dt_tensor *a, struct dt_tensor *b, enum dt_act act);
struct dt_tensor *dt_mul(struct dt_tape *t, struct dt_tensor *a, struct dt_tensor *b);           /* same shape */
struct dt_tensor *dt_affine(struct dt_tape *t, struct dt_tensor *x, double scale, double shift); /* scale x + shift */
struct dt_tensor *dt_relu(struct dt_tape *t, struct dt_tensor *x);
struct dt_tensor *dt_relu6(struct dt_tape *t, struct dt_tensor *x);
struct dt_tensor *dt_sigmoid(struct dt_tape *t, struct dt_tensor *x);
struct dt_tensor *dt_tanh(struct dt_tape *t, struct dt_tensor *x);
struct dt_tensor *dt_softmax(struct dt_tape *t, struct dt_tensor *x);     /* over the last dimension */
struct dt_tensor *dt_log_softmax(struct dt_tape *t, struct dt_tensor *x); /* over the last dimension */
/* What logits [n,k] say of their own certainty, p = softmax: [n,4+top] = entropy, p1, p1 - p2, log p1 - log p2, and the
 * `top` largest p, falling. For policies: no gradient. */
struct dt_tensor *dt_confidence(struct dt_tape *t, struct dt_tensor *logits, int top);
/* Inverted dropout: zero with probability p, else x / (1-p). Pure function of rng's value; p = 0 returns x. */
struct dt_tensor *dt_dropout(struct dt_tape *t, struct dt_tensor *x, double p, struct dt_rng rng);

/* x in another type; x itself when it has it. Ops cast for themselves: for whoever reads numbers of a tape in bfloat16.
 */
struct dt_tensor *dt_cast(struct dt_tape *t, struct dt_tensor *x, enum dt_dtype dtype);

/* ---- losses: one value a sample, [n]; reduce with dt_mean ---- */
/* -sum_k q_k log softmax(z)_k. Target: label[n] (smoothed: (1-s) one-hot + s/K, Szegedy et al. 2016), or soft [n,K]
 * (no gradient), or both NULL is a bug. weight [n] or NULL multiplies each sample's loss. */
struct dt_tensor *dt_cross_entropy(struct dt_tape *t, struct dt_tensor *logits, const int *label,
                                   struct dt_tensor *soft, struct dt_tensor *weight, double smoothing);
/* sum_k log P(a_k), P(a=1) = sigmoid(z): z [n,k], action[n*k] 0/1 -> [n] */
struct dt_tensor *dt_bernoulli_log_prob(struct dt_tape *t, struct dt_tensor *z, const int *action);
/* 1[p > threshold], gradient of the identity (Bengio et al. 2013) */
struct dt_tensor *dt_straight_through(struct dt_tape *t, struct dt_tensor *p, double threshold);

/* ---- pooling, padding, resolution ---- */
struct dt_tensor *dt_avg_pool(struct dt_tape *t, struct dt_tensor *x, int size, int stride,
                              int pad); /* padding not counted */
struct dt_tensor *dt_max_pool(struct dt_tape *t, struct dt_tensor *x, int size, int stride, int pad);
/* The count of windows rounded up: the last may reach beyond the image (PyTorch's ceil_mode). */
struct dt_tensor *dt_max_pool_ceil(struct dt_tape *t, struct dt_tensor *x, int size, int stride);
struct dt_tensor *dt_global_avg_pool(struct dt_tape *t, struct dt_tensor *x);      /* [n,h,w,c] -> [n,c] */
struct dt_tensor *dt_upsample(struct dt_tape *t, struct dt_tensor *x, int factor); /* nearest */
/* The parameter-free shortcut (He et al. 2016, option A): every stride-th pixel, zero channels appended up to
 * `channels`, `before` of them in front. */
struct dt_tensor *dt_pad_shortcut(struct dt_tape *t, struct dt_tensor *x, int stride, int channels, int before);

/* ---- shape ---- */
struct dt_tensor *dt_concat(struct dt_tape *t, struct dt_tensor *const *x, int n);        /* over the last dimension */
struct dt_tensor *dt_slice(struct dt_tape *t, struct dt_tensor *x, int begin, int count); /* of the last dimension */
/* k slices of the last dimension at once; the counts add up to it; out[i] are dt_slice tensors */
void dt_split(struct dt_tape *t, struct dt_tensor *x, const int *count, int k, struct dt_tensor **out);
struct dt_tensor *dt_reshape(struct dt_tape *t, struct dt_tensor *x, struct dt_shape shape);
struct dt_tensor *dt_zeros(struct dt_tape *t, struct dt_shape shape); /* an op, not a leaf: seen by the dry trace */

/* ---- numbers from outside ---- */
struct dt_run; /* of nn.h; the op hands it on unseen */
struct dt_callback {
    struct dt_shape shape; /* first; one row a current sample of the run */
    /* Writes all rows, for this run's samples. Called at once; in a plan, for each image with a run of its own, from
     * several threads at a time; never on a dry tape. */
    void (*fill)(const struct dt_callback *c, const struct dt_run *run, dt_real *y);
    const void *ctx; /* outlives the tape's step, or the plan */
    const struct dt_run *run;
    int choice;
};
struct dt_tensor *dt_callback(struct dt_tape *t, const struct dt_callback *c); /* copied */

/* ---- the batch dimension: dynamic execution ---- */
struct dt_tensor *dt_gather(struct dt_tape *t, struct dt_tensor *x, const int *row, int n); /* y[i] = x[row[i]] */
/* base + x scattered to its rows, through act (linear or ReLU): y = act(base); y[row[i]] = act(base[row[i]] + x[i]);
 * rows distinct */
struct dt_tensor *dt_scatter_add(struct dt_tape *t, struct dt_tensor *base, struct dt_tensor *x, const int *row, int n,
                                 enum dt_act act);
struct dt_scatter { /* x [n,...], added to rows row[0 .. n - 1], which are distinct */
    struct dt_tensor *x;
    const int *row;
    int n;
};
/* The same for n parts at once, y [m,...] = act(base + all of them); base NULL: zeros, and then n >= 1. */
struct dt_tensor *dt_scatter_sum(struct dt_tape *t, struct dt_tensor *base, int m, const struct dt_scatter *part, int n,
                                 enum dt_act act);
struct dt_tensor *dt_gate(struct dt_tape *t, struct dt_tensor *x,
                          struct dt_tensor *g); /* g [n], or [n,k] for k equal groups of channels */

/* The leading block of a weight, w[:d0, :d1, ...]: what a layer multiplies with when only a prefix of its channels
 * lives.
 */
struct dt_tensor *dt_weight_prefix(struct dt_tape *t, struct dt_tensor *w, struct dt_shape shape);

/* n equal weights side by side along dimension `dim`: what n equal layers multiply with when they run as one. */
struct dt_tensor *dt_weight_join(struct dt_tape *t, struct dt_tensor *const *w, int n, int dim);

/* ---- recurrent, lookup ---- */
/* One LSTM step (Hochreiter & Schmidhuber 1997; gates in the order i f g o): x [n,i], hc [n,2h] = (h, c),
 * w [4h,i], u [4h,h], b [4h] -> [n,2h] */
struct dt_tensor *dt_lstm_cell(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *hc, struct dt_tensor *w,
                               struct dt_tensor *u, struct dt_tensor *b);
struct dt_tensor *dt_embedding(struct dt_tape *t, struct dt_tensor *table, const int *id, int n); /* [v,d] -> [n,d] */

/* ---- reductions ---- */
struct dt_tensor *dt_sum(struct dt_tape *t, struct dt_tensor *x);     /* all elements -> scalar */
struct dt_tensor *dt_mean(struct dt_tape *t, struct dt_tensor *x);    /* all elements -> scalar */
struct dt_tensor *dt_row_sum(struct dt_tape *t, struct dt_tensor *x); /* all but the first dimension: [n,...] -> [n] */

#ifdef __cplusplus
}
#endif
#endif
