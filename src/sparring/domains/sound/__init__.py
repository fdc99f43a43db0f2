"""Waveforms: recordings in pieces, listened to and seen."""
