"""Codes of verdicts (what `specc verify` reports to other programs) and of waivers (E6xxx and W6xxx)."""

from __future__ import annotations

from specc.diagnostics.code import Code, register

register(
    Code(
        "E6001",
        "error",
        "a contract fails",
        "The figure of the target lies beyond the limit of this budget line, with its whole interval. `specc\n"
        "report` says where the time and the memory go; `specc verify` prints figure, interval and margin.",
    ),
    Code(
        "E6002",
        "error",
        "a target could not be measured",
        "A backend can measure this target, and the measurement failed. The message gives the reason and the\n"
        "log. Nothing is concluded about the target's contracts.",
    ),
    Code(
        "W6003",
        "warning",
        "a contract has no verdict",
        "The figure is unknown, or its interval contains the limit, so that the contract neither passes nor\n"
        "fails. The message says what would decide.",
    ),
    Code(
        "E6010",
        "error",
        "a finding that cannot be accepted this way",
        "A warning is waived: it is not shown any more, and the report prints the reason. An error that a rule\n"
        "proved (E3xxx, E4xxx, E5xxx) is demoted: it is shown as a warning, and the spec can be measured.\n\n"
        '    waive  W4105 on m4 "the parts are goals; only the total binds"\n'
        '    demote E4101 on m4 "the window-sum kernel comes with the next release"\n\n'
        "What specc cannot read or build (E0xxx, E1xxx, E2xxx) has no meaning to accept, and a verdict (E6xxx)\n"
        "is a fact.",
    ),
    Code(
        "W6011",
        "warning",
        "a waiver that nothing needs",
        "No finding has this code at this place, so the waiver accepts nothing today and would hide something\n"
        "new tomorrow. Remove it, or correct its code or its scope:\n\n"
        '    waive W4105 on m4 "the parts are goals"      # while the parts leave slack\n\n'
        "`specc check --fix` removes it.",
    ),
)
