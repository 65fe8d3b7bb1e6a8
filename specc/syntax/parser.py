"""Parsing: text to syntax tree, going on after every error so that one run reports them all."""

from __future__ import annotations

import re
from typing import Final

from lark import Tree, UnexpectedToken

from specc.diagnostics.bounded import LIMIT, BoundedSink, TooManyError
from specc.diagnostics.model import Fix, Label, Sink
from specc.source import SourceFile, Span
from specc.syntax import literals, table
from specc.syntax.brackets import balance
from specc.syntax.lexing import lex
from specc.syntax.misfits import describe_misfit
from specc.syntax.nodes import (
    Block,
    Interval,
    Item,
    Malformed,
    Number,
    PlusMinus,
    Row,
    Size,
    Symbol,
    SyntaxTree,
    Text,
    Value,
    Word,
)
from specc.syntax.tables import parse_row
from specc.syntax.tokens import TOKENS_LIMIT, Token
from specc.syntax.words import NAMING, RELATIONS
from specc.units import AMBIGUOUS_UNITS, Quantity

__all__ = ["lex", "parse"]

REFUSAL_LIMIT: Final = 50  # misplaced tokens; beyond this the text is no spec, and a longer list helps nobody

_DIGITS_FIRST: Final = re.compile(r"[0-9][A-Za-z0-9_]*")
_MISSING: Final = ""  # text of a token put in for one that means nothing
_ASCII: Final = {"≤": "<=", "≥": ">=", "×": "*", "÷": "/"}


def parse(source: SourceFile, sink: Sink) -> SyntaxTree | None:
    """The syntax tree of a file, as complete as its errors allow. None if it cannot be read as a spec at all."""
    tokens = lex(source.text)
    if len(tokens) > TOKENS_LIMIT:
        sink.add("E0019", f"more than {TOKENS_LIMIT:,} words and signs: is this a spec?", _span(source, tokens[-1]))
        return None
    repaired = balance(tokens, source, sink)
    if repaired is None:
        return None
    recovery = _Recovery(source, sink, repaired.damaged_lines)
    tree = recovery.run(repaired.tokens)
    if tree is None:
        return None
    found = BoundedSink()
    try:
        items, rows = _Builder(source, found).entries(tree)
    except TooManyError:
        sink.diagnostics.extend(found.diagnostics)
        sink.add("E0019", f"more than {LIMIT} findings; the rest is not shown", Span(source, 0, 0))
        return None
    damaged = set(recovery.damaged_lines)
    # A line is reported once: what its words are worth is no news where the line itself is broken.
    sink.diagnostics.extend(d for d in found.diagnostics if d.primary and d.primary.span.line not in damaged)
    damaged.update(d.primary.span.line for d in found.diagnostics if d.primary and d.severity == "error")
    return SyntaxTree(source, items, rows, frozenset(damaged), repaired.truncated)


class _Recovery:
    """Feeds the LALR parser. A token it refuses is reported, once per line, and left out or led in by a separator."""

    def __init__(self, source: SourceFile, sink: Sink, damaged_lines: set[int]) -> None:
        self.source, self.sink = source, sink
        self.damaged_lines = set(damaged_lines)
        self.parser = table.parser().parse_interactive()
        self.refused = 0

    def run(self, tokens: list[Token]) -> Tree[Token] | None:
        """The tree of everything that could be taken; None if so much is refused that the text is no spec."""
        for index, token in enumerate(tokens):
            try:
                self.parser.feed_token(token)
            except UnexpectedToken:
                self.report(token, tokens[:index])
                self.refused += 1
                if self.refused > REFUSAL_LIMIT:
                    span = _span(self.source, token)
                    self.sink.add("E0019", f"more than {REFUSAL_LIMIT} syntax errors: is this a spec?", span)
                    return None
                self.recover(token)
        tree: Tree[Token] = self.parser.feed_token(Token("$END", "", len(self.source.text), 1, 1))
        return tree

    def report(self, token: Token, before: list[Token]) -> None:
        if token.line in self.damaged_lines:
            return
        self.damaged_lines.add(token.line)
        span = _span(self.source, token)
        relation = RELATIONS.get(_section_and_item(before)) if token.type == "UNKNOWN" else None
        misfit = describe_misfit(token, span, after_block=not self.accepts("WORD"), relation=relation)
        self.sink.add(misfit.code, misfit.message, Label(span), notes=misfit.notes, fix=misfit.fix)

    def accepts(self, kind: str) -> bool:
        """Whether the parser could take a token of this type next."""
        return kind in self.parser.choices()  # type: ignore[no-untyped-call]

    def recover(self, token: Token) -> None:
        """Bring the parser to where it can take `token`, or drop the token."""
        if token.type in ("UNKNOWN", "_COMMA"):
            return
        needs_value = token.type in ("OPEN", "UNFINISHED_STRING")
        if not self.accepts("WORD" if needs_value else token.type):
            self.parser.feed_token(Token.at("_NEWLINE", "\n", token))
        if needs_value:
            self.parser.feed_token(Token.at("WORD", _MISSING, token))
        if token.type != "UNFINISHED_STRING":
            self.parser.feed_token(token)


def _section_and_item(tokens: list[Token]) -> tuple[str, str]:
    """The first word of the section, and of the item, in which the last of some tokens stands."""
    blocks: list[str] = []
    head, starts = "", True
    for token in tokens:
        if token.type == "CLOSE":
            head = blocks.pop() if blocks else ""
        elif token.type in ("_NEWLINE", "_COMMA", "OPEN"):
            if token.type == "OPEN":
                blocks.append(head)
            starts = True
        elif starts:
            head, starts = str(token), False
    return blocks[0] if blocks else "", head


def _span(source: SourceFile, token: Token) -> Span:
    return Span(source, token.start_pos, token.end_pos)


class _Builder:
    """Lark's tree to syntax nodes."""

    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self.source, self.sink = source, sink

    def entries(self, tree: Tree[Token]) -> tuple[tuple[Item, ...], tuple[Row, ...]]:
        """The items and the table rows directly below a node."""
        items: list[Item] = []
        rows: list[Row] = []
        for child in tree.children:
            if isinstance(child, Token):
                continue
            if child.data == "item":
                items.append(self.item(child))
            else:
                (token,) = child.children
                assert isinstance(token, Token)
                rows.append(parse_row(_span(self.source, token), self.sink))
        return tuple(items), tuple(rows)

    def item(self, tree: Tree[Token]) -> Item:
        values: list[Value] = []
        block: Block | None = None
        for child in tree.children:
            if isinstance(child, Token):
                head = values[0] if len(values) == 1 else None
                values.append(self.value(child, names=isinstance(head, Word) and head.text in NAMING))
            else:
                opening, closing = child.children[0], child.children[-1]
                assert isinstance(opening, Token) and isinstance(closing, Token)
                items, rows = self.entries(child)
                span = _span(self.source, opening).to(_span(self.source, closing))
                block = Block(items, rows, span)
        return Item(tuple(values), block, values[0].span.to(block.span if block else values[-1].span))

    def value(self, token: Token, *, names: bool) -> Value:
        """The value of a token; `names`: a name is expected in its place."""
        span = _span(self.source, token)
        try:
            return self.literal(token, span)
        except literals.LiteralError as error:
            fix = None
            notes: tuple[str, ...] = ()
            if names and error.code == "E1009" and _DIGITS_FIRST.fullmatch(token):
                self.sink.add("E1015", f"`{token[:70]}` cannot be a name: names begin with no digit", span)
                return Malformed(span)
            if error.replacement:
                unit = self.unit_span(span)
                fix = Fix(f"write `{error.replacement}`", ((unit, error.replacement),))
                notes = (f"did you mean `{error.replacement}`?",)
                span = unit
            self.sink.add(error.code, error.message, span, notes=notes, fix=fix)
            return Malformed(span)

    def literal(self, token: Token, span: Span) -> Value:
        match token.type:
            case "WORD":
                return Word(str(token), span) if token != _MISSING else Malformed(span)
            case "STRING":
                return Text(literals.unescape(token[1:-1]), span)
            case "NUMBER":
                quantity = literals.parse_quantity(str(token))
                self.warn_ambiguous(quantity, span)
                return Number(quantity, span)
            case "RANGE":
                return PlusMinus(Quantity(literals.parse_number(token.lstrip("±+- \t"))), span)
            case "INTERVAL":
                low, high = literals.parse_interval(str(token))
                self.warn_ambiguous(high, span)
                return Interval(low, high, span)
            case "SIZE":
                return Size(literals.parse_size(str(token)), span)
            case _:
                return Symbol(_ASCII.get(str(token), str(token)), span)

    def unit_span(self, span: Span) -> Span:
        """The unit at the end of a number's span."""
        length = len(span.text) - len(span.text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz%/µμ"))
        return Span(span.source, span.end - length, span.end)

    def warn_ambiguous(self, quantity: Quantity, span: Span) -> None:
        symbol = quantity.unit.symbol if quantity.unit else ""
        if symbol not in AMBIGUOUS_UNITS:
            return
        exact = AMBIGUOUS_UNITS[symbol]
        unit = self.unit_span(span)
        self.sink.add(
            "W0101",
            f"`{symbol}` is 1000 or 1024 to the power of its prefix, depending on who writes; it is read as {exact}",
            unit,
            fix=Fix(f"write `{exact}`", ((unit, exact),), safe=True),
        )
