from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Domain
from sparring.domains.image.domain import Image
from sparring.domains.layout.domain import Layout
from sparring.domains.points.domain import Points


def drawn(path: Path) -> np.ndarray:
    with Pillow.open(path) as picture:
        return np.asarray(picture)


def test_every_8_bit_value_survives_encode_and_decode() -> None:
    domain: Domain = Part("sparring.domains.image.domain:Image", shape=(1, 16, 16)).build()
    stored = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    encoded = domain.encode(stored)
    assert encoded.dtype == torch.float32
    assert encoded.min() == -1 and encoded.max() == 1
    assert torch.equal(domain.decode(encoded), stored)
    assert domain.head == "tanh" and domain.shape == (1, 16, 16)


def test_deep_pictures_are_stored_as_they_are_encoded() -> None:
    stored = torch.linspace(-1, 1, 16).reshape(1, 1, 4, 4)
    assert torch.equal(Image((1, 4, 4)).encode(stored), stored)


def test_decode_clamps_what_a_network_overshoots() -> None:
    samples = torch.tensor([-3.0, 3.0]).reshape(1, 1, 1, 2)
    assert Image((1, 1, 2)).decode(samples).flatten().tolist() == [0, 255]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_write_keeps_every_channel(tmp_path: Path, channels: int, mode: str) -> None:
    stored = torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8)
    Image((channels, 5, 7)).write(stored, tmp_path / "x.png")
    with Pillow.open(tmp_path / "x.png") as written:
        assert written.mode == mode
        values = np.asarray(written).reshape(5, 7, channels)
    assert (values.transpose(2, 0, 1) == stored.numpy()).all()


def test_preview_is_a_near_square_grid_enlarged_with_gaps(tmp_path: Path) -> None:
    samples = torch.full((10, 1, 28, 28), -1.0)
    Image((1, 28, 28)).preview(samples, tmp_path / "grid.png")
    grid = drawn(tmp_path / "grid.png")
    assert grid.shape == (3 * 84 + 2 * 2, 4 * 84 + 3 * 2)
    assert (grid[84:86] == 255).all() and (grid[:84, :84] == 0).all()
    assert (grid[-84:, -84:] == 255).all()  # The twelfth place is empty.


def test_preview_obeys_columns_and_leaves_large_pictures_alone(tmp_path: Path) -> None:
    Image((3, 64, 80)).preview(torch.zeros(4, 3, 64, 80), tmp_path / "grid.png", columns=1)
    assert drawn(tmp_path / "grid.png").shape == (4 * 64 + 3 * 2, 80, 3)


def test_preview_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample"):
        Image((1, 4, 4)).preview(torch.zeros(0, 1, 4, 4), tmp_path / "grid.png")


def every_shade(colour: str) -> torch.Tensor:
    """(1, C, 256, 256): each grey level down, or one and its opposite, with each opacity across."""
    level = torch.arange(256, dtype=torch.uint8)[:, None].expand(256, 256)
    colours = [level] if colour == "grey" else [level, 255 - level, level // 2]
    return torch.stack([*colours, level.T])[None]


@pytest.mark.parametrize("colour", ["grey", "colour"])
def test_opacity_survives_encode_and_decode(colour: str) -> None:
    stored = every_shade(colour)
    domain = Image(tuple(stored.shape[1:]))
    encoded = domain.encode(stored)
    back = domain.decode(encoded)
    seen = stored[:, -1:] > 0
    assert torch.equal(back[:, -1:], stored[:, -1:])
    assert torch.equal(back.where(seen, 255), stored.where(seen, 255))
    assert (back[:, :-1].amin(1, keepdim=True)[~seen] == 255).all(), "what nobody sees is white"
    share = stored[:, -1:].double() / 255
    on_white = stored[:, :-1] / 255 * share + 1 - share
    assert torch.allclose(encoded[:, :-1].double(), 2 * on_white - 1, atol=1e-6)
    assert torch.equal(encoded[:, :-1, :, 255], Image((3, 1, 1)).encode(stored[:, :-1, :, 255]))


def test_a_sample_darker_than_its_opacity_allows_is_black() -> None:
    sample = torch.tensor([-1.0, -1.0, 1.0, 0.0]).view(1, 4, 1, 1)
    assert Image((4, 1, 1)).decode(sample).flatten().tolist() == [0, 0, 255, 128]


def test_straight_opacity_is_encoded_as_version_0_1_did() -> None:
    stored = every_shade("colour")
    domain = Image((4, 256, 256), opacity="straight")
    assert torch.equal(domain.encode(stored), stored.float() / 127.5 - 1)
    assert torch.equal(domain.decode(domain.encode(stored)), stored)
    with pytest.raises(InputError, match="straight"):
        Image((4, 1, 1), opacity="strait")


@pytest.mark.parametrize("ending", ["jpg", "bmp", "gif", "ppm"])
@pytest.mark.parametrize("channels", [2, 4])
def test_files_without_opacity_are_laid_on_white(
    tmp_path: Path, ending: str, channels: int
) -> None:
    stored = torch.zeros(channels, 8, 24, dtype=torch.uint8)
    stored[-1, :, 8:16], stored[-1, :, 16:] = 128, 255
    Image((channels, 8, 24)).write(stored, tmp_path / f"x.{ending}")
    with Pillow.open(tmp_path / f"x.{ending}") as written:
        assert "transparency" not in written.info
        shown = np.asarray(written.convert("L")).astype(int)
    for column, level in ((3, 255), (11, 127), (20, 0)):
        assert abs(shown[4, column] - level) <= 6


def test_a_preview_of_opacity_lies_on_white(tmp_path: Path) -> None:
    stored = torch.zeros(2, 4, 64, 64, dtype=torch.uint8)
    stored[1, 3] = 255
    Image((4, 64, 64)).preview(Image((4, 64, 64)).encode(stored), tmp_path / "x.png")
    grid = drawn(tmp_path / "x.png")
    assert grid.shape == (64, 130, 3)
    assert (grid[:, :66] == 255).all() and (grid[:, 66:] == 0).all()


@pytest.mark.parametrize("shape", [(5, 8, 8), (0, 8, 8), (1, 0, 8)])
def test_a_picture_has_one_to_four_channels_and_an_area(shape: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="1 to 4 channels"):
        Image(shape)


def test_points_are_encoded_to_unit_scale_and_back() -> None:
    domain = Points((2,), centre=(10.0, -5.0), scale=(2.0, 4.0))
    stored = torch.tensor([[12.0, -9.0]])
    assert domain.encode(stored).tolist() == [[1.0, -1.0]]
    assert torch.equal(domain.decode(domain.encode(stored)), stored)
    assert domain.head == "linear"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_points_are_written_and_drawn(tmp_path: Path, size: int) -> None:
    points = torch.randn(20, size)
    domain = Points((size,))
    domain.write(points, tmp_path / "x.csv")
    domain.write(points[0], tmp_path / "x.npy")
    domain.preview(points, tmp_path / "x.png")
    read = np.loadtxt(tmp_path / "x.csv", delimiter=",", ndmin=2)
    assert np.allclose(read, points.numpy(), rtol=1e-6)
    assert np.array_equal(np.load(tmp_path / "x.npy"), points[0].numpy())
    with Pillow.open(tmp_path / "x.png") as drawn:
        assert len(set(drawn.convert("L").tobytes())) > 2


def test_points_refuse_scales_of_another_length() -> None:
    with pytest.raises(InputError, match="2 numbers"):
        Points((2,), centre=(0.0,))


def test_layouts_survive_encode_and_decode() -> None:
    domain: Domain = Part("sparring.domains.layout.domain:Layout", shape=(5, 3, 4)).build()
    stored = torch.randint(0, 5, (6, 1, 3, 4), dtype=torch.uint8)
    encoded = domain.encode(stored)
    assert encoded.shape == (6, 5, 3, 4) and encoded.dtype == torch.float32
    assert set(encoded.unique().tolist()) <= {0.0, 1.0} and (encoded.sum(1) == 1).all()
    assert torch.equal(domain.decode(encoded), stored)
    assert torch.equal(domain.decode(3 * encoded - 7), stored) and domain.head == "linear"


def test_layouts_survive_their_files_in_the_colours_of_their_palette(tmp_path: Path) -> None:
    palette = ((1, 2, 3), (200, 0, 0), (0, 0, 255))
    domain = Layout((3, 4, 5), palette, ("a", "b", "c"), values=(0, 7, 255))
    stored = torch.randint(0, 3, (1, 4, 5), dtype=torch.uint8)
    domain.write(stored, tmp_path / "x.png")
    with Pillow.open(tmp_path / "x.png") as written:
        assert written.mode == "P"
        colours = np.asarray(written.convert("RGB"))
    assert np.array_equal(domain.numbered(drawn(tmp_path / "x.png")), stored[0].numpy())
    assert np.array_equal(colours, np.array(palette, np.uint8)[stored[0].numpy()])


def test_layouts_are_previewed_in_colours_that_differ(tmp_path: Path) -> None:
    domain = Layout((6, 64, 64))
    assert len(set(domain.colours())) == 6
    stored = torch.arange(6, dtype=torch.uint8)[:, None, None, None].expand(6, 1, 64, 64)
    for samples in (stored, domain.encode(stored)):
        domain.preview(samples, tmp_path / "grid.png", columns=6)
        assert np.array_equal(drawn(tmp_path / "grid.png")[0, ::66], np.array(domain.colours()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"shape": (1, 4, 4)}, "2 to 256 classes"),
        ({"shape": (3, 4, 4), "palette": ((0, 0, 0),)}, "3 classes has 1 colours"),
        ({"shape": (2, 4, 4), "names": ("a", "b", "c")}, "2 classes has 3 names"),
        ({"shape": (2, 4, 4), "values": (3, 3)}, "the same number"),
        ({"shape": (2, 4, 4), "values": (3, 256)}, "from 0 to 255"),
        ({"shape": (2, 4, 4), "palette": ((0, 0, 0), (0, -1, 0))}, "from 0 to 255"),
    ],
)
def test_a_layout_says_how_many_classes_it_has(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Part("sparring.domains.layout.domain:Layout", **arguments).build()


@pytest.mark.parametrize("value", [3, 255, 256, 70000, -1])
def test_values_outside_a_layout_are_refused(value: int) -> None:
    with pytest.raises(InputError, match=f"value {value} is outside the palette of 3"):
        Layout((3, 1, 2)).numbered(np.array([[0, value]], np.int32))
    if value < 256 and value > 0:
        with pytest.raises(InputError, match=f"class {value}, outside its palette"):
            Layout((3, 1, 2)).encode(torch.tensor([0, value], dtype=torch.uint8).view(1, 1, 1, 2))
