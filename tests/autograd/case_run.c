/* Running one case of the table. */
#include "case_run.h"

#include <string.h>

const char *const engines[] = { "ref",
#if DT_ONEDNN
                                "dnnl"
#endif
};
const int n_engines = sizeof engines / sizeof engines[0];

struct dt_engine *engine_open(const char *name)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new(name, &err);

    ck_assert_msg(e != NULL, "engine %s: %s", name, err.msg);
    ck_assert_str_eq(dt_engine_name(e), name);
    return e;
}

const char *case_name(const struct op_case *c, char buf[96])
{
    snprintf(buf, 96, "%s: %s", c->op->name, c->label);
    return buf;
}

static dt_real *reals(int64_t n)
{
    dt_real *x = dt_calloc((size_t)n + 1, sizeof *x);

    ck_assert_ptr_nonnull(x);
    return x;
}

/* The same numbers for the same case, wherever it stands in the table. */
static struct dt_rng rng_of(const struct op_case *c, uint32_t index)
{
    char name[96];
    uint64_t h = 1469598103934665603u; /* FNV-1a */

    for (const char *s = case_name(c, name); *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return dt_rng_at(h, DT_STREAM_TEST, 0, index);
}

static void input_open(struct case_input *in, const struct case_in *from, struct dt_rng rng)
{
    in->n = dt_numel(&from->shape);
    in->wanted = from->domain < FIRST_FIXED;
    in->x0 = reals(in->n);
    in->x = reals(in->n);
    in->g = reals(in->n);
    case_fill(from->domain, &from->shape, &rng, in->x0);
    in->t = (struct dt_tensor){ .shape = from->shape, .data = in->x, .wants_grad = in->wanted };
}

/* Records the case on the run's tape, from the inputs as drawn. */
static struct dt_tensor *build(struct case_run *r, unsigned how)
{
    struct dt_tensor *in[CASE_MAX_IN] = { NULL };

    for (int i = 0; i < r->n_in; i++) {
        in[i] = &r->in[i].t;
        if ((how & RUN_INNER) && r->in[i].wanted)
            in[i] = dt_affine(r->tape, in[i], 1, 0);
        if ((how & RUN_HALF) && dt_shape_equal(&r->in[i].t.shape, &r->in[0].t.shape))
            in[i] = dt_cast(r->tape, in[i], DT_BF16);
    }
    if (r->share[1] > 0)
        in[r->share[1]] = in[r->share[0]];
    return dt_cast(r->tape, r->c->build(r->tape, in, r->c), DT_REAL_DTYPE);
}

static void refresh(struct case_run *r)
{
    dt_tape_reset(r->tape);
    for (int i = 0; i < r->n_in; i++) {
        memcpy(r->in[i].x, r->in[i].x0, (size_t)r->in[i].n * sizeof(dt_real));
        r->in[i].t.version++;
    }
}

static void check_tape(struct case_run *r)
{
    char name[96];

    CHECK_EACH(!dt_tape_err(r->tape)->code, "%s: %s", case_name(r->c, name), dt_tape_err(r->tape)->msg);
}

void case_open(struct case_run *r, const struct op_case *c, struct dt_engine *e)
{
    struct dt_err err = { 0 };
    struct dt_rng rng = rng_of(c, 100);
    struct dt_tensor *y;

    *r = (struct case_run){ .c = c, .engine = e, .tape = dt_tape_new(e, &err), .n_in = op_case_n_in(c) };
    ck_assert_msg(r->tape != NULL, "%s", err.msg);
    for (int i = 0; i < r->n_in; i++)
        input_open(&r->in[i], &c->in[i], rng_of(c, (uint32_t)i));
    for (int i = 0; i < r->n_in && (c->op->flags & DT_OP_NONDIFF); i++)
        r->in[i].wanted = r->in[i].t.wants_grad = false;
    refresh(r);
    y = build(r, 0);
    check_tape(r);
    r->shape = y->shape;
    r->n = dt_numel(&y->shape);
    r->y = reals(r->n);
    r->cot = reals(r->n);
    case_fill(ANY, &r->shape, &rng, r->cot);
}

void case_close(struct case_run *r)
{
    for (int i = 0; i < r->n_in; i++) {
        dt_pack_free(&r->in[i].t);
        dt_free(r->in[i].x0);
        dt_free(r->in[i].x);
        dt_free(r->in[i].g);
    }
    dt_free(r->y);
    dt_free(r->cot);
    dt_tape_free(r->tape);
}

double case_value(struct case_run *r)
{
    struct dt_tensor *y;
    double sum = 0;

    refresh(r);
    y = build(r, 0);
    check_tape(r);
    memcpy(r->y, y->data, (size_t)r->n * sizeof(dt_real));
    for (int64_t i = 0; i < r->n; i++)
        sum += (double)r->cot[i] * (double)y->data[i];
    return sum;
}

bool case_wants_any(const struct case_run *r)
{
    for (int i = 0; i < r->n_in; i++)
        if (r->in[i].t.wants_grad)
            return true;
    return false;
}

void case_backward(struct case_run *r, unsigned how)
{
    struct dt_tensor *y, *loss;

    refresh(r);
    y = build(r, how);
    check_tape(r);
    memcpy(r->y, y->data, (size_t)r->n * sizeof(dt_real));
    loss = dt_sum(r->tape, dt_mul(r->tape, y, dt_tape_leaf(r->tape, r->shape, r->cot)));
    if (how & RUN_TWICE) {
        y = build(r, how);
        loss = dt_add(r->tape, loss, dt_sum(r->tape, dt_mul(r->tape, y, dt_tape_leaf(r->tape, r->shape, r->cot))),
                      DT_LINEAR);
    }
    check_tape(r);
    ck_assert_int_eq(loss->wants_grad, case_wants_any(r));
    if (!loss->wants_grad)
        return;
    ck_assert_int_eq(dt_backward(r->tape, loss), DT_OK);
    check_tape(r);
}

void case_grad(struct case_run *r, unsigned how)
{
    for (int i = 0; i < r->n_in; i++)
        r->in[i].t.grad = NULL;
    case_backward(r, how);
    for (int i = 0; i < r->n_in; i++) {
        size_t bytes = (size_t)r->in[i].n * sizeof(dt_real);

        if (r->in[i].t.grad)
            memcpy(r->in[i].g, r->in[i].t.grad, bytes);
        else
            memset(r->in[i].g, 0, bytes);
        r->in[i].t.grad = NULL;
    }
}

void case_with_engines(int i, void (*check)(struct case_run *r))
{
    const struct op_case *c = op_case_at(i);

    for (int k = 0; k < n_engines && !c->expect; k++) {
        struct dt_engine *e = engine_open(engines[k]);
        struct case_run r;

        case_open(&r, c, e);
        check(&r);
        case_close(&r);
        dt_engine_free(e);
    }
}
