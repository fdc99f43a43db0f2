"""Optimisers as recipes name them; each is built with a player's parameters."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn, optim

from sparring.core.ranges import Amount, Below, Rate, Share


def adam(
    parameters: Iterable[nn.Parameter],
    lr: Rate = 2e-4,
    beta1: Below = 0.5,
    beta2: Below = 0.999,
    eps: Share = 1e-8,
    weight_decay: Amount = 0.0,
) -> optim.Optimizer:
    """Adam (Kingma & Ba 2015), in one fused pass; AdamW's decay where weight_decay > 0."""
    listed = list(parameters)
    kind = optim.AdamW if weight_decay else optim.Adam
    fused = all(p.device.type in ("cpu", "cuda") and torch.is_floating_point(p) for p in listed)
    # Adam rejects a mix of int and float betas.
    betas = (float(beta1), float(beta2))
    return kind(listed, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=fused)


def rmsprop(
    parameters: Iterable[nn.Parameter], lr: Rate = 5e-5, alpha: Below = 0.99, eps: Share = 1e-8
) -> optim.Optimizer:
    """RMSprop (Hinton 2012), as WGAN with clipping asks for."""
    return optim.RMSprop(parameters, lr=lr, alpha=alpha, eps=eps)


def sgd(
    parameters: Iterable[nn.Parameter], lr: Rate = 0.1, momentum: Share = 0.0
) -> optim.Optimizer:
    """Stochastic gradient descent."""
    return optim.SGD(parameters, lr=lr, momentum=momentum)
