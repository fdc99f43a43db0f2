"""Export a model as ONNX, and run it there at once beside PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError, unknown
from sparring.core.extras import check_installed
from sparring.core.storage import write_file, write_json

if TYPE_CHECKING:
    from sparring.artifact.model import Model
    from sparring.exporting.checking import Difference
    from sparring.exporting.graph import Graph

FORMATS = ("onnx",)
PACKAGES = ("onnx", "onnxruntime")


@dataclass(frozen=True)
class Exported:
    """An ONNX file and what was found when it was run."""

    path: Path
    facts: dict[str, Any]
    """What is also in the file's metadata, and beside it as JSON."""
    differences: tuple[Difference, ...]
    """From PyTorch, at three sizes."""

    @property
    def summary(self) -> str:
        """What the file takes and holds, in words."""
        free = self.facts["batch"] == "any"
        least, fixed = self.facts["least"], " x ".join(map(str, self.facts["least"]))
        extent = f" of {fixed}" if least and not free else ""
        large = f" of at least {fixed}" if least and free else ""
        size = f"{self.path.stat().st_size / 1e6:.1f} MB"
        batch = "any batch" if free else "a batch of 1"
        why = "" if free else f" (at other sizes {self.facts['fixed']})"
        return f"{size} of weights in {self.facts['weights']}, for {batch}{extent}{large}{why},"


def export(
    model: Model | str | Path,
    out: str | Path = "model.onnx",
    *,
    format: str = "onnx",
    fp16: bool = False,
    reverse: bool = False,
    overwrite: bool = False,
    trusted: Iterable[str] = (),
) -> Exported:
    """Write a model, or that of a run, as one ONNX file with a JSON file of facts beside it.

    Pictures go in and out as uint8, sound as float32 in [-1, 1]; what comes before and after the
    networks is in the file. It is written only if onnxruntime makes of it what PyTorch makes.

    Args:
        model: What to export.
        out: The file.
        format: "onnx".
        fp16: Store weights in float16: half the size, computed in float32 all the same.
        reverse: From the model's own domain to its source, where it knows both ways.
        overwrite: Replace a file that is there.
        trusted: Packages that the run's recipe may call.

    Raises:
        InputError: what the model does cannot be exported, a place that cannot be written, or
            packages that are not installed.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    out = Path(out)
    check_place(out, overwrite)
    check_installed("export", "onnx", *PACKAGES)
    content, facts, found = checked(loaded(model, trusted), fp16, reverse)
    write_file(out, content)
    write_json(out.with_suffix(".json"), facts)
    return Exported(out, facts, tuple(found))


def loaded(model: Model | str | Path, trusted: Iterable[str]) -> Model:
    """The model on the CPU."""
    from sparring.artifact.model import Model

    return model if isinstance(model, Model) else Model.load(model, trusted=trusted)


def checked(
    model: Model, half: bool, reverse: bool
) -> tuple[bytes, dict[str, Any], list[Difference]]:
    """The file's content and facts, proven in onnxruntime; of any extent if that can be.

    Raises:
        InputError: it cannot be exported.
    """
    from sparring.exporting.graph import Graph

    graph = Graph(model, reverse)
    try:
        return _proven(graph, half)
    except InputError as free:
        try:
            return _proven(graph, half, fixed=str(free).rstrip("."))
        except InputError as error:
            raise InputError(
                f"this {model.manifest.recipe.name!r} model cannot be exported: {free}"
            ) from error


def _proven(
    graph: Graph, half: bool, fixed: str = ""
) -> tuple[bytes, dict[str, Any], list[Difference]]:
    """The file that is traced at its own size alone where it is said why (`fixed`)."""
    from sparring.exporting import checking, tracing

    content = tracing.traced(graph, bool(fixed))
    content = tracing.halved(content) if half else content
    found = checking.compared(graph, content, half, bool(fixed))
    facts = {**facts_of(graph, half, fixed, found), "reads": checking.reads(content)}
    return tracing.told(content, facts), facts, found


def facts_of(graph: Graph, half: bool, fixed: str, found: list[Difference]) -> dict[str, Any]:
    """What whoever runs the file has to know."""
    from sparring import __version__
    from sparring.exporting.checking import to_json
    from sparring.exporting.graph import describe

    return {
        **describe(graph),
        "sparring": __version__,
        "weights": "float16" if half else "float32",
        "batch": 1 if fixed else "any",
        "fixed": fixed,
        "space": list(graph.space) if fixed else "any",
        "least": list(graph.space if fixed else found[-1].space),
        "differences": to_json(found),
    }


def check_place(out: Path, overwrite: bool) -> None:
    """Nothing is there that must stay, nor a folder in the way.

    Raises:
        InputError: something is.
    """
    if out.is_dir():
        raise InputError(f"{out} is a folder; give --out a file, such as {out / 'model.onnx'}.")
    if out.suffix.lower() != ".onnx":
        raise InputError(f"{out} must end in .onnx.")
    for place in (out, out.with_suffix(".json")):
        if place.exists() and not overwrite:
            raise InputError(f"{place} is there already; give --overwrite, or another --out.")
