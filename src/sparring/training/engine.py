"""Engine: devices, precision and processes. The only import of Accelerate."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from torch import Tensor, nn

from sparring.core.device import several
from sparring.core.errors import InputError

PRECISIONS = {"bf16": "bf16", "fp32": "no"}
PATIENCE = 300.0
"""Seconds that processes wait for each other, where $SPARRING_TIMEOUT does not say."""


class Engine:
    """Where and how networks run: one device a process, any number of processes."""

    def __init__(
        self, precision: str = "auto", track: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        # Accelerate keeps one precision a process for ever, unless told to forget it.
        AcceleratorState._reset_state()
        if several() and not torch.distributed.is_initialized():
            # First read after the group has begun, as optimisers do, it would hold the group for
            # ever, whose threads then outlive the interpreter and abort the process.
            importlib.import_module("torch._dynamo")
            atexit.register(_part)
        self.precision = resolve_precision(precision)
        # Buffers are never broadcast: two passes of batch normalisation may precede a backward.
        handlers = [
            DistributedDataParallelKwargs(broadcast_buffers=False),
            InitProcessGroupKwargs(timeout=timedelta(seconds=patience())),
        ]
        # Without this hint Accelerate overlooks torchrun's processes where there is no GPU.
        on_cpu = not (torch.cuda.is_available() or torch.backends.mps.is_available())
        self._accelerator = Accelerator(
            cpu=on_cpu,
            mixed_precision=PRECISIONS[self.precision],
            kwargs_handlers=handlers,
            log_with=list(track) or None,
            project_dir=folder,
        )
        self._tracked = bool(track)
        # Weights with channels innermost are averaged all the same, by one more copy.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket")

    @property
    def device(self) -> torch.device:
        """This process's device."""
        return self._accelerator.device

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return self._accelerator.process_index

    @property
    def world(self) -> int:
        """Number of processes."""
        return self._accelerator.num_processes

    @property
    def beside(self) -> int:
        """Number of processes on this machine."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.world))

    @property
    def first_beside(self) -> int:
        """Number of the first process on this machine."""
        return self.rank - self._accelerator.local_process_index

    @property
    def main(self) -> bool:
        """Whether this process writes the files."""
        return self._accelerator.is_main_process

    @property
    def last(self) -> bool:
        """Whether this process draws the previews, while the first one writes."""
        return self.rank == self.world - 1

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network on its device, in the run's precision, its gradients averaged."""
        with warnings.catch_warnings():
            # Torch renamed the flag in Accelerate's call; older ones know only the old name.
            warnings.filterwarnings("ignore", message=".*broadcast_buffers", category=FutureWarning)
            wrapped: nn.Module = self._accelerator.prepare_model(network)
        return wrapped

    def backward(self, loss: Tensor) -> None:
        """Add the loss's gradients to the parameters'.

        A loss that is not finite makes all gradients NaN, and averaging them makes them so in
        every process: each sees by itself what has befallen any.
        """
        self._accelerator.backward(loss, gradient=one_or_nan(loss))

    def reseed(self, seed: int) -> None:
        """Seed the random numbers of the CPU and of this process's device."""
        # torch.manual_seed would format a stack trace for every kind of device that is absent.
        torch.default_generator.manual_seed(seed)
        if self.device.type != "cpu":
            torch.get_device_module(self.device).manual_seed(seed)

    def mean(self, value: Tensor) -> Tensor:
        """A tensor averaged over all processes."""
        if self.world == 1:
            return value
        return self._accelerator.reduce(value, reduction="mean")

    def most(self, *values: float) -> tuple[float, ...]:
        """The largest of each number in any process: a clock, whether a flag is up."""
        if self.world == 1:
            return values
        largest = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(largest, torch.distributed.ReduceOp.MAX)
        return tuple(largest.tolist())

    def told(self, value: float) -> float:
        """The first process's number, so that all decide alike."""
        if self.world == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(told, 0)
        return float(told)

    def words(self, mine: str) -> list[str]:
        """What each process says, in their order."""
        if self.world == 1:
            return [mine]
        said = torch.tensor([*mine.encode()], dtype=torch.uint8)
        lengths = self.gather(torch.tensor([len(said)])).tolist()
        # One byte more than is said, as nothing cannot be gathered.
        rows = self.gather(nn.functional.pad(said, (0, 1 + max(lengths) - len(said)))[None])
        pairs = zip(rows.numpy(), lengths, strict=True)
        return [row[:length].tobytes().decode() for row, length in pairs]

    def gather(self, rows: Tensor) -> Tensor:
        """The rows (N, ...) of all processes, N the same in each, in the processes' order."""
        if self.world == 1:
            return rows
        mine = rows.contiguous().to(self.device)
        pieces = [torch.empty_like(mine) for _ in range(self.world)]
        torch.distributed.all_gather(pieces, mine)
        return torch.cat(pieces).to(rows.device)

    def share_buffers(self, networks: Iterable[nn.Module]) -> None:
        """The first process's running statistics to all: each has its own of what it saw."""
        if self.world > 1:
            for buffer in (buffer for network in networks for buffer in network.buffers()):
                torch.distributed.broadcast(buffer, 0)

    @contextmanager
    def together(self, run: Path | None = None) -> Iterator[None]:
        """Work that ends with one sentence where another process is dead or does not answer.

        Raises:
            InputError: it is.
        """
        try:
            yield
        except RuntimeError as error:
            if self.world == 1 or not _is_loss(error):
                raise
            atexit.register(_leave)
            again = "start again."
            if run is not None:
                again = f"go on from the last checkpoint: sparring resume {run}"
            raise InputError(
                f"process {self.rank} of {self.world} has lost another one, which died or did not "
                f"answer for {patience():g} s ($SPARRING_TIMEOUT); see what that one said, then "
                f"{again}"
            ) from error

    def wait(self) -> None:
        """Until every process is here."""
        self._accelerator.wait_for_everyone()

    def start_tracking(self, name: str, settings: Mapping[str, object]) -> None:
        """Open the trackers that the run was asked to feed."""
        if self._tracked:
            self._accelerator.init_trackers(name, dict(settings))

    def track(self, values: Mapping[str, float], step: int) -> None:
        """Feed the trackers."""
        if self._tracked:
            self._accelerator.log(dict(values), step=step)

    def close(self) -> None:
        """End the trackers.

        The group of processes stays until they end: another one at the same address, for the next
        verb of the same script, could meet what is left of the first.
        """
        for tracker in self._accelerator.trackers if self._tracked else ():
            tracker.finish()


def one_or_nan(loss: Tensor) -> Tensor:
    """What gradients are multiplied by, so that they tell of a loss that is not finite."""
    return torch.where(torch.isfinite(loss.detach()), 1.0, float("nan")).to(loss.dtype)


def patience() -> float:
    """Seconds that processes wait for each other.

    Raises:
        InputError: $SPARRING_TIMEOUT is no number of seconds above 0.
    """
    said = os.environ.get("SPARRING_TIMEOUT", str(PATIENCE))
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < 1e7:
        raise InputError(f"SPARRING_TIMEOUT must be seconds above 0, not {said!r}.")
    return seconds


def _is_loss(error: RuntimeError) -> bool:
    """Whether a collective failed; gloo raises no kind of error of its own."""
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)


def resolve_precision(precision: str) -> str:
    """Turn "auto" into "bf16" where the hardware multiplies it faster than fp32, else into "fp32".

    Raises:
        InputError: no such precision.
    """
    if precision == "auto":
        return "bf16" if _fast_bf16() else "fp32"
    if precision not in PRECISIONS:
        raise InputError(f"precision must be auto, bf16 or fp32, not {precision!r}.")
    return precision


def _fast_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    if torch.backends.mps.is_available():
        return False
    return torch.cpu._is_amx_tile_supported()


def _part() -> None:
    """Leave the group of processes, if it is still there."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _leave() -> None:
    """End at once with what was said: threads of a broken group may abort a tidy end.

    Called first of all that happens at the interpreter's end.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(1)
