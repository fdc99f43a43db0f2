"""Scores: features of samples, distances between sets of them, and their confidence intervals."""
