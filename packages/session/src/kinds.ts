/**
 * Checks of options that TypeScript makes and JavaScript does not: arguments of another kind than a session
 * takes.
 */
import { checkNumbers, checkOptionNames, described, UsageError } from '@inplace-abn/core';
import { Module } from '@inplace-abn/nn';
import type { ParameterGroup } from './groups.js';
import type { LayerDecay } from './layer-decay.js';

/** Throws UsageError, code ERR_OPTION_VALUE, that says what was expected and what was received. */
export function refuse(where: string, expected: string, received: unknown): never {
  throw new UsageError(`${where}: expected ${expected} but received ${described(received)}`, {
    code: 'ERR_OPTION_VALUE',
  });
}

/** Whether it has these methods. */
function hasMethods(value: unknown, ...methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return methods.every((name) => typeof Reflect.get(value, name) === 'function');
}

/** Checks that a network is a module. */
export function checkNetwork(network: unknown): void {
  if (!hasMethods(network, 'call', 'namedStates')) {
    refuse('Session', 'a network, such as new Sequential({ … }) or a Module of your own,', network);
  }
  if (!(network instanceof Module)) {
    throw new UsageError(
      `Session of version ${Module.version} was given a network of version ${versionOf(network)}: import both from one ` +
        'package; `npm ls @inplace-abn/nn` shows which package installed the other',
      { code: 'ERR_OTHER_VERSION' },
    );
  }
}

/** Version of the package that a network's class comes from. */
function versionOf(network: unknown): string {
  const known = typeof network === 'object' && network?.constructor;
  return known && 'version' in known ? String(known.version) : 'unknown';
}

/** Checks the paths of layers. */
export function checkPaths(method: string, paths: unknown): void {
  if (!Array.isArray(paths)) refuse(method, "an array of layers' paths, such as ['fc'],", paths);
}

/** Checks the name of a file. */
export function checkFile(method: string, path: unknown): void {
  if (typeof path !== 'string' || path === '') refuse(method, 'the path of a file', path);
}

/** The options of a session that are objects, functions or names. */
export interface OptionKinds {
  readonly loss?: unknown;
  readonly optimizer?: unknown;
  readonly metrics?: Readonly<Record<string, unknown>>;
  readonly groups?: readonly ParameterGroup[];
  readonly decayNormAndBias?: unknown;
  readonly layerDecay?: number | LayerDecay;
  readonly freeze?: unknown;
  readonly frozenStatistics?: unknown;
  readonly device?: unknown;
  readonly precision?: unknown;
  readonly group?: unknown;
  readonly seed?: unknown;
  readonly initial?: unknown;
}

/** Checks each option that is given. */
export function checkKinds(options: OptionKinds): void {
  const { loss, optimizer, metrics = {}, groups = [], freeze, frozenStatistics, device } = options;
  const {
    precision = 'float32',
    group,
    seed = 0,
    initial,
    decayNormAndBias = true,
    layerDecay = 1,
  } = options;
  if (loss !== undefined && typeof loss !== 'function' && !hasMethods(loss, 'target', 'compute')) {
    refuse('Session', 'a loss such as crossEntropy(), or a function of output and target,', loss);
  }
  if (optimizer !== undefined && !hasMethods(optimizer, 'update')) {
    refuse('Session', 'an optimizer, such as sgd({ learningRate: 0.1 }),', optimizer);
  }
  if (device !== undefined && !hasMethods(device, 'refuses')) {
    refuse('Session', 'a device, such as cpu(),', device);
  }
  if (precision !== 'float32' && precision !== 'bfloat16' && precision !== 'float16') {
    refuse('Session', 'a precision of float32, bfloat16 or float16', precision);
  }
  if (group !== undefined && !hasMethods(group, 'gatherValues', 'broadcastMemory')) {
    refuse('Session', 'the group of initProcessGroup()', group);
  }
  if (initial !== undefined && typeof initial !== 'function') {
    refuse('Session', 'initial to be a function that returns pairs of name and tensor', initial);
  }
  if (typeof decayNormAndBias !== 'boolean')
    refuse('Session', 'decayNormAndBias to be true or false', decayNormAndBias);
  if (!Number.isInteger(seed)) refuse('Session', 'an integer as seed', seed);
  checkMetrics(metrics);
  checkSelection('freeze', freeze);
  if (frozenStatistics !== true) checkSelection('frozenStatistics', frozenStatistics);
  checkGroups(groups);
  checkLayerDecay(layerDecay);
}

function checkMetrics(metrics: unknown): void {
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) {
    refuse('Session', 'metrics by name, such as { top1: accuracy() },', metrics);
  }
  for (const [name, metric] of Object.entries(metrics)) {
    if (typeof metric !== 'function') {
      refuse('Session', `metrics.${name} to be a function of output and target`, metric);
    }
  }
}

function checkSelection(name: string, selection: unknown): void {
  if (selection === undefined || Array.isArray(selection) || typeof selection === 'function') return;
  refuse('Session', `${name} to be an array of paths, such as ['body'], or a predicate`, selection);
}

function checkGroups(groups: readonly ParameterGroup[]): void {
  if (!Array.isArray(groups))
    refuse('Session', "groups to be an array of { parameters: ['*.bias'], … }", groups);
  for (const [index, group] of groups.entries()) {
    const where = `Session: groups[${index}]`;
    checkOptionNames(where, group, ['parameters', 'learningRate', 'weightDecay']);
    const { parameters, learningRate, weightDecay } = group;
    checkSelection(`groups[${index}].parameters`, parameters ?? null);
    checkNumbers(where, 'a non-negative number', { learningRate, weightDecay });
  }
}

function checkLayerDecay(decay: number | LayerDecay): void {
  const { factor, layers } = typeof decay === 'number' ? { factor: decay, layers: [] } : (decay ?? {});
  if (!(typeof factor === 'number' && factor > 0 && factor <= 1)) {
    refuse('Session', 'layerDecay as a factor above 0 and at most 1, such as 0.75,', factor ?? decay);
  }
  if (typeof decay === 'number') return;
  checkOptionNames('Session: layerDecay', decay, ['factor', 'layers']);
  if (!Array.isArray(layers)) {
    refuse('Session', "layerDecay.layers from the input on, such as [['stem'], ['body']],", layers);
  }
  for (const [index, layer] of layers.entries()) checkSelection(`layerDecay.layers[${index}]`, layer ?? null);
}
