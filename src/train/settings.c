/* What a config says beside the method's own section: schema, defaults and help of every common key. */
#include <dyntrain/train.h>

#include <math.h>

enum { MOST = 1000000000 };

static const char *const optimisers[] = { "sgd", "adam", "adamw", "rmsprop", NULL };
static const char *const schedules[] = { "constant", "cosine", "step", "one_cycle", NULL };
static const char *const precisions[] = { "fp32", "bf16", "auto", NULL };
static const char *const on_bad_step[] = { "stop", "skip", NULL };
static const char *const on_full[] = { "fail", "wait", NULL };
static const char *const progress[] = { "auto", "bar", "plain", "off", NULL };

static const struct dt_opt schedule_opts[] = {
    DT_PICK(struct dt_schedule_cfg, name, "cosine", schedules, "how the rate changes with the step"),
    DT_REAL(struct dt_schedule_cfg, warmup, "0", 0, MOST, "epochs of linear rise (cosine, step, constant)"),
    DT_REALS(struct dt_schedule_cfg, steps, "[]", 0, MOST, "step: epochs at which the rate is multiplied by gamma"),
    DT_REAL(struct dt_schedule_cfg, gamma, "0.1", 0, 1, "step: the factor"),
    DT_REAL(struct dt_schedule_cfg, rise, "0.15", 0, 1, "one_cycle: share of the steps in which the rate rises"),
    DT_REAL(struct dt_schedule_cfg, final, "0", 0, 1, "cosine, one_cycle: last rate as a share of lr"),
    DT_OPT_END,
};

const struct dt_opt dt_optim_opts[] = {
    DT_PICK(struct dt_optim_cfg, name, "sgd", optimisers, "update rule, as PyTorch defines it"),
    DT_REAL(struct dt_optim_cfg, lr, "0.1", 0, INFINITY, "learning rate (the highest of the schedule)"),
    DT_REAL(struct dt_optim_cfg, momentum, "0.9", 0, 1, "sgd, rmsprop: momentum"),
    DT_REAL(struct dt_optim_cfg, weight_decay, "5e-4", 0, INFINITY,
            "L2 on convolution and linear weights only; adamw: decoupled"),
    DT_BOOL(struct dt_optim_cfg, nesterov, "true", "sgd: Nesterov's form of momentum"),
    DT_REAL(struct dt_optim_cfg, beta1, "0.9", 0, 0.999999, "adam, adamw: decay of the gradient's mean"),
    DT_REAL(struct dt_optim_cfg, beta2, "0.999", 0, 0.9999999, "adam, adamw, rmsprop: decay of its square"),
    DT_REAL(struct dt_optim_cfg, eps, "1e-8", 0, 1, "adam, adamw, rmsprop: added to the root"),
    DT_REAL(struct dt_optim_cfg, clip_norm, "0", 0, INFINITY, "largest norm of the gradient; 0: no clipping"),
    DT_SECTION(struct dt_optim_cfg, schedule, schedule_opts, "learning-rate schedule"),
    DT_OPT_END,
};

static const struct dt_opt checkpoint_opts[] = {
    DT_INT(struct dt_checkpoint_cfg, every_epochs, "1", 0, MOST,
           "write ckpt/last.h5 each so many epochs; 0: at phase ends only"),
    DT_REAL(struct dt_checkpoint_cfg, every_minutes, "15", 0, MOST, "and within epochs each so many minutes; 0: never"),
    DT_INT(struct dt_checkpoint_cfg, keep_last, "1", 1, 1000,
           "checkpoints of epochs kept: last.h5 and older epoch-<n>.h5"),
    DT_BOOL(struct dt_checkpoint_cfg, keep_best, "true", "keep ckpt/best.h5, the best by validation accuracy"),
    DT_PICK(struct dt_checkpoint_cfg, on_full, "fail", on_full, "disk or quota full: exit 7, or wait for space"),
    DT_REAL(struct dt_checkpoint_cfg, retry_seconds, "60", 0, 86400, "on_full: wait: seconds between attempts"),
    DT_OPT_END,
};

static const struct dt_opt train_opts[] = {
    DT_BOOL(struct dt_train_cfg, recompute, "false",
            "less memory for more time, the same numbers: blocks drop their activations and compute them again for the "
            "gradients"),
    DT_OPT_END,
};

static const struct dt_opt guard_opts[] = {
    DT_PICK(struct dt_guard_cfg, on_bad_step, "stop", on_bad_step,
            "loss or gradient not finite, or loss beyond max_loss: exit 6, or leave the step out"),
    DT_INT(struct dt_guard_cfg, max_skips, "10", 1, MOST, "on_bad_step: skip: steps left out before the run stops"),
    DT_REAL(struct dt_guard_cfg, max_loss, "1e5", 0, INFINITY, "a loss larger than this has exploded; 0: no limit"),
    DT_OPT_END,
};

static const struct dt_opt run_opts[] = {
    DT_STR(struct dt_run_cfg, dir, "experiments", "root of run directories"),
    DT_INT(struct dt_run_cfg, threads, "0", 0, 1024, "compute threads; 0: all processors"),
    DT_BOOL(struct dt_run_cfg, pin, "false",
            "bind each compute thread to a processor of its own; for a machine of one's own"),
    DT_STR(struct dt_run_cfg, engine, "auto", "who computes convolutions: auto, dnnl or ref"),
    DT_REAL(struct dt_run_cfg, time_limit, "0", 0, MOST, "minutes, then a checkpoint and exit 75; 0: none"),
    DT_PICK(struct dt_run_cfg, progress, "auto", progress, "progress line on stderr"),
    DT_OPT_END,
};

static const char *const units[] = { "macs", "latency_ms", NULL };
const struct dt_opt dt_budget_opts[] = {
    DT_REAL(struct dt_budget_cfg, target, "0.5", 0, 1,
            "share of the full network's cost at which the test accuracy is reported"),
    DT_REALS(struct dt_budget_cfg, list, "[0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]", 0, 1,
             "shares at which accuracy is measured, for the curve"),
    DT_PICK(struct dt_budget_cfg, unit, "macs", units,
            "cost that decisions weigh: MACs, or ms measured on this machine"),
    DT_OPT_END,
};

static const struct dt_opt log_opts[] = {
    DT_INT(struct dt_log_cfg, every_steps, "0", 0, MOST, "a line in metrics.jsonl each so many steps; 0: epochs only"),
    DT_OPT_END,
};

const struct dt_opt dt_settings_opts[] = {
    DT_INT(struct dt_settings, version, NULL, 1, 1, "version of this schema"),
    DT_STR(struct dt_settings, name, "", "of the experiment: the folder below run.dir; empty: the config's file name"),
    DT_INT(struct dt_settings, seed, "1", 0, 9007199254740992, "of everything random"),
    DT_STR(struct dt_settings, method, "supervised",
           "how the network is trained; its options are in the section of that name"),
    DT_STR(struct dt_settings, pretrained, "",
           "start from this checkpoint, or from the run of this config (trained first if there is none)"),
    DT_PICK(struct dt_settings, precision, "fp32", precisions,
            "activations and their gradients, and evaluation: fp32; bf16 (parameters, statistics, losses stay fp32); "
            "auto: bf16 where the processor is faster in it"),
    DT_SECTION(struct dt_settings, data, dt_data_opts, "images"),
    DT_SECTION(struct dt_settings, model, dt_model_opts, "network"),
    DT_SECTION(struct dt_settings, optim, dt_optim_opts, "optimiser"),
    DT_SECTION(struct dt_settings, checkpoint, checkpoint_opts, "what is saved, and when"),
    DT_SECTION(struct dt_settings, train, train_opts, "how a step is computed"),
    DT_SECTION(struct dt_settings, guard, guard_opts, "numbers that go bad"),
    DT_SECTION(struct dt_settings, run, run_opts, "where and how the run is executed"),
    DT_SECTION(struct dt_settings, log, log_opts, "what is written down"),
    DT_OPT_END,
};
