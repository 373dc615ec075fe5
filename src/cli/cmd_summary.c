/* summary: what the dry trace says of a network. Every number comes from the ops that would run. */
#include "cli/cli.h"

#include <string.h>

struct line { /* the ops of one scope */
    const char *scope;
    char ops[64];
    struct dt_shape out;
    int64_t macs, params;
};

static void add_op(struct line *l, const struct dt_op_stat *s)
{
    size_t len = strlen(l->ops);

    snprintf(l->ops + len, sizeof l->ops - len, "%s%s", len ? " " : "", s->op);
    l->out = s->out;
    l->macs += s->macs;
    l->params += s->params;
}

static void print_line(const struct line *l, struct dt_json *rows)
{
    char shape[64];
    struct dt_json *row;

    if (!rows) {
        printf("%-34s %-26s %-16s %10lld %12lld\n", l->scope, l->ops, dt_shape_str(&l->out, shape),
               (long long)l->params, (long long)l->macs);
        return;
    }
    row = dt_json_put(rows, NULL, dt_json_object());
    dt_json_str(row, "scope", l->scope);
    dt_json_str(row, "ops", l->ops);
    dt_json_str(row, "out", dt_shape_str(&l->out, shape));
    dt_json_int(row, "params", l->params);
    dt_json_int(row, "macs", l->macs);
}

static void lines(const struct dt_tape *dry, struct dt_json *rows)
{
    struct line l = { .scope = NULL };

    for (int i = 0; i < dt_tape_n_nodes(dry); i++) {
        struct dt_op_stat s = dt_tape_node_stat(dry, i);

        if (l.scope && strcmp(l.scope, s.scope)) {
            print_line(&l, rows);
            l = (struct line){ .scope = NULL };
        }
        if (!l.scope)
            l.scope = s.scope;
        add_op(&l, &s);
    }
    if (l.scope)
        print_line(&l, rows);
}

static int print(const struct dt_cli_net *n, const struct dt_args *args, const struct dt_tape *dry,
                 const struct dt_cost *cost)
{
    struct dt_json *j = args->json ? dt_json_object() : NULL, *rows;
    char macs[32], params[32], act[32];

    rows = j ? dt_json_put(j, "layers", dt_json_array()) : NULL;
    if (!j)
        printf("%-34s %-26s %-16s %10s %12s\n", "module", "ops", "output", "params", "MACs");
    lines(dry, rows);
    if (!j) {
        printf("\n%s: %s parameters (%lld), %s MACs (%lld), FLOPs = 2 x MACs; activations at batch 1: %s bytes\n",
               n->setup.set.network, dt_cli_si(cost->params, params), (long long)cost->params,
               dt_cli_si(cost->macs, macs), (long long)cost->macs, dt_cli_si(cost->act_bytes, act));
        printf("choices: %d\n", dt_net_space(n->net)->n);
        return 0;
    }
    dt_json_str(j, "network", n->setup.set.network);
    dt_json_int(j, "params", cost->params);
    dt_json_int(j, "macs", cost->macs);
    dt_json_int(j, "act_bytes", cost->act_bytes);
    dt_json_int(j, "choices", dt_net_space(n->net)->n);
    return dt_cli_print_json(j);
}

static int run(const struct dt_args *args)
{
    struct dt_cli_net n = { .net = NULL };
    struct dt_err err = { 0 };
    struct dt_tape *dry = NULL;
    struct dt_cost cost = { 0 };
    int status;

    if (dt_cli_net_open(&n, args, &err) == DT_OK)
        dry = dt_tape_new_dry(&err);
    if (err.code || dt_trace(n.net, NULL, NULL, dry, &err) || dt_cost(n.net, NULL, NULL, &cost, &err))
        status = dt_cli_fail_setup(&n.setup, &err);
    else
        status = print(&n, args, dry, &cost);
    dt_tape_free(dry);
    dt_cli_net_close(&n);
    return status;
}

const struct dt_command dt_cmd_summary = {
    .name = "summary",
    .operands = "CONFIG",
    .summary = "layers, shapes, parameters and MACs",
    .flags = "json",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
