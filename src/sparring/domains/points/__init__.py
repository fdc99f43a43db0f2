"""Points: rows of numbers, and toy mixtures of them."""
