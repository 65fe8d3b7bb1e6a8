"""The precision contract: gradients and outputs of the quantized network against full precision, layer by layer."""

from __future__ import annotations

from specc.evidence import Figure
from specc.measure.precision_result import PrecisionResult
from specc.precision.contract import Judgement, Outcome
from specc.report.blocks import Block, Bullets, Item, Missing, Section, Text
from specc.report.material import Material
from specc.report.numbers import UNKNOWN, count, figure_text
from specc.report.precision import parts, statement, story
from specc.report.tables import Cell, Column, Row, Table, anchor, table

_TITLE = "Precision"
_ABOUT = (
    "The same inputs go through the quantized network, bit for bit as every target computes it, and in full precision "
    "through the network it was made of. d is the difference of the two gradients of a layer's weights. Variance: what "
    "varies of d, as a share of what varies of the gradient. Ratio: variance of the one gradient over that of the "
    "other. Mean shift: what is constant of d, over the gradient's standard deviation. Intervals are of 95 %, by "
    "jackknife over blocks."
)


def precision(material: Material) -> Section | Missing | None:
    """Statistics of every layer with their verdicts, and what they say; nothing is computed here."""
    result = material.inputs.precision
    devices = on_device(material)
    if result is None:
        if devices:
            return Section("precision", _TITLE, tuple(devices))
        if material.inputs.spec.harness is None:
            return None
        return Missing(_TITLE, "the harness limits nothing, or precision was not assessed")
    blocks: list[Block] = [
        Text(
            f"{result.iterations:,} iterations, inputs: {result.inputs}, seeds: {', '.join(map(str, result.seeds))}; "
            f"gradients of {result.loss}. {_ABOUT}"
        ),
        _statistics(result),
    ]
    if others := [own for own in result.judgements if own.subject not in {layer.name for layer in result.layers}]:
        blocks.append(_others(others))
    blocks.append(Bullets(tuple(Item(line) for line in story(result))))
    blocks += devices
    return Section("precision", _TITLE, tuple(blocks))


def on_device(material: Material) -> list[Block]:
    """Gradients that targets computed themselves: time by layer, memory, and whether they agree."""
    found = [(own.target, own, own.gradients) for own in material.shown if own.gradients is not None]
    if not found:
        return []
    columns = (
        Column("target"),
        Column("gradients of"),
        Column("time", number=True),
        Column("cycles", number=True),
        Column("SRAM", number=True),
        Column("gradients", "B", number=True),
        Column("evidence"),
    )
    rows: list[Row] = []
    for target, measurement, result in found:
        for layer in result.layers:
            cycles = layer.counters.get("cycles")
            cells = (layer.name, figure_text(layer.latency.best), figure_text(cycles) if cycles else UNKNOWN, "", "")
            rows.append(Row(tuple(Cell(text) for text in (target, *cells, measurement.evidence))))
        gradients = count(result.memory.regions.get("sram: gradients", 0))
        cells = ("all, with the loss", figure_text(result.total.best), "", figure_text(result.memory.sram), gradients)
        rows.append(Row(tuple(Cell(text) for text in (target, *cells, measurement.evidence))))
    notes = [
        f"{target}: {own.difference or f'every bit equals the golden model, on {own.samples} inputs'}"
        + (f"; not built: {', '.join(own.absent)}" if own.absent else "")
        for target, _, own in found
    ]
    about = (
        "Computed by the target: gradients of the cross-entropy, for weights and biases of the dense layers at the "
        "end, in 32-bit floats. Time is that of the backward pass; memory that of the whole program."
    )
    bullets = Bullets(tuple(Item(note) for note in notes))
    return [Text(about), table("Gradients on the device", columns, rows), bullets]


def _statistics(result: PrecisionResult) -> Table:
    columns = (
        Column("layer"),
        Column("outcome"),
        Column("variance ρ", "%", number=True),
        Column("gain β", number=True),
        Column("ratio R", number=True),
        Column("mean shift b", "%", number=True),
        Column("evidence"),
    )
    rows = [
        Row(
            (
                Cell(layer.name),
                _outcome([own for own in result.judgements if own.subject == layer.name]),
                _figure(layer.variance, percent=True),
                _figure(layer.gain),
                _figure(layer.ratio),
                _figure(layer.bias, percent=True),
                Cell(layer.variance.evidence),
            ),
            anchor("precision", layer.name),
        )
        for layer in result.layers
    ]
    return table("Gradients by layer", columns, rows)


def _others(judgements: list[Judgement]) -> Table:
    rows = [
        Row((Cell(statement(own)), _outcome([own])), anchor("precision", own.subject, own.statistic), own.reason + ".")
        for own in judgements
    ]
    return table("Output and runs", (Column("contract"), Column("outcome")), rows)


def _figure(figure: Figure, *, percent: bool = False) -> Cell:
    value, ends = parts(figure, percent=percent)
    return Cell(value, ends, muted=figure.value is None)


def _outcome(judgements: list[Judgement]) -> Cell:
    outcomes: tuple[Outcome, ...] = ("fail", "undecided", "pass")
    worst = next((outcome for outcome in outcomes if any(own.outcome == outcome for own in judgements)), None)
    return Cell(worst or "no limit", outcome=worst, muted=worst is None)
