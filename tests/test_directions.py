"""The strongest directions of a latent space."""

from __future__ import annotations

import torch

from sparring.artifact.directions import moved, strongest
from test_model import untrained


def test_they_are_the_first_layers_right_singular_vectors() -> None:
    model = untrained("gan", classes=3, latent=6, widths=(16,))
    layer = next(m for m in model.networks["generator"].modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        layers = model.networks["generator"].layers
        layers[0].weight[:, :6] *= torch.tensor([1.0, 1, 9, 1, 1, 1])
    assert layer is not layers[0], "the label is embedded first"
    found = strongest(model, 3)
    assert found.shape == (3, 6)
    torch.testing.assert_close(found @ found.T, torch.eye(3), atol=1e-5, rtol=0)
    assert found[0, 2].abs() > 0.9


def test_a_network_that_changes_the_latent_first_has_them_by_regression() -> None:
    model = untrained("gan", latent=3, widths=(8,))
    first = model.networks["generator"].layers[0]
    shifted = torch.nn.Sequential(torch.nn.Hardtanh(-9, 0.5), first)
    model.networks["generator"].layers[0] = shifted
    found = strongest(model, 2)
    assert found.shape == (2, 3)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


def test_moving_changes_the_samples_along_them() -> None:
    model = untrained("gan", latent=6, widths=(16,))
    latent = torch.zeros(1, 6)
    first, last = strongest(model, 6)[[0, 5]]
    here = model.generate(latent)
    strong, weak = (
        (model.generate(moved(latent, way[None], torch.tensor([2.0]))) - here).norm()
        for way in (first, last)
    )
    assert strong > weak
