"""Losses: pure functions of logits, of a round of play, or of a reconstruction."""
