"""Schedules, averages, clipping and tallies against their closed forms."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sparring.core.errors import InputError
from sparring.core.schedule import constant, cosine, linear, scheduled, share
from sparring.training import log
from sparring.training.ema import update_average
from sparring.training.engine import resolve_precision
from sparring.training.step import clip_weights, penalty_share


def test_cosine_starts_halves_and_ends() -> None:
    fall = cosine(start=1.0, end=0.2, images=100)
    assert fall(0) == pytest.approx(1.0)
    assert fall(50) == pytest.approx(0.6)
    assert fall(100) == fall(10_000) == pytest.approx(0.2)


def test_linear_waits_then_rises() -> None:
    rise = linear(start=0.0, end=0.3, images=10, after=5)
    assert [rise(n) for n in (0, 5, 10, 15, 99)] == pytest.approx([0, 0, 0.15, 0.3, 0.3])


def test_share_is_capped() -> None:
    assert share(0.1, 500.0)(1000) == pytest.approx(100.0)
    assert share(0.1, 500.0)(10**6) == 500.0


def test_numbers_become_constant_schedules() -> None:
    assert scheduled(0.3)(7) == constant(0.3)(9) == 0.3


def test_average_halves_old_weights_after_its_half_life() -> None:
    slow, fast = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(slow.weight, 1.0)
    nn.init.constant_(fast.weight, 0.0)
    for _ in range(10):
        update_average(slow, fast, batch=100, half_life=1000.0)
    assert slow.weight.item() == pytest.approx(0.5, rel=1e-5)


def test_average_without_half_life_is_a_copy_and_buffers_always_are() -> None:
    slow, fast = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    nn.init.constant_(fast.weight, 3.0)
    fast.running_mean.fill_(5.0)
    update_average(slow, fast, batch=1, half_life=0.0)
    assert slow.weight.tolist() == [3.0, 3.0]
    update_average(slow, nn.BatchNorm1d(2), batch=1, half_life=1e9)
    assert slow.running_mean.tolist() == [0.0, 0.0]


def test_clipping_bounds_every_weight() -> None:
    weight = nn.Parameter(torch.tensor([-2.0, -0.001, 0.5]))
    clip_weights([weight], 0.01)
    assert weight.tolist() == pytest.approx([-0.01, -0.001, 0.01])


def test_penalty_share_counts_absolute_costs() -> None:
    costs = {"discriminator/adversarial": -3.0, "discriminator/r1": 1.0, "loss/discriminator": 9.0}
    assert penalty_share(costs, "discriminator") == pytest.approx(0.25)
    assert penalty_share({}, "generator") == 0.0


def test_tally_averages_a_lazy_term_over_its_own_steps() -> None:
    tally = log.Tally()
    tally.add({"loss": torch.tensor(1.0), "r1": torch.tensor(8.0)})
    tally.add({"loss": torch.tensor(3.0)})
    assert tally.means() == {"loss": 2.0, "r1": 8.0}
    assert tally.means() == {}


def test_log_drops_a_torn_line_and_the_future(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for step in (1, 2, 3):
        log.append(path, {"step": step})
    path.write_text(path.read_text() + '{"step": 4, "lo')
    assert [line["step"] for line in log.read(path)] == [1, 2, 3]
    log.cut(path, 2)
    assert [line["step"] for line in log.read(path)] == [1, 2]


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(InputError, match="precision must be"):
        resolve_precision("fp8")
    assert resolve_precision("fp32") == "fp32"
