"""Extractors of colour pictures from optional packages with ImageNet weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import Tensor

from sparring.core.errors import InputError
from sparring.domains.image.judge import resized
from sparring.metrics.extractor import Embedded, Extractor
from sparring.networks.backbone import coloured as coloured
from sparring.networks.backbone import efficientnet_installed as efficientnet_installed
from sparring.networks.backbone import efficientnet_lite0, standardised, weights_path

SIDE = 224
"""Height and width that EfficientNet-Lite0 was trained on."""
BATCH = 4
"""Few, so that each layer's output is memory that malloc keeps, not new pages every time."""


def efficientnet() -> Extractor:
    """EfficientNet-Lite0 (Tan and Le 2019) on ImageNet: 1280 pooled features, no classes.

    Its Frechet distance is not comparable with a published FID.

    Raises:
        InputError: the extra is not installed.
    """
    if not efficientnet_installed():
        raise _missing("efficientnet")
    network = efficientnet_lite0()

    def read(samples: Tensor) -> Embedded:
        pictures = standardised(resized(coloured(samples), SIDE))
        return Embedded(network.to(samples.device).extract_features(pictures).mean((2, 3)))  # type: ignore[operator]

    resize = f"bicubic, antialiased, to {SIDE} x {SIDE}"
    return Extractor("efficientnet", _digest(weights_path()), resize, read, batch=BATCH)


def inception() -> Extractor:
    """Inception-v3 as torch-fidelity has it: 2048 features, those of the published FID.

    Raises:
        InputError: the extra is not installed, or its weights are not cached and cannot be had.
    """
    try:
        from torch_fidelity import feature_extractor_inceptionv3 as source
    except ImportError as error:
        raise _missing("inception") from error
    path = _inception_weights(source.URL_INCEPTION_V3)
    network = source.FeatureExtractorInceptionV3(
        "inception", ["2048"], feature_extractor_weights_path=str(path)
    )

    def read(samples: Tensor) -> Embedded:
        pictures = ((coloured(samples) + 1) * 127.5).round().clamp(0, 255).byte()
        return Embedded(network.to(samples.device)(pictures)[0])

    return Extractor("inception", _digest(path), "torch-fidelity's, to 299 x 299", read, batch=32)


def _inception_weights(url: str) -> Path:
    """The cached weights, fetched once and proved to hold tensors alone."""
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix = path.stem.rpartition("-")[2]
            torch.hub.download_url_to_file(url, str(path), hash_prefix=prefix, progress=False)
        # torch-fidelity unpickles the file without limits; it may only after this has passed.
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"the weights of 'inception' cannot be had ({error}); put {path.name} into "
            f"{path.parent}, or use --extractor efficientnet."
        ) from error
    return path


def _missing(extra: str) -> InputError:
    return InputError(f"the extractor {extra!r} is an extra: pip install 'sparring[{extra}]'.")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
