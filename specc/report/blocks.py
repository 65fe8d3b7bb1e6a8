"""What documents are made of: sections, each a run of blocks that every form of document sets in its own way.

A block is plain data. HTML, Markdown and slides are written from the same blocks, so what one says they all say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from specc.report.style import Image
from specc.report.tables import Table


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    form: ClassVar = "heading"
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph: `lead` is set in bold before it, `link` is the anchor of the figures it rests on.

    A document that does not show these links to `instead`, where the figures stand with fewer details.
    """

    form: ClassVar = "text"
    text: str
    link: str = ""
    lead: str = ""
    instead: str = ""


@dataclass(frozen=True)
class Item:
    """An entry of a list: `code` before it, `aside` after it, `details` on lines below it."""

    text: str
    code: str = ""
    aside: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bullets:
    """A list. `small` ones are notes."""

    form: ClassVar = "bullets"
    items: tuple[Item, ...]
    small: bool = False


@dataclass(frozen=True)
class Definitions:
    """Terms and what is said of each."""

    form: ClassVar = "definitions"
    entries: tuple[tuple[str, tuple[Text, ...]], ...]


@dataclass(frozen=True)
class Listing:
    """Lines that are read letter by letter."""

    form: ClassVar = "listing"
    title: str
    text: str


Block = Heading | Text | Bullets | Definitions | Listing | Table | Image


@dataclass(frozen=True)
class Section:
    """A section of a document. `wide` ones stand on pages turned sideways."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    wide: bool = False


@dataclass(frozen=True)
class Missing:
    """A section that cannot be written, and why; documents say so at their end."""

    title: str
    reason: str


def present(*blocks: Block | None) -> tuple[Block, ...]:
    """The blocks that there are."""
    return tuple(block for block in blocks if block is not None)
