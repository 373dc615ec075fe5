/* main: finds the subcommand and runs it. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

const struct dt_command *const dt_commands[] = {
    &dt_cmd_train,  &dt_cmd_resume,  &dt_cmd_eval,        &dt_cmd_predict, &dt_cmd_summary,
    &dt_cmd_bench,  &dt_cmd_inspect, &dt_cmd_config,      &dt_cmd_list,    &dt_cmd_data,
    &dt_cmd_doctor, &dt_cmd_report,  &dt_cmd_experiments, &dt_cmd_export,  NULL,
};

/* A stream that was closed for us must not become the number of a file we open: a checkpoint would be printed into.
 * Read-only, so that printing still fails. */
static void hold_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            _exit(dt_exit_status(DT_ERESOURCE)); /* nobody is there to be told */
}

int main(int argc, char **argv)
{
    struct dt_err err = { 0 };
    struct dt_arena *arena;
    struct dt_args args = { 0 };
    int status;

    dt_cli_blas_core(argv); /* first: it may start the program anew */
    hold_closed_streams();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is told like a full disk */
    arena = dt_arena_new(0, &err);
    if (arena && dt_args_parse(&args, argc, argv, arena, &err) == DT_OK)
        status = args.command ? args.command->run(&args) : 0; /* no command: help or version was printed */
    else
        status = dt_cli_fail(&err);
    if ((fflush(stdout) || ferror(stdout)) && !status) {
        dt_fail(&err, DT_ERESOURCE, "cannot write to standard output");
        status = dt_cli_fail(&err);
    }
    dt_arena_free(arena);
    return status;
}
