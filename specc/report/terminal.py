"""Tables for the terminal: verdicts and measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from specc.evidence import Figure
from specc.explain.roofline import bound
from specc.measure.result import Measurement, MemoryResult
from specc.measure.verdict import Outcome, Verdict
from specc.report.kernels import VARIANT_COLUMNS, tuning_sentences, variant_cells
from specc.report.numbers import UNKNOWN, count, digits, figure_text, percent, significant, variability_text

# Told by shape and word before colour: the sign leads, the word follows, the colour only repeats them.
OUTCOME_SIGNS: Final[dict[Outcome, str]] = {"pass": "✓ pass", "fail": "✗ fail", "undecided": "? undecided"}
OUTCOME_COLOURS: Final[dict[Outcome, str]] = {"pass": "\x1b[32m", "fail": "\x1b[31m", "undecided": "\x1b[33m"}
RESET: Final = "\x1b[0m"


def verdict_table(verdicts: Sequence[Verdict], *, colour: bool) -> str:
    """Every verdict, target by target, and a count of the outcomes."""
    header = ("target", "contract", "limit", "figure", "margin", "evidence", "verdict")
    rows = [
        (
            verdict.target,
            verdict.label,
            f"{verdict.relation} {verdict.limit:g} {verdict.unit}",
            _written(verdict.figure),
            "" if verdict.margin is None else percent(verdict.margin),
            verdict.figure.evidence,
            OUTCOME_SIGNS[verdict.outcome],
        )
        for verdict in verdicts
    ]
    lines = table(header, rows, right=(2, 3, 4)).split("\n")
    if colour:
        for index, verdict in enumerate(verdicts):
            sign = OUTCOME_SIGNS[verdict.outcome]
            lines[index + 2] = lines[index + 2].replace(sign, f"{OUTCOME_COLOURS[verdict.outcome]}{sign}{RESET}")
    notes = [
        f"{verdict.target}, {verdict.label}: {verdict.reason}"
        for verdict in verdicts
        if verdict.outcome == "undecided" or (verdict.unit == "differing outputs" and verdict.outcome == "fail")
    ]
    counts = {outcome: sum(verdict.outcome == outcome for verdict in verdicts) for outcome in OUTCOME_SIGNS}
    summary = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    return "\n".join([*lines, *(["", *notes] if notes else []), "", summary])


def measurement_table(measurements: Mapping[str, Measurement], reused: Sequence[str]) -> str:
    """One line a target: latency, memory, energy, evidence, and whether the result was stored before.

    Activations are those of the linked program, beside what was planned for them where the two differ. What bounds an
    inference stands with its lead over the second cause.
    """
    header = ("target", "latency", "p95/p50", "SRAM", "activations", "flash", "energy", "evidence", "bound by",
              "output", "from")  # fmt: skip
    rows = [
        (
            name,
            figure_text(result.total.best),
            variability_text(result),
            figure_text(result.memory.sram),
            _activations(result.memory),
            figure_text(result.memory.flash),
            figure_text(result.energy),
            result.evidence,
            _bound(result),
            {True: "exact", False: "DIFFERS", None: "not run"}[result.output_matches_golden],
            "store" if name in reused else "this run",
        )
        for name, result in measurements.items()
    ]
    if not rows:
        return "nothing was measured"
    lines = [
        table(header, rows, right=(1, 2, 3, 4, 5, 6)),
        *_gradients(measurements),
        *_kernels(measurements),
        *_measurement_notes(measurements),
    ]
    return "\n".join(lines)


def finished_line(measurement: Measurement) -> str:
    """What is said of a target as soon as it is measured: how long an inference takes, and what bounds it."""
    line = f"{measurement.target}: {figure_text(measurement.total.best)}, {measurement.evidence}"
    found = bound(measurement.counters)
    if found is None:
        return f"{line}; no counters tell what bounds it"
    lead = f"{percent(found.share)} of the cycles, {percent(found.margin)} ahead of {found.second}"
    return f"{line}; bound by {found.kind} ({lead})"


def _bound(measurement: Measurement) -> str:
    """What takes most of the cycles, and its lead over the second."""
    found = bound(measurement.counters)
    return "not counted" if found is None else f"{found.kind} +{percent(found.margin)}"


def _gradients(measurements: Mapping[str, Measurement]) -> list[str]:
    """The backward pass of each target that has one, layer by layer; after an empty line."""
    header = ("target", "gradients of", "time", "cycles", "SRAM", "flash", "result")
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for name, result in measurements.items():
        if (found := result.gradients) is None:
            continue
        for layer in found.layers:
            cycles = layer.counters.get("cycles")
            rows.append((name, layer.name, figure_text(layer.latency.best), _cycles(cycles), "", "", ""))
        memory = (figure_text(found.memory.sram), figure_text(found.memory.flash))
        exact = "DIFFERS" if found.difference else "exact"
        rows.append((name, "all, with the loss", figure_text(found.total.best), "", *memory, exact))
        notes += [f"{name}: {found.difference}"] if found.difference else []
        notes += [f"{name}: no gradients of {', '.join(found.absent)}: not built"] if found.absent else []
    return ["", table(header, rows, right=(2, 3, 4, 5)), *notes] if rows else []


def _kernels(measurements: Mapping[str, Measurement]) -> list[str]:
    """The variants of every layer of each target whose kernels were tuned; after an empty line."""
    lines = []
    for name, result in measurements.items():
        if (tuning := result.kernel_tuning) is None:
            continue
        rows = [(name, *variant_cells(variant)) for variant in tuning.variants]
        header = ("target", *VARIANT_COLUMNS)
        lines += ["", table(header, rows, right=(4, 5, 6)), "", *tuning_sentences(result, tuning)]
    return lines


def _cycles(figure: Figure | None) -> str:
    return UNKNOWN if figure is None else figure_text(figure)


def _activations(memory: MemoryResult) -> str:
    linked, planned = memory.regions.get("sram: activations"), memory.planned_activations
    if linked is None:
        return UNKNOWN if planned is None else f"{count(planned)} B planned"
    if planned is None:
        return f"{count(linked)} B"
    return f"{count(linked)} B = plan" if linked == planned else f"{count(linked)} B, plan {count(planned)} B"


def _measurement_notes(measurements: Mapping[str, Measurement]) -> list[str]:
    """What other runtimes take, which output differs, what to know before trusting the figures; after an empty line."""
    notes = [
        f"{name}: {baseline.name} {baseline.version} takes {figure_text(baseline.latency.best)} on the same inputs"
        for name, result in measurements.items()
        for baseline in result.baselines
    ]
    notes += [
        f"{name}: {result.output_difference.text}"
        for name, result in measurements.items()
        if result.output_difference is not None
    ]
    notes += [f"{name}: {note}" for name, result in measurements.items() for note in result.notes]
    return ["", *notes] if notes else []


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns padded to their widest cell; those in `right` aligned to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(header), line(["─" * width for width in widths]), *(line(row) for row in rows)])


def _written(figure: Figure) -> str:
    """A figure in the unit of its limit, with its interval."""
    if figure.value is None:
        return UNKNOWN
    places = digits(figure)
    value = significant(figure.value, places)
    if figure.evidence == "predicted" and figure.high is None and figure.low != figure.value:
        return f"≈ {value}"
    if figure.high is None:
        return f"≥ {value}"
    if figure.low is None or figure.low == figure.high:
        return value
    low, high = significant(figure.low, places), significant(figure.high, places)
    return f"{low}–{high}" if low != high else value
