"""Networks say what they accept: what they say yes to can be built and played, and no is no."""

from __future__ import annotations

import itertools
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import sparring.networks
from sparring.core.accepts import ALL, Accepts
from sparring.core.errors import InputError
from sparring.core.part import Part, public_names, resolve
from sparring.core.types import Block, Condition, Spec
from sparring.data import load
from sparring.recipes import recipe_named
from sparring.recipes.choices import network_names
from sparring.verbs.check import check_data, check_network
from sparring.verbs.fitting import fitting

NAMES = [
    f"{module.name}:{name}"
    for module in pkgutil.iter_modules(sparring.networks.__path__, "sparring.networks.")
    for name in public_names(module.name)
]
ACCEPTS: dict[str, Accepts] = {
    name: vars(resolve(name))["accepts"] for name in NAMES if "accepts" in vars(resolve(name))
}
PATCHES = ("patch:Discriminator", "spectral:Discriminator")
"""They see the map beside the sample unless told otherwise."""
SPECS = [
    Spec(
        shape,
        4,
        map=(5, *shape[1:]) if mapped and len(shape) > 1 else (),
        blocks=(Block(3, "softmax"), Block(2, "linear")) if mixed else (),
        **({"classes": 3, "vector": 2, "tokens": (4, 6)} if told else {}),
    )
    for shape, mapped, mixed, told in itertools.product(
        [(5,), (5, 32), (5, 32, 32), (5, 8, 8, 8)], *[(False, True)] * 3
    )
]

MELS = [Spec((1, 1024), 4, map=(80, 4)), Spec((2, 2048), 0, map=(160, 8))]
"""Sound and its spectrogram, which vocoders alone make it of."""


def part(name: str, spec: Spec) -> Part:
    module = name.rpartition(".")[2].partition(":")[0]
    if name.endswith(PATCHES):
        return Part(name, width=4, layers=1, form="concat" if spec.map else "none")
    return Part(name, **({"widths": (8, 8)} if module in ("dense", "dcgan") else {"width": 8}))


def test_every_architecture_says_what_it_accepts() -> None:
    for name in network_names():
        assert {f"sparring.networks.{name}:{r}" for r in ("Generator", "Discriminator")} <= {
            *ACCEPTS
        }


@pytest.mark.parametrize("name", ACCEPTS)
def test_what_is_accepted_is_played(name: str) -> None:
    specs = [*SPECS, *MELS] if ".vocoder:" in name else SPECS
    accepted = [spec for spec in specs if not ACCEPTS[name].refusal(spec)]
    assert accepted
    for spec in accepted:
        torch.manual_seed(0)
        if name.endswith(":Generator"):
            check_network(part(name, spec), spec)
        elif name.endswith(":Encoder"):
            read = part(name, spec).build(spec)(torch.randn(2, *spec.shape), Condition())
            assert read.logits.shape == (2, 8)
        elif not name.endswith(PATCHES) or spec.map:
            check_network(part(name, spec), spec, outputs=1)


@pytest.mark.parametrize("name", ACCEPTS)
def test_what_is_refused_has_a_reason(name: str) -> None:
    for spec in SPECS:
        if ACCEPTS[name].refusal(spec):
            with pytest.raises(InputError):
                check_network(part(name, spec), spec, outputs=1)


def test_a_network_that_does_not_say_is_taken_to_accept_all() -> None:
    assert not any(ALL.refusal(spec) for spec in SPECS)


@pytest.mark.parametrize(
    ("accepts", "says"),
    [
        (Accepts(space=frozenset({1, 2})), r"in 1 or 2 dimensions of space, not on samples \(5,\)"),
        (Accepts(conditions=frozenset({"map"})), "told no label and no tokens"),
        (Accepts(needs=frozenset({"map"})), "needs a map"),
        (Accepts(blocks=False), "not of blocks"),
    ],
)
def test_reasons_are_words(accepts: Accepts, says: str) -> None:
    spec = Spec((5,), 4, classes=2, tokens=(3, 3), blocks=(Block(5, "softmax"),))
    assert re.search(says, accepts.refusal(spec))


def test_a_recipe_that_does_not_fit_names_those_that_do(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", sample=np.random.default_rng(0).normal(size=(600, 6)))
    data = load(str(tmp_path / "rows.npz"))
    able = fitting(data)
    assert {"gan", "r3"} <= {*able} and not {"dcgan", "cgan", "inpaint", "pix2pix"} & {*able}
    for name in able:
        check_data(recipe_named(name, rank=0), data)
    says = r"'dcgan' cannot learn .*: its generator works in 1 or 2 or 3 .* these .* can: gan, .*r3"
    with pytest.raises(InputError, match=says):
        check_data(recipe_named("dcgan"), data)
    with pytest.raises(InputError, match="its generator works in 1 or 2 or 3"):
        check_data(recipe_named("inpaint"), data)
    with pytest.raises(InputError, match="its generator works in 2 dim"):
        check_data(recipe_named("superres"), data)
