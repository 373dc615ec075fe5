/* Reading golden numbers: lines `case label`, `kind name rank sides...`, and numbers up to the next such line. */
#include "golden.h"

#include "check_each.h"

#include <stdlib.h>
#include <string.h>

static FILE *open_golden(const char *file)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", DT_GOLDEN, file);
    f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    return f;
}

static void read_tensor(FILE *f, const char *line, struct golden_tensor *t)
{
    bool rounded; /* a float, widened: what PyTorch was given */
    int at, used;

    ck_assert_int_eq(sscanf(line, "%7s %15s %d%n", t->kind, t->name, &t->shape.rank, &at), 3);
    ck_assert_int_le(t->shape.rank, DT_MAX_RANK);
    for (int i = 0; i < t->shape.rank; i++, at += used)
        ck_assert_int_eq(sscanf(line + at, "%d%n", &t->shape.d[i], &used), 1);
    t->v = dt_malloc((size_t)dt_numel(&t->shape) * sizeof *t->v);
    ck_assert_ptr_nonnull(t->v);
    rounded = strcmp(t->kind, "in") == 0 || strcmp(t->kind, "cot") == 0 || strcmp(t->kind, "fixed") == 0;
    for (int64_t i = 0; i < dt_numel(&t->shape); i++) {
        double v;

        CHECK_EACH(fscanf(f, "%lf", &v) == 1, "a number is missing");
        t->v[i] = rounded ? (dt_real)(float)v : (dt_real)v;
    }
    ck_assert_int_eq(fgetc(f), '\n');
}

void golden_read(const char *file, const char *label, struct golden_case *c)
{
    FILE *f = open_golden(file);
    bool inside = false;
    char line[1024];

    *c = (struct golden_case){ .n = 0 };
    snprintf(c->label, sizeof c->label, "%s", label);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "case ", 5) == 0)
            inside = strcmp(line + 5, label) == 0;
        else if (inside) {
            ck_assert_int_lt(c->n, GOLDEN_MAX);
            read_tensor(f, line, &c->t[c->n++]);
        }
    }
    fclose(f);
    ck_assert_msg(c->n > 0, "no case '%s' in %s", label, file);
}

void golden_free(struct golden_case *c)
{
    for (int i = 0; i < c->n; i++)
        dt_free(c->t[i].v);
}

int golden_count(const char *file)
{
    FILE *f = open_golden(file);
    char line[1024];
    int n = 0;

    while (fgets(line, sizeof line, f))
        n += strncmp(line, "case ", 5) == 0;
    fclose(f);
    return n;
}

struct golden_tensor *golden_find(struct golden_case *c, const char *kind, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->t[i].kind, kind) == 0 && strcmp(c->t[i].name, name) == 0)
            return &c->t[i];
    return NULL;
}
