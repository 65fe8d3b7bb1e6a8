"""Arithmetic on quantities: exact, bounded, and with dimensions that must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from specc.diagnostics.model import Fix, Label, Sink
from specc.elaborate.reader import NOUNS, RejectedError
from specc.source import Span
from specc.syntax.nodes import Malformed, Number, Symbol, Value
from specc.units import AMBIGUOUS_UNITS, NONE, PRICES, UNITS, Dimension, Quantity, Unit, describe

BITS_LIMIT: Final = 512  # of numerator and denominator: far beyond any figure, and cheap
DEPTH_LIMIT: Final = 16  # brackets inside one another

# Units that a result may take which none of its operands gave, the largest first.
_PREFERRED: Final = ("s", "ms", "us", "ns", "GHz", "MHz", "kHz", "Hz", "J", "mJ", "uJ", "nJ", "W", "mW", "uW")


@dataclass(frozen=True)
class _Amount:
    """An intermediate result in base units; `units` are those of its operands, in their order."""

    base: Fraction
    dimension: Dimension
    units: tuple[Unit, ...]
    span: Span


def fold(values: Sequence[Value], sink: Sink) -> tuple[Value, ...]:
    """Values with every arithmetic expression replaced by its result.

    An expression begins with a number or a bracket and goes on as long as signs follow. One that is wrong is reported
    and becomes Malformed, with all that stands behind it.
    """
    folded: list[Value] = []
    position = 0
    while position < len(values):
        value = values[position]
        if not (isinstance(value, Number) or _is_sign(value, "(")) or _in_pattern(values, position):
            folded.append(value)
            position += 1
            continue
        expression = _Expression(values, position, sink)
        try:
            folded.append(expression.result())
        except RejectedError:
            folded.append(Malformed(value.span.to(values[-1].span)))
            break
        position = expression.position
    return tuple(folded)


def _in_pattern(values: Sequence[Value], position: int) -> bool:
    """Whether a number is the end of a name such as `mlp*1`, which it touches."""
    before = values[position - 1] if position else None
    return _is_sign(before, "*") and before is not None and before.span.end == values[position].span.start


def _is_sign(value: Value | None, *signs: str) -> bool:
    return isinstance(value, Symbol) and value.text in signs


class _Expression:
    """One expression: products before sums, both from left to right."""

    def __init__(self, values: Sequence[Value], position: int, sink: Sink) -> None:
        self.values, self.position, self.sink = values, position, sink

    def result(self) -> Value:
        first = self.values[self.position]
        start = self.position
        amount = self.sum(0)
        if self.position == start + 1:
            return first
        return Number(self.quantity(amount), amount.span)

    def peek(self) -> Value | None:
        return self.values[self.position] if self.position < len(self.values) else None

    def fail(self, code: str, message: str, span: Span, *labels: Label, notes: tuple[str, ...] = ()) -> RejectedError:
        self.sink.add(code, message, span, secondary=labels, notes=notes)
        return RejectedError()

    def sum(self, depth: int) -> _Amount:
        left = self.product(depth)
        while _is_sign(sign := self.peek(), "+", "-"):
            assert isinstance(sign, Symbol)
            self.position += 1
            right = self.product(depth)
            self.check_same(left, right, sign)
            base = left.base + right.base if sign.text == "+" else left.base - right.base
            left = self.bounded(base, left.dimension, left, right)
        following = self.peek()
        if isinstance(following, Number) and following.span.text.startswith("-"):
            place = Span(following.span.source, following.span.start + 1, following.span.start + 1)
            message = f"`{following.span.text}` is a negative number, and no sign stands before it"
            fix = Fix("write a blank behind `-`", ((place, " "),))
            self.sink.add("E1014", message, following.span, fix=fix)
            raise RejectedError
        return left

    def product(self, depth: int) -> _Amount:
        left = self.operand(depth)
        while _is_sign(sign := self.peek(), "*", "/"):
            assert isinstance(sign, Symbol)
            self.position += 1
            right = self.operand(depth)
            if sign.text == "*":
                together = tuple(a + b for a, b in zip(left.dimension, right.dimension, strict=True))
                left = self.bounded(left.base * right.base, together, left, right)
                continue
            if right.base == 0:
                raise self.fail("E1010", f"`{right.span.text}` is zero, and nothing is divided by zero", right.span)
            apart = tuple(a - b for a, b in zip(left.dimension, right.dimension, strict=True))
            left = self.bounded(left.base / right.base, apart, left, right)
        return left

    def operand(self, depth: int) -> _Amount:
        value = self.peek()
        if value is None:
            end = self.values[-1].span
            raise self.fail("E1005", "a number is missing behind this sign", end)
        if isinstance(value, Malformed):
            raise RejectedError
        self.position += 1
        if isinstance(value, Number):
            unit = value.quantity.unit
            return _Amount(value.quantity.base, value.quantity.dimension, (unit,) if unit else (), value.span)
        if not _is_sign(value, "("):
            noun = NOUNS[type(value)]
            raise self.fail("E1007", f"expected a number, found {noun} `{value.span.text}`", value.span)
        if depth == DEPTH_LIMIT:
            raise self.fail("E0015", f"more than {DEPTH_LIMIT} brackets inside one another", value.span)
        inner = self.sum(depth + 1)
        closing = self.peek()
        if not _is_sign(closing, ")"):
            raise self.fail("E1005", "this `(` is never closed", value.span)
        assert closing is not None
        self.position += 1
        return _Amount(inner.base, inner.dimension, inner.units, value.span.to(closing.span))

    def bounded(self, base: Fraction, dimension: tuple[int, ...], left: _Amount, right: _Amount) -> _Amount:
        span = left.span.to(right.span)
        if max(base.numerator.bit_length(), base.denominator.bit_length()) > BITS_LIMIT:
            raise self.fail("E1010", f"the result of `{span.text[:60]}` has more than {BITS_LIMIT} bits", span)
        if max(map(abs, dimension)) > 8:
            raise self.fail("E1008", f"`{span.text[:60]}` multiplies a unit with itself too often", span)
        time, energy, charge, information, operation, dollar, euro = dimension
        exact = (time, energy, charge, information, operation, dollar, euro)
        return _Amount(base, exact, (*left.units, *right.units)[:8], span)

    def check_same(self, left: _Amount, right: _Amount, sign: Symbol) -> None:
        word = "added to" if sign.text == "+" else "taken from"
        labels = (Label(left.span, describe(left.dimension)), Label(right.span, describe(right.dimension)))
        if left.dimension in PRICES and right.dimension in PRICES and left.dimension != right.dimension:
            raise self.fail("E1008", "prices in two currencies do not add up: no rate is known", sign.span, *labels)
        if left.dimension != right.dimension:
            message = f"{describe(right.dimension)} cannot be {word} {describe(left.dimension)}"
            raise self.fail("E1008", message, sign.span, *labels)

    def quantity(self, amount: _Amount) -> Quantity:
        """The result in a unit: that of the first operand of its dimension, else one of a fitting size."""
        if amount.dimension == NONE:
            return Quantity(amount.base)
        unit = next((unit for unit in amount.units if unit.dimension == amount.dimension), None)
        if unit is None:
            fitting = [unit for unit in UNITS.values() if unit.dimension == amount.dimension]
            if not fitting:
                message = f"`{amount.span.text[:60]}` is no quantity that has a unit"
                raise self.fail("E1008", message, amount.span, notes=(_composition(amount.dimension),))
            large = [UNITS[s] for s in _PREFERRED if UNITS[s] in fitting and abs(amount.base) >= UNITS[s].scale]
            plain = [unit for unit in fitting if unit.scale == 1 and unit.symbol not in AMBIGUOUS_UNITS]
            unit = (large or plain or fitting)[0]
        return Quantity(amount.base / unit.scale, unit)


def _composition(dimension: Dimension) -> str:
    names = ("second", "joule", "coulomb", "byte", "operation", "dollar", "euro")
    parts = [f"{name}^{power}" for name, power in zip(names, dimension, strict=True) if power]
    return "its dimension is " + " · ".join(parts)
