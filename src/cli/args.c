/* args: the command line. One table of flags serves parsing and help; flags that change a setting become overrides of
 * the config, so there is one way a setting is set. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum flag_id {
    HELP,
    VERSION,
    QUIET,
    VERBOSE,
    JSON,
    DRY_RUN,
    VERIFY,
    ORIGINS,
    WORKER,
    COMPARE,
    EPOCHS,
    SPLIT,
    OUTPUT,
    SETTING
};

struct flag {
    const char *name;
    enum flag_id id;
    char letter;     /* 0: none */
    const char *arg; /* its argument's name; NULL: none */
    const char *key; /* SETTING: the config key it stands for */
    const char *help;
    bool common; /* every command takes it */
};

static const struct flag flags[] = {
    { "help", HELP, 'h', NULL, NULL, "this help", true },
    { "version", VERSION, 'V', NULL, NULL, "versions of dyntrain and of the libraries it uses", true },
    { "quiet", QUIET, 'q', NULL, NULL, "warnings and errors only", true },
    { "verbose", VERBOSE, 'v', NULL, NULL, "more talk", true },
    { "json", JSON, 0, NULL, NULL, "machine-readable result on standard output", false },
    { "dry-run", DRY_RUN, 0, NULL, NULL, "check config, data and network, train nothing", false },
    { "verify", VERIFY, 0, NULL, NULL, "read every number as well: none may be NaN or infinite", false },
    { "origins", ORIGINS, 0, NULL, NULL, "say where each value comes from", false },
    { "worker", WORKER, 0, NULL, NULL, NULL, false },
    { "compare", COMPARE, 0, "FILE", NULL, "ratios to an earlier output of --json", false },
    { "epochs", EPOCHS, 0, "N", NULL, "train up to N epochs instead of the configured number", false },
    { "split", SPLIT, 0, "NAME", NULL, "train, val or test (default)", false },
    { "output", OUTPUT, 'o', "PATH", NULL,
      "where to: the root of run directories; of a report or a model, the file ('-': stdout)", false },
    { "name", SETTING, 0, "NAME", "name", "name of the run", false },
    { "seed", SETTING, 0, "S", "seed", "random seed", false },
    { "threads", SETTING, 0, "N", "run.threads", "compute threads, 0: all processors", false },
    { "engine", SETTING, 0, "NAME", "run.engine", "auto, dnnl or ref", false },
    { "progress", SETTING, 0, "MODE", "run.progress", "auto, bar, plain or off", false },
};
enum { N_FLAGS = sizeof flags / sizeof *flags, FIRST_LONG = 1000 };

/* The flags that were given: their arguments, "" for those without; NULL: not given. The last of a kind counts. */
struct given {
    const char *value[N_FLAGS];
};

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

/* ---- help ---- */

static const char *overrides_of(const struct dt_command *c)
{
    return c->overrides ? " [key.path=value ...]" : "";
}

static void print_help(const struct dt_command *command, FILE *f)
{
    if (command) {
        fprintf(f, "usage: dyntrain %s %s%s\n%s\n\n", command->name, command->operands, overrides_of(command),
                command->summary);
    } else {
        fprintf(f, "usage: dyntrain CONFIG [key.path=value ...]     the same as: dyntrain train CONFIG ...\n"
                   "       dyntrain COMMAND ...\n\n");
        for (const struct dt_command *const *c = dt_commands; *c; c++)
            fprintf(f, "  %-11s %-41s %s\n", (*c)->name, (*c)->operands, (*c)->summary);
        fprintf(f, "\n");
    }
    for (int i = 0; i < N_FLAGS; i++) {
        const char letter[] = { '-', flags[i].letter, ',', '\0' };

        if (flags[i].help && takes(command, &flags[i]))
            fprintf(f, "  %3s --%-8s %-5s %s\n", flags[i].letter ? letter : "", flags[i].name,
                    flags[i].arg ? flags[i].arg : "", flags[i].help);
    }
    if (command)
        return;
    fprintf(
        f,
        "\n`dyntrain COMMAND --help` has the options of a command, `dyntrain list keys` every key.path of a config.\n"
        "exit status: 0 done, 1 bug, 2 usage, 3 config, 4 data, 5 checkpoint or run directory, 6 numeric failure,\n"
        "7 disk or memory, 8 verification mismatch, 75 stopped (resume goes on), 130/143 interrupted after a "
        "checkpoint\n");
}

/* ---- flags ---- */

static bool unknown_flag(const char *word, struct dt_err *err)
{
    const char *names[N_FLAGS], *near;
    int n = 0;

    for (int i = 0; i < N_FLAGS; i++)
        if (flags[i].help)
            names[n++] = flags[i].name;
    near = strncmp(word, "--", 2) ? NULL : dt_nearest(word + 2, names, n);
    return dt_fail(err, DT_EUSAGE, "%s: no such option; %s%s%s", word, near ? "did you mean '--" : "--help lists them",
                   near ? near : "", near ? "'?" : "");
}

/* getopt's tables, from ours */
static void make_tables(struct option longs[N_FLAGS + 1], char letters[2 * N_FLAGS + 2])
{
    *letters++ = ':';
    for (int i = 0; i < N_FLAGS; i++) {
        longs[i] =
            (struct option){ flags[i].name, flags[i].arg ? required_argument : no_argument, NULL, FIRST_LONG + i };
        if (flags[i].letter)
            *letters++ = flags[i].letter;
        if (flags[i].letter && flags[i].arg)
            *letters++ = ':';
    }
    longs[N_FLAGS] = (struct option){ NULL, 0, NULL, 0 };
    *letters = '\0';
}

/* Behind optind are the operands then. */
static bool scan(int argc, char **argv, struct given *given, struct dt_err *err)
{
    struct option longs[N_FLAGS + 1];
    char letters[2 * N_FLAGS + 2], letter[] = "-?";
    int id;

    make_tables(longs, letters);
    opterr = 0;
    while ((id = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const char *word = argv[optind - 1];

        if (id == ':')
            return dt_fail(err, DT_EUSAGE, "%s needs an argument", word);
        if (id == '?' && optopt >= FIRST_LONG)
            return dt_fail(err, DT_EUSAGE, "--%s takes no argument", flags[optopt - FIRST_LONG].name);
        if (id == '?') {
            letter[1] = (char)optopt;
            return unknown_flag(optopt ? letter : word, err);
        }
        for (int i = 0; i < N_FLAGS; i++)
            if (id == FIRST_LONG + i || id == flags[i].letter)
                given->value[i] = optarg ? optarg : "";
    }
    return true;
}

static bool add_override(struct dt_args *args, const char *key, const char *value, struct dt_arena *arena,
                         struct dt_err *err)
{
    const char *text = dt_arena_printf(arena, "%s=%s", key, value);

    args->override[args->n_overrides++] = text;
    return text || dt_fail(err, DT_ENOMEM, "out of memory");
}

static bool apply(struct dt_args *args, const struct flag *f, const char *value, struct dt_arena *arena,
                  struct dt_err *err)
{
    char *end;

    switch (f->id) {
    case HELP:
    case VERSION:
        break;
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
    case OUTPUT:
        if (args->command == &dt_cmd_train) /* where the run goes; elsewhere the file to write */
            return add_override(args, "run.dir", value, arena, err);
        args->output = value;
        break;
    case COMPARE:
        args->compare = value;
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
        return add_override(args, f->key, value, arena, err);
    }
    return true;
}

static bool apply_all(struct dt_args *args, const struct given *given, struct dt_arena *arena, struct dt_err *err)
{
    bool quiet = false;

    for (int i = 0; i < N_FLAGS; i++) {
        const struct flag *f = &flags[i];

        if (!given->value[i]) {
            if (quiet && !strcmp(f->name, "progress") && takes(args->command, f)) /* its lines are talk as well */
                return add_override(args, f->key, "off", arena, err);
            continue;
        }
        if (!takes(args->command, f))
            return dt_fail(err, DT_EUSAGE, "--%s: is no option of 'dyntrain %s'; 'dyntrain %s --help' lists them",
                           f->name, args->command->name, args->command->name);
        if (!apply(args, f, given->value[i], arena, err))
            return false;
        quiet = quiet || f->id == QUIET;
    }
    return true;
}

/* ---- operands ---- */

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
    dt_fail(err, DT_EUSAGE, "'%s' is neither a command nor a config file; %s%s%s", word,
            near ? "did you mean '" : "--help lists the commands", near ? near : "", near ? "'?" : "");
    return NULL;
}

static bool is_override(const char *word)
{
    size_t key = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-");

    return key > 0 && word[key] == '=';
}

/* The first word that is no override names the command, or is the config of train. */
static void sort_words(struct dt_args *args, int n, char **words, struct dt_err *err)
{
    int first = 0;

    while (first < n && is_override(words[first]))
        first++;
    if (first < n)
        args->command = find_command(words[first], err);
    for (int i = 0; args->command && i < n; i++) {
        if (i == first && !strcmp(words[i], args->command->name))
            continue;
        if (i < first || (args->command->overrides && is_override(words[i])))
            args->override[args->n_overrides++] = words[i];
        else
            args->operand[args->n++] = words[i];
    }
}

static bool check_count(const struct dt_args *args, struct dt_err *err)
{
    const struct dt_command *c = args->command;
    const char *rest = overrides_of(c), *space = *c->operands ? " " : "";

    if (args->n_overrides > 0 && !c->overrides)
        return dt_fail(err, DT_EUSAGE, "%s takes no settings; usage: dyntrain %s%s%s", c->name, c->name, space,
                       c->operands);
    if (args->n < c->min_operands)
        return dt_fail(err, DT_EUSAGE, "missing operand; usage: dyntrain %s%s%s%s", c->name, space, c->operands, rest);
    if (c->max_operands >= 0 && args->n > c->max_operands)
        return dt_fail(err, DT_EUSAGE, "'%s' is one too many; usage: dyntrain %s%s%s%s", args->operand[c->max_operands],
                       c->name, space, c->operands, rest);
    return true;
}

/* ---- the whole ---- */

static const char *join(int argc, char **argv, struct dt_arena *arena)
{
    const char *line = "dyntrain";

    for (int i = 1; i < argc && line; i++)
        line = dt_arena_printf(arena, "%s %s", line, argv[i]);
    return line;
}

enum dt_code dt_args_parse(struct dt_args *args, int argc, char **argv, struct dt_arena *arena, struct dt_err *err)
{
    struct given given = { .value = { NULL } };
    size_t room = (size_t)argc + N_FLAGS;

    args->line = join(argc, argv, arena);
    args->operand = dt_arena_calloc(arena, room, sizeof *args->operand);
    args->override = dt_arena_calloc(arena, room, sizeof *args->override);
    if (!args->line || !args->operand || !args->override)
        dt_fail(err, DT_ENOMEM, "out of memory");
    if (err->code || !scan(argc, argv, &given, err))
        return err->code;
    sort_words(args, argc - optind, argv + optind, err);
    if (err->code)
        return err->code;
    if (given.value[HELP] || given.value[VERSION]) {
        if (given.value[HELP])
            print_help(args->command, stdout);
        else
            dt_cmd_doctor.run(&(struct dt_args){ .command = NULL });
        args->command = NULL;
    } else if (!args->command) {
        print_help(NULL, stderr);
        dt_fail(err, DT_EUSAGE, "a config or a command is needed");
    } else if (check_count(args, err)) {
        apply_all(args, &given, arena, err);
    }
    return err->code;
}
