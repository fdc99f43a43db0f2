"""Benchmarks, scripts and docs' own programs name only what is there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch

from sparring.core.types import Batch, Condition, Spec
from sparring.recipes import recipe_named

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted(
    path for folder in ("benchmarks", "scripts", "docs") for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_program_imports_from_sparring_is_there(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sparring"):
            module = importlib.import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")


WEIGHTS = {"gamma": 0.5, "mismatched": 0.5, "matched": 1.0}


@pytest.mark.parametrize(
    ("name", "recipe", "spec", "told"),
    [
        ("torch_r3", "r3", Spec((1, 16, 16), 64), {"gamma": 0.5}),
        ("torch_text", "text2image", Spec((1, 16, 16), 64, tokens=(5, 3)), {"weights": WEIGHTS}),
        (
            "torch_pix2pix",
            "pix2pix",
            Spec((1, 16, 16), 0, map=(1, 16, 16)),
            {"weights": {"r1": 1.0, "l1": 100.0, "feature_matching": 10.0}},
        ),
    ],
)
def test_plain_loops_train(name: str, recipe: str, spec: Spec, told: dict[str, Any]) -> None:
    path = ROOT / "benchmarks" / "reference" / f"{name}.py"
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None and found.loader is not None
    plain = importlib.util.module_from_spec(found)
    found.loader.exec_module(plain)
    networks = recipe_named(recipe).networks
    pair = [networks[role].build(spec) for role in ("generator", "discriminator")]
    before = [{n: w.clone() for n, w in network.named_parameters()} for network in pair]
    condition = Condition(
        map=torch.rand(4, *spec.map) if spec.map else None,
        tokens=torch.randint(0, 5, (4, 3)) if spec.tokens else None,
    )
    batches = [Batch(torch.rand(4, *spec.shape), condition)] * 3
    assert plain.train(*pair, batches, *told.values(), spec.latent) > 0
    for network, old in zip(pair, before, strict=True):
        assert any(not torch.equal(w, old[n]) for n, w in network.named_parameters())
