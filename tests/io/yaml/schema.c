#include "schema.h"

#include <float.h>
#include <string.h>

static const char *const schedules[] = { "constant", "cosine", "step", NULL };
static const struct dt_opt schedule_opts[] = {
    DT_PICK(struct schedule, name, "constant", schedules, "shape of the rate"),
    DT_REAL(struct schedule, warmup, "0", 0, DBL_MAX, "epochs"),
    DT_REALS(struct schedule, steps, "[]", 0, DBL_MAX, "epochs"),
    DT_OPT_END,
};
static const struct dt_opt optim_opts[] = {
    DT_REAL(struct optim, lr, "0.1", DBL_MIN, DBL_MAX, "learning rate"),
    DT_BOOL(struct optim, nesterov, "true", "look ahead"),
    DT_SECTION(struct optim, schedule, schedule_opts, "of the rate"),
    DT_OPT_END,
};
static const struct dt_opt budget_opts[] = {
    DT_REAL(struct budget, target, "0.5", 0, 1, "share of the full cost"),
    DT_REALS(struct budget, range, "[0.25, 1]", 0, 1, "shares"),
    DT_OPT_END,
};
static const struct dt_opt settings_opts[] = {
    DT_INT(struct settings, version, NULL, 1, 1, "of the schema"),
    DT_INT(struct settings, seed, "1", 0, 4294967295.0, "of all that is random"),
    DT_STR(struct settings, name, "run", "of the folder"),
    DT_STR(struct settings, pretrained, "", "a checkpoint or a config"),
    DT_STRS(struct settings, tags, "[]", "words to find it by"),
    DT_SECTION(struct settings, optim, optim_opts, "the optimiser"),
    DT_SECTION(struct settings, budget, budget_opts, "what may be spent"),
    DT_OPT_END,
};
static const struct dt_opt method_opts[] = {
    DT_REAL(struct method, gamma, "0.99", 0, 1, "discount"),
    DT_INT(struct method, agents, NULL, 1, 8, "how many"),
    DT_OPT_END,
};
static const struct dt_opt other_opts[] = {
    DT_REAL(struct method, gamma, "1", 0, 1, "another thing"),
    DT_REAL(struct method, agents, "1", 0, 1, "another thing"),
    DT_OPT_END,
};

void load(struct bound *b, const char *path, const char *const *overrides)
{
    int n = 0;

    memset(b, 0, sizeof *b);
    while (overrides && overrides[n])
        n++;
    b->part[0] = (struct dt_config_part){ .section = "", .table = settings_opts, .dst = &b->set };
    b->part[1] = (struct dt_config_part){ .section = "budgetnet", .table = method_opts, .dst = &b->method };
    b->part[2] = (struct dt_config_part){ .section = "bsn", .table = other_opts, .foreign = true };
    b->config = dt_config_load(path, n, overrides, &b->err);
    ck_assert_ptr_nonnull(b->config);
    dt_test_ok(&b->err);
}

void bind(struct bound *b)
{
    b->code = dt_config_bind(b->config, b->part, N_PARTS, &b->err);
}

void expect_lines(const char *path, const char *const *overrides, const char *const *lines)
{
    struct bound b;
    int n = 0;

    load(&b, path, overrides);
    bind(&b);
    for (; n < dt_config_n_errors(b.config); n++) {
        ck_assert_msg(lines[n] != NULL, "not expected: %s", dt_config_error(b.config, n));
        ck_assert_str_eq(dt_config_error(b.config, n), lines[n]);
    }
    ck_assert_msg(!lines[n], "missing: %s", lines[n]);
    ck_assert_int_eq(b.code, n ? DT_ECONFIG : DT_OK);
    ck_assert_int_eq(b.err.code, b.code);
    if (n)
        ck_assert_int_eq(strncmp(b.err.msg, lines[0], strlen(lines[0])), 0);
    dt_config_free(b.config);
}

void expect_line(const char *text, const char *line)
{
    write_text("b.yaml", text);
    expect_lines("b.yaml", NULL, (const char *[]){ line, NULL });
}

void expect_good(struct bound *b, const char *path, const char *const *overrides)
{
    load(b, path, overrides);
    bind(b);
    dt_test_ok(&b->err);
    ck_assert_int_eq(b->code, DT_OK);
    ck_assert_int_eq(dt_config_n_errors(b->config), 0);
}
