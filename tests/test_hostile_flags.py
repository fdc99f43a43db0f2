"""Values that nobody should give to a flag, given to each: one sentence, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]

VALUES = (
    "",
    " ",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "9" * 30,
    "0x10",
    "1,2,3,4,5",
    "\x1b[31mred",
    "💥",
)
FEW = ("", "-1", "nan", "9" * 30, "\x1b[31mred")
"""For trainings, which take longer where a value turns out to be harmless."""
FLAGS = {
    "sample": ("--count", "--seed", "--label", "--vector", "--truncation", "--device"),
    "interpolate": ("--stops", "--frames", "--seed", "--label", "--to", "--truncation"),
    "reconstruct": ("--count", "--size", "--fit"),
    "evaluate": (
        "--count",
        "--split",
        "--extractor",
        "--seed",
        "--size",
        "--fit",
        "--range",
        "--pairs",
    ),
    "resume": ("--steps", "--minutes", "--data"),
    "translate": ("--seed", "--tile", "--style", "--existing"),
    "repair": ("--mask", "--tile"),
    "upscale": ("--tile", "--existing"),
    "blend": ("--at", "--height"),
    "data check": ("--size", "--batch", "--channels", "--pairs", "--range", "--fit"),
    "train gan": (
        *("--seed", "--size", "--channels", "--pairs", "--range", "--fit", "--data-kind", "--loss"),
        *("--penalty", "--gamma", "--every", "--augment", "--widths", "--latent", "--lr"),
        *("--log-every", "--sample-every", "--checkpoint-every", "--keep", "--track", "--set"),
    ),
}
QUICK = {"evaluate": ("--count", "40")}


def arguments(verb: str, run: Path, data: str, place: Path) -> list[str]:
    """What the verb needs beside the flag, so that nothing but the flag can be wrong."""
    if verb == "data check":
        return [data]
    if verb == "train gan":
        tiny = ("--discriminator-widths", "4", "--batch", "8", "--steps", "1", "--quiet")
        return ["--data", data, "--run", str(place / "new"), *tiny]
    if verb in ("sample", "interpolate", "reconstruct"):
        return [str(run), "--out", str(place / "out.png")]
    if verb in ("translate", "repair", "upscale"):
        return [str(run), str(place / "given.png"), "--out", str(place / "out.png")]
    if verb == "blend":
        return [str(run), *[str(place / "given.png")] * 2, "--out", str(place / "out.png")]
    return [str(run)]


@pytest.mark.parametrize(("verb", "flag"), [(v, f) for v, flags in FLAGS.items() for f in flags])
def test_a_hostile_value_is_a_sentence_or_harmless(
    verb: str, flag: str, tiny_run: Path, tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    for number, value in enumerate(FEW if verb == "train gan" else VALUES):
        place = tmp_path / str(number)
        place.mkdir()
        words = [*verb.split(), *arguments(verb, tiny_run, tiny_npz, place)]
        code, said, err = sparring(*words, *QUICK.get(verb, ()), flag, value)
        told = f"{verb} {flag} {value!r}: {code} {err}"
        assert code in (0, 1, 2), told
        assert "Traceback" not in said + err and "\x1b" not in err, told
        if code == 2:
            sentences = [line for line in err.splitlines() if line.startswith("sparring: ")]
            # The verdict of a check is its report, on what there is to be told of the data.
            assert len(sentences) == 1 or (verb == "data check" and said), told
            assert not any(place.iterdir()), told
