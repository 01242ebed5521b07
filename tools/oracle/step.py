"""One training step in float64, the evaluation after it, and the errors of PyTorch's own float32 in both."""

import numpy as np
import torch
from torch import nn

import clearance

# Modules, in addition to the stem, whose outputs help to locate a difference.
KEPT = ("Residual", "Identity", "Dense", "Block", "DeepLabV3")


def step(net: nn.Module, x: torch.Tensor, criterion) -> dict:
    """Runs the step, with the loss `criterion(logits)`, and the evaluation after it. Keeps outputs of stem, blocks and head."""
    outputs, hooks = {}, []
    for name, module in net.named_modules():
        if name.split(".")[-1] == "mod1" or type(module).__name__ in KEPT:
            keep = lambda _m, _i, out, name=name: outputs.update({name: out.detach()})
            hooks.append(module.register_forward_hook(keep))
    logits = net(x)
    for hook in hooks:
        hook.remove()
    loss = criterion(logits)
    loss.backward()
    with torch.no_grad():
        evaluated = net.eval()(x)
    return {"loss": loss.item(), "logits": logits.detach(), "evaluated": evaluated, "outputs": outputs}


def float32_errors(make, net: nn.Module, x: torch.Tensor, criterion) -> dict:
    """Relative L2 error of each kind of result if PyTorch runs the same step in float32."""
    single = clearance.copy(net, make()).float()
    ours = step(single, x.float(), criterion)
    double = clearance.copy(net, make())
    ref = step(double, x, criterion)
    grads = dict(double.named_parameters())
    worst = {n: _relative(p.grad, grads[n].grad) for n, p in single.named_parameters()}
    name = max(worst, key=worst.get)
    return {
        "loss": abs(ours["loss"] - ref["loss"]) / ref["loss"],
        "logits": _relative(ours["logits"], ref["logits"]),
        "evaluated": _relative(ours["evaluated"], ref["evaluated"]),
        "outputs": max(_relative(ours["outputs"][n], ref["outputs"][n]) for n in ref["outputs"]),
        "gradients": worst[name],
        "worstGradient": name,
        "medianGradient": float(np.median(list(worst.values()))),
    }


def _relative(a, b) -> float:
    return float((a.double() - b).norm() / b.norm())
