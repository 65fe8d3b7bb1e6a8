"""Where precision goes: operations switched on one by one, and what one more bit would buy.

The parts do not add up to the whole. Rounding in one place changes which values another place sees, most of all across
a ReLU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from specc.graph.network import Network
from specc.graph.widths import FORMAT_KEEPING
from specc.numerics.layer_numbers import QuantizationError
from specc.precision.arithmetic import OPERATIONS, Active, Operation
from specc.precision.run import Statistics
from specc.precision.study import Study
from specc.spec.model import QuantizationRow, QuantizationTable

Progress = Callable[[str], None]
ByLayer = dict[str, float]  # variance rho of each layer's gradient


@dataclass(frozen=True)
class Site:
    """One operation in one place, alone: a layer's weights or accumulator, or a tensor's rounding or limits."""

    name: str
    operation: Operation
    variance: ByLayer

    @property
    def worst(self) -> str:
        """The layer whose gradient it disturbs most."""
        return max(self.variance, key=lambda name: self.variance[name])


@dataclass(frozen=True)
class MoreBits:
    """The whole table with one more bit in one row: the same range, half the step."""

    row: str
    variance: ByLayer


@dataclass(frozen=True)
class Localisation:
    """Variance of every layer's gradient with everything on, with one operation on everywhere, and site by site."""

    iterations: int
    together: ByLayer
    operations: dict[Operation, ByLayer]
    sites: tuple[Site, ...]  # those that disturb anything, the worst first
    more_bits: tuple[MoreBits, ...]  # what helps the worst layer most first


def localise(study: Study, table: QuantizationTable | None, progress: Progress) -> Localisation:
    """Switch operations on one by one, and rows one bit wider.

    Raises:
        QuantizationError: the table cannot be computed.
    """
    together = _variances(study.evaluate(table))
    sites = list(_sites(study.network))
    operations: dict[Operation, ByLayer] = {}
    for operation in OPERATIONS:
        progress(f"{operation} alone")
        operations[operation] = _alone(study, table, (site for site in sites if site[1] == operation))
    found = []
    for name, operation in sites:
        if not any(operations[operation].values()):
            continue  # nowhere does it change anything
        progress(f"{operation} of {name} alone")
        variance = _alone(study, table, [(name, operation)])
        if any(variance.values()):
            found.append(Site(name, operation, variance))
    worst = max(together, key=lambda name: together[name], default="")
    bits = []
    for row, wider in _wider(study.network, table):
        progress(f"one more bit for {row}")
        try:
            bits.append(MoreBits(row, _variances(study.evaluate(wider))))
        except QuantizationError:
            continue  # wider than what is computed
    return Localisation(
        iterations=study.iterations,
        together=together,
        operations=operations,
        sites=tuple(sorted(found, key=lambda site: -site.variance[site.worst])),
        more_bits=tuple(sorted(bits, key=lambda entry: entry.variance[worst])),
    )


def _alone(study: Study, table: QuantizationTable | None, sites: Iterable[tuple[str, Operation]]) -> ByLayer:
    active: Active = frozenset(sites)
    return _variances(study.evaluate(table, active=active))


def _variances(found: Statistics) -> ByLayer:
    return {own.name: own.variance.value for own in found.layers if own.variance is not None}


def _sites(network: Network) -> Iterable[tuple[str, Operation]]:
    tensors = [network.input, *(layer.name for layer in network.layers if layer.kind not in FORMAT_KEEPING)]
    weighted = [layer.name for layer in network.layers if layer.weight_shape is not None]
    for operation in OPERATIONS:
        for name in tensors if operation in ("activations", "saturation") else weighted:
            yield name, operation


def _wider(network: Network, table: QuantizationTable | None) -> Iterable[tuple[str, QuantizationTable]]:
    """The table with one more bit for each layer that has a row of fixed point; a row for * becomes the layer's own."""
    if table is None:
        return
    for layer in network.layers:
        row = table.row(layer.name)
        if row is None or row.format != "fixed" or layer.weight_shape is None:
            continue
        others = tuple(own for own in table.rows if own.layer != layer.name)
        yield layer.name, table.model_copy(update={"rows": (*others, _one_more(row, layer.name))})


def _one_more(row: QuantizationRow, layer: str) -> QuantizationRow:
    return row.model_copy(
        update={
            "layer": layer,
            "bits": row.bits + 1,
            "weights": row.weights + 1 if row.weights else None,
            "activations": row.activations + 1 if row.activations else None,
            "step": row.step / 2 if row.step else None,
            "zero": 2 * row.zero if row.zero else None,
        }
    )
