"""What many measurements say together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

__all__ = ["median", "percentile"]

median = statistics.median


def percentile(samples: Sequence[float], share: float) -> float:
    """Give the smallest sample that at least ``share`` (0 to 100) percent do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
