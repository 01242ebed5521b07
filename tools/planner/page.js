// The page: plans again when a field changes. Its address may set fields: ?arch=resnet101&batch=32.
/* global planner */
const GIB = 2 ** 30;
/** Budgets, as shares of the arena without a budget. */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];

const form = document.getElementById('form');
const parts = Object.fromEntries(
  ['total', 'map', 'frontier', 'layers', 'text'].map((id) => [id, document.getElementById(id)]),
);
/** Number of the current plan; drawing the frontier of an older one stops. */
let turn = 0;

function picked() {
  const fields = Object.fromEntries(new FormData(form));
  const number = (name) => (fields[name] === '' ? undefined : Number(fields[name]));
  const budget = number('budget');
  return {
    json: fields.json,
    arch: fields.arch,
    bnMode: fields.bnMode,
    precision: fields.precision,
    crop: number('crop'),
    batch: number('batch'),
    budget: budget === undefined ? undefined : Math.floor(budget * GIB),
  };
}

function fill(table, head, rows) {
  table.replaceChildren(
    ...[head, ...rows].map((cells, index) => {
      const row = document.createElement('tr');
      row.append(
        ...cells.map((text) => {
          const cell = document.createElement(index === 0 ? 'th' : 'td');
          cell.textContent = text;
          return cell;
        }),
      );
      return row;
    }),
  );
}

function show() {
  turn += 1;
  const began = performance.now();
  const step = picked();
  try {
    const planned = planner.plan(step);
    const ms = Math.round(performance.now() - began);
    parts.total.textContent = `${planner.formatBytes(planned.totalBytes)} in all, planned in ${ms} ms`;
    parts.total.dataset.bytes = planned.totalBytes;
    parts.map.innerHTML = planned.map;
    parts.text.textContent = planned.text;
    fill(parts.layers, ['layer', 'bytes', 'for the backward pass', 'written'], planned.layers);
    setTimeout(() => showFrontier(step, turn, []), 0);
  } catch (error) {
    parts.total.textContent = error.message;
  }
}

/** Adds one point at a time, so that the page stays responsive. */
function showFrontier(step, begun, points) {
  const share = SHARES[points.length];
  if (begun !== turn || share === undefined) return;
  const point = planner.frontier(step, share);
  if (!point) return;
  const found = [...points, point];
  const rows = found.map(({ bytes, moreWork }) => [
    planner.formatBytes(bytes),
    `${(100 * moreWork).toFixed(1)} %`,
  ]);
  fill(parts.frontier, ['in all', 'more work'], rows);
  setTimeout(() => showFrontier(step, begun, found), 0);
}

/** A pasted configuration sets all fields; keys that it leaves out get their defaults, not earlier values. */
function take() {
  let found;
  try {
    found = planner.fieldsOf(form.elements.json.value);
  } catch {
    // Planning reports the error.
    return;
  }
  const { budget, ...fields } = found;
  const values = { crop: '', ...fields, budget: budget === undefined ? '' : budget / GIB };
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
}

for (const name of planner.architectures) form.elements.arch.append(new Option(name, name));
form.elements.arch.value = 'resnet50';
for (const [name, value] of new URLSearchParams(location.search)) {
  if (form.elements[name]) form.elements[name].value = value;
}
form.elements.json.addEventListener('change', take);
form.addEventListener('change', show);
form.addEventListener('submit', (event) => event.preventDefault());
show();
