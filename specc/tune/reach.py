"""How far the sums of each layer can reach, its bias included, with the weights that it has."""

from __future__ import annotations

import numpy as np

from specc.precision.layers import outputs_of
from specc.precision.tables import Tables
from specc.spec.model import QuantizationTable


def sums_reach(tables: Tables, table: QuantizationTable) -> dict[str, int]:
    """The largest magnitude that a sum of products with its bias can have, whatever codes arrive, by layer.

    Layers without weights, and those that do not compute in integers, are left out.

    Raises:
        QuantizationError: the table cannot be computed.
    """
    found = {}
    for own in tables.arithmetic(table).layers:
        numbers, source = own.integers, own.source
        if numbers is None or numbers.weights is None or source is None:
            continue
        largest = max(abs(source.low - source.zero_point), abs(source.high - source.zero_point))
        axes = (0, 1) if own.layer.kind == "dwconv" else tuple(range(1, numbers.weights.ndim))
        sums = np.abs(numbers.weights).sum(axis=axes) * largest * (outputs_of(own.layer) if own.pool else 1)
        bias = np.abs(numbers.bias) if numbers.bias is not None else 0
        found[own.layer.name] = int((sums + bias).max(initial=0))
    return found
