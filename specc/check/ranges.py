"""Whether the codes of each row of the quantization table can hold the range at the step."""

from __future__ import annotations

from fractions import Fraction

from specc.check.context import Context, decimal, exact, mark, place, plural
from specc.diagnostics.model import Fix
from specc.spec.model import QuantizationRow


def check_ranges(context: Context) -> None:
    """Compare the codes that each range needs with the codes that its bits hold."""
    for row in context.spec.quantization.rows if context.spec.quantization else ():
        if not row.uniform or row.range is None or row.step is None or row.step <= 0 or row.range <= 0:
            continue
        limit, step = exact(row.range), exact(row.step)
        _check_width(context, row, limit, step)
        _check_grid(context, row, limit, step)


def check_calibration(context: Context) -> None:
    """Calibrated rows need values to be calibrated on: an input distribution, or the ranges that training saw.

    A file of codes brings their scales along, whatever the table that stands for it says.
    """
    model, table = context.spec.model, context.spec.quantization
    quantized = model.file is not None and model.file.content.quantized
    if table is None or model.input.distribution is not None or quantized:
        return
    stored = model.weights.file.content.ranges if model.weights and model.weights.file else {}
    tensors = {model.input.name, *(layer.name for layer in context.network.layers)}
    calibrated = next((row for row in table.rows if row.calibrated), None)
    if calibrated is not None and not tensors <= stored.keys():
        context.report(
            "W3106",
            "there are no values to calibrate on: nothing can be measured",
            place(calibrated, "range"),
            secondary=(mark(model.input, "name", "no distribution is declared") or mark(model.input, ""),),
            notes=(f"repair: `input {model.input.name} … {{ distribution uniform ±1 }}` or `normal 0.5`",),
        )


def clipped_code(row: QuantizationRow) -> int | None:
    """Largest magnitude of a code that stands for a value in the stated range, or None for a calibrated row."""
    if row.range is None or row.step is None or row.step <= 0:
        return None
    return min(exact(row.range) // exact(row.step), 1 << (row.bits + row.guard - 1))


def bits_for(limit: Fraction, step: Fraction) -> int:
    """Width of the codes from -limit to limit, both whole multiples of the step or cut down to them."""
    return int(2 * (limit // step)).bit_length()


def nearest_on_grid(limit: Fraction, step: Fraction) -> Fraction:
    """The multiple of a step that is nearest to a limit, and not zero."""
    below = (limit // step) * step
    above = below + step
    return above if above - limit < limit - below or below == 0 else below


def _check_width(context: Context, row: QuantizationRow, limit: Fraction, step: Fraction) -> None:
    needed = 2 * (limit // step) + 1
    bits = row.bits + row.guard
    available = 1 << bits
    bits_needed = bits_for(limit, step)
    stated = f"±{decimal(limit)} at step {decimal(step)} is {plural(needed, 'code')}"
    context.prove(
        "quantization", f"`{row.layer}`: {stated}, {bits_needed} bits; the row has {bits}, {available:,} codes"
    )
    if needed > available:
        half = available // 2
        share = _share(Fraction(available, needed))
        guard = f" and {plural(row.guard, 'guard bit')}" if row.guard else ""
        width = f"{plural(row.bits, 'bit')}{guard} {'holds' if bits == 1 else 'hold'} {available:,}"
        largest = half - 1
        repairs = [f"{bits_needed} bits"]
        if largest > 0:
            repairs += [f"step ≥ {rounded_up(limit / largest)}", f"range ±{decimal(largest * step)}"]
        context.report(
            "E3101",
            f"`{row.layer}`: {stated}; {width}, covering {_signed(-half * step)}…{_signed(largest * step)} ({share})",
            place(row, "range"),
            secondary=(mark(row, "bits", f"{available:,} codes"), mark(row, "step", f"{needed:,} codes needed")),
            notes=("repair: " + ", or ".join(repairs), _guard_note(bits, bits_needed)),
            fix=_replace(row, "bits", str(row.bits + bits_needed - bits), f"use {bits_needed - row.guard} bits"),
        )
    elif row.bits > bits_needed:
        surplus = row.bits - bits_needed
        context.report(
            "W3102",
            f"`{row.layer}`: {stated}, which {'needs' if needed == 1 else 'need'} {plural(bits_needed, 'bit')}: "
            f"{plural(surplus, 'surplus bit')}",
            place(row, "bits"),
            secondary=(mark(row, "range", f"{needed:,} codes"),),
            notes=(f"repair: {bits_needed} bits, or a step down to {rounded_up(limit / (2 ** (row.bits - 1) - 1))}",),
            fix=_replace(row, "bits", str(bits_needed), f"use {bits_needed} bits"),
        )


def _share(part: Fraction) -> str:
    """A part of the whole in per cent, never 0 nor 100."""
    percent = round(100 * part)
    return "over 99 %" if percent == 100 else f"{percent} %" if percent else "under 1 %"


def _guard_note(bits: int, bits_needed: int) -> str:
    if bits_needed == bits + 1:
        return f"one guard bit ({bits_needed} bits) is exactly the repair"
    return f"one guard bit ({bits + 1} bits, {2 ** (bits + 1):,} codes) is not enough"


def _check_grid(context: Context, row: QuantizationRow, limit: Fraction, step: Fraction) -> None:
    if limit % step == 0:
        return
    below = (limit // step) * step
    above = below + step
    nearest = nearest_on_grid(limit, step)
    context.report(
        "W3103",
        f"`{row.layer}`: ±{decimal(limit)} is not a multiple of {decimal(step)}; "
        f"the nearest value on the grid is ±{decimal(nearest)}",
        place(row, "range"),
        secondary=(mark(row, "step", f"the grid: multiples of {decimal(step)}"),),
        notes=(f"codes reach ±{decimal(below)}, then ±{decimal(above)}; values between are clipped or wasted",),
        fix=_replace(row, "range", f"±{decimal(nearest)}", f"write ±{decimal(nearest)}"),
    )


def _replace(row: QuantizationRow, field: str, text: str, title: str) -> Fix | None:
    span = row.spans.get(field)
    return Fix(title, ((span, text),)) if span else None


def _signed(number: Fraction) -> str:
    return decimal(number).replace("-", "−")


def rounded_up(number: Fraction) -> str:
    """Three significant digits, rounded up so that the text is a true bound."""
    scale = Fraction(1)
    while number * scale < 100:
        scale *= 10
    while number * scale >= 1000:
        scale /= 10
    rounded = Fraction(-(-number * scale // 1)) / scale
    places = max(0, len(str(int(scale))) - 1)
    return f"{float(rounded):.{places}f}" if scale >= 1 else decimal(rounded)
