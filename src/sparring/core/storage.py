"""Storage: files and folders that are written whole or not at all, and never unpickled."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


SHARD = 4 << 30
"""Bytes of tensors in one file, at most."""


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A fresh folder to fill, which takes the target's place once all of it is on disk.

    Whatever goes wrong, the former target stays as it was.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    draft = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        draft.mkdir(parents=True)
        yield draft
        _flush(draft)
        _swap_in(draft, target)
    except OSError as error:
        raise _write_error(target, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A file to write, of the target's suffix, which takes its place once all of it is on disk.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    # Not the target's name and more, which could be too long where the target's own is not.
    draft = target.with_name(f".{uuid.uuid4().hex[:8]}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        _flush(draft)
        draft.replace(target)
    except OSError as error:
        raise _write_error(target, error) from error
    finally:
        with contextlib.suppress(OSError):  # nothing to clear away must not hide what went wrong
            draft.unlink()


def write_file(target: Path, content: bytes | str) -> None:
    """Write a file whole or not at all.

    Raises:
        InputError: the disk is full, or the place cannot be written.
    """
    with whole_file(target) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(target: Path, data: Mapping[str, Any]) -> None:
    """Write readable JSON, whole or not at all."""
    write_file(target, json.dumps(data, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing, unreadable or damaged.
    """
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: it is not valid JSON ({error}).") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} is damaged: it holds no JSON object.")
    return data


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors; more than SHARD bytes as several files and their index."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    shards = _shards(tensors)
    names = [
        f"{path.stem}-{n + 1:05d}-of-{len(shards):05d}.safetensors" for n in range(len(shards))
    ]
    names = names if len(shards) > 1 else [path.name]
    for name, shard in zip(names, shards, strict=True):
        kept = {key: value.contiguous().cpu() for key, value in shard.items()}
        try:
            save_file(kept, path.with_name(name))
        except SafetensorError as error:  # the disk is full
            raise OSError(str(error)) from error
    if len(shards) > 1:
        places = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        write_json(_index(path), {"weight_map": places})


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, or all that its index names; nothing in it can run.

    Raises:
        InputError: a file is missing, truncated or tampered with.
    """
    if path.exists() or not _index(path).exists():
        return _read(path)
    places = read_json(_index(path)).get("weight_map")
    files = set(places.values()) if isinstance(places, dict) else {""}
    if not all(isinstance(name, str) and name and Path(name).name == name for name in files):
        raise InputError(f"{_index(path)} is damaged: it names no files beside it.")
    found: dict[str, Tensor] = {}
    for name in sorted(files):
        found |= _read(path.with_name(name))
    return found


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}.index.json")


def _shards(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """The tensors in their order, in as few groups of at most SHARD bytes as that order allows."""
    shards: list[dict[str, Tensor]] = [{}]
    room = SHARD
    for name, value in tensors.items():
        if value.nbytes > room and shards[-1]:
            shards.append({})
            room = SHARD
        shards[-1][name] = value
        room -= value.nbytes
    return shards


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load

    try:
        return load(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error
    except MemoryError:
        raise
    except Exception as error:  # a header may claim anything, and each claim fails in its own way
        raise InputError(
            f"{path} is damaged ({error}); take it from a backup or another checkpoint."
        ) from error


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with float16 in place of float32.

    Raises:
        InputError: one holds what float16 cannot.
    """
    import torch

    kept = {k: v.half() if v.dtype == torch.float32 else v for k, v in tensors.items()}
    for name, value in kept.items():
        if value.dtype == torch.float16 and not value.isfinite().all():
            raise InputError(f"the tensor {name!r} is too large for float16; save it whole.")
    return kept


def widened(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was found, with float16 as float32 wherever that is wanted."""
    import torch

    def fits(name: str, value: Tensor) -> bool:
        same = name in wanted and wanted[name].shape == value.shape
        return same and (value.dtype, wanted[name].dtype) == (torch.float16, torch.float32)

    return {name: value.float() if fits(name, value) else value for name, value in found.items()}


def check_alike(where: str, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Tensors have exactly the wanted names, shapes and types.

    Raises:
        InputError: the first that does not; `where` begins the sentence.
    """
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            raise InputError(f"{where}: the tensor {name!r} is missing.")
        if name not in wanted:
            raise InputError(f"{where}: nothing here has a tensor {name[:200]!r}.")
        got, want = found[name], wanted[name]
        if got.shape != want.shape:
            shapes = f"{tuple(got.shape)}, not {tuple(want.shape)}"
            raise InputError(f"{where}: the tensor {name!r} has shape {shapes}.")
        if got.dtype != want.dtype:
            raise InputError(f"{where}: {name!r} holds {got.dtype}, not {want.dtype}.")


def writable_folder(path: Path) -> None:
    """Make the folder if need be, and prove that a file can be written in it.

    Raises:
        InputError: it cannot.
    """
    probe = path / f".probe-{uuid.uuid4().hex[:8]}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _write_error(path, error) from error


def _swap_in(draft: Path, target: Path) -> None:
    former = target.with_name(f".{target.name}-former")
    shutil.rmtree(former, ignore_errors=True)
    if target.exists():
        target.rename(former)
    try:
        draft.rename(target)
    except OSError:
        if former.exists():
            former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _flush(path: Path) -> None:
    """Force a file, or a folder and all in it, out to the disk."""
    for item in [*path.rglob("*"), path] if path.is_dir() else [path]:
        descriptor = os.open(item, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_error(target: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot write {target}: {error.strerror or error}; "
        "free some space or choose another place. What was there before is intact."
    )
