/* The whole case table, in the order of its parts. */
#include "op_case.h"

static const struct op_case_list *const part[] = { &cases_batch,     &cases_conv, &cases_loss, &cases_norm,
                                                   &cases_pointwise, &cases_pool, &cases_shape };
enum { N_PARTS = sizeof part / sizeof part[0] };

int op_case_count(void)
{
    int n = 0;

    for (int i = 0; i < N_PARTS; i++)
        n += part[i]->n;
    return n;
}

const struct op_case *op_case_at(int i)
{
    int p = 0;

    while (i >= part[p]->n)
        i -= part[p++]->n;
    return &part[p]->c[i];
}

int op_case_n_in(const struct op_case *c)
{
    int n = 0;

    while (n < CASE_MAX_IN && c->in[n].domain != NO_INPUT)
        n++;
    return n;
}
