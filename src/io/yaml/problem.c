/* What is wrong with a config: collected, each said once, sorted by file, line and column, the first twenty kept. */
#include "io/yaml/config.h"

#include <string.h>

static int compare(const struct dt_place *a, const struct dt_place *b)
{
    if (a->source->order != b->source->order)
        return a->source->order < b->source->order ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->col > b->col) - (a->col < b->col);
}

static int n_kept(const struct dt_config *c)
{
    return c->n_problems < DT_MAX_PROBLEMS ? c->n_problems : DT_MAX_PROBLEMS;
}

/* One line of plain characters, whatever a file tried to put into it. */
static void flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = ' ';
}

static char *spell(struct dt_config *c, struct dt_place at, const char *text)
{
    char *line;

    if (at.line > 0)
        line = dt_arena_printf(c->arena, "%s:%d:%d: error: %s", at.source->name, at.line, at.col, text);
    else
        line = dt_arena_printf(c->arena, "%s: error: %s", at.source->name, text);
    if (line)
        flatten(line);
    else
        c->no_memory = true;
    return line;
}

static void add(struct dt_config *c, struct dt_place at, const char *text)
{
    const char *line = spell(c, at, text);
    int n = n_kept(c), i = n;

    if (!line)
        return;
    for (int k = 0; k < n; k++)
        if (!strcmp(c->problem[k].line, line))
            return;
    while (i > 0 && compare(&at, &c->problem[i - 1].at) < 0)
        i--;
    memmove(&c->problem[i + 1], &c->problem[i], (size_t)(n - i) * sizeof c->problem[0]);
    c->problem[i] = (struct dt_problem){ .at = at, .line = line };
    c->n_problems++;
    if (c->n_problems > DT_MAX_PROBLEMS) {
        line = dt_arena_printf(c->arena, "%s: and %d more errors", c->main->name, c->n_problems - DT_MAX_PROBLEMS);
        c->problem[DT_MAX_PROBLEMS].line = line ? line : "and more errors";
    }
}

void dt_config_problem(struct dt_config *c, struct dt_place at, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add(c, at, text);
}

int dt_config_n_errors(const struct dt_config *c)
{
    return c->n_problems > DT_MAX_PROBLEMS ? DT_MAX_PROBLEMS + 1 : c->n_problems;
}

const char *dt_config_error(const struct dt_config *c, int i)
{
    DT_ASSERT(i >= 0 && i < dt_config_n_errors(c));
    return c->problem[i].line;
}

void dt_config_reject(struct dt_config *c, const char *dotted, const char *fmt, ...)
{
    const struct dt_ynode *n = dt_ynode_walk(c->root, dotted);
    struct dt_place at = n ? n->key_at : (struct dt_place){ .source = c->main };
    char text[768];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    dt_config_problem(c, at, "%s: %s", dotted, text);
}
