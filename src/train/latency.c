/* Mean over items of the median time of each: see latency.h. */
#include "train/latency.h"

#include <dyntrain/exec.h>
#include <stdlib.h>
#include <string.h>

enum { WARM = 3, MOST_ROUNDS = 30, LEAST_ROUNDS = 5, LIMIT = 1000 };
static const double least_seconds = 0.25; /* a disturbance of some milliseconds must not hit most rounds */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double dt_median(double *v, int n)
{
    DT_ASSERT(n > 0);
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

/* warm: seconds of one round. */
static int default_rounds(int n, double warm)
{
    int rounds = MOST_ROUNDS / n > LEAST_ROUNDS ? MOST_ROUNDS / n : LEAST_ROUNDS;
    double more = warm > 0 ? least_seconds / warm : 0;

    return more > LIMIT ? LIMIT : more > rounds ? (int)more : rounds;
}

static bool run_round(int n, dt_latency_fn *once, void *ctx, struct dt_err *err)
{
    for (int i = 0; i < n; i++)
        if (!once(ctx, i, err))
            return false;
    return true;
}

enum dt_code dt_latency(int n, int rounds, dt_latency_fn *once, void *ctx, double *ms, struct dt_err *err)
{
    double *time = NULL, sum = 0, begin = 0;

    DT_ASSERT(n > 0);
    *ms = 0;
    for (int r = 0; r < WARM; r++) {
        begin = dt_now();
        if (!run_round(n, once, ctx, err))
            return err->code;
    }
    rounds = rounds > 0 ? rounds : default_rounds(n, dt_now() - begin);
    time = dt_calloc((size_t)n * (size_t)rounds, sizeof *time); /* [n][rounds] */
    if (!time) {
        dt_fail(err, DT_ENOMEM, "out of memory for the times of %d images", n);
        return err->code;
    }
    for (int r = 0; r < rounds && !err->code; r++)
        for (int i = 0; i < n && !err->code; i++) {
            begin = dt_now();
            if (once(ctx, i, err))
                time[(size_t)i * (size_t)rounds + (size_t)r] = 1e3 * (dt_now() - begin);
        }
    for (int i = 0; i < n; i++)
        sum += dt_median(time + (size_t)i * (size_t)rounds, rounds);
    dt_free(time);
    *ms = err->code ? 0 : sum / n;
    return err->code;
}

/* ---- a net ---- */

struct job {
    const struct dt_timed *what;
    struct dt_plan *plan; /* NULL: on the tape */
    struct dt_tape *tape;
    struct dt_shape in; /* [1,h,w,c] */
    const dt_real *black;
    int *row; /* of one image: the policy may write to it */
};

static bool run_tape(const struct job *j, struct dt_run run, const dt_real *image, struct dt_err *err)
{
    dt_tape_reset(j->tape);
    dt_tape_no_grad(j->tape, true);
    run.tape = j->tape;
    dt_net_forward(j->what->net, &run, dt_tape_leaf(j->tape, j->in, image));
    dt_tape_no_grad(j->tape, false);
    if (dt_tape_err(j->tape)->code)
        return dt_fail(err, dt_tape_err(j->tape)->code, "%s", dt_tape_err(j->tape)->msg);
    return true;
}

static bool run_one(void *ctx, int i, struct dt_err *err)
{
    const struct job *j = ctx;
    const struct dt_timed *w = j->what;
    const dt_real *image = w->image ? w->image + dt_numel(&j->in) * i : j->black;
    int choices = dt_net_space(w->net)->n;
    struct dt_run run = { .policy = w->policy, .exec = DT_SKIP, .budget = w->budget ? w->budget + i : NULL };
    struct dt_plan_out out;

    if (w->row && choices > 0) {
        memcpy(j->row, w->row + (size_t)i * (size_t)choices, (size_t)choices * sizeof(int));
        run.arch = (struct dt_arch){ .rows = 1, .n = choices, .value = j->row };
    }
    return j->plan ? dt_plan_run(j->plan, &run, image, 1, &out, err) == DT_OK : run_tape(j, run, image, err);
}

/* By the plan that serves the net; all times of a net by the same means, so that they compare. A plan knows no widths
 * yet. */
static bool has_plan(struct dt_net *net)
{
    const struct dt_space *space = dt_net_space(net);

    for (int i = 0; i < space->n; i++)
        if (space->choice[i].kind == DT_WIDTH)
            return false;
    return true;
}

enum dt_code dt_latency_net(struct dt_tape *tape, const struct dt_timed *what, double *ms, struct dt_err *err)
{
    const struct dt_plan_cfg cfg = { .precision = dt_tape_dtype(tape) };
    struct job j = { .what = what, .tape = tape, .in = dt_net_input(what->net) };
    dt_real *black = dt_calloc((size_t)dt_numel(&j.in), sizeof *black);

    *ms = 0;
    j.black = black;
    j.row = dt_calloc((size_t)dt_net_space(what->net)->n + 1, sizeof *j.row);
    if (!black || !j.row)
        dt_fail(err, DT_ENOMEM, "out of memory for an image");
    else if (has_plan(what->net))
        j.plan = dt_plan_new(what->net, what->policy, dt_tape_engine(tape), &cfg, err);
    if (!err->code && dt_latency(what->n, what->rounds, run_one, &j, ms, err) == DT_OK)
        dt_tape_reset(tape);
    dt_plan_free(j.plan);
    dt_free(black);
    dt_free(j.row);
    return err->code;
}
