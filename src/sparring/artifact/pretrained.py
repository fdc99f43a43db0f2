"""Networks of trained models for other runs: a victim to attack, a reward, a frozen critic."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from sparring.artifact.building import build_network
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.artifact.stored import model_folder
from sparring.core.errors import InputError
from sparring.core.types import Spec


def network(spec: Spec, path: str, name: str = "generator") -> nn.Module:
    """The network of that name of the run or model at `path`.

    Raises:
        InputError: no model there, none of that name in it, or samples of another shape.
    """
    manifest = Manifest.read(model_folder(Path(path)))
    if manifest.spec.shape != spec.shape:
        raise InputError(
            f"the model {path} works on samples of shape {manifest.spec.shape}, not {spec.shape}."
        )
    if torch.get_default_device().type == "meta":
        return build_network(manifest, name)  # only its shapes are asked for
    networks = Model.load(path).networks
    if name not in networks:
        raise InputError(f"the model {path} has no {name!r}; it has {', '.join(networks)}.")
    return networks[name]
