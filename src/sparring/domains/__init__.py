"""Sample spaces: how a stored item becomes a tensor, and a tensor becomes a file."""
