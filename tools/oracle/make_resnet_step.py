"""packages/models/test/fixtures/DEPTH_step.json: one training step of ResNet-18 and ResNet-50, in float64.

Parameters come from prng.parameter by name, but for the biases listed under "biases". Those were moved a little so that
no value lies within MARGIN of an activation's kink, where float32 rounding alone could choose the other branch and change
a gradient by far more than rounding does: what remains is a smooth function that float32 must follow closely.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import digest
import paths
import prng
from iabn import Abn, activate
from resnet import Residual, ResNet, load_prng_parameters

MARGIN = 1e-4  # float32 moves a value before its activation by 6e-6 at most (L2, relative) in PyTorch
POOL_MARGIN = 3e-6  # between the two largest values of a pooling window, likewise
BATCH, SIZE, CLASSES = 4, 64, 10


def images(salt: int) -> np.ndarray:
    return prng.normal(f"images:{salt}", (BATCH, 3, SIZE, SIZE))


def labels() -> np.ndarray:
    return prng.integers("labels", (BATCH,), CLASSES)


class Clearance:
    """Forward hooks that move biases until every value before an activation is at least MARGIN from zero."""

    def __init__(self, net: nn.Module, margin: float = MARGIN):
        self.moved = {}
        self.margin = margin
        names = {m: n for n, m in net.named_modules()}
        for module in net.modules():
            if isinstance(module, Abn) and module.activation != "identity":
                module.register_forward_pre_hook(self._layer_hook(names[module]))
            if isinstance(module, Residual):
                module.register_forward_pre_hook(self._block_hook(names[module]))

    def _layer_hook(self, name):
        def hook(layer, inputs):
            self._clear(name + ".bias", layer.bias, layer.pre_activation(inputs[0]))

        return hook

    def _block_hook(self, name):
        def hook(block, inputs):
            x = inputs[0]
            shortcut = block.proj_bn(block.proj_conv(x)) if block.projected else x
            last = list(block.convs._modules)[-1]
            bias = block.convs._modules[last].bias
            self._clear(f"{name}.convs.{last}.bias", bias, block.convs(x) + shortcut)

        return hook

    def _clear(self, name, bias, y):
        rows = y.detach().transpose(0, 1).flatten(1).numpy()
        for channel in np.flatnonzero(np.abs(rows).min(1) < self.margin):
            value = _clear_value(rows[channel], float(bias[channel]))
            with torch.no_grad():
                bias[channel] = value
            self.moved.setdefault(name, {})[int(channel)] = value


def _clear_value(row: np.ndarray, old: float) -> float:
    """The float32 value nearest to `old`, in steps of the margin, that leaves no element of the row at zero."""
    for k in range(1, 2000):
        for step in (k * MARGIN, -k * MARGIN):
            value = float(np.float32(old + step))
            if np.abs(row + (value - old)).min() >= MARGIN:
                return value
    raise RuntimeError("no clear value found")


def pool_gap(net: ResNet, x: torch.Tensor) -> float:
    z = F.pad(net.mod1.bn1(net.mod1.conv1(x)), (1, 1, 1, 1), value=-np.inf)
    top = z.unfold(2, 3, 2).unfold(3, 3, 2).flatten(4).topk(2).values
    return float((top[..., 0] - top[..., 1]).min())


def build(depth: int):
    """The network with clear biases, and the first images whose pooling windows have clear maxima."""
    for salt in range(200):
        net = ResNet(depth, classes=CLASSES).double()
        load_prng_parameters(net)
        x = torch.tensor(images(salt).astype(np.float64))
        with torch.no_grad():
            clearance = Clearance(net)
            net.mod1(x)
            if pool_gap(net, x) < POOL_MARGIN:
                continue
            # A bias moved for a block's sum changes nothing before it, so one pass in order clears all.
            net(x)
        check_clear(copy(net, depth), x)
        return copy(net, depth), x, salt, clearance.moved
    raise RuntimeError("no images found with clear pooling maxima")


def copy(net: ResNet, depth: int) -> ResNet:
    """The same parameters, running statistics as at the start."""
    fresh = ResNet(depth, classes=CLASSES).double()
    fresh.load_state_dict({**fresh.state_dict(), **dict(net.named_parameters())})
    return fresh


def check_clear(net: ResNet, x: torch.Tensor) -> None:
    clearance = Clearance(net, 0.99 * MARGIN)
    with torch.no_grad():
        net(x)
    assert not clearance.moved, clearance.moved


def step(net: ResNet, x: torch.Tensor):
    """Runs the step; returns loss, logits and the outputs of the stem and of every block, by name."""
    outputs = {}
    for name, module in net.named_modules():
        if isinstance(module, Residual) or name == "mod1":
            module.register_forward_hook(lambda _m, _i, out, name=name: outputs.update({name: out.detach()}))
    logits = net(x)
    loss = F.cross_entropy(logits, torch.tensor(labels()))
    loss.backward()
    return loss.item(), logits.detach(), outputs


def float32_errors(net: ResNet, x: torch.Tensor, depth: int) -> dict:
    """What float32 alone costs: the same step in PyTorch's float32, relative L2 error of each kind of result."""
    single = ResNet(depth, classes=CLASSES)
    single.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()})
    loss, logits, outputs = step(single, x.float())
    ref = copy(net, depth)
    ref_loss, ref_logits, ref_outputs = step(ref, x)
    grads = dict(ref.named_parameters())
    worst = {n: _relative(p.grad, grads[n].grad) for n, p in single.named_parameters()}
    name = max(worst, key=worst.get)
    return {
        "loss": abs(loss - ref_loss) / ref_loss,
        "logits": _relative(logits, ref_logits),
        "outputs": max(_relative(outputs[n], ref_outputs[n]) for n in outputs),
        "gradients": worst[name],
        "worstGradient": name,
        "medianGradient": float(np.median(list(worst.values()))),
    }


def _relative(a, b) -> float:
    return float((a.double() - b).norm() / b.norm())


def main(depth: int) -> None:
    net, x, salt, moved = build(depth)
    errors = float32_errors(net, x, depth)
    loss, logits, outputs = step(net, x)
    out = {
        "about": {
            "network": {
                "arch": f"resnet{depth}",
                "classes": CLASSES,
                "bn_mode": "inplace",
                "activation": "leaky_relu",
                "activation_param": 0.01,
            },
            "images": {"normal": f"images:{salt}", "shape": [BATCH, 3, SIZE, SIZE]},
            "labels": labels().tolist(),
            "float32ErrorsOfPyTorch": errors,
        },
        "biases": {n: sorted(map(list, rows.items())) for n, rows in moved.items()},
        "loss": loss,
        "logits": logits.tolist(),
        "outputs": {n: digest.digest(n, v.numpy()) for n, v in outputs.items()},
        "runningStats": {
            n: digest.digest(n, v.numpy()) for n, v in net.state_dict().items() if "running_" in n
        },
        "gradients": {n: digest.digest(n, p.grad.numpy()) for n, p in net.named_parameters()},
    }
    print(f"resnet{depth}: loss {loss:.6f}, images:{salt}, {sum(map(len, moved.values()))} biases moved, {errors}")
    paths.write_json(paths.fixture("models", f"resnet{depth}_step.json"), out)


if __name__ == "__main__":
    torch.manual_seed(0)
    for argument in sys.argv[1:] or ["18", "50"]:
        main(int(argument))
