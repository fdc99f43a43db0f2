"""What onnxruntime makes beside what PyTorch makes, of the same values."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.exporting.graph import Graph, expected

if TYPE_CHECKING:
    import onnxruntime

LEVELS = {False: 1.0, True: 16.0}
"""Levels of 255 by which a pixel may differ; with weights in float16 as well."""
MEAN_LEVELS = {False: 0.02, True: 1.0}
"""The same for the mean over all pixels."""
SHARE = {False: 0.001, True: 0.01}
"""Share of a layout's pixels that may be of another class."""
NUMBERS = {False: 5e-2, True: 1e-1}
MEAN_NUMBERS = {False: 1e-3, True: 1e-2}
"""How far other numbers may differ at most and in the mean, in shares of the largest one, or of 1
if that is more. Phases that settle for many rounds, as a vocoder's do, magnify rounding."""


@dataclass(frozen=True)
class Difference:
    """Between onnxruntime and PyTorch, of one batch."""

    batch: int
    space: tuple[int, ...]
    """The source's extent; () where samples come from latents alone."""
    most: float
    """The largest one: in levels of 255 for pictures, of classes' numbers for layouts."""
    mean: float
    share: float
    """Of the values, those that are not the same to the bit."""
    largest: float
    """The largest magnitude that PyTorch made."""

    def __str__(self) -> str:
        extent = f" of {' x '.join(map(str, self.space))}" if self.space else ""
        found = f"differ by at most {self.most:.3g}, {self.mean:.2g} in the mean"
        return f"{self.batch}{extent}: {found}, {self.share:.2%} of them at all"


def session(content: bytes) -> onnxruntime.InferenceSession:
    """The model in onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # What it cannot do, it raises; what it thinks is not for users.
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def reads(content: bytes) -> list[str]:
    """Inputs that the graph has kept, because it reads them."""
    return [each.name for each in session(content).get_inputs()]


def run(running: onnxruntime.InferenceSession, given: dict[str, Tensor]) -> Tensor:
    """What it makes of an example; inputs that it does not read are left out."""
    read = {each.name for each in running.get_inputs()}
    values = {name: value.numpy() for name, value in given.items() if name in read}
    return torch.from_numpy(running.run(None, values)[0])


def difference(
    graph: Graph, running: onnxruntime.InferenceSession, batch: int, space: tuple[int, ...]
) -> Difference:
    """Run both on one example, each in its own way.

    Raises:
        InputError: onnxruntime fails, or makes something of another shape.
    """
    given = graph.example(batch, space, seed=batch)
    want = expected(graph, given)
    try:
        got = run(running, given)
    except Exception as error:  # onnxruntime's own, which share no base
        raise InputError(f"onnxruntime fails: {str(error).splitlines()[0]}") from error
    if got.shape != want.shape or got.dtype != want.dtype:
        shapes = f"{tuple(got.shape)} in place of {tuple(want.shape)}"
        raise InputError(f"onnxruntime makes {shapes}.")
    apart, size = (got.double() - want.double()).abs(), want.double().abs().max()
    changed = (apart > 0).double().mean()
    return Difference(batch, space, *map(float, (apart.max(), apart.mean(), changed, size)))


def is_near(graph: Graph, found: Difference, half: bool) -> bool:
    """Whether the difference is within what rounding may make."""
    stored = graph.leaving.decode(torch.zeros(1, *graph.leaving.shape))
    if stored.dtype != torch.uint8:
        scale = max(found.largest, 1.0)
        return found.most <= NUMBERS[half] * scale and found.mean <= MEAN_NUMBERS[half] * scale
    if stored.shape[1] != graph.leaving.shape[0]:  # numbers of classes: none is near another
        return found.share <= SHARE[half]
    return found.most <= LEVELS[half] and found.mean <= MEAN_LEVELS[half]


def compared(graph: Graph, content: bytes, half: bool, fixed: bool) -> list[Difference]:
    """Both at three sizes and in batches of 1 to 3; of what is fixed, the one that there is.

    Raises:
        InputError: they differ by more than rounding.
    """
    running, found = session(content), []
    space = graph.space
    odd = tuple(extent + extent // 4 + i for i, extent in enumerate(space, start=1))
    if fixed:
        sizes = [(1, space)]
    else:
        sizes = [(1, space), (2, odd), (3, smallest(graph, running, half) if space else space)]
    for batch, extent in sizes:
        each = difference(graph, running, batch, extent)
        if not is_near(graph, each, half):
            raise InputError(f"onnxruntime and PyTorch differ by more than rounding: {each}.")
        found.append(each)
    return found


def smallest(graph: Graph, running: onnxruntime.InferenceSession, half: bool) -> tuple[int, ...]:
    """The smallest square of a power of two from which on both agree, tried downwards."""
    best = graph.space
    for side in itertools.takewhile(lambda side: side >= graph.least, _halves(min(best))):
        extent = (side,) * len(best)
        try:
            if not is_near(graph, difference(graph, running, 1, extent), half):
                return best
        except InputError:
            return best
        best = extent
    return best


def _halves(side: int) -> itertools.accumulate[int]:
    power = 1 << (side.bit_length() - 1)
    return itertools.accumulate(itertools.repeat(power), lambda last, _: last // 2)


def to_json(found: list[Difference]) -> list[dict[str, Any]]:
    """In JSON's own types."""
    return [{**asdict(each), "space": list(each.space)} for each in found]
