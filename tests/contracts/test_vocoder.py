"""The vocoder: an inverse STFT that inverts, sound of any length and in pieces, learning."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.spectra import from_unit, log_mel, stft, to_unit
from sparring.core.types import Batch, Condition, Round, Spec, Turn, Verdict
from sparring.domains.mel import voice
from sparring.domains.mel.domain import Mel
from sparring.domains.sound.domain import Sound, waves
from sparring.losses.sound import mel
from sparring.losses.sound import stft as stft_term
from sparring.networks.vocoder import BLUNT, Discriminator, Generator
from sparring.recipes import recipe_named
from sparring.tasks.vocode import Vocode

SPEC = Spec((1, 4096), 0, map=(80, 16))
NOTHING = torch.zeros(1, 0)


def tones(count: int = 2, length: int = 4096, seed: int = 0) -> Tensor:
    """Sums of three sines (N, 1, length) at 16 kHz."""
    generator = torch.Generator().manual_seed(seed)
    pitch = 200 * 2 ** (3 * torch.rand(count, 3, 1, generator=generator))
    time = torch.arange(length) / 16_000
    return (0.2 * torch.sin(2 * math.pi * pitch * time)).sum(1, keepdim=True)


def small(spec: Spec = SPEC, **flags: object) -> Generator:
    torch.manual_seed(0)
    sizes = {"width": 16, "hidden": 16, "blocks": 2, "final_rounds": 3}
    return Generator(spec, **{**sizes, **flags}).eval()  # type: ignore[arg-type]


def round_of(real: Tensor, fake: Tensor) -> Round:
    turn = Turn(0, 0, torch.zeros(len(real), 0), lambda value: value)
    unasked = Verdict(torch.zeros(len(real), 0))
    return Round(turn, real, fake, Condition(), None, unasked, lambda samples: unasked)


def test_true_magnitudes_and_phases_give_the_waveform_back() -> None:
    network, wave = small(final_rounds=0), tones()[:, 0]
    spectra = stft(wave)
    middle = math.pi * torch.arange(513)[:, None]
    made = network._settled(spectra.abs(), spectra.angle() - middle)
    assert torch.allclose(made, wave, atol=1e-4)


def test_rounds_keep_true_phases_and_mend_wrong_ones() -> None:
    """A waveform's own spectrum is a fixed point; from elsewhere each round comes nearer to one."""
    wave = tones()[:, 0]
    spectra = stft(wave)
    middle = math.pi * torch.arange(513)[:, None]
    kept = small(final_rounds=4)._settled(spectra.abs(), spectra.angle() - middle)
    assert torch.allclose(kept, wave / (1 + BLUNT**2) ** 0.5, atol=1e-3)
    wrong = torch.zeros_like(spectra.abs())
    far, near = (
        (
            stft(small(final_rounds=rounds)._settled(spectra.abs(), wrong)).abs() - spectra.abs()
        ).norm()
        for rounds in (0, 16)
    )
    assert near < 0.4 * far


@pytest.mark.parametrize("frames", [2, 16, 61])
def test_sound_has_256_samples_a_frame(frames: int) -> None:
    made = small()(NOTHING, Condition(map=torch.rand(1, 80, frames) - 0.5))
    assert made.shape == (1, 1, 256 * frames)
    assert made.abs().max() <= 1


def test_channels_are_made_alike_and_alone() -> None:
    left, right = torch.rand(1, 80, 16) - 0.5, torch.rand(1, 80, 16) - 0.5
    network = small(Spec((2, 4096), 0, map=(160, 16)))
    made = network(NOTHING, Condition(map=torch.cat([left, right], 1)))
    swapped = network(NOTHING, Condition(map=torch.cat([right, left], 1)))
    assert torch.allclose(made, swapped.flip(1), atol=1e-6)


def test_pieces_with_context_equal_the_whole() -> None:
    """What lies further than the blocks and the rounds reach is not heard."""
    network = small()
    map = to_unit(log_mel(tones(1, 256 * 96)[:, 0], 16_000))
    whole = network(NOTHING, Condition(map=map))[0, 0]
    reach = network.reach
    piece = network(NOTHING, Condition(map=map[..., 48 - reach : 64 + reach]))[0, 0]
    inner = piece[256 * reach : 256 * (16 + reach)]
    assert torch.allclose(inner, whole[256 * 48 : 256 * 64], atol=1e-4)


def test_loudness_of_the_mels_is_that_of_the_sound() -> None:
    network = small()
    torch.nn.init.zeros_(network.spectrum.weight)
    map = to_unit(log_mel(tones()[:, 0], 16_000))
    softer = to_unit(from_unit(map) - 0.5)
    made, quiet = (network(NOTHING, Condition(map=m)) for m in (map, softer))
    assert float(quiet.detach().norm() / made.detach().norm()) == pytest.approx(10**-0.5, rel=0.05)


def test_silence_stays_silent() -> None:
    wave = tones(1, 16384)
    wave[..., 8192:] = 0
    made = small()(NOTHING, Vocode().known({"source": wave}))[0, 0].detach()
    assert made[: 8192 - 1024].abs().max() > 0.1
    assert not made[8192 + 1024 :].any()


def test_slopes_stay_bounded_where_frames_cancel_out() -> None:
    """Sound that breaks off: with rounds that turn freely there, slopes were a thousand times as
    steep, and training diverged within 20 steps."""
    wave = tones(4, 16384)
    wave[..., 6000:] = 0
    network = small(width=32, hidden=64, rounds=3).train()
    made = network(torch.zeros(4, 0), Vocode().known({"source": wave}))
    played = round_of(wave, made)
    (mel().measure(played) + stft_term().measure(played)).backward()
    slopes = torch.stack([p.grad.norm() for p in network.parameters() if p.grad is not None])
    assert slopes.max() < 10


def test_every_weight_learns() -> None:
    network = small()
    network(NOTHING, Condition(map=torch.rand(1, 80, 16) - 0.5)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_the_vocoder_learns_to_sound_like_its_mels() -> None:
    """Of tones that it never heard, it comes nearer than least squares and four rounds alone."""
    task, network = Vocode(), small(width=32, hidden=64)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    terms = [mel(), stft_term()]

    def cost(real: Tensor, condition: Condition) -> Tensor:
        played = round_of(real, network(torch.zeros(len(real), 0), condition))
        return sum((t.weight(0) * t.measure(played) for t in terms), torch.zeros(()))

    held = Batch(tones(8, seed=1), task.known({"source": tones(8, seed=1)}))
    before = float(cost(*held[:2]).detach())
    for step in range(60):
        torch.manual_seed(step)
        batch = task.prepare({"sample": tones(8, seed=step + 2)})
        loss = cost(batch.real, batch.condition)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(cost(*held[:2]).detach()) < 0.8 * before


def test_distances_are_zero_for_the_same_and_know_a_factor_of_ten() -> None:
    wave = tones()
    for term in (mel(), stft_term()):
        assert float(term.measure(round_of(wave, wave))) == 0
    apart = (log_mel(wave, 16_000) > -3.9).float().mean()
    found = mel().measure(round_of(wave, wave / 10))
    assert apart <= found <= 1
    assert float(stft_term().measure(round_of(wave, 2 * wave))) > 1


def test_a_verdict_counts_each_period_and_each_scale_alike() -> None:
    network = Discriminator(SPEC, width=2, periods=(2, 3), scales=2)
    verdict = network(tones(), Condition())
    assert verdict.logits.shape[0] == 2
    assert verdict.logits.shape[1] % 4 == 0
    assert len(verdict.features) == 4 * 5
    assert all(len(feature) == 2 for feature in verdict.features)
    assert not Discriminator(SPEC, width=2, keep_features=False)(tones(), Condition()).features


def test_a_verdict_does_not_depend_on_neighbours() -> None:
    network = Discriminator(SPEC, width=2)
    one = network(tones()[:1], Condition()).logits
    assert torch.allclose(network(tones(), Condition()).logits[:1], one, atol=1e-5)


def test_the_task_makes_mels_of_what_is_heard() -> None:
    task = Vocode(quieter=20.0)
    torch.manual_seed(0)
    batch = task.prepare({"sample": tones(4)})
    assert torch.equal(batch.condition.map, task.known({"source": batch.real}).map)
    loudness = batch.real.norm(dim=2) / tones(4).norm(dim=2)
    assert 0.1 <= loudness.min() < loudness.max() <= 1
    assert task.map_shape((2, 4096), ()) == (160, 16)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Vocode().map_shape((3, 32, 32), ()),
        lambda: Vocode().map_shape((1, 4000), ()),
        lambda: Vocode().map_shape((1, 512), ()),
        lambda: Generator(Spec((3, 32, 32), 0, map=(3, 32, 32))),
        lambda: Generator(Spec((1, 4096), 0, map=(40, 16))),
        lambda: Generator(Spec((1, 4096), 0)),
        lambda: Discriminator(Spec((3, 32, 32), 0)),
        lambda: recipe_named("vocoder", {"mel": 0.0, "stft": 0.0}),
    ],
)
def test_what_is_no_sound_is_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]


def test_a_vocoder_stands_beside_griffin_and_lim() -> None:
    task, sound = Vocode(), Sound(4096)
    found = task.baselines(sound.judging("notes"), sound, lambda: tones())
    known = task.known({"source": tones()}).map
    made = found["griffin-lim"](known, (1, 4096))
    assert made.shape == (2, 1, 4096)
    assert (to_unit(log_mel(made[:, 0], 16_000)) - known).abs().mean() < 0.1
    assert not task.baselines(sound.judging("notes"), Sound(4096, channels=2), tones)


def test_the_shipped_vocoder_is_small_and_whole_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert voice.WEIGHTS.stat().st_size <= 4e6
    mels = to_unit(log_mel(tones(1, 256 * 400)[:, 0], 16_000))
    whole = voice.by_vocoder(mels)
    monkeypatch.setattr(voice, "FRAMES", 150)
    assert whole.shape == (1, 256 * 400)
    assert (voice.by_vocoder(mels) - whole).abs().max() < 0.005 * whole.abs().max()


def test_the_shipped_vocoder_tells_pitches_and_is_nearer_than_phases_alone() -> None:
    """Voiced sound with six harmonics, of a pitch that glides."""
    time = torch.arange(32_768) / 16_000
    pitch = 140 + 60 * time
    turns = 2 * math.pi * torch.cumsum(pitch / 16_000, 0)
    sound = sum(0.3 / k * torch.sin(k * turns) for k in range(1, 7))[None]  # type: ignore[index]
    mels = to_unit(log_mel(sound, 16_000))
    apart = {
        make: (to_unit(log_mel(make(mels, 16_000), 16_000)) - mels).abs().mean()
        for make in (voice.by_vocoder, voice.by_phases)
    }
    assert apart[voice.by_vocoder] < apart[voice.by_phases]
    spectrum = stft(voice.by_vocoder(mels))[0].abs()
    heard = spectrum[:24, 8:-8].argmax(0) * 16_000 / 1024
    asked = stft(sound)[0].abs()[:24, 8:-8].argmax(0) * 16_000 / 1024
    assert (heard - asked).abs().max() <= 16


def test_spectrograms_are_heard_by_the_vocoder_at_its_own_rate_only() -> None:
    mels = Mel(4096).encode((tones(2) * 32767).to(torch.int16))
    assert torch.equal(Mel(4096).decode(mels), waves(voice.waveforms(mels, 16_000)))
    other = Mel(4096, rate=22_050).decode(mels)
    phases = torch.stack([voice.by_phases(mel, 22_050) for mel in mels])
    assert torch.equal(other, waves(phases))
    stereo = mels.expand(2, 2, 80, 16)
    made = Mel(4096, channels=2).decode(stereo)
    assert torch.equal(made[:, 0], made[:, 1]) and made.shape == (2, 2, 4096)


def test_a_damaged_vocoder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vocoder.safetensors").write_bytes(b"nothing")
    monkeypatch.setattr(voice, "WEIGHTS", tmp_path / "vocoder.safetensors")
    voice.vocoder.cache_clear()
    with pytest.raises(InputError, match="reinstall"):
        voice.vocoder()
