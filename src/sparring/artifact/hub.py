"""Models on the Hugging Face Hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparring.artifact.model import Model

FETCHED = ("*.safetensors", "*.json")
"""Weights and what is said of them; nothing else is needed, nor fetched."""


def upload(model: Model, repository: str, private: bool) -> str:
    """Put the model with its card there; the address is returned."""
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        api = HfApi()
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(repo_id=repository, folder_path=Path(folder) / "model")
    return str(done)


def download(repository: str, revision: str | None) -> str:
    """The folder that holds the model's files."""
    from huggingface_hub import snapshot_download

    return snapshot_download(repository, revision=revision, allow_patterns=list(FETCHED))
