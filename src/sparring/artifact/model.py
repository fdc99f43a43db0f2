"""Model: the trained artifact. Load it, sample it, walk through its latents, share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sparring.artifact import given, hub
from sparring.artifact.building import build_game
from sparring.artifact.conditions import altered, condition_for, reads
from sparring.artifact.encoding import rebuilt, style_of
from sparring.artifact.manifest import Manifest
from sparring.artifact.shown import Shown, html_of
from sparring.artifact.stored import load_network, model_folder, whole, write_model
from sparring.artifact.tiling import at_once
from sparring.artifact.translating import Asked, Progress, translated
from sparring.artifact.walks import through, toward, truncate
from sparring.core.device import device_of
from sparring.core.errors import InputError
from sparring.core.storage import read_json, whole_folder, write_json
from sparring.core.streams import latents
from sparring.core.types import Condition, Domain, Game

if TYPE_CHECKING:
    from sparring.artifact.editing import Edited
    from sparring.artifact.inverting import Inverted
    from sparring.artifact.named import Directions

CHUNK, CELLS = 64, 1 << 20
"""Samples computed at once, and their pixels; bounds memory and never changes a sample."""


class Model:
    """Trained networks with the manifest that built them; it knows nothing of training."""

    def __init__(
        self,
        manifest: Manifest,
        networks: Mapping[str, nn.Module],
        scores: Mapping[str, Any] | None = None,
    ) -> None:
        self.manifest = manifest
        # Frozen: whoever goes backward through a model is after latents, not weights.
        self.networks = {n: net.eval().requires_grad_(False) for n, net in networks.items()}
        self.scores = dict(scores or {})
        self.game: Game = build_game(manifest.recipe)
        self.domain: Domain = manifest.domain.build()
        self.source_domain: Domain | None = (
            manifest.source_domain.build() if manifest.source_domain else None
        )
        self.task = manifest.recipe.task.build()
        self.place: Path | None = None  # where it was loaded from

    @classmethod
    def load(
        cls, path: str | Path, device: str | torch.device = "cpu", trusted: Iterable[str] = ()
    ) -> Model:
        """Load a run folder, a model folder or `ready:NAME`; no code in it is run.

        The device is a word such as "cpu" or "cuda:1", or "auto": the GPU where there is one.

        Raises:
            InputError: nothing there, damaged, newer than this version, or it wants to call
                a package that is not in `trusted`.
        """
        folder, place = model_folder(Path(path)), device_of(device)
        manifest = Manifest.read(folder, trusted)
        scores = read_json(folder / "scores.json") if (folder / "scores.json").exists() else None
        with whole(folder):
            kept = build_game(manifest.recipe).kept
            networks = {name: load_network(manifest, name, folder).to(place) for name in kept}
            model = cls(manifest, networks, scores)
        model.place = Path(path)
        if tuple(model.domain.shape) != manifest.spec.shape:
            raise InputError(f"{folder} is damaged: its domain and its spec have other shapes.")
        return model

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Write the model as a folder of safetensors and JSON, whole or not at all.

        It is fit to be shared: it names files, but not where they lie on this machine. With `half`
        weights take half the room, as float16; they are read into float32 again.

        Raises:
            InputError: the disk is full, or weights that float16 cannot hold.
        """
        with whole_folder(Path(path)) as folder:
            write_model(folder, self.manifest.shared(), self.networks, half=half)
            if self.scores:
                write_json(folder / "scores.json", self.scores)

    def __repr__(self) -> str:
        weights = sum(w.numel() for net in self.networks.values() for w in net.parameters())
        data, made = self.manifest.data.get("name", "data"), self.manifest.recipe.name
        shape = " x ".join(map(str, self.manifest.spec.shape))
        return f"<Model {made} on {data}: {shape}, {weights:,} weights, {self.device}>"

    def _repr_html_(self) -> str:
        return html_of(self)

    def show(self, samples: Tensor, columns: int | None = None, reverse: bool = False) -> Shown:
        """What `sample` or `translate` returned, drawn (or played) by a notebook by itself."""
        return Shown(self.ends(reverse)[1], samples, columns)

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return next(next(iter(self.networks.values())).parameters()).device

    def sample(
        self,
        count: int = 1,
        *,
        label: int | str | None = None,
        vector: Sequence[float] | None = None,
        tokens: Sequence[int] | None = None,
        text: str | None = None,
        seed: int = 0,
        start: int = 0,
        truncation: float | None = None,
    ) -> Tensor:
        """Samples (count, *shape) on the CPU; pictures lie in [-1, 1].

        Sample i depends on the seed and start + i alone. What a conditional model is not told
        (label, vector, tokens or text) it goes through in turn. Truncation cuts the latent's
        normal distribution at so many standard deviations: fewer surprises, less variety (Brock et
        al. 2019, section 3.1).

        Raises:
            InputError: a label, vector, tokens or text that the model does not know.
        """
        given.check_can("sample", self.manifest, self.task)
        indices = range(start, start + _positive("count", count))
        latent = latents(seed, indices, self.manifest.spec.latent)
        if truncation is not None:
            latent = truncate(latent, truncation)
        known = self.condition(indices, label=label, vector=vector, tokens=tokens, text=text)
        return self.generate(latent, known)

    def generate(self, latent: Tensor, condition: Condition | None = None) -> Tensor:
        """Samples (N, *shape) on the CPU for latents (N, latent).

        Where latents or the condition ask for gradients, samples carry them, as inversion needs.
        """
        condition = condition or Condition()
        given = [latent, *(value for value in condition if value is not None)]
        with torch.inference_mode(not any(value.requires_grad for value in given)):
            return self._generated(latent, condition)

    def _generated(self, latent: Tensor, condition: Condition) -> Tensor:
        pieces = []
        chunk = at_once(CHUNK, CELLS, self.manifest.spec.shape)
        for begin in range(0, len(latent), chunk):
            rows = slice(begin, begin + chunk)
            known = condition.rows(rows).to(self.device)
            fake = self.game.generate(self.networks, latent[rows].to(self.device), known)
            fake = self._headed(self.task.finish(fake.float(), known))
            pieces.append(fake.cpu())
        return torch.cat(pieces)

    @torch.inference_mode()
    def translate(
        self,
        pictures: Tensor,
        *,
        mask: Tensor | None = None,
        to: Sequence[str] = (),
        reverse: bool = False,
        style: Tensor | None = None,
        label: int | str | None = None,
        vector: Sequence[float] | None = None,
        tokens: Sequence[int] | None = None,
        seed: int = 0,
        indices: Sequence[int] | None = None,
        tile: int | None = None,
        stored: bool = False,
        progress: Progress | None = None,
    ) -> Tensor:
        """Pictures (N, C, H, W) or sounds (N, C, L) of any extent to encoded ones, on the CPU.

        They may be stored or encoded, and are of the model's source domain, or of its own where it
        repairs. An item's latent depends on the seed and its index alone.

        Args:
            pictures: As above.
            mask: (N or 1, 1, *space), 1 where the item is missing; what is not is kept.
            to: Values of attributes that shall change, such as ["smiling", "sunglasses"], for a
                model that changes attributes.
            reverse: From the model's own domain to its source, where it knows both ways.
            style: A picture (1, C, H, W) whose latent is used for all, by the model's encoder, or
                that latent (1 or N, L) from `style`, which is then read but once for many calls.
            label: As in `sample`, for a model that is told one beside the picture.
            vector: Likewise.
            tokens: Likewise.
            seed: Of the latents.
            indices: One a picture, 0 and up by default; pictures of one index share its latent.
            tile: Side of overlapping tiles in pixels or samples; by default only above a million
                pixels, or half a million samples.
            stored: Hand back what the domain stores, which takes less memory.
            progress: Called with how many tiles are done, and how many there are.

        Raises:
            InputError: a model of another task or that goes one way only, or pictures, a mask
                or a tile that do not fit it.
        """
        given.check_can("translate", self.manifest, self.task)
        if style is not None and style.dim() != 2:
            style = self.style(style)
        if to or (vector is None and "alter" in self.task.abilities):
            vector = self.asked(to)
        told = {"label": label, "vector": vector, "tokens": tokens}
        asked = Asked(told, reverse, style, seed, indices, tile, stored, progress)
        return translated(self, pictures, mask, asked)

    def repair(self, pictures: Tensor, mask: Tensor | None = None, **options: Any) -> Tensor:
        """`translate` for models of inpaint and restore: pictures made whole, (N, C, H, W).

        Raises:
            InputError: as `translate`, or a model that repairs nothing.
        """
        given.check_can("repair", self.manifest, self.task)
        return self.translate(pictures, mask=mask, **options)

    def upscale(self, pictures: Tensor, **options: Any) -> Tensor:
        """`translate` for models of superres: pictures (N, C, s H, s W), s the model's scale.

        Raises:
            InputError: as `translate`, or a model that enlarges nothing.
        """
        given.check_can("upscale", self.manifest, self.task)
        return self.translate(pictures, **options)

    def asked(self, to: Sequence[str]) -> list[float]:
        """The vector by which a model that changes attributes is asked for these values of them.

        Raises:
            InputError: another model, nothing asked for, unknown values, or two that contradict.
        """
        given.check_can("alter", self.manifest, self.task)
        return altered(self.manifest, [to] if isinstance(to, str) else to)

    @property
    def takes_mask(self) -> bool:
        """Whether its translations start from a picture and a mask."""
        return "mask" in self.task.abilities

    @property
    def scale(self) -> int:
        """How many times larger a translation is than what it is made from."""
        return given.scale_of(self.manifest.spec)

    def ends(self, reverse: bool = False) -> tuple[Domain, Domain]:
        """The domains that a translation starts from and ends in.

        Raises:
            InputError: the model goes one way only.
        """
        if not reverse:
            return self.source_domain or self.domain, self.domain
        if "reverse" not in self.game.doors or self.source_domain is None:
            raise given.one_way(self.manifest)
        return self.domain, self.source_domain

    @torch.inference_mode()
    def style(self, pictures: Tensor) -> Tensor:
        """The latents (N, latent) that the model's encoder reads from pictures (N, C, H, W).

        Raises:
            InputError: the model has no encoder, or pictures that do not fit it.
        """
        return style_of(self, pictures)

    @torch.inference_mode()
    def reconstruct(self, samples: Tensor, condition: Condition | None = None) -> Tensor:
        """The samples (N, *shape) through the model's latents and back; autoencoders only.

        Raises:
            InputError: the model has no encoder, or the samples have another shape.
        """
        return self._headed(rebuilt(self, samples, condition or Condition())).cpu()

    def invert(self, samples: Tensor, **wanted: Any) -> Inverted:
        """The codes that make samples most like these (N, *shape), and how like they are.

        Args:
            samples: Encoded, such as pictures in [-1, 1].
            wanted: Settings of `sparring.artifact.inverting.Wanted`: start, steps, draws,
                perceptual, prior, features, tune, seed, progress.

        Raises:
            InputError: a model that makes samples from others, samples of another shape or with
                NaN, or a setting out of range.
        """
        from sparring.artifact.inverting import Wanted, inverted

        return inverted(self, samples.float(), Wanted(**wanted))

    def edit(
        self,
        samples: Tensor,
        moves: Mapping[str, float],
        *,
        keep: Sequence[str] = (),
        mask: Tensor | None = None,
        directions: Directions | str | Path | None = None,
        **wanted: Any,
    ) -> Edited:
        """Samples (N, *shape) with `moves` such as {"smiling": 2.0} made, and their inversion.

        Args:
            samples: Encoded.
            moves: Direction -> how many deviations to go along it.
            keep: Directions, or attributes with all of their values, that shall not change.
            mask: (N or 1, 1, *space), 1 where samples may change.
            directions: Or their folder; those beside the model if None.
            wanted: As in `invert`.

        Raises:
            InputError: as `invert`; unknown or contradicting directions; a mask that does not fit.
        """
        from sparring.artifact.editing import edited, planned

        return edited(self, samples, planned(self, moves, keep, directions), mask, wanted)

    def interpolate(
        self,
        stops: int = 2,
        frames: int = 8,
        *,
        label: int | str | None = None,
        to: int | str | None = None,
        vector: Sequence[float] | None = None,
        tokens: Sequence[int] | None = None,
        text: str | None = None,
        seed: int = 0,
        truncation: float | None = None,
    ) -> Tensor:
        """A walk (W, *shape) through samples 0 .. stops - 1, `frames` steps from each to the next.

        It goes along the sphere (slerp), where a normal latent's mass lies (White 2016), and from
        one label, or one text, `to` another in a straight line.
        """
        latent = latents(seed, range(_positive("stops", stops)), self.manifest.spec.latent)
        if truncation is not None:
            latent = truncate(latent, truncation)
        walk = through(latent, _positive("frames", frames))
        # One condition all the way: what is not given is the first of its kind.
        same = [0] * len(walk)
        known = self.condition(same, label=label, vector=vector, tokens=tokens, text=text)
        if to is not None:
            if text is None:
                end, field = self.condition(same, label=to), "label"
            else:
                field = "vector" if reads(self.manifest.recipe) else "tokens"
                end = self.condition(same, text=str(to))
            known = toward(known, end, field, self.manifest.spec)
        return self.generate(walk, known)

    def condition(
        self,
        indices: Sequence[int],
        *,
        label: int | str | None = None,
        vector: Sequence[float] | None = None,
        tokens: Sequence[int] | None = None,
        text: str | None = None,
    ) -> Condition:
        """The condition for samples of these indices.

        Raises:
            InputError: a label, vector, tokens or text that the model does not know.
        """
        return condition_for(self.manifest, indices, label, vector, tokens, text)

    def push_to_hub(self, repository: str, *, private: bool = False) -> str:
        """Upload the model with its card to the Hugging Face Hub; the address is returned."""
        return hub.upload(self, repository, private)

    @classmethod
    def from_pretrained(
        cls, repository: str, *, revision: str | None = None, trusted: Iterable[str] = ()
    ) -> Model:
        """Load a model from the Hugging Face Hub; only its weights and JSON are fetched."""
        return cls.load(hub.download(repository, revision), trusted=trusted)

    def _headed(self, samples: Tensor) -> Tensor:
        """Networks without a tanh may overshoot the range that pictures have."""
        spec = self.manifest.spec
        return samples if spec.head == "linear" or spec.blocks else samples.clamp(-1.0, 1.0)


def _positive(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{name} must be at least 1, not {value}.")
    return value
