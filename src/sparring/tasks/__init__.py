"""Tasks: pure functions from items to what is real and what is known."""
