/* load: parameters into the steps. A norm of running statistics is y = a x + b, a = gamma / sqrt(var + eps),
 * b = beta - a mean; in front of it, a convolution's weights are multiplied by a, channel by channel. */
#include "exec/plan.h"

#include <dyntrain/ops.h>
#include <math.h>
#include <string.h>

enum { GAMMA = 1, BETA, MEAN, VAR }; /* inputs of batch_norm */
enum { WEIGHT = 1, BIAS };           /* of conv2d */

struct scale {
    double a, b;
};

static struct scale scale_of(const struct dt_node *norm, int c)
{
    double eps = ((const struct dt_norm_cfg *)norm->attr)->eps;
    double a = (double)norm->in[GAMMA]->data[c] / sqrt((double)norm->in[VAR]->data[c] + (eps > 0 ? eps : 1e-5));

    return (struct scale){ a, (double)norm->in[BETA]->data[c] - a * (double)norm->in[MEAN]->data[c] };
}

void dt_plan_weights(const struct dt_step *s, dt_real *w, dt_real *b)
{
    const struct dt_tensor *weight = s->node->in[WEIGHT], *bias = s->node->in[BIAS];
    int n = weight->shape.d[0];
    int64_t each = dt_numel(&weight->shape) / n;

    for (int o = 0; o < n; o++) {
        struct scale k = s->norm ? scale_of(s->norm, o) : (struct scale){ 1, 0 };

        for (int64_t i = o * each; i < (o + 1) * each; i++)
            w[i] = (dt_real)(k.a * (double)weight->data[i]);
        b[o] = (dt_real)(k.a * (bias ? (double)bias->data[o] : 0) + k.b);
    }
}

void dt_plan_scales(const struct dt_node *norm, dt_real *a, dt_real *b)
{
    for (int c = 0; c < norm->in[GAMMA]->shape.d[0]; c++) {
        struct scale k = scale_of(norm, c);

        a[c] = (dt_real)k.a;
        b[c] = (dt_real)k.b;
    }
}

size_t dt_plan_room(const struct dt_plan *p)
{
    size_t most = 1;

    for (int i = 0; i < p->n_steps; i++) {
        const struct dt_step *s = &p->step[i];
        const struct dt_shape *w = s->kind == DT_STEP_CONV || s->kind == DT_STEP_NORM ? &s->node->in[1]->shape : NULL;
        size_t n = w ? (size_t)dt_numel(w) + (size_t)w->d[0] : 0;

        most = n > most ? n : most;
    }
    return most;
}

static bool load_conv(struct dt_plan *p, const struct dt_step *s, struct dt_err *err)
{
    dt_real *b = p->weights + dt_numel(&s->node->in[WEIGHT]->shape);

    dt_plan_weights(s, p->weights, b);
    return s->conv->class_->load(s->conv, p->weights, b, err);
}

enum dt_code dt_plan_load(struct dt_plan *p, struct dt_err *err)
{
    for (int i = 0; i < p->n_steps; i++)
        if (p->step[i].kind == DT_STEP_NORM)
            dt_plan_scales(p->step[i].node, p->step[i].a, p->step[i].b);
        else if (p->step[i].kind == DT_STEP_CONV && !load_conv(p, &p->step[i], err))
            return err->code;
    return DT_OK;
}
