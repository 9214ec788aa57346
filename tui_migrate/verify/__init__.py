"""Comparing sources and target: fates, counts, segments, samples, trail."""
