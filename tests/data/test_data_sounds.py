"""Sounds as data: files, folders, arrays and columns, cut, padded, resampled, without silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sparring.core.errors import InputError
from sparring.data import check, load
from sparring.data.kinds import kinds
from sparring.data.options import own
from tones import pitch, tone

soundfile = pytest.importorskip("soundfile")
Sound = Callable[..., Path]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_files_of_every_form_sound_as_they_are(sound: Sound, suffix: str) -> None:
    path = sound(f"a{suffix}", hertz=500.0, seconds=1.1)
    found = load(path, held_out=0)
    assert found.domain.build().shape == (1, 16384) and len(found.train) == 1
    stored = found.train.fields["sample"][0, 0].numpy()
    assert stored.dtype == np.int16
    assert abs(pitch(stored, 16_000) - 500) < 2
    assert abs(np.abs(stored[2000:14000]).max() / 32768 - 0.5) < 0.05


def test_encoding_and_decoding_keep_every_sample() -> None:
    from sparring.domains.sound.domain import Sound as Space

    space = Space(1024)
    stored = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16).view(64, 1, 1024)
    encoded = space.encode(stored)
    assert encoded.min() == -1 and encoded.max() < 1
    assert torch.equal(space.decode(encoded), stored)
    assert torch.equal(
        space.decode(torch.tensor([[[-9.0, 9.0]]])), stored.flatten()[[0, -1]][None, None]
    )


def test_subfolders_are_labels_and_pieces_have_their_recordings(
    sound: Sound, tmp_path: Path
) -> None:
    for number in range(6):
        sound(f"low/{number}.wav", 200 + number)
        sound(f"high/{number}.wav", 900 + number)
    found = load(tmp_path / "sounds", held_out=0.2)
    assert found.classes == ("high", "low")
    for store in (found.train, found.held_out):
        for wave, label in zip(store.fields["sample"], store.fields["label"], strict=True):
            assert (pitch(wave[0].numpy(), 16_000) > 500) == (int(label) == 0)


def test_long_ones_are_cut_short_ones_padded_and_it_is_said(sound: Sound, tmp_path: Path) -> None:
    sound("long.wav", seconds=3.7)
    sound("short.wav", seconds=0.3)
    found = load(tmp_path / "sounds", held_out=0, seconds=1.0)
    assert len(found.train) == 5  # 3.61 pieces are 4
    assert list(found.names)[:2] == ["long.wav at 0.0 s", "long.wav at 1.0 s"]
    assert any("2 sounds make 5 pieces" in n and "1 shorter" in n for n in found.notes)
    last, padded = found.train.fields["sample"][[3, 4], 0]
    assert last[-1] == 0 and padded[:4000].any() and not padded[4800:].any()
    whole = torch.cat([*found.train.fields["sample"][:4, 0]])[: round(3.7 * 16_000)]
    expected = np.rint(tone(440, 3.7) * 32768)
    assert np.abs(whole.numpy() - expected).max() <= 1  # cut without a seam


def test_pieces_of_one_recording_are_on_one_side(sound: Sound, tmp_path: Path) -> None:
    for number in range(10):
        sound(f"{number}.wav", 300 + 40 * number, seconds=4.1)
    found = load(tmp_path / "sounds", held_out=0.3)
    heard = [
        {round(pitch(wave[0].numpy(), 16_000) / 40) for wave in store.fields["sample"]}
        for store in (found.train, found.held_out)
    ]
    assert heard[1] and not heard[0] & heard[1]
    assert len(found.held_out) == 12


def test_the_folders_of_a_split_are_obeyed(sound: Sound, tmp_path: Path) -> None:
    for number in range(3):
        sound(f"train/{number}.wav", 300.0 + number)
    sound("test/x.wav", 700.0, seconds=2.1)
    found = load(tmp_path / "sounds")
    assert (len(found.train), len(found.held_out)) == (3, 2)


def test_mixed_rates_are_resampled_and_said(sound: Sound, tmp_path: Path) -> None:
    sound("a.wav", 440.0, rate=8000)
    sound("b.wav", 440.0, rate=44_100)
    found = load(tmp_path / "sounds", held_out=0, rate=22_050)
    for wave in found.train.fields["sample"][:, 0]:
        assert abs(pitch(wave.numpy(), 22_050) - 440) < 2
    assert any("rates are mixed" in note and "22,050 Hz" in note for note in found.notes)
    assert found.domain.arguments["rate"] == 22_050


def test_studio_files_are_read_and_said(sound: Sound) -> None:
    path = sound("x.wav", 440.0, seconds=1.2, rate=192_000, channels=8, subtype="PCM_24")
    found = load(path, held_out=0)
    assert abs(pitch(found.train.fields["sample"][0, 0].numpy(), 16_000) - 440) < 2
    notes = " ".join(found.notes)
    assert "192,000 Hz" in notes and "8 channels" in notes
    assert load(path, held_out=0, channels=2).domain.build().shape == (2, 16384)


def test_resampling_in_blocks_is_resampling_at_once(sound: Sound) -> None:
    import soxr

    path = sound("x.wav", 1234.5, seconds=25.0, rate=44_100)  # three blocks of ten seconds
    found = load(path, held_out=0, seconds=25.0).train.fields["sample"][0, 0].numpy()
    whole = soxr.resample(soundfile.read(path)[0], 44_100, 16_000) * 32768
    assert np.abs(found[: len(whole)] - whole).max() <= 2


def test_stereo_keeps_its_sides_and_mono_is_their_mean(tmp_path: Path) -> None:
    sides = np.stack([tone(300, 1.1), tone(700, 1.1)], 1)
    soundfile.write(tmp_path / "x.wav", sides, 16_000)
    stereo = load(tmp_path / "x.wav", held_out=0, channels=2).train.fields["sample"][0].numpy()
    assert [round(pitch(side, 16_000), -1) for side in stereo] == [300, 700]
    mono = load(tmp_path / "x.wav", held_out=0).train.fields["sample"][0, 0].numpy()
    assert np.abs(mono - stereo.astype(float).mean(0)).max() <= 1


def test_silence_is_left_out_with_a_word(tmp_path: Path) -> None:
    wave = np.concatenate([tone(440, 1.024), np.zeros(2 * 16384), tone(550, 1.024)])
    soundfile.write(tmp_path / "x.wav", wave, 16_000)
    found = load(tmp_path / "x.wav", held_out=0)
    assert len(found.train) == 2 and any("2 silent pieces" in note for note in found.notes)
    assert any("none can be held out" in note for note in found.notes)
    assert list(found.names) == ["x.wav at 0.0 s", "x.wav at 3.1 s"]


def test_what_lies_in_the_cache_is_the_same(
    sound: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        sound(f"{number}.wav", 300 + 50 * number, seconds=2.5)
    soundfile.write(tmp_path / "sounds" / "q.wav", np.zeros(40_000), 16_000)
    small = load(tmp_path / "sounds")
    monkeypatch.setattr("sparring.data.cache.MEMORY_LIMIT", 1)
    large = [load(tmp_path / "sounds") for _ in range(2)]
    other = load(tmp_path / "sounds", loudness="peak")
    assert {found.fingerprint for found in large} == {small.fingerprint} != {other.fingerprint}


def test_loudness_is_kept_or_evened(sound: Sound, tmp_path: Path) -> None:
    for number, level in enumerate((0.05, 0.4)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, tone(440, 1.1, level=level), 16_000)
        for loudness, expected in (("kept", level), ("peak", 10 ** (-1 / 20))):
            wave = load(path, held_out=0, loudness=loudness).train.fields["sample"]
            assert float(wave.abs().max()) / 32768 == pytest.approx(expected, abs=0.002)
    with pytest.raises(InputError, match="loudness"):
        load(path, loudness="loud")


def test_arrays_and_lists_of_any_lengths_with_a_rate() -> None:
    waves = [tone(440, 1.5, 8000), tone(550, 0.2, 8000).astype(np.float32)]
    found = load(waves, kind="sounds", rate=8000, held_out=0)
    assert found.domain.build().shape == (1, 8192)
    assert abs(pitch(found.train.fields["sample"][0, 0].numpy(), 8000) - 440) < 2
    labelled = load([(wave, "ab"[i]) for i, wave in enumerate(waves)], kind="sounds", held_out=0)
    assert labelled.classes == ("a", "b")
    whole = (np.stack([waves[0], waves[0] / 2]) * 32767).astype(np.int16)
    assert len(load(whole[:, None], held_out=0).train) == 2  # (N, 1, L) needs no word
    decoded = [{"audio": {"array": waves[0], "sampling_rate": 8000}, "label": 3}]
    wave = load(decoded, held_out=0).train.fields["sample"][0, 0].numpy()
    assert abs(pitch(wave, 16_000) - 440) < 2


def test_labels_follow_the_pieces_of_arrays() -> None:
    waves = [tone(200, 3.1), tone(900, 1.1)]
    found = load([(waves[0], 5), (waves[1], 7)], kind="sounds", held_out=0)
    assert found.classes == ("5", "7") and found.train.fields["label"].tolist() == [0, 0, 0, 1]


def table(column: str, sounds: list[bytes], **more: list[int]) -> Any:
    """A table of sounds, as their files; making one of `datasets.Audio` needs another package."""
    import datasets

    rows = {column: [{"bytes": data, "path": None} for data in sounds], **more}
    plain = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    label = datasets.ClassLabel(names=["even", "odd"])
    features = datasets.Features({column: plain, **dict.fromkeys(more, label)})
    made = datasets.Dataset.from_dict(rows, features=features)
    return made.cast_column(column, datasets.Audio(decode=False))


def test_columns_of_tables(tmp_path: Path, sound: Sound) -> None:
    pytest.importorskip("datasets")
    files = [
        sound(f"{n}.wav", 300 + 30 * n, seconds=2.2 if n == 1 else 1.1).read_bytes()
        for n in range(8)
    ]
    made = table("speech", files, label=[n % 2 for n in range(8)])
    made.to_parquet(str(tmp_path / "x.parquet"))
    for given in (made, tmp_path / "x.parquet"):
        found = load(given, held_out=0)
        assert len(found.train) == 9 and found.classes == ("even", "odd")
        for wave, label in zip(*(found.train.fields[n] for n in ("sample", "label")), strict=True):
            number = round((pitch(wave[0].numpy(), 16_000) - 300) / 30)
            assert number % 2 == int(label)
    files[3] = b"no sound"
    table("speech", files).to_parquet(str(tmp_path / "y.parquet"))
    with pytest.raises(InputError, match="item 3"):
        load(tmp_path / "y.parquet")
    assert len(load(tmp_path / "y.parquet", held_out=0, skip_broken=True).train) == 8


def test_streams_of_sounds(tmp_path: Path, sound: Sound) -> None:
    pytest.importorskip("datasets")
    files = [sound("x.wav", 300 + n).read_bytes() for n in range(40)]
    table("audio", files).to_parquet(str(tmp_path / "x.parquet"))
    found = load(tmp_path / "x.parquet", streaming=True, seconds=0.5)
    items = next(iter(found.train.values(0, 0, 1, 0)))
    stored = found.train.item(items)["sample"]
    assert stored.shape == (1, 8192) and stored.dtype == torch.int16
    assert 290 < pitch(stored[0].numpy(), 16_000) < 345


@pytest.mark.parametrize(
    ("address", "option"), [("drums", "size"), ("digits", "rate"), ("ring8", "seconds")]
)
def test_options_of_another_kind_are_refused_where_none_is_stated(
    address: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(*given: object) -> None:
        raise AssertionError("nothing is fetched for a word that is wrong")

    monkeypatch.setattr("sparring.data.pack.fetched", fetched)
    with pytest.raises(InputError, match=f"{option} is no option of (sounds|pictures|points)"):
        load(address, **{option: 3000})


def nan(path: Path) -> None:
    wave = tone(440, 1.0).astype(np.float32)
    wave[100] = np.nan
    soundfile.write(path, wave, 16_000, subtype="FLOAT")


def torn(path: Path) -> None:
    soundfile.write(path, tone(440, 3.0), 16_000, format="FLAC")
    path.write_bytes(path.read_bytes()[:2000])


BROKEN = {
    "text": (lambda path: path.write_text("no sound at all"), "x.wav"),
    "empty file": (lambda path: path.write_bytes(b""), "x.wav"),
    "no samples": (lambda path: soundfile.write(path, np.zeros(0), 16_000), "no samples"),
    "not numbers": (nan, "NaN or infinity"),
    "torn": (torn, "x.wav"),
    "silence": (lambda path: soundfile.write(path, np.zeros(32_000), 16_000), "silence only"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_used_is_said(tmp_path: Path, name: str) -> None:
    spoil, says = BROKEN[name]
    spoil(tmp_path / "x.wav")
    for address in (tmp_path / "x.wav", tmp_path):
        with pytest.raises(InputError, match=says) as caught:
            load(address)
        assert "\n" not in str(caught.value)
        assert not check(address).ok


def test_broken_ones_are_skipped_by_name(sound: Sound, tmp_path: Path) -> None:
    for number in range(4):
        sound(f"{'ab'[number % 2]}/{number}.wav", 300.0 + number)
    nan(tmp_path / "sounds" / "a" / "bad.wav")
    with pytest.raises(InputError, match=r"1 of 5 sounds .*a/bad\.wav \(it holds NaN"):
        load(tmp_path / "sounds")
    found = load(tmp_path / "sounds", skip_broken=True, held_out=0)
    assert len(found.train) == 4 and found.train.fields["label"].tolist() == [0, 0, 1, 1]


def test_check_tells_levels_clipping_and_offset(tmp_path: Path) -> None:
    loud, off = tone(440, 1.1, level=2.0).clip(-1, 1), tone(440, 1.1, level=0.1) + 0.2
    quiet = tone(440, 1.1, level=0.005)
    for name, wave in (("loud", loud), ("off", off), ("quiet", quiet)):
        soundfile.write(tmp_path / f"{name}.wav", wave, 16_000)
    report = check(tmp_path, held_out=0)
    told = " ".join(report.warnings)
    assert "1 of 3 samples to train on are clipped" in told
    assert "1 of 3 samples to train on are off centre" in told
    assert "levels differ by" in told and "--loudness peak" in told
    assert "3, 3.3 s, the longest 1.1 s" in dict(report.facts)["sounds"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": 10}, "rate must be a whole number from 1000 to 384000"),
        ({"seconds": 0}, "seconds must be a finite number above 0"),
        ({"seconds": float("nan")}, "seconds must be a finite number above 0"),
        ({"rate": True}, "rate must be a whole number"),
        ({"seconds": 3600, "rate": 384_000}, "length of 3600 s"),
        ({"channels": 3}, "1 or 2 channels"),
        ({"channels": 9}, "1, 2, 3 or 4"),
        ({"kind": "points", "rate": 8000}, "rate is no option of points"),
        ({"size": 8}, "size is no option of sounds; theirs are: rate, seconds, channels"),
        ({"rte": 8000}, "did you mean 'rate'"),
    ],
)
def test_options_that_cannot_be(sound: Sound, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load(sound("x.wav"), **options)


def test_numbers_of_numpy_are_numbers_and_a_piece_has_a_block_at_least(sound: Sound) -> None:
    path = sound("x.wav", seconds=1.1)
    found = load(path, rate=np.int64(8000), seconds=np.float32(0.5))
    assert found.domain.arguments == {"length": 4096, "rate": 8000, "channels": 1}
    assert load(path, seconds=1e-9).domain.build().shape == (1, 1024)


def test_what_a_kind_declares_is_an_option_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspect

    from sparring.cli import reading, training
    from sparring.cli.sets import check as verb

    declared = own(kinds())
    assert {"size", "fit", "channels", "rate", "seconds", "loudness"} <= set(declared)
    assert set(declared) <= set(reading.FLAGS) & set(training.COMMON)
    assert set(declared) <= set(inspect.signature(verb).parameters)
