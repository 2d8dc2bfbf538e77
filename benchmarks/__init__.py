"""Ratios against named peers and limits, never bare timings."""
