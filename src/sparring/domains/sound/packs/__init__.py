"""Packs of sound: recordings by name, and notes rendered when they are read."""
