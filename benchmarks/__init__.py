"""Ratios against what a user would do instead, and against the bare scan. Run: `python -m benchmarks load`."""
