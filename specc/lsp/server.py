"""The server itself: which requests it answers, and when it checks a file."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from specc import __version__
from specc.check import check_source
from specc.diagnostics.model import Sink
from specc.lsp.completion import complete
from specc.lsp.document import Document
from specc.lsp.findings import diagnostics, quick_fixes
from specc.lsp.hover import hover
from specc.lsp.navigation import RenameError, definition, references, renamable, rename, symbols
from specc.lsp.project import Project, key_of
from specc.source import SourceFile
from specc.syntax.formatter import FormatError, format_source

# Seconds of silence after a keystroke before the file is checked: typing is not interrupted, and nobody waits.
DEBOUNCE: Final = 0.01

_WARM_UP: Final = "hwspec 1\nmodel m { input x 8, dense d { units 2 } }\n"


class SpecServer(LanguageServer):
    """A language server for `.hwspec` files. It keeps one `Document` per open file.

    Files are checked one after the other in a thread of its own, so that requests are answered meanwhile.
    """

    def __init__(self) -> None:
        # Whole texts, not changes: files are small, and nothing can get out of step.
        super().__init__("specc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents: dict[str, Document] = {}
        self.pending: dict[str, asyncio.TimerHandle] = {}
        self.running: set[asyncio.Task[None]] = set()
        self.checker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")

    def update(self, uri: str, text: str, version: int | None) -> None:
        """Take a new version of a file; it is checked when the typing pauses, and so is what may import it."""
        before = self.documents.get(uri)
        self.documents[uri] = Document(uri, text, version, self.workspace.position_encoding, before=before)
        self.renew(uri)

    def renew(self, changed: str) -> None:
        """Let a file that was changed, opened or closed, and every open file with imports, be checked again."""
        unsaved = {key_of(open_file): open_file.source.text for open_file in self.documents.values() if open_file.path}
        for uri, document in list(self.documents.items()):
            if uri != changed and "import" not in document.source.text:
                continue
            self.documents[uri] = document.beside(unsaved)
            if uri in self.pending:
                self.pending[uri].cancel()
            self.pending[uri] = asyncio.get_running_loop().call_later(DEBOUNCE, self.start, uri)

    def project(self, document: Document) -> Project:
        """The files that a document is read with, as they are now."""
        folders = [Path(path) for folder in self.workspace.folders.values() if (path := to_fs_path(folder.uri))]
        return Project(document, self.documents.values(), folders)

    def start(self, uri: str) -> None:
        """Begin to check a file."""
        task = asyncio.get_running_loop().create_task(self.publish(uri))
        self.running.add(task)  # the loop itself keeps no hold of it
        task.add_done_callback(self.running.discard)

    async def publish(self, uri: str) -> None:
        """Check a file and send what was found, unless a newer version has come meanwhile."""
        self.pending.pop(uri, None)
        document = self.documents.get(uri)
        if document is None:
            return
        found = await asyncio.get_running_loop().run_in_executor(self.checker, self.check, document)
        if found is not None and self.is_current(document):
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, document.version))

    def check(self, document: Document) -> list[types.Diagnostic] | None:
        """The findings of a version; None if it is out of date before its turn has come."""
        if not self.is_current(document):
            return None
        document.work_out()
        return diagnostics(document)

    def is_current(self, document: Document) -> bool:
        """Whether this is still the newest version of an open file."""
        return self.documents.get(document.uri) is document

    def forget(self, uri: str) -> None:
        """Drop a closed file, and its findings from the editor."""
        self.documents.pop(uri, None)
        if uri in self.pending:
            self.pending.pop(uri).cancel()
        self.renew(uri)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def create_server() -> SpecServer:
    """A server with every request it answers."""
    server = SpecServer()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: SpecServer, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        ls.update(item.uri, item.text, item.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: SpecServer, params: types.DidChangeTextDocumentParams) -> None:
        text = ls.workspace.get_text_document(params.text_document.uri).source
        ls.update(params.text_document.uri, text, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: SpecServer, params: types.DidCloseTextDocumentParams) -> None:
        ls.forget(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(ls: SpecServer, params: types.HoverParams) -> types.Hover | None:
        document = ls.documents.get(params.text_document.uri)
        return hover(document, params.position) if document else None

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", "|", "+", "{", ","])
    )
    def completed(ls: SpecServer, params: types.CompletionParams) -> list[types.CompletionItem]:
        document = ls.documents.get(params.text_document.uri)
        return complete(document, params.position) if document else []

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def defined(ls: SpecServer, params: types.DefinitionParams) -> types.Location | None:
        document = ls.documents.get(params.text_document.uri)
        return definition(ls.project(document), params.position) if document else None

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def referenced(ls: SpecServer, params: types.ReferenceParams) -> list[types.Location]:
        document = ls.documents.get(params.text_document.uri)
        if document is None:
            return []
        wanted = params.context.include_declaration
        return references(ls.project(document), params.position, declarations=wanted)

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def rename_prepared(ls: SpecServer, params: types.PrepareRenameParams) -> types.Range | None:
        document = ls.documents.get(params.text_document.uri)
        if document is None:
            return None
        try:
            found = renamable(ls.project(document), params.position)
        except RenameError as error:
            raise JsonRpcInvalidParams(str(error)) from error
        return document.positions.range(found.span.start, found.span.end) if found else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def renamed(ls: SpecServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
        document = ls.documents.get(params.text_document.uri)
        if document is None:
            return None
        try:
            return rename(ls.project(document), params.position, params.new_name)
        except RenameError as error:
            raise JsonRpcInvalidParams(str(error)) from error

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def formatted(ls: SpecServer, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document = ls.documents.get(params.text_document.uri)
        return _formatting(document) if document else []

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def acted(ls: SpecServer, params: types.CodeActionParams) -> list[types.CodeAction]:
        document = ls.documents.get(params.text_document.uri)
        return quick_fixes(document, params.range) if document else []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outlined(ls: SpecServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = ls.documents.get(params.text_document.uri)
        return symbols(document) if document else []

    return server


def _formatting(document: Document) -> list[types.TextEdit]:
    """The whole text replaced by its layout; nothing if it does not parse, for then its errors are shown already."""
    try:
        text = format_source(document.source, Sink())
    except FormatError:
        return []
    if text == document.source.text:
        return []
    return [types.TextEdit(document.positions.range(0, len(document.source.text)), text)]


def serve() -> None:
    """Answer an editor over standard input and output until it says goodbye."""
    # Load what the first check would load; from then on the garbage collector need not look at it.
    check_source(SourceFile("", _WARM_UP))
    gc.collect()
    gc.freeze()
    create_server().start_io()
