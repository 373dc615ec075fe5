/* export: a trained network in another format, chosen by the ending of the file's name. */
#include "cli/cli.h"

#include <dyntrain/deploy.h>
#include <string.h>

#include "io/file.h"

static bool write_model(struct dt_net *net, const char *path, struct dt_err *err)
{
    struct dt_arena *arena = dt_arena_new(0, err);
    size_t size = 0;
    unsigned char *bytes = arena ? dt_onnx_write(net, arena, &size, err) : NULL;
    bool ok = bytes && dt_file_replace(path, &(struct dt_piece){ bytes, size }, 1, DT_ERESOURCE, err) == DT_OK;

    if (ok)
        printf("%s: %zu bytes\n", path, size);
    dt_arena_free(arena);
    return ok;
}

static int run(const struct dt_args *args)
{
    const char *path = args->output ? args->output : "model.onnx", *end = strrchr(path, '.');
    struct dt_err err = { 0 };
    struct dt_model *m = NULL;

    if (!end || strcmp(end, ".onnx"))
        dt_fail(&err, DT_EUSAGE, "--output %s: the ending names the format; there is .onnx", path);
    else
        m = dt_model_open(args->operand[0], DT_MODEL_SHAPE, dt_methods, args->n_overrides, args->override, &err);
    if (m)
        write_model(dt_model_train(m)->net, path, &err);
    dt_model_close(m);
    return err.code ? dt_cli_fail(&err) : 0;
}

const struct dt_command dt_cmd_export = {
    .name = "export",
    .operands = "RUN|CHECKPOINT",
    .summary = "the static network in another format: ONNX (-o model.onnx)",
    .flags = "output engine",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
