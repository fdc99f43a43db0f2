"""Sound files through a model: gaps, folders, pieces without clicks, hours in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Condition, Items, Spec
from sparring.domains.sound import files as sound_files
from sparring.domains.sound.files import SoundFiles
from sparring.recipes import recipe_named
from sparring.verbs.translate import translate
from tones import tone

soundfile = pytest.importorskip("soundfile")
RATE = 8000


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
    soundfile.write(path, tone(440, 5.0, RATE), RATE)
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
    wave = tone(440, 30.0, RATE).astype(np.float32)
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
        soundfile.write(source, tone(440, 40.0, RATE), RATE)
        translate(mender(Filling()), source, tmp_path / "c.wav", mask=mask, tile=8192)
    assert not (tmp_path / "c.wav").exists()


def test_folders_keep_names_lengths_and_go_on_after_damage(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    soundfile.write(source / "a.wav", tone(300, 0.5, 44_100), 44_100)
    soundfile.write(source / "deep" / "b.mp3", tone(300, 1.0, 16_000), 16_000)
    soundfile.write(source / "c.flac", tone(300, 0.31, RATE), RATE)
    (source / "bad.wav").write_text("no sound")
    soundfile.write(source / "tiny.wav", tone(300, 0.01, RATE), RATE)
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
    soundfile.write(tmp_path / "x.wav", tone(440, 1.0, RATE), RATE)
    with pytest.raises(InputError, match=says):
        translate(mender(Filling()), tmp_path / "x.wav", tmp_path / "y.wav", mask=mask)
    assert not (tmp_path / "y.wav").exists()
