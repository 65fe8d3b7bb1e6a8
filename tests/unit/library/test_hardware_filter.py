"""Limits on hardware: known facts decide, unknown ones are named."""

from fractions import Fraction
from typing import Any

import pytest

from specc.report.hardware_filter import (
    MEASURES,
    FilterError,
    Limit,
    by_name,
    conditions,
    ranked,
    read_core,
    read_limit,
    select,
)
from specc.spec.hardware import Fact, Hardware
from specc.units import Quantity, quantity


def fact(text: str) -> Fact:
    number, unit = text.split()
    low, _, high = number.partition("..")
    if high:
        middle = Quantity((Fraction(low) + Fraction(high)) / 2, quantity(0, unit).unit)
        return Fact(value=middle, low=quantity(low, unit), high=quantity(high, unit), source="sheet")
    return Fact(value=quantity(number, unit), source="sheet")


def chip(name: str, core: str = "cortex-m4", **facts: str) -> Hardware:
    fields: dict[str, Any] = {field: fact(text) for field, text in facts.items()}
    return Hardware(name=name, title=name.upper(), core=core, **fields)


SMALL = chip("small", "cortex-m0+", clock="64 MHz", sram="32 KiB", flash="128 KiB", price="1 USD")
LARGE = chip("large", clock="0.2 GHz", sram="1 MiB", flash="2048 KiB", active_power="40..60 mW", price="8 USD")
VAGUE = chip("vague", sram="512 KiB", active_power="50 mW")
LIBRARY = (SMALL, LARGE, VAGUE)


def limit(name: str, text: str) -> Limit:
    return read_limit(MEASURES[name], f"--{name}", text)


def names(*limits: Limit, **more: Any) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    selection = select(LIBRARY, limits, **more)
    return [hardware.name for hardware in selection.hardware], dict(selection.unknown)


def test_without_limits_all_is_selected() -> None:
    assert names() == (["small", "large", "vague"], {})


@pytest.mark.parametrize(
    ("limits", "selected", "unknown"),
    [
        ([("sram", "32KiB")], ["small", "large", "vague"], {}),
        ([("sram", "32769 B")], ["large", "vague"], {}),
        ([("sram", "1 MiB")], ["large"], {}),
        ([("sram", "2 MiB")], [], {}),
        ([("clock", "100 MHz")], ["large"], {"clock": ("vague",)}),
        ([("clock", "64e6 Hz")], ["small", "large"], {"clock": ("vague",)}),
        ([("flash", "1MiB")], ["large"], {"flash on the chip": ("vague",)}),
        ([("price", "8 USD")], ["small", "large"], {"price": ("vague",)}),
        ([("price", "7.99 USD")], ["small"], {"price": ("vague",)}),
    ],
)
def test_known_facts_decide(
    limits: list[tuple[str, str]], selected: list[str], unknown: dict[str, tuple[str, ...]]
) -> None:
    assert names(*(limit(*each) for each in limits)) == (selected, unknown)


def test_what_fails_one_limit_is_not_named_as_unknown_for_another() -> None:
    """vague has too little memory, whatever its clock is."""
    assert names(limit("sram", "1 MiB"), limit("clock", "1 MHz")) == (["large"], {})


def test_what_is_unknown_twice_is_named_twice() -> None:
    assert names(limit("clock", "1 MHz"), limit("price", "1 USD")) == (
        ["small"],
        {"clock": ("vague",), "price": ("vague",)},
    )


@pytest.mark.parametrize(
    ("most", "selected", "unknown"),
    [
        ("60 mW", ["large", "vague"], ("small",)),
        ("59 mW", ["vague"], ("small", "large")),  # large draws 40 to 60 mW
        ("40 mW", [], ("small", "large")),
        ("39.9 mW", [], ("small",)),
    ],
)
def test_a_range_must_lie_on_one_side_of_the_limit(most: str, selected: list[str], unknown: tuple[str, ...]) -> None:
    assert names(limit("power", most)) == (selected, {"active power": unknown})


def test_prices_in_another_currency_are_not_compared() -> None:
    assert names(limit("price", "100 EUR")) == ([], {"price": ("small", "large", "vague")})


def test_a_core_is_known_of_all_hardware() -> None:
    assert names(core="cortex-m0+") == (["small"], {})
    assert names(limit("clock", "1 MHz"), core="cortex-m4") == (["large"], {"clock": ("vague",)})
    assert names(core="riscv32") == ([], {})


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("clock", ["large", "small", "vague"]),
        ("sram", ["large", "vague", "small"]),
        ("flash", ["large", "small", "vague"]),
        ("power", ["large", "vague", "small"]),  # both draw 50 mW in the middle: by name
        ("price", ["small", "large", "vague"]),
    ],
)
def test_the_best_comes_first_and_the_unknown_last(measure: str, expected: list[str]) -> None:
    assert [hardware.name for hardware in ranked(LIBRARY, MEASURES[measure])] == expected


def test_kilobytes_are_read_as_the_language_reads_them() -> None:
    assert limit("sram", "256KB") == limit("sram", "256 KiB")
    assert conditions([limit("sram", "256KB")], "cortex-m4") == ["core cortex-m4", "SRAM of at least 256 KiB"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sram", "5 MHz", "is an amount of memory, 5 MHz is a frequency; for example --sram 256KiB"),
        ("sram", "5", "5 is a plain number"),
        ("sram", "5 kib", "did you mean KiB?"),
        ("clock", "fast", "`fast` is not a number"),
        ("clock", "", "is not a number"),
        ("power", "0 mW", "must be greater than zero"),
        ("power", "-1 mW", "must be greater than zero"),
        ("price", "9" * 50 + " USD", "the limit is 40"),
        ("price", "1e99 USD", "an exponent beyond"),
        ("price", "1..2 USD", "is not a"),
        ("price", "1 USD; rm -rf", "is not a unit"),
    ],
)
def test_a_limit_that_means_nothing_is_explained(name: str, text: str, message: str) -> None:
    with pytest.raises(FilterError, match=r"^--") as caught:
        limit(name, text)
    assert message in str(caught.value)


def test_a_core_is_read_in_any_case_or_explained() -> None:
    assert read_core("Cortex-M33") == "cortex-m33"
    with pytest.raises(FilterError, match=r"no core cortex-m34; did you mean .*cortex-m33"):
        read_core("cortex-m34")
    with pytest.raises(FilterError, match=r"no core 8051; known: cortex-m0\+, .*host"):
        read_core("8051")


def test_names_keep_their_order_and_count_once() -> None:
    assert by_name(LIBRARY, ["vague", "small", "vague"]) == (VAGUE, SMALL)
    with pytest.raises(FilterError, match="no hardware smal; did you mean small"):
        by_name(LIBRARY, ["large", "smal"])
    with pytest.raises(FilterError, match=r"no hardware \.\./\.\./etc/passwd; known: small, large, vague"):
        by_name(LIBRARY, ["../../etc/passwd"])
