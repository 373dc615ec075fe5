/* predict: the class of image files. */
#include "cli/cli.h"

#include <dyntrain/exec.h>
#include <math.h>

/* Best class and its probability by softmax. */
static int best_of(const dt_real *logits, int n, double *confidence)
{
    double sum = 0;
    int best = 0;

    for (int i = 1; i < n; i++)
        best = logits[i] > logits[best] ? i : best;
    for (int i = 0; i < n; i++)
        sum += exp((double)logits[i] - (double)logits[best]);
    *confidence = 1 / sum;
    return best;
}

static bool classify(struct dt_train *t, struct dt_plan *plan, const char *path, dt_real *pixels, struct dt_json *list,
                     struct dt_err *err)
{
    const struct dt_data_info *info = dt_dataset_info(t->data);
    const char *name = "?"; /* the network may have more classes than the data */
    struct dt_plan_out out;
    struct dt_json *row;
    double confidence;
    int best;

    if (!dt_dataset_read_image(t->data, path, pixels, err) || dt_plan_run(plan, NULL, pixels, 1, &out, err))
        return false;
    best = best_of(out.logits, out.classes, &confidence);
    if (best < info->classes)
        name = info->class_names[best];
    if (!list) {
        printf("%-40s %-16s %5.1f%%\n", path, name, 100 * confidence);
        return true;
    }
    row = dt_json_put(list, NULL, dt_json_object());
    dt_json_str(row, "image", path);
    dt_json_int(row, "class", best);
    dt_json_str(row, "name", name);
    dt_json_num(row, "confidence", confidence);
    row = dt_json_put(row, "logits", dt_json_array());
    for (int k = 0; k < out.classes; k++)
        dt_json_num(row, NULL, (double)out.logits[k]);
    return true;
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    struct dt_model *m =
        dt_model_open(args->operand[0], DT_MODEL_SCALE, dt_methods, args->n_overrides, args->override, &err);
    struct dt_json *list = NULL;
    const struct dt_data_info *info;
    struct dt_plan *plan;
    dt_real *pixels;
    int status = 0;

    if (!m)
        return dt_cli_fail(&err);
    info = dt_dataset_info(dt_model_train(m)->data);
    plan = dt_plan_new(dt_model_train(m)->net, NULL, dt_model_train(m)->engine,
                       &(struct dt_plan_cfg){ .precision = dt_tape_dtype(dt_model_train(m)->tape) }, &err);
    pixels = dt_calloc((size_t)(info->h * info->w * info->c), sizeof *pixels);
    if (args->json)
        list = dt_json_array();
    if (!pixels || (args->json && !list))
        dt_fail(&err, DT_ENOMEM, "out of memory");
    for (int i = 1; i < args->n && !err.code; i++)
        classify(dt_model_train(m), plan, args->operand[i], pixels, list, &err);
    if (err.code) {
        status = dt_cli_fail(&err);
        dt_json_free(list);
    } else if (list) {
        status = dt_cli_print_json(list);
    }
    dt_free(pixels);
    dt_plan_free(plan);
    dt_model_close(m);
    return status;
}

const struct dt_command dt_cmd_predict = {
    .name = "predict",
    .operands = "RUN|CHECKPOINT IMAGE ...",
    .summary = "class and confidence of PNG or JPEG images",
    .flags = "json threads engine",
    .overrides = true,
    .min_operands = 2,
    .max_operands = -1,
    .run = run,
};
