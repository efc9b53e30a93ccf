"""The form in which learned weights ship; ``cast/builtin/trained.py`` reads it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from simcustomer.cast.builtin.trained import MILLI

TINY = 0.01
"""Weights below this are 0 in the file, which packs better; their feature stays, because it counts in a text's length."""


def block_of(features: Sequence[str], idf: Sequence[float], weights: Any) -> dict[str, Any]:
    """A block of features with their idfs and weights (labels x features). No feature may hold a line break."""
    import numpy as np

    kept = np.where(np.abs(weights) >= TINY, weights, 0.0)
    whole = np.rint(kept / MILLI).clip(-32768, 32767).astype("<i2")
    return {
        "features": "\n".join(map(str, features)),
        "idf": [round(float(value), 3) for value in idf],
        "weights": base64.b64encode(np.ascontiguousarray(whole.T).tobytes()).decode(),
    }
