/* A schema with every type of option, and what the tests of yaml/ do with it. */
#ifndef DT_TESTS_IO_SCHEMA_H
#define DT_TESTS_IO_SCHEMA_H

#include "suites.h"

struct schedule {
    int name;
    double warmup;
    struct dt_reals steps;
};
struct optim {
    double lr;
    bool nesterov;
    struct schedule schedule;
};
struct budget {
    double target;
    struct dt_reals range;
};
struct settings {
    int64_t version, seed;
    const char *name, *pretrained;
    struct dt_strs tags;
    struct optim optim;
    struct budget budget;
};
struct method {
    double gamma;
    int64_t agents;
};

enum { N_PARTS = 3 };
struct bound {
    struct dt_config *config;
    struct settings set;
    struct method method;
    struct dt_config_part part[N_PARTS]; /* the top level, the section of a method, the one of another method */
    enum dt_code code;
    struct dt_err err;
};
void load(struct bound *b, const char *path, const char *const *overrides); /* overrides: NULL-terminated, or NULL */
void bind(struct bound *b);
/* Loads, binds, and expects exactly these lines (NULL-terminated). */
void expect_lines(const char *path, const char *const *overrides, const char *const *lines);
/* b.yaml with this text gives this one line. */
void expect_line(const char *text, const char *line);
/* Loads and binds without an error. */
void expect_good(struct bound *b, const char *path, const char *const *overrides);

#endif
