// One chart: lines and markers over two axes, drawn as SVG, with a legend that hides series and values under the mouse.
//
// spec: { id, title, xLabel, yLabel, xText, yText (number -> text), xLog, yLog, height, byX (hover shows all series at
//   the nearest x), series, marks: [{x, text}] }
// series: { name, colour, points: [{x, y, note}] in order, line: 'line' | 'line thin' | 'line faint' | '' , dash,
//   marker: '' | 'circle' | 'square' | 'diamond' | 'triangle', hollow, off (hidden at first) }

const MARGIN = { left: 62, right: 18, top: 14, bottom: 44 };

function linearTicks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const k of [1, 2, 5]) if (k * 10 ** e >= low && k * 10 ** e <= high) ticks.push(+(k * 10 ** e).toPrecision(3));
  if (ticks.length < 3) return linearTicks(low, high, 5).filter((t) => t > 0);
  return ticks.length > 9 ? ticks.filter((t) => Math.log10(t) % 1 === 0) : ticks;
}

// From values to pixels. log: values of 0 and less have no place.
function makeScale(values, log, from, to, about) {
  let low = Math.min(...values), high = Math.max(...values);
  if (!(low < high)) [low, high] = log ? [low / 1.5, high * 1.5] : [low - (Math.abs(low) / 20 || 1), high + (Math.abs(high) / 20 || 1)];
  const f = log ? Math.log : (v) => v;
  const pad = 0.04 * (f(high) - f(low)), a = f(low) - pad, b = f(high) + pad;
  const place = (v) => from + ((f(v) - a) / (b - a)) * (to - from);
  const inverse = log ? Math.exp : (v) => v;
  return { place, ticks: log ? logTicks(inverse(a), inverse(b)) : linearTicks(a, b, about) };
}

function drawMarker(parent, series, x, y, size, data) {
  const s = size * 1.25, shape = series.marker || 'circle';
  const look = series.hollow ? { fill: 'var(--panel)', stroke: series.colour, 'stroke-width': 1.6, ...data }
    : { fill: series.colour, stroke: 'var(--panel)', 'stroke-width': 1, ...data };
  if (shape === 'circle') svg(parent, 'circle', { cx: x, cy: y, r: size, ...look });
  else if (shape === 'square') svg(parent, 'rect', { x: x - size, y: y - size, width: 2 * size, height: 2 * size, ...look });
  else if (shape === 'diamond') svg(parent, 'path', { d: `M${x} ${y - s}L${x + s} ${y}L${x} ${y + s}L${x - s} ${y}Z`, ...look });
  else svg(parent, 'path', { d: `M${x} ${y - s}L${x + s} ${y + s}L${x - s} ${y + s}Z`, ...look });
}

function drawAxes(root, spec, area, xs, ys) {
  const { left, right, top, bottom } = area;
  for (const t of ys.ticks) {
    const y = ys.place(t);
    svg(root, 'line', { class: 'grid', x1: left, x2: right, y1: y, y2: y });
    svg(root, 'text', { x: left - 8, y: y + 4, 'text-anchor': 'end', 'data-axis': 'y', 'data-value': t, 'data-at': y }, spec.yText(t));
  }
  for (const t of xs.ticks) {
    const x = xs.place(t);
    svg(root, 'line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom });
    svg(root, 'text', { x, y: bottom + 17, 'text-anchor': 'middle', 'data-axis': 'x', 'data-value': t, 'data-at': x }, spec.xText(t));
  }
  svg(root, 'path', { class: 'axis', fill: 'none', d: `M${left} ${top}V${bottom}H${right}` });
  svg(root, 'text', { class: 'label', x: (left + right) / 2, y: bottom + 37, 'text-anchor': 'middle' }, spec.xLabel);
  const middle = (top + bottom) / 2;
  svg(root, 'text', { class: 'label', x: 14, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 14 ${middle})` }, spec.yLabel);
  const taken = []; // ends of the texts so far, a row each: a text goes where it overlaps none
  for (const m of spec.marks || []) {
    const x = Math.max(xs.place(m.x), left);
    let row = 0;
    while (taken[row] > x) row++;
    taken[row] = x + 12 + 7 * m.text.length;
    if (m.x > 0) svg(root, 'line', { class: 'mark', x1: x, x2: x, y1: top, y2: bottom });
    svg(root, 'text', { x: x + 5, y: top + 11 + 14 * row }, m.text);
  }
}

// Returns the points that were drawn: [{series, point, x, y}] in pixels.
function drawSeries(root, spec, shown, xs, ys) {
  const drawn = [];
  for (const s of [...shown].reverse()) { // the first ends up on top
    const usable = s.points.filter((p) => !(spec.xLog && p.x <= 0) && !(spec.yLog && p.y <= 0));
    const placed = usable.map((p) => ({ series: s, point: p, x: +xs.place(p.x).toFixed(2), y: +ys.place(p.y).toFixed(2) }));
    if (s.line && placed.length > 1)
      svg(root, 'path', { class: s.line, stroke: s.colour, 'stroke-dasharray': s.dash, d: `M${placed.map((p) => `${p.x} ${p.y}`).join('L')}` });
    for (const p of s.marker || placed.length === 1 ? placed : [])
      drawMarker(root, s, p.x, p.y, p.point.big ? 7 : s.small ? 3 : 4.2,
        { class: 'point', 'data-series': s.name, 'data-x': p.point.x, 'data-y': p.point.y, 'data-px': p.x, 'data-py': p.y });
    drawn.push(...placed);
  }
  return drawn;
}

function legend(parent, spec, hidden, redraw) {
  const row = el(parent, 'div', { class: 'legend' });
  for (const s of spec.series) {
    const button = el(row, 'button', { type: 'button', 'aria-pressed': !hidden.has(s), title: 'show or hide' });
    const icon = svg(button, 'svg', { width: 26, height: 12, 'aria-hidden': 'true' });
    if (s.line) svg(icon, 'path', { class: s.line, stroke: s.colour, 'stroke-dasharray': s.dash, d: 'M1 6H25' });
    if (s.marker) drawMarker(icon, s, 13, 6, 3.6, {});
    el(button, 'span', {}, s.name);
    button.addEventListener('click', () => {
      if (!hidden.delete(s)) hidden.add(s);
      button.setAttribute('aria-pressed', !hidden.has(s));
      redraw();
    });
  }
}

function showTip(tip, spec, box, hits) {
  tip.replaceChildren();
  const { point } = hits[0];
  el(tip, 'div', { class: 'soft' }, `${spec.xLabel}: ${spec.xText(point.x, true)}`);
  for (const h of hits) {
    const line = el(tip, 'div');
    el(line, 'i', { style: `background:${h.series.colour}` });
    line.append(`${h.series.name}: ${spec.yText(h.point.y, true)}`);
    for (const note of h.point.notes || []) el(tip, 'div', { class: 'soft' }, note);
  }
  tip.hidden = false;
  const flip = hits[0].x > box.clientWidth / 2;
  tip.style.left = flip ? 'auto' : `${hits[0].x + 14}px`;
  tip.style.right = flip ? `${box.clientWidth - hits[0].x + 14}px` : 'auto';
  tip.style.top = `${Math.max(0, Math.min(hits[0].y - 16, box.clientHeight - tip.offsetHeight))}px`;
}

// The drawn points nearest to the pointer: one, or with byX the nearest of every series at the nearest x.
function nearest(drawn, byX, px, py) {
  let best = null, least = Infinity;
  for (const p of drawn) {
    const d = byX ? Math.abs(p.x - px) + Math.abs(p.y - py) / 1e3 : Math.hypot(p.x - px, p.y - py);
    if (d < least) [best, least] = [p, d];
  }
  if (!best || least > (byX ? 60 : 40)) return [];
  const same = (p) => p.x === best.x && p !== best;
  return byX ? [best, ...drawn.filter(same)].sort((a, b) => a.y - b.y) : [best];
}

function hover(root, area, spec, box, tip, drawn) {
  const layer = svg(root, 'g');
  root.addEventListener('pointermove', (e) => {
    const frame = root.getBoundingClientRect();
    const hits = nearest(drawn, spec.byX, e.clientX - frame.left, e.clientY - frame.top);
    layer.replaceChildren();
    tip.hidden = hits.length === 0;
    if (!hits.length) return;
    if (spec.byX) svg(layer, 'line', { class: 'guide', x1: hits[0].x, x2: hits[0].x, y1: area.top, y2: area.bottom });
    for (const h of hits) svg(layer, 'circle', { class: 'near', cx: h.x, cy: h.y, r: 5, fill: h.series.colour });
    showTip(tip, spec, box, hits);
  });
  root.addEventListener('pointerleave', () => {
    layer.replaceChildren();
    tip.hidden = true;
  });
}

// `next()` gives the spec anew for each drawing, so that a choice above the chart can change axes.
function chart(parent, next, addChoices = () => {}) {
  let spec = next();
  const figure = el(parent, 'figure', { id: spec.id });
  const caption = el(figure, 'figcaption');
  el(caption, 'span', {}, spec.title);
  const box = el(figure, 'div', { class: 'plot' });
  const below = el(figure, 'div');
  const hiddenNames = new Set(spec.series.filter((s) => s.off).map((s) => s.name));
  let width = 0;

  function draw() {
    const hidden = new Set(spec.series.filter((s) => hiddenNames.has(s.name)));
    const shown = spec.series.filter((s) => !hidden.has(s) && s.points.length > 0);
    const points = shown.flatMap((s) => s.points).filter((p) => !(spec.xLog && p.x <= 0) && !(spec.yLog && p.y <= 0));
    const height = spec.height || 300;
    width = box.clientWidth || 900;
    box.replaceChildren();
    if (points.length === 0) {
      el(box, 'p', { class: 'soft' }, 'Nothing to draw on these axes.');
      return;
    }
    const root = svg(box, 'svg', { height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': spec.title });
    const area = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
    const across = Math.max(2, Math.round(width / 110));
    const xs = makeScale(points.map((p) => p.x), spec.xLog, area.left, area.right, across);
    const ys = makeScale(points.map((p) => p.y), spec.yLog, area.bottom, area.top, 6);
    drawAxes(root, spec, area, xs, ys);
    const drawn = drawSeries(root, spec, shown, xs, ys);
    const tip = el(box, 'div', { class: 'tip', hidden: '' });
    hover(root, area, spec, box, tip, drawn);
  }

  function renew() {
    spec = next();
    const hidden = new Set(spec.series.filter((s) => hiddenNames.has(s.name)));
    below.replaceChildren();
    if (spec.series.length > 1)
      legend(below, spec, hidden, () => {
        hiddenNames.clear();
        for (const s of hidden) hiddenNames.add(s.name);
        draw();
      });
    draw();
  }

  addChoices(caption, renew);
  renew();
  new ResizeObserver(() => {
    if (box.clientWidth && box.clientWidth !== width) draw();
  }).observe(box);
}
