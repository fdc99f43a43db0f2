"""The residual dense networks of npm's @upscalerjs/esrgan-slim 1.0.0 (MIT), as a reference.

Its weights are read from the package and run in PyTorch, layer by layer as its model.json says;
nothing of it comes with sparring.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sparring.data import fetch

PACKAGE = fetch.Package(
    client="npm",
    name="@upscalerjs/esrgan-slim",
    version="1.0.0",
    megabytes=4.4,
    members=("package/models/x?/*",),
    archives=("b53070ff01363e74d33138106dcc72b58d341c9fb7e8fd648554a4e7744142b5",),
)


def upscaler(scale: int) -> Callable[[Tensor], Tensor]:
    """A function of pictures (N, 3, h, w) in [-1, 1] to ones `scale` times as large."""
    files = fetch.checked(PACKAGE, fetch.archive(PACKAGE))
    described = json.loads(files[f"package/models/x{scale}/model.json"])
    (manifest,) = described["weightsManifest"]
    raw = b"".join(files[f"package/models/x{scale}/{path}"] for path in manifest["paths"])
    weights = _weights(manifest["weights"], raw)
    layers = described["modelTopology"]["model_config"]["config"]["layers"]

    def upscale(pictures: Tensor) -> Tensor:
        made = {layers[0]["config"]["name"]: (pictures + 1) * 127.5}
        for layer in layers[1:]:
            given = [made[node[0]] for node in layer["inbound_nodes"][0]]
            made[layer["config"]["name"]] = _applied(layer, given, weights)
        return (made[layers[-1]["config"]["name"]] / 127.5 - 1).clamp(-1, 1)

    return upscale


def _weights(listed: list[dict[str, Any]], raw: bytes) -> dict[str, Tensor]:
    numbers, found, place = np.frombuffer(raw, "<f4"), {}, 0
    for entry in listed:
        count = math.prod(entry["shape"])
        values = torch.from_numpy(numbers[place : place + count].copy()).reshape(entry["shape"])
        found[entry["name"]] = values.permute(3, 2, 0, 1) if values.dim() == 4 else values
        place += count
    return found


def _applied(layer: dict[str, Any], given: list[Tensor], weights: dict[str, Tensor]) -> Tensor:
    kind, config = layer["class_name"], layer["config"]
    if kind == "Conv2D":
        kernel, bias = (weights[f"{config['name']}/{part}"] for part in ("kernel", "bias"))
        return F.conv2d(given[0], kernel, bias, padding="same")
    if kind == "Activation":
        return given[0].relu()
    if kind == "Concatenate":
        return torch.cat(given, 1)
    if kind == "Add":
        return given[0] + given[1]
    return F.interpolate(given[0], scale_factor=config["size"][0], mode="nearest")
