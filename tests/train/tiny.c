#include "tiny.h"

#include <string.h>

#include "support.h"

struct find {
    const char *path;
    struct dt_param *p;
};

static bool look(void *ctx, struct dt_param *p)
{
    struct find *f = ctx;

    if (!strcmp(p->path, f->path))
        f->p = p;
    return true;
}

static struct dt_param *find(struct dt_net *net, const char *path)
{
    struct find f = { path, NULL };

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &f, .param = look });
    ck_assert_msg(f.p != NULL, "no %s", path);
    return f.p;
}

void tiny_open(struct tiny *b, int n)
{
    struct dt_train *t = &b->l.t;
    struct dt_param *w, *bias;

    memset(b, 0, sizeof *b);
    b->cfg = (struct dt_optim_cfg){ .name = DT_SGD, .lr = 0.1, .schedule.name = DT_CONSTANT };
    b->l.per_epoch = 1000;
    b->l.epochs = 1;
    t->loop = &b->l;
    t->set = &b->set;
    t->net = dt_net_new(1, &t->err);
    dt_head_layer(t->net, NULL, "net", n, 1);
    ck_assert_int_eq(dt_net_finish(t->net, 1, 1, n, &t->err), DT_OK);
    w = find(t->net, "net/fc/weight");
    bias = find(t->net, "net/fc/bias");
    ck_assert(w->decay && !bias->decay);
    b->weight = w->tensor.data;
    b->weight_grad = dt_net_g(t->net) + w->offset;
    b->bias = bias->tensor.data;
    b->bias_grad = dt_net_g(t->net) + bias->offset;
    memset(b->weight, 0, (size_t)n * sizeof(dt_real));
    b->bias[0] = 0;
}

void tiny_close(struct tiny *b)
{
    dt_groups_clear(&b->l);
    dt_ema_free(&b->l.ema);
    dt_net_free(b->l.t.net);
}
