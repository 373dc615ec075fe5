/* A config bound to its structs: the common sections, the method's own, and the checks that need more than one key. */
#include "train/loop.h"

#include <string.h>

static const struct dt_method *find_method(const struct dt_method *const *methods, const char *name)
{
    for (; *methods; methods++)
        if (!strcmp((*methods)->name, name))
            return *methods;
    return NULL;
}

int dt_setup_parts(struct dt_setup *s, const struct dt_method *const *methods, struct dt_config_part *part)
{
    int n = 0;

    part[n++] = (struct dt_config_part){ .section = "", .table = dt_settings_opts, .dst = &s->set };
    if (s->method)
        part[n++] = (struct dt_config_part){ .section = s->method->name, .table = s->method->opts, .dst = s->cfg };
    if (s->method && s->method->curve)
        part[n++] = (struct dt_config_part){ .section = "budget", .table = dt_budget_opts, .dst = &s->set.budget };
    else if (methods)
        part[n++] = (struct dt_config_part){ .section = "budget", .table = dt_budget_opts, .foreign = true };
    for (; methods && *methods; methods++) {
        DT_ASSERT(n < DT_MAX_METHODS);
        if (*methods != s->method)
            part[n++] =
                (struct dt_config_part){ .section = (*methods)->name, .table = (*methods)->opts, .foreign = true };
    }
    return n;
}

/* ---- checks by meaning ---- */

static void check_name(struct dt_setup *s, const char *key, const char *what, const char *value,
                       const char *const *names)
{
    const char *near;
    int n = 0;

    for (; names[n]; n++)
        if (!strcmp(names[n], value))
            return;
    near = dt_nearest(value, names, n);
    if (near)
        dt_config_reject(s->config, key, "unknown %s '%s'; did you mean '%s'?", what, value, near);
    else
        dt_config_reject(s->config, key, "unknown %s '%s'; one of %s, %s, ... (see `dyntrain list`)", what, value,
                         names[0], names[1]);
}

static void check_method(struct dt_setup *s, const char *name, const struct dt_method *const *methods)
{
    const char *names[DT_MAX_METHODS + 1];
    int n = 0;

    for (; methods[n]; n++) {
        DT_ASSERT(n < DT_MAX_METHODS);
        names[n] = methods[n]->name;
    }
    names[n] = NULL;
    if (n > 1)
        check_name(s, "method", "method", name, names);
    else
        dt_config_reject(s->config, "method", "unknown method '%s'; there is '%s'", name, names[0]);
}

/* Epochs over all phases that see batches. */
static double total_epochs(const struct dt_setup *s)
{
    struct dt_train t = { .method = s->method, .set = &s->set, .cfg = s->cfg };
    double sum = 0;

    for (int p = 0; s->method->phase[p].name; p++)
        if (s->method->phase[p].steps == 0)
            sum += (double)(s->method->phase[p].epochs ? s->method->phase[p].epochs : s->method->epochs(&t, p));
    return sum;
}

static void check_schedule(struct dt_setup *s)
{
    const struct dt_schedule_cfg *c = &s->set.optim.schedule;
    double epochs = total_epochs(s);

    if (c->name == DT_ONE_CYCLE && c->warmup > 0)
        dt_config_reject(s->config, "optim.schedule.warmup",
                         "one_cycle has its own rise: use optim.schedule.rise, a share of all steps");
    else if (c->warmup > epochs)
        dt_config_reject(s->config, "optim.schedule.warmup", "%g epochs of warm-up in a training of %g", c->warmup,
                         epochs);
    for (int i = 1; i < c->steps.n; i++)
        if (c->steps.v[i] <= c->steps.v[i - 1]) {
            dt_config_reject(s->config, "optim.schedule.steps", "epochs must rise, got %g after %g", c->steps.v[i],
                             c->steps.v[i - 1]);
            break;
        }
    if (c->name == DT_STEP && c->steps.n == 0)
        dt_config_reject(s->config, "optim.schedule.steps",
                         "the step schedule needs the epochs of its steps, e.g. [80, 120]");
}

static void check(struct dt_setup *s)
{
    static const char *const engines[] = { "auto", "dnnl", "ref", NULL };

    check_name(s, "model.arch", "network", s->set.model.arch, dt_model_names());
    check_name(s, "run.engine", "engine", s->set.run.engine, engines);
    if (strchr(s->set.name, '/') || s->set.name[0] == '.')
        dt_config_reject(s->config, "name", "'%s' cannot be the name of a folder", s->set.name);
    check_schedule(s);
}

/* "configs/quickstart.yaml" -> "quickstart" */
static const char *stem(const char *path, struct dt_arena *arena)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');

    return dt_arena_printf(arena, "%.*s", (int)(dot && dot > name ? (size_t)(dot - name) : strlen(name)), name);
}

/* ---- loading ---- */

static enum dt_code fail_config(struct dt_setup *s, struct dt_err *err)
{
    int n = dt_config_n_errors(s->config);

    if (n > 1)
        dt_fail(err, DT_ECONFIG, "%s (and %d more)", dt_config_error(s->config, 0), n - 1);
    else
        dt_fail(err, DT_ECONFIG, "%s", dt_config_error(s->config, 0));
    return DT_ECONFIG;
}

static enum dt_code bind(struct dt_setup *s, const struct dt_method *const *methods, struct dt_err *err)
{
    const char *name = dt_config_peek(s->config, "method");
    struct dt_config_part part[DT_MAX_METHODS + 1];
    enum dt_code code;

    name = name ? name : "supervised";
    s->method = find_method(methods, name);
    if (!s->method) {
        check_method(s, name, methods);
        s->method = methods[0]; /* so that the common keys are checked as well */
    }
    s->cfg = dt_arena_calloc(s->arena, 1, s->method->cfg_size + 1);
    if (!s->cfg) {
        dt_fail(err, DT_ENOMEM, "out of memory for the settings");
        return DT_ENOMEM;
    }
    code = dt_config_bind(s->config, part, dt_setup_parts(s, methods, part), err);
    if (code)
        return code;
    check(s);
    return dt_config_n_errors(s->config) > 0 ? fail_config(s, err) : DT_OK;
}

enum dt_code dt_setup_load(struct dt_setup *s, const char *path, int n_overrides, const char *const *overrides,
                           const struct dt_method *const *methods, struct dt_err *err)
{
    enum dt_code code;

    *s = (struct dt_setup){ .arena = dt_arena_new(0, err) };
    if (!s->arena)
        return err->code;
    s->config = dt_config_load(path, n_overrides, overrides, err);
    if (!s->config)
        return err->code;
    code = bind(s, methods, err);
    if (code)
        return code;
    if (!*s->set.name)
        s->set.name = stem(path, s->arena);
    if (!s->set.name) {
        dt_fail(err, DT_ENOMEM, "out of memory for the settings");
        return DT_ENOMEM;
    }
    s->set.network = s->set.model.arch;
    return DT_OK;
}

enum dt_code dt_setup_net(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err)
{
    if (plan->setup->method->net)
        return plan->setup->method->net(net, plan, err);
    return dt_model_build(net, &plan->model, plan->input.d[3], err);
}

void dt_setup_free(struct dt_setup *s)
{
    dt_config_free(s->config);
    dt_arena_free(s->arena);
    *s = (struct dt_setup){ 0 };
}

enum dt_code dt_setup_write(const struct dt_setup *s, bool origins, FILE *f)
{
    struct dt_setup copy = *s; /* parts can be bound as well, so they take no const */
    struct dt_config_part part[DT_MAX_METHODS + 1];

    return dt_config_write(s->config, part, dt_setup_parts(&copy, NULL, part), origins, f);
}

void dt_setup_hash(struct dt_setup *s, char hex[65])
{
    static const char *const without[] = { "data.dir", "run", "checkpoint.on_full", "checkpoint.retry_seconds", "guard",
                                           "train",    NULL };
    struct dt_config_part part[DT_MAX_METHODS + 1];

    dt_config_hash(s->config, part, dt_setup_parts(s, NULL, part), without, hex);
}
