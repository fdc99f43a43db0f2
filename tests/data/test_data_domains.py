from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from sparring.domains.image import Image
from sparring.domains.points import Points
from sparring.errors import InputError
from sparring.part import Part
from sparring.types import Domain


def drawn(path: Path) -> np.ndarray:
    with Pillow.open(path) as picture:
        return np.asarray(picture)


def test_every_8_bit_value_survives_encode_and_decode() -> None:
    domain: Domain = Part("sparring.domains.image:Image", shape=(1, 16, 16)).build()
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
