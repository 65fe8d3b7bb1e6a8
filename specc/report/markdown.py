"""The guidelines as Markdown (GitHub's dialect), with their figures as SVG files beside them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from specc.report.blocks import Block, Bullets, Definitions, Heading, Item, Listing, Text
from specc.report.kinds import GUIDELINES, compose
from specc.report.material import Material
from specc.report.pages import file_name, visible
from specc.report.sections.verdict import summary
from specc.report.style import Image, outlined
from specc.report.tables import Cell, Table

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$^=])")


def files(material: Material, stem: str) -> dict[str, bytes]:
    """`-guidelines.md`, and its figures in the folder `-figures/`."""
    writer = _Writer(f"{stem}-figures")
    inputs = material.inputs
    front = summary(material)
    parts = [
        f"# Hardware guidelines for {escape(inputs.network.name)}",
        f"**{escape(front.headline)}**",
        "\n".join(f"- {escape(ground)}" for ground in front.grounds),
        _table(front.standings),
        _definitions((name, (escape(value),)) for name, value in front.facts),
    ]
    with outlined():
        sections = compose(material, GUIDELINES.builders)
    for section in sections:
        parts.append(f"## {escape(section.title)}")
        parts += [writer.block(block) for block in section.blocks]
    text = "\n\n".join(part for part in parts if part) + "\n"
    figures = {f"-figures/{name}": content for name, content in writer.figures.items()}
    return {"-guidelines.md": text.encode(), **figures}


def escape(text: str) -> str:
    """A text as it stands: no markup, no HTML, no link, no second line."""
    line = " ".join(str(visible(text)).split())
    plain = _PUNCTUATION.sub(r"\\\1", html.escape(line, quote=False))
    return re.sub(r"(?i)(https?|ftp):", r"\1&#58;", re.sub(r"(?i)www\\\.", "www&#46;", plain)).replace("@", "&#64;")


class _Writer:
    """Blocks to Markdown; figures are collected by file name on the way."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.figures: dict[str, bytes] = {}

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                return f"### {escape(block.text)}"
            case Text():
                return _paragraph(block)
            case Bullets():
                return "\n".join(_item(item) for item in block.items)
            case Definitions():
                return _definitions((term, [_paragraph(text) for text in texts]) for term, texts in block.entries)
            case Listing():
                lines = str(visible(block.text)).splitlines()
                return "\n".join([f"### {escape(block.title)}", "", *(f"    {line}" for line in lines)])
            case Table():
                return _table(block)
            case Image():
                return self._figure(block)

    def _figure(self, image: Image) -> str:
        name = f"{len(self.figures) + 1:02}-{file_name(image.name)}.svg"
        self.figures[name] = image.svg
        return f"![{escape(image.alternative)}]({self._folder}/{name})\n\n{escape(image.caption)}"


def _paragraph(text: Text) -> str:
    return f"**{escape(text.lead)}** {escape(text.text)}" if text.lead else escape(text.text)


def _item(item: Item) -> str:
    line = " ".join(escape(part) for part in (item.code, item.text, item.aside) if part)
    return "\n".join([f"- {line}", *(f"  - {escape(detail)}" for detail in item.details)])


def _definitions(entries: Iterable[tuple[str, Iterable[str]]]) -> str:
    return "\n\n".join(f"**{escape(term)}**: " + " ".join(texts) for term, texts in entries)


def _table(data: Table) -> str:
    heads = [escape(f"{column.title}, {column.unit}" if column.unit else column.title) for column in data.columns]
    rule = ["---:" if column.number else ":---" for column in data.columns]
    lines = [heads, rule, *([_cell(cell) for cell in row.cells] for row in data.rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = [f"{place}. {escape(note)}" for place, note in enumerate(data.notes, start=1)]
    details = [f"- {escape(row.detail)}" for row in data.rows if row.detail]
    return "\n\n".join(
        part for part in (f"**{escape(data.title)}**", body, "\n".join(details), "\n".join(notes)) if part
    )


def _cell(cell: Cell) -> str:
    text = f"{cell.text.strip()} ({cell.detail})" if cell.detail else cell.text.strip()
    marks = f" <sup>{', '.join(map(str, cell.notes))}</sup>" if cell.notes else ""
    return escape(text) + marks
