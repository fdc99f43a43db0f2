"""Where items come from: packs, folders, files, Hugging Face data sets and toys."""

from __future__ import annotations

from sparring.data.checks import CheckReport, check
from sparring.data.dataset import Dataset
from sparring.data.feed import Feed, StreamFeed
from sparring.data.loading import load
from sparring.data.pack import get, packs

__all__ = ["CheckReport", "Dataset", "Feed", "StreamFeed", "check", "get", "load", "packs"]
