// The page: starts the worker and shows its reports. Its address may name settings: ?samples=4096&width=0.25.
const settings = { samples: 2048, epochs: 2, batch: 64, width: 0.25 };
for (const [name, value] of new URLSearchParams(location.search)) {
  if (name in settings) settings[name] = Number(value);
}

const [progress, status, map, plan] = ['progress', 'status', 'map', 'plan'].map((id) =>
  document.getElementById(id),
);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const scores = ({ loss, top1 }) => `loss ${loss.toFixed(3)}, top-1 ${percent(top1)}`;
const began = performance.now();

const show = {
  plan({ summary, map: svg }) {
    plan.textContent = summary;
    map.innerHTML = svg;
  },
  step({ step, steps, loss, top1 }) {
    progress.max = steps;
    progress.value = step;
    const seconds = (performance.now() - began) / 1000;
    const left = Math.round((seconds / step) * (steps - step));
    status.textContent = `step ${step} of ${steps}: ${scores({ loss, top1 })}, ${left} s left`;
  },
  end({ last, validation }) {
    status.textContent = `last epoch: ${scores(last)}; validation: ${scores(validation)}`;
    document.body.dataset.done = 'yes';
  },
  failure({ message }) {
    status.textContent = `That did not work: ${message}`;
  },
};

const worker = new Worker('worker.js');
worker.onmessage = ({ data }) => show[data.kind](data);
worker.onerror = ({ message }) => show.failure({ message });
worker.postMessage(settings);
