"""Sounds in use: trained on, drawn, played, translated, repaired; and what is refused."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Condition, Items, Spec
from sparring.domains.mel.domain import Mel
from sparring.domains.sound import files as sound_files
from sparring.domains.sound.domain import Sound
from sparring.domains.sound.files import SoundFiles
from sparring.recipes import recipe_named
from sparring.tasks.vocode import Vocode
from sparring.verbs.run import resume, train
from sparring.verbs.translate import translate

soundfile = pytest.importorskip("soundfile")
Call = Callable[..., tuple[int, str, str]]
RATE = 8000
SHORT = ("--seconds", "0.12", "--rate", str(RATE))


def tone(hertz: float, seconds: float, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """220 short tones, low and high ones; 22 of them are held out."""
    folder = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(0)
    for number in range(220):
        kind = ("low", "high")[number % 2]
        (folder / kind).mkdir(exist_ok=True)
        hertz = (300, 1500)[number % 2] * random.uniform(0.9, 1.1)
        soundfile.write(folder / kind / f"{number:03}.wav", tone(hertz, 0.128), RATE)
    return folder


@pytest.fixture(scope="module")
def run(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sparring.cli import call

    folder = tmp_path_factory.mktemp("runs") / "tones"
    tiny = ("--widths", "8", "--discriminator-widths", "8", "--latent", "4", "--batch", "8")
    words = ["train", "gan", "--data", str(tones), *SHORT, "--run", str(folder), "--steps", "6"]
    assert call([*words, *tiny, "--conditional", "--quiet"]) == 0
    return folder


def test_a_run_remembers_how_its_sounds_were_read(run: Path) -> None:
    model = Model.load(run)
    assert model.domain == Sound(1024, RATE)
    assert model.manifest.sitting["reading"] == {"rate": RATE, "seconds": 0.12}
    assert model.manifest.classes == ("high", "low")


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_samples_are_files_that_sound_as_the_model_says(
    run: Path, tmp_path: Path, sparring: Call, suffix: str
) -> None:
    out = tmp_path / f"x{suffix}"
    code, _, err = sparring("sample", run, "-n", 1, "--label", "low", "--out", out)
    assert code == 0, err
    wave, rate = soundfile.read(out, dtype="int16")
    model = Model.load(run)
    expected = model.domain.decode(model.sample(1, label="low"))[0, 0]
    assert rate == RATE and torch.equal(torch.from_numpy(wave), expected)


def test_folders_strips_and_reports(run: Path, tmp_path: Path, sparring: Call) -> None:
    assert sparring("sample", run, "-n", 3, "--label", "high", "--out", tmp_path / "high")[0] == 0
    assert len(list((tmp_path / "high").glob("*.wav"))) == 3
    assert sparring("sample", run, "-n", 4, "--out", tmp_path / "x.png")[0] == 0
    walk = ("interpolate", run, "--stops", 2, "--frames", 3, "--label", "low")
    assert sparring(*walk, "--out", tmp_path / "walk")[0] == 0
    assert len(list((tmp_path / "walk").glob("*.wav"))) == 4
    assert sparring(*walk, "--out", tmp_path / "walk.gif")[0] == 0
    assert sparring("report", run)[0] == 0
    page = (run / "report.html").read_text()
    assert "<audio controls" in page and 'src="http' not in page
    code, out, err = sparring("evaluate", run)
    assert code == 0 and "frechet" in out.lower(), (out, err)


def test_players_play_the_samples_and_are_bounded() -> None:
    samples = torch.rand(20, 1, 2048, generator=torch.Generator().manual_seed(0)) - 0.5
    page = Sound(2048, RATE).embed(samples)
    found = re.findall(r'src="data:audio/flac;base64,([^"]+)"', page)
    assert len(found) == 16
    wave, rate = soundfile.read(io.BytesIO(base64.b64decode(found[3])), dtype="int16")
    assert rate == RATE
    assert torch.equal(torch.from_numpy(wave), Sound(2048, RATE).decode(samples[3])[0])
    long = Sound(30 * RATE, RATE).embed(torch.zeros(1, 1, 30 * RATE))
    (data,) = re.findall(r'src="data:audio/flac;base64,([^"]+)"', long)
    assert len(soundfile.read(io.BytesIO(base64.b64decode(data)))[0]) == 20 * RATE


def test_notebooks_show_and_play(run: Path) -> None:
    model = Model.load(run)
    shown = model.show(model.sample(2))
    assert shown._repr_html_().count("<audio") == 2
    assert shown._repr_png_()[:4] == b"\x89PNG"


def test_a_preview_shows_the_waveform_above_the_spectrogram(tmp_path: Path) -> None:
    wave = torch.from_numpy(tone(2000.0, 2.048, 16_000)).float()[None, None]
    wave[..., : wave.shape[-1] // 2] *= 0.1
    Sound(wave.shape[-1]).preview(wave, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as opened:
        pixels = np.asarray(opened.convert("L")).astype(int)
    height, width = pixels.shape
    assert (height, width) == (40 + 80, 2 * 128)
    inked = (pixels[:40] < 200).sum(0)
    assert inked[: width // 2 - 4].max() < inked[width // 2 + 4 :].min()
    from sparring.core import spectra

    band = int(spectra.filterbank(16_000)[:, round(2000 * 1024 / 16_000)].argmax())
    assert abs((79 - pixels[40:, width // 2 + 4 :].mean(1).argmax()) - band) <= 1


def test_spectrograms_and_back() -> None:
    space = Mel(8192, 16_000)
    assert space.shape == (1, 80, 32)
    wave = torch.from_numpy(tone(440.0, 0.512, 16_000)).float()[None, None]
    stored = Sound(8192).decode(wave)
    encoded = space.encode(stored)
    assert (
        encoded.shape == (1, 1, 80, 32) and -1 <= float(encoded.min()) < float(encoded.max()) < 1.5
    )
    back = space.decode(encoded)
    assert back.shape == stored.shape and back.dtype == torch.int16
    spectrum = torch.fft.rfft(back[0, 0, 1000:7000].float()).abs()
    assert abs(float(spectrum.argmax()) * 16_000 / 6000 - 440) < 6
    assert float((space.encode(back) - encoded)[..., 4:-4].abs().mean()) < 0.15
    assert torch.equal(space.decode(encoded), back), "a spectrogram has one sound"
    stereo = Mel(8192, 16_000, 2)
    assert stereo.encode(stored.repeat(1, 2, 1)).shape == stereo.shape or stereo.shape == (
        2,
        80,
        32,
    )


@pytest.mark.parametrize("length", [1000, 256])
def test_spectrograms_of_no_whole_frames(length: int) -> None:
    with pytest.raises(InputError, match="whole frames"):
        Mel(length)


def test_a_recipe_may_see_sounds_as_spectrograms(tones: Path, tmp_path: Path) -> None:
    small = {"widths": (8,), "discriminator_widths": (8,), "latent": 4}
    recipe = recipe_named("gan", small, rank=2)
    recipe = recipe.replace(seen_as="sparring.domains.mel.domain:Mel", batch=8)
    options: dict[str, Any] = {"quiet": True, "rate": RATE, "seconds": 0.12}
    train(recipe, tones, tmp_path / "whole", steps=6, **options)
    train(recipe, tones, tmp_path / "parts", steps=2, **options)
    model = resume(tmp_path / "parts", steps=6, quiet=True)
    assert model.domain == Mel(1024, RATE) and model.sample(2).shape == (2, 1, 80, 4)
    assert Manifest.read(tmp_path / "parts").recipe.seen_as == recipe.seen_as
    for name in ("generator.safetensors",):
        whole, parts = (tmp_path / run / "model" / name for run in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()
    assert model.domain.decode(model.sample(1)).shape == (1, 1, 1024)
    with pytest.raises(InputError, match="sees its data as Mel, and these are Image"):
        train(recipe, np.zeros((30, 8, 8), np.uint8), tmp_path / "none", quiet=True)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_a_vocoder_is_given_is_shown_as_sound(channels: int) -> None:
    task, space = Vocode(), Sound(8192, channels=channels)
    wave = torch.from_numpy(tone(440.0, 0.512, 16_000)).float().expand(2, channels, -1)
    given = task.shown(task.known({"source": wave}))
    assert given.shape == wave.shape
    spectrum = torch.fft.rfft(given[1, 0, 1000:7000]).abs()
    assert abs(float(spectrum.argmax()) * 16_000 / 6000 - 440) < 6
    assert space.embed(given).count("<audio") == 2


class Halved(nn.Module):
    """Half as loud, by a filter of one sample."""

    multiple = 1

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        assert condition.map is not None
        return condition.map[:, : max(1, condition.map.shape[1] - 1)] * 0.5


class Filling:
    """Stands in for a task that repairs."""

    conditions = frozenset({"map"})
    abilities = frozenset({"translate", "repair", "mask"})
    sources = "none"

    def known(self, items: Items) -> Condition:
        return Condition(map=torch.cat([items["source"], items["mask"]], 1))

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        assert condition.map is not None
        return fake.where(condition.map[:, -1:] > 0, condition.map[:, :-1])


class Plain(Filling):
    """Stands in for a task that changes a sound as a whole."""

    abilities = frozenset({"translate", "repair"})

    def known(self, items: Items) -> Condition:
        return Condition(map=items["source"])

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        return fake


def mender(task: Filling, rate: int = RATE, channels: int = 1) -> Model:
    where = "sparring.domains.sound.domain:Sound"
    domain = Part(where, length=1024, rate=rate, channels=channels)
    recipe = recipe_named("pix2pix", {})
    manifest = Manifest(
        recipe=recipe, domain=domain, spec=Spec((channels, 1024), 0, map=(channels, 1024)), data={}
    )
    model = Model(manifest, {"generator": nn.Linear(1, 1)})
    model.networks = {"generator": Halved()}
    model.task = task  # type: ignore[assignment]
    model.__class__ = type("OnCpu", (Model,), {"device": torch.device("cpu")})
    return model


def test_long_sounds_in_pieces_are_the_whole_and_tell_their_progress() -> None:
    stored = torch.randint(-30000, 30000, (2, 1, 50_001), dtype=torch.int16)
    told: list[tuple[int, int]] = []
    model = mender(Plain())
    whole = model.translate(stored, stored=True)
    pieces = model.translate(stored, stored=True, tile=8192, progress=lambda *t: told.append(t))
    assert whole.shape == stored.shape and whole.dtype == torch.int16
    assert int((whole - pieces).abs().max()) <= 1
    assert told == [(n, 16) for n in range(1, 17)]
    torch.testing.assert_close(
        model.translate(stored, tile=8192), stored.float() / 65536, rtol=0, atol=1e-6
    )
    with pytest.raises(InputError, match="at least 4,096 samples"):
        model.translate(stored, tile=100)


def test_pieces_that_disagree_fade_without_a_click() -> None:
    model, number = mender(Plain()), iter(range(100))

    def generate(networks: object, latent: Tensor, condition: Condition) -> Tensor:
        assert condition.map is not None
        return torch.full_like(condition.map, 0.5 * (next(number) % 2))

    model.game.generate = generate  # type: ignore[method-assign]
    made = model.translate(torch.zeros(1, 1, 40_960, dtype=torch.int16), tile=8192, stored=True)
    assert int(made.max()) == 16384 and int(made.min()) == 0
    assert int(made.diff().abs().max()) < 60, "half of full scale over a thousand samples"


def test_a_gap_is_filled_and_all_else_kept_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, tone(440, 5.0), RATE)
    for tile in (None, 8192):
        out = tmp_path / f"out-{tile}.wav"
        mask = "0.5-0.8,2-2.25,4.9-5.005"  # the last as far as a player's clock would say
        translate(mender(Filling()), path, out, mask=mask, tile=tile)
        before, after = (soundfile.read(p, dtype="int16")[0].astype(int) for p in (path, out))
        missing = np.zeros(len(before), bool)
        missing[4000:6400] = missing[16_000:18_000] = missing[39_200:] = True
        assert np.array_equal(before[~missing], after[~missing])
        assert np.abs(after[missing] - before[missing] / 2).max() <= 1


@pytest.mark.parametrize("channels", [1, 2])
def test_long_files_are_read_and_written_in_parts_and_are_what_they_were_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (300_000, channels))
    soundfile.write(tmp_path / "x.wav", noise, 22_050)
    files = SoundFiles(RATE, channels)
    stored = files.open(tmp_path / "x.wav").stored[None]
    mask = files.masker("1-1.5,8-9.5")(tmp_path / "x.wav", stored[0])[None]
    expected = mender(Filling(), channels=channels).translate(
        stored, mask=mask, stored=True, tile=8192
    )
    held: list[int] = []
    read = sound_files._Window.read

    def watched(self: sound_files._Window, start: int, end: int) -> Tensor:
        found = read(self, start, end)
        assert self.held is not None
        held.append(self.held.shape[1])
        return found

    monkeypatch.setattr(sound_files._Window, "read", watched)
    monkeypatch.setattr(SoundFiles, "open", None)
    monkeypatch.setattr("sparring.domains.sound.recordings.SECONDS", 1)
    told: list[tuple[str, int, int]] = []
    translate(
        mender(Filling(), channels=channels),
        tmp_path / "x.wav",
        tmp_path / "y.flac",
        mask="1-1.5,8-9.5",
        tile=8192,
        progress=lambda *words: told.append(words),
    )
    made, rate = soundfile.read(tmp_path / "y.flac", dtype="int16", always_2d=True)
    assert rate == RATE and torch.equal(torch.from_numpy(made.T), expected[0])
    assert max(held) <= 8192 + 2 * RATE, "a piece and a block, of 13 seconds"
    tiles = [(done, total) for what, done, total in told if what == "tiles"]
    assert tiles == [(n, len(held)) for n in range(1, len(held) + 1)]


def test_long_files_that_end_badly_leave_nothing_half_written(tmp_path: Path) -> None:
    wave = tone(440, 30.0).astype(np.float32)
    wave[-100] = np.nan
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", wave, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "in" / "b.wav", wave[:-1000], RATE)
    done = translate(mender(Plain()), tmp_path / "in", tmp_path / "out", tile=8192)
    assert [path.name for path in done.written] == ["b.wav"]
    assert "NaN" in next(iter(done.failed.values()))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.wav"]
    with pytest.raises(InputError, match=r"a\.wav cannot be translated: it holds NaN"):
        translate(mender(Plain()), tmp_path / "in" / "a.wav", tmp_path / "c.wav", tile=8192)
    with pytest.raises(InputError, match="nothing is left to go by"):
        mask = "0-20,10-40"
        source = tmp_path / "in" / "b.wav"
        soundfile.write(source, tone(440, 40.0), RATE)
        translate(mender(Filling()), source, tmp_path / "c.wav", mask=mask, tile=8192)
    assert not (tmp_path / "c.wav").exists()


def test_folders_keep_names_lengths_and_go_on_after_damage(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    soundfile.write(source / "a.wav", tone(300, 0.5, 44_100), 44_100)
    soundfile.write(source / "deep" / "b.mp3", tone(300, 1.0, 16_000), 16_000)
    soundfile.write(source / "c.flac", tone(300, 0.31), RATE)
    (source / "bad.wav").write_text("no sound")
    soundfile.write(source / "tiny.wav", tone(300, 0.01), RATE)
    done = translate(mender(Plain()), source, tmp_path / "out")
    assert {Path(name).name for name in done.failed} == {"bad.wav", "tiny.wav"}
    assert "80 samples are fewer than the 1,024" in " ".join(done.failed.values())
    found = {str(p.relative_to(tmp_path / "out")): soundfile.info(p) for p in done.written}
    assert found.keys() == {"a.wav", "deep/b.wav", "c.flac"}
    assert (found["a.wav"].samplerate, found["a.wav"].frames) == (RATE, 4000)
    assert found["deep/b.wav"].frames == RATE


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        ("white", "FROM-TO in seconds"),
        ("0.8-0.5", "FROM-TO in seconds"),
        ("7-8", "beyond the end"),
        ("0.25-9", r"0\.25-9 goes beyond the end of the sound, 1\.00 s"),
        ("0-1", "nothing is left"),
        (None, "needs a mask"),
    ],
)
def test_gaps_that_cannot_be(tmp_path: Path, mask: str | None, says: str) -> None:
    soundfile.write(tmp_path / "x.wav", tone(440, 1.0), RATE)
    with pytest.raises(InputError, match=says):
        translate(mender(Filling()), tmp_path / "x.wav", tmp_path / "y.wav", mask=mask)
    assert not (tmp_path / "y.wav").exists()


def spoilt(path: Path, how: str) -> Path:
    waves = {"silence": np.zeros(16_000), "no samples": np.zeros(0)}
    if how == "text":
        path.write_text("no sound")
    elif how == "nan":
        soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    else:
        soundfile.write(path, waves[how], 16_000)
    return path


@pytest.mark.parametrize("how", ["text", "nan", "silence", "no samples"])
def test_bad_sounds_are_one_sentence(tmp_path: Path, sparring: Call, how: str) -> None:
    path = spoilt(tmp_path / "x.wav", how)
    for data in (path, tmp_path):
        code, out, err = sparring("train", "gan", "--data", data, "--run", tmp_path / "run")
        assert code == 2 and out == "" and "Traceback" not in err
        (line,) = err.strip().splitlines()
        assert line.startswith("sparring: ") and not (tmp_path / "run").exists()
        assert sparring("data", "check", data)[0] == 2


def test_another_ending_is_refused_before_anything_is_drawn(
    run: Path, tmp_path: Path, sparring: Call
) -> None:
    code, _, err = sparring("sample", run, "-n", 2, "--out", tmp_path / "x.wav")
    assert code == 2 and "folder" in err
    code, _, err = sparring("sample", run, "-n", 1, "--out", tmp_path / "x.mp4")
    assert code == 2 and ".wav, .flac" in err
