/* A curve as a table for people and as CSV for programs: one list of columns serves both. */
#include "train/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

enum { MAX_NUMBERS = 24, CELL = 48 };

/* ---- columns ---- */

struct column {
    const char *title, *csv; /* the unit is in the title */
    size_t offset;           /* of a double in the point */
    double factor;           /* the table shows value x factor */
    const char *fmt;
};
static const struct column columns[] = {
    { "budget", "budget", offsetof(struct dt_point, budget), 1, "%.3f" },
    { "accuracy %", "accuracy", offsetof(struct dt_point, accuracy), 100, "%.2f" },
    { "top-5 %", "top5", offsetof(struct dt_point, top5), 100, "%.2f" },
    { "MACs M", "macs_mean", offsetof(struct dt_point, macs_mean), 1e-6, "%.3f" },
    { "+- M", "macs_std", offsetof(struct dt_point, macs_std), 1e-6, "%.3f" },
    { "max M", "macs_max", offsetof(struct dt_point, macs_max), 1e-6, "%.3f" },
    { "latency ms", "latency_ms", offsetof(struct dt_point, latency_ms), 1, "%.3f" },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static double value_of(const struct dt_point *p, const struct column *col)
{
    double v;

    memcpy(&v, (const char *)p + col->offset, sizeof v);
    return v;
}

/* The lists a text shows, the full network as a list of one. */
struct lists {
    const struct dt_curve *curve;
    struct dt_point copy, *full;
    struct dt_points list[4];
    const char *name[4];
    int n;
    const char *number[MAX_NUMBERS]; /* names of the method's own numbers, in order of appearance */
    int n_numbers;
};

static void find_numbers(struct lists *s, const struct dt_point *p)
{
    for (int i = 0; i < p->n_numbers; i++) {
        int k = 0;

        while (k < s->n_numbers && strcmp(s->number[k], p->number[i].name))
            k++;
        if (k == s->n_numbers && k < MAX_NUMBERS)
            s->number[s->n_numbers++] = p->number[i].name;
    }
}

static void add_list(struct lists *s, const char *name, struct dt_points list)
{
    s->name[s->n] = name;
    s->list[s->n++] = list;
    for (int i = 0; i < list.n; i++)
        find_numbers(s, list.at[i]);
}

static void lists_of(const struct dt_curve *c, bool published, struct lists *s)
{
    *s = (struct lists){ .curve = c, .copy = c->full, .full = &s->copy };
    add_list(s, "curve", c->points);
    add_list(s, "baseline", c->baselines);
    add_list(s, "static", (struct dt_points){ isfinite(c->full.accuracy) || isfinite(c->full.macs_mean), &s->full });
    if (published)
        add_list(s, "published", c->published);
}

static double number_of(const struct dt_point *p, const char *name)
{
    for (int i = 0; i < p->n_numbers; i++)
        if (!strcmp(p->number[i].name, name))
            return p->number[i].value;
    return NAN;
}

/* ---- the table ---- */

/* Column k of the table: the common ones, the share of the full network, the method's own numbers. */
static const char *cell(const struct lists *s, int k, const struct dt_point *p, char buf[CELL])
{
    double v = k < N_COLUMNS    ? value_of(p, &columns[k]) * columns[k].factor
               : k == N_COLUMNS ? 100 * dt_point_share(s->curve, p)
                                : number_of(p, s->number[k - N_COLUMNS - 1]);

    snprintf(buf, CELL, k < N_COLUMNS ? columns[k].fmt : k == N_COLUMNS ? "%.1f" : "%.4g", v);
    if (!isfinite(v))
        buf[0] = '\0';
    return buf;
}

static const char *title(const struct lists *s, int k)
{
    return k < N_COLUMNS ? columns[k].title : k == N_COLUMNS ? "of full %" : s->number[k - N_COLUMNS - 1];
}

/* -1: nothing in it */
static int width(const struct lists *s, int k)
{
    char buf[CELL];
    int most = -1;

    for (int l = 0; l < s->n; l++)
        for (int i = 0; i < s->list[l].n; i++) {
            int n = (int)strlen(cell(s, k, s->list[l].at[i], buf));

            most = n > most && n > 0 ? n : most;
        }
    return most > 0 && (int)strlen(title(s, k)) > most ? (int)strlen(title(s, k)) : most;
}

/* Nothing trails: empty cells are made up for by the next one that is not. */
static void put_row(FILE *f, const struct lists *s, const struct dt_point *p, int name, const int *w)
{
    int pending = name - (int)strlen(p->name);
    char buf[CELL];

    fprintf(f, "%c %s", p == s->curve->target ? '*' : ' ', p->name);
    for (int k = 0; k < N_COLUMNS + 1 + s->n_numbers; k++) {
        if (w[k] < 0)
            continue;
        pending += 2 + w[k];
        if (*cell(s, k, p, buf)) {
            fprintf(f, "%*s", pending, buf);
            pending = 0;
        }
    }
    fputc('\n', f);
}

void dt_curve_print(const struct dt_curve *c, FILE *f)
{
    struct lists s;
    int w[N_COLUMNS + 1 + MAX_NUMBERS], n, name = 0;

    lists_of(c, false, &s);
    n = N_COLUMNS + 1 + s.n_numbers;
    for (int k = 0; k < n; k++)
        w[k] = width(&s, k);
    for (int l = 0; l < s.n; l++)
        for (int i = 0; i < s.list[l].n; i++)
            name = (int)strlen(s.list[l].at[i]->name) > name ? (int)strlen(s.list[l].at[i]->name) : name;
    fprintf(f, "  %-*s", name, "");
    for (int k = 0; k < n; k++)
        if (w[k] > 0)
            fprintf(f, "  %*s", w[k], title(&s, k));
    fputc('\n', f);
    for (int l = 0; l < s.n; l++)
        for (int i = 0; i < s.list[l].n; i++) {
            const struct dt_point *p = s.list[l].at[i];

            put_row(f, &s, p, name, w);
        }
}

/* ---- CSV (RFC 4180) ---- */

static void put_text(FILE *f, const char *text)
{
    if (!text)
        return;
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputc('"', f);
}

static void put_number(FILE *f, double v)
{
    fputc(',', f);
    if (isfinite(v))
        fprintf(f, "%.9g", v);
}

static void put_point(FILE *f, const struct lists *s, const char *list, const struct dt_point *p)
{
    put_text(f, list);
    fputc(',', f);
    put_text(f, p->name);
    for (int k = 0; k < N_COLUMNS; k++)
        put_number(f, value_of(p, &columns[k]));
    put_number(f, dt_point_share(s->curve, p));
    fputc(',', f);
    put_text(f, p->source);
    for (int k = 0; k < s->n_numbers; k++)
        put_number(f, number_of(p, s->number[k]));
    fputc('\n', f);
}

static void put_csv(FILE *f, const struct lists *s)
{
    fputs("list,name", f);
    for (int k = 0; k < N_COLUMNS; k++)
        fprintf(f, ",%s", columns[k].csv);
    fputs(",share,source", f);
    for (int k = 0; k < s->n_numbers; k++) {
        fputc(',', f);
        put_text(f, s->number[k]);
    }
    fputc('\n', f);
    for (int l = 0; l < s->n; l++)
        for (int i = 0; i < s->list[l].n; i++)
            put_point(f, s, s->name[l], s->list[l].at[i]);
}

enum dt_code dt_curve_csv(const struct dt_curve *c, const char *path, struct dt_err *err)
{
    struct dt_piece text = { .size = 0 };
    char *buf = NULL;
    FILE *f = open_memstream(&buf, &text.size);
    struct lists s;
    enum dt_code code = DT_ENOMEM;

    lists_of(c, true, &s);
    if (f)
        put_csv(f, &s);
    if (f && fclose(f) == 0) {
        text.data = buf;
        code = dt_file_replace(path, &text, 1, DT_ECHECKPOINT, err);
    } else {
        dt_fail(err, code, "%s: out of memory", path);
    }
    free(buf); /* the stream's own */
    return code;
}
