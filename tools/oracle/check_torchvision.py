"""Converts torchvision's full-size networks with random weights, compares logits with PyTorch's, and converts them back.

    npm run build && /usr/bin/python3 -B tools/oracle/check_torchvision.py [ARCH...]

Scales have both signs (in a DenseNet only if the norm reads a convolution), and statistics are random. A network with
ReLU is converted to ordinary batch norm, and the same network with leaky ReLU 0.01 to in-place batch norm. Then the
converted weights go back: torchvision's own constructor loads them strictly, filters must equal the original ones bit for
bit except for signs, and logits are compared again. Errors are the largest difference, relative to the largest logit.
PyTorch computes in float64.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from torch import nn

import paths
from make_weights import SIGNED, draw

ARCHS = ["resnet18", "resnet34", "resnet50", "resnet101", "wide_resnet50_2", "resnext50_32x4d", "densenet121"]
SHAPE = (2, 3, 224, 224)

# Converts theirs.pth as requested, computes logits, and writes the weights back under torchvision's names.
OURS = """
import { readFile, writeFile } from 'node:fs/promises';
import { compile, cpu, Programs, statesOf, trace } from './packages/core/dist/index.js';
import { readContent, writeStateDict } from './packages/checkpoint/dist/index.js';
import { convertWeights, namedAs, ordinaryNorms } from './packages/interop/dist/index.js';
import { EVALUATION } from './packages/nn/dist/index.js';
const [folder, bn, activation, ...shape] = process.argv.slice(1);
const { converted: { network, tensors }, took } = await convertWeights(`${folder}/theirs.pth`, { bn, activation });
const graph = trace((tracer) => ({ y: network.call(tracer.input('x', shape.map(Number), 'float32'), EVALUATION) }));
const programs = new Programs(cpu(), statesOf(graph));
for (const { name } of programs.store.specs) programs.store.write(name, (await readContent(name, tensors.get(name))).data);
const bytes = await readFile(`${folder}/images.f32`);
const x = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const { y } = (await programs.program(compile(graph, cpu())).run({ x })).outputs;
await writeFile(`${folder}/logits.f32`, new Uint8Array(y.buffer, y.byteOffset, y.byteLength));
const host = new Map();
for (const [name, tensor] of await ordinaryNorms(network, tensors)) host.set(name, await readContent(name, tensor));
await writeStateDict(`${folder}/ours.pth`, namedAs('torchvision', network, host));
process.stdout.write(took);
"""


class Leaky(nn.Module):
    """Leaky ReLU 0.01, which replaces every ReLU."""

    def forward(self, x):
        return nn.functional.leaky_relu(x, 0.01)


def logits(net: nn.Module, images: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return net.double().eval()(images.double()).numpy()


def leaky(net: nn.Module, arch: str) -> nn.Module:
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.ReLU):
            owner = net.get_submodule(name.rpartition(".")[0])
            setattr(owner, name.rpartition(".")[2], Leaky())
    if arch.startswith("densenet"):
        # Its forward ends with the function F.relu, not with a module.
        body = net.features
        net.forward = lambda x: net.classifier(nn.functional.leaky_relu(body(x), 0.01).mean((2, 3)))
    return net


def error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def check(arch: str) -> None:
    build = getattr(torchvision.models, arch)
    images = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    row = [arch]
    for bn, activation in (("standard", "relu"), ("inplace", "leaky_relu")):
        net = build(weights=None)
        draw(net, SIGNED.get(f"tv_{arch}"))
        state = {k: v.clone() for k, v in net.state_dict().items()}
        change = leaky if activation == "leaky_relu" else lambda same, _: same
        expected = logits(change(net, arch), images)
        with tempfile.TemporaryDirectory() as folder:
            torch.save(state, os.path.join(folder, "theirs.pth"))
            images.permute(0, 2, 3, 1).contiguous().numpy().tofile(os.path.join(folder, "images.f32"))
            command = ["node", "--input-type=module", "-e", OURS, folder, bn, activation, *map(str, SHAPE)]
            took = subprocess.run(command, cwd=paths.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
            ours = np.fromfile(os.path.join(folder, "logits.f32"), dtype=np.float32).reshape(expected.shape)
            returned = build(weights=None)
            returned.load_state_dict(torch.load(os.path.join(folder, "ours.pth")), strict=True)
        norms = {f"{name}.weight" for name, m in returned.named_modules() if isinstance(m, nn.BatchNorm2d)}
        for name, value in returned.state_dict().items():
            if bn == "standard":
                assert torch.equal(value, state[name]), name
            elif name not in norms:
                assert torch.equal(value.abs(), state[name].abs()), name
        again = logits(change(returned, arch), images)
        row += [f"{error(ours, expected):.1e}", f"{error(again, expected):.1e}"]
    print(f"| {' | '.join(row)} |  {took}", flush=True)


if __name__ == "__main__":
    print("| network | ordinary | and back | in place | and back |")
    for arch in sys.argv[1:] or ARCHS:
        check(arch)
