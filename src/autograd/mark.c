/* mark: a dry trace for those who compile it: its nodes, and which of them hang on which choice. */
#include "autograd/tape.h"

enum { FIRST_CAP = 32 };

void dt_tape_mark(struct dt_tape *t, const struct dt_mark *m)
{
    if (!t->dry || t->err.code)
        return;
    DT_ASSERT(m->begin <= m->end && m->end <= t->n_nodes);
    if (t->n_marks == t->mark_cap) {
        int cap = t->mark_cap ? 2 * t->mark_cap : FIRST_CAP;
        struct dt_mark *grown = dt_realloc(t->mark, (size_t)cap * sizeof *grown);

        if (!grown) {
            dt_tape_fail(t, DT_ENOMEM, "out of memory for the marks of a trace");
            return;
        }
        t->mark = grown;
        t->mark_cap = cap;
    }
    t->mark[t->n_marks++] = *m;
}

int dt_tape_n_marks(const struct dt_tape *t)
{
    return t->n_marks;
}

const struct dt_mark *dt_tape_mark_at(const struct dt_tape *t, int i)
{
    DT_ASSERT(i >= 0 && i < t->n_marks);
    return &t->mark[i];
}

const struct dt_node *dt_tape_node(const struct dt_tape *t, int i)
{
    DT_ASSERT(i >= 0 && i < t->n_nodes);
    return t->node[i];
}
