"""The dictionary and the small pieces that every room speaks in."""
