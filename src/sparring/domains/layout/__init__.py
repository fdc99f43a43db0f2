"""Layouts: a class for every pixel."""
