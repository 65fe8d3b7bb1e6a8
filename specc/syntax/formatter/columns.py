"""Columns of consecutive items.

Lines that follow each other are one run. Comments between them do not end it; a line that opens or closes a block does,
and so does a blank line, unless the author's columns above and below it agree. Within a run, neighbours of one form
share their columns:

- declarations (`dwconv conv { … }`): keyword, name, and what follows;
- limits (`latency total <= 1 ms`): keyword, what is limited, relation, limit;
- facts (`clock 168 MHz source "…"`): keyword, value, the word before a text, and what follows;
- one-line blocks whose items have the same keywords: every item.

Neighbours of any other form share the column behind the keyword if the author began one with two blanks. A column
stands one blank behind its widest cell, or two if the author left two everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile, zip_longest
from typing import Final, Literal

from specc.syntax.formatter.lines import LayoutToken, Line
from specc.syntax.formatter.tables import width

_RELATIONS: Final = frozenset({"<=", "<", ">=", ">", "="})
_GAP_BEFORE_COMMENT: Final = 2
_NAMED: Final = 2  # values of a declaration before what it declares: keyword and name

Form = Literal["declaration", "limit", "fact", "other"]
_ALIGNED: Final[dict[Form, int]] = {"declaration": _NAMED, "limit": 3, "fact": 3, "other": 1}  # cells to pad


@dataclass
class _Cell:
    """A part of a line that may be padded. `gap` blanks stood before it, at `column`, as the author wrote it."""

    text: str
    gap: int
    column: int


@dataclass
class _Row:
    """A line in cells, and the items of the one-line block that ends it."""

    line: Line
    form: Form
    cells: list[_Cell]
    items: list[_Cell]
    keywords: tuple[str, ...]  # of the items

    @property
    def declares(self) -> bool:
        """Whether more than keyword and name shows that the line declares something."""
        return len(self.cells) > _NAMED or bool(self.items)


def align(lines: list[Line]) -> None:
    """Set the text of every line that is not a table row, and put comments into columns."""
    for run in _joined_runs(list(_runs(lines))):
        _align_run(run)
    _align_comments(lines)


def _runs(lines: list[Line]) -> Iterator[list[_Row]]:
    """Lines that follow each other, the form of each settled. An empty run stands where nothing may be joined."""
    run: list[_Row] = []
    for line in lines:
        if line.is_comment or line.cells is not None:
            continue
        if line.is_whole and line.tokens and (not run or run[-1].line.depth == line.depth):
            run.append(_row(line))
            continue
        if run:
            yield _settled(run)
        run = []
        if line.tokens and line.is_whole:
            run.append(_row(line))
        elif line.tokens:
            line.text = _joined(line.tokens)
        if line.tokens:
            yield []
    yield _settled(run)


def _settled(run: list[_Row]) -> list[_Row]:
    """Two words alone declare something only beside lines that plainly do."""
    for form, neighbours in groupby(run, lambda row: row.form):
        rows = list(neighbours)
        if form == "declaration" and not any(row.declares for row in rows):
            for row in rows:
                row.form = "other"
    return run


def _joined_runs(runs: list[list[_Row]]) -> list[list[_Row]]:
    """Runs with a blank line between them are one where the author's columns agree, so that nothing would move."""
    joined: list[list[_Row]] = []
    for run in runs:
        if joined and joined[-1] and run and _agree(joined[-1], run):
            joined[-1] += run
        else:
            joined.append(run)
    return joined


def _agree(above: list[_Row], below: list[_Row]) -> bool:
    """Whether the rows that would become neighbours of one form stand in the same columns already."""
    form, keywords = below[0].form, below[0].keywords
    if form == "other" or above[-1].form != form:
        return False
    rows = [*takewhile(lambda row: row.form == form, reversed(above)), *takewhile(lambda row: row.form == form, below)]
    if not _uniform([row.cells[: _ALIGNED[form] + 1] for row in rows]):
        return False
    if above[-1].keywords != keywords:
        return True
    same = [row for side in (reversed(above), below) for row in takewhile(lambda row: row.keywords == keywords, side)]
    return _uniform([row.items for row in same])


def _uniform(rows: list[list[_Cell]]) -> bool:
    """Whether the cells of each column begin at one place."""
    columns = zip_longest(*rows)
    return all(len({cell.column for cell in column if cell is not None}) == 1 for column in columns)


def _row(line: Line) -> _Row:
    tokens = line.tokens
    opening = next((index for index, token in enumerate(tokens) if token.kind == "OPEN"), None)
    if opening is None or not _is_simple_block(tokens[opening:]):
        return _Row(line, *_cells(tokens, None), [], ())
    items = _split_items(tokens[opening + 1 : -1])
    texts = [_cell(item, "," if item is not items[-1] else "") for item in items]
    return _Row(line, *_cells(tokens[:opening], tokens[opening]), texts, tuple(item[0].text for item in items))


def _is_simple_block(tokens: list[LayoutToken]) -> bool:
    """Whether a block ends its line, has items, and holds no other block and no comma without an item."""
    kinds = [token.kind for token in tokens]
    if kinds[-1] != "CLOSE" or kinds.count("OPEN") != 1 or len(kinds) < 3:
        return False
    return all(item for item in _split_items(tokens[1:-1]))


def _split_items(tokens: list[LayoutToken]) -> list[list[LayoutToken]]:
    items: list[list[LayoutToken]] = [[]]
    for token in tokens:
        if token.kind == "_COMMA":
            items.append([])
        else:
            items[-1].append(token)
    return items


def _cells(head: list[LayoutToken], block: LayoutToken | None) -> tuple[Form, list[_Cell]]:
    """The form of an item, and its values in cells; an empty cell stands for the block that follows them."""
    form, parts = _parts(head, has_block=block is not None)
    cells = [_cell(part) for part in parts]
    if block is not None:
        cells.append(_Cell("", block.gap, block.column))
    return form, cells


def _parts(head: list[LayoutToken], *, has_block: bool) -> tuple[Form, list[list[LayoutToken]]]:
    kinds = [token.kind for token in head]
    relation = next((index for index, token in enumerate(head) if token.text in _RELATIONS), None)
    if not {"_COMMA", "OPEN", "CLOSE"} & set(kinds):
        if relation:
            return "limit", [head[:1], head[1:relation], head[relation : relation + 1], head[relation + 1 :]]
        shapes: tuple[list[str], ...] = ([], ["SIZE"], ["NUMBER"] if head[0].text == "input" else ["SIZE"])
        if kinds[:_NAMED] == ["WORD", "WORD"] and kinds[_NAMED:] in shapes:
            return "declaration", [[token] for token in head]
        if kinds[0] == "WORD" and kinds[1:2] in (["NUMBER"], ["INTERVAL"]) and " " in head[1].text:
            split = 3 if kinds[_NAMED:] == ["WORD", "STRING"] else _NAMED
            rest = [part for part in (head[_NAMED:split], head[split:]) if part]
            return ("fact" if rest or has_block else "other"), [head[:1], head[1:2], *rest]
    if len(head) > 1 and head[1].kind != "_COMMA":
        return "other", [head[:1], head[1:]]
    return "other", [head]


def _cell(tokens: list[LayoutToken], end: str = "") -> _Cell:
    return _Cell(_joined(tokens) + end, tokens[0].gap if tokens else 0, tokens[0].column if tokens else 0)


def _joined(tokens: list[LayoutToken]) -> str:
    """Tokens on one line with single blanks; `a+b` and `a + b` stay as the author wrote them."""
    text = ""
    previous: LayoutToken | None = None
    for token in tokens:
        braced = token.kind in ("OPEN", "CLOSE") or (previous is not None and previous.kind in ("OPEN", "CLOSE"))
        related = token.text in _RELATIONS or (previous is not None and previous.text in _RELATIONS)
        behind_comma = previous is not None and previous.kind == "_COMMA"
        blank = token.kind != "_COMMA" and (braced or related or behind_comma or token.gap > 0)
        text += " " * (blank and previous is not None) + token.text
        previous = token
    return text


def _align_run(run: list[_Row]) -> None:
    """Align neighbours of one form, then set the text of every line."""
    for form, neighbours in groupby(run, lambda row: row.form):
        rows = list(neighbours)
        began = any(len(row.cells) > 1 and row.cells[1].gap > 1 for row in rows)
        for column in range(_ALIGNED[form] if form != "other" or began else 0):
            _pad([row.cells for row in rows], column)
    for _, neighbours in groupby(run, lambda row: row.keywords):
        items = [row.items for row in neighbours]
        for column in range(len(items[0]) - 1):
            _pad(items, column)
    for row in run:
        items_text = " ".join(item.text for item in row.items)
        block = f"{{ {items_text} }}" if row.items else ""
        row.line.text = " ".join(part for part in (*(cell.text for cell in row.cells), block) if part).rstrip()


def _pad(rows: list[list[_Cell]], column: int) -> None:
    """Pad one cell of every row, if something follows it, to the widest."""
    padded = [cells for cells in rows if column + 1 < len(cells)]
    if len(padded) < 2:
        return
    widest = max(width(cells[column].text) for cells in padded)
    extra = 1 if widest and all(cells[column + 1].gap > 1 for cells in padded) else 0
    for cells in padded:
        cells[column].text += " " * (widest + extra - width(cells[column].text))


def _align_comments(lines: list[Line]) -> None:
    """Comments behind neighbouring lines share a column: the author's, or the first that leaves two blanks."""
    for _, neighbours in groupby(lines, lambda line: (line.depth, line.comment is not None and not line.is_comment)):
        commented = [line for line in neighbours if line.comment is not None and not line.is_comment]
        column = max((max(len(line.text) + _GAP_BEFORE_COMMENT, line.comment_column) for line in commented), default=0)
        for line in commented:
            line.text = line.text.ljust(column) + (line.comment or "")
    for line in lines:
        if line.is_comment:
            line.text = line.comment or ""
