"""packages/core/test/fixtures/abn/: ABN and InPlaceABN forward, running statistics and gradients, in float64.

abn.json lists the cases; abn.safetensors holds their tensors as CASE/NAME and CASE/STEP/NAME. Inputs are float32, results
float64.
"""

import numpy as np
import torch
from torch.nn import functional as F

import paths
import prng
import safetensors_io
from iabn import Abn

# No value may be this close to an activation's kink, where float32 could take the other branch.
MARGIN = 2e-5

DEFAULTS = {
    "layer": "inplace",
    "activation": "leaky_relu",
    "activationParam": 0.01,
    "shape": [4, 3, 5, 7],
    "eps": 1e-5,
    "momentum": 0.1,
    "affine": True,
    "gamma": "positive",
    "trackRunningStats": True,
    "training": True,
    "steps": 1,
    "input": "normal",
}


def cases() -> dict:
    out = {}
    for layer in ("abn", "inplace"):
        activations = [("leaky_relu", 0.01), ("elu", 1.0), ("identity", 0.01)]
        if layer == "abn":
            activations.append(("relu", 0.01))
        for activation, param in activations:
            base = {"layer": layer, "activation": activation, "activationParam": param}

            def add(name, **attributes):
                out[f"{layer}-{activation}-{name}"] = {**DEFAULTS, **base, **attributes}

            add("plain")
            add("negative-gamma", gamma="mixed", shape=[3, 17, 5, 7])
            add("no-affine", affine=False)
            add("evaluation", training=False, gamma="mixed")
            # The larger eps keeps x-hat = (y - beta) / eps accurate in float32.
            add("zero-gamma", gamma="zero", eps=1e-2, shape=[3, 5, 3, 3])
            add("zero-gamma-evaluation", gamma="zero", eps=1e-2, shape=[3, 5, 3, 3], training=False)
            add("cumulative", momentum=None, steps=3, shape=[3, 3, 2, 3])
            if activation in ("leaky_relu", "elu"):
                add("evaluation-no-affine", training=False, affine=False, shape=[2, 3, 3, 3])
                add("evaluation-single", training=False, shape=[1, 5, 1, 1])
                add("momentum-steps", momentum=0.3, steps=2, shape=[3, 3, 2, 3])
                add("untracked", trackRunningStats=False)
                add("untracked-evaluation", trackRunningStats=False, training=False)
                add("rank2", shape=[6, 17], gamma="mixed")
                add("rank3", shape=[3, 17, 11])
                add("rank5", shape=[2, 3, 3, 2, 5], gamma="mixed")
                add("one-channel", shape=[2, 1, 5, 7])
                add("70-channels", shape=[3, 70, 3, 3], gamma="mixed")
                add("1x1", shape=[5, 17, 1, 1])
                add("two-samples", shape=[2, 3, 1, 1])
                add("one-image", shape=[1, 3, 7, 5])
                add("large-eps", eps=1e-2, gamma="mixed")
                add("offset", input="offset")
                add("zero-channel", input="zero-channel")
    out["inplace-leaky_relu-slope-0.2"] = {**DEFAULTS, "activationParam": 0.2, "gamma": "mixed"}
    out["inplace-elu-alpha-0.5"] = {**DEFAULTS, "activation": "elu", "activationParam": 0.5}
    return out


def draw_input(name: str, kind: str, shape: list) -> np.ndarray:
    x = prng.normal(name, shape, 0.2, 1.5)
    if kind == "offset":  # the mean is large relative to the deviation, so sums of squares would cancel
        x = x + prng.uniform(name + ":offset", [1, shape[1]] + [1] * (len(shape) - 2), -60, 60)
    if kind == "zero-channel":
        x[:, 0] = 0
    return x.astype(np.float32)


def as_float64(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array.astype(np.float64))


def run_case(name: str, c: dict) -> dict:
    channels = c["shape"][1]
    layer = Abn(
        channels,
        inplace=c["layer"] == "inplace",
        activation=c["activation"],
        param=c["activationParam"],
        eps=c["eps"],
        momentum=c["momentum"],
        affine=c["affine"],
        track_running_stats=c["trackRunningStats"],
    ).double()
    layer.train(c["training"])
    stored = set_parameters(layer, name, c, channels)
    for step in range(c["steps"]):
        stored.update({f"{step}/{k}": v for k, v in run_step(layer, name, c, step).items()})
    return stored


def set_parameters(layer: Abn, name: str, c: dict, channels: int) -> dict:
    inputs = {}
    if c["affine"]:
        gamma = prng.uniform(name + ":gamma", (channels,), 0.5, 1.5)
        if c["gamma"] == "mixed":
            gamma[::2] *= -1
        if c["gamma"] == "zero":
            gamma[::4], gamma[2::4] = 0.0, -0.0
        inputs["weight"] = gamma
        inputs["bias"] = prng.uniform(name + ":beta", (channels,), -0.5, 0.5)
    # The cumulative average must replace these in its first batch.
    if c["trackRunningStats"]:
        inputs["running_mean"] = prng.uniform(name + ":mean", (channels,), -0.5, 0.5)
        inputs["running_var"] = prng.uniform(name + ":var", (channels,), 0.5, 2.5)
    with torch.no_grad():
        for key, value in inputs.items():
            getattr(layer, key).copy_(as_float64(value))
    return inputs


def run_step(layer: Abn, name: str, c: dict, step: int) -> dict:
    layer.zero_grad()
    before = {k: v.clone() for k, v in layer.state_dict().items()}
    x32, dz32 = clear_of_kink(layer, before, name, c, step)
    x, dz = as_float64(x32).requires_grad_(), as_float64(dz32)
    z = layer(x)
    z.backward(dz)
    out = {"x": x32, "dz": dz32, "z": z.detach().numpy(), "dx": x.grad.numpy()}
    if c["affine"]:
        out.update(d_weight=layer.weight.grad.numpy(), d_bias=layer.bias.grad.numpy())
    if c["trackRunningStats"]:
        out.update(running_mean=layer.running_mean.numpy(), running_var=layer.running_var.numpy())
    check_against_torch(layer, before, c, x.detach(), z.detach(), dz, out)
    return {k: np.array(v) for k, v in out.items()}


def clear_of_kink(layer: Abn, before: dict, name: str, c: dict, step: int):
    """Draws float32 inputs until no value lies at the activation's kink."""
    for attempt in range(100):
        stream = f"{name}:{step}:{attempt}"
        x = draw_input(stream + ":x", c["input"], c["shape"])
        y = layer.pre_activation(as_float64(x))
        layer.load_state_dict(before)
        if c["activation"] == "identity" or float(y.detach().abs().min()) > MARGIN:
            return x, prng.normal(stream + ":dz", c["shape"])
    raise RuntimeError(f"{name}: every draw has a value at the kink")


def check_against_torch(layer, before, c, x, z, dz, out) -> None:
    """Compares the formula with torch's own batch norm and activations, which share no code with it."""
    x = x.clone().requires_grad_()
    scale = before.get("weight")
    if scale is not None and layer.inplace:
        scale = scale.abs() + layer.eps
    mean, var = (before[k].clone() if c["trackRunningStats"] else None for k in ("running_mean", "running_var"))
    momentum = c["momentum"]
    if momentum is None and c["trackRunningStats"]:
        momentum = 1.0 / (float(before["num_batches_tracked"]) + 1)
    batch = c["training"] or not c["trackRunningStats"]
    y = F.batch_norm(x, mean, var, scale, before.get("bias"), batch, momentum or 0.0, c["eps"])
    other = {
        "relu": F.relu,
        "leaky_relu": lambda v: F.leaky_relu(v, layer.param),
        "elu": lambda v: F.elu(v, layer.param),
        "identity": lambda v: v,
    }[layer.activation](y)
    other.backward(dz)
    assert torch.allclose(other, z, rtol=1e-10, atol=1e-10)
    assert torch.allclose(x.grad, torch.tensor(out["dx"]), rtol=1e-8, atol=1e-8)
    if mean is not None:
        assert torch.allclose(mean, layer.running_mean) and torch.allclose(var, layer.running_var)


def main() -> None:
    listed, tensors = cases(), {}
    for name, c in listed.items():
        tensors.update({f"{name}/{k}": np.ascontiguousarray(v) for k, v in run_case(name, c).items()})
    layout = "x, z, dz, dx: logical N,C,S..., row-major (contiguous NCHW order), whatever a device stores"
    path = paths.fixture("core", "abn", "abn.safetensors")
    safetensors_io.write(path, tensors, {"layout": layout, "made_by": "tools/oracle/make_abn.py"})
    paths.write_json(paths.fixture("core", "abn", "abn.json"), {"layout": layout, "cases": listed})
    print(f"{len(listed)} cases, {sum(t.nbytes for t in tensors.values())} bytes of tensors")


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
