// The page: what was run, what came out, how it got there, and with which settings.

const folder = (run) => run.path.split('/').filter((s) => s && s !== '.').pop() || run.path;

function nameRuns(runs) {
  runs.forEach((run, i) => {
    run.colour = `var(--c${i % 8})`;
    run.info = object(run.info);
    run.rows = list(run.rows);
    run.result = object(run.result);
    run.config = string(run.config);
    run.path = string(run.path);
    run.label = string(run.info.name) || folder(run) || 'run';
    readResult(run);
  });
  for (const name of new Set(runs.map((r) => r.label))) { // two of one name: by their seeds, or else their folders
    const same = runs.filter((r) => r.label === name);
    const seeds = new Set(same.map((r) => number(r.info.seed)));
    if (same.length > 1)
      for (const r of same) r.label = seeds.size === same.length ? `${name}, seed ${r.info.seed}` : `${name} ${folder(r)}`;
  }
}

const status = (run) => string(run.info.status) || (number(run.result.test_accuracy) !== null ? 'kept' : 'unknown');
const method = (run) => string(run.result.method) || string(run.info.method);

function card(parent, value, what) {
  if (value === '') return;
  const c = el(parent, 'div', { class: 'card' });
  el(c, 'b', {}, value);
  el(c, 'span', {}, what);
}

function cards(parent, run) {
  const r = run.result, latency = object(r.latency_ms);
  const row = el(parent, 'div', { class: 'cards' });
  card(row, percent(r.test_accuracy), 'test accuracy');
  if (run.points.length) card(row, percent(r.static_accuracy), 'full network');
  card(row, scaled(r.macs_mean), 'MACs an image');
  if (run.points.length) card(row, percent(r.macs_ratio, 1), 'of the full network\'s MACs');
  const [dynamic, full] = [number(latency.dynamic), number(latency.static)];
  card(row, dynamic !== null ? `${short(dynamic)} ms` : full !== null ? `${short(full)} ms` : '',
    dynamic !== null && full !== null ? `latency, full network ${short(full)} ms` : 'latency at batch 1');
  card(row, scaled(r.params), 'parameters');
  card(row, number(r.train_minutes) === null ? '' : `${fixed(r.train_minutes, 1)} min`,
    `of training${number(r.epochs) ? `, ${r.epochs} epochs` : ''}`);
}

function notices(parent, runs) {
  const notice = (text) => el(parent, 'p', { class: 'notice' }, text);
  for (const run of runs) {
    const who = runs.length > 1 ? `${run.label}: ` : '';
    const rivals = rivalsOf(run), at = (p) => `${percent(p.accuracy)} at ${scaled(p.macs)} MACs`;
    if (rivals.length)
      notice(`${who}as good as the policy (${at(run.target)}) or better, at no more cost: ` +
        `${rivals.map((p) => `${p.name} (${at(p)})`).join('; ')}.`);
    if (['running', 'stopped', 'failed'].includes(status(run)))
      notice(`${who}this run is ${status(run)}${string(run.info.reason) ? `: ${run.info.reason}` : ''}; ` +
        'what is shown is as far as it got.');
    for (const p of Array.isArray(run.problems) ? run.problems : []) notice(`${who}${p}`);
  }
}

function runsTable(parent, runs) {
  const latency = (r, which) => number(object(r.result.latency_ms)[which]);
  table(parent, [
    { title: 'run', cell: (r) => r.label, text: true },
    { title: 'method', cell: method, text: true },
    { title: 'network', cell: (r) => string(r.result.network), text: true },
    { title: 'data set', cell: (r) => string(r.result.dataset), text: true },
    { title: 'status', cell: status, text: true },
    { title: 'seed', cell: (r) => whole(number(r.result.seed) ?? number(r.info.seed)).replaceAll(',', '') },
    { title: 'epochs', cell: (r) => whole(r.result.epochs) },
    { title: 'test accuracy', cell: (r) => percent(r.result.test_accuracy) },
    { title: 'full network', cell: (r) => (r.points.length ? percent(r.result.static_accuracy) : '') },
    { title: 'MACs', cell: (r) => whole(r.result.macs_mean) },
    { title: 'of full', cell: (r) => (r.points.length ? percent(r.result.macs_ratio, 1) : '') },
    { title: 'latency ms', cell: (r) => short(latency(r, 'dynamic')) },
    { title: 'full ms', cell: (r) => short(latency(r, 'static')) },
    { title: 'parameters', cell: (r) => whole(r.result.params) },
    { title: 'minutes', cell: (r) => fixed(r.result.train_minutes, 1) },
  ], runs);
}

function pointsTable(parent, run) {
  const rows = [...run.points, ...run.baselines, ...(run.full ? [run.full] : [])];
  const keys = [...new Set(rows.flatMap((p) => Object.keys(p.numbers)))];
  table(parent, [
    { title: 'point', cell: (p) => p.name, text: true },
    { title: 'budget', cell: (p) => short(p.budget) },
    { title: 'accuracy', cell: (p) => percent(p.accuracy) },
    { title: 'top-5', cell: (p) => percent(p.top5) },
    { title: 'MACs', cell: (p) => scaled(p.macs) },
    { title: '± MACs', cell: (p) => scaled(p.std) },
    { title: 'most MACs', cell: (p) => scaled(p.max) },
    { title: 'of full', cell: (p) => percent(p.share, 1) },
    { title: 'latency ms', cell: (p) => short(p.latency) },
    ...keys.map((k) => ({ title: k.replaceAll('_', ' '), cell: (p) => short(p.numbers[k]) })),
  ], rows, (p) => p === run.target);
}

function numbers(parent, runs) {
  const withPoints = runs.filter((r) => r.points.length || r.baselines.length);
  if (withPoints.length) el(parent, 'h2', {}, 'Numbers');
  for (const run of withPoints) {
    if (runs.length > 1) el(parent, 'h3', {}, run.label);
    pointsTable(parent, run);
  }
  const published = publishedLines(runs).flatMap(([, points]) => points);
  if (!published.length) return;
  const box = el(parent, 'details');
  el(box, 'summary', {}, `${published.length} published figures and their sources`);
  table(box, [
    { title: 'what', cell: (p) => p.name, text: true },
    { title: 'accuracy', cell: (p) => percent(p.accuracy) },
    { title: 'MACs', cell: (p) => scaled(p.macs) },
    { title: 'read as', cell: (p) => ({ H: 'digits', D: 'from a figure', M: 'second hand' })[p.confidence] || '', text: true },
    { title: 'source', cell: (p) => p.source, wide: true },
  ], published);
}

function settings(parent, runs) {
  el(parent, 'h2', {}, 'How it was run');
  for (const run of runs) {
    if (runs.length > 1) el(parent, 'h3', {}, run.label);
    const versions = object(run.info.versions);
    const facts = [
      ['directory', run.path], ['command', string(run.info.command) || string(run.result.command)],
      ['started', string(run.info.started)], ['host', string(run.info.host)],
      ['threads', whole(run.result.threads ?? run.info.threads)],
      ['version', Object.entries(versions).map(([k, v]) => `${k} ${v}`).join(', ') || string(run.result.version)],
    ].filter(([, v]) => v);
    table(parent, [{ title: '', cell: (f) => f[0], text: true }, { title: '', cell: (f) => f[1], wide: true }], facts);
    if (!run.config) continue;
    const box = el(parent, 'details');
    el(box, 'summary', {}, 'config');
    el(box, 'pre', {}, run.config);
  }
}

const data = object(JSON.parse(document.getElementById('data').textContent));
const runs = list(data.runs);
const page = document.getElementById('page');
nameRuns(runs);
const one = runs.length === 1 ? runs[0] : null;
el(page, 'h1', {}, one ? one.label : `${runs.length} runs compared`);
if (one)
  el(page, 'p', { class: 'soft' }, [method(one), string(one.result.network), string(one.result.dataset),
    number(one.info.seed) !== null ? `seed ${one.info.seed}` : '', status(one)].filter((s) => s).join(' · '));
document.title = `dyntrain: ${one ? one.label : runs.map((r) => r.label).join(', ')}`;
notices(page, runs);
if (one) cards(page, one);
else runsTable(page, runs);
costChart(page, runs);
trainingCharts(page, runs);
numbers(page, runs);
settings(page, runs);
el(page, 'p', { class: 'soft' }, `Written by dyntrain ${string(data.version)}.`);
