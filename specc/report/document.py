"""Writing documents: one self-contained HTML page, and the same page as a PDF."""

from __future__ import annotations

import gc
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from specc.report import fonts
from specc.report.inputs import ReportError, ReportInputs
from specc.report.kinds import GUIDELINES, Kind, page_context
from specc.resources import resource

PANGO_HELP: Final = (
    "the PDF needs the system's Pango libraries (Debian, Ubuntu: "
    "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)"
)


def write_pages(
    inputs: ReportInputs, folder: Path, formats: Sequence[str] = ("pdf", "html"), kind: Kind = GUIDELINES
) -> list[Path]:
    """Write a document that is set on pages.

    Args:
        inputs: what it is written from; equal inputs give equal bytes.
        folder: where the files go, as `<network>-<kind>.pdf` and `.html`; made if absent.
        formats: "pdf", "html" or both.
        kind: which document.

    Returns:
        The files written.

    Raises:
        ReportError: a format is unknown, the folder cannot be written, or the PDF cannot be made. The HTML is then
            written all the same, if it was asked for, or as a stand-in.
    """
    if unknown := sorted(set(formats) - {"pdf", "html"}):
        raise ReportError(f"unknown format {', '.join(unknown)}: formats are pdf and html")
    with _collector_paused():
        page = render(page_context(inputs, kind))
    stem = f"{_file_name(inputs.network.name)}-{kind.name}"
    written: list[Path] = []
    pdf: bytes | None = None
    problem = ""
    if "pdf" in formats:
        try:
            with _collector_paused():
                pdf = to_pdf(page, newest(inputs))
        except ReportError as error:
            problem = str(error)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "html" in formats or problem:
            written.append(folder / f"{stem}.html")
            written[-1].write_text(page, encoding="utf-8")
        if pdf is not None:
            written.append(folder / f"{stem}.pdf")
            written[-1].write_bytes(pdf)
    except OSError as error:
        raise ReportError(f"{folder} cannot be written: {error.strerror or error}") from error
    if problem:
        raise ReportError(f"{problem}; the HTML is at {written[0]}")
    return written


def newest(inputs: ReportInputs) -> datetime:
    """When the newest result was taken: the date of a document. The epoch where nothing was measured."""
    taken = [datetime.fromisoformat(m.provenance.taken_at) for m in inputs.measurements.values()]
    aware = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in taken]
    return max(aware, default=datetime.fromtimestamp(0, UTC))


def render(context: dict[str, Any]) -> str:
    """The HTML page, with fonts and figures inside."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup

    folder = resource("templates", "document")
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=visible
    )
    style = Markup((folder / "style.css").read_text(encoding="utf-8"))
    template = environment.get_template("page.html")
    draft = template.render(**context, style=style, fonts={"text": "", "mono": ""})
    faces = {"text": fonts.embedded(fonts.TEXT, draft), "mono": fonts.embedded(fonts.MONO, draft)}
    return template.render(**context, style=style, fonts=faces)


def visible(value: Any) -> Any:
    """Spell out characters that would be invisible or reorder the text around them (controls, bidirectional marks)."""
    from markupsafe import Markup

    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(
        f"\u27e8U+{ord(character):04X}\u27e9"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in "\n\t"
        else character
        for character in value
    )


def to_pdf(page: str, date: datetime) -> bytes:
    """A page as a tagged PDF (PDF/UA-1) with bookmarks.

    Raises:
        ReportError: Pango is missing, or the page asks for something outside itself.
    """
    with _source_date(date):
        try:
            from weasyprint import HTML
            from weasyprint.urls import FatalURLFetchingError, URLFetcher
        except OSError as error:
            raise ReportError(PANGO_HELP) from error
        fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)
        document = HTML(string=page, url_fetcher=fetcher)
        try:
            result: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=b"specc")
        except FatalURLFetchingError as error:
            raise ReportError(f"the document asks for something outside itself: {error}") from error
        return result


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: laying out keeps nearly all it makes, and looking through it costs a quarter."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def _source_date(date: datetime) -> Iterator[None]:
    """SOURCE_DATE_EPOCH for the libraries that honour it (font subsetting writes dates), restored afterwards."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(date.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _file_name(name: str) -> str:
    """A name that is safe as part of a file name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64].strip("_") or "network"
