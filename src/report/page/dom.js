// Elements and numbers. All text comes from files and is therefore put in as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function add(parent, node, attributes, text) {
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== null) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function el(parent, tag, attributes = {}, text = undefined) {
  return add(parent, document.createElement(tag), attributes, text);
}

function svg(parent, tag, attributes = {}, text = undefined) {
  return add(parent, document.createElementNS(SVG, tag), attributes, text);
}

// A row of buttons of which one is pressed.
function choice(parent, label, options, chosen, onChoose) {
  const row = el(parent, 'span', { class: 'choice', role: 'group', 'aria-label': label });
  for (const option of options) {
    const button = el(row, 'button', { type: 'button', 'aria-pressed': option === chosen }, option);
    button.addEventListener('click', () => {
      for (const other of row.children) other.setAttribute('aria-pressed', other === button);
      onChoose(option);
    });
  }
}

// What a file may hold where we expect something: anything.
const list = (v) => (Array.isArray(v) ? v.filter((x) => x !== null && typeof x === 'object') : []);
const object = (v) => (v !== null && typeof v === 'object' && !Array.isArray(v) ? v : {});
const number = (v) => (typeof v === 'number' && Number.isFinite(v) ? v : null);
const string = (v) => (typeof v === 'string' ? v : '');

// Numbers for people; an empty text for what is not known.
const fixed = (v, digits) => (number(v) === null ? '' : v.toFixed(digits));
const percent = (v, digits = 2) => (number(v) === null ? '' : `${(100 * v).toFixed(digits)}%`);
const whole = (v) => (number(v) === null ? '' : Math.round(v).toLocaleString('en'));
const short = (v) => (number(v) === null ? '' : String(+v.toPrecision(4)));
function scaled(v) { // 40,551,040 -> "40.6 M"
  if (number(v) === null) return '';
  const size = Math.abs(v);
  const [factor, unit] = size >= 1e9 ? [1e9, ' G'] : size >= 1e6 ? [1e6, ' M'] : size >= 1e4 ? [1e3, ' k'] : [1, ''];
  return +(v / factor).toPrecision(4) + unit;
}

// columns: [{title, cell: row => text, text: align left, wide}]; those that are empty in every row are left out.
function table(parent, columns, rows, isTarget = () => false) {
  const shown = columns.filter((c, i) => i === 0 || rows.some((r) => c.cell(r) !== ''));
  const t = el(el(parent, 'div', { class: 'scroll' }), 'table');
  const head = el(el(t, 'thead'), 'tr');
  for (const c of shown) el(head, 'th', { scope: 'col', class: c.text || c.wide ? 'text' : null }, c.title);
  const body = el(t, 'tbody');
  for (const r of rows) {
    const line = el(body, 'tr', { class: isTarget(r) ? 'target' : null });
    for (const c of shown) el(line, 'td', { class: c.wide ? 'wide' : c.text ? 'text' : null }, c.cell(r));
  }
}
