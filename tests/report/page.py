"""The report in a browser: no error on its console, every point where its numbers say, and nothing of the runs' own
text taken as markup. usage: page.py DYNTRAIN; exit status 77: there is no Chromium."""
import html.parser
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile

HOSTILE = '</script><script>console.error("in")</script><img src=x onerror=console.error(1)>"\'&lt;b&gt;'
FULL = 40_000_000
BUDGETS = [0.25, 0.5, 1.0]


def write(run, name, value):
    os.makedirs(run, exist_ok=True)
    with open(os.path.join(run, name), "w") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))


def rows(epochs):
    for phase in ("first", "second " + HOSTILE):
        for e in range(1, epochs + 1):
            step = 10 * e + (10 * epochs if phase != "first" else 0)
            yield {"step": step - 5, "epoch": e, "phase": phase, "split": "batch", "loss": 1.5 / step, "lr": 0.1}
            yield {"step": step, "epoch": e, "phase": phase, "split": "train", "loss": 1 / step, "accuracy": 0.5, "lr": 0.1}
            yield {"step": step, "epoch": e, "phase": phase, "split": "val", "loss": 2 / step, "accuracy": 0.4}


def point(budget, accuracy, macs, **more):
    return {"name": f"b={budget}", "budget": budget, "accuracy": accuracy, "top5": None, "macs_mean": macs, "macs_std": 1000,
            "macs_max": macs, "share": macs / FULL, "latency_ms": 4 * budget, "numbers": {"paths": 9, HOSTILE: 1}} | more


def finished(run):
    """A dynamic run, hostile wherever there is text; its fixed subset is as good as its policy."""
    curve = [point(b, 0.9 + b / 20, int(FULL * b)) for b in BUDGETS]
    write(run, "run.json", {"name": HOSTILE, "method": HOSTILE, "status": "finished", "seed": 1, "host": HOSTILE,
                            "versions": {HOSTILE: HOSTILE}, "command": HOSTILE})
    write(run, "config.resolved.yaml", "name: " + HOSTILE + "\n")
    write(run, "metrics.jsonl", "".join(json.dumps(r) + "\n" for r in rows(6)))
    write(run, "result.json", {
        "method": "budgetnet", "dataset": HOSTILE, "network": HOSTILE, "seed": 1, "epochs": 12, "train_minutes": 3.25,
        "test_accuracy": curve[1]["accuracy"], "static_accuracy": 0.96, "macs_mean": curve[1]["macs_mean"],
        "macs_static": FULL, "macs_ratio": 0.5, "params": 1000, "latency_ms": {"dynamic": 2, "static": 4}, "curve": curve,
        "baselines": [point(0.5, 0.925, FULL // 2, name="fixed " + HOSTILE), point(0.5, 0.99, FULL // 2, name="oracle"),
                      point(0, 0.93, FULL // 4, name="static small", latency_ms=None),
                      point(0, 0.99, FULL, name="static large", latency_ms=None),
                      point(0.5, 0.924, FULL // 2, name="shuffled, b=0.5", latency_ms=None),
                      *(point(b, 0.5 + b / 10, int(FULL * b), name=f"random, b={b}") for b in (0.5, 0.25))],
        "published": [{"name": f"Rival: {i}", "accuracy": 0.8 + i / 100, "macs": 10**7 * (i + 1), "source": HOSTILE,
                       "confidence": "D"} for i in range(4)]})


def wrong(run):
    """Files of the right names with anything in them."""
    write(run, "run.json", {"name": 7, "seed": "x", "versions": [1], "status": ["running"]})
    write(run, "result.json", {"test_accuracy": "high", "curve": "none", "baselines": [None, 3, {"accuracy": {}}],
                               "published": 5, "latency_ms": [], "macs_static": None, "epochs": {}})
    write(run, "metrics.jsonl", '3\n[1]\nnull\n{"step":"x","epoch":1}\n{"step":1e999}\nnonsense\n{"step":4,"epoch":1}\n{"st')


# A reader who presses every button, legends twice, and points at everything.
POKE = """<script type="module">
for (const b of document.querySelectorAll(".choice button")) b.click();
for (const b of document.querySelectorAll(".legend button")) { b.click(); b.click(); }
for (const s of document.querySelectorAll(".plot svg")) {
  const frame = s.getBoundingClientRect();
  const at = (x, y) => s.dispatchEvent(new PointerEvent("pointermove", { clientX: frame.left + x, clientY: frame.top + y }));
  at(frame.width / 2, frame.height / 2);
  for (const p of s.querySelectorAll(".point")) at(+p.dataset.px, +p.dataset.py);
}
</script>
"""


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.figures, self.text, self.figure = [], {}, "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        self.tags.append(tag)
        if tag == "figure":
            self.figure = self.figures.setdefault(at["id"], {"points": [], "ticks": {"x": [], "y": []}, "lines": []})
        elif self.figure is not None and "data-series" in at:
            self.figure["points"].append((at["data-series"], *(float(at[k]) for k in ("data-x", "data-y", "data-px", "data-py"))))
        elif self.figure is not None and "data-axis" in at:
            self.figure["ticks"][at["data-axis"]].append((float(at["data-value"]), float(at["data-at"])))
        elif self.figure is not None and tag == "path" and at.get("class", "").startswith("line") and at["d"] != "M1 6H25":
            self.figure["lines"].append([tuple(map(float, p.split())) for p in at["d"][1:].split("L")])

    def handle_endtag(self, tag):
        if tag == "figure":
            self.figure = None

    def handle_data(self, data):
        if self.lasttag not in ("script", "style"):
            self.text += data


def open_page(dyntrain, folder, *runs, poke=""):
    out = os.path.join(folder, "out.html")
    subprocess.run([dyntrain, "report", *runs, "-o", out], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with open(out) as f:
        text = f.read()
    with open(out, "w") as f:
        f.write(text.replace("</body>", poke + "</body>"))
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--window-size=1200,900",
         "--user-data-dir=" + os.path.join(folder, "profile"), "--dump-dom", "file://" + out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100, text=True, check=True)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    page = Page(done.stdout)
    assert page.tags.count("script") == 2 + bool(poke) and "img" not in page.tags and "b" not in page.tags[: page.tags.index("main")]
    return page


def check_places(figure, log):
    """Every point lies where the ticks of its axes put its numbers."""
    for name, x, y, px, py in figure["points"]:
        for value, at, axis, is_log in ((x, px, "x", log), (y, py, "y", False)):
            (a, pa), (b, pb) = figure["ticks"][axis][0], figure["ticks"][axis][-1]
            f = math.log if is_log else float
            expected = pa + (f(value) - f(a)) / (f(b) - f(a)) * (pb - pa)
            assert abs(at - expected) < 0.02, (name, axis, value, at, expected)


def check_finished(page):
    first = "as good as the policy (92.50% at 20 M MACs) or better, at no more cost: static small (93.00% at 10 M MACs); "
    assert f"{first}fixed {HOSTILE} (92.50% at 20 M MACs)." in page.text, page.text
    figure = page.figures["cost"]
    drawn = sorted((name, round(x, 6), round(y, 6)) for name, x, y, _, _ in figure["points"])
    expected = sorted([("this run", 40 * b, 0.9 + b / 20) for b in BUDGETS] + [("full network", 40, 0.96)] +
                      [("baselines", 20, 0.925), ("baselines", 20, 0.99), ("static networks", 10, 0.93),
                       ("static networks", 40, 0.99), ("shuffled", 20, 0.924), ("random", 10, 0.525), ("random", 20, 0.55)] +
                      [("Rival (published)", 10 * (i + 1), 0.8 + i / 100) for i in range(4)])
    assert len(drawn) == len(expected) and all(a[0] == b[0] and math.dist(a[1:], b[1:]) < 1e-6 for a, b in zip(drawn, expected)), drawn
    check_places(figure, log=True)
    assert sorted(len(line) for line in figure["lines"]) == [2, 3, 4]
    loss = page.figures["training-loss"]
    assert sorted(len(line) for line in loss["lines"]) == [12, 12, 12]
    for line in loss["lines"]:
        steps = [b[0] - a[0] for a, b in zip(line, line[1:])]
        assert max(steps) - min(steps) < 0.05, steps  # epochs, over both phases
        assert all(b[1] > a[1] for a, b in zip(line, line[1:]))  # losses that fall
    assert len(page.figures["training-accuracy"]["lines"]) == 2 and len(page.figures["training-lr"]["lines"]) == 1


def main(dyntrain):
    if not shutil.which("chromium"):
        print("no chromium: skipped")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        runs = [os.path.join(folder, name) for name in ("finished", "going on", "wrong")]
        finished(runs[0])
        write(runs[1], "run.json", {"name": "going on", "status": "running", "method": "budgetnet", "seed": 2})
        write(runs[1], "metrics.jsonl", '{"step":5,"epoch":1,"phase":"a","split":"batch","loss":2}\n'
                                        '{"step":9,"epoch":1,"phase":"a","split":"batch","loss":1}\n{"ste')
        wrong(runs[2])
        check_finished(open_page(dyntrain, folder, runs[0]))
        page = open_page(dyntrain, folder, runs[0], poke=POKE)  # ends on the last choice: latency, logarithmic
        assert sorted(p[1] for p in page.figures["cost"]["points"]) == [1, 1, 2, 2, 2, 2, 4, 4], page.figures["cost"]["points"]
        check_places(page.figures["cost"], log=True)
        assert "paths: 9" in page.text and "validation: " in page.text
        page = open_page(dyntrain, folder, runs[1])
        assert "this run is running" in page.text and list(page.figures) == ["training-loss"]
        assert len(page.figures["training-loss"]["lines"][0]) == 2
        page = open_page(dyntrain, folder, runs[2])
        assert re.search("lines are not valid JSON", page.text) and not page.figures.get("cost")
        page = open_page(dyntrain, folder, *runs)
        assert "3 runs compared" in page.text and len(page.figures["training-loss"]["lines"]) == 3
        assert {p[0] for p in page.figures["cost"]["points"]} >= {HOSTILE, HOSTILE + ": full network"}
    print("drawn as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
