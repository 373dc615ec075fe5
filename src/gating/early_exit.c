/* early_exit: heads at named places of one network, and a policy that decides at each of them who leaves.
 *
 *   train   the heads, on a frozen network (Bolukbasi et al. 2017) or together with it (Teerapittayanon et al. 2016):
 *           L = CE(last) + weight sum_k [(1 - alpha) CE(k) + alpha T^2 CE(z_k / T, softmax(z_last / T))]
 *           the second part being self-distillation (Zhang et al. 2019): no gradient goes into the last exit from there
 *   fit     the policy (exits.h) */
#include <string.h>

#include "gating/exits.h"

struct distill_cfg {
    double alpha, temperature;
};
struct head_cfg {
    int64_t convs, width;
};
struct early_exit_cfg {
    int64_t epochs;
    struct dt_strs exits;
    int backbone;
    double weight;
    struct head_cfg head;
    struct distill_cfg distill;
    struct dt_exits_cfg exits_cfg;
};

enum { FROZEN, JOINT };
static const char *const backbones[] = { "frozen", "joint", NULL };

static const struct dt_opt head_opts[] = {
    DT_INT(struct head_cfg, convs, "0", 0, 8,
           "3x3 convolutions of stride 2 in front of the pooling and the linear layer"),
    DT_INT(struct head_cfg, width, "64", 1, 4096, "their channels"),
    DT_OPT_END,
};
static const struct dt_opt distill_opts[] = {
    DT_REAL(struct distill_cfg, alpha, "0.5", 0, 1, "share of the last exit's answer in what an earlier one learns"),
    DT_REAL(struct distill_cfg, temperature, "3", 0.01, 1000, "by which both logits are divided"),
    DT_OPT_END,
};
static const struct dt_opt opts[] = {
    DT_INT(struct early_exit_cfg, epochs, "40", 1, 1000000, "passes over the training images"),
    DT_STRS(struct early_exit_cfg, exits, "[stage1, stage2]",
            "modules with an exit behind them; `dyntrain summary` lists modules"),
    DT_PICK(struct early_exit_cfg, backbone, "joint", backbones,
            "is the network trained with its exits, or left as it is?"),
    DT_REAL(struct early_exit_cfg, weight, "1", 0, 1000, "of an early exit's loss beside that of the last"),
    DT_SECTION(struct early_exit_cfg, head, head_opts, "what an exit consists of"),
    DT_SECTION(struct early_exit_cfg, distill, distill_opts, "early exits learn from the last"),
    DT_EXITS_ROWS(struct early_exit_cfg, exits_cfg),
    DT_OPT_END,
};

static struct dt_exits *state(struct dt_train *t)
{
    return t->state;
}

static const struct early_exit_cfg *cfg_of(const struct dt_train *t)
{
    return t->cfg;
}

static int64_t epochs(const struct dt_train *t, int phase)
{
    (void)phase;
    return cfg_of(t)->epochs;
}

/* ---- the network ---- */

struct place {
    const char *path;    /* "net/stage1" */
    int channels, order; /* of what it puts out; where in the trace that is */
};

static bool below(const char *scope, const char *path)
{
    size_t n = strlen(path);

    return !strncmp(scope, path, n) && (scope[n] == '\0' || scope[n] == '/');
}

/* The bare network, run dry, tells what comes out of a module, and in which order. */
static bool find_places(const struct dt_net_plan *plan, struct place *place, int n, struct dt_err *err)
{
    struct dt_net *net = dt_net_new(1, err);
    struct dt_tape *dry = dt_tape_new_dry(err);
    struct dt_shape in = plan->input;

    if (net && dry && dt_model_build(net, &plan->model, in.d[3], err) == DT_OK &&
        dt_net_finish(net, in.d[1], in.d[2], in.d[3], err) == DT_OK)
        (void)(dt_trace(net, NULL, NULL, dry, err) == DT_OK);
    for (int i = 0; i < n && !err->code; i++) {
        place[i].order = -1;
        for (int k = 0; k < dt_tape_n_nodes(dry); k++) {
            struct dt_op_stat s = dt_tape_node_stat(dry, k);

            if (!below(s.scope, place[i].path))
                continue;
            place[i].order = k;
            place[i].channels = s.out.rank == 4 ? s.out.d[3] : 0;
        }
        if (place[i].order < 0 || place[i].channels == 0)
            dt_fail(err, DT_ECONFIG, "early_exit.exits: '%s' is no module of %s that puts out an image",
                    place[i].path + 4, plan->model.arch);
        for (int k = 0; k < i; k++)
            if (place[k].order == place[i].order)
                dt_fail(err, DT_ECONFIG, "early_exit.exits: '%s' and '%s' are the same place", place[k].path + 4,
                        place[i].path + 4);
    }
    dt_tape_free(dry);
    dt_net_free(net);
    return !err->code;
}

static void sort_places(struct place *place, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && place[k].order < place[k - 1].order; k--) {
            struct place p = place[k];

            place[k] = place[k - 1];
            place[k - 1] = p;
        }
}

/* Returns the features its linear layer sees; 0: err. */
static int add_head(struct dt_net *net, const struct place *at, int number, const struct head_cfg *cfg, int classes,
                    struct dt_err *err)
{
    struct dt_module *head;
    char name[24];
    int in = at->channels;

    snprintf(name, sizeof name, "exit%d", number);
    head = dt_exit_new(net, at->path, name, err);
    if (!head)
        return 0;
    for (int i = 0; i < (int)cfg->convs; i++, in = (int)cfg->width) {
        snprintf(name, sizeof name, "conv%d", i + 1);
        dt_conv_norm(
            net, head, name, in,
            &(struct dt_conv_norm_cfg){ .out = (int)cfg->width, .kernel = 3, .stride = 2, .pad = 1, .relu = true });
    }
    dt_head_layer(net, head, "head", in, classes);
    return in;
}

static enum dt_code build_net(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err)
{
    const struct early_exit_cfg *cfg = plan->setup->cfg;
    struct dt_heads heads = { .n = cfg->exits.n + 1, .classes = (int)plan->model.classes };
    struct dt_exit_policy_cfg policy =
        dt_exits_policy_cfg(&cfg->exits_cfg, heads.classes, (uint64_t)plan->setup->set.seed);
    struct place place[DT_ROUTE_MAX_NODES];

    if (cfg->exits.n < 1 || cfg->exits.n >= DT_ROUTE_MAX_NODES) {
        dt_fail(err, DT_ECONFIG, "early_exit.exits: from 1 to %d places, not %d", DT_ROUTE_MAX_NODES - 1, cfg->exits.n);
        return err->code;
    }
    for (int i = 0; i < cfg->exits.n; i++) {
        place[i].path = dt_arena_printf(plan->setup->arena, "net/%s", cfg->exits.v[i]);
        if (!place[i].path)
            dt_fail(err, DT_ENOMEM, "out of memory for the exits");
    }
    if (err->code || !find_places(plan, place, cfg->exits.n, err) ||
        dt_model_build(net, &plan->model, plan->input.d[3], err))
        return err->code;
    sort_places(place, cfg->exits.n);
    for (int i = 0; i < cfg->exits.n; i++) {
        heads.pooled[i] = add_head(net, &place[i], i + 1, &cfg->head, heads.classes, err);
        if (err->code)
            return err->code;
    }
    dt_exit_policy_build(net, &heads, &policy);
    return DT_OK;
}

/* ---- train ---- */

static enum dt_code open_state(struct dt_train *t)
{
    return dt_exits_open(t, state(t), &cfg_of(t)->exits_cfg);
}

static enum dt_code open_train(struct dt_train *t)
{
    const struct dt_heads *h = &state(t)->policy.heads;

    if (open_state(t))
        return t->err.code;
    if (cfg_of(t)->backbone == JOINT)
        return dt_train_group(t, "net", &t->set->optim);
    for (int k = 0; k < h->n - 1; k++)
        if (dt_train_group(t, h->path[k], &t->set->optim))
            return t->err.code;
    return DT_OK;
}

/* One number: what the exits, those before the last included, have to learn from this batch. */
static struct dt_tensor *loss_of(struct dt_train *t, const struct dt_run *run, const struct dt_batch *b,
                                 struct dt_tensor *last)
{
    const struct early_exit_cfg *cfg = t->cfg;
    double alpha = cfg->distill.alpha, heat = cfg->distill.temperature;
    struct dt_tensor *soft = dt_softmax(t->tape, dt_affine(t->tape, last, 1 / heat, 0)), *loss = NULL, *one;

    if (cfg->backbone == JOINT)
        loss = dt_mean(t->tape, dt_cross_entropy(t->tape, last, b->label, NULL, NULL, 0));
    for (int e = 0; e < run->n_exits; e++) {
        struct dt_tensor *z = run->exit[e].logits;

        one = dt_mean(t->tape, dt_cross_entropy(t->tape, z, b->label, NULL, NULL, 0));
        one = dt_affine(t->tape, one, cfg->weight * (1 - alpha), 0);
        loss = loss ? dt_add(t->tape, loss, one, DT_LINEAR) : one;
        if (alpha == 0)
            continue;
        one = dt_cross_entropy(t->tape, dt_affine(t->tape, z, 1 / heat, 0), NULL, soft, NULL, 0);
        one = dt_affine(t->tape, dt_mean(t->tape, one), cfg->weight * alpha * heat * heat, 0);
        loss = dt_add(t->tape, loss, one, DT_LINEAR);
    }
    return loss;
}

static enum dt_code step(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_space *space = dt_net_space(t->net);
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = {
        .tape = t->tape, .exec = DT_MASK, .training = true, .n = b->n, .rng = dt_train_rng(t, DT_STREAM_DROPOUT)
    };
    struct dt_tensor *last, *loss;

    run.arch = dt_arch_full(t->tape, space, 1);
    for (int i = 0; i < run.arch.n; i++)
        if (space->choice[i].kind == DT_EXIT)
            run.arch.value[i] = DT_LOOK;
    last = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x));
    loss = loss_of(t, &run, b, last);
    if (dt_backward(t->tape, loss)) {
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
        return t->err.code;
    }
    if (dt_train_update(t, (double)loss->data[0]))
        return t->err.code;
    for (int i = 0; i < b->n; i++)
        t->correct_sum += dt_logit_rank(last->data + (int64_t)i * last->shape.d[1], last->shape.d[1], b->label[i]) == 0;
    t->loss_sum += (double)loss->data[0] * b->n;
    t->seen += b->n;
    return DT_OK;
}

/* ---- the rest is the policy's ---- */

static enum dt_code step_fit(struct dt_train *t, const struct dt_batch *b)
{
    (void)b;
    return dt_exits_fit(t, state(t));
}

static enum dt_code evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out)
{
    return open_state(t) ? t->err.code : dt_exits_evaluate(t, state(t), split, out);
}

static enum dt_code curve(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    return open_state(t) ? t->err.code : dt_exits_curve(t, state(t), split, c);
}

static void visit(struct dt_train *t, struct dt_visit *v)
{
    if (open_state(t) == DT_OK)
        dt_exits_visit(state(t), v);
}

static void close(struct dt_train *t)
{
    dt_exits_close(state(t));
}

static const struct dt_phase phases[] = {
    { .name = "train", .open = open_train, .step = step },
    { .name = "fit", .epochs = 1, .steps = 1, .open = open_state, .step = step_fit },
    { .name = NULL },
};

const struct dt_method dt_method_early_exit = {
    .name = "early_exit",
    .summary = "exits at named places of one network; who leaves where is learned backwards, exit by exit",
    .opts = opts,
    .cfg_size = sizeof(struct early_exit_cfg),
    .phase = phases,
    .epochs = epochs,
    .state_size = sizeof(struct dt_exits),
    .net = build_net,
    .evaluate = evaluate,
    .visit = visit,
    .close = close,
    .curve = curve,
};
