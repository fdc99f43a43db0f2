"""Data handed over in Python: arrays, tensors, lists of items, data sets of other libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError
from sparring.data import arrays, files, hub
from sparring.data.content import Content
from sparring.data.faults import one_sentence
from sparring.data.kinds import Reading

if TYPE_CHECKING:
    import numpy as np

MARK = "python:"
"""The address of such data begins so; they cannot be had again by it."""
WAYS = (
    "give an address, an array or a tensor (N, …), a list of pictures, arrays or (item, label) "
    "pairs, a dictionary of arrays, a torch Dataset, or a datasets.Dataset"
)


def is_address(data: Any) -> bool:
    """Whether it says where data are, instead of being them."""
    return isinstance(data, str | os.PathLike)


def is_stream(data: Any) -> bool:
    """Whether it is a data set of Hugging Face's that can only be read in order."""
    return _is(data, "datasets", "IterableDataset") or _is(data, "datasets", "IterableDatasetDict")


def address_of(data: Any) -> str:
    """What a run remembers instead of an address."""
    return f"{MARK}{type(data).__name__}"


def lost(address: str) -> InputError:
    """Say that data which were handed over are gone."""
    return InputError(
        f"the data were handed over in Python ({address.removeprefix(MARK)}) and cannot be read "
        "again; hand them over as data=…, as in sparring.resume(run, data=…)."
    )


def read(data: Any, reading: Reading) -> Content:
    """The items of data in memory.

    Raises:
        InputError: data that are none of `WAYS`, or such as files of them would be refused for.
    """
    where = f"the {type(data).__name__} that was given"
    with one_sentence(where, "data"):
        if _is(data, "datasets", "Dataset") or _is(data, "datasets", "DatasetDict"):
            return hub.read(data, reading)
        if isinstance(data, Mapping):
            members = {str(name): _array(values) for name, values in data.items()}
            return files.of_members(members, where, reading)
        if _is_array(data):
            return arrays.content(_array(data), where, reading)
        if isinstance(data, Sequence) or _is(data, "torch.utils.data", "Dataset"):
            return _of_items(_listed(data, where), where, reading)
    raise InputError(f"{where} is no data; {WAYS}.")


def _is(data: Any, module: str, name: str) -> bool:
    """Whether it is of this class of a package that is in use: none is imported for it."""
    found = getattr(sys.modules.get(module), name, None)
    return found is not None and isinstance(data, found)


def _is_array(data: Any) -> bool:
    return _is(data, "numpy", "ndarray") or _is(data, "torch", "Tensor")


def _array(values: Any) -> np.ndarray:
    import numpy as np

    if not _is(values, "torch", "Tensor"):
        return np.asarray(values)
    values = values.detach().cpu()
    return np.asarray(values.float() if str(values.dtype) == "torch.bfloat16" else values)


def _listed(data: Any, where: str) -> list[Any]:
    if isinstance(data, Iterable) and _is(data, "torch.utils.data", "IterableDataset"):
        raise InputError(f"{where} has no length; make a list of its items.")
    items = [data[index] for index in range(len(data))]
    if not items:
        raise InputError(f"{where} is empty.")
    return items


def _of_items(items: list[Any], where: str, reading: Reading) -> Content:
    parts = [_parts(item) for item in items]
    samples, labels = [sample for sample, _ in parts], [label for _, label in parts]
    label = None if None in labels else _array([_plain(label) for label in labels])
    known = [kind.objects for kind in reading.kinds if kind.objects is not None]
    taker = next((objects for objects in known if objects.claims(samples[0])), None)
    if taker is None:
        return _of_arrays([_array(sample) for sample in samples], where, reading, label)
    return _labelled(taker.read(samples, where, reading), label, where)


def _of_arrays(
    found: list[np.ndarray], where: str, reading: Reading, label: np.ndarray | None
) -> Content:
    """Content of arrays of one shape, or of several where the kind that was stated takes them."""
    takers = [kind.arrays.ragged for kind in reading.kinds if kind.arrays is not None]
    if len(reading.kinds) == len(takers) == 1 and takers[0] is not None:
        return _labelled(takers[0](found, where, reading), label, where)
    return arrays.content(_stacked(found, where), where, reading, label=label)


def _labelled(found: Content, label: np.ndarray | None, where: str) -> Content:
    if label is None:
        return found
    label, classes = arrays.classes_of(label, (), where)
    return found.replace(label=found.of_each(label), classes=classes)


def _parts(item: Any) -> tuple[Any, Any]:
    """Sample and label, which may be None, of an item: (sample, label), a dictionary, a sample."""
    if isinstance(item, Mapping):
        sample = next((item[name] for name in files.SAMPLES if name in item), None)
        return sample, next((item[name] for name in files.LABELS if name in item), None)
    if isinstance(item, tuple):
        return item[0], item[1] if len(item) > 1 else None
    return item, None


def _plain(label: Any) -> Any:
    return label.item() if _is_array(label) else label


def _stacked(found: Sequence[np.ndarray], where: str) -> np.ndarray:
    import numpy as np

    shapes = list(dict.fromkeys(values.shape for values in found))
    if len(shapes) > 1:
        raise InputError(
            f"{where} has items of several shapes, such as {shapes[0]} and {shapes[1]}; they must "
            "be alike."
        )
    return np.stack(found)
