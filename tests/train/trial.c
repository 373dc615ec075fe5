#include "trial.h"

#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { MAX_OVERRIDES = 24 };

/* ---- the method that raises signals ---- */

enum { MAX_PHASES = 8 };

static const struct dt_method *inner = &dt_method_supervised;
static void (*watch)(int64_t step);
static int raised_signal, raised_at, poisoned_at, poisoned;

static enum dt_code poisoned_step(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_shape in = dt_net_input(t->net);
    int64_t n = b->n * dt_numel(&in);
    dt_real *x = dt_malloc((size_t)n * sizeof *x);
    struct dt_batch copy = *b;
    enum dt_code code;

    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < n; i++)
        x[i] = (dt_real)NAN;
    copy.x = x;
    code = inner->phase[t->phase].step(t, &copy);
    dt_free(x);
    return code;
}

static enum dt_code step(struct dt_train *t, const struct dt_batch *b)
{
    enum dt_code code;
    bool poison = t->step + 1 >= poisoned_at && t->step + 1 < poisoned_at + poisoned;

    if (watch)
        watch(t->step);
    code = poison ? poisoned_step(t, b) : inner->phase[t->phase].step(t, b);

    if (raised_signal && t->step + 1 == raised_at)
        raise(abs(raised_signal));
    if (raised_signal < 0 && t->step + 1 == raised_at)
        raise(-raised_signal);
    return code;
}

static struct dt_phase phases[MAX_PHASES];
static struct dt_method raising;
const struct dt_method *trial_methods[] = { &raising, NULL, NULL };

/* The method with the step above; it keeps the name, so that runs are exchangeable. */
static void make_method(void)
{
    int n = 0;

    raising = *inner;
    raising.phase = phases;
    do {
        DT_ASSERT(n < MAX_PHASES); /* no Check here: a child has no test */
        phases[n] = inner->phase[n];
        phases[n].step = step;
    } while (inner->phase[n++].name);
    trial_methods[1] = inner == &dt_method_supervised ? NULL : &dt_method_supervised;
}

void trial_use(const struct dt_method *method)
{
    inner = method;
}

void trial_raise(int signal, int at)
{
    raised_signal = signal;
    raised_at = at;
}

void trial_watch(void (*fn)(int64_t step))
{
    watch = fn;
}

void trial_poison(int at, int times)
{
    poisoned_at = at;
    poisoned = times;
}

/* ---- runs ---- */

void trial_write(struct trial *t, const char *name, const char *text)
{
    char path[640];
    FILE *f = fopen(trial_path(t->dir, name, path), "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void trial_open(struct trial *t)
{
    memset(t, 0, sizeof *t);
    dt_test_mkdir(t->dir);
    make_method();
    trial_raise(0, 0);
    trial_poison(0, 0);
    trial_watch(NULL);
    dt_log_level(DT_QUIET);
    snprintf(t->config, sizeof t->config, "%s/small.yaml", t->dir);
    snprintf(t->root, sizeof t->root, "%s/runs", t->dir);
    trial_write(t, "small.yaml",
                "version: 1\n"
                "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1, augment: {crop_pad: 1, hflip: true},\n"
                "       synth: {train: 200, test: 40, size: 8}}\n"
                "model: {arch: resnet8, width: 4}\n"
                "optim: {lr: 0.1, schedule: {name: cosine, warmup: 1}}\n"
                "supervised: {epochs: 3}\n"
                "log: {every_steps: 1}\n"
                "run: {threads: 1, progress: \"off\"}\n");
}

void trial_close(struct trial *t)
{
    dt_test_rmdir(t->dir);
}

struct words {
    char text[1024], root[400];
    const char *word[MAX_OVERRIDES];
    int n;
};

static void split_words(struct words *w, const struct trial *t, const char *overrides)
{
    char *save = NULL;

    snprintf(w->text, sizeof w->text, "%s", overrides);
    snprintf(w->root, sizeof w->root, "run.dir=%s", t->root);
    w->n = 0;
    w->word[w->n++] = w->root;
    for (char *s = strtok_r(w->text, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
        ck_assert_int_lt(w->n, MAX_OVERRIDES);
        w->word[w->n++] = s;
    }
}

enum dt_code trial_train(struct trial *t, const char *overrides)
{
    struct words w;
    struct dt_job job = { .config_path = t->config, .methods = trial_methods, .command = "test" };

    split_words(&w, t, overrides);
    job.overrides = w.word;
    job.n_overrides = w.n;
    t->err = (struct dt_err){ .code = DT_OK };
    return dt_run_train(&job, &t->out, &t->err);
}

enum dt_code trial_resume(struct trial *t, const char *run, int64_t epochs)
{
    char path[640];
    struct dt_job job = { .run_path = path, .methods = trial_methods, .command = "test", .epochs = epochs };

    snprintf(path, sizeof path, "%s", run); /* `run` may be t->out.run */
    t->err = (struct dt_err){ .code = DT_OK };
    return dt_run_resume(&job, &t->out, &t->err);
}

/* ---- runs in another process ---- */

/* <signal> <at> <config> <overrides>... */
int trial_child(int argc, char **argv)
{
    struct dt_job job = { .methods = trial_methods, .command = "test" };
    struct dt_outcome out;
    struct dt_err err = { .code = DT_OK };

    if (argc < 3)
        return EXIT_FAILURE;
    make_method();
    dt_log_level(DT_QUIET);
    trial_raise(atoi(argv[0]), atoi(argv[1]));
    job.config_path = argv[2];
    job.n_overrides = argc - 3;
    job.overrides = (const char *const *)(argv + 3);
    return dt_exit_status(dt_run_train(&job, &out, &err));
}

static bool first_run(void *ctx, const char *path)
{
    struct trial *t = ctx;

    snprintf(t->out.run, sizeof t->out.run, "%s", path);
    return false;
}

int trial_spawn(struct trial *t, const char *overrides, int signal, int at)
{
    extern char **environ;
    struct words w;
    char number[2][16], self[] = "/proc/self/exe", mode[] = TRIAL_CHILD, *argv[MAX_OVERRIDES + 8];
    int n = 0, status;
    pid_t pid;

    split_words(&w, t, overrides);
    snprintf(number[0], sizeof number[0], "%d", signal);
    snprintf(number[1], sizeof number[1], "%d", at);
    argv[n++] = self;
    argv[n++] = mode;
    argv[n++] = number[0];
    argv[n++] = number[1];
    argv[n++] = t->config;
    argv[n++] = w.root;
    for (char *s = w.text; n - 5 <= w.n - 1; s += strlen(s) + 1) /* strtok has cut the text into words */
        argv[n++] = s;
    argv[n] = NULL;
    ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL, argv, environ), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    dt_rundir_each(t->root, first_run, t);
    return status;
}

/* ---- comparing ---- */

const char *trial_path(const char *run, const char *name, char buf[640])
{
    snprintf(buf, 640, "%s/%s", run, name);
    return buf;
}

char *trial_read(const char *run, const char *name)
{
    char path[640], *text = dt_calloc(1, 1 << 20);
    FILE *f = fopen(trial_path(run, name, path), "rb");

    ck_assert_msg(f != NULL, "%s is missing", path);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, f), (1 << 20) - 1);
    fclose(f);
    return text;
}

void trial_same_files(const char *run_a, const char *run_b, const char *name)
{
    char *a = trial_read(run_a, name), *b = trial_read(run_b, name);
    size_t at = 0, line = 0;

    ck_assert_uint_gt(strlen(a), 0);
    for (; a[at] && a[at] == b[at]; at++)
        line = a[at] == '\n' ? at + 1 : line;
    ck_assert_msg(a[at] == b[at], "%s differs from here:\n%.600s\n%.600s", name, a + line, b + line);
    dt_free(a);
    dt_free(b);
}

struct pair {
    struct dt_ckpt *a, *b;
    int n;
};

static bool same_item(void *ctx, const struct dt_ckpt_item *item)
{
    static const size_t bytes[] = { [DT_CKPT_F32] = 4, [DT_CKPT_F64] = 8, [DT_CKPT_I64] = 8, [DT_CKPT_U8] = 1 };
    struct pair *p = ctx;
    size_t size = bytes[item->type];
    void *a, *b;

    if (item->text || !strcmp(item->path, "/loop/seconds"))
        return true;
    for (int i = 0; i < item->rank; i++)
        size *= (size_t)item->dims[i];
    a = dt_calloc(size + 1, 1);
    b = dt_calloc(size + 1, 1);
    dt_ckpt_get(p->a, item->path, item->type, item->rank, item->dims, a);
    dt_ckpt_get(p->b, item->path, item->type, item->rank, item->dims, b);
    ck_assert_msg(!memcmp(a, b, size), "%s differs", item->path);
    p->n++;
    dt_free(a);
    dt_free(b);
    return true;
}

void trial_same_checkpoints(const char *run_a, const char *run_b)
{
    struct dt_err err = { .code = DT_OK };
    char path[640];
    struct pair p = { .a = dt_ckpt_open(trial_path(run_a, "ckpt/last.h5", path), &err) };

    dt_test_ok(&err);
    p.b = dt_ckpt_open(trial_path(run_b, "ckpt/last.h5", path), &err);
    dt_test_ok(&err);
    dt_ckpt_each(p.a, same_item, &p);
    dt_test_ok(dt_ckpt_err(p.a));
    dt_test_ok(dt_ckpt_err(p.b));
    ck_assert_int_gt(p.n, 40);
    dt_ckpt_free(p.a);
    dt_ckpt_free(p.b);
}

void trial_same_runs(const char *run_a, const char *run_b)
{
    trial_same_files(run_a, run_b, "metrics.jsonl");
    trial_same_checkpoints(run_a, run_b);
}

/* ---- interrupted runs ---- */

void trial_whole(struct trial *t, const char *overrides, char run[512])
{
    ck_assert_msg(trial_train(t, overrides) == DT_OK, "%s", t->err.msg);
    memcpy(run, t->out.run, sizeof t->out.run);
}

static void resume_as(struct trial *t, const char *whole)
{
    ck_assert_msg(trial_resume(t, t->out.run, 0) == DT_OK, "%s", t->err.msg);
    ck_assert_str_ne(t->out.run, whole);
    trial_same_runs(whole, t->out.run);
}

void trial_stop_and_resume(struct trial *t, const char *overrides, int at)
{
    char whole[512];

    trial_whole(t, overrides, whole);
    trial_raise(SIGTERM, at);
    ck_assert_int_eq(trial_train(t, overrides), DT_ETERM);
    trial_raise(0, 0);
    resume_as(t, whole);
}

void trial_kill_and_resume(struct trial *t, const char *overrides, int at)
{
    char whole[512];
    int status;

    trial_whole(t, overrides, whole);
    snprintf(t->root, sizeof t->root, "%s/killed", t->dir);
    status = trial_spawn(t, overrides, SIGKILL, at);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    resume_as(t, whole);
}
