"""What docs/resume.md says of FSDP: where sharded weights give the gradients of one process."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

Ranks = list[subprocess.Popen[str]]
PLAY = """
import contextlib, sys
sys.path.insert(0, sys.argv[1])
import fsdp
with contextlib.redirect_stdout(sys.stderr):
    fsdp.main()
"""
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_sharded_weights_play_r3_where_they_stay_whole_in_the_turn(
    start: Callable[..., Ranks], finished: Callable[[Ranks], list[str]]
) -> None:
    said = finished(start(PLAY, 2, [BENCHMARKS]))[0]
    found = dict(line.rpartition(": ")[::2] for line in said.splitlines() if line[:3] == "r3,")
    for player in ("generator", "discriminator"):
        words = found[f"r3, {player}, weights kept whole in the turn"]
        assert float(re.sub("[^0-9]*", "", words, count=1)) < 1e-4, words
    assert "largest relative difference" in found["r3, generator, weights sharded again"]
