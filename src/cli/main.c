/* main: finds the subcommand and runs it. */
#include "cli/cli.h"

#include <string.h>

const struct dt_command *const dt_commands[] = {
    &dt_cmd_train,   &dt_cmd_resume, &dt_cmd_eval, &dt_cmd_predict, &dt_cmd_summary, &dt_cmd_bench,
    &dt_cmd_inspect, &dt_cmd_config, &dt_cmd_list, &dt_cmd_data,    &dt_cmd_doctor,  NULL,
};

int main(int argc, char **argv)
{
    struct dt_err err = { 0 };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_args args = { 0 };
    int status;

    if (arena && dt_args_parse(&args, argc, argv, arena, &err) == DT_OK)
        status = args.command ? args.command->run(&args) : 0; /* no command: help or version was printed */
    else
        status = dt_cli_fail(&err);
    if (fflush(stdout) && !status) {
        dt_fail(&err, DT_ERESOURCE, "cannot write to standard output");
        status = dt_cli_fail(&err);
    }
    dt_arena_free(arena);
    return status;
}
