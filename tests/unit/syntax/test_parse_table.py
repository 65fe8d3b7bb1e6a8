"""The stored parse table against the one that Lark builds of the grammar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lark
import pytest

from specc.resources import resource
from specc.syntax import table

GRAMMAR = resource("grammar", "hwspec.lark").read_text(encoding="utf-8")
STORED = json.loads(resource("grammar", "hwspec.lalr.json").read_bytes())


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The grammars of which a table was built; the parser is made anew, and again after the test."""
    grammars: list[str] = []
    build = table.build

    def counted(grammar: str) -> lark.Lark:
        grammars.append(grammar)
        return build(grammar)

    monkeypatch.setattr(table, "build", counted)
    table.parser.cache_clear()
    yield grammars
    table.parser.cache_clear()


def actions(parser: lark.Lark, state: int) -> dict[str, Any]:
    """What a state does with each token and rule: the action, and the next state or the rule that is complete."""
    found = parser.parser.parser._parse_table.states[state]
    return {token: (str(action), argument) for token, (action, argument) in found.items()}


def test_the_stored_table_is_that_of_the_grammar(built: list[str]) -> None:
    if STORED["lark"] != lark.__version__:
        pytest.skip(f"the table is that of Lark {STORED['lark']}, this is {lark.__version__}")
    stored, fresh = table.parser(), table.build(GRAMMAR)
    assert built == [GRAMMAR], "the table is out of date: python -m specc.syntax.table"
    # Lark numbers the states as it likes: those that the same tokens lead to are the same.
    start = [parser.parser.parser._parse_table.start_states["start"] for parser in (stored, fresh)]
    pairs, pending = {start[0]: start[1]}, [start[0]]
    while pending:
        state = pending.pop()
        ours, theirs = actions(stored, state), actions(fresh, pairs[state])
        assert ours.keys() == theirs.keys()
        for token, (action, argument) in ours.items():
            other_action, other = theirs[token]
            assert action == other_action
            if action != "Shift":
                assert (argument.origin, argument.expansion) == (other.origin, other.expansion)
            elif argument in pairs:
                assert pairs[argument] == other
            else:
                pairs[argument] = other
                pending.append(argument)
    assert len(pairs) == len(fresh.parser.parser._parse_table.states)
    ends = [parser.parser.parser._parse_table.end_states["start"] for parser in (stored, fresh)]
    assert pairs[ends[0]] == ends[1]


@pytest.mark.parametrize("changed", [{"lark": "1.2.0"}, {"grammar": "0" * 64}])
def test_a_table_of_something_else_is_not_used(
    changed: dict[str, str], built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hwspec.lark").write_text(GRAMMAR, encoding="utf-8")
    (tmp_path / "hwspec.lalr.json").write_text(json.dumps(STORED | changed), encoding="utf-8")
    monkeypatch.setattr(table, "resource", lambda area, name: tmp_path / name)
    assert table.parser().parse("hwspec 1\n").data == "start"
    assert built == [GRAMMAR]
