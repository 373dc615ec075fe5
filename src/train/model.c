/* Out of a checkpoint: its settings, and the net they describe with its weights. */
#include "train/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which file ---- */

enum dt_code dt_checkpoint_in(const char *path, char file[DT_PATH], struct dt_err *err)
{
    static const char *const names[] = { "ckpt/last.h5", "model.h5" }; /* of a run; of a run that is kept */
    size_t n = strlen(path);
    struct stat st;

    if (n + sizeof "/ckpt/last.h5" > DT_PATH) {
        dt_fail(err, DT_ECHECKPOINT, "%.80s...: the path is too long", path);
        return err->code;
    }
    if (stat(path, &st)) {
        dt_fail(err, DT_ECHECKPOINT, "%s: %s", path, strerror(errno));
        return err->code;
    }
    memcpy(file, path, n + 1);
    if (!S_ISDIR(st.st_mode))
        return DT_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file + n, DT_PATH - n, "/%s", names[i]);
        if (access(file, F_OK) == 0)
            return DT_OK;
    }
    dt_fail(err, DT_ECHECKPOINT, "%s: no checkpoint in it (neither ckpt/last.h5 nor model.h5)", path);
    return err->code;
}

/* ---- settings ---- */

/* The config reader takes files, for its messages name them; the text gets one for as long as it is read. */
static bool write_temporary(const char *text, char path[DT_PATH], struct dt_err *err)
{
    const char *tmp = getenv("TMPDIR");
    size_t n = strlen(text);
    ssize_t done;
    int fd;

    snprintf(path, DT_PATH, "%s/dyntrain-config-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    if (fd < 0)
        return dt_fail(err, DT_ERESOURCE, "%s: cannot be made: %s", path, strerror(errno));
    done = write(fd, text, n);
    if (close(fd) == 0 && done == (ssize_t)n)
        return true;
    unlink(path);
    return dt_fail(err, DT_ERESOURCE, "%s: cannot be written", path);
}

enum dt_code dt_setup_of_checkpoint(struct dt_setup *s, struct dt_ckpt *c, const char *path, int n_overrides,
                                    const char *const *overrides, const struct dt_method *const *methods,
                                    struct dt_err *err)
{
    struct dt_arena *arena = dt_arena_new(0, err);
    const char *text = arena ? dt_ckpt_get_text(c, "/config", arena) : NULL;
    char file[DT_PATH];

    *s = (struct dt_setup){ 0 };
    if (!text)
        dt_fail(err, dt_ckpt_err(c)->code ? dt_ckpt_err(c)->code : DT_ENOMEM, "%s: no config in it", path);
    else if (write_temporary(text, file, err)) {
        struct dt_err inner = { 0 };

        if (dt_setup_load(s, file, n_overrides, overrides, methods, &inner))
            dt_fail(err, inner.code, "config in %s: %.300s", path, inner.msg);
        unlink(file);
    }
    dt_arena_free(arena);
    return err->code;
}

/* ---- a net to learn from ---- */

static struct dt_net *open_net(struct dt_loop *l, struct dt_ckpt *c, const char *path, struct dt_setup *s)
{
    struct dt_net *net;

    if (dt_setup_of_checkpoint(s, c, path, 0, NULL, l->job->methods, &l->t.err))
        return NULL;
    net = dt_session_net(l, s, false, &l->t.err);
    if (!net)
        return NULL;
    if (dt_weights_get(net, c, "/model", true, path, &l->t.err)) {
        dt_net_free(net);
        return NULL;
    }
    dt_module_freeze(dt_net_root(net), true);
    return net;
}

struct dt_net *dt_teacher_open(struct dt_loop *l, const char *path, struct dt_setup *s)
{
    struct dt_ckpt *c = dt_ckpt_open(path, &l->t.err);
    struct dt_net *net = c ? open_net(l, c, path, s) : NULL;

    dt_ckpt_free(c);
    return net;
}

struct dt_net *dt_teacher_untrained(struct dt_loop *l, const char *config, struct dt_setup *s)
{
    struct dt_net *net;

    if (dt_setup_load(s, config, 0, NULL, l->job->methods, &l->t.err))
        return NULL;
    net = dt_session_net(l, s, false, &l->t.err);
    if (net)
        dt_module_freeze(dt_net_root(net), true);
    return net;
}

/* ---- a model to look at ---- */

struct dt_model {
    struct dt_loop loop;
    struct dt_job job;
    enum dt_model_data needs;
    struct dt_data_info info; /* where the data set is not opened */
};

/* What the checkpoint, or else the config, says of the data set, where that is enough. */
static bool describe(struct dt_model *m, struct dt_ckpt *c, const char *file, struct dt_err *err)
{
    struct dt_loop *l = &m->loop;

    if (m->needs == DT_MODEL_IMAGES)
        return true;
    dt_data_shape(&l->setup.set.data, &m->info);
    if (dt_ckpt_has(c, "/data/shape")) {
        l->described = &m->info;
        return dt_describe_get(c, file, l->setup.arena, &m->info, err);
    }
    if (m->needs == DT_MODEL_SHAPE && m->info.classes > 0) {
        for (int i = 0; i < m->info.c; i++)
            m->info.std[i] = 1;
        l->described = &m->info;
    }
    return true;
}

static enum dt_code open_model(struct dt_model *m, const char *path, int n_overrides, const char *const *overrides,
                               struct dt_err *err)
{
    struct dt_loop *l = &m->loop;
    struct dt_ckpt *c;
    char file[DT_PATH];

    if (dt_checkpoint_in(path, file, err))
        return err->code;
    c = dt_ckpt_open(file, err);
    if (!c)
        return err->code;
    if (dt_setup_of_checkpoint(&l->setup, c, file, n_overrides, overrides, m->job.methods, err) == DT_OK &&
        describe(m, c, file, err) && (dt_session_open(l) || dt_loop_load_model(l, c, file)))
        *err = l->t.err;
    dt_ckpt_free(c);
    return err->code;
}

struct dt_model *dt_model_open(const char *path, enum dt_model_data data, const struct dt_method *const *methods,
                               int n_overrides, const char *const *overrides, struct dt_err *err)
{
    struct dt_model *m = dt_calloc(1, sizeof *m);

    if (!m) {
        dt_fail(err, DT_ENOMEM, "out of memory for a model");
        return NULL;
    }
    m->job = (struct dt_job){ .methods = methods, .command = "" };
    m->needs = data;
    m->loop.job = &m->job;
    if (open_model(m, path, n_overrides, overrides, err) == DT_OK)
        return m;
    dt_model_close(m);
    return NULL;
}

void dt_model_close(struct dt_model *m)
{
    if (m)
        dt_session_close(&m->loop);
    dt_free(m);
}

struct dt_train *dt_model_train(struct dt_model *m)
{
    return &m->loop.t;
}
