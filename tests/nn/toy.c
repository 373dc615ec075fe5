#include "toy.h"

#include <math.h>
#include <string.h>
#include <support.h>

int toy_rand(struct dt_rng *rng, int n)
{
    return (int)dt_rng_below(rng, (uint32_t)n);
}

struct dt_engine *toy_engine(void)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("ref", &err);

    dt_test_ok(&err);
    return e;
}

/* ---- nets ---- */
struct maker {
    struct dt_net *net;
    struct dt_rng rng;
    bool widths;
};

/* shortcut + body, the body owning a KEEP; children: body, then perhaps a shortcut. */
static struct dt_tensor *sum_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_module *shortcut = m->child->next;

    return dt_keep(run, m->child, shortcut ? dt_forward(shortcut, run, x) : x, x, DT_RELU);
}

static const struct dt_module_class sum_class = { "sum", sizeof(struct dt_module), sum_forward, NULL };

/* Paths of its own, summed up from zeros, then normalised: the norm of an empty sum counts. */
static struct dt_tensor *paths_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_tensor *y = dt_zeros(run->tape, x->shape);
    struct dt_module *path = m->child;

    for (; path->next; path = path->next)
        y = dt_keep(run, path, y, x, DT_LINEAR);
    return dt_forward(path, run, y);
}

static const struct dt_module_class paths_class = { "paths", sizeof(struct dt_module), paths_forward, NULL };

static bool flip(struct maker *m)
{
    return toy_rand(&m->rng, 2) == 1;
}

static struct dt_module *conv(struct maker *m, struct dt_module *parent, const char *name, int in, int out, int groups,
                              bool width)
{
    struct dt_conv_norm_cfg cfg = { .out = out, .kernel = 3, .stride = 1, .pad = -1, .groups = groups };

    cfg.relu = flip(m);
    cfg.relu6 = !cfg.relu && flip(m);
    cfg.width = width && m->widths;
    return dt_conv_norm(m->net, parent, name, in, &cfg);
}

static void body(struct maker *m, struct dt_module *parent, int c, int depth);

static void residual(struct maker *m, struct dt_module *parent, const char *name, int c, int depth)
{
    struct dt_module *sum = dt_module_new(m->net, parent, &sum_class, "%s", name);

    body(m, sum, c, depth);
    if (flip(m))
        conv(m, sum, "shortcut", c, c, 1, flip(m));
}

/* Two convolutions of free width between, sometimes a depthwise one tied to the first, sometimes another body. */
static void body(struct maker *m, struct dt_module *parent, int c, int depth)
{
    struct dt_module *b = dt_seq(m->net, parent, "body"), *first, *mid;

    first = conv(m, b, "conv1", c, 2 * c, 1, true);
    if (flip(m)) {
        mid = conv(m, b, "depthwise", 2 * c, 2 * c, -1, flip(m));
        if (mid->choice[DT_WIDTH] >= 0)
            dt_choice_tie(mid, first, DT_WIDTH);
    }
    if (depth > 0 && flip(m))
        residual(m, b, "inner", 2 * c, depth - 1);
    conv(m, b, "conv2", 2 * c, c, 1, flip(m));
    dt_choice_new(b, DT_KEEP, 1);
}

static void paths(struct maker *m, struct dt_module *parent, const char *name, int c)
{
    struct dt_module *p = dt_module_new(m->net, parent, &paths_class, "%s", name), *path;

    for (int i = 0; i < 3; i++) {
        char path_name[16];

        snprintf(path_name, sizeof path_name, "path%d", i);
        path = dt_seq(m->net, p, path_name);
        conv(m, path, "conv1", c, c + 1, 1, true);
        dt_conv_layer(m->net, path, "conv2", c + 1, c, 1, 1, 0, 1, flip(m));
        if (i == 0 && flip(m))
            residual(m, path, "inner", c, 0);
        dt_choice_new(path, DT_KEEP, 1);
    }
    dt_norm_layer(m->net, p, "norm", c, flip(m));
}

struct dt_net *toy_net(uint32_t seed, bool widths, bool exits)
{
    struct dt_err err = { 0 };
    struct maker m = { dt_net_new(seed, &err), dt_rng_at(seed, DT_STREAM_TEST, 0, 0), widths };
    struct dt_module *root = dt_seq(m.net, NULL, "net"), *head;
    int c = 4, n_blocks = 2 + toy_rand(&m.rng, 2);

    conv(&m, root, "stem", 3, c, 1, flip(&m));
    for (int i = 0; i < n_blocks; i++) {
        char name[16];

        snprintf(name, sizeof name, "block%d", i);
        if (flip(&m))
            residual(&m, root, name, c, 1);
        else
            paths(&m, root, name, c);
        if (exits && (i == 0 || flip(&m))) {
            snprintf(name, sizeof name, "exit%d", i);
            head = dt_seq(m.net, root, name); /* with a norm of its own, which sees those who look */
            conv(&m, head, "conv", c, c, 1, flip(&m));
            dt_head_layer(m.net, head, "head", c, TOY_CLASSES);
            dt_choice_new(head, DT_EXIT, DT_LEAVE);
        }
    }
    dt_head_layer(m.net, root, "head", c, TOY_CLASSES);
    (void)(dt_net_finish(m.net, TOY_SIDE, TOY_SIDE, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return m.net;
}

/* ---- one step ---- */
struct buffers {
    double *v;
    size_t n;
    bool put;
};

static bool visit_buffer(void *ctx, struct dt_param *p)
{
    struct buffers *b = ctx;

    for (int64_t i = 0; p->buffer && i < dt_numel(&p->tensor.shape); i++, b->n++)
        if (b->put)
            p->tensor.data[i] = (dt_real)b->v[b->n];
        else if (b->v)
            b->v[b->n] = (double)p->tensor.data[i];
    return true;
}

static struct buffers buffers(struct dt_net *net, struct buffers b)
{
    b.n = 0;
    dt_net_walk(net, &(struct dt_visitor){ .ctx = &b, .param = visit_buffer });
    return b;
}

static struct buffers buffers_copy(struct dt_net *net)
{
    struct buffers b = buffers(net, (struct buffers){ 0 });

    b.v = dt_calloc(b.n + 1, sizeof *b.v);
    ck_assert_ptr_nonnull(b.v);
    return buffers(net, b);
}

static struct dt_tensor *loss_of(struct dt_tape *t, struct dt_tensor *sum, struct dt_tensor *logits, const int *row,
                                 int n)
{
    int label[TOY_MAX_BATCH];
    struct dt_tensor *loss;

    for (int i = 0; i < n; i++)
        label[i] = (row ? row[i] : i) % TOY_CLASSES;
    loss = dt_sum(t, dt_cross_entropy(t, logits, label, NULL, NULL, 0));
    return sum ? dt_add(t, sum, loss, DT_LINEAR) : loss;
}

static void copy_logits(const struct dt_tensor *t, const int *row, int n, int *to_row, double to[][TOY_CLASSES])
{
    ck_assert_int_eq(t->shape.d[0], n);
    ck_assert_int_eq(t->shape.d[1], TOY_CLASSES);
    for (int i = 0; i < n; i++) {
        to_row[i] = row ? row[i] : i;
        for (int k = 0; k < TOY_CLASSES; k++)
            to[i][k] = (double)t->data[i * TOY_CLASSES + k];
    }
}

static double feature_sum(const struct dt_tensor *f, int i)
{
    double sum = 0;
    int c = f->shape.d[1];

    for (int k = 0; k < c; k++)
        sum += (double)f->data[i * c + k];
    return sum;
}

void toy_step(struct dt_net *net, struct dt_tape *tape, struct dt_run run, const dt_real *x, int n, struct toy_out *out)
{
    struct buffers before = buffers_copy(net), after;
    struct dt_tensor *logits, *loss = NULL;

    *out = (struct toy_out){ 0 };
    run.tape = tape;
    logits = dt_net_forward(net, &run, dt_tape_leaf(tape, dt_shape4(n, TOY_SIDE, TOY_SIDE, 3), x));
    dt_test_ok(dt_tape_err(tape));
    for (int e = 0; e < run.n_exits; e++) {
        const struct dt_exit *exit = &run.exit[e];

        out->exit[e].choice = exit->choice;
        out->exit[e].n = exit->n;
        copy_logits(exit->logits, exit->row, exit->n, out->exit[e].row, out->exit[e].logits);
        for (int i = 0; i < exit->n; i++)
            out->exit[e].features[i] = feature_sum(exit->features, i);
        loss = loss_of(tape, loss, exit->logits, exit->row, exit->n);
    }
    out->n_exits = run.n_exits;
    out->n = run.n;
    if (logits) {
        copy_logits(logits, run.row, run.n, out->row, out->logits);
        loss = loss_of(tape, loss, logits, run.row, run.n);
    }
    ck_assert_ptr_nonnull(loss);
    dt_test_ok(dt_tape_err(tape));
    out->loss = (double)loss->data[0];
    dt_net_zero_grad(net);
    ck_assert_int_eq(dt_backward(tape, loss), DT_OK);
    out->n_grad = dt_net_size(net);
    out->grad = dt_calloc(out->n_grad, sizeof *out->grad);
    ck_assert_ptr_nonnull(out->grad);
    for (size_t i = 0; i < out->n_grad; i++)
        out->grad[i] = (double)dt_net_g(net)[i];
    after = buffers_copy(net);
    out->buffer = after.v;
    out->n_buffer = after.n;
    before.put = true;
    buffers(net, before);
    dt_free(before.v);
}

void toy_out_free(struct toy_out *o)
{
    dt_free(o->grad);
    dt_free(o->buffer);
}

/* ---- comparison ---- */
static double distance(const double *a, const double *b, size_t n)
{
    double top = 1e-3, worst = 0; /* what is zero but for rounding has no scale of its own */

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i]))
            return INFINITY;
        top = fmax(top, fmax(fabs(a[i]), fabs(b[i])));
        worst = fmax(worst, fabs(a[i] - b[i]));
    }
    return worst / top;
}

static void worse(double d, const char *name, double *worst, const char **what)
{
    if (d > *worst) {
        *worst = d;
        *what = name;
    }
}

double toy_distance(const struct toy_out *a, const struct toy_out *b, const char **what)
{
    double worst = 0;

    *what = "nothing";
    if (a->n != b->n || memcmp(a->row, b->row, sizeof a->row) != 0 || a->n_exits != b->n_exits)
        worse(INFINITY, "who went where", &worst, what);
    worse(distance(&a->logits[0][0], &b->logits[0][0], TOY_MAX_BATCH * TOY_CLASSES), "logits", &worst, what);
    for (int e = 0; e < a->n_exits && e < b->n_exits; e++) {
        if (a->exit[e].choice != b->exit[e].choice || a->exit[e].n != b->exit[e].n ||
            memcmp(a->exit[e].row, b->exit[e].row, sizeof a->exit[e].row) != 0)
            worse(INFINITY, "who was looked at", &worst, what);
        worse(distance(&a->exit[e].logits[0][0], &b->exit[e].logits[0][0], TOY_MAX_BATCH * TOY_CLASSES), "exit logits",
              &worst, what);
        worse(distance(a->exit[e].features, b->exit[e].features, TOY_MAX_BATCH), "exit features", &worst, what);
    }
    worse(fabs(a->loss - b->loss) / fmax(1e-3, fabs(a->loss)), "loss", &worst, what);
    worse(distance(a->grad, b->grad, a->n_grad), "gradients", &worst, what);
    worse(distance(a->buffer, b->buffer, a->n_buffer), "running statistics", &worst, what);
    return worst;
}

/* ---- a net on the bench ---- */
struct bench bench_open(struct dt_net *net)
{
    struct dt_err err = { 0 };
    struct bench b = { .engine = toy_engine(), .net = net };
    struct dt_rng rng = dt_rng_at(9, DT_STREAM_TEST, 0, 0);

    b.tape = dt_tape_new(b.engine, &err);
    dt_test_ok(&err);
    for (size_t i = 0; i < sizeof b.x / sizeof b.x[0]; i++)
        b.x[i] = (dt_real)dt_rng_normal(&rng);
    return b;
}

void bench_free(struct bench *b)
{
    dt_net_free(b->net);
    dt_tape_free(b->tape);
    dt_engine_free(b->engine);
}

struct dt_tensor *bench_go(struct bench *b, struct dt_run *run)
{
    struct dt_tensor *y;

    run->tape = b->tape;
    y = dt_net_forward(b->net, run, dt_tape_leaf(b->tape, dt_shape4(BENCH_N, TOY_SIDE, TOY_SIDE, 3), b->x));
    dt_test_ok(dt_tape_err(b->tape));
    return y;
}
