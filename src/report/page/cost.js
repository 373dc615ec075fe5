// Accuracy against cost: our points, baselines, full and static networks, beside what was published.

const AXES = {
  'MACs': { label: 'MACs an image (millions)', of: (p) => p.macs / 1e6, published: true },
  'FLOPs': { label: 'FLOPs an image = 2 x MACs (millions)', of: (p) => (2 * p.macs) / 1e6, published: true },
  'share': { label: 'share of the full network\'s MACs (%)', of: (p) => 100 * p.share },
  'latency': { label: 'latency at batch 1, really skipping, on this machine (ms)', of: (p) => p.latency },
};
const MARKS = ['diamond', 'triangle', 'square', 'circle'];
const OTHERS = 'baselines'; // those that are of no kind
const STATIC = 'static'; // static networks, each of its own cost: no line between them

function measured(p, full) {
  const macs = number(p.macs_mean);
  const share = number(p.share) !== null ? p.share : macs !== null && full ? macs / full : null;
  return { name: string(p.name), budget: number(p.budget), accuracy: number(p.accuracy), top5: number(p.top5), macs,
    std: number(p.macs_std), max: number(p.macs_max), share, latency: number(p.latency_ms), numbers: object(p.numbers) };
}

// result.json of a run, as far as it is what it should be.
function readResult(run) {
  const r = object(run.result), latency = object(r.latency_ms), full = number(r.macs_static);
  const of = (v) => list(v).map((p) => measured(p, full)).filter((p) => p.accuracy !== null);
  run.points = of(r.curve);
  run.baselines = of(r.baselines);
  run.full = number(r.static_accuracy) === null || full === null ? null
    : { name: 'full network', accuracy: r.static_accuracy, macs: full, share: 1, latency: number(latency.static), numbers: {} };
  run.published = list(r.published).map((p) => ({ name: string(p.name), accuracy: number(p.accuracy), macs: number(p.macs),
    source: string(p.source), confidence: string(p.confidence) })).filter((p) => p.accuracy !== null);
  run.target = run.points.find((p) => p.accuracy === number(r.test_accuracy) && p.macs === number(r.macs_mean)) || null;
}

function notes(p) {
  const all = [p.name];
  if (number(p.budget) !== null) all.push(`budget asked for: ${short(p.budget)}`);
  if (number(p.macs) !== null) all.push(`${scaled(p.macs)} MACs${number(p.share) !== null ? `, ${percent(p.share, 1)} of the full network` : ''}`);
  if (number(p.std)) all.push(`deviation ${scaled(p.std)}, most ${scaled(p.max)}`);
  if (number(p.latency) !== null) all.push(`${short(p.latency)} ms`);
  for (const [key, value] of Object.entries(p.numbers || {})) if (number(value) !== null) all.push(`${key}: ${short(value)}`);
  if (p.source) all.push(p.source);
  return all;
}

function place(points, axis, target) {
  return points.map((p) => ({ x: axis.of(p), y: p.accuracy, notes: notes(p), big: p === target }))
    .filter((p) => number(p.x) !== null);
}

// Points whose names begin alike, up to where cut(name) says, are one group; those that it does not cut: `otherwise`, or
// a group each.
function grouped(points, cut, otherwise) {
  const groups = new Map();
  for (const p of points) {
    const name = cut(p.name) > 0 ? p.name.slice(0, cut(p.name)) : otherwise || p.name;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(p);
  }
  return [...groups.entries()];
}

// Baselines: "kind, which", or a static network.
function kinds(baselines) {
  return grouped(baselines, (name) => (/^static /.test(name) ? STATIC.length : name.lastIndexOf(', ')), OTHERS);
}

// Published points of several runs are one set; "line: point" are drawn as one line.
function publishedLines(runs) {
  const seen = new Set();
  const points = runs.flatMap((r) => r.published).filter((p) => {
    const key = `${p.name}|${p.accuracy}|${p.macs}`;
    return p.macs !== null && !seen.has(key) && seen.add(key);
  });
  return grouped(points, (name) => name.indexOf(': '));
}

function costSeries(runs, axis) {
  const series = [];
  const many = runs.length > 1;
  runs.forEach((run) => {
    const own = (text) => (many ? `${run.label}: ${text}` : text);
    const isStatic = run.points.length === 0;
    const sorted = [...run.points].sort((a, b) => axis.of(a) - axis.of(b));
    series.push({ name: many ? run.label : 'this run', colour: run.colour, line: 'line', marker: 'circle', points: place(sorted, axis, run.target) });
    series.push({ name: own(isStatic ? 'static network' : 'full network'), colour: run.colour, line: '', marker: 'square',
      points: place(run.full ? [run.full] : [], axis) });
    kinds(run.baselines).forEach(([kind, points], i) => {
      const joined = kind !== OTHERS && kind !== STATIC && points.length > 1;
      series.push({ name: own(kind === STATIC ? 'static networks' : kind), colour: run.colour, line: joined ? 'line faint' : '',
        dash: '2 4', hollow: true, marker: MARKS[(i + 3) % 4], points: place(points.sort((a, b) => axis.of(a) - axis.of(b)), axis) });
    });
  });
  if (axis.published)
    publishedLines(runs).forEach(([line, points], i) => {
      const isStatic = line.startsWith('static');
      const sorted = [...points].sort((a, b) => a.macs - b.macs);
      series.push({ name: `${line} (published)`, colour: `var(--p${i % 8})`, dash: '6 4', small: true,
        line: isStatic || points.length < 2 ? '' : 'line thin', marker: MARKS[i % 4], hollow: i >= 4,
        points: place(sorted, axis) });
    });
  return series.filter((s) => s.points.length > 0);
}

function costChart(parent, runs) {
  const count = (axis) => costSeries(runs, axis).reduce((sum, s) => sum + s.points.length, 0);
  const usable = Object.keys(AXES).filter((k) => count(AXES[k]) > 1);
  if (usable.length === 0) return;
  let axis = usable[0], log = true; // costs span more than a decade
  el(parent, 'h2', {}, 'Accuracy against cost');
  chart(parent, () => ({
    id: 'cost', title: 'Test accuracy', xLabel: AXES[axis].label, yLabel: 'test accuracy (%)', height: 440, xLog: log,
    xText: (v) => short(v), yText: (v, exact) => (exact ? percent(v) : short(100 * v)), series: costSeries(runs, AXES[axis]),
  }), (caption, renew) => {
    choice(caption, 'cost', usable, axis, (c) => { axis = c; renew(); });
    choice(caption, 'scale', ['linear', 'logarithmic'], 'logarithmic', (c) => { log = c === 'logarithmic'; renew(); });
  });
  el(parent, 'p', { class: 'soft' }, 'MACs are counted once, with all that a decision takes (agent, heads, predictors). ' +
    'The larger point of a curve is the run\'s result. Published figures are other people\'s, on their machines and terms.');
}

// Baselines that cost no more and are as good say that the policy has learnt nothing, or that it does not pay: the best of
// each kind, best first. An oracle may be better.
function rivalsOf(run) {
  const t = run.target;
  if (!t || t.macs === null) return [];
  const better = (a, b) => b.accuracy - a.accuracy || a.macs - b.macs;
  const asGood = run.baselines.filter((b) => b.macs !== null && b.macs <= 1.005 * t.macs && b.accuracy >= t.accuracy && !/oracle/i.test(b.name));
  return kinds(asGood).map(([, points]) => points.sort(better)[0]).sort(better);
}
