/* Learning-rate schedules, a pure function of the step. Step s uses the rate at the end of its share of a rise, so the
 * first step of a warm-up is not lost at rate 0. */
#include <dyntrain/train.h>

#include <math.h>

static const double pi = 3.14159265358979323846;

/* From 1 at progress 0 to `last` at progress 1 (Loshchilov & Hutter 2017). */
static double cosine(double progress, double last)
{
    return last + (1 - last) * 0.5 * (1 + cos(pi * progress));
}

double dt_schedule_lr(const struct dt_optim_cfg *cfg, int64_t step, int64_t total, int64_t per_epoch)
{
    const struct dt_schedule_cfg *s = &cfg->schedule;
    double rise = s->name == DT_ONE_CYCLE ? s->rise * (double)total : s->warmup * (double)per_epoch;
    double left = (double)total - rise, rate = 1;

    if ((double)step < rise)
        return cfg->lr * fmin(1, ((double)step + 1) / rise);
    switch (s->name) {
    case DT_COSINE:
    case DT_ONE_CYCLE:
        rate = cosine(left > 0 ? fmin(1, ((double)step - rise) / left) : 0, s->final);
        break;
    case DT_STEP:
        for (int i = 0; i < s->steps.n; i++)
            if ((double)step >= s->steps.v[i] * (double)per_epoch)
                rate *= s->gamma;
        break;
    default:
        DT_ASSERT(s->name == DT_CONSTANT);
    }
    return cfg->lr * rate;
}
