"""The networks of configs/*.yaml once more, written as a PyTorch user would, for vs_pytorch.py."""
import torch
from torch import nn
from torch.nn import functional as F


def unit(cin, cout, kernel, stride=1, groups=1, act=None):
    """Convolution, batch norm, activation."""
    layers = [
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout),
    ]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))


class PadShortcut(nn.Module):
    """Shortcut A of He et al. 2016: every second pixel, zero channels on both sides."""

    def __init__(self, pad):
        super().__init__()
        self.pad = pad

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))


class Residual(nn.Module):
    def __init__(self, body, shortcut=None, relu=True):
        super().__init__()
        self.body, self.shortcut, self.relu = body, shortcut, relu

    def forward(self, x):
        y = self.body(x)
        y += self.shortcut(x) if self.shortcut else x
        return F.relu(y, inplace=True) if self.relu else y


class Head(nn.Module):
    def __init__(self, cin, classes):
        super().__init__()
        self.fc = nn.Linear(cin, classes)

    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Clamp6(nn.Module):
    """ReLU6 by another name, for bf16."""

    def __init__(self, inplace=False):
        super().__init__()

    def forward(self, x):
        return torch.clamp(x, 0, 6)


def resnet(depth, classes):
    layers, cin = [unit(3, 16, 3, act=nn.ReLU)], 16
    for width in (16, 32, 64):
        for _ in range((depth - 2) // 6):
            stride = 1 if width == cin else 2
            body = nn.Sequential(unit(cin, width, 3, stride, act=nn.ReLU), unit(width, width, 3))
            layers.append(Residual(body, PadShortcut((width - cin) // 2) if stride == 2 else None))
            cin = width
    return nn.Sequential(*layers, Head(cin, classes))


def resnext29(classes, cardinality=4, path_width=16):
    """The ordinary form: the paths are the groups of a grouped convolution."""
    layers, cin = [unit(3, 16, 3, act=nn.ReLU)], 16
    for stage in range(3):
        out, inner = 64 << stage, (cardinality * path_width) << stage
        for block in range(3):
            stride = 2 if stage and not block else 1
            body = nn.Sequential(
                unit(cin, inner, 1, act=nn.ReLU),
                unit(inner, inner, 3, stride, cardinality, act=nn.ReLU),
                unit(inner, out, 1),
            )
            layers.append(Residual(body, unit(cin, out, 1, stride) if cin != out else None))
            cin = out
    return nn.Sequential(*layers, Head(cin, classes))


def vgg16bn(classes):
    layers, cin = [], 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(depth):
            layers.append(unit(cin, width, 3, act=nn.ReLU))
            cin = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, Head(cin, classes))


def mobilenetv2(classes, relu6=nn.ReLU6):
    layers, cin = [unit(3, 32, 3, act=relu6)], 32
    stages = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expand, out, blocks, first_stride in stages:
        for block in range(blocks):
            stride, inner = 1 if block else first_stride, cin * expand
            body = nn.Sequential(
                unit(cin, inner, 1, act=relu6),
                unit(inner, inner, 3, stride, inner, act=relu6),
                unit(inner, out, 1),
            )
            if stride == 1:
                body = Residual(body, unit(cin, out, 1) if cin != out else None, relu=False)
            layers.append(body)
            cin = out
    return nn.Sequential(*layers, unit(cin, 1280, 1, act=relu6), Head(1280, classes))


def build(name, classes, clamp=False):
    """clamp: ReLU6 as a clamp."""
    if name == "mobilenetv2":
        return mobilenetv2(classes, Clamp6 if clamp else nn.ReLU6)
    if name.startswith("resnet"):
        return resnet(int(name[len("resnet"):]), classes)
    return {"resnext29": resnext29, "vgg16bn": vgg16bn}[name](classes)


def macs(net):
    """Multiply-accumulates of convolutions and linear layers for one 32x32 image."""
    total = 0

    def count(layer, _, out):
        nonlocal total
        total += layer.weight.numel() * (out.shape[2] * out.shape[3] if out.dim() == 4 else 1)

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, 32, 32))
    for h in hooks:
        h.remove()
    return total
