/* What a run starts from: a checkpoint, a run directory, or another config. Of a config the run is looked up by the
 * hash of its settings, resumed first when it is unfinished and trained first when there is none, so that one command
 * is always enough; by one process at a time, others are refused. data.dir, run.* and the seed are passed on. */
#include "train/loop.h"

#include <math.h>
#include <string.h>

enum { MAX_PASSED = 16 };

static bool is_config(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static const struct dt_opt *find_row(const struct dt_opt *table, const char *name)
{
    while (strcmp(table->name, name))
        table++;
    return table;
}

static const char *override_of(struct dt_loop *l, const char *prefix, const struct dt_opt *row, const void *src)
{
    char text[DT_PATH];

    return dt_arena_printf(l->setup.arena, "%s%s=%s", prefix, row->name, dt_opt_print(row, src, text, sizeof text));
}

/* The overrides for the inner run; 0: out of memory. */
static int pass_on(struct dt_loop *l, const char *passed[MAX_PASSED])
{
    const struct dt_settings *set = &l->setup.set;
    int n = 0;

    passed[n++] = override_of(l, "", find_row(dt_settings_opts, "seed"), set);
    if (set->data.dir && *set->data.dir)
        passed[n++] = override_of(l, "data.", find_row(dt_data_opts, "dir"), &set->data);
    for (const struct dt_opt *row = find_row(dt_settings_opts, "run")->section; row->name; row++) {
        DT_ASSERT(n < MAX_PASSED);
        passed[n++] = override_of(l, "run.", row, &set->run);
    }
    for (int i = 0; i < n; i++)
        if (!passed[i]) {
            dt_fail(&l->t.err, DT_ENOMEM, "out of memory for the settings");
            return 0;
        }
    return n;
}

/* A run of a config that this one names. */
struct inner {
    struct dt_setup setup;
    struct dt_job job;
    const char *key, *config; /* who names it, and which */
    char hash[65], run[DT_PATH];
    bool found, finished;
};

static enum dt_code load_inner(struct dt_loop *l, struct inner *in)
{
    const struct dt_job *job = &in->job;

    if (dt_setup_load(&in->setup, in->config, job->n_overrides, job->overrides, job->methods, &l->t.err))
        return l->t.err.code;
    dt_setup_hash(&in->setup, in->hash);
    for (const struct dt_loop *p = l; p; p = p->parent)
        if (!strcmp(p->config_hash, in->hash))
            dt_fail(&l->t.err, DT_ECONFIG, "%s: %s: configs name each other in a circle", in->key, in->config);
    return l->t.err.code;
}

static void find_inner(struct inner *in)
{
    in->found =
        dt_rundir_find(in->setup.set.run.dir, in->setup.set.name, in->hash, in->run, sizeof in->run, &in->finished);
}

/* Trains or resumes it, with talk and progress lent to it. */
static enum dt_code run_inner(struct dt_loop *l, struct inner *in)
{
    struct dt_outcome out = { .run = "" };
    enum dt_code code;

    dt_log(DT_INFO, "%s: %s is %s first", in->key, in->found ? in->run : in->config, in->found ? "resumed" : "trained");
    dt_progress_clear(l->progress);
    in->job.run_path = in->run;
    code = in->found ? dt_job_resume(&in->job, l, &out, &l->t.err) : dt_job_train(&in->job, l, &out, &l->t.err);
    dt_log_file(l->log);
    snprintf(in->run, sizeof in->run, "%s", out.run);
    return code;
}

/* As long as somebody else trains it this run cannot begin. */
static enum dt_code claim(struct dt_loop *l, struct inner *in, struct dt_claim *c)
{
    struct dt_err err = { .code = DT_OK };

    if (dt_rundir_claim(c, in->setup.set.run.dir, in->setup.set.name, in->hash, &err))
        dt_fail(&l->t.err, err.code, "%s: %s: %.200s; when that is done: dyntrain resume %s", in->key, in->config,
                err.msg, l->dir.path);
    return err.code;
}

static enum dt_code finish_inner(struct dt_loop *l, struct inner *in)
{
    struct dt_claim c;

    if (claim(l, in, &c))
        return l->t.err.code;
    find_inner(in); /* once more: somebody may have trained it since */
    if (!in->finished)
        (void)(run_inner(l, in) == DT_OK);
    dt_rundir_unclaim(&c);
    return l->t.err.code;
}

/* Whether it can be trained, and with how much memory. */
static enum dt_code try_inner(struct dt_loop *l, struct inner *in)
{
    struct dt_outcome out;
    struct dt_err err = { .code = DT_OK };

    in->job.dry_run = true;
    if (dt_job_train(&in->job, l, &out, &err))
        dt_fail(&l->t.err, err.code, "%s: %s: %.400s", in->key, in->config, err.msg);
    l->memory_of_named = fmax(l->memory_of_named, out.memory);
    return err.code;
}

static enum dt_code run_of_config(struct dt_loop *l, const char *key, const char *from, char path[DT_PATH])
{
    const char *passed[MAX_PASSED];
    struct inner in = { .key = key, .config = from };

    in.job = (struct dt_job){
        .config_path = from, .overrides = passed, .methods = l->job->methods, .command = l->job->command
    };
    in.job.n_overrides = pass_on(l, passed);
    if (in.job.n_overrides == 0)
        return l->t.err.code;
    if (load_inner(l, &in) == DT_OK) {
        find_inner(&in);
        if (!in.finished)
            (void)((l->job->dry_run ? try_inner(l, &in) : finish_inner(l, &in)) == DT_OK);
        if (!l->t.err.code && (in.finished || !l->job->dry_run))
            snprintf(path, DT_PATH, "%.900s/ckpt/last.h5", in.run);
    }
    dt_setup_free(&in.setup);
    return l->t.err.code;
}

enum dt_code dt_checkpoint_of(struct dt_loop *l, const char *key, const char *from, char path[DT_PATH])
{
    path[0] = '\0';
    return is_config(from) ? run_of_config(l, key, from, path) : dt_checkpoint_in(from, path, &l->t.err);
}

enum dt_code dt_pretrained_load(struct dt_loop *l)
{
    const char *from = l->setup.set.pretrained;
    bool policy = l->t.method->policy_pretrained && l->t.method->policy_pretrained(&l->t);
    char path[DT_PATH];
    struct dt_ckpt *c;

    if (!from || !*from)
        return DT_OK;
    if (dt_checkpoint_of(l, "pretrained", from, path) || !*path) /* dry run: no run of that config yet */
        return l->t.err.code;
    c = dt_ckpt_open(path, &l->t.err);
    if (c && dt_weights_get(l->t.net, c, "/model", !policy, path, &l->t.err) == DT_OK)
        dt_log(DT_INFO, "starting from %s%s", path, policy ? ", its policy included" : "");
    dt_ckpt_free(c);
    return l->t.err.code;
}
