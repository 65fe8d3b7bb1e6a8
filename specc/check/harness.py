"""Whether the gradient contract can be tested as it is stated."""

from __future__ import annotations

import math
from typing import Final

from specc.check.context import Context, mark, place
from specc.graph.tail import dense_tail
from specc.graph.widths import activation_bits
from specc.spec.contract import GradientContract, Harness

# Between-run standard deviation of the gradient variance at 10,000 iterations, relative, as measured on the reference
# sheet edge_cnn over fresh seeds: 0.6 to 0.8 %. It falls with the square root of the iterations.
_RUN_DEVIATION: Final = (0.006, 0.008)
_RUN_ITERATIONS: Final = 10_000
_CONFIDENCE: Final = 1.96  # 95 %, two sided
_WIDEST_OUTPUT: Final = 12  # bits: a table of 16 KiB
_LARGEST_RATIO: Final = 1e100  # keeps the square finite


def check_harness(context: Context) -> None:
    """Gradient contracts need an input distribution, and limits that the iterations can resolve."""
    harness = context.spec.harness
    if harness is None:
        return
    if harness.gradients and context.spec.model.input.distribution is None and harness.data is None:
        _report_distribution(context, harness.gradients)
    if harness.on_device:
        _check_on_device(context, harness)
    for contract in harness.gradients:
        if contract.statistic == "drift" and harness.seed == "fresh" and harness.iterations > 0:
            _judge_drift(context, harness, contract)


def _check_on_device(context: Context, harness: Harness) -> None:
    """What a device needs to compute gradients: a dense layer at the end, and outputs with a table of exponentials."""
    last = context.network.layers[-1]
    if not dense_tail(context.network):
        ending = next((one for one in reversed(context.network.layers) if one.kind not in ("softmax", "flatten")), last)
        message = f"no gradient can be computed on a device: the network ends with {ending.kind} `{ending.name}`"
        note = "the backward pass is built for dense layers at the end, a softmax behind the last of them aside"
        context.report("E5106", message, place(harness, "on_device"), notes=(note,))
        return
    bits = activation_bits(context.network, context.spec.quantization)[last.name]
    if last.kind != "softmax" and bits > _WIDEST_OUTPUT:
        message = f"gradients on a device need an output of at most {_WIDEST_OUTPUT} bits; `{last.name}` has {bits}"
        note = "its cross-entropy reads exponentials from a table with an entry for each code"
        context.report("E5106", message, place(harness, "on_device"), notes=(note,))


def _report_distribution(context: Context, contracts: tuple[GradientContract, ...]) -> None:
    statistics = " and ".join(contract.statistic for contract in contracts)
    context.report(
        "E5104",
        f"limits on gradient {statistics} have no meaning without an input distribution",
        place(contracts[0]),
        secondary=(
            *(mark(contract, "") for contract in contracts[1:]),
            mark(context.spec.model.input, "name", "no distribution is declared"),
        ),
        notes=(
            "gradients depend on the inputs: white noise averages away in a pool, real frames do not",
            f"repair: `input {context.network.input} … {{ distribution normal 0.5 }}` or `uniform ±1`",
        ),
    )


def resolvable_drift(iterations: int, run_deviation: float) -> float:
    """Smallest drift between two runs of fresh seeds that stands out of their own scatter, as a fraction.

    The difference of two runs scatters with sqrt(2) times the deviation of one; 95 % of differences without any drift
    lie within 1.96 times that.
    """
    return _CONFIDENCE * math.sqrt(2) * run_deviation * math.sqrt(_RUN_ITERATIONS / iterations)


def _judge_drift(context: Context, harness: Harness, contract: GradientContract) -> None:
    low, high = (resolvable_drift(harness.iterations, deviation) for deviation in _RUN_DEVIATION)
    if contract.limit >= low:
        return
    ratios = [min(value / contract.limit, _LARGEST_RATIO) if contract.limit > 0 else math.inf for value in (low, high)]
    scatter = f"{_percent(low)} to {_percent(high)}"
    notes = [f"runs of {harness.iterations:,} iterations differ by up to {scatter} by chance alone (95 %)"]
    if contract.limit > 0:
        few, many = (harness.iterations * ratio**2 for ratio in ratios)
        notes.append(
            f"resolving {_percent(contract.limit)} would take {_millions(few)} to {_millions(many)} iterations"
        )
    notes.append(
        f"repair: a limit of at least {_percent_up(high)}, or a fixed `seed`, where runs must agree bit for bit"
    )
    context.report(
        "W5105",
        f"drift {contract.relation} {_percent(contract.limit)} between fresh seeds cannot be resolved "
        f"with {harness.iterations:,} iterations",
        place(contract, "limit"),
        secondary=(mark(harness, "seed", "fresh seeds"), mark(harness, "iterations")),
        notes=tuple(notes),
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2g} %"


def _percent_up(fraction: float) -> str:
    """In tenths of a percent, rounded up: a limit that holds."""
    return f"{math.ceil(1000 * fraction) / 10:g} %"


def _millions(count: float) -> str:
    """Two significant digits: 280 million."""
    exponent = max(0, math.floor(math.log10(count)) - 1) if count > 0 else 0
    rounded = round(count / 10**exponent) * 10**exponent
    return f"{rounded / 1e6:,.0f} million" if rounded >= 1e7 else f"{rounded:,.0f}"
