/* Weights by name: the walk writes every parameter and buffer below "/model/<path in the net>" or "/policy/<path in the
 * policy>", and reads them back only when the file has exactly these tensors. */
#include "train/loop.h"

#include <string.h>

_Static_assert(sizeof(dt_real) == sizeof(float), "checkpoints hold 32-bit floats");

/* "net/stem/weight" -> "/model/stem/weight"; `root` is the folder of tree "net", or of the module `tree` */
static void place(const struct dt_param *p, const struct dt_module *tree, const char *root, char *buf, size_t size)
{
    const char *rest = tree ? p->path + strlen(tree->path) : strchr(p->path, '/');

    DT_ASSERT(rest != NULL);
    snprintf(buf, size, "%s%s", strncmp(p->path, "policy/", 7) ? root : "/policy", rest);
}

static int dims_of(const struct dt_shape *s, int64_t dims[DT_MAX_RANK])
{
    for (int i = 0; i < s->rank; i++)
        dims[i] = s->d[i];
    return s->rank;
}

/* ---- writing ---- */

struct writer {
    struct dt_ckpt *ckpt;
    const char *root;
};

static bool put_param(void *ctx, struct dt_param *p)
{
    struct writer *w = ctx;
    char path[DT_PATH];
    int64_t dims[DT_MAX_RANK];

    place(p, NULL, w->root, path, sizeof path);
    dt_ckpt_put(w->ckpt, path, DT_CKPT_F32, dims_of(&p->tensor.shape, dims), dims, p->tensor.data);
    return true;
}

void dt_weights_put(struct dt_net *net, struct dt_ckpt *ckpt, const char *root)
{
    struct writer w = { ckpt, root };

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &w, .param = put_param });
}

/* ---- comparing ---- */

enum { SHOWN = 2 }; /* names listed of each kind of difference */

/* Differences of one kind: "missing stem/weight, stem/bias and 3 more". */
struct difference {
    const char *kind;
    int n;
    char names[192];
};

struct reader {
    struct dt_ckpt *ckpt;
    struct dt_net *net;
    struct dt_module *tree; /* all that is read into; NULL: the whole net */
    const char *root;
    bool net_only;
    const struct dt_ckpt_item *item; /* compare(): the dataset looked for or at */
    const struct dt_param *found;
    struct difference missing, extra, mismatched;
};

static void note(struct difference *d, const char *name)
{
    size_t used = strlen(d->names);

    if (d->n++ < SHOWN)
        snprintf(d->names + used, sizeof d->names - used, "%s%s", d->n > 1 ? ", " : " ", name);
}

static void walk(struct reader *r, bool (*param)(void *ctx, struct dt_param *p))
{
    struct dt_visitor v = { .ctx = r, .param = param };

    if (r->tree)
        dt_module_walk(r->tree, &v);
    else
        dt_net_walk(r->net, &v);
}

/* A head on the way, which a net that learns to leave early has and the one it starts from has not. */
static bool is_exit(const struct reader *r, const struct dt_param *p)
{
    const struct dt_module *m = p->owner;

    while (m && m != r->tree && m->choice[DT_EXIT] < 0)
        m = m->parent;
    return r->net_only && m && m != r->tree;
}

static bool is_policy(const char *path)
{
    return !strncmp(path, "policy/", 7) || !strncmp(path, "/policy/", 8);
}

static bool match_param(void *ctx, struct dt_param *p)
{
    struct reader *r = ctx;
    char path[DT_PATH];

    place(p, r->tree, r->root, path, sizeof path);
    if (!strcmp(path, r->item->path))
        r->found = p;
    return !r->found;
}

/* Every tensor of the file has its parameter, of the same shape. */
static bool check_item(void *ctx, const struct dt_ckpt_item *item)
{
    struct reader *r = ctx;
    size_t n = strlen(r->root);
    bool model = !strncmp(item->path, r->root, n) && item->path[n] == '/';
    struct dt_shape there = { .rank = item->rank };
    char name[160], a[64], b[64];

    if (!model && (r->net_only || !is_policy(item->path)))
        return true;
    r->item = item;
    r->found = NULL;
    walk(r, match_param);
    if (!r->found) {
        note(&r->extra, item->path + 1);
        return true;
    }
    for (int i = 0; i < item->rank && i < DT_MAX_RANK; i++)
        there.d[i] = (int)item->dims[i];
    if (item->text || item->type != DT_CKPT_F32 || !dt_shape_equal(&there, &r->found->tensor.shape)) {
        snprintf(name, sizeof name, "%.80s (%s there, %s here)", item->path + 1, dt_shape_str(&there, a),
                 dt_shape_str(&r->found->tensor.shape, b));
        note(&r->mismatched, name);
    }
    return true;
}

static bool check_param(void *ctx, struct dt_param *p)
{
    struct reader *r = ctx;
    char path[DT_PATH];

    if (r->net_only && is_policy(p->path))
        return true;
    place(p, r->tree, r->root, path, sizeof path);
    if (!dt_ckpt_has(r->ckpt, path) && !is_exit(r, p))
        note(&r->missing, path + 1);
    return true;
}

static void add_difference(char *text, size_t size, const struct difference *d)
{
    size_t used = strlen(text);

    if (d->n > SHOWN)
        snprintf(text + used, size - used, "; %s%s and %d more", d->kind, d->names, d->n - SHOWN);
    else if (d->n > 0)
        snprintf(text + used, size - used, "; %s%s", d->kind, d->names);
}

/* ---- reading ---- */

static bool get_param(void *ctx, struct dt_param *p)
{
    struct reader *r = ctx;
    char path[DT_PATH];
    int64_t dims[DT_MAX_RANK];

    if (r->net_only && is_policy(p->path))
        return true;
    place(p, r->tree, r->root, path, sizeof path);
    if (is_exit(r, p) && !dt_ckpt_has(r->ckpt, path))
        return true; /* stays as it is */
    dt_ckpt_get(r->ckpt, path, DT_CKPT_F32, dims_of(&p->tensor.shape, dims), dims, p->tensor.data);
    return dt_ckpt_err(r->ckpt)->code == DT_OK;
}

static enum dt_code get(struct reader r, const char *file, struct dt_err *err)
{
    char text[700] = "";

    r.missing.kind = "missing";
    r.extra.kind = "extra";
    r.mismatched.kind = "of another shape";
    dt_ckpt_each(r.ckpt, check_item, &r);
    walk(&r, check_param);
    if (r.missing.n + r.extra.n + r.mismatched.n > 0) {
        add_difference(text, sizeof text, &r.mismatched);
        add_difference(text, sizeof text, &r.missing);
        add_difference(text, sizeof text, &r.extra);
        dt_fail(err, DT_ECHECKPOINT, "%s: holds another network%s", file, text);
        return DT_ECHECKPOINT;
    }
    walk(&r, get_param);
    dt_net_touch(r.net);
    if (dt_ckpt_err(r.ckpt)->code) {
        dt_fail(err, dt_ckpt_err(r.ckpt)->code, "%s", dt_ckpt_err(r.ckpt)->msg);
        return err->code;
    }
    return DT_OK;
}

enum dt_code dt_weights_get(struct dt_net *net, struct dt_ckpt *ckpt, const char *root, bool net_only, const char *file,
                            struct dt_err *err)
{
    return get((struct reader){ .ckpt = ckpt, .net = net, .root = root, .net_only = net_only }, file, err);
}

enum dt_code dt_weights_get_below(struct dt_module *m, struct dt_ckpt *ckpt, const char *file, struct dt_err *err)
{
    return get((struct reader){ .ckpt = ckpt, .net = m->net, .tree = m, .root = "/model", .net_only = true }, file,
               err);
}
