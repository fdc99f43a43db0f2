"""Engine: devices, precision and processes. The only import of Accelerate."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn

from sparring.core.errors import InputError

PRECISIONS = {"bf16": "bf16", "fp32": "no"}


class Engine:
    """Where and how networks run: one device a process, any number of processes."""

    def __init__(
        self, precision: str = "auto", track: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        # Accelerate keeps one precision a process for ever, unless told to forget it.
        AcceleratorState._reset_state()
        self.precision = resolve_precision(precision)
        # Buffers are never broadcast: two passes of batch normalisation may precede a backward.
        handlers = [DistributedDataParallelKwargs(broadcast_buffers=False)]
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
    def main(self) -> bool:
        """Whether this process writes the files."""
        return self._accelerator.is_main_process

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network on its device, in the run's precision, its gradients averaged."""
        with warnings.catch_warnings():
            # Torch renamed the flag in Accelerate's call; older ones know only the old name.
            warnings.filterwarnings("ignore", message=".*broadcast_buffers", category=FutureWarning)
            wrapped: nn.Module = self._accelerator.prepare_model(network)
        return wrapped

    def backward(self, loss: Tensor) -> None:
        """Add the loss's gradients to the parameters'."""
        self._accelerator.backward(loss)

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

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        if self.world == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def told(self, value: float) -> float:
        """The first process's number, in every process."""
        if self.world == 1:
            return value
        mine = torch.tensor(value if self.main else 0.0, device=self.device)
        return float(self._accelerator.reduce(mine, reduction="sum"))

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
        """End the trackers and leave the process group."""
        if self._tracked or self.world > 1:
            self._accelerator.end_training()


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
