from __future__ import annotations

import pytest
import torch

from sparring.core.errors import InputError
from sparring.data import Feed
from sparring.data.feed import unpaired
from sparring.data.stores import Mapped, Memory


def numbered(count: int) -> Memory:
    return Memory({"sample": torch.arange(count)[:, None].float(), "label": torch.arange(count)})


def seen(feed: Feed, batches: range) -> list[int]:
    return [int(item) for k in batches for item in feed.items(k)["label"]]


def test_every_epoch_is_a_fresh_permutation_without_a_dropped_item() -> None:
    items = seen(Feed(numbered(10), batch=4, seed=0), range(5))
    assert sorted(items[:10]) == sorted(items[10:]) == list(range(10))
    assert items[:10] != items[10:]


def test_a_batch_is_a_pure_function_of_its_number() -> None:
    feed = Feed(numbered(50), batch=8, seed=3)
    forwards = [seen(feed, range(k, k + 1)) for k in range(40)]
    fresh = Feed(numbered(50), batch=8, seed=3)
    assert [seen(fresh, range(k, k + 1)) for k in reversed(range(40))] == forwards[::-1]


def test_another_seed_gives_another_order() -> None:
    orders = [seen(Feed(numbered(50), batch=10, seed=s), range(5)) for s in (0, 1)]
    assert orders[0] != orders[1]


def test_processes_share_the_global_batch_in_order() -> None:
    alone = Feed(numbered(9), batch=6, seed=1)
    ranks = [Feed(numbered(9), batch=6, seed=1, rank=r, world=3) for r in range(3)]
    for k in range(7):
        parts = [part for feed in ranks for part in seen(feed, range(k, k + 1))]
        assert parts == seen(alone, range(k, k + 1))


def test_sample_and_label_stay_together() -> None:
    items = Feed(numbered(30), batch=30, seed=0).items(2)
    assert torch.equal(items["sample"][:, 0].long(), items["label"])


def test_a_mapped_store_is_prefetched_in_the_same_order() -> None:
    fields = numbered(40).fields
    mapped = Mapped(fields, torch.arange(10, 40))
    plain = Memory({name: values[10:40] for name, values in fields.items()})
    ahead, direct = (Feed(store, batch=7, seed=5) for store in (mapped, plain))
    jumps = [*range(12), 30, 31, 2, 3]
    assert [seen(ahead, range(k, k + 1)) for k in jumps] == [
        seen(direct, range(k, k + 1)) for k in jumps
    ]


def test_a_mapped_store_keeps_no_batch_behind() -> None:
    feed = Feed(Mapped(numbered(40).fields, torch.arange(40)), batch=4, seed=0)
    for k in (0, 1, 100, 7):
        feed.items(k)
    assert set(feed._coming) == {8, 9, 10, 11}


@pytest.mark.parametrize(
    ("batch", "world", "words"),
    [(11, 1, "fewer than a batch of 11"), (5, 2, "2 processes"), (0, 1, "positive")],
)
def test_a_batch_that_cannot_be_is_refused(batch: int, world: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Feed(numbered(10), batch=batch, seed=0, world=world)


def test_unpaired_feed_never_gives_a_pair() -> None:
    numbers = torch.arange(20)[:, None]
    feed = unpaired(Memory({"sample": numbers, "source": numbers}), None, batch=4, seed=0)
    taken = [feed.items(k) for k in range(20)]
    samples = {int(n) for items in taken for n in items["sample"]}
    sources = {int(n) for items in taken for n in items["source"]}
    assert samples == set(range(0, 20, 2))
    assert sources == set(range(1, 20, 2))


def test_a_mapped_store_gives_its_own_rows_of_a_column() -> None:
    fields = {"sample": torch.zeros(6, 2), "label": torch.arange(6)}
    store = Mapped(fields, torch.tensor([4, 1]))
    assert store.column("label").tolist() == [4, 1]
    assert store.rows(torch.tensor([1])).column("label").tolist() == [1]
    assert store.column("vector") is None
