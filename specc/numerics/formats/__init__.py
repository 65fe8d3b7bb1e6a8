"""Number formats: what values a format holds, and which of them stands for a real number.

Every format rounds to nearest. Formats of one value each (`ScalarFormat`) know all their values; block formats share a
scale between neighbours. `by_name` finds them under the names that a quantization table uses.
"""

from __future__ import annotations

from functools import cache

from specc.numerics.formats.base import NumberFormat, ScalarFormat
from specc.numerics.formats.block import BlockFormat
from specc.numerics.formats.fixed import FixedPoint
from specc.numerics.formats.floating import SmallFloat
from specc.numerics.formats.posit import Posit

__all__ = ["BlockFormat", "FixedPoint", "NumberFormat", "Posit", "ScalarFormat", "SmallFloat", "by_name", "names"]


@cache
def _table() -> dict[str, NumberFormat]:
    # Microscaling elements saturate (OCP Microscaling Formats 1.0, section 6.3); so do the two fp8 formats here, as
    # training and inference use them (OCP 8-bit Floating Point 1.0, section 5.2.1, saturating mode).
    e4m3 = SmallFloat("fp8_e4m3", 4, 3, bias=7, largest=448.0)
    e5m2 = SmallFloat("fp8_e5m2", 5, 2, bias=15, largest=57344.0)
    e3m2 = SmallFloat("fp6_e3m2", 3, 2, bias=3, largest=28.0)
    e2m3 = SmallFloat("fp6_e2m3", 2, 3, bias=1, largest=7.5)
    e2m1 = SmallFloat("fp4_e2m1", 2, 1, bias=1, largest=6.0)
    formats: list[NumberFormat] = [
        SmallFloat("fp16", 5, 10, bias=15, largest=65504.0, infinite=True),
        SmallFloat("bf16", 8, 7, bias=127, largest=3.3895313892515355e38, infinite=True),
        e4m3,
        e5m2,
        e3m2,
        e2m3,
        e2m1,
        Posit("posit8", 8, 2),
        Posit("posit16", 16, 2),
        BlockFormat("mxfp8", e4m3),
        BlockFormat("mxfp6", e3m2),
        BlockFormat("mxfp4", e2m1),
        BlockFormat("mxint8", FixedPoint("mxint8 element", 8, step=2.0**-6, symmetric=True)),
    ]
    return {entry.name: entry for entry in formats}


def names() -> tuple[str, ...]:
    """Names of all formats but fixed point, whose bits and step a table states."""
    return tuple(_table())


def by_name(name: str) -> NumberFormat:
    """The format of that name.

    Raises:
        KeyError: there is no such format.
    """
    return _table()[name]
