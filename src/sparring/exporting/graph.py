"""A model as one function of stored values: what its ONNX file computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.artifact.given import BLOCK, LEAST, least_of
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.streams import latents
from sparring.core.types import Condition
from sparring.domains.sound.recordings import FULL
from sparring.networks.heads import Head

if TYPE_CHECKING:
    from sparring.artifact.model import Model

SPACE = {0: (), 1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""Names of the dimensions of space."""


class Graph(nn.Module):
    """A model's samples or translations, with what comes before and after its networks.

    Pictures go in and out as uint8 (N, C, H, W), layouts as the numbers of their classes, uint8
    (N, 1, H, W), sound as float32 (N, C, length) in [-1, 1], points in their own units.

    Args:
        model: What to carry out, on the CPU.
        reverse: From the model's own domain to its source, where it knows both ways.

    Raises:
        InputError: a model that no graph can hold, or that goes one way only.
    """

    def __init__(self, model: Model, reverse: bool = False) -> None:
        super().__init__()
        self.model, self.reverse = model, reverse
        self.networks = nn.ModuleDict(dict(model.networks))
        self.entry, self.leaving = model.ends(reverse)
        self.names = names_of(model)
        for network in model.networks.values():
            _check_pure(network)
        self.eval()  # The exporter takes the whole for what its outermost module says.

    def forward(self, *given: Tensor) -> Tensor:
        """Stored values in the order of `names` to stored samples."""
        fields = dict(zip(self.names, given, strict=True))
        latent, source = fields.pop("latent"), fields.get("source")
        if source is None:
            return self._stored(self._made(latent, Condition(**fields)))
        marked: dict[str, Tensor] = {n: fields[n] for n in ("source", "mask") if n in fields}
        if source.dim() == 3:
            marked = {name: _blocks(values) for name, values in marked.items()}
        fields.update(marked, source=self.entry.encode(marked["source"]))
        if "mask" in fields:
            fields["mask"] = (fields["mask"] > 0).float()
        made = self._made(latent, self.model.task.known(fields))
        stored = self._stored(made if self.leaving.head == "linear" else made.clamp(-1.0, 1.0))
        return stored[..., : source.shape[2]] if source.dim() == 3 else stored

    def _made(self, latent: Tensor, known: Condition) -> Tensor:
        game, networks = self.model.game, self.model.networks
        if self.reverse:
            return game.reverse(networks, latent, known).float()  # type: ignore[attr-defined,no-any-return]
        return self.model.task.finish(game.generate(networks, latent, known).float(), known)

    def _stored(self, made: Tensor) -> Tensor:
        return heard(self.leaving.decode(made))

    @property
    def space(self) -> tuple[int, ...]:
        """The extent of sources that the model was trained on; () where it has none."""
        if "source" not in self.names:
            return ()
        whole = self.entry.decode(torch.zeros(1, *self.entry.shape)).shape[2:]
        return tuple(extent // self.model.scale for extent in whole)

    @property
    def least(self) -> int:
        """The smallest side that it may be asked for."""
        waves = len(self.space) == 1
        return max(BLOCK if waves else LEAST, least_of(self.model.networks.values()))

    def axes(self) -> dict[str, dict[int, str]]:
        """Input -> names of those of its dimensions that may have any extent."""
        space = dict(enumerate(SPACE[len(self.space)], start=2))
        return {
            name: {0: "batch", **(space if name in ("source", "mask") else {})}
            for name in self.names
        }

    def example(self, count: int, space: tuple[int, ...], seed: int = 0) -> dict[str, Tensor]:
        """Values for each input: `count` of them, sources of this extent."""
        spec, found = self.model.manifest.spec, {"latent": latents(seed, range(count), self._size)}
        random = torch.Generator().manual_seed(seed)
        if spec.classes:
            found["label"] = torch.arange(count) % spec.classes
        if spec.vector:
            found["vector"] = torch.randn(count, spec.vector, generator=random)
        if spec.tokens:
            found["tokens"] = torch.randint(
                spec.tokens[0], (count, spec.tokens[1]), generator=random
            )
        if "source" in self.names:
            found["source"] = self._source(count, space, random)
        if "mask" in self.names:
            found["mask"] = torch.zeros(count, 1, *space, dtype=torch.uint8)
            found["mask"][..., space[-1] // 4 : space[-1] // 2] = 255
        return {name: found[name] for name in self.names}

    @property
    def _size(self) -> int:
        return self.model.manifest.spec.latent

    def _source(self, count: int, space: tuple[int, ...], random: torch.Generator) -> Tensor:
        """Soft random sources, as stored."""
        shape = (count, self.entry.shape[0], *[-(-extent // 4) for extent in space])
        mode = ("linear", "bilinear", "trilinear")[len(space) - 1]
        noise = torch.rand(shape, generator=random) * 2 - 1
        soft = F.interpolate(noise, space, mode=mode)
        return soft if len(space) == 1 else self.entry.decode(soft)


def names_of(model: Model) -> tuple[str, ...]:
    """What the graph is given, in order."""
    sources = "sample" not in model.task.abilities
    told = sorted(model.manifest.spec.conditions - {"map"})
    mask = ("mask",) if model.takes_mask else ()
    return ("latent", *told, *(("source", *mask) if sources else ()))


def heard(stored: Tensor) -> Tensor:
    """Stored values, sound among them as float32 in [-1, 1]."""
    return stored.float() / FULL if stored.dtype == torch.int16 else stored


def expected(graph: Graph, given: dict[str, Tensor]) -> Tensor:
    """What PyTorch makes of an example, by the model's own methods."""
    model, latent = graph.model, given["latent"]
    told = {name: given[name] for name in ("label", "vector", "tokens") if name in given}
    if "source" not in given:
        return heard(model.domain.decode(model.generate(latent, Condition(**told))))
    rows = [
        _translated(graph, {name: values[i : i + 1] for name, values in given.items()})
        for i in range(len(latent))
    ]
    return heard(torch.cat(rows))


def _translated(graph: Graph, row: dict[str, Tensor]) -> Tensor:
    words: dict[str, Callable[[Tensor], Any]] = {
        "label": lambda value: int(value[0]),
        "vector": lambda value: value[0].tolist(),
        "tokens": lambda value: value[0].tolist(),
    }
    told = {name: read(row[name]) for name, read in words.items() if name in row}
    return graph.model.translate(
        row["source"],
        mask=row["mask"].float() if "mask" in row else None,
        reverse=graph.reverse,
        style=row["latent"],
        stored=True,
        **told,
    )


def _blocks(waves: Tensor) -> Tensor:
    """Waveforms (N, C, L) with zeros up to whole blocks."""
    return F.pad(waves, (0, (BLOCK - waves.shape[2] % BLOCK) % BLOCK))


def _check_pure(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, Head) and layer.blocks and layer.drawn:
            raise InputError(
                "this model cannot be exported: it draws its categories by chance from the bytes "
                "of its latent (--softmax gumbel), which ONNX cannot do; train it with plain or "
                "straight."
            )


def describe(graph: Graph) -> dict[str, Any]:
    """What whoever runs the file has to know of the model."""
    manifest = graph.model.manifest
    data = {name: manifest.data[name] for name in ("name", "licence") if name in manifest.data}
    return {
        "recipe": manifest.recipe.name,
        "data": data,
        "latent": manifest.spec.latent,
        "classes": list(manifest.classes) or manifest.spec.classes,
        "scale": graph.model.scale,
        "files": list(graph.leaving.suffixes),
        "source": _said(
            manifest.domain if graph.reverse else manifest.source_domain or manifest.domain
        ),
        "sample": _said(manifest.source_domain if graph.reverse else manifest.domain),
    }


def _said(domain: Part | None) -> Mapping[str, Any]:
    """A domain's own settings, in JSON: shape, palette, rate."""
    return {} if domain is None else dict(domain.to_json())
