#!/usr/bin/python3
"""Writes tests/golden/layers.txt: inputs, outputs and gradients of layers and losses, computed by PyTorch in double
precision. An independent implementation, so that a mistake shared by our forward and backward cannot hide.

    apt-get install python3-torch && /usr/bin/python3 tools/gen_golden.py

Inputs are rounded to float first, so both precisions of dyntrain read the same numbers. Images are written
channels-last, weights [o,i,kh,kw]. The gradient is that of sum(cot * out)."""
import pathlib
import platform

import numpy as np
import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "layers.txt"
rng = np.random.default_rng(20240229)
lines = []


def draw(*shape, low=-1.0, high=1.0):
    """Numbers that a float holds exactly, as double."""
    return torch.tensor(rng.uniform(low, high, shape).astype(np.float32).astype(np.float64))


def nhwc(t):
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def put(kind, name, t, image):
    t = nhwc(t) if image else t
    v = t.detach().contiguous().reshape(-1).tolist()
    digits = 9 if kind in ("in", "cot", "fixed") else 12
    lines.append(" ".join([kind, name, str(t.dim())] + [str(d) for d in t.shape]))
    for i in range(0, len(v), 12):
        lines.append(" ".join(f"{x:.{digits}g}" for x in v[i:i + 12]))


def case(label, fn, inputs, fixed=None, images=("x", "y"), after=None):
    """inputs take gradients, `fixed` do not; images are transposed; `after` names fixed inputs that fn changed."""
    fixed = fixed or {}
    lines.append(f"case {label}")
    for name, t in inputs.items():
        put("in", name, t, name in images)
        t.requires_grad_(True)
    for name, t in fixed.items():
        put("fixed", name, t, name in images)
    y = fn(*inputs.values(), *fixed.values())
    cot = draw(*y.shape)
    put("cot", "r", cot, "y" in images)
    put("out", "y", y, "y" in images)
    (y * cot).sum().backward()
    for name, t in inputs.items():
        put("grad", name, t.grad, name in images)
    for name in after or ():
        put("after", name, fixed[name], False)


def conv_cases():
    def conv(label, x, w, bias, **kw):
        inputs = {"x": draw(*x), "w": draw(*w)}
        if bias:
            inputs["b"] = draw(w[0])
        case(label, lambda x, w, b=None: F.conv2d(x, w, b, **kw), inputs)

    conv("conv2d 3x3 pad 1", (2, 3, 5, 4), (4, 3, 3, 3), False, padding=1)
    conv("conv2d strided bias", (2, 3, 7, 5), (5, 3, 3, 3), True, stride=2, padding=1)
    conv("conv2d grouped", (2, 6, 4, 4), (4, 3, 3, 3), False, padding=1, groups=2)
    conv("conv2d depthwise", (2, 5, 5, 5), (5, 1, 3, 3), False, stride=2, padding=1, groups=5)
    conv("conv2d 1x1", (3, 4, 3, 3), (6, 4, 1, 1), True)
    case("linear", lambda x, w, b: F.linear(x, w, b), {"x": draw(4, 7), "w": draw(3, 7), "b": draw(3)})


def norm_cases():
    def norm(training, relu, eps=1e-5, momentum=0.1):
        def fn(x, gamma, beta, mean, var):
            y = F.batch_norm(x, mean, var, gamma, beta, training, momentum, eps)
            return F.relu(y) if relu else y
        return fn

    def inputs(n, c, h, w):
        x = {"x": draw(n, c, h, w, low=-2, high=3), "gamma": draw(c, low=0.5, high=1.5), "beta": draw(c)}
        return x, {"mean": draw(c), "var": draw(c, low=0.5, high=2)}

    for label, args, shape in (("batch_norm train", (True, False), (4, 3, 3, 2)),
                               ("batch_norm train relu", (True, True), (4, 3, 3, 2)),
                               ("batch_norm eval", (False, False), (2, 5, 2, 3)),
                               ("batch_norm train momentum eps", (True, False, 1e-2, 0.3), (3, 4, 2, 2))):
        x, fixed = inputs(*shape)
        case(label, norm(*args), x, fixed, after=("mean", "var"))


def pool_cases():
    case("max_pool", lambda x: F.max_pool2d(x, 3, 2, 1), {"x": draw(2, 3, 5, 6)})
    case("avg_pool", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), {"x": draw(2, 3, 5, 6)})
    case("global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), {"x": draw(2, 5, 3, 4)})
    case("upsample", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), {"x": draw(2, 3, 2, 3)})
    case("pad_shortcut", lambda x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 3)), {"x": draw(2, 3, 4, 4)})


def pointwise_cases():
    case("relu6", F.relu6, {"x": draw(4, 9, low=-4, high=10)})
    case("sigmoid", torch.sigmoid, {"x": draw(4, 5, low=-6, high=6)})
    case("tanh", torch.tanh, {"x": draw(4, 5, low=-3, high=3)})
    case("softmax", lambda x: F.softmax(x, -1), {"x": draw(4, 6, low=-5, high=5)})
    case("log_softmax", lambda x: F.log_softmax(x, -1), {"x": draw(4, 6, low=-5, high=5)})


def loss_cases():
    label = torch.tensor([2, 0, 4, 3, 2])  # the same in tests/autograd/test_golden.c
    action = torch.tensor([1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1]).reshape(4, 3).double()
    ce = lambda x, smooth=0.0: F.cross_entropy(x, label, reduction="none", label_smoothing=smooth)

    case("cross_entropy", ce, {"x": draw(5, 6, low=-3, high=3)})
    case("cross_entropy smoothing", lambda x: ce(x, 0.1), {"x": draw(5, 6, low=-3, high=3)})
    soft = F.softmax(draw(5, 6, low=-2, high=2), 1).float().double()
    case("cross_entropy soft", lambda x, q: F.cross_entropy(x, q, reduction="none"),
         {"x": draw(5, 6, low=-3, high=3)}, {"q": soft})
    weight = torch.tensor([1.0, 0.0, 0.5, 2.0, 0.25]).double()
    case("cross_entropy weights", lambda x, k: k * ce(x, 0.2), {"x": draw(5, 6, low=-3, high=3)}, {"k": weight})
    case("bernoulli_log_prob",
         lambda x: torch.distributions.Bernoulli(logits=x).log_prob(action).sum(1), {"x": draw(4, 3, low=-3, high=3)})


def recurrent_cases():
    def cell(x, hc, w, u, b):
        h, c = hc.chunk(2, 1)
        return torch.cat(torch._VF.lstm_cell(x, (h, c), w, u, b, torch.zeros_like(b)), 1)

    case("lstm_cell", cell,
         {"x": draw(3, 5), "hc": draw(3, 8), "w": draw(16, 5), "u": draw(16, 4), "b": draw(16)})
    ids = torch.tensor([3, 0, 3, 5, 1])  # the same in tests/autograd/test_golden.c
    case("embedding", lambda x: F.embedding(ids, x), {"x": draw(6, 4)})


for make in (conv_cases, norm_cases, pool_cases, pointwise_cases, loss_cases, recurrent_cases):
    make()
head = (f"# PyTorch {torch.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, double precision; "
        "written by tools/gen_golden.py")
OUT.write_text("\n".join([head] + lines) + "\n")
