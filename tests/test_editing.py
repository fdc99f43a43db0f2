"""Pictures found in a model's latent space, and moved there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from sparring.artifact import codes as coded
from sparring.artifact import named
from sparring.artifact.codes import Codes
from sparring.artifact.directions import principal, probes, strongest
from sparring.artifact.features import first_grid
from sparring.artifact.model import Model
from sparring.artifact.named import Directions
from sparring.core.errors import InputError
from sparring.core.types import Condition
from sparring.verbs.editing.directions import along, directions
from sparring.verbs.report import sections
from test_model import untrained

Cli = Callable[..., tuple[int, str, str]]
QUICK = {"draws": 64, "steps": 150, "perceptual": 0.0, "prior": 0.0}


def lively(classes: int = 0, latent: int = 4) -> Model:
    """A dense generator whose samples differ."""
    name, flags = ("cgan", {"network": "dense"}) if classes else ("gan", {"widths": (16,)})
    model = untrained(name, classes=classes, latent=latent, **flags)
    with torch.no_grad():
        for weight in model.networks["generator"].parameters():
            weight.mul_(2.0)
    return model


def saved(model: Model, folder: Path) -> Path:
    model.save(folder)
    return folder


def picture(path: Path, sample: torch.Tensor, scale: int = 1) -> Path:
    levels = ((sample + 1) * 127.5).round().clamp(0, 255).byte().numpy()[0]
    Image.fromarray(levels.repeat(scale, 0).repeat(scale, 1)).save(path)
    return path


@pytest.mark.parametrize("start", ("encoder", "best", "mean"))
def test_a_samples_own_latent_is_found_again(start: str) -> None:
    model = lively()
    truth = coded.drawn(model, 3, seed=5)
    found = model.invert(coded.made(model, truth), start=start, **QUICK)
    assert found.error.max() < 0.005 < found.chance.min()
    torch.testing.assert_close(found.codes.latent, truth.latent, atol=0.1, rtol=0)
    assert found.known.all() and "no likeness" not in found.verdict()


def test_the_label_is_found_with_the_latent() -> None:
    model = lively(classes=3)
    truth = model.sample(2, label="b", seed=3)
    found = model.invert(truth, start="best", **QUICK)
    assert found.error.max() < 0.02
    assert found.codes.told.label is not None and found.codes.told.label.shape == (2, 3)


def test_each_picture_is_inverted_by_itself() -> None:
    model = lively()
    samples = model.sample(2, seed=7)
    both, first = (model.invert(x, **QUICK) for x in (samples, samples[:1]))
    torch.testing.assert_close(both.codes.latent[:1], first.codes.latent, atol=1e-3, rtol=0)


def test_the_linear_encoder_reads_latents_of_a_linear_generator() -> None:
    from sparring.artifact.inverting import _read

    weights, latents = torch.randn(4, 30), torch.randn(500, 4)
    unseen = torch.randn(5, 4)
    found = _read(latents @ weights, latents, unseen @ weights)
    torch.testing.assert_close(found, unseen, atol=0.05, rtol=0.05)


def test_what_a_model_cannot_make_is_said_to_be_no_likeness() -> None:
    model = lively()
    checks = torch.ones(1, 1, 8, 8)
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = -1.0
    found = model.invert(checks, **QUICK)
    assert not found.known.any() and "no likeness" in found.verdict()


def test_tuning_fits_the_generator_and_leaves_the_model_alone() -> None:
    model = lively()
    before = model.sample(2)
    strange = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5
    plain, tuned = (model.invert(strange, **QUICK, tune=tune) for tune in (0, 80))
    assert plain.model is model and torch.equal(plain.codes.latent, tuned.codes.latent)
    assert tuned.error < 0.5 * plain.error
    assert torch.equal(model.sample(2), before)
    assert not any(w.requires_grad for w in tuned.model.networks["generator"].parameters())


def test_the_first_features_say_what_the_latent_cannot(tmp_path: Path) -> None:
    model = untrained("r3", width=4)
    before, truth = model.sample(2), model.sample(2, seed=8).flip(3)
    plain, fuller = (model.invert(truth, **QUICK, features=more) for more in (False, True))
    assert plain.codes.features is None and torch.equal(plain.error, plain.alone)
    assert bool((fuller.error < 0.9 * fuller.alone).all())
    assert torch.equal(model.sample(2), before), "no hook is left behind"
    coded.write(fuller.codes, tmp_path / "x.safetensors")
    codes, _ = coded.read(model, tmp_path / "x.safetensors")
    torch.testing.assert_close(coded.made(model, codes), fuller.samples)
    one = coded.made(model, fuller.one(1).codes)
    torch.testing.assert_close(one, fuller.samples[1:], atol=1e-5, rtol=0)
    with pytest.raises(InputError, match="codes of this model"):
        coded.read(untrained("r3", width=8), tmp_path / "x.safetensors")


def test_features_are_added_to_samples_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained("r3", width=4)
    codes = coded.drawn(model, 5)
    layer, grid = first_grid(model) or pytest.fail("a convolutional generator has a grid")
    more = torch.randn(5, *grid.shape[1:])
    full = replace(codes, features=more)
    singly = torch.cat([coded.made(model, full.rows(slice(k, k + 1))) for k in range(5)])
    monkeypatch.setattr("sparring.artifact.model.CHUNK", 2)
    torch.testing.assert_close(coded.made(model, full), singly, atol=1e-5, rtol=0)
    assert not torch.allclose(singly, coded.made(model, codes))
    assert not layer._forward_hooks


def test_what_is_fitted_to_anything_is_still_no_likeness() -> None:
    model = untrained("r3", width=4)
    checks = torch.full((1, 1, 8, 8), 0.5)
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = -0.5
    found = model.invert(checks, **QUICK, tune=200)
    assert found.error < found.usual < found.alone
    assert not found.known.any() and "no likeness" in found.verdict()


def test_features_can_be_gone_backward_through_after_scoring() -> None:
    from sparring.networks import shipped

    def build(weights: Mapping[str, torch.Tensor]) -> torch.nn.Linear:
        return torch.nn.Linear(3, 2)

    path = Path(shipped.__file__).parents[1] / "absent"
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        kept = save(torch.nn.Linear(3, 2).state_dict())
        patch.setattr(Path, "read_bytes", lambda self: kept)
        network, _ = shipped.shipped("judge", path, build)
    sample = torch.randn(1, 3, requires_grad=True)
    network(sample).sum().backward()
    assert sample.grad is not None


def test_inverting_refuses_what_makes_no_sense() -> None:
    model = lively()
    for wrong, words in (
        ({"start": "middle"}, "start is one of"),
        ({"steps": -1}, "steps must be"),
        ({"draws": 0}, "draws must be"),
        ({"prior": float("nan")}, "prior must be"),
    ):
        with pytest.raises(InputError, match=words):
            model.invert(model.sample(1), **wrong)
    with pytest.raises(InputError, match="not \\(1, 9, 9\\)"):
        model.invert(torch.zeros(1, 1, 9, 9))
    with pytest.raises(InputError, match="NaN"):
        model.invert(torch.full((1, 1, 8, 8), torch.nan))


def test_codes_come_back_from_their_file(tmp_path: Path) -> None:
    model = lively(classes=3)
    found = model.invert(model.sample(1), **QUICK, tune=2)
    coded.write(found.codes, tmp_path / "x.safetensors", found.model.networks)
    codes, tuned = coded.read(model, tmp_path / "x.safetensors")
    torch.testing.assert_close(coded.made(tuned, codes), found.samples)
    with pytest.raises(InputError, match="codes of this model"):
        coded.read(lively(classes=3, latent=5), tmp_path / "x.safetensors")


def test_invert_writes_the_likeness_and_its_codes(tmp_path: Path, sparring: Cli) -> None:
    model = lively()
    run = saved(model, tmp_path / "model")
    photo = picture(tmp_path / "photo.png", model.sample(1, seed=9)[0], scale=3)
    words = ("invert", str(run), str(photo), "--draws", "64", "--steps", "60")
    code, out, err = sparring(*words)
    assert code == 0, err
    assert "random samples is" in out
    likeness = np.asarray(Image.open(tmp_path / "photo-inverted.png"))
    assert likeness.shape == (8, 8)
    codes, _ = coded.read(model, tmp_path / "photo-inverted.safetensors")
    made = model.domain.decode(coded.made(model, codes))[0, 0].numpy()
    assert np.array_equal(likeness, made)
    assert sparring(*words)[0] == 2, "nothing is replaced unasked"


def test_invert_refuses_in_a_sentence(tmp_path: Path, sparring: Cli) -> None:
    run = saved(lively(), tmp_path / "model")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for words in (
        (str(run), str(tmp_path / "absent.png")),
        (str(run), str(broken)),
        ("ready:photos-clean", str(broken)),
        (str(run), str(broken), "--out", str(tmp_path / "x.txt")),
    ):
        code, _out, err = sparring("invert", *words)
        assert code == 2 and err.startswith("sparring: ") and "Traceback" not in err, words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.png", "model"]


def labelled(path: Path, count: int = 300) -> Path:
    """Grey squares, bright or dark on one side: what the label says."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, count)
    pictures = random.integers(100, 156, (count, 1, 8, 8))
    pictures[:, :, :, :4] += np.where(label, 90, -90)[:, None, None, None]
    names = np.array(["dark", "bright"])
    np.savez(path, x=pictures.astype(np.uint8), y=label, names=names)
    return path


def ways_of(count: int = 4, size: int = 6) -> Directions:
    generator = torch.Generator().manual_seed(0)
    ways = torch.nn.functional.normalize(torch.randn(count, size, generator=generator), dim=1)
    names = ("red", "green", "long", "short")
    return Directions(
        dict(zip(names, ways, strict=True)),
        torch.full((size,), 2.0),
        {"colour": names[:2], "length": names[2:]},
        {},
        "",
    )


def test_sefa_is_the_eigenvectors_of_the_first_weight() -> None:
    model = untrained("gan", latent=6, widths=(16,))
    weight = model.networks["generator"].layers[0].weight.detach()
    values, vectors = torch.linalg.eigh(weight.T @ weight)
    expected = vectors.flip(1).T[:3]
    torch.testing.assert_close(strongest(model, 3).abs(), expected.abs(), atol=1e-4, rtol=1e-3)
    assert values[-1] > values[-2]


def test_principal_directions_find_the_latent_that_matters_most() -> None:
    model = untrained("gan", latent=5, widths=(16,))
    with torch.no_grad():
        model.networks["generator"].layers[0].weight[:, 3] *= 12.0
    assert principal(model, 2)[0, 3].abs() > 0.9


def test_probes_are_the_direction_that_was_planted() -> None:
    rows = torch.randn(1000, 5, generator=torch.Generator().manual_seed(0))
    seen = torch.stack([3.0 * rows[:, 1], rows[:, 0] - rows[:, 4]], 1)
    ways, quality = probes(rows, seen)
    half = 0.5**0.5
    expected = torch.tensor([[0, 1.0, 0, 0, 0], [half, 0, 0, 0, -half]])
    torch.testing.assert_close(ways, expected, atol=0.01, rtol=0)
    assert quality.min() > 0.99


def test_a_way_is_orthogonal_to_all_that_is_kept() -> None:
    ways = ways_of()
    way = ways.way("red", ("length",))
    torch.testing.assert_close(way.norm(), torch.tensor(1.0))
    for kept in ("long", "short"):
        assert abs(float(way @ ways.ways[kept])) < 1e-5
    torch.testing.assert_close(ways.way("red"), ways.ways["red"])
    assert float(way @ ways.ways["red"]) > 0


def test_moving_is_in_deviations() -> None:
    ways = ways_of()
    codes = Codes(torch.zeros(2, 6), Condition())
    moved = ways.moved(codes, {"red": 1.5}).latent
    torch.testing.assert_close(moved, (1.5 * 2.0 * ways.ways["red"]).expand(2, -1))


def test_contradictions_are_refused() -> None:
    ways, codes = ways_of(), Codes(torch.zeros(1, 6), Condition())
    for moves, keep, words in (
        ({"blue": 1.0}, (), "unknown direction 'blue'"),
        ({"red": 1.0}, ("breadth",), "unknown direction or attribute 'breadth'"),
        ({"red": 1.0, "green": 2.0}, (), "red and green contradict each other"),
        ({"red": 1.0}, ("colour",), "to be changed and to be kept"),
        ({"red": float("nan")}, (), "strength of red"),
    ):
        with pytest.raises(InputError, match=words):
            ways.moved(codes, moves, keep)


def test_directions_of_labels_are_found_kept_and_followed(tmp_path: Path, sparring: Cli) -> None:
    model, place = lively(), tmp_path / "ways"
    run = saved(model, tmp_path / "model")
    data = labelled(tmp_path / "squares.npz")
    code, out, err = sparring("directions", run, "--data", data, "--out", place, "--count", 2)
    assert code == 0, err
    ways = named.read(place, model)
    assert {"sefa-1", "sefa-2", "pca-1", "pca-2"} < set(ways.ways) and len(ways.ways) == 6
    assert {path.suffix for path in place.iterdir()} == {".png", ".json", ".safetensors"}
    bright = next(name for name in ways.ways if name in ("bright", "1"))
    codes = coded.drawn(model, 64, seed=3)
    before, after = (
        coded.made(model, c)[..., :4].mean() for c in (codes, ways.moved(codes, {bright: 2.0}))
    )
    assert after > before
    assert bright in out and "correlation" in out
    with pytest.raises(InputError, match="of other weights"):
        named.read(place, untrained("gan", latent=4, widths=(16,)))


def test_a_masked_edit_keeps_all_other_pixels_to_the_bit(tmp_path: Path, sparring: Cli) -> None:
    model = lively()
    run = saved(model, tmp_path / "model")
    code, _, err = sparring("directions", run, "--unsupervised")
    assert code == 0, err
    random = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    Image.fromarray(random).save(tmp_path / "photo.png")
    words = ("edit", run, tmp_path / "photo.png", "--set", "sefa-1=+3", "--steps", 10)
    code, out, err = sparring(*words, "--mask", "10,5,20,15")
    assert code == 0, err
    edited = np.asarray(Image.open(tmp_path / "photo-edited.png"))
    inside = np.zeros_like(random, dtype=bool)
    inside[5:15, 10:20] = True
    assert np.array_equal(edited[~inside], random[~inside])
    assert (edited[inside] != random[inside]).any()
    assert "no likeness" in out
    code, _, err = sparring(*words, "--mask", "0,0,3,3", "--overwrite")
    assert code == 2 and "nothing may change" in err


def test_an_edit_in_python_is_the_verbs(tmp_path: Path) -> None:
    model = lively()
    run = saved(model, tmp_path / "model")
    directions(run, run / "directions", labels=False, count=2)
    model, samples = Model.load(run), model.sample(2, seed=4)
    made, found = model.edit(samples, {"sefa-1": 2.0}, **QUICK)
    ways = named.read(run / "directions", model)
    moved = ways.moved(found.codes, {"sefa-1": 2.0})
    torch.testing.assert_close(made, coded.made(model, moved))
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 2:5, 3:6] = 1.0
    inside = mask.bool().expand(2, 1, 8, 8)
    made, _ = model.edit(samples, {"sefa-1": 2.0}, mask=mask, **QUICK)
    assert torch.equal(made[~inside], samples[~inside])
    assert (made[inside] != samples[inside]).any()
    for moves, options, words in (
        ({}, {}, "nothing is to be changed"),
        ({"smile": 1.0}, {}, "unknown direction 'smile'"),
        ({"sefa-1": 1.0}, {"keep": "sefa-1"}, "to be changed and to be kept"),
        ({"sefa-1": 1.0}, {"mask": mask[..., :4]}, "the mask is of shape"),
        ({"sefa-1": 1.0}, {"mask": 0 * mask}, "nothing may change"),
    ):
        with pytest.raises(InputError, match=words):
            model.edit(samples, moves, **options, **QUICK)
    with pytest.raises(InputError, match="name its directions"):
        lively().edit(samples, {"sefa-1": 1.0})


def test_folders_and_several_pictures_go_through_at_once(tmp_path: Path, sparring: Cli) -> None:
    model = lively()
    run = saved(model, tmp_path / "model")
    directions(run, run / "directions", labels=False, count=1)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for k, name in enumerate(("in/a.png", "in/deep/b.png", "c.png")):
        picture(tmp_path / name, model.sample(1, seed=k)[0])
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    quick = ("--draws", 16, "--steps", 4)
    given = (tmp_path / "in", tmp_path / "c.png", "--out", tmp_path / "out")
    code, out, err = sparring("invert", run, *given, *quick)
    assert code == 1 and "broken.png" in err and "could not be read" in err
    names = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*"))
    assert names == sorted(f"{x}.{y}" for x in ("a", "c", "deep/b") for y in ("png", "safetensors"))
    assert "c.png: error" in out and "b.png: error" in out
    codes = (tmp_path / "out" / "a.safetensors", tmp_path / "out" / "c.safetensors")
    code, out, err = sparring("edit", run, *codes, "--set", "pca-1=2", "--out", tmp_path / "moved")
    assert code == 0, err
    assert sorted(p.name for p in (tmp_path / "moved").iterdir()) == ["a.png", "c.png"]
    code, _, err = sparring("edit", run, *codes, "--set", "pca-1=2", "--out", tmp_path / "moved")
    assert code == 2 and "are there already" in err
    code, _, err = sparring("edit", run, *codes, "--set", "pca-1=2", "--out", tmp_path / "x.png")
    assert code == 2 and "need a folder" in err
    twice = (tmp_path / "in" / "a.png", saved_twin(tmp_path / "in" / "a.png"))
    code, _, err = sparring("invert", run, *twice, "--out", tmp_path / "y")
    assert code == 2 and "would become" in err and not (tmp_path / "y").exists()


def saved_twin(path: Path) -> Path:
    """A copy of the same name in another folder."""
    twin = path.parent.parent / "other" / path.name
    twin.parent.mkdir()
    twin.write_bytes(path.read_bytes())
    return twin


def test_a_report_shows_the_clearest_directions_with_their_strengths(tmp_path: Path) -> None:
    model = lively()
    place = saved(model, tmp_path / "model")
    assert sections.edits(place, model) == ""
    found = directions(model, place / "directions", labels=False, count=4).directions
    clear = replace(found, quality={"pca-3": 0.9})
    clear.write(place / "directions")
    shown = sections.edits(place, model)
    names = [*clear.ways]
    assert shown.count("<figure") == sections.EDITS < len(names)
    assert shown.index("pca-3") < shown.index("sefa-1") and "-3 to +3 deviations" in shown
    middle = along(model, found, "pca-3").unflatten(0, (3, 7))[:, 3]
    assert torch.allclose(middle, coded.made(model, coded.drawn(model, 3, seed=1)), atol=1e-6)
    assert "other weights" in sections.edits(place, lively(latent=3))


def test_the_ready_avatars_come_with_directions(tmp_path: Path, sparring: Cli) -> None:
    model = Model.load("ready:avatars")
    ways = named.read(named.beside("ready:avatars"), model)
    assert {"dark skin", "smiling", "pca-1", "sefa-1"} < set(ways.ways)
    photo = picture(tmp_path / "face.png", torch.zeros(1, 64, 64))
    for words, says in (
        (("--set", "freckles=2"), "unknown direction 'freckles'"),
        (("--set", "sad=2", "--keep", "whiskers"), "unknown direction or attribute 'whiskers'"),
        (("--set", "sad=2", "--set", "angry=1"), "sad and angry contradict each other"),
        (("--set", "sad=2", "--keep", "expression"), "to be changed and to be kept"),
    ):
        code, out, err = sparring("edit", "ready:avatars", photo, *words)
        assert (code, out) == (2, "") and says in err, words
    assert [p.name for p in tmp_path.iterdir()] == ["face.png"]


def test_edit_refuses_in_a_sentence(tmp_path: Path, sparring: Cli) -> None:
    run = saved(lively(), tmp_path / "model")
    photo = picture(tmp_path / "photo.png", lively().sample(1)[0])
    for words, says in (
        (("--set", "sefa-1=2"), "there are no directions"),
        (("--set", "sefa-1"), "NAME=STRENGTH"),
    ):
        code, _, err = sparring("edit", run, photo, *words)
        assert code == 2 and says in err
    code, _, err = sparring("directions", run)
    assert code == 2 and "does not say what it was trained on" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "photo.png"]
    assert not (run / "directions").exists()
