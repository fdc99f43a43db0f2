"""Spectrograms are never read as such: recipes see sounds so."""

from __future__ import annotations

from sparring.data.kinds import Kind
from sparring.domains.sound.levels import Levels

KIND = Kind(name="spectrograms", domain="sparring.domains.mel.domain:Mel", finder=Levels)
