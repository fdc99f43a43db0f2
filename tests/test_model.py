"""The trained artifact: samples, walks, safe loading."""

from __future__ import annotations

import json
import math
import os
import pickle
from pathlib import Path

import pytest
import torch

from sparring.artifact.building import build_network
from sparring.artifact.manifest import SCHEMA, Manifest
from sparring.artifact.model import Model
from sparring.artifact.walks import slerp, truncate
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.recipes import recipe_named

SOURCE = Path(__file__).parent.parent / "src"


def untrained(name: str = "gan", classes: int = 0, vector: int = 0, **flags: object) -> Model:
    recipe = recipe_named(name, flags)
    spec = Spec((1, 8, 8), recipe.latent, classes=classes, vector=vector)
    domain = Part("sparring.domains.image.domain:Image", shape=(1, 8, 8))
    names = tuple("abc"[:classes])
    manifest = Manifest(recipe=recipe, domain=domain, spec=spec, data={}, classes=names)
    torch.manual_seed(0)
    kept = ("encoder", "decoder") if name == "vae" else ("generator",)
    return Model(manifest, {net: build_network(manifest, net) for net in kept})


def test_eight_at_once_equal_four_and_four() -> None:
    model = untrained("r3", width=4)
    whole = model.sample(8, seed=3)
    parts = torch.cat([model.sample(4, seed=3), model.sample(4, seed=3, start=4)])
    torch.testing.assert_close(whole, parts, rtol=1e-5, atol=1e-5)
    assert torch.equal(model.domain.decode(whole), model.domain.decode(parts))
    assert not torch.equal(whole, model.sample(8, seed=4))


def test_chunks_never_change_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained("r3", width=4)
    whole = model.sample(10)
    monkeypatch.setattr("sparring.artifact.model.CHUNK", 3)
    # Kernels round by batch size in the last bits of float32; the pictures are the same.
    parts = model.sample(10)
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)
    assert torch.equal(model.domain.decode(parts), model.domain.decode(whole))


def test_samples_lie_in_the_range_of_pictures() -> None:
    samples = untrained("r3", width=4, network="residual").sample(16)
    assert samples.shape == (16, 1, 8, 8)
    assert samples.abs().max() <= 1.0


def test_labels_by_name_number_and_in_turn() -> None:
    model = untrained("cgan", classes=3)
    one = model.sample(6, label="b")
    assert torch.equal(one, model.sample(6, label=1))
    assert torch.equal(one, model.sample(6, label="1"))
    assert torch.equal(model.sample(6)[1], one[1]), "item 1 goes by label 1 in turn"
    for wrong in ("d", 3, -1):
        with pytest.raises(InputError, match="unknown label"):
            model.sample(1, label=wrong)
    with pytest.raises(InputError, match="takes no label"):
        untrained().sample(1, label=0)


def test_vectors_are_asked_for_and_measured() -> None:
    model = untrained("cgan", vector=2, condition="vector")
    assert model.sample(3, vector=(0.5, -1.0)).shape == (3, 1, 8, 8)
    for wrong in (None, (1.0,)):
        with pytest.raises(InputError, match="vector of 2 numbers"):
            model.sample(1, vector=wrong)


def test_truncation_is_the_truncated_normal() -> None:
    torch.manual_seed(0)
    latent = torch.randn(200_000, 1)
    cut = truncate(latent, 1.0)
    assert cut.abs().max() <= 1.0
    # Variance of a normal cut at +-1: 1 - 2 phi(1) / (2 Phi(1) - 1).
    density = math.exp(-0.5) / math.sqrt(2 * math.pi)
    expected = 1 - 2 * density / math.erf(1 / math.sqrt(2))
    assert cut.var().item() == pytest.approx(expected, rel=0.01)
    assert torch.equal(cut.sign(), latent.sign())
    torch.testing.assert_close(truncate(latent, 8.0), latent, rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="above 0"):
        truncate(latent, 0.0)


def test_slerp_keeps_to_the_circle() -> None:
    start, end = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    walk = slerp(start, end, torch.tensor([[0.0], [0.5], [1.0]]))
    half = math.sqrt(2.0)
    torch.testing.assert_close(walk, torch.tensor([[2.0, 0.0], [half, half], [0.0, 2.0]]))
    torch.testing.assert_close(slerp(start, start, torch.tensor([[0.3]])), start[None])


def test_interpolation_passes_through_its_stops() -> None:
    model = untrained()
    walk = model.interpolate(stops=3, frames=4, seed=1)
    assert len(walk) == 2 * 4 + 1
    torch.testing.assert_close(walk[::4], model.sample(3, seed=1), rtol=1e-4, atol=1e-5)


def test_only_autoencoders_reconstruct() -> None:
    model = untrained("vae", latent=4)
    pictures = torch.rand(5, 1, 8, 8) * 2 - 1
    assert model.reconstruct(pictures).shape == pictures.shape
    with pytest.raises(InputError, match="shape"):
        model.reconstruct(torch.zeros(5, 1, 9, 9))
    with pytest.raises(InputError, match="no encoder"):
        untrained().reconstruct(pictures)


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    model = untrained("vae", latent=4)
    model.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert torch.equal(again.sample(4), model.sample(4))
    assert again.manifest == model.manifest


class Trap:
    """Unpickling it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_loading_runs_nothing_from_the_files(tmp_path: Path) -> None:
    folder, sprung = tmp_path / "model", tmp_path / "sprung"
    untrained().save(folder)
    good = (folder / "recipe.json").read_text()
    (folder / "generator.safetensors").write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(InputError, match="damaged"):
        Model.load(folder)
    for call in (
        "os:mkdir",
        "sparring.core.part:importlib",
        "shutil:rmtree",
        "sparring.verbs.run:train",
    ):
        recipe = json.loads(good)
        recipe["recipe"]["networks"]["generator"] = {"call": call, "path": str(sprung)}
        (folder / "recipe.json").write_text(json.dumps(recipe))
        with pytest.raises(InputError, match=r"outside sparring|damaged"):
            Model.load(folder)
    assert not sprung.exists()


def test_no_source_file_unpickles() -> None:
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        assert "import pickle" not in text, path
        assert "allow_pickle=True" not in text, path
        for line in text.splitlines():
            assert "torch.load(" not in line or "weights_only=True" in line, path


def test_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    untrained().save(tmp_path / "model")
    path = tmp_path / "model" / "recipe.json"
    path.write_text(path.read_text().replace(f'"schema": {SCHEMA}', '"schema": 99'))
    with pytest.raises(InputError, match="upgrade"):
        Model.load(tmp_path / "model")


def test_hub_gets_weights_json_and_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, list[str]] = {}

    class Hub:
        def create_repo(self, name: str, **options: object) -> None:
            sent[name] = []

        def upload_folder(self, *, repo_id: str, folder_path: Path) -> str:
            sent[repo_id] = sorted(path.name for path in folder_path.iterdir())
            return f"hub/{repo_id}"

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    model = untrained()
    assert model.push_to_hub("me/digits") == "hub/me/digits"
    assert sent == {"me/digits": ["README.md", "generator.safetensors", "recipe.json"]}
    model.save(tmp_path / "cached")
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda *a, **k: str(tmp_path / "cached")
    )
    assert torch.equal(Model.from_pretrained("me/digits").sample(2), model.sample(2))


def test_a_model_and_its_samples_show_themselves(tmp_path: Path) -> None:
    model = untrained()
    weights = sum(w.numel() for w in model.networks["generator"].parameters())
    shape = " x ".join(map(str, model.manifest.spec.shape))
    assert repr(model) == f"<Model gan on data: {shape}, {weights:,} weights, cpu>"
    shown = model.show(model.sample(4, seed=0))
    assert shown._repr_html_() == model.domain.embed(model.sample(4, seed=0))
    assert shown._repr_png_().startswith(b"\x89PNG") and "4 samples" in repr(shown)
    shown.save(tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes() == shown._repr_png_()


def test_a_saved_model_tells_nobody_where_files_lie(tiny_run: Path, tmp_path: Path) -> None:
    model = Model.load(tiny_run)
    assert Path(model.manifest.data["address"]).is_absolute()
    model.save(tmp_path / "shared")
    told = (tmp_path / "shared" / "recipe.json").read_text()
    card = (tmp_path / "shared" / "README.md").read_text()
    assert "pictures.npz" in told and str(tmp_path.parent) not in told + card
    assert json.loads(told)["sitting"]["command"] is None
