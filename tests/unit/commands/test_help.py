"""The help of every command, and of every action of `specc energy`, has examples, and each of them is one it takes."""

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from specc.cli import _parser


def helps(parser: argparse.ArgumentParser, name: str = "specc") -> Iterator[tuple[str, str]]:
    yield name, parser.format_help()
    for action in parser._subparsers._group_actions if parser._subparsers else ():
        assert isinstance(action, argparse._SubParsersAction)
        for below, choice in action.choices.items():
            yield from helps(choice, f"{name} {below}")


HELPS = dict(helps(_parser(check_alone=False)))


def examples(text: str) -> list[str]:
    _, _, after = text.partition("\nexamples:\n")
    block = after.partition("\n\n")[0]
    return [re.split(r" {3,}| [<>] ", line.strip())[0] for line in block.splitlines()]


@pytest.mark.parametrize("name", HELPS)
def test_the_help_has_examples(name: str) -> None:
    assert examples(HELPS[name])


@pytest.mark.parametrize("name", HELPS)
def test_every_example_is_a_command_that_is_taken(name: str) -> None:
    for example in examples(HELPS[name]):
        _parser(check_alone=False).parse_args(shlex.split(example)[1:])
        assert example.startswith(name)
