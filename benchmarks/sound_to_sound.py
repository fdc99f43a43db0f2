"""Restoration, gaps and timbre: models beside what can be done without learning, on held-out sound.

    python benchmarks/sound_to_sound.py restore runs/denoise runs/denoise-l1 --data speech
    python benchmarks/sound_to_sound.py restore runs/declip --data speech --name declip
    python benchmarks/sound_to_sound.py gaps runs/gaps --data speech
    python benchmarks/sound_to_sound.py timbre runs/timbre-notes --data notes:piano-violin
    python benchmarks/sound_to_sound.py voices runs/timbre-voices --data speech:allison-russian

Needs pesq and pystoi (restore), librosa (timbre), resemblyzer and pocketsphinx (voices).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from machine import record
from torch import Tensor

from sparring import Model, load_data
from sparring.core import spectra
from sparring.core.types import Condition
from sparring.domains.sound import fidelity

RATE = 16_000
Make = Callable[[Condition, Tensor], Tensor]
"""(what is given, true waveforms (N, 1, L)) to waveforms."""
GAPS = (20, 50, 100, 200)
"""Milliseconds."""


def held_out(model: Model, address: str, count: int) -> dict[str, Tensor]:
    """Encoded held-out items, evenly spread."""
    data = load_data(address)
    found: dict[str, Tensor] = {}
    for store in (data.held_out_sources, data.held_out):
        if store is not None:
            places = torch.linspace(0, len(store) - 1, min(count, len(store))).long()
            found |= store.take(places)
    return found


def by(model: Model) -> Make:
    def make(given: Condition, true: Tensor) -> Tensor:
        assert given.map is not None
        rows = [slice(k, k + 16) for k in range(0, len(true), 16)]
        latent = torch.zeros(len(true), 0)
        return torch.cat([model.generate(latent[r], given.rows(r)).cpu() for r in rows]).clamp(
            -1, 1
        )

    return make


def without_learning(model: Model, kind: str) -> dict[str, Make]:
    def make(baseline: Any) -> Make:
        return lambda given, true: baseline(given.map, tuple(true.shape[1:]))

    return {n: make(b) for n, b in model.domain.judging("").mending[kind].items()}


def restore(models: Mapping[str, Model], items: dict[str, Tensor]) -> dict[str, Any]:
    first = next(iter(models.values()))
    true = first.domain.encode(items["sample"])
    torch.manual_seed(0)
    given = first.task.prepare({"sample": true}).condition
    known = "clipped" if first.manifest.recipe.task.arguments.get("kind") == "declip" else "damaged"
    rows = {**without_learning(first, known), **{n: by(m) for n, m in models.items()}}
    return {name: speech_scores(make(given, true), true) for name, make in rows.items()}


def speech_scores(made: Tensor, true: Tensor) -> dict[str, float]:
    found = {
        "si_sdr": fidelity.si_sdr(made, true),
        "pesq": fidelity.pesq(made, true, RATE),
        "stoi": fidelity.stoi(made, true, RATE),
        "mel": fidelity.mel(made, true, RATE),
    }
    return {n: float(values.nanmean()) for n, values in found.items()} | {"pieces": len(true)}


def gaps(models: Mapping[str, Model], items: dict[str, Tensor]) -> dict[str, Any]:
    first = next(iter(models.values()))
    true = first.domain.encode(items["sample"])
    rows = {**without_learning(first, "missing"), **{n: by(m) for n, m in models.items()}}
    found: dict[str, Any] = {}
    for long in GAPS:
        mask, start = torch.zeros(len(true), 1, true.shape[-1]), loudest(true, long * RATE // 1000)
        places = torch.arange(true.shape[-1])
        mask[:, 0] = ((places >= start[:, None]) & (places < start[:, None] + long * 16)).float()
        given = first.task.known({"source": true, "mask": mask})
        for name, make in rows.items():
            made = make(given, true)
            assert torch.equal(made[mask == 0], true[mask == 0]), "what is known is kept to the bit"
            near = torch.nn.functional.max_pool1d(mask, spectra.HOP)[:, 0] > 0
            apart = 20 * (spectra.log_mel(made, RATE) - spectra.log_mel(true, RATE)).abs()[:, 0]
            found[f"{name} {long} ms"] = {
                "mel_in_gap": float(apart.mean(1)[near].mean()),
                "si_sdr": float(fidelity.si_sdr(made, true).mean()),
            }
    return found


def loudest(true: Tensor, long: int) -> Tensor:
    """Where the loudest stretch of so many samples begins, of those with sound on both sides."""
    energy = torch.nn.functional.avg_pool1d(true.square(), long, 64)[:, 0]
    inner = energy[:, 32:-32]
    return (inner.argmax(1) + 32) * 64


def timbre(models: Mapping[str, Model], items: dict[str, Tensor]) -> dict[str, Any]:
    first = next(iter(models.values()))
    given, true = (first.domain.encode(items[name]) for name in ("source", "sample"))
    targets: Any = load_data(first.manifest.data["address"]).train
    unlearnt = first.domain.judging("").baselines(
        first.domain, lambda: first.domain.encode(targets.take(torch.arange(300))["sample"])
    )
    rows = {n: b(given, tuple(true.shape[1:])) for n, b in unlearnt.items()}
    rows |= {n: m.translate(given) for n, m in models.items()} | {"true": true}
    pitch = 60 + 12 * items["vector"][:, 0].numpy()
    return {
        name: {
            "mel": float(fidelity.of_spectrograms(made, true).mean()),
            "pitch_kept": pitch_kept(first.domain.decode(made), pitch),
            "notes": len(true),
        }
        for name, made in rows.items()
    }


def pitch_kept(stored: Tensor, pitch: np.ndarray) -> float:
    """Share of sounds whose median fundamental is within half a semitone of the note's."""
    import librosa

    right = []
    for wave, number in zip(stored[:, 0].float().numpy() / 32768, pitch, strict=True):
        f0, voiced, _ = librosa.pyin(wave, fmin=55.0, fmax=2400.0, sr=RATE, resolution=0.25)
        heard = f0[voiced]
        right.append(
            len(heard) > 0 and abs(librosa.hz_to_midi(float(np.median(heard))) - number) <= 0.5
        )
    return float(np.mean(right))


def voices(models: Mapping[str, Model], items: dict[str, Tensor]) -> dict[str, Any]:
    first = next(iter(models.values()))
    domain = first.domain
    stored = {name: items[name] for name in ("source", "sample")}
    given = domain.encode(stored["source"])
    rows = {"source": given, "target": domain.encode(stored["sample"])}
    rows |= {name: model.translate(given) for name, model in models.items()}
    heard = {name: domain.decode(made) for name, made in rows.items()}
    own, other = (embedded(x).mean(0) for x in stored.values())
    said = {name: words(x) for name, x in {"recording": stored["source"], **heard}.items()}
    return {
        name: {
            "to_source": float((embedded(x) @ own / own.norm()).mean()),
            "to_target": float((embedded(x) @ other / other.norm()).mean()),
            "word_error_to_recording": errors(said["recording"], said[name]),
            "pieces": len(x),
        }
        for name, x in heard.items()
    }


def embedded(stored: Tensor) -> Tensor:
    """Speaker embeddings (N, 256) of unit length (Wan et al., 2018)."""
    from resemblyzer import VoiceEncoder

    encoder = VoiceEncoder("cpu", verbose=False)
    return torch.from_numpy(
        np.stack([encoder.embed_utterance(x.float().numpy() / 32768) for x in stored[:, 0]])
    )


def words(stored: Tensor) -> list[list[str]]:
    """What pocketsphinx hears in English."""
    from pocketsphinx import Decoder

    found, decoder = [], Decoder(samprate=float(RATE), loglevel="FATAL")
    for wave in stored[:, 0].numpy():
        decoder.start_utt()
        decoder.process_raw(wave.tobytes(), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        found.append(heard.hypstr.split() if heard else [])
    return found


def errors(true: list[list[str]], made: list[list[str]]) -> float:
    """Words to change, add or leave out, of all that are true."""
    total = sum(map(len, true))
    return sum(distance(a, b) for a, b in zip(true, made, strict=True)) / max(total, 1)


def distance(true: list[str], made: list[str]) -> int:
    """Levenshtein's."""
    row = list(range(len(made) + 1))
    for i, word in enumerate(true, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(made, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("restore", "gaps", "timbre", "voices"))
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--name", help="what the file of results is called after; the verb")
    given = parser.parse_args()
    torch.set_num_threads(1)
    models = {run: Model.load(run) for run in given.runs}
    items = held_out(next(iter(models.values())), given.data, given.count)
    found = globals()[given.what](models, items)
    for name, scores in found.items():
        print(name, {k: round(v, 4) for k, v in scores.items()}, flush=True)
    record(f"sound_to_sound_{given.name or given.what}", found)


if __name__ == "__main__":
    main()
