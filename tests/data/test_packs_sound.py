"""Packs of sound: drawn from tiny fakes, and notes from a pretended synthesizer."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tarfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sparring.core.errors import InputError
from sparring.data import drawn, fetch, get, load, pack
from sparring.data.content import Content
from sparring.data.kinds import Reading, kinds
from sparring.domains.sound.kind import KIND
from sparring.domains.sound.packs import collection, drums, notes, speech
from sparring.domains.sound.packs.collection import RATE, Collection, Recording

KITS, SONGS = "usr/share/hydrogen/data/drumkits", "usr/share/sonic-pi/samples"


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def encoded(samples: np.ndarray, rate: int = RATE, form: str = "WAV") -> bytes:
    data = io.BytesIO()
    soundfile.write(data, samples, rate, format=form)
    return data.getvalue()


def noise(seconds: float, seed: int = 0, rate: int = RATE) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    values[0] = 0.2
    return values.astype(np.float32)


def draw(files: drawn.Files, progress: Any) -> Iterator[tuple[str, list[Recording]]]:
    """Two voices: long and short recordings, the first one of each held out."""
    for seed, voice in enumerate(("anna", "ben")):
        waves = [noise(seconds, 10 * seed + place) for place, seconds in enumerate((2.6, 0.5, 1.2))]
        yield (
            voice,
            [
                Recording(wave, f"{voice} {place}", place == 0, text=f"wörd {place}" * seed)
                for place, wave in enumerate(waves)
            ],
        )


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> Collection:
    """A collection whose package a pretended npm delivers."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/a.txt"))
    made = Collection(
        name="voices",
        about="voices",
        licence="CC0-1.0",
        count=10,
        packages=(
            fetch.Package(
                client="npm",
                name="voices",
                version="1.0.0",
                megabytes=1.0,
                members=("package/*.txt",),
                archives=(fetch.sha256(data.getvalue()),),
            ),
        ),
        views={"anna": "one", "ben": "another"},
        draw=draw,
        cut=True,
    )

    def run(command: list[str], cwd: Path, **options: Any) -> None:
        (cwd / "voices-1.0.0.tgz").write_bytes(data.getvalue())

    monkeypatch.setitem(KIND.packs, "voices", made)
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", run)
    return made


def content(name: str, views: str = "", **asked: Any) -> Content:
    return pack.read(KIND.packs[name], views, Reading(asked=asked, kinds=kinds()))


def test_a_collection_is_announced_and_cut_into_pieces_that_stay_with_their_recording(
    voices: Collection,
) -> None:
    told: list[str] = []
    get("voices", say=told.append)
    assert "CC0-1.0" in told[0]
    found = content("voices")
    assert found.sample.shape == (10, 1, 16384) and found.sample.dtype == np.int16
    assert found.classes == ("anna", "ben") and found.held_out is not None
    assert found.label.tolist() == [0] * 5 + [1] * 5
    assert found.held_out.tolist() == [True, True, True, False, False] * 2
    data = load("voices:ben")
    assert (len(data.train), len(data.held_out), data.licence) == (2, 3, "CC0-1.0")


def test_pieces_are_the_recording_itself(voices: Collection) -> None:
    found = content("voices", "anna", seconds=0.5)
    whole = np.round(noise(2.6) * 32767)
    joined = found.sample[found.origin == 0, 0].ravel()[: len(whole)]
    assert (joined == whole[: len(joined)]).all()


def test_another_rate_or_stereo_is_made_of_the_same_recordings(voices: Collection) -> None:
    found = content("voices", "anna", rate=8000, channels=2)
    assert found.sample.shape[1:] == (2, 8192) and found.domain is not None
    assert found.domain.arguments["rate"] == 8000
    assert (found.sample[:, 0] == found.sample[:, 1]).all()
    fine = content("voices", "anna")
    power = [np.square(v.sample[found.origin == 0].astype(float)).mean() for v in (found, fine)]
    assert 0.3 < power[0] / power[1] < 0.7  # half of white noise lies above the new band


def test_two_voices_are_samples_and_sources_that_belong_to_nothing(voices: Collection) -> None:
    found = content("voices", "anna-ben")
    assert found.sources is not None and found.source_domain == found.domain
    assert (found.sources.stored == content("voices", "anna").sample).all()
    data = load("voices:anna-ben")
    assert data.sources is not None and len(data.sources) == 2


def test_texts_are_kept_as_tokens(voices: Collection) -> None:
    found = content("voices")
    assert found.tokens is not None
    row = found.tokens[-1]
    assert bytes(row[row >= 0].astype("u1")).decode() == "wörd 2"
    assert (found.tokens[:5] == -1).all()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("voices:carl", "unknown view of voices"),
        ("voices:a-b-c", "more than"),
        ("drums:a", "no vi"),
    ],
)
def test_views_that_are_not_there_are_refused(voices: Collection, address: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(address)


def test_the_beginning_dies_away_only_where_there_is_more() -> None:
    long = np.full((1, 40000), 1000, np.int16)
    kept = collection.beginning(long, 16384)
    assert kept.shape == (1, 16384) and kept[0, -1] == 0 and kept[0, 15000] == 1000
    assert collection.beginning(long, 40000) is long


def hit(seconds: float, seed: int, silence: float = 0.1) -> np.ndarray:
    wave = noise(seconds, seed) * np.exp(-np.linspace(0, 8, round(seconds * RATE)))
    return np.concatenate([np.zeros(round(silence * RATE)), wave]).astype(np.float32)


def table(*rows: tuple[str, tuple[str, ...]]) -> bytes:
    layers = "".join(
        f"<name>{name}</name>" + "".join(f"<filename>{file}</filename>" for file in files)
        for name, files in rows
    )
    return f"<drumkit_info><name>Kit</name>{layers}</drumkit_info>".encode()


def test_drums_have_their_class_from_tables_and_file_names() -> None:
    files = {
        f"{KITS}/K/drumkit.xml": table(
            ("Kick &amp; more", ("a.flac", "b.flac")),
            ("Floor Tom", ("t.flac",)),
            ("Custom ride", ("r.flac",)),
            ("Zap", ("z.flac",)),
            ("Open HH", ("gone.flac",)),
        ),
        **{f"{KITS}/K/{n}.flac": encoded(hit(0.5, i), form="FLAC") for i, n in enumerate("abtrz")},
        f"{SONGS}/drum_snare_hard.flac": encoded(hit(0.5, 9), form="FLAC"),
        f"{SONGS}/loop_tabla.flac": encoded(hit(0.5, 10), form="FLAC"),
        f"{SONGS}/tabla_ghe2.flac": encoded(hit(0.5, 0, silence=0.3), form="FLAC"),
    }
    ((view, found),) = list(drums.draw(files, quiet))
    assert view == ""
    labels = {r.name: r.label for r in found}
    assert labels == {
        "Kick & more": "kick",
        "Floor Tom": "tom",
        "Custom ride": "cymbal",
        "drum_snare_hard": "snare",
    }  # the tabla's hit is the first kick's, and none comes twice
    assert len(found) == 5
    for recording in found:
        assert np.abs(recording.wave).max() == pytest.approx(0.9, abs=1e-6)
        assert np.flatnonzero(np.abs(recording.wave) > 0.1)[0] <= drums.ONSET


def test_all_hits_of_a_drum_are_held_out_together_and_every_class_has_some() -> None:
    hits = [
        drums.Hit(f"{label}{drum}{layer}", "", label, f"{label} {drum}")
        for label in ("kick", "tom")
        for drum in range(12)
        for layer in range(1 + drum % 3)
    ]
    out = drums.held_out(hits)
    for label in ("kick", "tom"):
        share = np.mean([hit.drum in out for hit in hits if hit.label == label])
        assert 0.1 < share < 0.26


def test_speech_is_read_by_voice_with_its_text_and_held_out_by_word() -> None:
    sounds, stamps = "usr/share/asterisk/sounds", "usr/share/tuxpaint/stamps"
    files = {f"{stamps}/x/cat{n}.txt": f"A cat.\nfr.utf8=Chat {n}.".encode() for n in range(30)}
    for n in range(30):
        files[f"{sounds}/en_US_f_Allison/digits/say-{n}.wav"] = encoded(noise(0.3, n, 8000), 8000)
        files[f"{sounds}/fr_CA_f_June/digits/say-{n}.wav"] = encoded(noise(0.4, n, 8000), 8000)
        files[f"{stamps}/x/cat{n}_desc_fr.ogg"] = encoded(noise(0.3, n), form="OGG")
        files[f"{stamps}/x/cat{n}_desc_es.ogg"] = encoded(noise(0.3, n), form="OGG")
    files[f"{sounds}/en_US_f_Allison/silence/1.wav"] = encoded(noise(0.3))
    voices = dict(speech.draw(files, quiet))
    assert [len(voices[name]) for name in speech.VIEWS] == [30, 30, 30, 30, 0]
    assert voices["allison"][0].text == "say 0" and voices["french"][0].text == "Chat 0."
    assert voices["spanish"][0].text == ""
    assert len(voices["allison"][0].wave) == pytest.approx(0.3 * RATE, abs=2)
    for one, other in (("allison", "june"), ("french", "spanish")):
        sides = [{r.name for r in voices[name] if r.held_out} for name in (one, other)]
        assert sides[0] == sides[1] and 0 < len(sides[0]) < 12


class Synth:
    """A pretended synthesizer: a sine of the pitch, an overtone for each program's number."""

    def __init__(self, samplerate: int) -> None:
        self.rate, self.key, self.program = samplerate, 0, 0

    def sfload(self, path: str) -> int:
        assert Path(path).read_bytes() == b"font"
        return 1

    def program_select(self, channel: int, font: int, bank: int, program: int) -> None:
        self.program = program

    def noteon(self, channel: int, key: int, velocity: int) -> None:
        self.key = key

    def noteoff(self, channel: int, key: int) -> None:
        self.key = 0

    def sounds_off(self) -> None:
        self.key = 0

    def generate(self, count: int) -> memoryview:
        tone = 440 * 2 ** ((self.key - 69) / 12) if self.key else 0
        wave = np.sin(2 * np.pi * tone * np.arange(count) / self.rate) * 0.1
        return memoryview(np.repeat(wave[:, None], 2, 1).astype(np.float32).tobytes())


@pytest.fixture
def font(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A soundfont that is there, and something that plays it."""
    fake = types.ModuleType("tinysoundfont")
    fake.Synth = Synth  # type: ignore[attr-defined]
    fake.__spec__ = importlib.util.spec_from_loader("tinysoundfont", None)
    monkeypatch.setitem(sys.modules, "tinysoundfont", fake)
    monkeypatch.setattr(notes, "PITCHES", range(60, 84))
    place = notes.PACK.location()
    place.mkdir(parents=True)
    (place / notes.FONT).write_bytes(b"font")
    return place


def test_notes_have_the_pitch_that_their_vector_says(font: Path) -> None:
    found = content("notes", "piano")
    assert found.vector is not None and found.label is not None
    assert found.sample.shape == (24 * 6, 1, 16384)
    for row in (0, 40, 143):
        heard = np.abs(np.fft.rfft(found.sample[row, 0, :4096].astype(float), 1 << 17)).argmax()
        octaves = np.log2(heard * RATE / (1 << 17) / 261.6256)
        assert octaves == pytest.approx(found.vector[row, 0], abs=0.005)
        assert found.label[row] == round(12 * found.vector[row, 0]) % 12


def test_two_instruments_are_exact_pairs_and_whole_pitches_are_held_out(font: Path) -> None:
    found = content("notes", "piano-violin")
    assert found.source is not None and found.held_out is not None and found.vector is not None
    assert (found.source == found.sample).all()  # the pretended instruments sound alike
    held = set(found.vector[found.held_out, 0].tolist())
    assert held and held.isdisjoint(found.vector[~found.held_out, 0].tolist())


def test_the_bare_name_holds_several_instruments_by_label(font: Path) -> None:
    found = content("notes", rate=8000, seconds=0.3)
    assert found.classes == notes.MIXED and found.sample.shape == (8 * 144, 1, 3072)
    assert found.label is not None and np.bincount(found.label).tolist() == [144] * 8
    KIND.packs["notes"].check("program127-flute")
    assert "program127" not in KIND.packs["notes"].views  # too many to list


def test_without_the_synthesizer_a_sentence_says_how_to_have_it(
    font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps tinysoundfont"):
        content("notes", "piano")
