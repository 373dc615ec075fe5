/* Batches, prepared ahead by worker threads.
 *
 * A ring of slots holds the batches from the one in the caller's hands on. Workers claim batch numbers in order and
 * fill their slots side by side; the caller takes them in order. What a batch holds depends on (seed, epoch, number)
 * alone, so the number of workers changes nothing but the waiting. */
#include "data/augment.h"
#include "data/dataset.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

struct slot {
    dt_real *x;
    int *label, *id, n;
    uint8_t *scratch; /* for sources that decode */
    bool ready;
    struct dt_err err;
};

struct dt_loader {
    struct dt_dataset *d;
    struct dt_loader_cfg cfg;
    struct dt_augment_cfg augment;
    struct dt_arena *arena;
    int n, n_slots, n_threads;
    struct slot *slot;
    int *order; /* [n] of this epoch */
    uint32_t epoch;
    double waited;

    pthread_t *thread;
    pthread_mutex_t lock; /* guards what follows, and `ready` of the slots */
    pthread_cond_t work, done;
    bool has_lock, stop;
    int busy;                 /* workers filling a slot */
    int64_t end, claim, take; /* batches of the epoch; the next to be claimed; the next to be handed out */
    int64_t freed;            /* slots of batches before this one may be reused */
};

int64_t dt_loader_batches(const struct dt_loader *l)
{
    return l->cfg.drop_last ? l->n / l->cfg.batch : ((int64_t)l->n + l->cfg.batch - 1) / l->cfg.batch;
}

static bool fill_sample(const struct dt_loader *l, struct slot *s, int i, int id)
{
    const struct dt_data_info *info = &l->d->info;
    const uint8_t *pixels = dt_dataset_pixels(l->d, l->cfg.split, id, s->scratch, &s->err);
    struct dt_rng rng = dt_rng_at(l->cfg.seed, DT_STREAM_AUGMENT, l->epoch, (uint32_t)id);
    struct dt_augment a = dt_augment_draw(&l->augment, info->h, info->w, &rng);
    size_t numel = (size_t)info->h * (size_t)info->w * (size_t)info->c;

    if (!pixels)
        return false;
    s->id[i] = id;
    s->label[i] = dt_dataset_label(l->d, l->cfg.split, id);
    dt_augment_apply(&a, (const dt_real(*)[256])l->d->table, info->h, info->w, info->c, pixels,
                     s->x + (size_t)i * numel);
    return true;
}

static void fill(const struct dt_loader *l, struct slot *s, int64_t batch)
{
    int64_t first = batch * l->cfg.batch, left = l->n - first;

    s->n = (int)(left < l->cfg.batch ? left : l->cfg.batch);
    s->err.code = DT_OK;
    for (int i = 0; i < s->n && fill_sample(l, s, i, l->order[first + i]); i++)
        continue;
}

static void *run_worker(void *arg)
{
    struct dt_loader *l = arg;

    dt_par_unpin_self(); /* the compute thread that started it may be bound */
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        struct slot *s;
        int64_t batch;

        if (l->claim >= l->end || l->claim >= l->freed + l->n_slots) {
            pthread_cond_wait(&l->work, &l->lock);
            continue;
        }
        batch = l->claim++;
        s = &l->slot[batch % l->n_slots];
        s->ready = false;
        l->busy++;
        pthread_mutex_unlock(&l->lock);
        fill(l, s, batch);
        pthread_mutex_lock(&l->lock);
        s->ready = true;
        l->busy--;
        pthread_cond_signal(&l->done);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static bool make_slots(struct dt_loader *l)
{
    const struct dt_data_info *info = &l->d->info;
    size_t numel = (size_t)info->h * (size_t)info->w * (size_t)info->c, batch = (size_t)l->cfg.batch;

    l->slot = dt_arena_calloc(l->arena, (size_t)l->n_slots, sizeof(*l->slot));
    l->order = dt_arena_calloc(l->arena, (size_t)l->n, sizeof(*l->order));
    l->thread = dt_arena_calloc(l->arena, (size_t)l->cfg.workers, sizeof(*l->thread));
    for (int i = 0; l->slot && i < l->n_slots; i++) {
        struct slot *s = &l->slot[i];

        s->x = dt_arena_calloc(l->arena, batch * numel, sizeof(*s->x));
        s->label = dt_arena_calloc(l->arena, batch, sizeof(*s->label));
        s->id = dt_arena_calloc(l->arena, batch, sizeof(*s->id));
        s->scratch = dt_arena_alloc(l->arena, numel);
        if (!s->x || !s->label || !s->id || !s->scratch)
            return false;
    }
    return l->slot && l->order && l->thread;
}

/* Signals are for the main thread: a worker that took one would not end the run. */
static bool start_threads(struct dt_loader *l, struct dt_err *err)
{
    sigset_t all, old;
    int code = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (!code && l->n_threads < l->cfg.workers) {
        code = pthread_create(&l->thread[l->n_threads], NULL, run_worker, l);
        l->n_threads += code == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return !code || dt_fail(err, DT_ERESOURCE, "data.workers: thread %d cannot be started: %s; lower it",
                            l->n_threads + 1, strerror(code));
}

static bool make_lock(struct dt_loader *l, struct dt_err *err)
{
    if (pthread_mutex_init(&l->lock, NULL) == 0) {
        if (pthread_cond_init(&l->work, NULL) == 0) {
            if (pthread_cond_init(&l->done, NULL) == 0)
                return l->has_lock = true;
            pthread_cond_destroy(&l->work);
        }
        pthread_mutex_destroy(&l->lock);
    }
    return dt_fail(err, DT_ERESOURCE, "data: no lock for the loader");
}

struct dt_loader *dt_loader_new(struct dt_dataset *d, const struct dt_loader_cfg *cfg, struct dt_err *err)
{
    struct dt_loader *l = dt_calloc(1, sizeof(*l));

    DT_ASSERT(cfg->batch > 0 && cfg->workers >= 0);
    if (!l) {
        dt_fail(err, DT_ENOMEM, "data: no memory for a loader");
        return NULL;
    }
    l->d = d;
    l->cfg = *cfg;
    l->n = d->info.n[cfg->split];
    l->n_slots = cfg->workers + 2; /* one in the caller's hands, one ready */
    if (cfg->workers == 0)
        l->n_slots = 1;
    if (cfg->augment)
        l->augment = *cfg->augment;
    l->arena = dt_arena_new(0, err);
    if (l->arena && !make_slots(l))
        dt_fail(err, DT_ENOMEM, "data.batch: no memory for %d batches of %d images", l->n_slots, cfg->batch);
    if (cfg->drop_last && l->n < cfg->batch)
        dt_fail(err, DT_EDATA, "data.batch: %d is more than the %d training images; lower it", cfg->batch, l->n);
    if (err->code || !make_lock(l, err) || !start_threads(l, err)) {
        dt_loader_free(l);
        return NULL;
    }
    return l;
}

void dt_loader_free(struct dt_loader *l)
{
    if (!l)
        return;
    if (l->has_lock) {
        pthread_mutex_lock(&l->lock);
        l->stop = true;
        pthread_cond_broadcast(&l->work);
        pthread_mutex_unlock(&l->lock);
        for (int i = 0; i < l->n_threads; i++)
            pthread_join(l->thread[i], NULL);
        pthread_cond_destroy(&l->work);
        pthread_cond_destroy(&l->done);
        pthread_mutex_destroy(&l->lock);
    }
    dt_arena_free(l->arena);
    dt_free(l);
}

void dt_loader_start(struct dt_loader *l, uint32_t epoch, int64_t first)
{
    struct dt_rng rng = dt_rng_at(l->cfg.seed, DT_STREAM_ORDER, epoch, (uint32_t)l->cfg.split);

    DT_ASSERT(first >= 0);
    pthread_mutex_lock(&l->lock);
    l->end = 0; /* no new claims; those under way are few */
    while (l->busy > 0)
        pthread_cond_wait(&l->done, &l->lock);
    l->epoch = epoch;
    for (int i = 0; i < l->n; i++)
        l->order[i] = i;
    if (l->cfg.shuffle)
        dt_rng_shuffle(&rng, l->order, l->n);
    for (int i = 0; i < l->n_slots; i++)
        l->slot[i].ready = false;
    l->claim = l->take = l->freed = first;
    l->end = dt_loader_batches(l);
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
}

/* The slot of the batch that is due, filled; NULL at the end of the epoch. */
static struct slot *wait_for(struct dt_loader *l)
{
    struct slot *s = NULL;

    pthread_mutex_lock(&l->lock);
    l->freed = l->take;
    pthread_cond_broadcast(&l->work);
    if (l->take < l->end) {
        s = &l->slot[l->take % l->n_slots];
        if (l->n_threads == 0)
            fill(l, s, l->take);
        else
            while (l->claim <= l->take || !s->ready)
                pthread_cond_wait(&l->done, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return s;
}

bool dt_loader_next(struct dt_loader *l, struct dt_batch *out, struct dt_err *err)
{
    double before = dt_now();
    struct slot *s = wait_for(l);

    l->waited += dt_now() - before;
    if (!s)
        return false;
    if (s->err.code) /* stays due: the next call fails as well */
        return dt_fail(err, s->err.code, "%s", s->err.msg);
    *out = (struct dt_batch){ .n = s->n, .index = l->take, .x = s->x, .label = s->label, .id = s->id };
    l->take++;
    return true;
}

double dt_loader_wait(const struct dt_loader *l)
{
    return l->waited;
}
