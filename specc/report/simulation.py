"""What `specc sim` prints: a run of a program as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from specc.measure.simulator import Simulated, Simulation, SimulationError

FORMAT_VERSION: Final = 1
_SHOWN: Final = 15  # functions listed without --per-function
_COLUMNS: Final = ("cycles_low", "instructions", "loads", "stores", "multiply_accumulates", "calls")
_HEADS: Final = ("cycles", "share", "instructions", "loads", "stores", "MACs", "calls", "function")


def known_regions(run: Simulated, text: str | None) -> tuple[str, ...]:
    """The names in a list with commas.

    Raises:
        SimulationError: the program did not execute one of them.
    """
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    for name in names:
        if name not in run.functions:
            close = get_close_matches(name, run.functions, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SimulationError(f"no function {name} was executed{hint}")
    return names


def document(simulation: Simulation, run: Simulated) -> dict[str, Any]:
    """Everything about a run, for JSON."""
    value, low, high = run.cycles
    clock = simulation.clock_hz
    time = None
    if clock is not None:
        time = {"value": value / clock, "low": low / clock, "high": None if high is None else high / clock, "unit": "s"}
    return {
        "format_version": FORMAT_VERSION,
        "program": simulation.elf.name,
        "core": simulation.core,
        "board": simulation.hardware.name if simulation.hardware else None,
        "clock_hz": clock,
        "evidence": "simulated",
        "core_model": run.core_model,
        "assumptions": list(run.assumptions),
        "exit_code": run.exit_code,
        "output": run.output,
        "cycles": {"value": value, "low": low, "high": high, "unit": "cycles"},
        "time": time,
        "stack_bytes": run.stack_bytes,
        "counters": run.counters,
        "functions": run.functions,
    }


def to_json(simulation: Simulation, run: Simulated, regions: Sequence[str]) -> str:
    """A run as JSON; with `regions`, only those functions."""
    whole = document(simulation, run)
    if regions:
        whole["functions"] = {name: run.functions[name] for name in regions}
    return json.dumps(whole, indent=2)


def to_text(simulation: Simulation, run: Simulated, regions: Sequence[str], *, every_function: bool) -> str:
    """A run as text.

    Args:
        simulation: what was asked for.
        run: what came of it.
        regions: only these functions, each with all of its counters.
        every_function: list all functions, not only those with the most cycles.
    """
    value, low, high = run.cycles
    lines = []
    if run.output:
        lines += ["output of the program", *(f"  {line}" for line in run.output.splitlines()), ""]
    lines += [
        f"exit code     {run.exit_code}",
        f"cycles        {value:,}, simulated: at least {low:,.0f}, {_at_most(high, 'cycles', 1)}",
    ]
    if simulation.clock_hz is not None:
        clock = simulation.clock_hz
        longest = _at_most(high, "ms", clock / 1e3)
        lines.append(f"time          {value / clock * 1e3:,.4g} ms at {clock / 1e6:g} MHz, {longest}")
    stack = "unknown" if run.stack_bytes is None else f"{run.stack_bytes:,} B"
    lines += [f"stack         {stack}", f"core model    {run.core_model}", "", "counters"]
    lines += [f"  {name.replace('_', ' '):<22}{count:>16,}" for name, count in run.counters.items()]
    lines.append("")
    for name in regions:
        lines.append(f"function {name}")
        lines += [f"  {key.replace('_', ' '):<22}{count:>16,}" for key, count in run.functions[name].items()]
        lines.append("")
    if not regions:
        lines += _functions(run, every_function)
    lines += ["assumptions", *(f"  {line}" for line in run.assumptions)]
    return "\n".join(lines)


def _at_most(high: float | None, unit: str, divisor: float) -> str:
    if high is None:
        return "with no upper bound: the flash timing is unknown"
    return f"at most {high:,.0f}" if divisor == 1 else f"at most {high / divisor:,.4g} {unit}"


def _functions(run: Simulated, every_function: bool) -> list[str]:
    names = list(run.functions) if every_function else list(run.functions)[:_SHOWN]
    rows: list[tuple[str, ...]] = [_HEADS]
    for name in names:
        counts = run.functions[name]
        cycles = counts["cycles_low"]
        share = f"{cycles / run.cycles[0]:.1%}" if run.cycles[0] else "-"
        rows.append((f"{cycles:,}", share, *(f"{counts[column]:,}" for column in _COLUMNS[1:]), name))
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS) - 1)]
    lines = ["functions, each without what it calls"]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        lines.append("  " + "  ".join([*cells, row[-1]]))
    if len(names) < len(run.functions):
        lines.append(f"  and {len(run.functions) - len(names)} more: --per-function lists all")
    return [*lines, ""]
