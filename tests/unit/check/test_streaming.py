"""An input by rows that no code could take so is an error of the check, and no other is."""

from __future__ import annotations

import pytest

from specc.check import check_source
from specc.codegen.schedule import scheduled
from specc.graph.planner import UnfitError
from specc.numerics.quantize import quantize
from specc.source import SourceFile

FIRST = {
    "conv": "conv a { kernel 3x3, filters 2 }",
    "conv over everything": "conv a { kernel 8x8, filters 2 }",
    "dwconv": "dwconv a { kernel 3x3, padding same }",
    "avgpool": "avgpool a { kernel 2x2 }",
    "global pool": "avgpool a { global }",
    "maxpool": "maxpool a { kernel 2x2 }",
    "relu": "relu a",
    "sigmoid": "sigmoid a",
    "dense": "dense a { units 4 }",
    "flatten": "flatten a",
    "read twice": "conv first { kernel 3x3, filters 1, padding same }\n  add a { from first + x }",
}


@pytest.mark.parametrize("rows", ["needed", "least", "never"])
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_what_the_check_accepts_can_be_planned(first: str, rows: str) -> None:
    result = check_source(
        SourceFile(
            "rows.hwspec",
            f"""hwspec 1
model m {{
  input x 8x8x1 {{ distribution uniform ±1, stream rows }}
  {first}
  dense last {{ units 2 }}
  weights seed 1
}}
schedule m {{ rows {rows} }}
quantization m {{
  | layer | bits | range      |
  | *     | 8    | calibrated |
}}
target t {{ use stm32f407 }}
""",
        )
    )
    codes = [diagnostic.code for diagnostic in result.diagnostics]
    assert result.spec is not None, codes
    assert result.network is not None, codes
    try:
        scheduled(result.spec, result.spec.target("t"), quantize(result.spec, result.network))
    except UnfitError:
        assert "E4114" in codes
    else:
        assert "E4114" not in codes
