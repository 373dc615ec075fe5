/* trial: a net with parameters as if trained, run by the tape and by a plan. */
#ifndef DT_TESTS_EXEC_TRIAL_H
#define DT_TESTS_EXEC_TRIAL_H

#include <dyntrain/exec.h>

enum { TRIAL_MAX_CHOICES = 128 };

struct trial {
    struct dt_engine *engine;
    struct dt_tape *tape;
    struct dt_net *net; /* borrowed */
    dt_real *x;         /* [n] images */
    int n, *value;      /* [n][choices] */
};

/* Norms and biases get values of their own, so that nothing cancels by chance. */
void trial_perturb(struct dt_net *net, uint32_t seed);
struct dt_net *trial_model(const char *name, bool dynamic);

struct trial trial_open(const char *engine, struct dt_net *net, int n, uint32_t seed);
void trial_close(struct trial *t);

/* KEEP and EXIT at random, WIDTH at its maximum: `rows` rows, 1 or n. rows 0: the full net, an arch of its own. */
struct dt_arch trial_arch(struct trial *t, int rows, struct dt_rng *rng);
/* By the tape: logits [n][classes] of where each image ends, and the EXIT it left at, -1: none. */
void trial_tape(struct trial *t, struct dt_policy *policy, struct dt_arch arch, dt_real *logits, int *left);
/* The largest difference of logits, relative to the largest of the image; infinite when images left elsewhere. */
double trial_distance(const struct dt_plan_out *o, const dt_real *logits, const int *left);
/* A plan for n images against the tape, under `archs` random archs and the full net. */
double trial_compare(struct trial *t, const struct dt_plan_cfg *cfg, int archs, struct dt_rng *rng);

#endif
