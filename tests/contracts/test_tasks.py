"""Tasks: what they make of items, that a seed decides it, and that what is known is kept."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.domains.image.domain import Image
from sparring.tasks import enhance
from sparring.tasks.blend import Blend
from sparring.tasks.enhance import Enhance
from sparring.tasks.inpaint import Inpaint
from sparring.tasks.masks import masks, widened
from sparring.tasks.restore import KINDS, Restore
from sparring.tasks.smoothing import filled
from sparring.tasks.superres import Superres
from sparring.tasks.translate import Translate

MENDING = [Inpaint(), Blend(), Superres(scale=2), *(Restore(kind) for kind in KINDS)]


def pictures(count: int = 4, side: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    stored = torch.randint(0, 256, (count, 3, side, side), generator=generator).byte()
    return Image((3, side, side)).encode(stored)


@pytest.mark.parametrize("task", MENDING, ids=repr)
def test_a_seed_decides_the_whole_batch(task: Any) -> None:
    def batch(seed: int) -> Any:
        torch.manual_seed(seed)
        return task.prepare({"sample": pictures()})

    one, same, other = batch(1), batch(1), batch(2)
    assert torch.equal(one.real, same.real)
    assert torch.equal(one.condition.map, same.condition.map)
    assert not torch.equal(one.condition.map, other.condition.map)
    assert one.condition.map.shape[1:] == task.map_shape((3, 32, 32), ())
    assert one.condition.map.abs().max() <= 1


@pytest.mark.parametrize("task", [Inpaint(), Inpaint(smooth=True), Blend()], ids=repr)
def test_known_pixels_are_kept_to_the_bit(task: Any) -> None:
    source, domain = pictures(), Image((3, 32, 32))
    mask = torch.zeros(4, 1, 32, 32)
    mask[:, :, 8:16, 8:20] = 1
    known = task.known({"source": source, "mask": mask})
    finished = domain.decode(task.finish(torch.zeros(4, 3, 32, 32), known))
    kept = (widened(mask, 2) if isinstance(task, Blend) else mask) == 0
    assert torch.equal(
        finished[kept.expand_as(source)], domain.decode(source)[kept.expand_as(source)]
    )
    assert bool((finished[(mask == 1).expand_as(source)] == 128).all())


def test_a_hole_hides_what_was_there() -> None:
    mask = torch.ones(4, 1, 32, 32)
    known = Inpaint().known({"source": pictures(), "mask": mask})
    assert known.map is not None
    assert not known.map[:, :3].any()


def test_a_smooth_fill_goes_on_as_its_surroundings_do() -> None:
    places = torch.linspace(-1, 1, 96)
    slope = torch.stack([places[:, None].expand(96, 90), places[None, :90].expand(96, 90)])[None]
    mask = torch.zeros(1, 1, 96, 90)
    mask[..., 30:60, 20:60] = 1
    known = Inpaint(smooth=True).known({"source": slope, "mask": mask}).map
    assert known is not None and known.shape == (1, 3, 96, 90)
    assert torch.equal(known[:, 2:], mask)
    assert torch.equal(known[:, :2] * (1 - mask), slope * (1 - mask))
    inside = mask.expand_as(slope) > 0
    assert (known[:, :2] - slope)[inside].abs().mean() < 0.03, "a mean would be 0.2 off"


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 200), (64, 64)])
def test_a_smooth_fill_of_any_extent_and_of_nothing(height: int, width: int) -> None:
    flat, mask = torch.full((2, 3, height, width), 0.7), torch.ones(2, 1, height, width)
    mask[1, :, 0, 0] = 0
    made = filled(flat, mask)
    assert torch.equal(made[0], torch.zeros(3, height, width)), "nothing is known"
    torch.testing.assert_close(made[1], flat[1])


def test_what_is_shown_of_a_smooth_fill_is_the_hole() -> None:
    given = {"source": pictures(), "mask": masks("box", 4, 32, 32)}
    shown = [task.shown(task.known(given)) for task in (Inpaint(), Inpaint(smooth=True))]
    assert torch.equal(*shown)


def test_colour_keeps_the_given_brightness() -> None:
    task = Restore("colour")
    known = task.known({"source": pictures()})
    finished = task.finish(pictures().flip(0), known)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    assert known.map is not None
    shown = finished.clamp(-1, 1)
    assert torch.allclose((shown * weights).sum(1), known.map[:, 0], atol=1e-5)
    own = task.finish(pictures(), known)
    assert torch.allclose(own, pictures(), atol=1e-5), "true colours fit their brightness"


def test_some_of_the_mixed_damages_leave_a_picture_as_it_is_and_most_do_not() -> None:
    torch.manual_seed(0)
    whole = pictures(256)
    apart = (Restore("mixed").degraded(whole) - whole).abs().amax((1, 2, 3))
    # Each of three damages passes a half by: 1 / 8 of the pictures stay as they are.
    assert 1 / 12 < (apart < 1e-5).float().mean() < 1 / 6


def test_a_share_of_realistic_small_pictures_is_only_shrunk() -> None:
    torch.manual_seed(0)
    whole = pictures(256)
    plain = Superres(scale=2, realistic=False).degraded(whole)
    apart = (Superres(scale=2, plain=0.25).degraded(whole) - plain).abs().amax((1, 2, 3))
    assert 0.15 < (apart < 1e-6).float().mean() < 0.35


@pytest.mark.parametrize("kind", ["box", "freeform", "blob", "mixed"])
def test_masks_hide_some_and_not_all(kind: str) -> None:
    torch.manual_seed(0)
    shares = masks(kind, 64, 40, 56).mean((1, 2, 3))
    assert shares.min() > 0.005
    assert shares.max() < 0.9
    assert shares.std() > 0


@pytest.mark.parametrize("side", [8, 16])
def test_no_free_form_mask_is_empty(side: int) -> None:
    torch.manual_seed(0)
    assert bool(masks("freeform", 512, side, side).flatten(1).any(1).all())


def test_what_is_pasted_brings_a_rim_now_and_then() -> None:
    torch.manual_seed(0)
    real = torch.zeros(64, 3, 32, 32)
    given = Blend(strength=0.01).prepare({"sample": real}).condition.map
    assert given is not None
    rims = given[:, :3].abs().amax((1, 2, 3)) > 0.05
    assert 10 < int(rims.sum()) < 54
    away = widened(given[:, -1:], 2) == 0
    assert not given[:, :3][away.expand(-1, 3, -1, -1)].any()


def test_pairs_are_mirrored_as_one() -> None:
    torch.manual_seed(0)
    source = pictures(32)
    batch = Translate().prepare({"sample": -source, "source": source})
    assert batch.condition.map is not None
    assert torch.equal(batch.real, -batch.condition.map)
    turned = [not torch.equal(a, b) for a, b in zip(batch.condition.map, source, strict=True)]
    assert 4 < sum(turned) < 28


def test_what_a_task_refuses() -> None:
    with pytest.raises(InputError, match="30 x 30 px cannot"):
        Superres(scale=4).map_shape((3, 30, 30), ())
    with pytest.raises(InputError, match="denoise"):
        Restore("denoize")


SOUND = [Inpaint(masks="gaps", flip=False), *(Enhance(kind, flip=False) for kind in enhance.KINDS)]


@pytest.mark.parametrize("task", SOUND, ids=repr)
def test_a_seed_decides_a_batch_of_sound(task: Any) -> None:
    waves = torch.rand(4, 1, 4096, generator=torch.Generator().manual_seed(0)) - 0.5

    def batch(seed: int) -> Any:
        torch.manual_seed(seed)
        return task.prepare({"sample": waves})

    one, same, other = batch(1), batch(1), batch(2)
    assert torch.equal(one.real, waves), "sound is not turned round"
    assert torch.equal(one.condition.map, same.condition.map)
    assert not torch.equal(one.condition.map, other.condition.map)
    assert one.condition.map.shape[1:] == task.map_shape((1, 4096), ())
    assert one.condition.map.abs().max() <= 1


def test_gaps_are_20_to_200_ms_and_known_sound_is_kept_to_the_bit() -> None:
    torch.manual_seed(0)
    missing = masks("gaps", 200, 16000)[:, 0]
    starts = (missing.diff(dim=1) == 1).sum(1) + missing[:, 0].long()
    assert 1 <= starts.min() and 2 <= starts.max() <= 3
    assert 320 <= missing.sum(1).min() and missing.sum(1).max() <= 3 * 3201
    waves = torch.rand(200, 1, 16000) - 0.5
    task = Inpaint(masks="gaps", flip=False)
    known = task.known({"source": waves, "mask": missing[:, None]})
    made = task.finish(torch.ones_like(waves), known)
    kept = missing[:, None] == 0
    assert torch.equal(made[kept], waves[kept]) and bool((made[~kept] == 1).all())
    assert known.map is not None and not known.map[:, :1][~kept].any()


def test_free_forms_need_a_plane() -> None:
    for kind in ("freeform", "mixed", "blob"):
        with pytest.raises(InputError, match=r"drawn on pictures .* choose box or gaps"):
            Inpaint(masks=kind).map_shape((1, 4096), ())
    with pytest.raises(InputError, match="denoise"):
        Enhance("denoize")


def test_tasks_of_sound_bring_nothing_of_pictures() -> None:
    code = (
        "import sys, sparring.tasks.enhance, sparring.tasks.inpaint;"
        "sys.exit(any(name.startswith('sparring.domains') for name in sys.modules))"
    )
    assert not subprocess.run([sys.executable, "-c", code], check=False).returncode
