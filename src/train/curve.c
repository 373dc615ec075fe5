/* Points of a curve, and result.json's fields out of them. */
#include "train/curve.h"

#include <math.h>
#include <string.h>

#include "train/latency.h"
#include "train/loop.h"

/* ---- memory ---- */

static const struct dt_point unknown = { .budget = NAN,
                                         .accuracy = NAN,
                                         .top5 = NAN,
                                         .loss = NAN,
                                         .macs_mean = NAN,
                                         .macs_std = NAN,
                                         .macs_max = NAN,
                                         .latency_ms = NAN };

struct dt_curve *dt_curve_new(struct dt_err *err)
{
    struct dt_arena *arena = dt_arena_new(1 << 14, err);
    struct dt_curve *c = arena ? dt_arena_calloc(arena, 1, sizeof *c) : NULL;

    if (!c) {
        dt_fail(err, DT_ENOMEM, "out of memory for a curve");
        dt_arena_free(arena);
        return NULL;
    }
    c->arena = arena;
    c->full = c->spare = unknown;
    c->full.name = "full network";
    return c;
}

void dt_curve_free(struct dt_curve *c)
{
    if (c)
        dt_arena_free(c->arena);
}

/* An array with room for one more than n: doubled when n is a power of two. NULL: kept in c. */
static void *grow(struct dt_curve *c, void *old, int n, size_t size)
{
    void *v = old;

    if ((n & (n - 1)) == 0) {
        v = dt_arena_calloc(c->arena, n ? 2 * (size_t)n : 1, size);
        if (v && n)
            memcpy(v, old, (size_t)n * size);
    }
    if (!v)
        dt_fail(&c->err, DT_ENOMEM, "out of memory for a curve");
    return v;
}

static struct dt_point *add(struct dt_curve *c, struct dt_points *list, const char *fmt, va_list args)
{
    struct dt_point **at = grow(c, list->at, list->n, sizeof(struct dt_point *));
    struct dt_point *p = dt_arena_alloc(c->arena, sizeof *p);
    char name[160];

    vsnprintf(name, sizeof name, fmt, args);
    c->spare = unknown;
    c->spare.name = "";
    if (!at || !p) {
        dt_fail(&c->err, DT_ENOMEM, "out of memory for a curve");
        return &c->spare;
    }
    *p = unknown;
    p->name = dt_arena_printf(c->arena, "%s", name);
    if (!p->name) {
        dt_fail(&c->err, DT_ENOMEM, "out of memory for a curve");
        return &c->spare;
    }
    list->at = at;
    list->at[list->n++] = p;
    return p;
}

struct dt_point *dt_curve_point(struct dt_curve *c, const char *name_fmt, ...)
{
    struct dt_point *p;
    va_list args;

    va_start(args, name_fmt);
    p = add(c, &c->points, name_fmt, args);
    va_end(args);
    return p;
}

struct dt_point *dt_curve_baseline(struct dt_curve *c, const char *name_fmt, ...)
{
    struct dt_point *p;
    va_list args;

    va_start(args, name_fmt);
    p = add(c, &c->baselines, name_fmt, args);
    va_end(args);
    return p;
}

struct dt_point *dt_curve_published(struct dt_curve *c, const char *name_fmt, ...)
{
    struct dt_point *p;
    va_list args;

    va_start(args, name_fmt);
    p = add(c, &c->published, name_fmt, args);
    va_end(args);
    return p;
}

void dt_point_number(struct dt_curve *c, struct dt_point *p, const char *name, double value)
{
    struct dt_number *v = grow(c, p->number, p->n_numbers, sizeof *v);
    const char *copy = dt_arena_printf(c->arena, "%s", name);

    if (!v || !copy) {
        dt_fail(&c->err, DT_ENOMEM, "out of memory for a curve");
        return;
    }
    p->number = v;
    p->number[p->n_numbers++] = (struct dt_number){ copy, value };
}

double dt_point_share(const struct dt_curve *c, const struct dt_point *p)
{
    return c->full.macs_mean > 0 ? p->macs_mean / c->full.macs_mean : NAN;
}

/* ---- of a run ---- */

enum dt_code dt_curve_full(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    struct dt_timed black = { .net = t->net, .n = 1 };
    struct dt_eval e;
    enum dt_code code = dt_evaluate_static(t, split, &e);

    if (code)
        return code;
    c->full.accuracy = e.accuracy;
    c->full.top5 = e.top5;
    c->full.loss = e.loss;
    c->full.macs_mean = c->full.macs_max = e.macs_mean;
    c->full.macs_std = 0;
    return dt_latency_net(t->tape, &black, &c->full.latency_ms, &t->err);
}

enum dt_code dt_train_curve(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    enum dt_code code = t->method->curve ? t->method->curve(t, split, c) : dt_curve_full(t, split, c);

    if (code)
        return code;
    if (!t->method->curve)
        c->target = &c->full;
    DT_ASSERT(c->target);
    dt_published_add(c, t->method->name, dt_dataset_info(t->data)->name, t->set->network);
    if (c->err.code)
        dt_fail(&t->err, c->err.code, "%s", c->err.msg);
    return c->err.code;
}

/* ---- result.json ---- */

static void put_macs(struct dt_json *o, const char *key, double macs)
{
    if (isfinite(macs))
        dt_json_int(o, key, llround(macs));
    else
        dt_json_null(o, key);
}

static void put_numbers(struct dt_json *o, const struct dt_point *p)
{
    struct dt_json *numbers;

    if (p->n_numbers == 0)
        return;
    numbers = dt_json_put(o, "numbers", dt_json_object());
    for (int i = 0; i < p->n_numbers; i++)
        dt_json_num(numbers, p->number[i].name, p->number[i].value);
}

static void put_measured(const struct dt_curve *c, const struct dt_points *list, struct dt_json *array)
{
    for (int i = 0; i < list->n; i++) {
        const struct dt_point *p = list->at[i];
        struct dt_json *o = dt_json_put(array, NULL, dt_json_object());

        dt_json_str(o, "name", p->name);
        dt_json_num(o, "budget", p->budget);
        dt_json_num(o, "accuracy", p->accuracy);
        dt_json_num(o, "top5", p->top5);
        put_macs(o, "macs_mean", p->macs_mean);
        put_macs(o, "macs_std", p->macs_std);
        put_macs(o, "macs_max", p->macs_max);
        dt_json_num(o, "share", dt_point_share(c, p));
        dt_json_num(o, "latency_ms", p->latency_ms);
        put_numbers(o, p);
    }
}

static void put_published(const struct dt_points *list, struct dt_json *array)
{
    for (int i = 0; i < list->n; i++) {
        const struct dt_point *p = list->at[i];
        const char mark[] = { p->confidence, '\0' };
        struct dt_json *o = dt_json_put(array, NULL, dt_json_object());

        dt_json_str(o, "name", p->name);
        dt_json_num(o, "accuracy", p->accuracy);
        put_macs(o, "macs", p->macs_mean);
        dt_json_str(o, "source", p->source);
        dt_json_str(o, "confidence", mark);
        put_numbers(o, p);
    }
}

void dt_curve_put(const struct dt_curve *c, struct dt_json *result)
{
    const struct dt_point *t = c->target;
    struct dt_json *o;

    dt_json_num(result, "static_accuracy", c->full.accuracy);
    put_macs(result, "macs_mean", t->macs_mean);
    put_macs(result, "macs_static", c->full.macs_mean);
    dt_json_num(result, "macs_ratio", dt_point_share(c, t));
    o = dt_json_put(result, "latency_ms", dt_json_object());
    dt_json_num(o, "dynamic", t == &c->full ? NAN : t->latency_ms);
    dt_json_num(o, "static", c->full.latency_ms);
    put_measured(c, &c->points, dt_json_put(result, "curve", dt_json_array()));
    put_measured(c, &c->baselines, dt_json_put(result, "baselines", dt_json_array()));
    put_published(&c->published, dt_json_put(result, "published", dt_json_array()));
}
