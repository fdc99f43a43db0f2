"""Model: the trained artifact. Load it, sample it, walk through its latents, share it."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sparring.errors import InputError, unknown
from sparring.manifest import Manifest
from sparring.storage import (
    read_json,
    read_tensors,
    whole_folder,
    write_file,
    write_json,
    write_tensors,
)
from sparring.streams import latents
from sparring.types import Condition, Domain, Game

CHUNK = 64
"""Samples computed at once; bounds memory and never changes a sample."""


class Model:
    """Trained networks with the manifest that built them; it knows nothing of training."""

    def __init__(
        self,
        manifest: Manifest,
        networks: Mapping[str, nn.Module],
        scores: Mapping[str, Any] | None = None,
    ) -> None:
        self.manifest = manifest
        self.networks = {name: network.eval() for name, network in networks.items()}
        self.scores = dict(scores or {})
        self.game: Game = build_game(manifest)
        self.domain: Domain = manifest.domain.build()
        self.source: Domain | None = manifest.source.build() if manifest.source else None
        self.task = manifest.recipe.task.build()

    @classmethod
    def load(
        cls, path: str | Path, device: str | torch.device = "cpu", trusted: Iterable[str] = ()
    ) -> Model:
        """Load a run folder or a model folder; no code in it is run.

        Raises:
            InputError: nothing there, damaged, newer than this version, or it wants to call
                a package that is not in `trusted`.
        """
        folder = _model_folder(Path(path))
        manifest = Manifest.read(folder, trusted)
        kept = build_game(manifest).kept
        networks = {name: _load_network(manifest, name, folder).to(device) for name in kept}
        scores = read_json(folder / "scores.json") if (folder / "scores.json").exists() else None
        return cls(manifest, networks, scores)

    def save(self, path: str | Path) -> None:
        """Write the model as a folder of safetensors and JSON, whole or not at all."""
        with whole_folder(Path(path)) as folder:
            write_model(folder, self.manifest, self.networks)
            if self.scores:
                write_json(folder / "scores.json", self.scores)

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
        seed: int = 0,
        start: int = 0,
        truncation: float | None = None,
    ) -> Tensor:
        """Samples (count, *shape) on the CPU; pictures lie in [-1, 1].

        Sample i depends on the seed and start + i alone. Without a label, a conditional model
        goes through its labels in turn. Truncation cuts the latent's normal distribution at
        so many standard deviations: fewer surprises, less variety (Brock et al. 2019, 3.1).

        Raises:
            InputError: a label or vector that the model does not know.
        """
        indices = range(start, start + _positive("count", count))
        latent = latents(seed, indices, self.manifest.spec.latent)
        if truncation is not None:
            latent = truncate(latent, truncation)
        return self.generate(latent, self.condition(indices, label=label, vector=vector))

    @torch.inference_mode()
    def generate(self, latent: Tensor, condition: Condition | None = None) -> Tensor:
        """Samples (N, *shape) on the CPU for latents (N, latent)."""
        condition = condition or Condition()
        pieces = []
        for begin in range(0, len(latent), CHUNK):
            rows = slice(begin, begin + CHUNK)
            known = condition.rows(rows).to(self.device)
            fake = self.game.generate(self.networks, latent[rows].to(self.device), known)
            fake = self._headed(self.task.finish(fake.float(), known))
            pieces.append(fake.cpu())
        return torch.cat(pieces)

    @torch.inference_mode()
    def reconstruct(self, samples: Tensor, condition: Condition | None = None) -> Tensor:
        """The samples (N, *shape) through the model's latents and back; autoencoders only.

        Raises:
            InputError: the model has no encoder, or the samples have another shape.
        """
        rebuild = getattr(self.game, "reconstruct", None)
        if rebuild is None:
            raise InputError(
                f"a {self.manifest.recipe.name!r} model has no encoder, so it cannot "
                "reconstruct; train the recipe 'vae'."
            )
        if samples.shape[1:] != self.manifest.spec.shape:
            raise InputError(
                f"the model works on samples of shape {self.manifest.spec.shape}, "
                f"not {tuple(samples.shape[1:])}."
            )
        known = (condition or Condition()).to(self.device)
        return self._headed(rebuild(self.networks, samples.to(self.device), known).float()).cpu()

    def interpolate(
        self,
        stops: int = 2,
        frames: int = 8,
        *,
        label: int | str | None = None,
        vector: Sequence[float] | None = None,
        seed: int = 0,
        truncation: float | None = None,
    ) -> Tensor:
        """A walk (W, *shape) through samples 0 .. stops - 1, `frames` steps from each to the next.

        It goes along the sphere (slerp), where a normal latent's mass lies (White 2016).
        """
        latent = latents(seed, range(_positive("stops", stops)), self.manifest.spec.latent)
        if truncation is not None:
            latent = truncate(latent, truncation)
        weights = torch.linspace(0.0, 1.0, _positive("frames", frames) + 1)[:-1, None]
        legs = [slerp(a, b, weights) for a, b in itertools.pairwise(latent)]
        walk = torch.cat([*legs, latent[-1:]])
        first = 0 if label is None and self.manifest.spec.classes else label
        return self.generate(walk, self.condition(range(len(walk)), label=first, vector=vector))

    def condition(
        self,
        indices: range,
        *,
        label: int | str | None = None,
        vector: Sequence[float] | None = None,
    ) -> Condition:
        """The condition for samples of these indices.

        Raises:
            InputError: a label or vector that the model does not know.
        """
        return Condition(label=self._labels(indices, label), vector=self._vectors(indices, vector))

    def push_to_hub(self, repository: str, *, private: bool = False) -> str:
        """Upload the model with its card to the Hugging Face Hub; the address is returned."""
        from huggingface_hub import HfApi

        with tempfile.TemporaryDirectory() as folder:
            self.save(Path(folder) / "model")
            api = HfApi()
            api.create_repo(repository, private=private, exist_ok=True)
            done = api.upload_folder(repo_id=repository, folder_path=Path(folder) / "model")
        return str(done)

    @classmethod
    def from_pretrained(
        cls, repository: str, *, revision: str | None = None, trusted: Iterable[str] = ()
    ) -> Model:
        """Load a model from the Hugging Face Hub; only its weights and JSON are fetched."""
        from huggingface_hub import snapshot_download

        patterns = ["*.safetensors", "*.json"]
        folder = snapshot_download(repository, revision=revision, allow_patterns=patterns)
        return cls.load(folder, trusted=trusted)

    def _labels(self, indices: range, label: int | str | None) -> Tensor | None:
        spec, names = self.manifest.spec, self.manifest.classes
        if not spec.classes:
            if label is not None:
                raise InputError("this model takes no label: it was trained without labels.")
            return None
        if label is None:
            return torch.tensor([index % spec.classes for index in indices])
        number = names.index(str(label)) if str(label) in names else label
        if isinstance(number, str) and number.isdecimal():
            number = int(number)
        if not isinstance(number, int) or not 0 <= number < spec.classes:
            raise unknown("label", str(label), names or map(str, range(spec.classes)))
        return torch.full((len(indices),), number)

    def _vectors(self, indices: range, vector: Sequence[float] | None) -> Tensor | None:
        size = self.manifest.spec.vector
        if not size and vector is None:
            return None
        if vector is None or len(vector) != size:
            got = 0 if vector is None else len(vector)
            raise InputError(f"this model takes a vector of {size} numbers, and got {got}.")
        return torch.tensor(vector, dtype=torch.float32).expand(len(indices), size)

    def _headed(self, samples: Tensor) -> Tensor:
        """Networks without a tanh may overshoot the range that pictures have."""
        return samples.clamp(-1.0, 1.0) if self.manifest.spec.head == "tanh" else samples


def build_game(manifest: Manifest) -> Game:
    """The manifest's game, with the loss, terms and augmentation that it takes."""
    recipe = manifest.recipe
    parts: dict[str, Any] = {
        "loss": recipe.loss.build() if recipe.loss else None,
        "terms": tuple(term.build() for term in recipe.terms),
        "augment": recipe.augment.build() if recipe.augment else None,
    }
    return recipe.game.build(**{n: v for n, v in parts.items() if recipe.game.accepts(n)})  # type: ignore[no-any-return]


def build_network(manifest: Manifest, name: str) -> nn.Module:
    """One network of the manifest's recipe, freshly initialised."""
    return manifest.recipe.networks[name].build(manifest.spec)  # type: ignore[no-any-return]


def write_model(
    folder: Path, manifest: Manifest, networks: Mapping[str, nn.Module], note: str = ""
) -> None:
    """Fill a folder with a model: weights, manifest and a card for people."""
    manifest.write(folder)
    for name, network in networks.items():
        write_tensors(folder / f"{name}.safetensors", network.state_dict())
    write_file(folder / "README.md", model_card(manifest, note))


def model_card(manifest: Manifest, note: str = "") -> str:
    """A model card in Markdown, with the front matter that the Hugging Face Hub reads."""
    data = manifest.data
    lines = [
        "---",
        "library_name: sparring",
        "tags: [gan, sparring]",
        "---",
        f"# {manifest.recipe.name} on {data.get('name', 'data')}",
        "",
        f"Samples of shape {manifest.spec.shape}, trained with the recipe "
        f"`{manifest.recipe.name}` of sparring {manifest.versions.get('sparring', '')}.",
        "",
        f"- Data: {data.get('source')} (fingerprint `{data.get('fingerprint')}`)",
        f"- Licence of the data: {data.get('licence') or 'not stated'}",
        f"- Seed: {manifest.seed}",
        "",
        "```python",
        "from sparring import Model",
        "samples = Model.load('.').sample(16, seed=0)",
        "```",
    ]
    return "\n".join([*lines, "", note]).rstrip() + "\n"


def truncate(latent: Tensor, threshold: float) -> Tensor:
    """Normal latents squeezed into [-threshold, threshold] as a truncated normal.

    Each number keeps its quantile, so a sample changes smoothly with the threshold.

    Raises:
        InputError: the threshold is not positive.
    """
    if threshold <= 0:
        raise InputError(f"truncation must be above 0, not {threshold}.")
    wide = latent.double()
    edge = torch.special.ndtr(torch.tensor(float(threshold), dtype=torch.float64))
    quantile = (1.0 - edge) + torch.special.ndtr(wide) * (2.0 * edge - 1.0)
    return torch.special.ndtri(quantile).clamp(-threshold, threshold).to(latent.dtype)


def slerp(start: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """From start to end (both (F,)) along the great circle; weight (W, 1) in [0, 1] -> (W, F)."""
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1.0, 1.0)
    angle = torch.arccos(cosine)
    if angle.abs() < 1e-4:
        return start + weight * (end - start)
    blend = torch.sin((1.0 - weight) * angle) * start + torch.sin(weight * angle) * end
    return blend / torch.sin(angle)


def _model_folder(path: Path) -> Path:
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


def _load_network(manifest: Manifest, name: str, folder: Path) -> nn.Module:
    path = folder / f"{name}.safetensors"
    network = build_network(manifest, name)
    try:
        network.load_state_dict(read_tensors(path))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"{path} does not fit its recipe.json ({reason})") from error
    return network


def _positive(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{name} must be at least 1, not {value}.")
    return value
