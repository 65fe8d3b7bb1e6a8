"""Where the energy of an inference goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from specc.explain.energy import ENERGY_CAUSES, EnergyAttribution, inference_energy, layer_energy
from specc.report.blocks import Block, Bullets, Item, Missing, Section, present
from specc.report.figures.energy import energy_causes, energy_shares
from specc.report.material import Material
from specc.report.numbers import digits, fixed, interval, significant, unit_for
from specc.report.tables import Cell, Column, Row, Table, table

_ABREAST: Final = 7  # causes: the width of a page
_REST: Final = "all others"


def energy(material: Material) -> Section | Missing:
    """Energy by kind of layer, by cause, and by cause and layer."""
    drawn = energy_shares(material.inputs.network, material.shown)
    if drawn is None:
        return Missing("Energy", "no target has a known energy")
    blocks = present(drawn, _table(material), *_by_cause(material), _by_layer(material))
    return Section("energy", "Where the energy goes", blocks)


def causes_of_energy(material: Material) -> Section | Missing:
    """The figure of energy by cause alone, and what the split rests on."""
    found = _split(material)
    if not found:
        return Missing("Where the energy goes", "no target has a known energy and counters that tell its causes apart")
    drawn, notes = energy_causes(material.shown, found), tuple(map(Item, _grounds(material, found)))
    return Section("energy", "Where the energy goes", present(drawn, Bullets(notes, small=True)))


def _split(material: Material) -> dict[str, EnergyAttribution]:
    """The energy of every target by cause, where anything tells of it."""
    return {m.target: split for m in material.shown if (split := inference_energy(m)) is not None}


def _grounds(material: Material, found: Mapping[str, EnergyAttribution]) -> list[str]:
    """How the energy of which target was split, and of which nothing tells."""
    by_basis: dict[str, list[str]] = {}
    for target, one in found.items():
        by_basis.setdefault(one.basis, []).append(target)
    notes = [f"{', '.join(targets)}: {basis}." for basis, targets in by_basis.items()]
    absent = [m.target for m in material.shown if m.energy.value is not None and m.target not in found]
    return [*notes, f"Nothing tells where the energy of {', '.join(absent)} goes."] if absent else notes


def _by_cause(material: Material) -> tuple[Block, ...]:
    """Figure and table of the energy by cause, targets as rows; nothing where it is known of none."""
    found = _split(material)
    if not found:
        return ()
    symbol, scale = unit_for([one.whole for one in found.values()], "J")
    causes = _causes(found.values())
    rows = [Row((Cell(target), *_shares(one, causes, scale))) for target, one in found.items()]
    columns, notes = _columns("target", symbol, causes), _grounds(material, found)
    return present(energy_causes(material.shown, found), table("Energy by cause", columns, rows, notes, kind="causes"))


def _by_layer(material: Material) -> Table | None:
    """The same by layer, on the best target of which it is known."""
    for m in material.ranked:
        whole = inference_energy(m)
        layers = {layer.name: split for layer in m.layers if (split := layer_energy(layer, m.idle_power)) is not None}
        if whole is None or not layers:
            continue
        causes = _causes([whole, *layers.values()])
        symbol, scale = unit_for([one.whole for one in layers.values()], "J")
        rows = [Row((Cell(name), *_shares(one, causes, scale))) for name, one in layers.items()]
        rows.append(Row((Cell("inference"), *_shares(whole, causes, scale)), total=True))
        classes = sorted({part.evidence for one in layers.values() for part in one.parts})
        title = f"Energy by cause and layer on {m.target} ({', '.join(classes)})"
        return table(title, _columns("layer", symbol, causes), rows, kind="causes")
    return None


def _causes(found: Iterable[EnergyAttribution]) -> list[str]:
    """Causes that get a column, in their order: all, or the largest and one column for the rest."""
    shares: dict[str, float] = {}
    for one in found:
        for part in one.parts:
            shares[part.cause] = shares.get(part.cause, 0.0) + part.joules / one.whole
    if len(shares) <= _ABREAST:
        return [cause for cause in ENERGY_CAUSES if cause in shares]
    largest = sorted(shares, key=lambda cause: -shares[cause])[: _ABREAST - 1]
    return [*(cause for cause in ENERGY_CAUSES if cause in largest), _REST]


def _shares(found: EnergyAttribution, causes: Sequence[str], scale: float) -> list[Cell]:
    shares = {cause: found.share(cause) for cause in causes}
    if _REST in shares:
        shares[_REST] = sum(part.joules for part in found.parts if part.cause not in causes) / found.whole
    cells = [Cell(fixed(share * 100, 1)) if share else Cell("") for share in shares.values()]
    return [Cell(significant(found.whole / scale, 3)), *cells]


def _columns(first: str, symbol: str, causes: Sequence[str]) -> list[Column]:
    return [
        Column(first),
        Column("energy", symbol, number=True),
        *(Column(cause, "%", number=True) for cause in causes),
    ]


def _table(material: Material) -> Table:
    known = [m.energy.value for m in material.shown if m.energy.value]
    symbol, scale = unit_for(known, "J")
    rows = []
    for m in material.shown:
        if m.energy.value is None:
            cells = (Cell("unknown", muted=True), Cell(""))
        else:
            cells = (Cell(significant(m.energy.value / scale, digits(m.energy))), Cell(interval(m.energy, scale)))
        rows.append(Row((Cell(m.target), *cells, Cell(m.energy.evidence))))
    columns = (
        Column("target"),
        Column("energy", symbol, number=True),
        Column("interval", symbol, number=True),
        Column("evidence"),
    )
    note = "What each figure rests on stands under Method."
    return table("Energy of one inference", columns, rows, (note,), kind="energies")
