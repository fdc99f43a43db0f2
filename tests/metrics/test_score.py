"""Scores as a whole: intervals that hold, labels, the floor, and what is written down."""

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.domains.points.domain import columns
from sparring.metrics import distances, intervals
from sparring.metrics.extractor import Embedded, Extractor
from sparring.metrics.intervals import Interval
from sparring.metrics.judging import Measured, Score, measured
from sparring.metrics.score import Distance, score
from sparring.metrics.scores import HEADER, LOWER_IS_BETTER, Scores


def gauss(n: int, f: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(n, f, generator=torch.Generator().manual_seed(seed)) + shift


def labelled(n: int, classes: int, seed: int, weights: list[float] | None = None) -> Embedded:
    """Clusters far apart, with a judge that names them without fail."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.tensor(weights or [1.0] * classes)
    label = torch.multinomial(weight, n, replacement=True, generator=generator)
    centres = 5 * torch.eye(classes, 6)
    return Embedded(
        centres[label] + torch.randn(n, 6, generator=generator), torch.eye(classes)[label]
    )


def covered(draws: int, truth: float, distance: Distance) -> int:
    hits = 0
    for seed in range(draws):
        sides = [gauss(400, 3, 2 * seed), gauss(400, 3, 2 * seed + 1, 0.5)]
        found = intervals.jackknife(*distance(*(intervals.deal(side, seed, "x") for side in sides)))
        hits += found.low <= truth <= found.high
    return hits


def test_the_frechet_interval_covers_the_truth() -> None:
    # Equal covariances: the truth is the squared shift. 95 % of 100, less 4 deviations.
    assert covered(100, 3 * 0.25, intervals.frechet) >= 86


def test_the_kernel_interval_covers_the_truth() -> None:
    big = [distances.kernel(gauss(4000, 3, s), gauss(4000, 3, s + 1, 0.5)) for s in (90, 92, 94)]
    assert covered(100, sum(big) / len(big), intervals.kernel) >= 86


def test_neighbour_intervals_cover_the_spread_of_repeated_draws() -> None:
    pairs = [(gauss(200, 3, 2 * s), gauss(200, 3, 2 * s + 1, 0.3)) for s in range(40)]
    drawn = torch.stack(
        [torch.stack([part.mean() for part in distances.neighbourhoods(*pair)]) for pair in pairs]
    )
    found = [
        intervals.neighbourhoods(*pair, seed=0, resamples=10, subset=100) for pair in pairs[:12]
    ]
    for index, name in enumerate(("precision", "recall", "density", "coverage")):
        widths = torch.tensor([one[name].high - one[name].low for one in found]).double()
        spread = float(drawn[:, index].std())
        assert 2 * 1.96 * spread * 0.7 < float(widths.mean()) < 2 * 1.96 * spread * 2.5


def test_a_group_left_out_is_as_if_it_had_never_been_there() -> None:
    sides = [gauss(60, 4, 0), gauss(70, 4, 1, 0.4)]
    dealt = [intervals.deal(side, 0, "x") for side in sides]
    rest = [torch.cat(side.groups[:3] + side.groups[4:]) for side in dealt]
    for grouped, whole in (
        (intervals.frechet, distances.frechet),
        (intervals.kernel, distances.kernel),
    ):
        value, left_out = grouped(dealt[0], dealt[1])
        assert value == pytest.approx(whole(sides[0], sides[1]), rel=1e-9)
        assert left_out[3] == pytest.approx(whole(rest[0], rest[1]), rel=1e-9)


def test_t_and_wilson_are_the_tabled_ones() -> None:
    assert intervals.t_quantile(19) == pytest.approx(2.0930, abs=2e-3)
    assert intervals.t_quantile(9) == pytest.approx(2.2622, abs=5e-3)
    none = intervals.share(torch.zeros(20, dtype=torch.bool))
    assert (none.low, none.high) == (0.0, pytest.approx(0.1611, abs=1e-4))


def test_all_scores_are_there_with_labels_and_floor() -> None:
    real, fake, train = (labelled(900, 3, seed) for seed in range(3))
    found = score(real, fake, columns(), reference=train, classes=("a", "b", "c"), resamples=3)

    assert set(found.scores) == set(LOWER_IS_BETTER) - {"label_accuracy"}
    assert found.floor is not None and found.floor.n_fake == 900
    assert set(found.floor.scores) == set(found.scores)
    assert set(found.histogram) == {"a", "b", "c"}
    assert sum(shares[1] for shares in found.histogram.values()) == pytest.approx(1)
    assert found.notes["intra_kernel"] == "mean over 3 of 3 labels"
    assert found.scores["intra_frechet"].value < 0.2 < 0.9 < found.scores["coverage"].value
    for interval in found.scores.values():
        assert interval.low <= interval.value <= interval.high


def test_a_missing_label_shows_in_the_histogram_only_as_it_should() -> None:
    real, fake = labelled(600, 3, 0), labelled(600, 3, 1, [1.0, 1.0, 0.0])
    found = score(real, fake, columns(), classes=("a", "b", "c"), resamples=3)
    assert found.scores["label_shift"].value == pytest.approx(1 / 3, abs=0.06)
    assert found.histogram["c"][1] == 0
    assert found.notes["intra_kernel"] == "mean over 2 of 3 labels"
    assert found.scores["intra_kernel"].value < found.scores["kernel"].value / 10
    assert found.scores["precision"].value > 0.8 > found.scores["recall"].value


def test_fakes_of_another_label_than_asked_for_are_counted() -> None:
    real, fake = labelled(200, 2, 0), labelled(200, 2, 1)
    assert fake.logits is not None
    asked = fake.logits.argmax(1)
    asked[:50] = 1 - asked[:50]
    found = score(real, fake, columns(), fake_labels=asked, resamples=3)
    accuracy = found.scores["label_accuracy"]
    assert accuracy.value == 0.75 and 0.65 < accuracy.low < accuracy.high < 0.85
    wrong = found.scores["intra_kernel"].value
    right = score(real, fake, columns(), fake_labels=fake.logits.argmax(1), resamples=3)
    assert wrong > 10 * right.scores["intra_kernel"].value


def test_a_judge_of_other_labels_is_not_asked() -> None:
    real, fake = labelled(100, 3, 0), labelled(100, 3, 1)
    found = score(real, fake, columns(), classes=("cat", "dog"), resamples=3)
    assert not {"label_shift", "intra_kernel"} & set(found.scores) and not found.histogram
    known = torch.arange(100) % 2
    classes = ("cat", "dog")
    both = score(real, fake, columns(), real_labels=known, fake_labels=known, classes=classes)
    assert "intra_kernel" in both.scores and "label_shift" not in both.scores


def test_small_sets_are_headed_by_the_kernel_distance() -> None:
    small = score(gauss(100, 3, 0), gauss(100, 3, 1), columns(), resamples=3)
    assert small.headline == "kernel" and small.table()[0][0] == "kernel"
    assert "biased" in small.notes["frechet"]
    large = score(gauss(2048, 3, 0), gauss(2048, 3, 1), columns(), resamples=3, subset=200)
    assert large.headline == "frechet" and large.table()[0][0] == "frechet"
    assert not large.notes


def test_scores_come_back_from_json_and_repeat_by_seed() -> None:
    real, fake = labelled(100, 2, 0), labelled(100, 2, 1)
    found = score(real, fake, columns(), reference=real, classes=("a", "b"), resamples=3, seed=4)
    back = Scores.from_json(json.loads(json.dumps(found.to_json())))
    assert back == found and back.floor == found.floor
    assert back.seed == 4 and len(back.digest) == 64 and back.split == "held-out"
    again = score(real, fake, columns(), reference=real, classes=("a", "b"), resamples=3, seed=4)
    assert again == found
    assert all(len(row) == len(HEADER) for row in found.table())


def test_damaged_json_is_refused_in_words() -> None:
    data = score(gauss(30, 3, 0), gauss(30, 3, 1), columns(), resamples=3).to_json()
    with pytest.raises(InputError, match="unknown field of the scores 'sed'"):
        Scores.from_json({**data, "sed": 1})
    del data["n_fake"]
    with pytest.raises(InputError, match="evaluate again"):
        Scores.from_json(data)


def test_bad_input_is_refused_in_words() -> None:
    real = gauss(30, 3, 0)
    with pytest.raises(InputError, match="19 fake samples are too few"):
        score(real, real[:19], columns())
    with pytest.raises(InputError, match="real labels are"):
        score(real, real, columns(), real_labels=torch.zeros(29))
    with pytest.raises(InputError, match="NaN"):
        score(real, real * torch.nan, columns())
    with pytest.raises(InputError, match="use one extractor"):
        score(real, gauss(30, 4, 0), columns())
    with pytest.raises(InputError, match="floats"):
        score(real, torch.zeros(30, 3, dtype=torch.uint8), columns())
    with pytest.raises(InputError, match="no samples"):
        score(real, iter(()), columns())


def test_an_extractor_gives_the_same_for_batches_as_for_the_whole() -> None:
    samples = gauss(50, 3, 0)
    seen: list[int] = []

    def read(batch: Tensor) -> Embedded:
        seen.append(len(batch))
        return Embedded(batch * 2)

    extractor = Extractor("twice", "0" * 64, "none", read, batch=20)
    assert torch.equal(extractor.features(samples), samples * 2)
    assert seen == [20, 20, 10]
    assert torch.equal(extractor.features(iter(samples.split(15))), samples * 2)
    assert extractor.classify(samples) is None


def test_scores_of_a_domains_own_keep_their_direction_and_follow_the_others() -> None:
    def drift(real: Tensor, fake: Tensor) -> Interval:
        return intervals.between(lambda r, f: float((r.mean() - f.mean()).abs()), real, fake)

    real, fake = gauss(200, 2, 0), gauss(300, 2, 1, 1.5)
    own = {"drift": Score(drift), "spread": Score(drift, lower_is_better=False)}
    plain = score(real, fake, columns(), resamples=3)
    found = plain.with_more(measured(own, real, fake))
    assert found.scores["drift"].low < 1.5 < found.scores["drift"].high
    assert [row[0] for row in found.table()][-2:] == ["drift", "spread"]
    notes = {row[0]: row[4] for row in found.table()}
    assert (notes["drift"], notes["spread"]) == ("lower is better", "higher is better")
    again = Scores.from_json(json.loads(json.dumps(found.to_json())))
    assert again.directions == found.directions and again == found
    _, rows = found.beside({"other": found}).comparison()
    assert {"drift", "spread"} <= {row[0] for row in rows}


def test_scores_of_version_0_1_know_which_way_is_better() -> None:
    found = score(gauss(50, 2, 0), gauss(50, 2, 1), columns(), resamples=3)
    old = found.with_more({"psnr": Measured(Interval(20, 19, 21), lower_is_better=False)}).to_json()
    del old["lower_is_better"]
    assert Scores.from_json(old).directions["psnr"] is False


@pytest.mark.parametrize(
    ("rows", "width"), [((300, 240), 40), ((90, 110), 160), ((120, 60), 90), ((60, 120), 90)]
)
def test_frechet_without_each_group_is_that_of_the_rows_that_are_left(
    rows: tuple[int, int], width: int
) -> None:
    real, fake = (gauss(n, width, seed, 0.1 * seed) for seed, n in enumerate(rows))
    real[:, 3] = 0.5  # a feature that never fires makes a covariance singular
    fake[:, 3] = 0.5
    dealt = intervals.deal(real, 0, "real"), intervals.deal(fake, 0, "fake")
    _, left_out = intervals.frechet(*dealt)
    for group in range(intervals.GROUPS):
        rest = [torch.cat([g for i, g in enumerate(d.groups) if i != group]) for d in dealt]
        direct = distances.frechet_from_moments(*(distances.moments(side) for side in rest))
        assert left_out[group] == pytest.approx(direct, rel=1e-6)
