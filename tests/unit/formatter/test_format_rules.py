"""The layout itself, rule by rule."""

from __future__ import annotations

import pytest

from specc.diagnostics.model import Sink
from specc.source import SourceFile
from specc.syntax.formatter import FormatError, format_source


def formatted(text: str) -> str:
    return format_source(SourceFile("spec.hwspec", text), Sink())


CASES = {
    "declarations share the columns of name and block": (
        "m a {\n  input x 8x8x1\n  dwconv long {kernel 3x3,padding same}\n add s { from x+long }\n softmax t\n}",
        "m a {\n  input   x    8x8x1\n  dwconv  long { kernel 3x3, padding same }\n"
        "  add     s    { from x+long }\n  softmax t\n}\n",
    ),
    "limits share the columns of scope, relation and limit": (
        "b t {\nlatency total p95<=20 ms\nlatency a + b<1ms\nenergy <= 5 mJ per inference\n}",
        "b t {\n  latency total p95 <= 20 ms\n  latency a + b     <  1 ms\n"
        "  energy            <= 5 mJ per inference\n}\n",
    ),
    "facts share the columns of value and source": (
        'h x {\nclock 168 MHz source "a"\nsram 2KiB published "b"\n}',
        'h x {\n  clock 168 MHz source    "a"\n  sram  2 KiB   published "b"\n}\n',
    ),
    "one-line blocks with the same keywords share their columns": (
        'target a { use host, cores 2 }\ntarget bc { use nrf52840, cores 16 }\ntarget d { use host, compile "-O2" }',
        "target a  { use host,     cores 2 }\ntarget bc { use nrf52840, cores 16 }\n"
        'target d  { use host, compile "-O2" }\n',
    ),
    "other items share a column if the author began one": (
        'g {\n  application  "x"\n  optimise energy then price\n  tree depth 5, leaf 3\n}',
        'g {\n  application "x"\n  optimise    energy then price\n  tree        depth 5, leaf 3\n}\n',
    ),
    "other items are left apart otherwise": (
        "h {\n  iterations 10_000\n  seed fresh\n  gradient variance <= 5 %\n  gradient drift < 0.01 %\n}",
        "h {\n  iterations 10_000\n  seed fresh\n  gradient variance <= 5 %\n  gradient drift    <  0.01 %\n}\n",
    ),
    "a blank line ends a run": (
        "m a {\n  conv c { global }\n\n  softmax d { global }\n}",
        "m a {\n  conv c { global }\n\n  softmax d { global }\n}\n",
    ),
    "a blank line does not end a run whose columns agree across it": (
        "m a {\n  conv    c   { global }\n\n  softmax d   { global }\n  dense   abc { units 1 }\n}",
        "m a {\n  conv    c   { global }\n\n  softmax d   { global }\n  dense   abc { units 1 }\n}\n",
    ),
    "tables": (
        "q m {\n|layer|bits|range|notes|# head\n|-|:-:|-|-:|\n|日本|8|+-3.2|+-1| # c\n||12|||\n}",
        "q m {\n  | layer | bits | range | notes |  # head\n  | ----- | :--: | ----- | ----: |\n"
        "  | 日本  | 8    | ±3.2  | +-1   |  # c\n  |       | 12   |       |       |\n}\n",
    ),
    "spellings": (
        "a +-3.2\nb ± 4\nc ≤ 12KiB\nd ≥ 5µs\ne 5%\nf 1..2µW\ng 3\nh 1 .. 2",
        "a ±3.2\nb ±4\nc <= 12 KiB\nd >= 5 us\ne 5 %\nf 1..2 uW\ng 3\nh 1..2\n",
    ),
    "blank lines": (
        "\n\n\na 1\n\n\n\nb {\n\n  c 2\n\n\n}\n\n\n",
        "a 1\n\nb {\n  c 2\n}\n",
    ),
    "comments stay with what they comment on": (
        "# one\n\n  # two\na {# three\n# four\n b 1     # five\n cd 22 # six\n# seven\n}# eight\n#nine",
        "# one\n\n# two\na {  # three\n  # four\n  b 1     # five\n  cd 22   # six\n  # seven\n}  # eight\n#nine\n",
    ),
    "what stands in quotes and comments is the author's": (
        'a "b  ,{ # µ ≤ +-3 \\" |"  ,c   #  x  ≤ "y\n',
        'a "b  ,{ # µ ≤ +-3 \\" |", c    #  x  ≤ "y\n',
    ),
    "blocks on one line": ("a {b{c 1}\n}\nd{}\ne{f 1,}\n", "a { b { c 1 }\n}\nd { }\ne { f 1, }\n"),
    "line ends": ("a 1\n", "a 1\n"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_layout(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected


@pytest.mark.parametrize("text", ["a {", "a }", 'a "b', "a 5msec", "a = 1", "| a", "a , , b"])
def test_a_text_that_does_not_parse_is_refused_with_its_errors(text: str) -> None:
    sink = Sink()
    with pytest.raises(FormatError, match=r"spec\.hwspec has syntax errors"):
        format_source(SourceFile("spec.hwspec", text), sink)
    assert sink.has_errors


def test_names_need_not_exist() -> None:
    """Layout is a matter of syntax: a half-written spec is formatted, too."""
    assert formatted("model {nonsense   1}") == "model { nonsense 1 }\n"


def test_deep_and_long_input_takes_no_unreasonable_time() -> None:
    text = "".join(f"item{number} a{number} {{ b {number}, c 2 }}  # {number}\n" for number in range(2000))
    result = formatted(text)
    assert result.count("\n") == 2000
    assert formatted(result) == result
