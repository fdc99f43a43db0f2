"""Vocoders on held-out sound, beside Griffin and Lim's algorithm as librosa has it.

    python benchmarks/vocoder.py RUN ... --data speech:june notes drums --count 40
    python benchmarks/vocoder.py --speed

Of each sound its mel spectrogram is made, and of that the sound again. Tables: distance of log10
mels (lower is better), multi-resolution STFT distance (lower), STOI and wide-band PESQ (higher;
speech only). "shipped" is the vocoder in the package. It takes librosa, pystoi and pesq.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor

import sparring
from sparring.core.spectra import HOP, log_mel, to_unit
from sparring.core.types import Condition
from sparring.domains.mel import voice
from sparring.domains.sound import baselines, fidelity

RATE = 16_000
ITERATIONS = 60
Make = Callable[[Tensor], Tensor]
"""Sounds (N, 1, L) made again of their own mels."""


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--data", nargs="+", default=["speech:june", "notes", "drums"])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    shipped = {"shipped": voice.vocoder()} if voice.WEIGHTS.exists() else {}
    if given.speed:
        return speed(shipped["shipped"])
    runs = {str(run): sparring.Model.load(run).networks["generator"] for run in given.runs}
    makers = {f"Griffin-Lim, {ITERATIONS} iterations (librosa)": librosa_griffin_lim}
    makers |= {f"Griffin-Lim, {ITERATIONS} iterations (sparring)": griffin_lim}
    makers |= {name: partial(vocoded, net) for name, net in (shipped | runs).items()}
    for data in given.data:
        table(data, held_out(data, given.count), makers)


def held_out(data: str, count: int) -> Tensor:
    """The first held-out sounds (N, 1, 16384) of a pack, spread over it."""
    store = sparring.load_data(data).held_out
    indices = torch.arange(min(count, len(store))) * len(store) // min(count, len(store))
    return store.take(indices)["sample"].float() / 32768


def table(data: str, sounds: Tensor, makers: dict[str, Make]) -> None:
    """A row for each maker."""
    print(f"\n{data}, {len(sounds)} held-out sounds\n\n| made by | mel | stft | stoi | pesq |")
    print("|---|---|---|---|---|")
    speech = data.startswith("speech")
    for name, make in makers.items():
        made = make(sounds)
        found = [fidelity.mel(made, sounds, RATE), fidelity.stft(made, sounds)]
        if speech:
            found += [fidelity.stoi(made, sounds, RATE), fidelity.pesq(made, sounds, RATE)]
        cells = [f"{value[~value.isnan()].mean():.3f}" for value in found]
        print(f"| {name} | {' | '.join(cells + ['-'] * (4 - len(cells)))} |", flush=True)


@torch.inference_mode()
def vocoded(network: torch.nn.Module, sounds: Tensor) -> Tensor:
    """By a vocoder."""
    mels = to_unit(log_mel(sounds[:, 0], RATE))
    made = [network(m.new_zeros(len(m), 0), Condition(map=m)) for m in mels.split(8)]
    return torch.cat(made)


def librosa_griffin_lim(sounds: Tensor) -> Tensor:
    """By librosa alone: its mels, its least squares, its fast Griffin-Lim."""
    settings = {"sr": RATE, "n_fft": 1024, "hop_length": HOP, "power": 1.0}
    made = []
    for wave in sounds[:, 0].numpy():
        mels = librosa.feature.melspectrogram(y=wave, n_mels=80, **settings)
        length = len(wave)
        back = librosa.feature.inverse.mel_to_audio(
            mels, n_iter=ITERATIONS, length=length, **settings
        )
        made.append(back)
    return torch.from_numpy(np.stack(made))[:, None].float().clamp(-1, 1)


def griffin_lim(sounds: Tensor) -> Tensor:
    """By the package's own, of the mels that a vocoder is given."""
    return baselines.griffin_lim(RATE)(to_unit(log_mel(sounds[:, 0], RATE)), (1, sounds.shape[2]))


def speed(network: torch.nn.Module, seconds: float = 10.0) -> None:
    """Seconds of sound made in a second, with one thread and with two.

    Where other work shares the cores the clock says little; a second of processor time is one of
    an idle core, and says what one thread can do.
    """
    torch.manual_seed(0)
    sound = 0.1 * torch.randn(1, 1, HOP * int(seconds * RATE / HOP))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        by_clock, by_processor = [], []
        for _ in range(6):
            start = time.perf_counter(), time.process_time()
            vocoded(network, sound)
            by_clock.append(time.perf_counter() - start[0])
            by_processor.append(time.process_time() - start[1])
        print(
            f"{threads} threads: {seconds / min(by_clock):.1f} seconds of sound a second, "
            f"{seconds / min(by_processor):.1f} a second of processor time"
        )


if __name__ == "__main__":
    main()
