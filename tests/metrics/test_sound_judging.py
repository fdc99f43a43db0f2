"""What sounds are judged by: against closed forms and second implementations."""

from __future__ import annotations

import math

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

import sparring
from sparring.core import spectra
from sparring.core.errors import InputError
from sparring.domains.mel.domain import Mel
from sparring.domains.sound import baselines, fidelity, judge, judging
from sparring.domains.sound.domain import Sound
from sparring.metrics.score import score

RATE, LENGTH = 16000, 16384


def tone(hertz: float, length: int = LENGTH, rate: int = RATE) -> Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(length) / rate)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def test_mel_distance_is_librosas():
    real, fake = (
        noise(2, 1, LENGTH),
        noise(2, 1, LENGTH, seed=1) * torch.tensor([1.0, 3.0])[:, None, None],
    )
    bank = librosa.filters.mel(sr=RATE, n_fft=1024, n_mels=80)

    def decibels(wave: Tensor) -> np.ndarray:
        padded = np.pad(wave.numpy(), 384, mode="reflect")
        size = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False))
        return 20 * np.log10(np.maximum(bank @ size, 1e-5))

    theirs = [
        np.abs(decibels(x[0]) - decibels(y[0])).mean() for x, y in zip(fake, real, strict=True)
    ]
    assert fidelity.mel(fake, real, RATE).tolist() == pytest.approx(theirs, rel=1e-3)


def test_a_gain_moves_every_mel_band_by_its_decibels():
    real = noise(3, 1, LENGTH)
    assert fidelity.mel(real * 10, real, RATE).tolist() == pytest.approx([20.0] * 3, abs=1e-3)
    pictures = [spectra.to_unit(spectra.log_mel(x, RATE)) for x in (real * 10, real)]
    assert fidelity.of_spectrograms(*pictures).tolist() == pytest.approx([20.0] * 3, abs=1e-3)


def test_stft_distance_of_a_gain_is_its_closed_form():
    real = noise(2, 1, LENGTH)
    found = fidelity.stft(real * 3, real)
    assert found.tolist() == pytest.approx([2 + math.log(3)] * 2, rel=1e-4)
    assert fidelity.stft(real, real).tolist() == [0.0, 0.0]


def test_si_sdr_is_its_closed_form_and_knows_no_scale():
    real, other = tone(500.0)[None, None], tone(1000.0)[None, None]
    made = real + 0.1 * other  # orthogonal, a tenth as large: 20 dB
    assert fidelity.si_sdr(made, real).item() == pytest.approx(20.0, abs=0.05)
    assert fidelity.si_sdr(7 * made, real).item() == pytest.approx(
        fidelity.si_sdr(made, real).item()
    )
    assert fidelity.si_sdr(real, real).item() == 60.0
    assert fidelity.si_sdr(other, real).item() < -20


def voice() -> Tensor:
    """A buzz whose level comes and goes as syllables do."""
    buzz = sum(tone(150.0 * n) / n for n in range(1, 20))
    return (buzz * (0.6 + 0.4 * tone(4.0)) * 0.2)[None, None]


def test_intelligibility_falls_with_noise_and_is_unknown_of_next_to_nothing():
    pytest.importorskip("pystoi")
    clean = voice()
    values = [
        fidelity.stoi(clean + level * noise(1, 1, LENGTH), clean, RATE).item()
        for level in (0.0, 0.5, 5.0)
    ]
    assert values[0] == pytest.approx(1.0, abs=1e-3)
    assert values[0] > values[1] > values[2]
    assert fidelity.stoi(clean[..., :3000], clean[..., :3000], RATE).isnan().all()


def test_pesq_of_the_same_is_the_most_it_says():
    pytest.importorskip("pesq")
    clean = voice()
    best = fidelity.pesq(clean, clean, RATE).item()
    assert best == pytest.approx(4.64, abs=0.01)
    assert fidelity.pesq(clean + noise(1, 1, LENGTH), clean, RATE).item() < best - 0.5
    assert fidelity.pesq(clean * 0, clean * 0, RATE).isnan().all()


@pytest.mark.parametrize("measure", [fidelity.stft, fidelity.si_sdr])
def test_sounds_of_other_shapes_are_refused(measure):
    with pytest.raises(InputError, match="one shape"):
        measure(noise(1, 1, 4096), noise(1, 1, 4097))
    with pytest.raises(InputError, match="needs sounds"):
        measure(noise(1, 4096), noise(1, 4096))


def test_means_leave_out_what_cannot_be_said():
    values = torch.tensor([1.0, float("nan"), 3.0])
    found = judging.likened(lambda fake, real: values)
    assert found.measure(noise(3, 1, 8), noise(3, 1, 8)).value == 2.0
    none = judging.likened(lambda fake, real: values * float("nan"))
    assert math.isnan(none.measure(noise(3, 1, 8), noise(3, 1, 8)).value)


def test_a_steady_tone_hums_and_music_noise_hits_and_silence_do_not():
    fading = tone(200.0) * torch.exp(-torch.arange(LENGTH) / 3000)
    chord = tone(300.0) + tone(500.0) + tone(900.0)
    climbing = torch.sin(2 * math.pi * 400 * torch.arange(LENGTH).div(RATE).square())
    gone = tone(440.0) * (torch.arange(LENGTH) < LENGTH // 2)
    sounds = [
        tone(250.0),
        tone(4000.0) + noise(LENGTH),
        fading,
        chord,
        climbing,
        gone,
        noise(LENGTH),
        torch.zeros(LENGTH),
    ]
    found = judging.hums(torch.stack(sounds)[:, None] * 0.3)
    assert found.tolist() == [True, True, False, False, False, False, False, False]


def test_hum_is_a_score_of_what_was_made_and_of_the_floor(tmp_path):
    made = torch.cat([tone(250.0)[None, None].repeat(10, 1, 1) * 0.3, noise(30, 1, LENGTH)])
    np.savez(tmp_path / "set.npz", sample=(noise(120, 1, LENGTH) * 9e3).short(), rate=RATE)
    data = sparring.load_data(tmp_path / "set.npz", kind="sounds", held_out=0.3)
    found = sparring.evaluate(made, data)
    hum = found.scores["hum"]
    assert hum.value == 0.25 and hum.low < 0.25 < hum.high and found.directions["hum"]
    assert found.floor is not None and found.floor.scores["hum"].value == 0.0


def test_what_is_said_of_spectrograms_alone_is_said_of_their_sound():
    sound = torch.stack([tone(250.0), noise(LENGTH)])[:, None] * 0.3
    domain = Mel(LENGTH)
    found = domain.judging("drums").alone["hum"](domain.encode(sound))
    assert found.tolist() == [True, False]


def test_spectrograms_are_made_sound_once_for_all_that_listen(monkeypatch):
    from sparring.verbs.shares import pieces_of, read

    domain, decode, decoded = Mel(LENGTH), Mel.decode, []

    def counted(self: Mel, samples: Tensor) -> Tensor:
        decoded.append(len(samples))
        return decode(self, samples)

    spectrograms = domain.encode(domain.sound.decode(noise(4, 1, LENGTH)))
    alone = [tell(spectrograms) for tell in domain.judging("x").alone.values()]
    known = domain.judging("x").extractor().embed(spectrograms).features
    monkeypatch.setattr(Mel, "decode", counted)
    found = domain.judging("x")
    also = list(found.alone.values())
    embedded, told = read(pieces_of(spectrograms, 2), found.extractor(), also=also)
    assert decoded == [2, 2] and also
    assert torch.equal(embedded.features, known)
    assert all(torch.equal(a, b.float()) for a, b in zip(told, alone, strict=True))


def test_drums_are_heard_by_their_judge_and_all_else_by_bands():
    assert Sound(LENGTH).judging("drums").extractor().name == "drums"
    assert Mel(LENGTH).judging("drums").extractor().name == "drums"
    assert Sound(LENGTH).judging("speech:june").extractor().name == "bands"
    assert Sound(LENGTH).judging("my folder").extractor("drums").name == "drums"


def test_speech_is_understood_and_drums_are_not():
    pytest.importorskip("pystoi")
    assert "stoi" in Sound(LENGTH).judging("speech").measures
    assert "stoi" not in Sound(LENGTH).judging("drums").measures
    assert set(Mel(LENGTH).judging("speech").measures) == {"mel"}


def test_the_judge_hears_any_length_rate_and_number_of_channels_alike():
    sounds = torch.cat([noise(4, 1, 24576), voice().repeat(1, 1, 2)[..., :24576]])
    fine = torch.stack(
        [
            torch.from_numpy(librosa.resample(s.numpy(), orig_sr=RATE, target_sr=48000))
            for s in sounds
        ]
    )
    known = judge.judge(RATE).embed(sounds)
    assert known.features.shape == (5, 128) and known.logits is not None
    assert known.logits.shape == (5, 7)
    other = judge.judge(48000).embed(fine.repeat(1, 2, 1))
    gap = (other.features - known.features).norm() / known.features.norm()
    assert gap < 0.1
    assert judge.WEIGHTS.stat().st_size < 1_000_000


def test_a_judge_without_weights_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "broken").write_bytes(b"\x00" * 20)
    monkeypatch.setattr(judge, "WEIGHTS", tmp_path / "broken")
    with pytest.raises(InputError, match="reinstall"):
        judge.judge(RATE)


def test_the_judge_tells_noise_like_a_cymbal_from_a_low_drum():
    time = torch.arange(LENGTH)
    low = torch.stack([tone(h) * torch.exp(-time / 2500) for h in (48.0, 55.0, 62.0, 70.0)])
    high = noise(4, LENGTH).diff(prepend=torch.zeros(4, 1)) * torch.exp(-time / 6000)
    classes = ("kick", "click", "snare", "tom", "hihat", "cymbal", "hand")
    found = judge.judge(RATE).classify(torch.cat([low, high])[:, None])
    assert found is not None
    names = [classes[place] for place in found.argmax(1).tolist()]
    assert set(names[:4]) <= {"kick", "tom", "hand"} and set(names[4:]) <= {"hihat", "cymbal"}


def test_scores_of_sounds_come_with_their_intervals():
    extractor = Sound(LENGTH).judging("drums").extractor()
    found = score(noise(40, 1, 4096), noise(40, 1, 4096, seed=1), extractor)
    for name in ("kernel", "precision", "recall"):
        interval = found.scores[name]
        assert interval.low <= interval.value <= interval.high


def test_filtered_noise_has_the_power_of_its_labels_spectrum():
    samples = torch.stack([tone(500.0), tone(500.0) * 2, tone(3000.0)])[:, None] * 0.1
    labels = torch.tensor([0, 0, 1])
    made = baselines.filtered_noise(samples, labels, torch.tensor([1, 0, 0, 1] * 50))
    power = torch.fft.rfft(made).abs().square().mean(1)
    low, high = (power[torch.tensor(rows)].mean(0) for rows in (([1, 2] * 1), ([0, 3] * 1)))
    assert low.argmax() == round(500 * LENGTH / RATE) and high.argmax() == 3072
    assert made[1::4].square().mean().item() == pytest.approx(
        samples[:2].square().mean().item(), rel=0.5
    )
    again = baselines.filtered_noise(samples, labels, torch.tensor([1, 0, 0, 1] * 50))
    assert torch.equal(made, again)


def test_halves_are_of_two_training_samples_of_the_label():
    samples = torch.arange(6.0)[:, None, None].expand(6, 1, 8) / 6
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    made = baselines.halves(samples, labels, torch.tensor([0, 1, 1, 0]))
    first, second = made[:, 0, 0] * 6, made[:, 0, 7] * 6
    assert (first != second).all() and (made[:, 0, :4] == made[:, 0, :1]).all()
    assert [(v >= 2.5).item() for v in first] == [False, True, True, False]
    assert [(v >= 2.5).item() for v in second] == [False, True, True, False]


def test_matched_spectrum_undoes_a_gain_of_every_frequency():
    targets = noise(6, 1, LENGTH)
    dull = torch.nn.functional.conv1d(targets, torch.tensor([[[0.3, 0.4, 0.3]]]), padding=1)
    match = baselines.matched_spectrum(targets)
    made = match(dull, (1, LENGTH))
    assert fidelity.mel(made, targets, RATE).mean() < 0.3 * fidelity.mel(dull, targets, RATE).mean()


def test_griffin_lim_finds_a_sound_with_these_bands_as_librosa_does():
    wave = (voice() + 0.05 * noise(1, 1, LENGTH))[0]
    bands = spectra.mel(wave, RATE)
    made = baselines.griffin_lim(RATE)(spectra.to_unit(bands.clamp_min(1e-5).log10()), (1, LENGTH))
    # Its frames are centred on multiples of the hop, 128 samples before ours.
    theirs = librosa.feature.inverse.mel_to_audio(
        bands[0].numpy(), sr=RATE, n_fft=1024, hop_length=256, power=1.0, n_iter=60, length=16128
    )
    part = wave[None, :, 128 : 128 + 16128]
    ours = fidelity.mel(made, wave[None], RATE).item()
    assert ours < 1.2 * fidelity.mel(torch.from_numpy(theirs)[None, None], part, RATE).item()


def test_domains_name_what_learning_must_beat():
    sound, mel = Sound(LENGTH), Mel(LENGTH)
    targets = noise(3, 1, LENGTH)
    assert set(sound.judging("notes").baselines(sound, lambda: targets)) == {
        "identity",
        "spectral matching",
    }
    pictures = spectra.to_unit(spectra.log_mel(targets, RATE))
    assert set(mel.judging("notes").baselines(mel, lambda: pictures)) == {"identity", "bands"}
    assert not mel.judging("notes").baselines(sound, lambda: pictures)
