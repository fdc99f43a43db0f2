"""The verbs translate, repair, upscale, blend: files, folders and videos through a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from sparring.artifact import given
from sparring.artifact.model import Model
from sparring.artifact.translating import Asked
from sparring.core.errors import InputError
from sparring.core.types import Domain, Files, Opened
from sparring.data.content import Progress
from sparring.domains.image import video
from sparring.domains.image.pasting import pasted
from sparring.verbs.translate import folder, lasting, sequence
from sparring.verbs.translate.folder import Done, Given, Job
from sparring.verbs.translate.lasting import Through

EXISTING = ("refuse", "skip", "overwrite")


def translate(
    model: Model | str | Path,
    source: str | Path,
    out: str | Path,
    *,
    mask: str | Path | None = None,
    to: Sequence[str] = (),
    reverse: bool = False,
    style: str | Path | None = None,
    beside: Sequence[str | Path] = (),
    seed: int = 0,
    tile: int | None = None,
    existing: str = "refuse",
    progress: Progress | None = None,
) -> Done:
    """Send a file, a folder of files or a video through a model, and write what it makes.

    Results keep their sources' extents (times the model's scale), names and, where the format has
    it, transparency. The n-th file of a folder, by name, has the n-th latent of the seed; all
    frames of a video have one.

    Args:
        model: A model, or where one lies.
        source: A picture or a sound, a folder (with its sub-folders), or a video.
        out: A file for a file, or a folder.
        mask: What is missing: "white", "left,top,right,bottom", a picture, or a folder of them; of
            a sound, seconds from and to, such as "0.5-0.8".
        to: Values of attributes that shall change, for a model that changes attributes.
        reverse: From the model's own domain to its source.
        style: A picture whose latent is used for all, by the model's encoder.
        beside: What else each result is made of, in the order of the model's source: a pose map,
            another's picture. A folder among them is a sequence: of one source a result for each
            of its files is made, the frames of a GIF or files of a folder.
        seed: Of the latents.
        tile: Side of overlapping tiles; by default only above a megapixel, or half a million
            samples.
        existing: What to do about results that are there already: refuse, skip or overwrite.
        progress: Told of every batch, and of every tile of large items.

    Raises:
        InputError: the model cannot do it, nothing there, or a single picture that cannot be
            read; of a folder such pictures are only noted in `Done.failed`.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    source, out = Path(source), Path(out)
    others = [Path(other) for other in beside]
    made = _Maker(model, mask, reverse, style, seed, tile, progress, to, others)
    if any(other.is_dir() for other in others):
        return _sequence(made, source, others, out, existing)
    if video.is_video(source) and source.is_file():
        return _video(made, source, _beside(out, source.name), existing, progress)
    jobs = _jobs(source, out, made)
    there = _there(jobs, existing)
    whole, long = lasting.apart([job for job in jobs if job.out not in there], made.through)
    done = folder.run(
        whole,
        made.entry_files.extent,
        made.read,
        made.make,
        made.leaving_files.write,
        model.scale,
        progress,
    )
    lasting.run(long, made.through, done)
    done.skipped = len(there)
    if not source.is_dir() and done.failed:
        raise InputError(f"{source} cannot be translated: {next(iter(done.failed.values()))}.")
    return done


def blend(
    model: Model | str | Path,
    photo: str | Path,
    cutout: str | Path,
    out: str | Path,
    *,
    at: tuple[int, int] | None = None,
    height: int | None = None,
    existing: str = "refuse",
) -> Path:
    """Paste a cut-out into a photo so that its colours and border fit; where it lies is returned.

    Args:
        model: A model of the recipe `blend`, or where one lies.
        photo: The picture below.
        cutout: A picture with transparency around the object.
        out: The file to write, or a folder.
        at: The object's centre in the photo, x and y in pixels.
        height: The object's height in pixels.
        existing: What to do about a result that is there already.

    Raises:
        InputError: another kind of model, or pictures that cannot be used.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    given.check_can("blend", model.manifest, model.task)
    leaving = _files(model.domain)
    if not leaving.moving:
        raise InputError("objects are blended into grey or colour pictures without opacity only.")
    photo, place = Path(photo), _beside(Path(out), Path(photo).name)
    composite, mask = pasted(photo, Path(cutout), leaving.moving, at, height)
    if not _there([Job(0, photo, place)], existing):
        made = model.translate(composite[None], mask=mask[None], stored=True)[0]
        leaving.write(made, place)
    return place


class _Maker:
    """A model with all that is chosen once for all pictures."""

    def __init__(
        self,
        model: Model,
        mask: str | Path | None,
        reverse: bool,
        style: str | Path | None,
        seed: int,
        tile: int | None,
        progress: Progress | None = None,
        to: Sequence[str] = (),
        others: Sequence[Path] = (),
    ) -> None:
        given.check_can("translate", model.manifest, model.task)
        self.vector = model.asked(to) if to or "alter" in model.task.abilities else None
        self.model, self.reverse, self.seed, self.tile = model, reverse, seed, tile
        self.progress = progress
        self.entry, leaving = model.ends(reverse)
        self.entry_files = sequence.with_others(model, _files(self.entry), others)
        self.leaving_files = _files(leaving)
        self.words = None if mask is None else str(mask)
        self.mask = None if mask is None else self.entry_files.masker(str(mask))
        given.check_mask(mask is not None, model.takes_mask)
        self.style = None
        if style is not None:
            self.style = model.style(_one(Path(style), model).stored[None])

    def read(self, path: Path) -> Given:
        opened = self.entry_files.open(path)
        mask = None if self.mask is None else self.mask(path, opened.stored)
        return self._checked(opened, mask)

    def moment(self, path: Path, others: sequence.Others) -> Given:
        """The item with what is beside it in one moment of a sequence."""
        try:
            files = sequence.with_others(self.model, self.entry_files, others)
            return self._checked(files.open(path), None)
        except InputError as error:
            raise InputError(f"{path} cannot be translated: {error}") from error

    def make(self, indices: Sequence[int], given: Sequence[Given]) -> torch.Tensor:
        """Stored results (N, C, H, W)."""
        masks = [item.mask for item in given if item.mask is not None]
        return self.model.translate(
            torch.stack([item.source for item in given]),
            mask=torch.stack(masks) if masks else None,
            reverse=self.reverse,
            style=self.style,
            vector=self.vector,
            seed=self.seed,
            indices=indices,
            tile=self.tile,
            stored=True,
            progress=self._tell,
        )

    @property
    def through(self) -> Through:
        """The same for sounds that are read and written in parts."""

        def asked(number: int) -> Asked:
            told: dict[str, object] = {"label": None, "vector": self.vector, "tokens": None}
            chosen = (self.reverse, self.style, self.seed, [number], self.tile)
            return Asked(told, *chosen, True, self._tell)

        return Through(self.model, self.entry_files, self.leaving_files, self.words, asked)

    def _tell(self, done: int, total: int) -> None:
        """Tiles are worth telling of where there are several."""
        if self.progress is not None and total > 1:
            self.progress("tiles", done, total)

    def frames(self, stored: torch.Tensor, path: Path) -> torch.Tensor:
        """Stored frames of one video, which share a latent."""
        masks = [None if self.mask is None else self.mask(path, frame) for frame in stored]
        given = [
            self._checked(Opened(frame), mask) for frame, mask in zip(stored, masks, strict=True)
        ]
        return self.make([0] * len(given), given)

    def _checked(self, opened: Opened, mask: torch.Tensor | None) -> Given:
        return checked(self.model, self.entry, opened, mask)


def checked(model: Model, entry: Domain, opened: Opened, mask: torch.Tensor | None) -> Given:
    """An opened item of the domain that a translation starts from, as the model wants it.

    Raises:
        InputError: what is wrong with it, or with its mask (1, *space).
    """
    stored = opened.stored[None]
    check = given.waveforms if stored.dim() == 3 else given.encoded
    source = check(entry, stored, model.networks.values())
    given.masked(None if mask is None else mask[None], source, mask is not None)
    return Given(opened.around, source[0], mask)


def _files(domain: Domain) -> Files:
    """How the domain's files go through a model.

    Raises:
        InputError: they do not.
    """
    found = domain.files
    if found is None:
        raise InputError(
            f"{type(domain).__name__} are no files of their own, so none can be translated; use "
            "Model.translate with tensors."
        )
    return found


def _one(path: Path, model: Model) -> Opened:
    if not path.is_file():
        raise InputError(f"there is no file {path}.")
    try:
        return _files(model.domain).open(path)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _jobs(source: Path, out: Path, made: _Maker) -> list[Job]:
    if source.is_file():
        place = _beside(out, made.leaving_files.named(source))
        writable = made.leaving_files.writable
        if place.suffix.lower() not in writable:
            raise InputError(f"{place} has no suffix to write; use {', '.join(writable)}.")
        return [Job(0, source, place)]
    if not source.is_dir():
        raise InputError(f"there is no file or folder {source}.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; the results of a folder need a folder.")
    if out.resolve() == source.resolve():
        raise InputError(f"{out} holds the originals; choose another folder for the results.")
    found = sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in made.entry_files.suffixes
        and out not in path.parents
        and path.is_file()
    )
    if not found:
        some = ", ".join(made.entry_files.suffixes[:5])
        raise InputError(f"{source} holds nothing that this model reads ({some}, ...).")
    named = made.leaving_files.named
    places = [path.relative_to(source).parent / named(path) for path in found]
    place, times = Counter(places).most_common(1)[0]
    if times > 1:
        raise InputError(f"{times} files of {source} would become {place}; rename them.")
    return [
        Job(k, path, out / place) for k, (path, place) in enumerate(zip(found, places, strict=True))
    ]


def _beside(out: Path, name: str) -> Path:
    """The file itself, or one of this name in the folder that is named."""
    return out / name if out.is_dir() or not out.suffix else out


def _there(jobs: Sequence[Job], existing: str) -> set[Path]:
    """Those results that are to be left as they are."""
    if existing not in EXISTING:
        raise InputError(f"existing must be one of {', '.join(EXISTING)}, not {existing!r}.")
    there = folder.taken(job.out for job in jobs)
    folder.check_apart(jobs)
    if there and existing == "refuse":
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise InputError(
            f"{there[0]}{more} exists already; choose another --out, or give --existing skip or "
            "--existing overwrite."
        )
    return set(there) if existing == "skip" else set()


def _sequence(made: _Maker, source: Path, others: Sequence[Path], out: Path, existing: str) -> Done:
    """One source with what changes beside it, moment by moment."""
    if not source.is_file():
        raise InputError(f"a sequence is made of one picture, and {source} is no file.")
    if out.suffix and out.suffix.lower() != ".gif":
        raise InputError(f"{out} holds one picture; name a file ending in .gif, or a folder.")
    if _there([Job(0, source, out)], existing):
        return Done(skipped=1)
    each = sequence.moments(others, made.entry_files.suffixes)
    return sequence.run(
        made.model,
        each,
        lambda moment: made.moment(source, moment),
        made.make,
        made.leaving_files.write,
        out,
        made.progress,
    )


def _video(made: _Maker, source: Path, out: Path, existing: str, progress: Progress | None) -> Done:
    channels = made.entry_files.moving
    if not channels or made.leaving_files.moving != channels:
        raise InputError("this model works on no videos: they are grey or colour on both sides.")
    if not video.is_video(out):
        raise InputError(f"{out} has no suffix of a video; use {', '.join(video.SUFFIXES)}.")
    if _there([Job(0, source, out)], existing):
        return Done(skipped=1)
    video.translate_video(
        source,
        out,
        lambda frames: made.frames(frames, source),
        channels,
        lambda space: given.at_once(space, made.model.scale),
        progress,
    )
    return Done(written=[out])
