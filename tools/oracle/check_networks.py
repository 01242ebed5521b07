"""Round-trips networks of every family through checkpoint files: PyTorch saves random weights in both containers, and
ours must give the same logits and gradients. Then PyTorch loads the file that ours writes and must reproduce its first
logits, bit for bit.

    npm run build && /usr/bin/python3 -B tools/oracle/check_networks.py
"""

import copy
import json
import os
import subprocess
import tempfile

import numpy as np
import torch
from torch.nn import functional as F

import paths
from nets import NETS

CASES = ["resnet18", "resnet50", "resnext50", "wider_resnet16", "wider_resnet16_a2", "densenet121"]
SIDE, BATCH, CLASSES = 64, 4, 10
# Allowed relative error, by norm, compared with float64. Rounding may send a value near an activation's kink down the
# other branch, so gradients have a second limit: this multiple of the error of PyTorch's own float32.
BAR, TIMES = 1e-4, 3

# Writes evaluation and training logits and all gradients of the network in a file, then its weights.
OURS = """
import { cpu, compile, crossEntropy, gradients, Program, Store, statesOf, trace } from './packages/core/dist/index.js';
import { InPlaceABN, EVALUATION, parametersIn } from './packages/nn/dist/index.js';
import { createNetwork } from './packages/models/dist/index.js';
import { readStateDict, takeStateDict, writeStateDict } from './packages/checkpoint/dist/index.js';
import { readFile, writeFile } from 'node:fs/promises';
const [arch, folder, side, batch, classes] = process.argv.slice(1);
const shape = [Number(batch), 3, Number(side), Number(side)];
const network = createNetwork(arch, { normAct: (c, o = {}) => new InPlaceABN(c, o), classes: Number(classes), ...(arch.endsWith('_a2') ? { dropout: [0, 0] } : {}) });
const { tensors } = await readStateDict(`${folder}/theirs.pth.tar`);
const specs = new Map(network.namedStates().map(({ name, shape, dtype }) => [name, { shape, dtype }]));
const weights = takeStateDict(specs, tensors, 'theirs.pth.tar');
const floats = async (name) => { const b = await readFile(`${folder}/${name}`); return new Float32Array(b.buffer, b.byteOffset, b.length / 4); };
const x = await floats('images.f32');
const labels = Int32Array.from({ length: shape[0] }, (_, i) => i % Number(classes));
const run = async (graph, inputs) => {
  const plan = compile(graph, cpu());
  const store = new Store(cpu(), statesOf(graph));
  for (const [name, { data }] of weights) if (store.specs.some((spec) => spec.name === name)) store.write(name, data);
  const { outputs } = await new Program(plan, cpu(), store, cpu().allocate(plan.arenaBytes)).run(inputs);
  return outputs;
};
const save = (name, data) => writeFile(`${folder}/${name}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const evaluation = trace((tracer) => ({ logits: network.call(tracer.input('x', shape, 'float32'), EVALUATION) }));
await save('evaluation.f32', (await run(evaluation, { x })).logits);
const names = [];
const training = trace((tracer) => {
  const images = tracer.input('x', shape, 'float32');
  const target = tracer.input('labels', [shape[0]], 'int32');
  const logits = network.call(images, { training: true, seed: tracer.input('seed', [], 'int32') });
  const loss = crossEntropy(logits, target);
  const parameters = parametersIn(loss);
  const found = gradients(loss, [...parameters.values()]);
  names.push(...parameters.keys());
  return { logits, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, found[i]])) };
});
const outputs = await run(training, { x, labels, seed: Int32Array.of(0) });
await save('training.f32', outputs.logits);
const flat = new Float32Array(names.reduce((sum, name) => sum + outputs[`d ${name}`].length, 0));
let at = 0;
for (const name of names) { flat.set(outputs[`d ${name}`], at); at += outputs[`d ${name}`].length; }
await save('gradients.f32', flat);
await writeFile(`${folder}/names.json`, JSON.stringify(names));
await writeStateDict(`${folder}/ours.pth.tar`, weights, { prefix: 'module.' });
"""


def network(arch: str):
    """In float64, with random weights and statistics. Dropout is off, because both sides draw different masks."""
    options = {"classes": CLASSES, "bn_mode": "inplace", "activation": "leaky_relu", "param": 0.01}
    net = NETS[arch](**options).double()
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_mean") or name.endswith("bias"):
                value.normal_(0, 0.1)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif value.dim() == 1:
                value.uniform_(0.5, 1.5)
            elif value.dim() > 1:
                value.normal_(0, (2 / value[0].numel()) ** 0.5)
            if value.is_floating_point():
                # Both sides must start from the same float32 numbers.
                value.copy_(value.float().double())
    for module in net.modules():
        if isinstance(module, (torch.nn.Dropout, torch.nn.Dropout2d)):
            module.p = 0.0
    return net


def results(net, images, names) -> dict:
    """Logits in both modes, and the gradients of all parameters, concatenated."""
    evaluation = net.eval()(images).detach()
    logits = net.train()(images)
    F.cross_entropy(logits, torch.arange(BATCH) % CLASSES).backward()
    parameters = dict(net.named_parameters())
    gradients = torch.cat([parameters[name].grad.ravel() for name in names])
    return {"evaluation": evaluation, "training": logits, "gradients": gradients}


def error(ours: np.ndarray, theirs: torch.Tensor) -> float:
    expected = theirs.detach().numpy().ravel()
    return float(np.linalg.norm(ours - expected) / np.linalg.norm(expected))


def check(arch: str, legacy: bool) -> None:
    torch.manual_seed(0)
    net = network(arch)
    images = torch.randn(BATCH, 3, SIDE, SIDE).double().float().double()
    with tempfile.TemporaryDirectory() as folder:
        state = {f"module.{k}": v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()}
        path = os.path.join(folder, "theirs.pth.tar")
        torch.save({"state_dict": state}, path, _use_new_zipfile_serialization=not legacy)
        # Channels-last, as the device stores images.
        images.float().permute(0, 2, 3, 1).contiguous().numpy().tofile(os.path.join(folder, "images.f32"))
        command = ["node", "--input-type=module", "-e", OURS, arch, folder, str(SIDE), str(BATCH), str(CLASSES)]
        subprocess.run(command, cwd=paths.ROOT, check=True)
        read = lambda name: np.fromfile(os.path.join(folder, name), np.float32).astype(np.float64)

        with open(os.path.join(folder, "names.json")) as file:
            names = json.load(file)
        assert set(names) == {name for name, _ in net.named_parameters()}, arch
        single = results(copy.deepcopy(net).float(), images.float(), names)
        exact = results(net, images, names)
        errors = {key: error(read(f"{key}.f32"), exact[key]) for key in exact}
        own = {key: error(single[key].detach().double().numpy().ravel(), exact[key]) for key in exact}
        assert all(errors[key] <= max(BAR, TIMES * own[key]) for key in errors), (arch, errors, own)

        written = torch.load(os.path.join(folder, "ours.pth.tar"), weights_only=True)["state_dict"]
        assert list(written) == list(state), arch
        back = network(arch)
        back.load_state_dict({k[len("module.") :]: v for k, v in written.items()})
        assert torch.equal(back.eval()(images), exact["evaluation"]), arch
        shown = ", ".join(f"{key} {errors[key]:.1e} (PyTorch's float32 {own[key]:.1e})" for key in errors)
        print(f"{arch} ({'legacy' if legacy else 'zip'}): {shown}; ours loads back to the same logits", flush=True)


def main() -> None:
    for index, arch in enumerate(CASES):
        check(arch, legacy=index % 2 == 0)


if __name__ == "__main__":
    main()
