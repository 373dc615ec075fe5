/* arch: which value every choice has. An empty arch (n = 0) is the full net, exits passed. */
#include "nn/net.h"
#include "nn/run.h"

static int full_value(const struct dt_choice *c)
{
    return c->kind == DT_EXIT ? DT_PASS : c->max;
}

struct dt_arch dt_arch_full(struct dt_tape *tape, const struct dt_space *space, int rows)
{
    struct dt_arch arch = { .rows = rows, .n = space->n };
    size_t bytes;

    if (!dt_mul_size((size_t)rows * sizeof *arch.value, (size_t)space->n, &bytes) || space->n == 0)
        return (struct dt_arch){ 0 };
    arch.value = dt_tape_alloc(tape, bytes);
    if (!arch.value)
        return (struct dt_arch){ 0 };
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < space->n; i++)
            arch.value[(size_t)r * (size_t)space->n + (size_t)i] = full_value(&space->choice[i]);
    return arch;
}

static int at_row(const struct dt_arch *arch, int row, int choice)
{
    return arch->value[(size_t)(arch->rows == 1 ? 0 : row) * (size_t)arch->n + (size_t)choice];
}

int dt_run_value(const struct dt_run *run, int choice, int i)
{
    const struct dt_space *space = &run->net->space;

    DT_ASSERT(choice >= 0 && choice < space->n && i >= 0 && i < run->n);
    return run->arch.n ? at_row(&run->arch, run->row ? run->row[i] : i, choice) : full_value(&space->choice[choice]);
}

bool dt_run_shrinks(const struct dt_run *run, int choice, int *width)
{
    int max = run->net->space.choice[choice].max;

    if (run->exec == DT_MASK || run->training || run->arch.n == 0)
        return false;
    for (int r = 1; r < run->arch.rows; r++)
        if (at_row(&run->arch, r, choice) != at_row(&run->arch, 0, choice))
            return false;
    *width = dt_width(at_row(&run->arch, 0, choice));
    return *width < max;
}

bool dt_run_shrunk(const struct dt_run *run)
{
    const struct dt_space *space = &run->net->space;
    int width;

    for (int i = 0; i < space->n; i++)
        if (space->choice[i].kind == DT_WIDTH && dt_run_shrinks(run, i, &width))
            return true;
    return false;
}

bool dt_arch_check(struct dt_run *run)
{
    const struct dt_space *space = &run->net->space;
    const struct dt_arch *arch = &run->arch;

    if (arch->n == 0)
        return true;
    DT_ASSERT(arch->n == space->n && (arch->rows == 1 || arch->rows == run->n));
    for (int r = 0; r < arch->rows; r++)
        for (int i = 0; i < arch->n; i++)
            if (at_row(arch, r, i) < 0 || at_row(arch, r, i) > space->choice[i].max) {
                dt_tape_fail(run->tape, DT_ESHAPE, "%s: choice %d is outside 0..%d", space->choice[i].path,
                             at_row(arch, r, i), space->choice[i].max);
                return false;
            }
    return true;
}
