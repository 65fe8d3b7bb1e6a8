"""Why each row of a tuned table is as it is."""

from __future__ import annotations

from specc.check.context import decimal, exact
from specc.check.ranges import bits_for, nearest_on_grid
from specc.spec.model import QuantizationRow, QuantizationTable
from specc.tune.result import Tuned


def reasons(found: Tuned, original: QuantizationTable) -> dict[str, str]:
    """A sentence for each row: what its own numbers prove, and what a level less would do."""
    if found.table is None:
        return {}
    narrower: dict[str, list[str]] = {}
    for own in found.narrower:
        narrower.setdefault(own.layer, []).append(own.statement)
    made = {}
    for row in found.table.rows:
        before = original.row(row.layer)
        said = [*(_proved(before, row) if before is not None else ()), *narrower.get(row.layer, [])]
        made[row.layer] = "; ".join(part for part in said if part)
    return made


def _proved(before: QuantizationRow, after: QuantizationRow) -> list[str]:
    if before.range is None or before.step is None or after.range is None:
        return []
    limit, step = exact(before.range), exact(before.step)
    needed, width = bits_for(limit, step), before.bits + before.guard
    said = []
    if needed != width:
        codes = 2 * (limit // step) + 1
        enough = f"{width} bits hold {1 << width:,}" if needed > width else f"{needed} of {width} bits hold them"
        said.append(f"±{decimal(limit)} by {decimal(step)} is {codes:,} codes; {enough}")
    if before.step == after.step and limit % step:
        said.append(f"±{decimal(nearest_on_grid(limit, step))} is on the grid")
    return said
