/* args: the command line. One table of flags serves parsing and help; flags that change a setting become overrides of
 * the config, so there is one way a setting is set. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HELP = 'h',
    VERSION = 'V',
    QUIET = 'q',
    VERBOSE = 'v',
    JSON = 1000,
    DRY_RUN,
    VERIFY,
    ORIGINS,
    WORKER,
    EPOCHS,
    SPLIT,
    SETTING
};

struct flag {
    const char *name;
    int id;
    const char *arg; /* its argument's name; NULL: none */
    const char *key; /* SETTING: the config key it stands for */
    const char *help;
    bool common; /* every command takes it */
};

static const struct flag flags[] = {
    { "help", HELP, NULL, NULL, "this help", true },
    { "version", VERSION, NULL, NULL, "versions of dyntrain and of the libraries it uses", true },
    { "quiet", QUIET, NULL, NULL, "warnings and errors only", true },
    { "verbose", VERBOSE, NULL, NULL, "more talk", true },
    { "json", JSON, NULL, NULL, "machine-readable result on standard output", false },
    { "dry-run", DRY_RUN, NULL, NULL, "check config, data and network, train nothing", false },
    { "verify", VERIFY, NULL, NULL, "read everything and compare checksums", false },
    { "origins", ORIGINS, NULL, NULL, "say where each value comes from", false },
    { "worker", WORKER, NULL, NULL, NULL, false },
    { "epochs", EPOCHS, "N", NULL, "train up to N epochs instead of the configured number", false },
    { "split", SPLIT, "NAME", NULL, "train, val or test (default)", false },
    { "output", SETTING, "DIR", "run.dir", "root of run directories", false },
    { "name", SETTING, "NAME", "name", "name of the run", false },
    { "seed", SETTING, "S", "seed", "random seed", false },
    { "threads", SETTING, "N", "run.threads", "compute threads, 0: all processors", false },
    { "engine", SETTING, "NAME", "run.engine", "auto, dnnl or ref", false },
    { "progress", SETTING, "MODE", "run.progress", "auto, bar, plain or off", false },
};
enum { N_FLAGS = sizeof flags / sizeof *flags };

static bool takes(const struct dt_command *c, const struct flag *f)
{
    size_t len = strlen(f->name);

    if (f->common)
        return true;
    for (const char *p = c && c->flags ? c->flags : ""; *p; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");

        if (word == len && !strncmp(p, f->name, len))
            return true;
        p += word;
    }
    return false;
}

void dt_print_help(const struct dt_command *command, FILE *f)
{
    if (command) {
        fprintf(f, "usage: dyntrain %s %s\n%s\n\n", command->name, command->operands, command->summary);
    } else {
        fprintf(f, "usage: dyntrain CONFIG [key.path=value ...]     the same as: dyntrain train CONFIG ...\n"
                   "       dyntrain COMMAND ...\n\n");
        for (const struct dt_command *const *c = dt_commands; *c; c++)
            fprintf(f, "  %-9s %-34s %s\n", (*c)->name, (*c)->operands, (*c)->summary);
        fprintf(f, "\n");
    }
    for (int i = 0; i < N_FLAGS; i++)
        if (flags[i].help && takes(command, &flags[i]))
            fprintf(f, "  --%-8s %-5s %s\n", flags[i].name, flags[i].arg ? flags[i].arg : "", flags[i].help);
    fprintf(
        f,
        "\nexit status: 0 done, 1 bug, 2 usage, 3 config, 4 data, 5 checkpoint or run directory, 6 numeric failure,\n"
        "7 disk or memory, 8 verification mismatch, 75 stopped (resume goes on), 130/143 interrupted after a "
        "checkpoint\n");
}

static bool is_config(const char *word)
{
    const char *dot = strrchr(word, '.');

    return (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"))) || access(word, R_OK) == 0;
}

/* The subcommand a word names; a config file means train. NULL and err: neither. */
static const struct dt_command *find_command(const char *word, struct dt_err *err)
{
    const char *names[32];
    const char *near;
    int n = 0;

    for (; dt_commands[n]; n++) {
        if (!strcmp(dt_commands[n]->name, word))
            return dt_commands[n];
        names[n] = dt_commands[n]->name;
    }
    if (is_config(word))
        return &dt_cmd_train;
    near = dt_nearest(word, names, n);
    dt_fail(err, DT_EUSAGE, "'%s' is neither a command nor a config file%s%s%s", word, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return NULL;
}

static bool is_override(const char *word)
{
    size_t key = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-");

    return key > 0 && word[key] == '=';
}

static bool take_flag(struct dt_args *args, const struct flag *f, const char *value, struct dt_arena *arena,
                      struct dt_err *err)
{
    char *end;

    switch (f->id) {
    case QUIET:
        dt_log_level(DT_WARN);
        break;
    case VERBOSE:
        dt_log_level(DT_DEBUG);
        break;
    case JSON:
        args->json = true;
        break;
    case DRY_RUN:
        args->dry_run = true;
        break;
    case VERIFY:
        args->verify = true;
        break;
    case ORIGINS:
        args->origins = true;
        break;
    case WORKER:
        args->worker = true;
        break;
    case SPLIT:
        args->split = value;
        break;
    case EPOCHS:
        args->epochs = strtoll(value, &end, 10);
        if (*end || args->epochs < 1)
            return dt_fail(err, DT_EUSAGE, "--epochs: expected a number >= 1, got \"%s\"", value);
        break;
    case SETTING:
        args->override[args->n_overrides] = dt_arena_printf(arena, "%s=%s", f->key, value);
        if (!args->override[args->n_overrides++])
            return dt_fail(err, DT_ENOMEM, "out of memory");
        break;
    }
    return true;
}

/* done: help or versions were asked for and printed */
static bool parse_flags(struct dt_args *args, int argc, char **argv, struct dt_arena *arena, bool *done,
                        struct dt_err *err)
{
    struct option longs[N_FLAGS + 1] = { { NULL, 0, NULL, 0 } };
    int id, at = 0;

    for (int i = 0; i < N_FLAGS; i++)
        longs[i] = (struct option){ flags[i].name, flags[i].arg ? required_argument : no_argument, NULL, 2000 + i };
    opterr = 0;
    while ((id = getopt_long(argc, argv, ":hVqvo:", longs, &at)) != -1) {
        const struct flag *f = NULL;

        if (id == ':')
            return dt_fail(err, DT_EUSAGE, "%s needs an argument", argv[optind - 1]);
        for (int i = 0; i < N_FLAGS; i++)
            if (id == 2000 + i || id == flags[i].id || (id == 'o' && !strcmp(flags[i].name, "output")))
                f = f ? f : &flags[i];
        if (!f || id == '?' || (!takes(args->command, f)))
            return dt_fail(err, DT_EUSAGE, "%s: no such option of 'dyntrain%s%s'; --help lists them", argv[optind - 1],
                           args->command ? " " : "", args->command ? args->command->name : "");
        if (f->id == HELP || f->id == VERSION) {
            if (f->id == HELP)
                dt_print_help(args->command, stdout);
            else
                dt_cmd_doctor.run(&(struct dt_args){ .command = NULL });
            args->command = NULL;
            *done = true;
            return true;
        }
        if (!take_flag(args, f, optarg, arena, err))
            return false;
    }
    return true;
}

static const char *join(int argc, char **argv, struct dt_arena *arena)
{
    const char *line = "dyntrain";

    for (int i = 1; i < argc && line; i++)
        line = dt_arena_printf(arena, "%s %s", line, argv[i]);
    return line;
}

enum dt_code dt_args_parse(struct dt_args *args, int argc, char **argv, struct dt_arena *arena, struct dt_err *err)
{
    bool named = argc > 1 && argv[1][0] != '-', done = false;

    args->line = join(argc, argv, arena);
    args->operand = dt_arena_calloc(arena, (size_t)argc + 1, sizeof *args->operand);
    args->override = dt_arena_calloc(arena, (size_t)argc + 1, sizeof *args->override);
    if (!args->line || !args->operand || !args->override) {
        dt_fail(err, DT_ENOMEM, "out of memory");
        return err->code;
    }
    if (named) {
        args->command = find_command(argv[1], err);
        if (!args->command)
            return err->code;
    }
    if (!parse_flags(args, argc, argv, arena, &done, err) || done)
        return err->code;
    if (!named) {
        dt_print_help(NULL, stderr);
        dt_fail(err, DT_EUSAGE, "a config or a command is needed");
        return err->code;
    }
    for (int i = optind; i < argc; i++) {
        if (i == optind && !strcmp(argv[i], args->command->name))
            continue;
        if (is_override(argv[i]))
            args->override[args->n_overrides++] = argv[i];
        else
            args->operand[args->n++] = argv[i];
    }
    if (args->n < args->command->min_operands ||
        (args->command->max_operands >= 0 && args->n > args->command->max_operands))
        dt_fail(err, DT_EUSAGE, "usage: dyntrain %s %s", args->command->name, args->command->operands);
    return err->code;
}
