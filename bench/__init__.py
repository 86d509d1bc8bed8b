"""Measurements of the numbers in docs/performance.md."""
