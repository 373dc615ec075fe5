/* common: how every subcommand reports. */
#include "cli/cli.h"

#include <string.h>

int dt_cli_fail(const struct dt_err *err)
{
    fprintf(stderr, "dyntrain: %s\n", err->msg);
    return dt_exit_status(err->code);
}

int dt_cli_fail_setup(const struct dt_setup *s, const struct dt_err *err)
{
    int n = s->config ? dt_config_n_errors(s->config) : 0;

    if (err->code != DT_ECONFIG || !n)
        return dt_cli_fail(err);
    for (int i = 0; i < n; i++)
        fprintf(stderr, "%s\n", dt_config_error(s->config, i));
    return dt_exit_status(err->code);
}

int dt_cli_pick(const char *what, const char *word, const char *const *choices, struct dt_err *err)
{
    char list[256] = "";
    const char *near;
    int n = 0;

    for (; choices[n]; n++) {
        size_t used = strlen(list);

        if (!strcmp(choices[n], word))
            return n;
        snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", choices[n]);
    }
    near = dt_nearest(word, choices, n);
    if (near)
        dt_fail(err, DT_EUSAGE, "%s: unknown '%s'; did you mean '%s'?", what, word, near);
    else
        dt_fail(err, DT_EUSAGE, "%s: unknown '%s'; expected %s%s", what, word, n > 1 ? "one of " : "", list);
    return -1;
}

int dt_cli_print_json(struct dt_json *j)
{
    struct dt_err err = { 0 };
    bool written = j && dt_json_write(j, stdout, true);

    dt_json_free(j);
    if (written)
        return 0;
    dt_fail(&err, DT_ERESOURCE, "cannot write to standard output");
    return dt_cli_fail(&err);
}

const char *dt_cli_si(int64_t v, char buf[32])
{
    double x = (double)v;
    const char *unit = "";

    if (v >= 10000000000)
        x /= 1e9, unit = " G";
    else if (v >= 10000000)
        x /= 1e6, unit = " M";
    else if (v >= 10000)
        x /= 1e3, unit = " k";
    snprintf(buf, 32, *unit ? "%.1f%s" : "%.0f%s", x, unit);
    return buf;
}
