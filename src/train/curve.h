/* curve: accuracy against cost, the one form in which every dynamic method reports. A method's `curve` function fills a
 * dt_curve; the loop writes it to result.json and curve.csv and prints it, and nothing else does.
 *
 *     struct dt_point *p = dt_curve_point(c, "b=%.2f", b);
 *     p->budget = b, p->accuracy = ..., p->macs_mean = ..., p->latency_ms = ...;
 *     dt_point_number(c, p, "paths", mean_paths);
 *     if (b == cfg->target) c->target = p;
 *     p = dt_curve_baseline(c, "random policy");
 *
 * Accuracies are fractions. Costs are MACs an image, counted once, with all that the decision takes (agent, heads,
 * predictors). What is not known is NAN, and shown as null, an empty cell or not at all. */
#ifndef DT_TRAIN_CURVE_H
#define DT_TRAIN_CURVE_H

#include <dyntrain/train.h>

struct dt_number { /* what only one method has: paths used, distinct policies, share of an exit */
    const char *name;
    double value;
};
struct dt_point {
    const char *name;  /* what it is, for a reader; points of one name in `published` make a line */
    double budget;     /* the share of C_static that was asked for; NAN: a swept trade-off */
    double accuracy;   /* top-1 */
    double top5, loss; /* loss: mean cross-entropy */
    double macs_mean, macs_std, macs_max;
    double latency_ms;  /* batch 1, really skipping, on this machine (dt_latency) */
    const char *source; /* published points: where from */
    char confidence;    /* published points: H read as digits, D digitised from a figure, M second hand; else '\0' */
    struct dt_number *number;
    int n_numbers;
};
struct dt_points {
    int n;
    struct dt_point **at; /* they stay where they are while others are added */
};
struct dt_curve {
    struct dt_arena *arena; /* all of it, names and points included */
    struct dt_err err;      /* the first failure sticks: calls go on and return a point that nobody reads */
    struct dt_point full;   /* the static network run in full, no policy: C_static; all NAN: there is none */
    struct dt_points points, baselines, published;
    struct dt_point *target; /* the point at the config's target: what test_accuracy and macs_mean are about */
    struct dt_point spare;
};

/* NULL when out of memory. */
struct dt_curve *dt_curve_new(struct dt_err *err);
void dt_curve_free(struct dt_curve *c); /* NULL is fine */

/* A new point at the end of a list, every number of it NAN; never NULL. */
struct dt_point *dt_curve_point(struct dt_curve *c, const char *name_fmt, ...) DT_PRINTF(2, 3);
struct dt_point *dt_curve_baseline(struct dt_curve *c, const char *name_fmt, ...) DT_PRINTF(2, 3);
struct dt_point *dt_curve_published(struct dt_curve *c, const char *name_fmt, ...) DT_PRINTF(2, 3);
/* Also on c->full. */
void dt_point_number(struct dt_curve *c, struct dt_point *p, const char *name, double value);
/* Share of C_static; NAN where one of the two is unknown. */
double dt_point_share(const struct dt_curve *c, const struct dt_point *p);

/* c->full from the run's own net: every choice at its maximum, no policy; accuracy over a split, MACs, latency. */
enum dt_code dt_curve_full(struct dt_train *t, enum dt_split split, struct dt_curve *c) DT_MUST_CHECK;
/* The curve of a run over a split: the method's own; where it has none, the static net is `full` and `target`.
 * Published points for method, data set and network are added. A method that leaves no target is a bug. */
enum dt_code dt_train_curve(struct dt_train *t, enum dt_split split, struct dt_curve *c) DT_MUST_CHECK;

/* published.c: what publications report for this method (or for comparison with it), into c->published. */
void dt_published_add(struct dt_curve *c, const char *method, const char *dataset, const char *network);

/* The fields of result.json: static_accuracy, macs_mean, macs_static, macs_ratio, latency_ms {dynamic, static}, curve,
 * baselines, published. */
void dt_curve_put(const struct dt_curve *c, struct dt_json *result);
/* curve_text.c: an aligned table, a line a point, for people: curve ('*': the target), baselines, full network. */
void dt_curve_print(const struct dt_curve *c, FILE *f);
/* The same numbers and the published ones as CSV, first column the list a line belongs to. */
enum dt_code dt_curve_csv(const struct dt_curve *c, const char *path, struct dt_err *err) DT_MUST_CHECK;

#endif
