"""Reading data in several processes: one of each machine reads, the others take what it read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sparring.data import Dataset, cache, given
from sparring.data.handing import hand_over, taken_over
from sparring.training.engine import Engine
from sparring.training.joint import told


def read_once(engine: Engine, read: Callable[[], Dataset], *, apart: bool = False) -> Dataset:
    """The data set that `read` gives in the first process of each machine, in all of them.

    Their arrays are memory-mapped from one file, so they fill the machine's memory once. `apart`
    each process reads for itself.

    Raises:
        InputError: what `read` raised, in each process.
    """
    if engine.world == 1 or apart:
        return read()
    with engine.together(), ExitStack() as until_taken:

        def prepare() -> str:
            dataset, place = read(), cache.folder("handed")
            own = until_taken.enter_context(tempfile.TemporaryDirectory(dir=place))
            hand_over(dataset, Path(own))
            return own

        dataset = taken_over(Path(told(engine, prepare, engine.first_beside)))
        engine.wait()
    return dataset


def apart(data: Any, streaming: bool) -> bool:
    """Whether data are of no use to other processes: read already, or streamed."""
    return isinstance(data, Dataset) or streaming or given.is_stream(data)
