"""A model as it lies on disk: recipe.json, the weights of its networks, a card for people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import nn

from sparring.artifact import ready
from sparring.artifact.building import build_network
from sparring.artifact.card import model_card
from sparring.artifact.manifest import Manifest
from sparring.core.errors import InputError
from sparring.core.storage import (
    check_alike,
    halved,
    read_tensors,
    widened,
    write_file,
    write_tensors,
)


def write_model(
    folder: Path,
    manifest: Manifest,
    networks: Mapping[str, nn.Module],
    note: str = "",
    half: bool = False,
) -> None:
    """Fill a folder with a model: weights, manifest and a card for people."""
    manifest.write(folder)
    for name, network in networks.items():
        weights = network.state_dict()
        write_tensors(folder / f"{name}.safetensors", halved(weights) if half else weights)
    write_file(folder / "README.md", model_card(manifest, note))


def model_folder(path: Path) -> Path:
    """Where the model of a run or model folder, or a ready model, lies.

    Raises:
        InputError: there is none.
    """
    if str(path).startswith(ready.PREFIX):
        return ready.folder(str(path))
    if not path.is_dir():
        raise InputError(f"there is no run or model at {path}.")
    inside = path / "model"
    if inside.is_dir():
        return inside
    if (path / "checkpoint").is_dir():
        raise InputError(
            f"the run {path} has no model yet; finish it with: sparring resume {path}."
        )
    return path


@contextlib.contextmanager
def whole(folder: Path) -> Iterator[None]:
    """Whatever fails of what lies in the folder is said in one sentence.

    Raises:
        InputError: it is damaged.
    """
    try:
        yield
    except InputError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder} is damaged: {error!r:.200}.") from error


def load_network(manifest: Manifest, name: str, folder: Path) -> nn.Module:
    """The network of that name with its weights; float16 ones are read into float32.

    Raises:
        InputError: weights that are damaged or of another network.
    """
    path = folder / f"{name}.safetensors"
    found = read_tensors(path)
    with torch.device("meta"):  # what the file must hold is known before memory is taken for it
        wanted = build_network(manifest, name).state_dict()
    found = widened(found, wanted)
    check_alike(f"{path} does not fit its recipe.json", found, wanted)
    network = build_network(manifest, name)
    network.load_state_dict(found)
    return network
