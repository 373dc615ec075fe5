/* Static networks to compare with: what their result.json says becomes a baseline of the curve. */
#include "rl/budgetnet.h"

#include <dyntrain/io.h>
#include <math.h>
#include <string.h>

#include "train/curve.h"

/* What a finished run of a static network on this data set has achieved; NULL: err says what is wrong with it. */
static struct dt_json *read_result(const struct dt_train *t, const char *path, struct dt_err *err)
{
    const char *dataset = dt_dataset_info(t->data)->name;
    struct dt_err why = { 0 };
    char file[DT_PATH];
    size_t n = strlen(path);
    bool is_file = n > 5 && !strcmp(path + n - 5, ".json");
    struct dt_json *o;

    snprintf(file, sizeof file, "%s%s", path, is_file ? "" : "/result.json");
    o = dt_json_read(file, &why);
    if (!o)
        dt_fail(err, DT_ECONFIG, "budgetnet.static_nets: %s; name finished runs or their result.json", why.msg);
    else if (strcmp(dt_json_get_str(o, "dataset", ""), dataset) != 0)
        dt_fail(err, DT_ECONFIG, "budgetnet.static_nets: %s: is about %s, not %s", file,
                dt_json_get_str(o, "dataset", "no data set"), dataset);
    else if (isnan(dt_json_get_num(o, "test_accuracy", NAN)) || isnan(dt_json_get_num(o, "macs_mean", NAN)))
        dt_fail(err, DT_ECONFIG, "budgetnet.static_nets: %s: says no test_accuracy or no macs_mean", file);
    else
        return o;
    dt_json_free(o);
    return NULL;
}

enum dt_code dt_budget_static_check(struct dt_train *t)
{
    const struct dt_strs *nets = &((const struct dt_budgetnet_cfg *)t->cfg)->static_nets;

    for (int i = 0; i < nets->n && !t->err.code; i++)
        dt_json_free(read_result(t, nets->v[i], &t->err));
    return t->err.code;
}

void dt_budget_static_points(struct dt_train *t, struct dt_curve *c)
{
    const struct dt_strs *nets = &((const struct dt_budgetnet_cfg *)t->cfg)->static_nets;

    for (int i = 0; i < nets->n; i++) {
        struct dt_err err = { 0 };
        struct dt_json *o = read_result(t, nets->v[i], &err);
        struct dt_point *p;

        if (!o) {
            dt_log(DT_WARN, "%s", err.msg);
            continue;
        }
        p = dt_curve_baseline(c, "static %s", dt_json_get_str(o, "network", "net"));
        p->accuracy = dt_json_get_num(o, "test_accuracy", NAN);
        p->macs_mean = dt_json_get_num(o, "macs_mean", NAN);
        dt_json_free(o);
    }
}
