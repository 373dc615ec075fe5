/* What a run starts from: a checkpoint, a run directory, or another config. Of a config the run is looked up by the
 * hash of its settings, resumed first when it is unfinished and trained first when there is none, so that one command
 * is always enough. data.dir, run.* and the seed are passed on. */
#include "train/loop.h"

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

/* Trains or resumes the inner run, with talk and progress lent to it. */
static enum dt_code run_job(struct dt_loop *l, const struct dt_job *job, char run[DT_PATH])
{
    struct dt_outcome out = { .run = "" };
    enum dt_code code;

    dt_progress_clear(l->progress);
    code = job->run_path ? dt_job_resume(job, l, &out, &l->t.err) : dt_job_train(job, l, &out, &l->t.err);
    dt_log_file(l->log);
    snprintf(run, DT_PATH, "%s", out.run);
    return code;
}

static enum dt_code run_of_config(struct dt_loop *l, const char *key, const char *from, char path[DT_PATH])
{
    const char *passed[MAX_PASSED];
    struct dt_job job = {
        .config_path = from, .overrides = passed, .methods = l->job->methods, .command = l->job->command
    };
    struct dt_setup inner;
    char hash[65], run[DT_PATH];
    bool finished = false, found = false;

    job.n_overrides = pass_on(l, passed);
    if (job.n_overrides == 0)
        return l->t.err.code;
    if (dt_setup_load(&inner, from, job.n_overrides, passed, job.methods, &l->t.err) == DT_OK) {
        dt_setup_hash(&inner, hash);
        for (const struct dt_loop *p = l; p; p = p->parent)
            if (!strcmp(p->config_hash, hash))
                dt_fail(&l->t.err, DT_ECONFIG, "%s: %s: configs name each other in a circle", key, from);
        found = dt_rundir_find(inner.set.run.dir, inner.set.name, hash, run, sizeof run, &finished);
    }
    dt_setup_free(&inner);
    if (l->t.err.code || (l->job->dry_run && !finished))
        return l->t.err.code;
    if (!finished) {
        job.run_path = found ? run : NULL;
        dt_log(DT_INFO, "%s: %s is %s first", key, found ? run : from, found ? "resumed" : "trained");
        if (run_job(l, &job, run))
            return l->t.err.code;
    }
    snprintf(path, DT_PATH, "%.900s/ckpt/last.h5", run);
    return DT_OK;
}

enum dt_code dt_checkpoint_of(struct dt_loop *l, const char *key, const char *from, char path[DT_PATH])
{
    path[0] = '\0';
    return is_config(from) ? run_of_config(l, key, from, path) : dt_checkpoint_in(from, path, &l->t.err);
}

enum dt_code dt_pretrained_load(struct dt_loop *l)
{
    const char *from = l->setup.set.pretrained;
    char path[DT_PATH];
    struct dt_ckpt *c;

    if (!from || !*from)
        return DT_OK;
    if (dt_checkpoint_of(l, "pretrained", from, path) || !*path) /* dry run: no run of that config yet */
        return l->t.err.code;
    c = dt_ckpt_open(path, &l->t.err);
    if (c && dt_weights_get(l->t.net, c, "/model", true, path, &l->t.err) == DT_OK)
        dt_log(DT_INFO, "starting from %s", path);
    dt_ckpt_free(c);
    return l->t.err.code;
}
