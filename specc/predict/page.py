"""`docs/predictor.md`: `python -m specc.predict.page docs/predictor.md` writes what the predictor is worth into it.

The page is prose between which tables stand; each table follows a comment `<!-- table NAME -->` and is replaced whole.
"""

from __future__ import annotations

import math
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from threadpoolctl import threadpool_limits

from specc.predict.baselines import BASELINES, errors
from specc.predict.calibrate import LEVELS, NOVELTIES, Miss, Novelty, coverage, multiple
from specc.predict.model import COSTS
from specc.predict.power import network_spread, power_per_hertz
from specc.predict.predictor import Predictor, published_predictor
from specc.predict.results import KERNELS

_NOVELTY: Final[dict[Novelty, str]] = {
    "board": "the board",
    "network": "the network",
    "both": "board and network",
    "pairing": "neither, but the two never came together",
}
_TABLE: Final = re.compile(r"(<!-- table (?P<name>[a-z]+) -->\n\n)(?:\|[^\n]*\n)*")

Table = Callable[[Predictor], str]


def filled(text: str, names: Sequence[str] = ()) -> str:
    """The page with its tables as they are now; with `names`, these alone.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    predictor = published_predictor()
    with threadpool_limits(1):
        return _TABLE.sub(
            lambda found: (
                found[1] + TABLES[found["name"]](predictor) if not names or found["name"] in names else found[0]
            ),
            text,
        )


def errors_table(predictor: Predictor) -> str:
    """How far predictions are off, by what is new to the predictor."""
    rows = []
    for novelty in NOVELTIES:
        found = predictor.misses[novelty]
        widths = [multiple(found, level) for level in LEVELS]
        rows.append(
            (
                _NOVELTY[novelty],
                str(len(found)),
                _percent(statistics.median([miss.percent for miss in found])),
                _percent(_median_of_groups(found)),
                *("none" if width is None else f"{width:.2f}" for width in widths),
            )
        )
    return _table(("new", "results", "median error", "median over boards or networks", "80 %", "95 %"), rows)


def cores_table(predictor: Predictor) -> str:
    """The error on boards that were left out, and the coverage of their intervals, by core."""
    found = predictor.misses["board"]
    covered = {level: coverage(predictor.observations, level) for level in LEVELS}
    rows = []
    for core in sorted({miss.observation.subject.core for miss in found}):
        of_core = [miss for miss in found if miss.observation.subject.core == core]
        rates = [[rate for _, other, rate in covered[level] if other == core] for level in LEVELS]
        boards = str(len({miss.group for miss in of_core}))
        rows.append(
            (
                core,
                boards,
                str(len(of_core)),
                _percent(statistics.median([miss.percent for miss in of_core])),
                *(_mean(rate) for rate in rates),
            )
        )
    whole = [_mean([rate for _, _, rate in covered[level]]) for level in LEVELS]
    boards = str(len({miss.group for miss in found}))
    rows.append(
        ("**all**", boards, str(len(found)), _percent(statistics.median([miss.percent for miss in found])), *whole)
    )
    return _table(("core", "designs", "results", "median error", "within 80 %", "within 95 %"), rows)


def baselines_table(predictor: Predictor) -> str:
    """The predictor beside simpler and less transparent ones, on boards left out."""
    every = {"this predictor": [(miss.group, miss.error) for miss in predictor.misses["board"]]}
    every |= {name: errors(predictor.observations, baseline) for name, baseline in BASELINES.items()}
    header = ("predictor", "median over boards", "nine in ten boards are below", "root mean square over boards")
    return _table(header, [(name, *_over_boards(found)) for name, found in every.items()])


def _over_boards(found: Sequence[tuple[str, float]]) -> tuple[str, str, str]:
    boards: dict[str, list[float]] = {}
    for design, error in found:
        boards.setdefault(design, []).append(error)
    medians = [statistics.median(abs(math.exp(error) - 1) for error in errors_) for errors_ in boards.values()]
    square = statistics.mean(statistics.mean(error**2 for error in errors_) for errors_ in boards.values())
    return (
        _percent(statistics.median(medians)),
        _percent(statistics.quantiles(medians, n=10)[-1]),
        f"× {math.exp(math.sqrt(square)):.2f}",
    )


def factors_table(predictor: Predictor) -> str:
    """The fitted costs and factors."""
    model = predictor.model
    rows = [(f"one {name.removesuffix('s')}", f"{model.cost(name):.2g}") for name in COSTS]
    base = model.factor("base") or 0.0
    rows.append(("cycles of a convolution's multiply-accumulate, tuned kernels, no DSP extension", f"{base:.2g}"))
    rows.append(("× with the DSP extension", f"{model.factor('dsp') or 1.0:.2g}"))
    rows += [
        (f"× {name} kernels", f"{model.factor('kernels', name) or 1.0:.2g}") for name in KERNELS if name != "tuned"
    ]
    rows += [
        (f"× {core}", f"{model.factor('core', core) or 1.0:.2g}")
        for core in sorted({one.subject.core for one in predictor.observations})
    ]
    return _table(("what", "factor"), rows)


def power_table(predictor: Predictor) -> str:
    """Published power by design, and how little it depends on the network."""
    rows = [(design, f"{value * 1e12:.3g}") for design, value in sorted(power_per_hertz(predictor.results).items())]
    spread = network_spread(predictor.results)
    rows.append(("median change from one network to another", _percent(statistics.median(spread))))
    rows.append(("95 % of changes are below", _percent(statistics.quantiles(spread, n=20)[-1])))
    return _table(("design", "µW/MHz"), rows)


def results_table(predictor: Predictor) -> str:
    """Where the results come from, and how many train."""
    groups: dict[str, list[str]] = {}
    for one in predictor.results:
        groups.setdefault(one.collection.partition(",")[0], []).append(one.refusal)
    rows = [(name, str(len(all_)), str(all_.count(""))) for name, all_ in groups.items()]
    rows.append(("**all**", str(len(predictor.results)), str(sum(not one.refusal for one in predictor.results))))
    return _table(("collection", "results", "may train"), rows)


def left_table(predictor: Predictor) -> str:
    """Why results do not train."""
    reasons = [one.refusal for one in predictor.results if one.refusal]
    return _table(("reason", "results"), [(reason, str(reasons.count(reason))) for reason in sorted(set(reasons))])


TABLES: Final[dict[str, Table]] = {
    "results": results_table,
    "left": left_table,
    "factors": factors_table,
    "errors": errors_table,
    "cores": cores_table,
    "baselines": baselines_table,
    "power": power_table,
}
SLOW: Final = ("cores", "baselines")  # these train the predictor some hundred times


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruled = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ruled, *rows))


def _median_of_groups(found: Sequence[Miss]) -> float:
    groups: dict[str, list[float]] = {}
    for miss in found:
        groups.setdefault(miss.group, []).append(miss.percent)
    return statistics.median(statistics.median(group) for group in groups.values())


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.0f} %"


def _mean(rates: Sequence[float]) -> str:
    return _percent(statistics.mean(rates)) if rates else "none"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m specc.predict.page docs/predictor.md")
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
