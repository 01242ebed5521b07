// The page: starts the worker and shows its reports. Its address may change settings:
// ?samples=4096&width=0.25.
const settings = { samples: 2048, epochs: 2, batch: 64, width: 0.25, interval: 100 };
for (const [name, value] of new URLSearchParams(location.search)) {
  if (name in settings) settings[name] = Number(value);
}

const [progress, status, map, now, linear, spoken, plan] = [
  'progress',
  'status',
  'map',
  'now',
  'linear',
  'spoken',
  'plan',
].map((id) => document.getElementById(id));
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const scores = ({ loss, top1 }) => `loss ${loss.toFixed(3)}, top-1 ${percent(top1)}`;
const began = performance.now();

/** Milliseconds between two announcements for screen readers. */
const PAUSE = 10_000;
let spokenAt = -PAUSE;

function speak({ atOnce = false } = {}) {
  const time = performance.now();
  if (!atOnce && time < spokenAt + PAUSE) return;
  spokenAt = time;
  spoken.textContent = `${status.textContent}. ${now.textContent}`;
}

const show = {
  plan({ summary, picture, ...step }) {
    plan.textContent = summary;
    map.innerHTML = picture;
    show.instruction = follow(map.firstElementChild, step);
  },
  step({ step, steps, loss, top1 }) {
    progress.max = steps;
    progress.value = step;
    const seconds = (performance.now() - began) / 1000;
    const left = Math.round((seconds / step) * (steps - step));
    status.textContent = `step ${step} of ${steps}: ${scores({ loss, top1 })}, ${left} s left`;
    speak();
  },
  end({ last, validation }) {
    status.textContent = `last epoch: ${scores(last)}; validation: ${scores(validation)}`;
    now.textContent = 'Nothing runs.';
    speak({ atOnce: true });
    document.body.dataset.done = 'yes';
  },
  failure({ message }) {
    status.textContent = `That did not work: ${message}`;
    speak({ atOnce: true });
  },
};

const inMiB = (bytes) => `<data value="${bytes}">${(bytes / 2 ** 20).toFixed(1)} MiB</data>`;

/** Returns a function that moves a cursor over the map's picture and marks the bytes in use along it. */
function follow(svg, { map: { arenaBytes, buffers, instructions, peak }, live }) {
  // The first line of the picture's grid is at byte 0, and the last one at the end of the arena.
  const lines = [...svg.querySelectorAll('line.grid')];
  const at = (line, name) => Number(line.getAttribute(name));
  const [left, right, bottom] = ['x1', 'x2', 'y1'].map((name) => at(lines[0], name));
  const top = at(lines.at(-1), 'y1');
  const y = (bytes) => (bottom + ((top - bottom) * bytes) / arenaBytes).toFixed(1);
  svg.insertAdjacentHTML('beforeend', '<path class="cursor"/><path class="used"/>');
  const [cursor, used] = ['.cursor', '.used'].map((name) => svg.querySelector(name));

  return ({ index, linearMemoryBytes }) => {
    linear.innerHTML = linearMemoryBytes === null ? '' : inMiB(linearMemoryBytes);
    svg.dataset.instruction = index ?? '';
    cursor.style.display = used.style.display = index === null ? 'none' : '';
    if (index === null) {
      now.textContent = 'An evaluation runs, which has a plan of its own.';
      return;
    }
    const x = (left + ((right - left) * (index + 0.5)) / instructions.length).toFixed(1);
    const alive = buffers.filter(({ start, end }) => start <= index && index <= end);
    cursor.setAttribute('d', `M${x} ${top}V${bottom}`);
    const ranges = alive.map(({ offset, bytes }) => `M${x} ${y(offset)}V${y(offset + bytes)}`);
    used.setAttribute('d', ranges.join(''));
    const { op, path } = instructions[index];
    now.innerHTML = `Instruction ${index} of ${instructions.length}, <span></span>: ${inMiB(live[index])} of the arena in use, at the peak ${inMiB(peak.bytes)}.`;
    now.querySelector('span').textContent = `${op} ${path}`.trim();
    speak();
  };
}

const worker = new Worker('worker.js');
worker.onmessage = ({ data }) => show[data.kind](data);
worker.onerror = ({ message }) => show.failure({ message });
worker.postMessage(settings);
