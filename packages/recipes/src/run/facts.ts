/** Facts that a reader of report.html looks for first. */
import { formatDuration, formatRate, METRICS } from '@inplace-abn/train';
import type { Results } from './results.js';

export function factsOf(results: Results, now: Date): [string, string][] {
  const { config, versions, engine, data, origin, validation, position, seconds } = results;
  const { network, optimizer, seed } = config;
  const { criterion } = engine.task;
  const { label } = METRICS[criterion];
  const reached = validation?.[criterion];
  const images = `${data.trainImages} training and ${data.valImages} validation images`;
  const facts: [string, string | undefined][] = [
    ['network', `${network.arch}, ${network.bn_mode}, ${network.activation}, ${network.precision}`],
    [`${label} on validation`, reached === undefined ? 'not measured' : `${reached.toFixed(2)} %`],
    [`best ${label}`, `${position.best.toFixed(2)} %`],
    ['epochs, steps', `${position.epoch}, ${position.step}`],
    ['batch', String(optimizer.batch_size)],
    ['optimizer', optimizer.type],
    ['learning rate', `${formatRate(optimizer.learning_rate)}, ${optimizer.schedule.type} schedule`],
    ['seed', String(seed)],
    ['date', minuteOf(now)],
    ['time', formatDuration(seconds)],
    ['machine', `${versions.cpu}, ${versions.cores} cores`],
    ['processes', origin.processes > 1 ? String(origin.processes) : undefined],
    ['data', `${origin.data}: ${images}`],
    ['command', origin.command],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** Local, as `2025-01-31 23:59`. */
function minuteOf(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}`;
}
