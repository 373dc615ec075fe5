/* segment: a stretch of the tape whose activations are dropped when its forward pass is over, and computed again when
 * the reverse sweep comes to it (checkpointing; Chen et al. 2016, "Training deep nets with sublinear memory cost"): the
 * memory of one segment in place of all, for one more forward pass. Of a segment its result alone is kept, so nothing
 * behind it may use another of its tensors: they have no data any more. The numbers are the same to the bit. */
#include "autograd/tape.h"

#include <string.h>

enum { FIRST_CAP = 32 };

void dt_tape_recompute(struct dt_tape *t, bool on)
{
    t->recompute = on;
}

bool dt_tape_recomputes(const struct dt_tape *t)
{
    return t->recompute;
}

int dt_tape_n_segments(const struct dt_tape *t)
{
    return t->n_segments;
}

bool dt_node_again(const struct dt_node *n)
{
    return n->tape->again_now;
}

bool dt_segment_begin(struct dt_tape *t)
{
    if (!t->recompute || t->in_segment || t->err.code)
        return false;
    t->in_segment = true;
    t->first = t->n_nodes;
    return true;
}

static void note(struct dt_tape *t, struct dt_segment s)
{
    if (t->n_segments == t->segment_cap) {
        int cap = t->segment_cap ? 2 * t->segment_cap : FIRST_CAP;
        struct dt_segment *grown = dt_realloc(t->segment, (size_t)cap * sizeof *grown);

        if (!grown) {
            dt_tape_fail(t, DT_ENOMEM, "out of memory for the segments of a tape");
            return;
        }
        t->segment = grown;
        t->segment_cap = cap;
    }
    t->segment[t->n_segments++] = s;
}

struct copy {
    char *to;
    const char *from;
};

static void copy_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct copy *c = ctx;

    (void)chunk;
    memcpy(c->to + begin, c->from + begin, (size_t)(end - begin));
}

/* The result moves to where activations are that stay. */
static void keep(struct dt_tape *t, struct dt_tensor *out)
{
    int64_t bytes = dt_numel(&out->shape) * (int64_t)dt_dtype_size(out->dtype);
    struct copy c = { .to = dt_arena_alloc(t->large, (size_t)bytes), .from = dt_at(out, 0) };

    if (!c.to) {
        dt_node_fail(out->node, DT_ENOMEM, "out of memory for %lld bytes", (long long)bytes);
        return;
    }
    dt_par_for(bytes, (int64_t)DT_GRAIN * (int64_t)sizeof(dt_real), copy_chunk, &c);
    if (out->dtype == DT_BF16)
        out->half = (dt_bf16 *)(void *)c.to;
    else
        out->data = (dt_real *)(void *)c.to;
}

/* All but the result: who uses one of them trips. */
static void forget(struct dt_tape *t, struct dt_segment s)
{
    for (int i = s.begin; i < s.end; i++)
        if (t->node[i]->out != s.out) {
            t->node[i]->out->data = NULL;
            t->node[i]->out->half = NULL;
        }
    dt_arena_reset(t->again);
}

void dt_segment_end(struct dt_tape *t, struct dt_tensor *out)
{
    struct dt_segment s = { .begin = t->first, .end = t->n_nodes, .out = out };

    t->in_segment = false;
    if (t->err.code || s.begin == s.end)
        return;
    if (!out || !out->node || out->node->index < s.begin)
        s.out = NULL; /* nothing of it is needed: what comes out came in */
    DT_ASSERT(!s.out || dt_tensor_owner(s.out) == s.out);
    if (!t->dry && s.out)
        keep(t, s.out);
    if (!t->dry)
        forget(t, s);
    if (s.out && s.out->wants_grad)
        note(t, s);
}

/* ---- the reverse sweep ---- */

static void compute_again(struct dt_tape *t, struct dt_segment s)
{
    t->again_now = true;
    for (int i = s.begin; i < s.end && !t->err.code; i++) {
        struct dt_node *n = t->node[i];
        struct dt_profile_mark mark = dt_profile_begin(t);

        if (n->out != s.out && !dt_node_place(n))
            return;
        n->op->forward(n);
        dt_profile_end(n, mark, DT_PROFILE_AGAIN);
    }
}

void dt_segment_leave(struct dt_tape *t)
{
    if (t->again_now)
        forget(t, t->segment[t->at_segment]);
    t->again_now = false;
}

void dt_segment_enter(struct dt_tape *t, int node)
{
    int i = t->at_segment;

    if (t->again_now && node >= t->segment[i].begin)
        return;
    dt_segment_leave(t);
    while (i >= 0 && node < t->segment[i].begin)
        i--;
    t->at_segment = i;
    if (i >= 0 && node < t->segment[i].end)
        compute_again(t, t->segment[i]);
}
