/* The agent's network: tree "policy". At the input it has the published trunk, a ResNet-8 (64 features; with hidden 0
 * and waves 0 a budget is one more feature and actor and critic are one linear layer each, as published). At the stem
 * it is DESIGN of ours: the backbone's first features, averaged down to 8x8, two strided convolutions, a hidden layer
 * that sees the budget as waves cos, sin(k pi b) too; under one percent of the backbone.
 *
 * The critic may see more than the agent, since only training asks it (an asymmetric critic, Pinto et al. 2018): what
 * the full path gives the image's label. No action changes that, so the gradient stays unbiased; and which images are
 * hard is most of what there is to know about the reward of a good network. */
#include "rl/budgetnet.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

enum { JUDGE = 16 }; /* units of the critic that sees the answer */

struct agent {
    struct dt_module base;
    struct dt_module *trunk, *hidden, *out; /* hidden: or NULL */
    struct dt_module *told, *judge;         /* of the critic that sees the answer, or NULL */
    int pool, waves;                        /* pool: side of what is averaged first, 1: nothing */
};

/* ---- the published trunk ---- */
struct block { /* basic block, shortcut of zero channels */
    struct dt_module base;
    int in, out, stride;
};

static struct dt_tensor *block_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    const struct block *b = (const struct block *)m;
    struct dt_tensor *base = x;

    if (b->in != b->out)
        base = dt_pad_shortcut(run->tape, x, b->stride, b->out, (b->out - b->in) / 2);
    return dt_keep(run, m->child, base, x, DT_RELU);
}

static const struct dt_module_class block_class = { "block", sizeof(struct block), block_forward, NULL };

static void conv(struct dt_net *net, struct dt_module *parent, const char *name, int in, int out, int stride, bool relu)
{
    dt_conv_norm(net, parent, name, in,
                 &(struct dt_conv_norm_cfg){ .out = out, .kernel = 3, .stride = stride, .pad = 1, .relu = relu });
}

static void block(struct dt_net *net, struct dt_module *trunk, int index, int in, int out)
{
    struct dt_module *m = dt_module_new(net, trunk, &block_class, "block%d", index), *body = dt_seq(net, m, "body");
    struct block *b = (struct block *)m;

    b->in = in;
    b->out = out;
    b->stride = in == out ? 1 : 2;
    conv(net, body, "conv1", in, out, b->stride, true);
    conv(net, body, "conv2", out, out, 1, false);
}

/* Both return the number of features. */
static int resnet8(struct dt_net *net, struct dt_module *trunk, int channels)
{
    conv(net, trunk, "stem", channels, 16, 1, true);
    block(net, trunk, 0, 16, 16);
    block(net, trunk, 1, 16, 32);
    block(net, trunk, 2, 32, 64);
    return 64;
}

static int small(struct dt_net *net, struct dt_module *trunk, int channels, int width)
{
    conv(net, trunk, "conv1", channels, width, 2, true);
    conv(net, trunk, "conv2", width, 2 * width, 2, true);
    return 2 * width;
}

/* ---- the agent ---- */

struct told { /* what a callback needs */
    const struct agent *a;
    const struct dt_budgetnet *s; /* NULL: the budget itself */
};

/* b, then sin and cos of its waves */
static void embed(const struct dt_callback *c, const struct dt_run *run, dt_real *e)
{
    const struct told *t = c->ctx;
    int waves = t->a->waves, wide = 1 + 2 * waves;

    for (int i = 0; i < run->n; i++) {
        double b = run->budget ? run->budget[run->row ? run->row[i] : i] : 1;

        if (t->s && run->budget)
            b = dt_budget_condition(t->s, b);
        e[i * wide] = (dt_real)b;
        for (int k = 1; k <= waves; k++) {
            e[i * wide + 2 * k - 1] = (dt_real)sin(k * pi * b);
            e[i * wide + 2 * k] = (dt_real)cos(k * pi * b);
        }
    }
}

/* [rows, 1 + 2 waves], a callback: a plan asks for every image's own. */
static struct dt_tensor *budget(const struct agent *a, struct dt_run *run, int rows, const struct dt_budgetnet *s)
{
    struct told *t = dt_tape_alloc(run->tape, sizeof *t);

    if (t)
        *t = (struct told){ a, s };
    return dt_callback(
        run->tape, &(struct dt_callback){
                       .shape = dt_shape2(rows, 1 + 2 * a->waves), .fill = embed, .ctx = t, .run = run, .choice = -1 });
}

struct dt_tensor *dt_agent_features(struct dt_module *agent, struct dt_run *run, struct dt_tensor *x)
{
    const struct agent *a = (const struct agent *)agent;

    if (a->pool > 1)
        x = dt_avg_pool(run->tape, x, a->pool, a->pool, 0);
    return dt_global_avg_pool(run->tape, dt_forward(a->trunk, run, x));
}

struct dt_tensor *dt_agent_head(struct dt_module *agent, struct dt_run *run, struct dt_tensor *features,
                                const struct dt_budgetnet *s)
{
    const struct agent *a = (const struct agent *)agent;
    struct dt_tensor *both[2] = { features, budget(a, run, features->shape.d[0], s) };
    struct dt_tensor *y = dt_concat(run->tape, both, 2);

    if (a->hidden)
        y = dt_relu(run->tape, dt_forward(a->hidden, run, y));
    return dt_forward(a->out, run, y);
}

struct dt_tensor *dt_agent_judge(struct dt_module *agent, struct dt_run *run, const dt_real *answer, int rows)
{
    const struct agent *a = (const struct agent *)agent;
    dt_real *both = dt_tape_alloc(run->tape, 2 * (size_t)rows * sizeof *both);
    struct dt_tensor *in[2];

    for (int i = 0; i < rows && both; i++) {
        both[2 * i] = answer[i];
        both[2 * i + 1] = (dt_real)(0.1 * log((double)answer[i] + 1e-4));
    }
    in[0] = dt_tape_leaf(run->tape, dt_shape2(rows, 2), both);
    in[1] = budget(a, run, rows, NULL);
    return dt_forward(a->judge, run, dt_relu(run->tape, dt_forward(a->told, run, dt_concat(run->tape, in, 2))));
}

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    return dt_agent_head(m, run, dt_agent_features(m, run, x), NULL);
}

static const struct dt_module_class agent_class = { "agent", sizeof(struct agent), forward, NULL };
static const struct dt_module_class norms_class = { "norm_sets", sizeof(struct dt_module), NULL, NULL };

static bool count_choice(void *ctx, struct dt_module *m, int depth)
{
    (void)depth;
    *(int *)ctx += m->choice[DT_KEEP] >= 0;
    return true;
}

int dt_budget_count(struct dt_net *net)
{
    int n = 0;

    dt_module_walk(dt_net_root(net), &(struct dt_visitor){ .ctx = &n, .module = count_choice });
    return n;
}

void dt_agent_build(struct dt_net *net, const struct dt_budget_policy_cfg *cfg, int channels, int size, int sets)
{
    struct dt_module *root = dt_seq(net, NULL, "policy"), *m = dt_module_new(net, root, &agent_class, "agent");
    struct agent *a = (struct agent *)m;
    int features, n = dt_budget_count(net);
    int64_t norms = dt_norms_size(dt_net_root(net));

    a->trunk = dt_seq(net, m, "trunk");
    a->waves = (int)cfg->waves;
    a->pool = cfg->at == DT_AT_STEM ? (size + 4) / 8 : 1;
    features =
        cfg->at == DT_AT_STEM ? small(net, a->trunk, channels, (int)cfg->width) : resnet8(net, a->trunk, channels);
    features += 1 + 2 * a->waves;
    if (cfg->hidden > 0) {
        a->hidden = dt_linear_layer(net, m, "hidden", features, (int)cfg->hidden);
        features = (int)cfg->hidden;
    }
    a->out = dt_linear_layer(net, m, "out", features, n + 1);
    if (cfg->critic == DT_CRITIC_ANSWER) {
        a->told = dt_linear_layer(net, m, "told", 3 + 2 * a->waves, JUDGE);
        a->judge = dt_linear_layer(net, m, "judge", JUDGE, 1);
    }
    m = dt_module_new(net, root, &norms_class, "norms"); /* never run: numbers of the policy */
    dt_buffer_new(m, "sets", dt_shape2(sets, norms > 0 ? (int)norms : 1), 0);
}

struct dt_module *dt_agent_of(struct dt_net *net)
{
    return dt_net_policy(net)->child;
}
