/* keys: the settings as the tables describe them, and their values, for programs that read. */
#include "cli/cli.h"

#include <float.h>
#include <string.h>

enum { PATH_BYTES = 256 };

static void join(char path[PATH_BYTES], const char *prefix, const char *name)
{
    snprintf(path, PATH_BYTES, "%s%s%s", prefix, *prefix ? "." : "", name);
}

/* ---- what there is ---- */

static void put_row(const struct dt_opt *opt, const char *path, const char *expects, struct dt_json *list)
{
    static const char *const types[] = {
        [DT_OPT_INT] = "integer", [DT_OPT_REAL] = "number",   [DT_OPT_BOOL] = "boolean", [DT_OPT_STR] = "string",
        [DT_OPT_PICK] = "choice", [DT_OPT_REALS] = "numbers", [DT_OPT_STRS] = "strings",
    };
    struct dt_json *row = dt_json_put(list, NULL, dt_json_object()), *choices;

    dt_json_str(row, "key", path);
    dt_json_str(row, "type", types[opt->type]);
    dt_json_str(row, "expects", expects);
    dt_json_str(row, "default", opt->def); /* null: required */
    dt_json_str(row, "help", opt->help);
    if (opt->type != DT_OPT_PICK)
        return;
    choices = dt_json_put(row, "choices", dt_json_array());
    for (int i = 0; opt->choices[i]; i++)
        dt_json_str(choices, NULL, opt->choices[i]);
}

static void print_table(const struct dt_opt *table, const char *prefix, struct dt_json *list)
{
    char path[PATH_BYTES], expects[256];

    for (; table->name; table++) {
        join(path, prefix, table->name);
        dt_opt_expects(table, expects, sizeof expects);
        if (table->type == DT_OPT_SECTION)
            print_table(table->section, path, list);
        else if (list)
            put_row(table, path, expects, list);
        else
            printf("%-32s %-14s %s; %s\n", path,
                   !table->def   ? "(required)"
                   : *table->def ? table->def
                                 : "\"\"",
                   expects, table->help);
    }
}

int dt_cli_print_keys(bool json)
{
    struct dt_json *list = json ? dt_json_array() : NULL;

    print_table(dt_settings_opts, "", list);
    print_table(dt_budget_opts, "budget", list);
    for (const struct dt_method *const *m = dt_methods; *m; m++)
        print_table((*m)->opts, (*m)->name, list);
    return json ? dt_cli_print_json(list) : 0;
}

/* ---- what is set ---- */

static void put_value(struct dt_json *o, const struct dt_opt *opt, const void *src)
{
    const void *field = (const char *)src + opt->offset;
    struct dt_json *list;

    switch (opt->type) {
    case DT_OPT_INT:
        dt_json_int(o, opt->name, *(const int64_t *)field);
        break;
    case DT_OPT_REAL:
        dt_json_num(o, opt->name, *(const double *)field);
        break;
    case DT_OPT_BOOL:
        dt_json_bool(o, opt->name, *(const bool *)field);
        break;
    case DT_OPT_STR:
        dt_json_str(o, opt->name, *(const char *const *)field);
        break;
    case DT_OPT_PICK:
        dt_json_str(o, opt->name, opt->choices[*(const int *)field]);
        break;
    case DT_OPT_REALS:
        list = dt_json_put(o, opt->name, dt_json_array());
        for (int i = 0; i < ((const struct dt_reals *)field)->n; i++)
            dt_json_num(list, NULL, ((const struct dt_reals *)field)->v[i]);
        break;
    case DT_OPT_STRS:
        list = dt_json_put(o, opt->name, dt_json_array());
        for (int i = 0; i < ((const struct dt_strs *)field)->n; i++)
            dt_json_str(list, NULL, ((const struct dt_strs *)field)->v[i]);
        break;
    case DT_OPT_SECTION:
        break;
    }
}

static void put_table(struct dt_json *o, const struct dt_opt *table, const void *src)
{
    for (; table->name; table++)
        if (table->type == DT_OPT_SECTION)
            put_table(dt_json_put(o, table->name, dt_json_object()), table->section, (const char *)src + table->offset);
        else
            put_value(o, table, src);
}

struct dt_json *dt_cli_settings_json(const struct dt_setup *s)
{
    struct dt_json *j = dt_json_object();

    put_table(j, dt_settings_opts, &s->set);
    if (s->method->curve)
        put_table(dt_json_put(j, "budget", dt_json_object()), dt_budget_opts, &s->set.budget);
    put_table(dt_json_put(j, s->method->name, dt_json_object()), s->method->opts, s->cfg);
    return j;
}
