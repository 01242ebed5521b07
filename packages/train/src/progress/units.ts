/** `0:07`, `12:34`, `1:02:03`, `2d 03:04`; `-:--` if unknown. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '-:--';
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [days, hours] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${days}d ${two(hours)}:${two(minutes)}`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(rest)}`;
  return `${minutes}:${two(rest)}`;
}

/** Four decimals, or scientific notation for small values: `2.3026`, `1.50e-5`, `nan`. */
export function formatLoss(loss: number): string {
  if (Number.isNaN(loss)) return 'nan';
  const size = Math.abs(loss);
  if (size !== 0 && (size < 1e-3 || size >= 1e4)) return loss.toExponential(2);
  return loss.toFixed(4);
}

/** A learning rate with up to four digits: `0.1`, `0.0316`, `1e-5`. */
export function formatRate(rate: number): string {
  const rounded = Number(rate.toPrecision(4));
  if (rounded !== 0 && Math.abs(rounded) < 1e-3) return rounded.toExponential().replace('e+', 'e');
  return String(rounded);
}

/** Formats a percentage with one decimal: `84.2 %`. */
export function formatPercent(percent: number): string {
  return Number.isNaN(percent) ? '- %' : `${percent.toFixed(1)} %`;
}

/** At least three digits: `1234`, `56.7`, `0.04`. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}
