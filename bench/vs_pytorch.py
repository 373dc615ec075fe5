#!/usr/bin/python3
"""The training step of dyntrain beside PyTorch's, in turn, on the same networks.

    apt-get install python3-torch libjemalloc2        by hand; nothing else in this project needs them
    bench/vs_pytorch.py [NETWORK ...] [--rounds 3] [--threads N] [--batch 128] [--json FILE]

PyTorch runs as it comes (contiguous, default allocator) and at its best (channels last, jemalloc that keeps its memory),
in fp32 and, with --bf16, under bf16 autocast; dyntrain through `dyntrain bench CONFIG --json`, in fp32 and bf16. Each
measurement is a process of its own, so that its memory is its own; a round runs all of them once, and what is printed are
medians over the rounds. That both sides compute the same network is checked: equal MACs and parameters. Neither side's
step contains the loading of images; dyntrain's loader runs beside its step all the same.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
JEMALLOC = "/usr/lib/{}-linux-gnu/libjemalloc.so.2".format(os.uname().machine)
KEEP_MEMORY = "dirty_decay_ms:-1,muzzy_decay_ms:-1"  # without it jemalloc gives pages back and faults them in again
NETWORKS = ("resnet20", "resnet56", "resnext29", "mobilenetv2", "vgg16bn")
TORCH = ("as it comes", "best fp32", "best bf16")
OURS = ("fp32", "bf16")


# ---- one measurement of PyTorch, in a process of its own ----


def torch_worker(name, mode, batch, threads, seconds):
    import resource

    import torch
    from torch.nn import functional as F

    import torch_nets

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    half, last = mode == "best bf16", mode != "as it comes"
    # PyTorch 1.13 has no bf16 gradient of relu6; a clamp has one
    net = torch_nets.build(name, 10, clamp=half)
    macs, params = torch_nets.macs(net), sum(p.numel() for p in net.parameters())
    net.train()
    x, labels = torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))
    if last:
        net = net.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    decayed = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}]
    optimiser = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)

    def step():
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            logits = net(x)
        loss = F.cross_entropy(logits.float(), labels)
        loss.backward()
        optimiser.step()
        return loss.item()

    for _ in range(3):
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"step_ms": 1e3 * statistics.median(times), "peak_rss_mb": peak / 1e6, "macs": macs,
                      "params": params, "version": torch.__version__}))


# ---- the process that compares ----


def run(command, env=None):
    """What the command prints, as JSON; None and a line on stderr where it fails."""
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout)
    lines = done.stderr.strip().splitlines() or ["it says nothing"]
    print(f"{' '.join(map(str, command))}: {lines[-1]}", file=sys.stderr)
    return None


def run_torch(name, mode, args):
    command = [sys.executable, __file__, "--worker", mode, name, "--batch", args.batch, "--threads", args.threads,
               "--seconds", args.seconds]
    env = {"OMP_NUM_THREADS": str(args.threads)}
    if mode != "as it comes":
        env.update(LD_PRELOAD=JEMALLOC, MALLOC_CONF=KEEP_MEMORY)
    return run([str(word) for word in command], env)


def run_ours(name, precision, args):
    return run([args.dyntrain, "bench", ROOT / "configs" / f"{name}_cifar10.yaml", f"precision={precision}",
                f"data.batch={args.batch}", f"run.threads={args.threads}", "--json"])


def check_same(name, theirs, args):
    """The two sides have the same network, or there is nothing to compare."""
    summary = run([args.dyntrain, "summary", ROOT / "configs" / f"{name}_cifar10.yaml", "--json"])
    if summary is None:
        sys.exit(1)
    for key in ("macs", "params"):
        if summary[key] != theirs[key]:
            sys.exit(f"{name}: {key} differ: {summary[key]} in dyntrain, {theirs[key]} in PyTorch")


def median(runs, key):
    values = [r[key] for r in runs if r and r.get(key)]
    return statistics.median(values) if values else None


def measure(name, args):
    """Both sides in turn, so that a slow minute of the machine hits all of them; medians."""
    modes = TORCH if args.bf16 else TORCH[:2]
    precisions = OURS if args.bf16 else OURS[:1]
    theirs, ours = {m: [] for m in modes}, {p: [] for p in precisions}
    for i in range(args.rounds):
        for mode in modes:
            theirs[mode].append(run_torch(name, mode, args))
            if i == 0 and theirs[mode][0]:
                check_same(name, theirs[mode][0], args)
        for precision in precisions:
            ours[precision].append(run_ours(name, precision, args))
    keys = ("step_ms", "peak_rss_mb")
    result = {"network": name, "batch": args.batch, "threads": args.threads, "rounds": args.rounds}
    result["pytorch"] = {m: {k: median(runs, k) for k in keys} for m, runs in theirs.items()}
    result["dyntrain"] = {p: {k: median(runs, k) for k in keys + ("conv_ms",)} for p, runs in ours.items()}
    result["ratios"] = ratios(result)
    result["runs"] = {"pytorch": theirs, "dyntrain": ours}
    return result


def over(a, b):
    return a / b if a and b else None


def ratios(result):
    """PyTorch's step over ours: above 1 we are faster. Memory: ours over theirs."""
    torch = {m: r["step_ms"] for m, r in result["pytorch"].items()}
    ours = {p: r["step_ms"] for p, r in result["dyntrain"].items()}
    best = min((t for m, t in torch.items() if t and m != "as it comes"), default=None)
    found = {
        "fp32 against PyTorch as it comes": over(torch["as it comes"], ours["fp32"]),
        "fp32 against PyTorch's best fp32": over(torch["best fp32"], ours["fp32"]),
        "memory, fp32, of PyTorch's as it comes": over(result["dyntrain"]["fp32"]["peak_rss_mb"],
                                                       result["pytorch"]["as it comes"]["peak_rss_mb"]),
        "memory, fp32, of PyTorch's best fp32": over(result["dyntrain"]["fp32"]["peak_rss_mb"],
                                                     result["pytorch"]["best fp32"]["peak_rss_mb"]),
    }
    if "bf16" in ours:
        found["bf16 against our fp32"] = over(ours["fp32"], ours["bf16"])
        found["bf16 against PyTorch's best of all"] = over(best, ours["bf16"])
    return found


def show(result):
    def cell(v, form):
        return form.format(v) if v else "failed"

    print(f"\n{result['network']}, batch {result['batch']}, {result['threads']} threads, "
          f"medians of {result['rounds']} rounds")
    for side in ("pytorch", "dyntrain"):
        for name, r in result[side].items():
            print(f"  {side + ', ' + name:34} {cell(r['step_ms'], '{:9.1f} ms'):>12} "
                  f"{cell(r['peak_rss_mb'], '{:8.0f} MB'):>12}")
    for name, r in result["ratios"].items():
        print(f"  {name:47} {cell(r, '{:8.2f}')}")
    sys.stdout.flush()


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; none: all of them")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--seconds", type=float, default=4, help="of PyTorch's steps in a round, at least 5 steps")
    p.add_argument("--bf16", action="store_true", help="bf16 as well, where the processor has it")
    p.add_argument("--dyntrain", default=ROOT / "build" / "src" / "cli" / "dyntrain", help="the program")
    p.add_argument("--json", metavar="FILE", help="write all of it there, every run included")
    p.add_argument("--worker", choices=TORCH, help=argparse.SUPPRESS)
    args = p.parse_args()
    for name in args.networks:
        if name not in NETWORKS:
            p.error(f"{name}: expected one of {', '.join(NETWORKS)}")
    return args


def check_installed(args):
    if subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"{sys.executable} has no torch: apt-get install python3-torch, and run this with /usr/bin/python3")
    if not os.path.exists(JEMALLOC):
        sys.exit(f"{JEMALLOC} is missing: apt-get install libjemalloc2")
    if not os.path.exists(args.dyntrain):
        sys.exit(f"{args.dyntrain} is missing: build it, or name another with --dyntrain")


def main():
    args = parse()
    if args.worker:
        torch_worker(args.networks[0], args.worker, args.batch, args.threads, args.seconds)
        return
    check_installed(args)
    results = []
    for name in args.networks or NETWORKS:
        results.append(measure(name, args))
        show(results[-1])
        if args.json:  # after each network: an interrupted run keeps what it has
            pathlib.Path(args.json).write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
