"""Exported models: each family makes in onnxruntime what it makes in PyTorch, and else says why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from exporting.models import SAMPLERS, SPECTROGRAMS, TABLE, TRANSLATORS, pictures, untrained
from sparring import export
from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.streams import latents
from sparring.core.types import Condition, Spec
from sparring.domains.mel.voice import vocoder


def ran(path: Path, **given: Tensor) -> Tensor:
    """What onnxruntime alone makes of it."""
    session = onnxruntime.InferenceSession(str(path))
    values = {name: value.numpy() for name, value in given.items()}
    return torch.from_numpy(session.run(None, values)[0])


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_of_every_recipe(name: str, tmp_path: Path) -> None:
    model = SAMPLERS[name]()
    found = export(model, tmp_path / "model.onnx")
    assert [each.batch for each in found.differences] == [1, 2, 3]
    assert found.facts["batch"] == "any"
    given = {"latent": latents(5, range(5), model.manifest.spec.latent)}
    if model.manifest.spec.classes:
        given["label"] = torch.tensor([0, 1, 2, 0, 1])
    want = model.domain.decode(model.sample(5, seed=5))
    made = ran(found.path, **given)
    assert made.shape == want.shape
    if want.dtype == torch.uint8:
        assert made.dtype == torch.uint8
        assert (made.int() - want.int()).abs().max() <= 1
        assert want.double().std() > 1, "an empty picture would prove nothing"
    elif want.dtype == torch.int16:
        # Phases are sums over all frames, and their sines by other kernels: some steps of 16 bits.
        assert (made - want / 32768).abs().max() <= 1e-3
    else:
        torch.testing.assert_close(made, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_translators_of_every_recipe(name: str, tmp_path: Path) -> None:
    found = export(TRANSLATORS[name](), tmp_path / "model.onnx")
    assert found.facts["batch"] == found.facts["space"] == "any"
    spaces = {each.space for each in found.differences}
    assert len(spaces) >= 2 and all(each.mean < 0.01 for each in found.differences)


@pytest.mark.parametrize("name", SPECTROGRAMS)
def test_models_of_spectrograms_in_any_batch(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocoder(), "final_rounds", 2)  # 32 are written out one by one
    model = SPECTROGRAMS[name]()
    found = export(model, tmp_path / "model.onnx")
    assert found.facts["batch"] == "any" and not found.facts["fixed"]
    assert [each.batch for each in found.differences] == [1, 2, 3]
    if "sample" in model.task.abilities:
        length = 8192  # its network makes so many frames
        want = model.domain.decode(model.sample(2, seed=5))
        made = ran(found.path, latent=latents(5, range(2), model.manifest.spec.latent))
    else:
        length = 12288
        torch.manual_seed(0)
        wave = (torch.randn(2, 1, length) * 3000).to(torch.int16)
        want = model.translate(wave, stored=True)
        made = ran(found.path, source=wave / 32768)
    assert made.shape == want.shape == (2, 1, length)
    # By ear: rounding decides phases where frames cancel out, which no spectrogram shows.
    apart = model.domain.encode(want) - model.domain.encode((made * 32768).to(torch.int16))
    assert apart.abs().mean() < 0.01 < model.domain.encode(want).std()


def test_a_picture_of_any_extent_goes_in_and_out_as_bytes(tmp_path: Path) -> None:
    model = TRANSLATORS["superres"]()
    found = export(model, tmp_path / "x4.onnx")
    picture = torch.randint(0, 256, (1, 3, 23, 37), dtype=torch.uint8)
    made = ran(found.path, source=picture)
    want = model.upscale(picture, stored=True)
    assert made.shape == (1, 3, 92, 148) and made.dtype == torch.uint8
    assert (made.int() - want.int()).abs().max() <= 1


def test_what_is_known_stays_to_the_byte(tmp_path: Path) -> None:
    found = export(TRANSLATORS["inpaint"](), tmp_path / "fill.onnx")
    picture = torch.randint(0, 256, (2, 3, 40, 33), dtype=torch.uint8)
    mask = torch.zeros(2, 1, 40, 33, dtype=torch.uint8)
    mask[:, :, 10:20, 5:9] = 255
    made = ran(found.path, source=picture, mask=mask)
    known = (mask == 0).expand_as(made)
    assert torch.equal(made[known], picture[known])
    assert not torch.equal(made[~known], picture[~known])


def test_the_way_back(tmp_path: Path) -> None:
    model = TRANSLATORS["cyclegan"]()
    picture = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    back = export(model, tmp_path / "back.onnx", reverse=True)
    want = model.translate(picture, reverse=True, stored=True)
    made = ran(back.path, source=picture)
    assert (made.int() - want.int()).abs().max() <= 1
    assert (made.int() - model.translate(picture, stored=True).int()).abs().max() > 1
    with pytest.raises(InputError, match="goes one way only"):
        export(TRANSLATORS["cut"](), tmp_path / "none.onnx", reverse=True)
    assert not (tmp_path / "none.onnx").exists()


def test_weights_in_float16_take_half_and_are_near(tmp_path: Path) -> None:
    model = untrained("r3", pictures(), width=16)
    whole = export(model, tmp_path / "whole.onnx")
    half = export(model, tmp_path / "half.onnx", fp16=True)
    assert half.path.stat().st_size < 0.55 * whole.path.stat().st_size
    assert half.facts["weights"] == "float16"
    assert all(each.most <= 16 and each.mean <= 1 for each in half.differences)
    kept = {weight.data_type for weight in onnx.load(half.path).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kept


def test_facts_lie_in_the_file_and_beside_it(tmp_path: Path) -> None:
    found = export(SAMPLERS["cgan"](), tmp_path / "digits.onnx")
    beside = json.loads((tmp_path / "digits.json").read_text())
    inside = {p.key: json.loads(p.value) for p in onnx.load(found.path).metadata_props}
    assert beside == inside == found.facts
    assert beside["classes"] == ["a", "b", "c"] and beside["reads"] == ["latent", "label"]
    assert [each["batch"] for each in beside["differences"]] == [1, 2, 3]


def test_categories_by_chance_cannot_be_exported(tmp_path: Path) -> None:
    model = untrained("gan", TABLE, widths=(8,), sets={"softmax": "gumbel"})
    with pytest.raises(InputError, match="by chance from the bytes of its latent"):
        export(model, tmp_path / "table.onnx")
    assert not list(tmp_path.iterdir())


class Fixed(nn.Module):
    """A network that reads its batch into the graph as a number."""

    def __init__(self, spec: Spec, way: str = "batch") -> None:
        super().__init__()
        self.layer, self.way = nn.Linear(spec.latent, 64), way

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        made = self.layer(latent)
        if self.way == "values":
            made = made * float(latent.abs().max())
        elif self.way == "batch":
            made = made + torch.arange(len(latent))[:, None] / 10
        else:
            made = torch.linalg.eigvals(made.view(-1, 8, 8)).real.repeat(1, 8)
        return made.view(-1, 1, 8, 8).tanh()


def own(way: str) -> Model:
    base = untrained("gan", pictures(1, 8), widths=(8,))
    part = Part(f"{__name__}:Fixed", way=way)
    recipe = base.manifest.recipe.replace(
        networks={**base.manifest.recipe.networks, "generator": part}
    )
    manifest = dataclasses.replace(base.manifest, recipe=recipe)
    return Model(manifest, {"generator": Fixed(manifest.spec, way)})


def test_a_network_of_one_batch_is_exported_so_and_said(tmp_path: Path) -> None:
    found = export(own("batch"), tmp_path / "model.onnx")
    assert found.facts["batch"] == 1 and len(found.differences) == 1
    assert "for a batch of 1 (at other sizes onnxruntime " in found.summary
    assert found.facts["fixed"] in found.summary


@pytest.mark.parametrize("way", ["values", "eigenvalues"])
def test_a_network_that_no_graph_holds_says_so(way: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this 'gan' model cannot be exported: "):
        export(own(way), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_untrusted_parts_call_nothing(
    tmp_path: Path, sparring: Callable[..., tuple[int, str, str]]
) -> None:
    own("batch").save(tmp_path / "own")
    code, _, said = sparring("export", tmp_path / "own", "-o", tmp_path / "own.onnx")
    assert code == 2 and "--trust" in said and said.count("\n") == 1
    assert not (tmp_path / "own.onnx").exists()


def test_the_verb(
    tiny_run: Path, tmp_path: Path, sparring: Callable[..., tuple[int, str, str]]
) -> None:
    out = tmp_path / "made" / "digits.onnx"
    code, printed, _ = sparring("export", tiny_run, "--out", out)
    assert code == 0
    assert printed.count("a batch of") == 3 and str(out) in printed
    want = Model.load(tiny_run).sample(3, seed=1)
    made = ran(out, latent=latents(1, range(3), 4))
    assert (made.int() - Model.load(tiny_run).domain.decode(want).int()).abs().max() <= 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--out", "there.onnx"), "give --overwrite"),
        (("--out", "folder"), "is a folder"),
        (("--out", "model.pt"), "must end in .onnx"),
        (("--out", "there.onnx/model.onnx"), "cannot write"),
        (("--format", "coreml"), "unknown format 'coreml'"),
        (("--reverse",), "goes one way only"),
    ],
)
def test_bad_places_and_words(
    flags: tuple[str, ...],
    said: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sparring: Callable[..., tuple[int, str, str]],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.onnx").write_text("mine")
    Path("folder").mkdir()
    code, _, sentence = sparring("export", tiny_run, *flags)
    assert code == 2 and said in sentence and sentence.count("\n") == 1, sentence
    assert Path("there.onnx").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"there.onnx", "folder", "run"}


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'sparring\[onnx\]'"):
        export(SAMPLERS["gan"](), tmp_path / "model.onnx")
