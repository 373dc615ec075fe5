/* cli: what the subcommands share. One file a subcommand, one record each; main.c holds the table. Results go to
 * stdout, talk to stderr; every command returns an exit status (base.h says which code means what). */
#ifndef DT_CLI_CLI_H
#define DT_CLI_CLI_H

#include <dyntrain/train.h>

struct dt_args {
    const struct dt_command *command;
    int n; /* operands: configs, runs, images; key=value overrides are apart */
    const char **operand;
    int n_overrides; /* those given, and behind them those that flags like --threads stand for */
    const char **override;
    bool json, dry_run, verify, origins, worker;
    int64_t epochs;
    const char *split, *output, *compare;
    const char *line; /* the whole command line, for run.json */
};

struct dt_command {
    const char *name, *operands, *summary;
    const char *flags; /* names of the flags it takes, separated by spaces; the common ones need no mention */
    bool overrides;    /* takes key.path=value as well */
    int min_operands, max_operands; /* max -1: any number */
    int (*run)(const struct dt_args *args);
};

extern const struct dt_command dt_cmd_train, dt_cmd_resume, dt_cmd_eval, dt_cmd_predict, dt_cmd_summary, dt_cmd_bench,
    dt_cmd_inspect, dt_cmd_config, dt_cmd_list, dt_cmd_data, dt_cmd_doctor, dt_cmd_report, dt_cmd_experiments,
    dt_cmd_export;
extern const struct dt_command *const dt_commands[]; /* NULL-terminated */
extern const struct dt_method *const dt_methods[];   /* NULL-terminated: the table of all methods */

/* Fills args from the command line; memory comes from the arena. DT_EUSAGE with a suggestion where one helps. Without a
 * command afterwards there is nothing left to do: help or versions were asked for and printed. */
enum dt_code dt_args_parse(struct dt_args *args, int argc, char **argv, struct dt_arena *arena, struct dt_err *err);

/* Starts the program anew, once, where OpenBLAS runs kernels older than the processor; returns where it does not. */
void dt_cli_blas_core(char **argv);
/* Who chose those kernels, for people. */
const char *dt_cli_blas_core_by(void);

/* Prints "dyntrain: <message>" and returns the exit status. */
int dt_cli_fail(const struct dt_err *err);
/* The same after dt_setup_load: all lines of a config with errors, else the message. */
int dt_cli_fail_setup(const struct dt_setup *s, const struct dt_err *err);
/* Which of the choices (NULL-terminated) a word of the command line is; -1: none, and err has a suggestion. */
int dt_cli_pick(const char *what, const char *word, const char *const *choices, struct dt_err *err);
/* Writes j to stdout and frees it; the exit status. */
int dt_cli_print_json(struct dt_json *j);
/* "1.2 M" style for people; into buf. */
const char *dt_cli_si(int64_t v, char buf[32]);

/* Every setting there is, as lines or as JSON; the exit status. */
int dt_cli_print_keys(bool json);
/* The values of all settings. */
struct dt_json *dt_cli_settings_json(const struct dt_setup *s);

/* All runs and kept results below a folder (NULL: "experiments", which need not be there); the exit status. */
int dt_cli_print_runs(const char *root, bool json);

/* A net built from a config, without data: for summary and bench. The data set's shape comes from the config alone. */
struct dt_cli_net {
    struct dt_setup setup;
    struct dt_net *net;
    struct dt_shape input; /* [1,h,w,c] */
};
enum dt_code dt_cli_net_open(struct dt_cli_net *n, const struct dt_args *args, struct dt_err *err);
void dt_cli_net_close(struct dt_cli_net *n);

#endif
