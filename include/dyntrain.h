/* dyntrain: networks that spend only as much computation as an input or a budget asks for. The whole public interface.
 */
#ifndef DYNTRAIN_H
#define DYNTRAIN_H

#include <dyntrain/base.h>
#include <dyntrain/tensor.h>
#include <dyntrain/ops.h>
#include <dyntrain/nn.h>
#include <dyntrain/data.h>
#include <dyntrain/io.h>
#include <dyntrain/exec.h>
#include <dyntrain/train.h>
#include <dyntrain/deploy.h>
#include <dyntrain/rl.h>
#include <dyntrain/gating.h>
#include <dyntrain/report.h>

#endif
