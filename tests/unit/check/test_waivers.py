"""Waivers: what a file accepts with a reason, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from specc.check import CheckResult
from specc.diagnostics.model import Diagnostic

Change = Callable[..., CheckResult]

# In the clean spec of conftest: `conv` is a 3x3 depthwise convolution of 8x8x4, 2,304 MACs; `head` has 40.
SLOW = ("latency total <= 1 ms", "latency conv <= 1 us\n  latency head <= 100 ns")
NO_SLACK = ("latency total <= 1 ms", "latency total <= 2 ms\n  latency conv <= 1 ms\n  latency head <= 1 ms")
WIDE = ("| head  | 8    | ±1.27 | 0.01 | 32          |", "| head  | 12   | ±1.27 | 0.01 | 32          |")


def with_waivers(*lines: str) -> tuple[str, str]:
    return ("budget t {", "\n".join([*lines, "budget t {"]))


def codes(result: CheckResult) -> list[tuple[str, str]]:
    return [(diagnostic.code, diagnostic.severity) for diagnostic in result.diagnostics]


def test_a_waived_warning_is_gone_but_not_forgotten(change: Change) -> None:
    assert codes(change(NO_SLACK)) == [("W4105", "warning")]
    result = change(NO_SLACK, with_waivers('waive W4105 "the parts are goals"'))
    assert result.diagnostics == ()
    (waived,) = result.waived
    assert (waived.diagnostic.code, waived.reason) == ("W4105", "the parts are goals")
    assert waived.where is not None and waived.where.text == 'waive W4105 "the parts are goals"'


def test_a_demoted_proof_is_a_warning_with_its_reason(change: Change) -> None:
    assert codes(change(SLOW)) == [("E4101", "error"), ("E4101", "error")]
    result = change(SLOW, with_waivers('demote E4101 "the new kernel comes in May"'))
    assert codes(result) == [("E4101", "warning"), ("E4101", "warning")]
    assert not result.has_errors and result.can_be_measured
    assert all(d.notes[-1] == "demoted from an error: the new kernel comes in May" for d in result.diagnostics)


def test_an_error_that_stops_measuring_can_be_demoted(change: Change) -> None:
    narrow = ("| head  | 8    | ±1.27 | 0.01 | 32          |", "| head  | 4    | ±1.27 | 0.01 | 32          |")
    assert not change(narrow).can_be_measured
    assert change(narrow, with_waivers('demote E3101 on head "clipping is meant"')).can_be_measured


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("t", []),
        ("conv", ["latency head <= 100 ns"]),
        ("head", ["latency conv <= 1 us"]),
    ],
)
def test_scope_of_budget_lines(change: Change, scope: str, left: list[str]) -> None:
    result = change(SLOW, with_waivers(f'demote E4101 on {scope} "known"'))
    lines = [d.primary.span.source.line(d.primary.span.line).strip() for d in _errors(result) if d.primary]
    assert lines == left


def _errors(result: CheckResult) -> list[Diagnostic]:
    return [diagnostic for diagnostic in result.diagnostics if diagnostic.severity == "error"]


def test_scope_of_a_table_row(change: Change) -> None:
    assert codes(change(WIDE)) == [("W3102", "warning")]
    assert change(WIDE, with_waivers('waive W3102 on head "room to grow"')).diagnostics == ()
    result = change(WIDE, with_waivers('waive W3102 on conv "room to grow"'))
    assert codes(result) == [("W3102", "warning"), ("W6011", "warning")]


@pytest.mark.parametrize("bound", ["all", "t u"])
@pytest.mark.parametrize("name", ["t", "u"])
def test_a_line_for_several_targets_is_accepted_target_by_target(change: Change, name: str, bound: str) -> None:
    result = change(
        ("budget t {", f"target u {{ use chip, clock 50 MHz }}\nbudget {bound} {{"),
        ("memory sram <= 32 KiB", "memory sram <= 64 B\n  memory flash <= 20 B"),
        ("latency total <= 1 ms", "latency total <= 1 us"),
        (
            f"budget {bound} {{",
            "\n".join(f'demote {code} on {name} "next board"' for code in ("E4101", "E4102", "E4103"))
            + f"\nbudget {bound} {{",
        ),
    )
    for code in ("E4101", "E4102", "E4103"):
        found = [d for d in result.diagnostics if d.code == code]
        assert sorted(d.severity for d in found) == ["error", "warning"]
        demoted = next(d for d in found if d.severity == "warning")
        assert f"`{name}`" in demoted.message


def test_a_counter_of_one_target(change: Change) -> None:
    counters = ("budget t {", "target u { use chip }\ninstrument t u { fetch_stalls }\nbudget all {")
    result = change(counters, ("budget all {", 'waive W5102 on u "read by trace"\nbudget all {'))
    assert [d.code for d in result.diagnostics] == ["W5102"]
    assert [w.diagnostic.secondary[0].span.line for w in result.waived] != [
        d.secondary[0].span.line for d in result.diagnostics
    ]


def test_a_finding_that_points_at_no_target_is_about_all_that_the_line_binds(change: Change) -> None:
    both = ("budget t {", 'target u { use chip }\nwaive W4105 on u "goals"\nbudget all {')
    assert change(NO_SLACK, both).diagnostics == ()


def test_findings_of_the_language_can_be_waived(change: Change) -> None:
    kilobytes = ("memory sram <= 32 KiB", "memory sram <= 32 KB")
    assert codes(change(kilobytes)) == [("W0101", "warning")]
    result = change(kilobytes, with_waivers('waive W0101 on t "as in the customer\'s sheet"'))
    assert result.diagnostics == () and len(result.waived) == 1


def test_what_accepts_nothing_is_reported(change: Change, only: Callable[[CheckResult, str], Diagnostic]) -> None:
    found = only(change(with_waivers('demote E4101 on conv "was slow once"')), "W6011")
    assert found.message == "nothing to demote: there is no finding E4101 on `conv`"
    assert found.fix is not None and found.fix.safe
    ((span, text),) = found.fix.edits
    assert (span.text, text) == ('demote E4101 on conv "was slow once"\n', "")


def test_an_unused_waiver_beside_something_else_is_cut_out_alone(change: Change) -> None:
    result = change(with_waivers('waive W4105 "a", waive W3102 "b"'))
    assert [d.code for d in result.diagnostics] == ["W6011", "W6011"]
    fixes = [d.fix.edits[0][0].text for d in result.diagnostics if d.fix]
    assert fixes == ['waive W4105 "a"', 'waive W3102 "b"']


def test_an_unused_waiver_cannot_be_waived(change: Change) -> None:
    result = change(with_waivers('waive W6011 "never mind"'))
    assert codes(result) == [("E6010", "error")]


def test_of_two_that_fit_the_first_gives_the_reason(change: Change) -> None:
    result = change(NO_SLACK, with_waivers('waive W4105 on t "first"', 'waive W4105 "second"'))
    assert [waived.reason for waived in result.waived] == ["first"]
    assert result.diagnostics == ()


def test_nothing_is_called_unused_before_the_rules_ran(change: Change) -> None:
    """A network whose shapes do not fit has not been judged."""
    result = change(("kernel 3x3, padding same", "kernel 99x99"), with_waivers('waive W4105 "goals"'))
    assert [d.code for d in result.diagnostics] == ["E2101"]


def test_the_order_of_the_file_is_kept(change: Change) -> None:
    result = change(SLOW, WIDE, with_waivers('demote E4101 on conv "known"', 'waive W3111 "x"'))
    starts = [d.primary.span.start for d in result.diagnostics if d.primary]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("waive W4105", "E1005"),
        ('waive W4105 ""', "E1005"),
        ('waive W4105 "  "', "E1005"),
        ('waive "a reason"', "E1007"),
        ('waive W4015 "a reason"', "E1011"),
        ('waive w4105 "a reason"', "E1011"),
        ('waive W4105 on nobody "a reason"', "E1011"),
        ("waive W4105 because", "E1007"),
        ('waive W4105 "a reason" "another"', "E1014"),
        ('waive W4105 "a reason" { }', "E1014"),
        ('waive E4101 "a reason"', "E6010"),
        ('demote W4105 "a reason"', "E6010"),
        ('demote E1004 "a reason"', "E6010"),
        ('demote E0012 "a reason"', "E6010"),
        ('demote E2101 "a reason"', "E6010"),
        ('demote E6001 "a reason"', "E6010"),
        ('waive W4105 "a"\nwaive W4105 "b"', "E1006"),
        ('wave W4105 "a reason"', "E1003"),
    ],
)
def test_what_is_wrong_with_a_waiver(change: Change, statement: str, code: str) -> None:
    result = change(with_waivers(statement))
    assert [d.code for d in result.diagnostics if d.severity == "error"] == [code]


@pytest.mark.parametrize(
    ("statement", "title"),
    [
        ('waive w4105 "a"', "write `W4105`"),
        ('demote E4110 "a"', None),
        ('waive E4101 "a"', "write `demote`"),
        ('demote W4105 "a"', "write `waive`"),
    ],
)
def test_a_wrong_waiver_offers_its_repair(change: Change, statement: str, title: str | None) -> None:
    result = change(with_waivers(statement))
    fix = result.diagnostics[0].fix
    assert title is None or (fix is not None and fix.title == title)


def test_a_file_cannot_accept_without_end(change: Change) -> None:
    lines = [f'waive W4105 on t{number} "a"' for number in range(201)]
    targets = "\n".join(f"target t{number} {{ use chip }}" for number in range(201))
    result = change(with_waivers(*lines, targets))
    assert [d.message for d in result.diagnostics if d.severity == "error"] == ["more than 200 findings to accept"]
