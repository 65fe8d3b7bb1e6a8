"""Writing documents: which there are, and their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from specc.report import dashboard, data, markdown
from specc.report.inputs import ReportError, ReportInputs
from specc.report.kinds import FULL, GUIDELINES, SLIDES, Kind, page_context
from specc.report.material import Material
from specc.report.pages import collector_paused, file_name, newest, render, to_pdf

FORMATS: Final = ("pdf", "html")
PAGED: Final = {kind.name: kind for kind in (GUIDELINES, FULL, SLIDES)}

Files = dict[str, bytes]  # by the end of the file's name

# The other documents: each with the function that makes its files.
_OTHERS: Final[dict[str, Callable[[Material, str], Files]]] = {
    "dashboard": dashboard.files,
    "markdown": markdown.files,
    "data": data.files,
}
DOCUMENTS: Final = (*PAGED, *_OTHERS)


def write_documents(
    inputs: ReportInputs,
    folder: Path,
    documents: Sequence[str] = ("guidelines",),
    formats: Sequence[str] = FORMATS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write documents. Each file is replaced whole or left as it was.

    Args:
        inputs: what they are written from; equal inputs give equal bytes.
        folder: where the files go, their names beginning with the network's; made if absent.
        documents: names out of `DOCUMENTS`.
        formats: of the documents that are set on pages: "pdf", "html" or both.
        progress: is told what is being written.

    Returns:
        The files written.

    Raises:
        ReportError: a document or a format is unknown, the folder cannot be written, or a PDF cannot be made. Its HTML
            is then written all the same, if it was asked for, or as a stand-in.
    """
    for kind, asked, known in (("document", documents, DOCUMENTS), ("format", formats, FORMATS)):
        if unknown := sorted(set(asked) - set(known)):
            raise ReportError(f"unknown {kind} {', '.join(unknown)}: {kind}s are {', '.join(known)}")
    material, stem = Material(inputs), file_name(inputs.network.name)
    written: list[Path] = []
    for name in dict.fromkeys(documents):
        progress(f"writing {name}")
        problem = ""
        if name in PAGED:
            made, problem = _pages(material, PAGED[name], formats)
        else:
            made = _OTHERS[name](material, stem)
        paths = _write(folder, stem, made)
        if problem:
            raise ReportError(f"{problem}; the HTML is at {paths[0]}")
        written += paths
    return written


def _pages(material: Material, kind: Kind, formats: Sequence[str]) -> tuple[Files, str]:
    """A document's HTML and PDF, and why there is no PDF, if there is none."""
    made: Files = {}
    with collector_paused():
        page = render(page_context(material, kind), kind.template, kind.style)
        problem = ""
        pdf: bytes | None = None
        if "pdf" in formats:
            try:
                pdf = to_pdf(page, newest(material.inputs))
            except ReportError as error:
                problem = str(error)
    if "html" in formats or problem:
        made[f"-{kind.name}.html"] = page.encode()
    if pdf is not None:
        made[f"-{kind.name}.pdf"] = pdf
    return made, problem


def _write(folder: Path, stem: str, files: Files) -> list[Path]:
    paths = []
    try:
        for ending, content in files.items():
            path = folder / f"{stem}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.unfinished")
            unfinished.write_bytes(content)
            unfinished.replace(path)
            paths.append(path)
    except OSError as error:
        raise ReportError(f"{folder} cannot be written: {error.strerror or error}") from error
    return paths
