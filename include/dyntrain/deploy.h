/* deploy: trained networks in the formats of others. */
#ifndef DYNTRAIN_DEPLOY_H
#define DYNTRAIN_DEPLOY_H

#include <dyntrain/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The static net, every body run and no exit taken, as an ONNX model (opset 13, IR 8): batch norm folded into the
 * convolutions, weights inside. Input "image" [n,c,h,w], normalised as in training; output "logits" [n,classes]; n is
 * free. The bytes live in `arena`. NULL and err: out of memory, or an op that has no counterpart (DT_EENGINE). */
unsigned char *dt_onnx_write(struct dt_net *net, struct dt_arena *arena, size_t *size, struct dt_err *err);

#ifdef __cplusplus
}
#endif
#endif
