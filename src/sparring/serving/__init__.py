"""Serving trained models over HTTP: what `sparring serve` runs."""
