"""The trained artifact: what it says of itself, and what it can do."""
