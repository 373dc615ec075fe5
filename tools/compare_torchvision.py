#!/usr/bin/python3
"""Compares AlexNet, GoogLeNet and ResNet-50 with torchvision's, logit by logit: random weights are made by torchvision,
written into one of our checkpoints through h5py, and both programs are given the same images.

    apt-get install python3-torchvision python3-h5py
    /usr/bin/python3 tools/compare_torchvision.py build/src/cli/dyntrain

Exits 0 when all logits agree to 1e-4 of the largest, 8 when they do not, 77 (skipped) when a package is missing."""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
except ImportError as e:
    print(f"skipped: {e}; see the head of this script for the packages it needs")
    sys.exit(77)

CLASSES, SIZE, TOLERANCE = 1000, 224, 1e-4


def norm(ours, theirs):
    return {f"{ours}/{a}": f"{theirs}.{b}" for a, b in
            (("gamma", "weight"), ("beta", "bias"), ("mean", "running_mean"), ("var", "running_var"))}


def unit(ours, conv, bn):
    return {f"{ours}/conv/weight": f"{conv}.weight", **norm(f"{ours}/norm", bn)}


def layer(ours, theirs):
    return {f"{ours}/{p}": f"{theirs}.{p}" for p in ("weight", "bias")}


def alexnet():
    names = {}
    for stage, at in enumerate((0, 3, 6, 8, 10), 1):
        names |= layer(f"stage{stage}/conv", f"features.{at}")
    for ours, at in (("fc6", 1), ("fc7", 4), ("fc8", 6)):
        names |= layer(f"head/{ours}", f"classifier.{at}")
    return names


def googlenet():
    names = layer("head/fc", "fc")
    for k in (1, 2, 3):
        names |= unit(f"stem/conv{k}", f"conv{k}.conv", f"conv{k}.bn")
    for m in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        for ours, theirs in (("branch1", "branch1"), ("branch2/reduce", "branch2.0"), ("branch2/conv", "branch2.1"),
                             ("branch3/reduce", "branch3.0"), ("branch3/conv", "branch3.1"), ("branch4/conv", "branch4.1")):
            names |= unit(f"inception{m}/{ours}", f"inception{m}.{theirs}.conv", f"inception{m}.{theirs}.bn")
    return names


def resnet50():
    names = unit("stem", "conv1", "bn1") | layer("head/fc", "fc")
    for stage, depth in enumerate((3, 4, 6, 3), 1):
        for b in range(depth):
            ours, theirs = f"stage{stage}/block{b}", f"layer{stage}.{b}"
            for k in (1, 2, 3):
                names |= unit(f"{ours}/body/conv{k}", f"{theirs}.conv{k}", f"{theirs}.bn{k}")
            if b == 0:
                names |= unit(f"{ours}/shortcut", f"{theirs}.downsample.0", f"{theirs}.downsample.1")
    return names


def torch_net(name):
    """Random weights and running statistics, evaluating."""
    torch.manual_seed(1)
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, **options).eval()
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(m.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(m.weight, 0.5, 1.0)
            torch.nn.init.uniform_(m.bias, -0.1, 0.1)
    return net


def make_images(folder):
    """Two classes of noise over gradients, as PNG: a data set, and what is compared."""
    rng = np.random.default_rng(1)
    files = []
    for k in range(2):
        where = folder / "data" / "train" / f"class{k}"
        where.mkdir(parents=True)
        for i in range(3):
            x = rng.integers(0, 200, (SIZE, SIZE, 3)) + np.linspace(0, 55, SIZE)[:, None, None]
            Image.fromarray(x.astype(np.uint8)).save(where / f"{i}.png")
            files.append(where / f"{i}.png")
        test = folder / "data" / "test" / f"class{k}"
        test.mkdir(parents=True)
        Image.fromarray(np.full((SIZE, SIZE, 3), 99, np.uint8)).save(test / "0.png")
    return files


def our_checkpoint(program, name, folder):
    """One step of training, stopped: the checkpoint has the right tensors, and their values are replaced."""
    config = folder / f"{name}.yaml"
    config.write_text(f"""version: 1
name: {name}
data: {{dataset: folder, dir: {folder}/data, size: {SIZE}, batch: 2, val_split: 0, workers: 0}}
model: {{arch: {name}, classes: {CLASSES}}}
optim: {{lr: 0}}
supervised: {{epochs: 1000}}
run: {{dir: {folder}/runs, time_limit: 1e-6, progress: "off"}}
""")
    done = subprocess.run([program, "train", str(config)], capture_output=True, text=True)
    if done.returncode != 75:
        sys.exit(f"{name}: dyntrain train: exit {done.returncode}\n{done.stderr}")
    return next((folder / "runs" / name).glob("*/ckpt/last.h5"))


def write_weights(path, net, names, name):
    """Puts torchvision's tensors under our names; every float tensor of the model must be covered. The hash is renewed."""
    state = {k: v.detach().numpy() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    used = set()
    with h5py.File(path, "r+") as f:
        ours = []
        f["model"].visititems(lambda k, v: ours.append(k) if isinstance(v, h5py.Dataset) else None)
        for k in ours:
            v = state[names[k]]
            used.add(names[k])
            if name == "alexnet" and k == "head/fc6/weight":  # flattened as [c,h,w] there, as [h,w,c] here
                v = v.reshape(-1, 256, 6, 6).transpose(0, 2, 3, 1).reshape(v.shape)
            f[f"model/{k}"][...] = v
    if used != set(state):
        sys.exit(f"{name}: torchvision has tensors that we have not: {sorted(set(state) - used)[:5]}")
    data = bytearray(path.read_bytes())
    length, = struct.unpack_from("<Q", data, 12)
    if length != len(data) - 512:
        sys.exit(f"{name}: the checkpoint has changed its size")
    data[20:52] = hashlib.sha256(data[512:]).digest()
    path.write_bytes(data)


def our_logits(program, path, files):
    out = subprocess.run([program, "predict", "--json", str(path), *map(str, files)], capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"dyntrain predict: exit {out.returncode}\n{out.stderr}")
    return np.array([row["logits"] for row in json.loads(out.stdout)])


def normalisation(program, folder):
    out = subprocess.run([program, "data", "info", "--json", str(next(folder.glob("*.yaml")))], capture_output=True, text=True)
    j = json.loads(out.stdout)
    return np.array(j["mean"]), np.array(j["std"])


def main():
    program = sys.argv[1]
    worst = 0.0
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        files = make_images(folder)
        for name, names in (("alexnet", alexnet()), ("googlenet", googlenet()), ("resnet50", resnet50())):
            path = our_checkpoint(program, name, folder)
            net = torch_net(name)
            write_weights(path, net, names, name)
            mean, std = normalisation(program, folder)
            x = np.stack([np.asarray(Image.open(f), np.float32) / 255 for f in files])
            x = torch.tensor(((x - mean) / std).astype(np.float32)).permute(0, 3, 1, 2)
            with torch.no_grad():
                theirs = net(x).numpy()
            ours = our_logits(program, path, files)
            worst_here = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
            print(f"{name:10} largest difference {worst_here:.2e} of the largest logit {np.abs(theirs).max():.3g}")
            worst = max(worst, worst_here)
    sys.exit(0 if worst <= TOLERANCE else 8)


main()
