"""The specs that are shipped, damaged at random: nothing crashes or hangs, and what still parses has one layout."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from entry_points import formatted, language

from specc.syntax.parser import lex

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted((ROOT / "specs").glob("*.hwspec"))
PATIENCE = 20.0  # seconds for one text; a check takes a few hundredths of one
Mutation = Callable[[bytes, random.Random], bytes]
Piece = TypeVar("Piece")


def change_lines(data: bytes, chance: random.Random) -> bytes:
    """Delete, double or exchange a line."""
    return b"".join(changed(data.splitlines(keepends=True), chance))


def change_tokens(data: bytes, chance: random.Random) -> bytes:
    """Delete, double or exchange a token; what stands between tokens goes with the one before it."""
    text = data.decode()
    starts = [token.start_pos for token in lex(text)]
    pieces = [text[start:end] for start, end in zip([0, *starts], [*starts, len(text)], strict=True)]
    return "".join(changed(pieces, chance)).encode()


def change_bytes(data: bytes, chance: random.Random) -> bytes:
    """Flip some bits."""
    flipped = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def changed(pieces: list[Piece], chance: random.Random) -> list[Piece]:
    """A list with some of its entries deleted, doubled or exchanged."""
    pieces = list(pieces)
    for _ in range(chance.randint(1, 3)):
        one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(3):
            case 0 if len(pieces) > 1:
                del pieces[one]
            case 1:
                pieces.insert(other, pieces[one])
            case _:
                pieces[one], pieces[other] = pieces[other], pieces[one]
    return pieces


MUTATIONS: tuple[Mutation, ...] = (change_lines, change_tokens, change_bytes)


def survives(path: Path, mutation: Mutation, number: int) -> None:
    data = mutation(path.read_bytes(), random.Random(f"{path.stem} {number}"))
    start = time.monotonic()
    language(data)
    assert time.monotonic() - start < PATIENCE


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_damaged_spec_gives_findings_and_no_traceback(path: Path, mutation: Mutation) -> None:
    for number in range(6):
        survives(path, mutation, number)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_hundreds_of_damaged_specs_give_no_traceback(path: Path, mutation: Mutation) -> None:
    for number in range(100):
        survives(path, mutation, number)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_line_can_be_missing_or_doubled(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(len(lines)):
        formatted("".join([*lines[:number], *lines[number + 1 :]]))
        formatted("".join([*lines[: number + 1], *lines[number:]]))
