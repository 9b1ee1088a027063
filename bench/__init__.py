"""Measure what the service promises, on real parts, with the goal beside each figure."""
