/* cascade: trained networks, from cheap to costly, as exits of one net; a policy decides after each whether its answer
 * is good enough, and which network to ask next (Bolukbasi et al. 2017, network selection).
 *
 * Each network is a head on the image itself, so running, skipping, cost and checkpoint are those of exits. The
 * networks are named by configs, run directories or checkpoints; a config without a run is trained first. They must not
 * have seen the held-out images, so data, split and seed are the same for all. */
#include <string.h>

#include "gating/exits.h"

struct cascade_cfg {
    struct dt_strs networks, edges;
    struct dt_exits_cfg exits_cfg;
};
struct cascade {
    struct dt_exits exits; /* first */
    bool *allowed;         /* [nodes + 1][nodes] */
};

enum { MAX_NETWORKS = 16, NAME = 48 };

static const struct dt_opt opts[] = {
    DT_STRS(struct cascade_cfg, networks, NULL,
            "from cheap to costly: configs (trained first when there is no run), run directories or checkpoints"),
    DT_STRS(struct cascade_cfg, edges, "[]",
            "ways from network to network, a>b, and where to start, start>a; []: from each to every later one"),
    DT_EXITS_ROWS(struct cascade_cfg, exits_cfg),
    DT_OPT_END,
};

static struct cascade *state(struct dt_train *t)
{
    return t->state;
}

static const struct cascade_cfg *cfg_of(const struct dt_train *t)
{
    return t->cfg;
}

/* ---- the network ---- */

static bool is_config(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

/* The settings of a member, from its config or its checkpoint. */
static bool load_member(struct dt_setup *s, const char *path, const struct dt_method *const *methods,
                        struct dt_err *err)
{
    struct dt_err inner = { .code = DT_OK };
    char file[DT_PATH];
    struct dt_ckpt *c = NULL;

    *s = (struct dt_setup){ .arena = NULL };
    if (is_config(path))
        (void)(dt_setup_load(s, path, 0, NULL, methods, &inner) == DT_OK);
    else if (dt_checkpoint_in(path, file, &inner) == DT_OK && (c = dt_ckpt_open(file, &inner)) != NULL)
        (void)(dt_setup_of_checkpoint(s, c, file, 0, NULL, methods, &inner) == DT_OK);
    dt_ckpt_free(c);
    if (!inner.code && s->method->net)
        dt_fail(&inner, DT_ECONFIG, "%s: is of method %s, a member of a cascade is a plain network", path,
                s->method->name);
    return !inner.code || dt_fail(err, inner.code, "cascade.networks: %.400s", inner.msg);
}

/* "resnet8"; of two that are alike the second is "resnet8_2". */
static void name_member(const char *arch, char name[][NAME], int i)
{
    int same = 1;

    snprintf(name[i], NAME, "%.32s", arch);
    for (int k = 0; k < i; k++)
        if (!strcmp(name[k], name[i]))
            snprintf(name[i], NAME, "%.32s_%d", arch, ++same);
}

static bool add_member(struct dt_net *net, struct dt_module *root, const struct dt_net_plan *plan, const char *path,
                       char name[][NAME], int i, bool last, struct dt_err *err)
{
    struct dt_setup s;
    struct dt_module *m;

    if (load_member(&s, path, plan->methods, err)) {
        name_member(s.set.model.arch, name, i);
        if (s.set.model.classes == 0)
            s.set.model.classes = plan->model.classes;
        m = dt_seq(net, root, name[i]);
        if (dt_model_build_in(net, m, &s.set.model, plan->input.d[3], err) == DT_OK && !last)
            dt_choice_new(m, DT_EXIT, DT_LEAVE);
    }
    dt_setup_free(&s);
    return !err->code;
}

static bool add_members(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err)
{
    const struct dt_strs *members = &((const struct cascade_cfg *)plan->setup->cfg)->networks;
    struct dt_module *root = dt_seq(net, NULL, "net");
    char name[MAX_NETWORKS][NAME] = { "" };
    const char *all = "";

    if (members->n < 2 || members->n > MAX_NETWORKS)
        return dt_fail(err, DT_ECONFIG, "cascade.networks: from 2 to %d networks, not %d", MAX_NETWORKS, members->n);
    for (int i = 0; i < members->n; i++) {
        if (!add_member(net, root, plan, members->v[i], name, i, i + 1 == members->n, err))
            return false;
        all = dt_arena_printf(plan->setup->arena, "%s%s%s", all, i ? "+" : "", name[i]);
        if (!all)
            return dt_fail(err, DT_ENOMEM, "out of memory for the name of a cascade");
    }
    plan->setup->set.network = all;
    return true;
}

static enum dt_code build_net(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err)
{
    const struct cascade_cfg *cfg = plan->setup->cfg;
    struct dt_heads heads = { .n = cfg->networks.n, .classes = (int)plan->model.classes };
    struct dt_exit_policy_cfg policy =
        dt_exits_policy_cfg(&cfg->exits_cfg, heads.classes, (uint64_t)plan->setup->set.seed);
    struct dt_shape in = plan->input;
    struct dt_net *probe;

    if (!add_members(net, plan, err))
        return err->code;
    if (policy.sight.pooled) { /* how many features each network pools: from a net like this one, run dry */
        probe = dt_net_new(1, err);
        if (probe && add_members(probe, plan, err) && dt_net_finish(probe, in.d[1], in.d[2], in.d[3], err) == DT_OK)
            (void)(dt_heads_find(probe, &heads, err) == DT_OK);
        dt_net_free(probe);
    }
    if (!err->code)
        dt_exit_policy_build(net, &heads, &policy);
    return err->code;
}

/* ---- ways ---- */

/* The node of a name; -1: the start, -2: unknown. */
static int node_of(const struct dt_exits *e, const struct dt_net *net, const char *name, size_t n)
{
    const struct dt_module *m = dt_net_root((struct dt_net *)(uintptr_t)net)->child;

    if (n == 5 && !strncmp(name, "start", 5))
        return -1;
    for (int k = 0; k < e->policy.heads.n && m; k++, m = m->next)
        if (strlen(m->name) == n && !strncmp(m->name, name, n))
            return k;
    return -2;
}

static bool read_edges(struct dt_train *t, const struct dt_strs *edges)
{
    struct cascade *s = state(t);
    int nodes = s->exits.policy.heads.n, starts = 0;

    s->allowed = dt_arena_calloc(s->exits.arena, (size_t)nodes * (size_t)(nodes + 1), sizeof *s->allowed);
    if (!s->allowed)
        return dt_fail(&t->err, DT_ENOMEM, "out of memory for the ways of a cascade");
    for (int i = 0; i < edges->n; i++) {
        const char *text = edges->v[i], *arrow = strchr(text, '>');
        int from = arrow ? node_of(&s->exits, t->net, text, (size_t)(arrow - text)) : -2;
        int to = arrow ? node_of(&s->exits, t->net, arrow + 1, strlen(arrow + 1)) : -2;

        if (from < -1 || to < 0 || to <= from)
            return dt_fail(&t->err, DT_ECONFIG, "cascade.edges: '%s' is neither a>b nor start>a, a before b in %s",
                           text, t->set->network);
        s->allowed[(from + 1) * nodes + to] = true;
        starts += from < 0;
    }
    for (int to = 0; to < nodes && starts == 0; to++)
        s->allowed[to] = true;
    s->exits.allowed = s->allowed;
    return true;
}

static enum dt_code open_state(struct dt_train *t)
{
    struct cascade *s = state(t);

    if (dt_exits_open(t, &s->exits, &cfg_of(t)->exits_cfg) == DT_OK && !s->allowed && cfg_of(t)->edges.n > 0)
        (void)read_edges(t, &cfg_of(t)->edges);
    return t->err.code;
}

/* ---- loading ---- */

/* The held-out images must be unseen by all. */
static bool check_member(struct dt_train *t, struct dt_ckpt *c, const char *path)
{
    const struct dt_settings *own = t->set;
    struct dt_setup s;
    bool ok = dt_setup_of_checkpoint(&s, c, path, 0, NULL, t->loop->job->methods, &t->err) == DT_OK;

    if (ok && (s.set.data.dataset != own->data.dataset || s.set.data.val_split != own->data.val_split ||
               s.set.data.limit != own->data.limit || s.set.seed != own->seed))
        ok =
            dt_fail(&t->err, DT_ECONFIG,
                    "cascade.networks: %s: trained on another part of the data (data.dataset, val_split, limit or seed "
                    "differ: val_split %g and seed %lld there, %g and %lld here); it may have seen the held-out images",
                    path, s.set.data.val_split, (long long)s.set.seed, own->data.val_split, (long long)own->seed);
    dt_setup_free(&s);
    return ok;
}

static enum dt_code load_members(struct dt_train *t)
{
    const struct dt_strs *members = &cfg_of(t)->networks;
    struct dt_module *m = dt_net_root(t->net)->child;
    char path[DT_PATH];

    for (int i = 0; i < members->n && !t->err.code; i++, m = m->next) {
        struct dt_ckpt *c;

        if (dt_checkpoint_of(t->loop, "cascade.networks", members->v[i], path) || !*path)
            break;
        c = dt_ckpt_open(path, &t->err);
        if (c && check_member(t, c, path) && dt_weights_get_below(m, c, path, &t->err) == DT_OK)
            dt_log(DT_INFO, "%s: from %s", m->name, path);
        dt_ckpt_free(c);
    }
    return t->err.code;
}

static enum dt_code check_order(struct dt_train *t)
{
    const struct dt_exit_policy *p = &state(t)->exits.policy;
    struct dt_cost before = { 0 }, cost = { 0 };
    int row[MAX_NETWORKS];

    for (int k = 0; k < p->heads.n; k++, before = cost) {
        dt_exit_policy_row(p, &k, 1, row);
        if (dt_cost(t->net, NULL, row, &cost, &t->err))
            return t->err.code;
        if (cost.macs < before.macs)
            dt_fail(&t->err, DT_ECONFIG, "cascade.networks: from cheap to costly, but %s takes %lld MACs and %s %lld",
                    p->heads.path[k - 1] + 4, (long long)before.macs,
                    p->heads.choice[k] < 0 ? "the last" : p->heads.path[k] + 4, (long long)cost.macs);
    }
    return t->err.code;
}

static enum dt_code begin(struct dt_train *t)
{
    return check_order(t) ? t->err.code : load_members(t);
}

/* ---- the rest is the policy's ---- */

static enum dt_code step(struct dt_train *t, const struct dt_batch *b)
{
    (void)b;
    return dt_exits_fit(t, &state(t)->exits);
}

static int64_t epochs(const struct dt_train *t, int phase)
{
    (void)t;
    (void)phase;
    return 1;
}

static enum dt_code evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out)
{
    return open_state(t) ? t->err.code : dt_exits_evaluate(t, &state(t)->exits, split, out);
}

static enum dt_code curve(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    return open_state(t) ? t->err.code : dt_exits_curve(t, &state(t)->exits, split, c);
}

static void visit(struct dt_train *t, struct dt_visit *v)
{
    if (open_state(t) == DT_OK)
        dt_exits_visit(&state(t)->exits, v);
}

static void close(struct dt_train *t)
{
    dt_exits_close(&state(t)->exits);
}

static const struct dt_phase phases[] = {
    { .name = "fit", .epochs = 1, .steps = 1, .open = open_state, .begin = begin, .step = step },
    { .name = NULL },
};

const struct dt_method dt_method_cascade = {
    .name = "cascade",
    .summary = "several trained networks; which of them answers is learned backwards, from the costliest",
    .opts = opts,
    .cfg_size = sizeof(struct cascade_cfg),
    .phase = phases,
    .epochs = epochs,
    .state_size = sizeof(struct cascade),
    .net = build_net,
    .evaluate = evaluate,
    .visit = visit,
    .close = close,
    .curve = curve,
};
