/* seq: runs its children in order. A child that owns an EXIT is a head by the way: its input goes on. */
#include "nn/layers/layer.h"

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    for (struct dt_module *c = m->child; c; c = c->next)
        x = c->choice[DT_EXIT] >= 0 ? dt_exit(run, c, x) : dt_forward(c, run, x);
    return x;
}

static const struct dt_module_class seq_class = { "seq", sizeof(struct dt_module), forward, NULL };

struct dt_module *dt_seq(struct dt_net *n, struct dt_module *parent, const char *name)
{
    return dt_module_new(n, parent, &seq_class, "%s", name);
}

bool dt_is_seq(const struct dt_module *m)
{
    return m->class_ == &seq_class;
}
