"""Precision on the terminal: the contract layer by layer, and where precision goes."""

from __future__ import annotations

from typing import Final

from specc.evidence import Figure
from specc.measure.precision_result import LayerPrecision, PrecisionResult
from specc.precision.contract import Judgement, Outcome
from specc.precision.localise import ByLayer, Localisation
from specc.report.numbers import UNKNOWN
from specc.report.terminal import OUTCOME_COLOURS, OUTCOME_SIGNS, RESET, table

_SITES_SHOWN: Final = 12
_NAMES: Final = {
    "weights": "weight rounding",
    "activations": "activation rounding",
    "saturation": "saturation",
    "accumulator": "accumulator wrap",
}


def precision_text(result: PrecisionResult, *, colour: bool) -> str:
    """Statistics of every layer, every judged limit, and what they say together."""
    header = ("layer", "weights", "variance ρ", "gain β", "ratio R", "mean shift b", "verdict")
    rows = [
        (
            layer.name,
            f"{layer.weights:,}",
            interval(layer.variance, percent=True),
            interval(layer.gain),
            interval(layer.ratio),
            interval(layer.bias, percent=True),
            _verdict(result, layer.name),
        )
        for layer in result.layers
    ]
    rows.append(("output", "", "", "", "", interval(result.output_error, percent=True), _verdict(result, "output")))
    lines = table(header, rows, right=(1, 2, 3, 4, 5)).split("\n")
    if colour:
        for sign, name in ((sign, outcome) for outcome, sign in OUTCOME_SIGNS.items()):
            lines = [line.replace(sign, f"{OUTCOME_COLOURS[name]}{sign}{RESET}") for line in lines]
    runs = f"seed{'s' if len(set(result.seeds)) > 1 else ''} {' and '.join(map(str, dict.fromkeys(result.seeds)))}"
    head = f"{result.model}: {result.iterations:,} iterations of {result.inputs}, {runs}; loss: {result.loss}"
    note = "Intervals of 95 %. The last line is the output's root mean square error over its standard deviation."
    return "\n".join([head, "", *lines, "", note, *_accuracies(result), "", *story(result)])


def interval(figure: Figure, *, percent: bool = False) -> str:
    """Value and interval in one text."""
    value, ends = parts(figure, percent=percent)
    return f"{value}{' %' if percent else ''} ({ends})" if ends else value


def parts(figure: Figure, *, percent: bool = False) -> tuple[str, str]:
    """Value and interval, with the digits that the interval supports; in percent if asked."""
    if figure.value is None or figure.low is None or figure.high is None:
        return UNKNOWN, ""
    scale = 100 if percent else 1
    half = scale * (figure.high - figure.low) / 2
    places = 4 if half == 0 else max(0, min(9, 1 - _exponent(half)))
    value, low, high = (f"{scale * number:.{places}f}" for number in (figure.value, figure.low, figure.high))
    return value, f"{low} to {high}"


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _verdict(result: PrecisionResult, subject: str) -> str:
    own = [judgement for judgement in result.judgements if judgement.subject == subject]
    outcomes: tuple[Outcome, ...] = ("fail", "undecided")
    for outcome in outcomes:
        bad = [judgement.statistic for judgement in own if judgement.outcome == outcome]
        if bad:
            return f"{OUTCOME_SIGNS[outcome]}: {', '.join(bad)}"
    return OUTCOME_SIGNS["pass"] if own else "no limit"


def _accuracies(result: PrecisionResult) -> list[str]:
    return [
        f"accuracy on {entry.name} ({entry.samples:,} inputs): full precision {interval(entry.full, percent=True)}, "
        f"quantized {interval(entry.quantized, percent=True)}"
        for entry in result.accuracies
    ]


def story(result: PrecisionResult) -> list[str]:
    """What the figures say, in sentences: for each kind of limit whether it holds, and where not, why."""
    known = [layer for layer in result.layers if layer.variance.value is not None]
    lines = []
    if known:
        worst = max(known, key=_variance)
        lines.append(
            f"Quantization adds most to the gradient of {worst.name}: {interval(worst.variance, percent=True)} of what "
            "varies there in full precision."
        )
    if not result.judgements:
        lines.append(
            "No harness limits anything: `gradient variance <= 5 %` in a harness section would be judged here."
        )
    for judgement in result.judgements:
        if judgement.outcome != "pass":
            lines.append(f"{OUTCOME_SIGNS[judgement.outcome]} {statement(judgement)}: {judgement.reason}")
    if result.judgements and all(judgement.outcome == "pass" for judgement in result.judgements):
        lines.append(f"Every limit holds: {len(result.judgements)} judged.")
    return lines


def statement(judgement: Judgement) -> str:
    """A limit and what was held against it, in one line."""
    names = {"output error": "output error", "drift": f"gradient drift of {judgement.subject}"}
    name = names.get(judgement.statistic, f"gradient {judgement.statistic} of {judgement.subject}")
    limit = f"{100 * judgement.limit:g} %"
    if judgement.statistic == "ratio":
        return f"{name} within 1 ± {limit}" + ("" if judgement.value is None else f", found {judgement.value:.4g}")
    return f"{name} {judgement.relation} {limit}" + (
        "" if judgement.value is None else f", found {100 * judgement.value:.3g} %"
    )


def _variance(layer: LayerPrecision) -> float:
    return layer.variance.value or 0.0


# ---- where precision goes ----


def localisation_text(found: Localisation) -> str:
    """Variance by layer and operation, the worst places, and what one more bit would buy."""
    names = list(found.together)
    by_operation = table(
        ("gradient of", *(_NAMES[operation] for operation in found.operations), "all together"),
        [
            (name, *(_share(own[name]) for own in found.operations.values()), _share(found.together[name]))
            for name in names
        ],
        right=range(1, 6),
    )
    sites = table(
        ("place", "operation", "worst for", "variance ρ there"),
        [
            (site.name, _NAMES[site.operation], site.worst, _share(site.variance[site.worst]))
            for site in found.sites[:_SITES_SHOWN]
        ],
        right=(3,),
    )
    worst = max(names, key=lambda name: found.together[name])
    lines = [
        f"Variance ρ with one operation switched on everywhere, {found.iterations:,} iterations:",
        "",
        by_operation,
        "",
        f"The places that lose most, each alone{_more(len(found.sites))}:",
        "",
        sites,
    ]
    if found.more_bits:
        before = found.together[worst]
        bits = table(
            ("one more bit for", f"variance ρ of {worst}", "of what it was", "largest ρ of all"),
            [
                (
                    entry.row,
                    _share(entry.variance[worst]),
                    _of(entry.variance[worst], before),
                    _share(_largest(entry.variance)),
                )
                for entry in found.more_bits
            ],
            right=(1, 2, 3),
        )
        lines += ["", f"What a bit would buy where it is needed most, at {worst} with {_share(before)}:", "", bits]
    return "\n".join(lines)


def _largest(variance: ByLayer) -> float:
    return max(variance.values())


def _of(after: float, before: float) -> str:
    return f"{100 * after / before:.0f} %" if before else UNKNOWN


def _more(count: int) -> str:
    return f" ({_SITES_SHOWN} of {count})" if count > _SITES_SHOWN else ""


def _share(value: float) -> str:
    return "0" if value == 0 else f"{100 * value:.3g} %"
