"""References that benchmarks compare with."""
