"""packages/optim/test/fixtures/: twenty steps of every optimizer on seven elements, and schedules over twelve epochs.

SGD, Adam, AdamW and RMSprop are torch.optim's. timm is not needed: Lamb and RMSpropTF are the classes below, written from
timm's formulas. A mistake in reading timm would be in the fixtures too.
"""

import numpy as np
import torch
from torch.optim import lr_scheduler as schedules

import paths
import prng

STEPS, EPOCHS = 20, 12

OPTIMIZERS = {
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd-weight-decay": ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    "sgd-momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd-momentum-weight-decay": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    "sgd-nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd-nesterov-weight-decay": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "adam": ("Adam", {"lr": 0.01}),
    "adam-weight-decay": ("Adam", {"lr": 0.01, "weight_decay": 0.05}),
    "adamw": ("AdamW", {"lr": 0.01}),
    "adamw-weight-decay": ("AdamW", {"lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.2}),
    "rmsprop": ("RMSprop", {"lr": 0.01}),
    "rmsprop-momentum-weight-decay": ("RMSprop", {"lr": 0.01, "alpha": 0.8, "momentum": 0.9, "weight_decay": 0.05}),
    "rmsprop-tf": ("RMSpropTF", {"lr": 0.01, "weight_decay": 0.05}),
    "rmsprop-tf-momentum": ("RMSpropTF", {"lr": 0.01, "momentum": 0.9, "eps": 1e-3}),
    "lamb": ("Lamb", {"lr": 0.01}),
    "lamb-no-weight-decay": ("Lamb", {"lr": 0.01, "weight_decay": 0}),
    "lamb-betas-weight-decay": ("Lamb", {"lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-3, "weight_decay": 0.2}),
    "adam-betas-eps": ("Adam", {"lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-3}),
}

SCHEDULES = {
    "constant": ("constant", {}),
    "step": ("step", {"step_size": 3, "gamma": 0.1}),
    "step-half": ("step", {"step_size": 5, "gamma": 0.5}),
    "multistep": ("multistep", {"milestones": [2, 5, 9], "gamma": 0.3}),
    "multistep-repeated": ("multistep", {"milestones": [4, 4, 7], "gamma": 0.5}),
    "exponential": ("exponential", {"gamma": 0.9}),
    "linear": ("linear", {"alpha": -0.05, "beta": 1.0}),
    "linear-warm-up": ("linear", {"alpha": 0.25, "beta": 0.1}),
    "cosine": ("cosine", {"total": EPOCHS}),
    "cosine-min-rate": ("cosine", {"total": 12, "min_rate": 0.005}),
    "polynomial": ("polynomial", {"total": 9, "power": 0.9}),
    "polynomial-linear": ("polynomial", {"total": 12, "power": 1.0}),
    "cosine-after-linear": ("cosine", {"total": 9, "warm_up": {"length": 3, "factor": 0.01, "type": "linear"}}),
    "step-after-linear": ("step", {"step_size": 3, "gamma": 0.1, "warm_up": {"length": 4, "factor": 0.1, "type": "linear"}}),
    "multistep-after-constant": (
        "multistep", {"milestones": [2, 5], "gamma": 0.3, "warm_up": {"length": 2, "factor": 0.5, "type": "constant"}}
    ),
    "polynomial-after-linear": (
        "polynomial", {"total": 8, "power": 2.0, "warm_up": {"length": 4, "factor": 1 / 3, "type": "linear"}}
    ),
}


class RMSpropTF(torch.optim.Optimizer):
    """TensorFlow's rule: eps inside the root, averages that start at 1, the learning rate inside the momentum buffer."""

    def __init__(self, params, lr, alpha=0.9, eps=1e-10, weight_decay=0.0, momentum=0.0):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["square_avg"] = torch.ones_like(p)
                    if group["momentum"] > 0:
                        state["momentum_buffer"] = torch.zeros_like(p)
                grad = p.grad + group["weight_decay"] * p
                average = state["square_avg"]
                average += (1 - group["alpha"]) * (grad**2 - average)
                step = group["lr"] * grad / (average + group["eps"]).sqrt()
                if group["momentum"] > 0:
                    step = state["momentum_buffer"].mul_(group["momentum"]).add_(step)
                p -= step


class Lamb(torch.optim.Optimizer):
    """You et al., ICLR 2020, algorithm 2, with bias correction; parameters without weight decay are not rescaled."""

    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        self.count = 0

    @torch.no_grad()
    def step(self):
        self.count += 1
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
                m, v = state["exp_avg"], state["exp_avg_sq"]
                m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                root = (v / (1 - beta2**self.count)).sqrt() + group["eps"]
                update = m / (1 - beta1**self.count) / root
                ratio = 1.0
                if group["weight_decay"] != 0:
                    update += group["weight_decay"] * p
                    weight, change = p.norm(), update.norm()
                    ratio = weight / change if weight > 0 and change > 0 else 1.0
                p -= group["lr"] * ratio * update


def as_float64(array) -> torch.Tensor:
    return torch.tensor(np.asarray(array, dtype=np.float64))


def run_optimizer(kind: str, options: dict) -> dict:
    """The parameter and the optimizer's state after every step; one gradient element is zero throughout."""
    start = prng.normal("parameter", (7,))
    p = torch.nn.Parameter(as_float64(start))
    own = {"RMSpropTF": RMSpropTF, "Lamb": Lamb}
    optimizer = (own.get(kind) or getattr(torch.optim, kind))([p], **options)
    rows = []
    for step in range(STEPS):
        gradient = prng.normal(f"gradient:{step}", (7,))
        gradient[3] = 0
        p.grad = as_float64(gradient)
        optimizer.step()
        state = {k: v.tolist() for k, v in optimizer.state[p].items() if torch.is_tensor(v) and v.dim()}
        rows.append({"gradient": gradient.tolist(), "parameter": p.detach().tolist(), **state})
    return {"type": kind, "options": options, "start": start.tolist(), "steps": rows}


def schedule(kind: str, optimizer, p: dict):
    """Joins a warm-up and a main schedule with SequentialLR, as torchvision's reference scripts do."""
    p = dict(p)
    warm_up = p.pop("warm_up", None)
    if warm_up is None:
        return main_schedule(kind, optimizer, p)
    length, factor = warm_up["length"], warm_up["factor"]
    warm = (
        schedules.LinearLR(optimizer, start_factor=factor, total_iters=length)
        if warm_up["type"] == "linear"
        else schedules.ConstantLR(optimizer, factor=factor, total_iters=length)
    )
    return schedules.SequentialLR(optimizer, [warm, main_schedule(kind, optimizer, p)], milestones=[length])


def main_schedule(kind: str, optimizer, p: dict):
    return {
        "constant": lambda: schedules.LambdaLR(optimizer, lambda it: 1.0),
        "step": lambda: schedules.StepLR(optimizer, **p),
        "multistep": lambda: schedules.MultiStepLR(optimizer, **p),
        "exponential": lambda: schedules.ExponentialLR(optimizer, **p),
        "linear": lambda: schedules.LambdaLR(optimizer, lambda it: it * p["alpha"] + p["beta"]),
        "cosine": lambda: schedules.CosineAnnealingLR(optimizer, p["total"], eta_min=p.get("min_rate", 0)),
        "polynomial": lambda: schedules.PolynomialLR(optimizer, total_iters=p["total"], power=p["power"]),
    }[kind]()


def run_schedule(kind: str, params: dict) -> dict:
    """Rates of two parameter groups (base rates 0.1 and 0.02) at iterations 0 to 11."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.02)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = schedule(kind, optimizer, params)
    rates = []
    for _ in range(EPOCHS):
        rates.append([g["lr"] for g in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return {"type": kind, "params": params, "baseRates": [0.1, 0.02], "rates": rates}


def clip(max_norm: float) -> dict:
    """torch.nn.utils.clip_grad_norm_ on two gradients."""
    grads = [prng.normal(f"clip:{i}", (n,)) for i, n in enumerate((5, 3))]
    parameters = [torch.nn.Parameter(torch.zeros(len(g), dtype=torch.float64)) for g in grads]
    for p, g in zip(parameters, grads):
        p.grad = as_float64(g)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, max_norm))
    before, after = [g.tolist() for g in grads], [p.grad.tolist() for p in parameters]
    return {"maxNorm": max_norm, "norm": norm, "before": before, "after": after}


def main() -> None:
    runs = {n: run_optimizer(*v) for n, v in OPTIMIZERS.items()}
    paths.write_json(paths.fixture("optim", "optimizers.json"), {**runs, "clip": [clip(1.0), clip(100.0)]})
    paths.write_json(paths.fixture("optim", "schedules.json"), {n: run_schedule(*v) for n, v in SCHEDULES.items()})


if __name__ == "__main__":
    main()
