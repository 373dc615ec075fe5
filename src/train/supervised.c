/* supervised: the static net by cross-entropy, with label smoothing (Szegedy et al. 2016), a moving average of the
 * weights, and distillation from a teacher (Hinton et al. 2015):
 *   loss = (1 - alpha) CE(z, y) + alpha T^2 CE(z / T, softmax(z_teacher / T)) */
#include "train/loop.h"

#include <math.h>

struct distill_cfg {
    const char *from;
    double temperature, alpha;
};
struct supervised_cfg {
    int64_t epochs;
    double label_smoothing, ema;
    struct distill_cfg distill;
};
struct supervised {
    struct dt_net *teacher; /* NULL: none */
    struct dt_setup teacher_setup;
};

static const struct dt_opt distill_opts[] = {
    DT_STR(struct distill_cfg, from, "", "teacher: a checkpoint, a run directory or a config; empty: none"),
    DT_REAL(struct distill_cfg, temperature, "4", 0.01, 1000, "by which both logits are divided"),
    DT_REAL(struct distill_cfg, alpha, "0.9", 0, 1, "share of the teacher in the loss"),
    DT_OPT_END,
};

static const struct dt_opt opts[] = {
    DT_INT(struct supervised_cfg, epochs, "40", 1, 1000000, "passes over the training images"),
    DT_REAL(struct supervised_cfg, label_smoothing, "0", 0, 0.99, "share of the target spread over all classes"),
    DT_REAL(struct supervised_cfg, ema, "0", 0, 0.999999, "decay of the weights' moving average; 0: off"),
    DT_SECTION(struct supervised_cfg, distill, distill_opts, "learning from another network"),
    DT_OPT_END,
};

static int64_t epochs(const struct dt_train *t, int phase)
{
    const struct supervised_cfg *cfg = t->cfg;

    (void)phase;
    return cfg->epochs;
}

static enum dt_code open_teacher(struct dt_train *t)
{
    const struct supervised_cfg *cfg = t->cfg;
    struct supervised *s = t->state;
    char path[DT_PATH];

    if (!*cfg->distill.from || s->teacher ||
        (t->loop->dir.path[0] == '\0' && !t->loop->job->dry_run)) /* a model to look at needs none */
        return DT_OK;
    if (dt_checkpoint_of(t->loop, "supervised.distill.from", cfg->distill.from, path) == DT_OK)
        s->teacher = *path ? dt_teacher_open(t->loop, path, &s->teacher_setup)
                           : dt_teacher_untrained(t->loop, cfg->distill.from, &s->teacher_setup);
    return t->err.code;
}

static enum dt_code open(struct dt_train *t)
{
    const struct supervised_cfg *cfg = t->cfg;

    if (open_teacher(t) || dt_train_group(t, "net", &t->set->optim))
        return t->err.code;
    dt_train_ema(t, cfg->ema);
    return t->err.code;
}

/* Mean cross-entropy with the teacher's softened answer, no gradient into the teacher. */
static struct dt_tensor *distill_loss(struct dt_train *t, const struct dt_batch *b, struct dt_tensor *x,
                                      struct dt_tensor *logits)
{
    const struct supervised_cfg *cfg = t->cfg;
    struct supervised *s = t->state;
    struct dt_run run = { .tape = t->tape, .exec = DT_MASK, .n = b->n };
    double cool = 1 / cfg->distill.temperature;
    struct dt_tensor *soft;

    dt_tape_no_grad(t->tape, true);
    soft = dt_softmax(t->tape, dt_affine(t->tape, dt_net_forward(s->teacher, &run, x), cool, 0));
    dt_tape_no_grad(t->tape, false);
    return dt_mean(t->tape, dt_cross_entropy(t->tape, dt_affine(t->tape, logits, cool, 0), NULL, soft, NULL, 0));
}

static void count(struct dt_train *t, const struct dt_batch *b, const struct dt_tensor *logits, double loss)
{
    int classes = logits->shape.d[1];

    for (int i = 0; i < b->n; i++)
        t->correct_sum += dt_logit_rank(logits->data + (int64_t)i * classes, classes, b->label[i]) == 0;
    t->loss_sum += loss * b->n;
    t->seen += b->n;
}

static enum dt_code step(struct dt_train *t, const struct dt_batch *b)
{
    const struct supervised_cfg *cfg = t->cfg;
    const struct supervised *s = t->state;
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = {
        .tape = t->tape, .exec = DT_MASK, .training = true, .n = b->n, .rng = dt_train_rng(t, DT_STREAM_DROPOUT)
    };
    struct dt_tensor *x = dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x);
    struct dt_tensor *logits = dt_net_forward(t->net, &run, x);
    struct dt_tensor *loss =
        dt_mean(t->tape, dt_cross_entropy(t->tape, logits, b->label, NULL, NULL, cfg->label_smoothing));
    double alpha = cfg->distill.alpha, heat = cfg->distill.temperature;

    if (s->teacher)
        loss = dt_add(t->tape, dt_affine(t->tape, loss, 1 - alpha, 0),
                      dt_affine(t->tape, distill_loss(t, b, x, logits), alpha * heat * heat, 0), DT_LINEAR);
    if (dt_backward(t->tape, loss)) {
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
        return t->err.code;
    }
    if (dt_train_update(t, (double)loss->data[0]))
        return t->err.code;
    count(t, b, logits, (double)loss->data[0]);
    return DT_OK;
}

static void close(struct dt_train *t)
{
    struct supervised *s = t->state;

    dt_net_free(s->teacher);
    dt_setup_free(&s->teacher_setup);
}

static const struct dt_phase phases[] = {
    { .name = "train", .open = open, .step = step },
    { .name = NULL },
};

const struct dt_method dt_method_supervised = {
    .name = "supervised",
    .summary = "a static network by cross-entropy; label smoothing, weight averaging, distillation",
    .opts = opts,
    .cfg_size = sizeof(struct supervised_cfg),
    .phase = phases,
    .epochs = epochs,
    .state_size = sizeof(struct supervised),
    .close = close,
};
