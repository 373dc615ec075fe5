#!/usr/bin/env python3
"""Writes tests/golden/optim.txt: a few steps of PyTorch's optimisers on a tiny vector.

Run: tools/gen_optim_golden.py > tests/golden/optim.txt   (needs python3-torch; made with PyTorch 1.13)
"""
import torch

X = [0.5, -1.25, 2.0, 0.03, -0.7]
G = [[0.1, -0.2, 0.3, 1.5, -2.5], [-0.4, 0.25, 0.3, -1.0, 0.0], [0.05, 0.6, -0.9, 0.002, 1.0],
     [1.0, -0.3, 0.2, 0.4, -0.6], [-2.0, 0.1, 0.7, -0.05, 0.3]]
# name, lr, momentum, nesterov, beta1, beta2, eps, decay, clip
CASES = [
    ("sgd", 0.1, 0.0, 0, 0.9, 0.999, 1e-8, 0.0, 0.0),
    ("sgd", 0.1, 0.9, 0, 0.9, 0.999, 1e-8, 0.01, 0.0),
    ("sgd", 0.05, 0.9, 1, 0.9, 0.999, 1e-8, 0.01, 0.0),
    ("sgd", 0.05, 0.9, 1, 0.9, 0.999, 1e-8, 0.0, 0.5),
    ("adam", 0.01, 0.0, 0, 0.9, 0.999, 1e-8, 0.0, 0.0),
    ("adam", 0.02, 0.0, 0, 0.8, 0.95, 1e-3, 0.1, 0.0),
    ("adamw", 0.02, 0.0, 0, 0.9, 0.999, 1e-8, 0.1, 0.0),
    ("adamw", 0.02, 0.0, 0, 0.9, 0.99, 1e-8, 0.1, 1.0),
    ("rmsprop", 0.01, 0.0, 0, 0.9, 0.99, 1e-8, 0.0, 0.0),
    ("rmsprop", 0.01, 0.9, 0, 0.9, 0.9, 1e-6, 0.05, 0.0),
]


def make(x, name, lr, momentum, nesterov, beta1, beta2, eps, decay):
    if name == "sgd":
        return torch.optim.SGD([x], lr=lr, momentum=momentum, nesterov=bool(nesterov), weight_decay=decay)
    if name == "rmsprop":
        return torch.optim.RMSprop([x], lr=lr, alpha=beta2, eps=eps, momentum=momentum, weight_decay=decay)
    kind = torch.optim.Adam if name == "adam" else torch.optim.AdamW
    return kind([x], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay)


def line(word, values):
    print(word, *("%.9g" % v for v in values))


line("x", X)
for g in G:
    line("g", g)
for case in CASES:
    x = torch.tensor(X, dtype=torch.float32, requires_grad=True)
    optimiser = make(x, *case[:-1])
    print("case", *case)
    for g in G:
        x.grad = torch.tensor(g, dtype=torch.float32)
        if case[-1] > 0:
            torch.nn.utils.clip_grad_norm_([x], case[-1])
        optimiser.step()
        line("x", x.detach().tolist())
