#!/usr/bin/python3
"""Writes tests/golden/curve.txt: the losses of 20 steps of SGD on a small residual network, by PyTorch in double
precision. tests/autograd/test_curve.c builds the same network; weights and data come from the same formula there.

    apt-get install python3-torch && /usr/bin/python3 tools/gen_curve.py"""
import math
import pathlib
import platform

import numpy as np
import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "curve.txt"
STEPS, BATCHES, BATCH, CLASSES = 20, 4, 16, 10
LR, MOMENTUM, DECAY = 0.1, 0.9, 5e-4


def wave(key, scale, *shape):
    """Numbers without pattern that both sides can make: the fraction of a large sine."""
    n = math.prod(shape)
    v = [math.sin((i + 1) * 12.9898 + key * 78.233) * 43758.5453 for i in range(n)]
    v = np.array([scale * (2 * (x - math.floor(x)) - 1) for x in v])
    return torch.tensor(v.astype(np.float32).astype(np.float64).reshape(shape))


def image(key):
    return wave(key, 1, BATCH, 8, 8, 3).permute(0, 3, 1, 2).contiguous()


def labels(key):
    return torch.tensor([(7 * i + 3 * key) % CLASSES for i in range(BATCH)])


conv = [wave(1, 0.3, 8, 3, 3, 3), wave(2, 0.2, 16, 8, 3, 3), wave(3, 0.15, 16, 16, 3, 3)]
gamma = [torch.ones(c).double() for c in (8, 16, 16)]
beta = [torch.zeros(c).double() for c in (8, 16, 16)]
linear, bias = wave(4, 0.25, CLASSES, 16), torch.zeros(CLASSES).double()
params = conv + gamma + beta + [linear, bias]
mean = [torch.zeros(c).double() for c in (8, 16, 16)]
var = [torch.ones(c).double() for c in (8, 16, 16)]


def norm(x, i):
    return F.batch_norm(x, mean[i], var[i], gamma[i], beta[i], True, 0.1, 1e-5)


def network(x):
    x = F.relu(norm(F.conv2d(x, conv[0], padding=1), 0))
    y = F.relu(norm(F.conv2d(x, conv[1], stride=2, padding=1), 1))
    y = norm(F.conv2d(y, conv[2], padding=1), 2)
    x = F.relu(y + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4)))
    x = F.max_pool2d(x, 2, 2)
    return F.linear(F.adaptive_avg_pool2d(x, 1).flatten(1), linear, bias)


for p in params:
    p.requires_grad_(True)
sgd = torch.optim.SGD(params, lr=LR, momentum=MOMENTUM, weight_decay=DECAY, nesterov=True)
losses = []
for step in range(STEPS):
    loss = F.cross_entropy(network(image(10 + step % BATCHES)), labels(step % BATCHES))
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    losses.append(loss.item())

tensors = [("losses", torch.tensor(losses, dtype=torch.float64)), ("running_mean", mean[2]), ("running_var", var[2])]
lines = [f"# PyTorch {torch.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, double precision; "
         "written by tools/gen_curve.py", "case curve"]
for name, t in tensors:
    lines += [f"out {name} 1 {len(t)}", " ".join(f"{v:.12g}" for v in t.tolist())]
OUT.write_text("\n".join(lines) + "\n")
