"""Sounds in folders A and B: pairs, sources and samples, labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sparring.core.errors import InputError
from sparring.data import load
from tones import pitch

soundfile = pytest.importorskip("soundfile")
Sound = Callable[..., Path]


def test_folders_a_and_b_are_sources_and_samples(sound: Sound, tmp_path: Path) -> None:
    for number in range(5):
        sound(f"A/{number}.wav", 300 + 10 * number, seconds=3.1)
        sound(f"B/{number}.wav", 900 + 10 * number, seconds=2.1)
    pairs = load(tmp_path / "sounds", held_out=0.4)
    assert pairs.sources is None and pairs.count == 6 and len(pairs.held_out) == 4
    for store in (pairs.train, pairs.held_out):
        for made, given in zip(store.fields["sample"], store.fields["source"], strict=True):
            distance = pitch(made[0].numpy(), 16_000) - pitch(given[0].numpy(), 16_000)
            assert abs(distance - 600) < 3
    back = load(tmp_path / "sounds", held_out=0, pairs="reverse").train.fields["sample"]
    assert pitch(back[0, 0].numpy(), 16_000) < 400
    loose = load(tmp_path / "sounds", held_out=0.4, pairs="unpaired")
    assert loose.sources is not None and loose.held_out_sources is not None
    assert (len(loose.sources), len(loose.held_out_sources)) == (9, 6)
    sides = [
        {round(pitch(wave[0].numpy(), 16_000) / 10) for wave in store.fields["source"]}
        for store in (loose.sources, loose.held_out_sources)
    ]
    assert not sides[0] & sides[1], "pieces of one source are on one side"
    (tmp_path / "sounds" / "A" / "0.wav").rename(tmp_path / "sounds" / "A" / "x.wav")
    assert load(tmp_path / "sounds", held_out=0).sources is not None
    with pytest.raises(InputError, match="without a partner of the same stem, such as"):
        load(tmp_path / "sounds", pairs="stems")
    assert load(tmp_path / "sounds", pairs="none").classes == ("A", "B")
    with pytest.raises(InputError, match="side by side"):
        load(tmp_path / "sounds", pairs="side-by-side")


@pytest.mark.parametrize("pairs", ["stems", "unpaired"])
def test_subfolders_of_b_are_labels_of_what_is_made(
    sound: Sound, tmp_path: Path, pairs: str
) -> None:
    for number in range(6):
        name = f"{('low', 'high')[number % 2]}/{number}.wav"
        sound(f"A/{name}", 2000.0 + number)
        sound(f"B/{name}", (300.0, 900.0)[number % 2] + number, seconds=2.1)
    found = load(tmp_path / "sounds", held_out=0.3, pairs=pairs)
    assert found.classes == ("high", "low")
    for store in (found.train, found.held_out):
        assert len(store)
        for wave, label in zip(store.fields["sample"], store.fields["label"], strict=True):
            assert (pitch(wave[0].numpy(), 16_000) > 500) == (int(label) == 0)
