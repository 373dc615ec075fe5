/* The tree of an exit policy, and what is written to it.
 *
 *   policy                start [1]
 *     node<k>             cool [1], blend [states,2], kind [states,rules]: numbers
 *       hidden, score     linear layers: one output a rule that looks (and for the mlp `hidden` units a rule before) */
#include "gating/exit_policy.h"

#include <string.h>

static const struct dt_family *const families[] = { &dt_family_constant, &dt_family_linear, &dt_family_mlp };

/* The tree holds numbers; exit_look.c runs its layers. */
static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    for (struct dt_module *c = m->child; c; c = c->next) {
        x = dt_forward(c, run, x);
        if (c->next)
            x = dt_tanh(run->tape, x);
    }
    return x;
}

static const struct dt_module_class policy_class = { "exit_policy", sizeof(struct dt_module), forward, NULL };
static const struct dt_module_class node_class = { "exit_node", sizeof(struct dt_module), forward, NULL };

static bool has_pairs(const struct dt_exit_policy_cfg *cfg)
{
    return cfg->sight.history || cfg->sight.ensemble;
}

/* Rules of a state at node k, and how many of them look at the sample. */
static int n_rules(const struct dt_heads *h, int k)
{
    return h->n - 1 - k;
}

static int n_looking(const struct dt_heads *h, const struct dt_exit_policy_cfg *cfg, int k)
{
    return cfg->choose ? n_rules(h, k) : n_rules(h, k) > 0;
}

void dt_exit_policy_build(struct dt_net *net, const struct dt_heads *like, const struct dt_exit_policy_cfg *cfg)
{
    struct dt_module *root = dt_module_new(net, NULL, &policy_class, "policy"), *m;

    dt_buffer_new(root, "start", dt_shape1(1), 0);
    for (int k = 0; k < like->n; k++) {
        int states = has_pairs(cfg) ? k + 1 : 1, width = dt_sight_width(&cfg->sight, like, k);
        int rules = states * n_looking(like, cfg, k), units = rules * cfg->fit.hidden;

        m = dt_module_new(net, root, &node_class, "node%d", k);
        dt_buffer_new(m, "cool", dt_shape1(1), 1);
        dt_buffer_new(m, "blend", dt_shape2(states, 2), 0);
        if (n_rules(like, k) == 0)
            continue;
        dt_buffer_new(m, "kind", dt_shape2(states, n_rules(like, k)), DT_NEVER);
        if (cfg->family == DT_FAMILY_MLP)
            dt_linear_layer(net, m, "hidden", width, units);
        if (cfg->family != DT_FAMILY_CONSTANT)
            dt_linear_layer(net, m, "score", cfg->family == DT_FAMILY_MLP ? units : width, rules);
    }
}

static struct dt_param *find_param(const struct dt_module *m, const char *name)
{
    struct dt_param *p = m->param;

    while (p && strcmp(p->name, name))
        p = p->next;
    DT_ASSERT(p);
    return p;
}

enum dt_code dt_exit_policy_open(struct dt_exit_policy *p, struct dt_net *net, const struct dt_exit_policy_cfg *cfg,
                                 struct dt_arena *arena, struct dt_err *err)
{
    struct dt_module *root = dt_net_policy(net), *m;
    int *n_x, states;

    DT_ASSERT(root && root->class_ == &policy_class);
    *p = (struct dt_exit_policy){ .cfg = *cfg, .learn = { families[cfg->family], cfg->fit, 1 } };
    if (dt_heads_find(net, &p->heads, err))
        return err->code;
    p->base = (struct dt_policy){ .name = "exits", .net = net, .look = dt_exit_look, .decide = dt_exit_decide };
    p->route = (struct dt_route){ .n_nodes = p->heads.n, .pairs = has_pairs(cfg), .choose = cfg->choose };
    states = dt_route_states(&p->route);
    n_x = dt_arena_calloc(arena, (size_t)states, sizeof *n_x);
    if (!n_x) {
        dt_fail(err, DT_ENOMEM, "out of memory for an exit policy");
        return DT_ENOMEM;
    }
    for (int s = 0; s < states; s++)
        n_x[s] = dt_sight_width(&cfg->sight, &p->heads, dt_route_node(&p->route, s));
    p->route.n_x = n_x;
    p->start = find_param(root, "start");
    m = root->child;
    for (int k = 0; k < p->heads.n; k++, m = m->next)
        p->node[k] = m;
    return DT_OK;
}

/* ---- numbers ---- */

/* A state's place among those of its node. */
static int place(const struct dt_exit_policy *p, int state)
{
    return state - dt_route_state(&p->route, dt_route_node(&p->route, state), -1);
}

dt_real *dt_exit_policy_cool(const struct dt_exit_policy *p, int node)
{
    return find_param(p->node[node], "cool")->tensor.data;
}

dt_real *dt_exit_policy_blend(const struct dt_exit_policy *p, int state)
{
    return find_param(p->node[dt_route_node(&p->route, state)], "blend")->tensor.data + 2 * place(p, state);
}

const dt_real *dt_exit_policy_kind(const struct dt_exit_policy *p, int state)
{
    int node = dt_route_node(&p->route, state);

    return find_param(p->node[node], "kind")->tensor.data + place(p, state) * n_rules(&p->heads, node);
}

/* The column of dt_exit_look's result that belongs to a rule. */
int dt_exit_policy_column(const struct dt_exit_policy *p, int state, int rule)
{
    return place(p, state) * n_looking(&p->heads, &p->cfg, dt_route_node(&p->route, state)) + rule;
}

static void put(dt_real *to, const double *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = (dt_real)from[i];
}

static void set_linear(struct dt_module *score, int column, const double *p, int width)
{
    put(find_param(score, "weight")->tensor.data + (int64_t)column * width, p + 1, width);
    put(find_param(score, "bias")->tensor.data + column, p, 1);
}

/* The units of a rule are its own: the weights of all others to its score are zero. */
static void set_mlp(struct dt_module *hidden, int column, const double *p, int width, int units)
{
    struct dt_param *weight = find_param(hidden->next, "weight");
    int all = weight->tensor.shape.d[1];
    dt_real *score = weight->tensor.data + (int64_t)column * all;

    memset(score, 0, (size_t)all * sizeof *score);
    for (int h = 0; h < units; h++) {
        const double *u = p + 1 + h * (width + 2);
        int row = column * units + h;

        put(score + row, u, 1);
        put(find_param(hidden, "bias")->tensor.data + row, u + 1, 1);
        put(find_param(hidden, "weight")->tensor.data + (int64_t)row * width, u + 2, width);
    }
    put(find_param(hidden->next, "bias")->tensor.data + column, p, 1);
}

static void set_state(struct dt_exit_policy *p, int state, const struct dt_rule *rule)
{
    int node = dt_route_node(&p->route, state), rules = n_rules(&p->heads, node), width = p->route.n_x[state];
    struct dt_module *first = p->node[node]->child;

    for (int r = 0; r < rules; r++) {
        find_param(p->node[node], "kind")->tensor.data[place(p, state) * rules + r] = (dt_real)rule[r].kind;
        if (!rule[r].p || p->cfg.family == DT_FAMILY_CONSTANT)
            continue;
        if (p->cfg.family == DT_FAMILY_MLP)
            set_mlp(first, dt_exit_policy_column(p, state, r), rule[r].p, width, p->cfg.fit.hidden);
        else
            set_linear(first, dt_exit_policy_column(p, state, r), rule[r].p, width);
    }
}

void dt_exit_policy_set(struct dt_exit_policy *p, const struct dt_policies *learned)
{
    p->start->tensor.data[0] = (dt_real)learned->start;
    for (int s = 0; s < dt_route_states(&p->route); s++)
        if (n_rules(&p->heads, dt_route_node(&p->route, s)) > 0)
            set_state(p, s, learned->rule + s * p->route.n_nodes);
    dt_net_touch(p->base.net);
}
