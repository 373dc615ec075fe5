// Training curves out of metrics.jsonl: loss, accuracy and learning rate over epochs, phases one after the other.

// Each row with its `time`: epochs since the run began, over all phases. Rows at an epoch's end fix which step is which
// time; rows about a batch lie between, in proportion to their step. phases: [{text, x}], where each begins.
function withTime(rows) {
  const usable = rows.filter((r) => number(r.epoch) !== null && number(r.step) !== null);
  const phases = [], ends = [{ step: 0, time: 0 }];
  let before = 0, phase;
  for (const r of usable) {
    const last = ends[ends.length - 1];
    if (r.phase !== phase) {
      before = last.time;
      phase = r.phase;
      phases.push({ text: string(phase), x: before });
    }
    if (r.split !== 'batch' && r.step > last.step) ends.push({ step: r.step, time: before + r.epoch });
  }
  if (ends.length === 1) ends.push({ step: Math.max(1, ...usable.map((r) => r.step)), time: 1 }); // within the first epoch
  let i = 1;
  const timeOf = (step) => {
    while (i > 1 && step < ends[i - 1].step) i--;
    while (i < ends.length - 1 && step > ends[i].step) i++;
    const [a, b] = [ends[i - 1], ends[i]];
    return a.time + ((step - a.step) * (b.time - a.time)) / (b.step - a.step);
  };
  return { timed: usable.map((row) => ({ row, time: timeOf(row.step) })), phases };
}

function pointsOf(timed, split, key) {
  return timed.filter((t) => t.row.split === split && number(t.row[key]) !== null)
    .map((t) => ({ x: t.time, y: t.row[key] }));
}

const KINDS = [
  { split: 'train', name: 'training', line: 'line thin', dash: '5 3' },
  { split: 'val', name: 'validation', line: 'line' },
  { split: 'batch', name: 'single batches', line: 'line faint' },
];

function lossSeries(runs, key) {
  return runs.flatMap((run) => KINDS.map((kind) => ({
    name: runs.length > 1 ? `${run.label}, ${kind.name}` : kind.name, colour: run.colour, line: kind.line, dash: kind.dash,
    off: kind.split === 'batch' && runs.length > 1 && run.timed.some((t) => t.row.split !== 'batch'), points: pointsOf(run.timed, kind.split, key),
  })));
}

// The rate of single batches where it was written down, else that of the epochs.
function rateSeries(runs) {
  return runs.map((run) => {
    const [fine, coarse] = ['batch', 'train'].map((split) => pointsOf(run.timed, split, 'lr'));
    return { name: run.label, colour: run.colour, line: 'line', points: fine.length ? fine : coarse };
  });
}

function trainingSpec(id, title, yLabel, series, yText, runs) {
  return { id, title, xLabel: 'epoch', yLabel, xText: (v) => short(v), yText, byX: true, height: 280,
    series: series.filter((s) => s.points.length > 0), marks: runs.length === 1 && runs[0].phases.length > 1 ? runs[0].phases : [] };
}

function trainingCharts(parent, runs) {
  for (const run of runs) Object.assign(run, withTime(run.rows));
  const specs = [
    trainingSpec('training-loss', 'Loss', 'loss', lossSeries(runs, 'loss'), (v) => short(v), runs),
    trainingSpec('training-accuracy', 'Accuracy', 'accuracy (%)', lossSeries(runs, 'accuracy'),
      (v, exact) => (exact ? percent(v) : short(100 * v)), runs),
    trainingSpec('training-lr', 'Learning rate', 'learning rate', rateSeries(runs), (v) => short(v), runs),
  ].filter((s) => s.series.length > 0);
  if (specs.length === 0) return;
  el(parent, 'h2', {}, 'Training');
  const pair = el(parent, 'div', { class: 'pair' });
  for (const spec of specs) {
    let log = false;
    chart(pair, () => ({ ...spec, yLog: log }), spec.id === 'training-accuracy' ? undefined : (caption, renew) =>
      choice(caption, 'scale', ['linear', 'logarithmic'], 'linear', (c) => { log = c === 'logarithmic'; renew(); }));
  }
}
