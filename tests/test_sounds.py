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

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.domains.mel.domain import Mel
from sparring.domains.sound.domain import Sound
from sparring.recipes import recipe_named
from sparring.tasks.vocode import Vocode
from sparring.verbs.run import resume, train
from tones import tone

soundfile = pytest.importorskip("soundfile")
Call = Callable[..., tuple[int, str, str]]
RATE = 8000
SHORT = ("--seconds", "0.12", "--rate", str(RATE))


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """220 short tones, low and high ones; 22 of them are held out."""
    folder = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(0)
    for number in range(220):
        kind = ("low", "high")[number % 2]
        (folder / kind).mkdir(exist_ok=True)
        hertz = (300, 1500)[number % 2] * random.uniform(0.9, 1.1)
        soundfile.write(folder / kind / f"{number:03}.wav", tone(hertz, 0.128, RATE), RATE)
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
