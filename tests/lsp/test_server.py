"""The language server as an editor meets it: a real client, a process, messages over standard input and output."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from specc.lsp.completion import complete
from specc.lsp.document import Document
from specc.lsp.hover import hover

ROOT = Path(__file__).resolve().parents[2]
URI = "file:///project/a.hwspec"
PATIENCE = 60.0  # seconds; a busy machine is not a failure

GOOD = """\
hwspec 1
model net {
  input x     8x8x4 { distribution uniform ±1 }
  conv  first { kernel 3x3, filters 4, padding same }
  dense last  { units 2, from first }
  weights seed 1
}
quantization net {
  | layer | bits | range | step |
  | ----- | ---- | ----- | ---- |
  | first | 8    | ±1.27 | 0.01 |
  | *     | 8    | ±1.27 | 0.01 |
}
target board { use stm32f407, clock 168 MHz }
budget board {
  latency first      <= 1 ms
  latency first+last <= 2 ms
}
instrument board { cycles }
"""


class Editor:
    """A client that remembers what was published."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.version = 0

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

        @client.feature(types.WINDOW_LOG_MESSAGE)
        def log(params: types.LogMessageParams) -> None:
            pass

    async def open(self, text: str) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(URI, "hwspec", 0, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.findings(0)

    async def edit(self, text: str) -> list[types.Diagnostic]:
        self.version += 1
        identifier = types.VersionedTextDocumentIdentifier(self.version, URI)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        return await self.findings(self.version)

    async def findings(self, version: int) -> list[types.Diagnostic]:
        while True:
            params = await asyncio.wait_for(self.published.get(), PATIENCE)
            if params.uri == URI and params.version == version:
                return list(params.diagnostics)


def at(text: str, marker: str, inside: int = 0) -> types.Position:
    """The position of a marker, in UTF-16 code units counted by Python's own codec."""
    offset = text.index(marker) + inside
    line_start = text.rfind("\n", 0, offset) + 1
    return types.Position(text.count("\n", 0, offset), len(text[line_start:offset].encode("utf-16-le")) // 2)


def document() -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(URI)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """The text after edits, by positions in UTF-16 code units."""
    lines = text.splitlines(keepends=True)

    def offset(position: types.Position) -> int:
        before = sum(map(len, lines[: position.line]))
        line = lines[position.line] if position.line < len(lines) else ""
        return before + len(line.encode("utf-16-le")[: 2 * position.character].decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def session(play: Callable[[Editor], Awaitable[None]]) -> None:
    """Start a server, let a test talk to it, and see it end well."""

    async def run() -> None:
        client = LanguageClient("test", "1")
        editor = Editor(client)
        await client.start_io(sys.executable, "-m", "specc", "lsp")
        capabilities = types.ClientCapabilities()
        await asyncio.wait_for(client.initialize_async(types.InitializeParams(capabilities=capabilities)), PATIENCE)
        client.initialized(types.InitializedParams())
        await asyncio.wait_for(play(editor), 4 * PATIENCE)
        await asyncio.wait_for(client.shutdown_async(None), PATIENCE)
        client.exit(None)
        process = client._server
        assert process is not None
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        await client.stop()

    asyncio.run(run())


def test_findings_come_and_go_with_the_text() -> None:
    async def play(editor: Editor) -> None:
        assert await editor.open(GOOD) == []
        broken = GOOD.replace("latency first ", "latency frist ")
        (found,) = await editor.edit(broken)
        assert (found.code, found.severity, found.source) == ("E1011", types.DiagnosticSeverity.Error, "specc")
        assert found.range == types.Range(at(broken, "frist"), at(broken, "frist", 5))
        assert "did you mean `first`?" in found.message
        assert await editor.edit(GOOD) == []

    session(play)


def test_columns_are_counted_in_utf_16() -> None:
    """`±` is one unit, an emoji two: both before the column, on the line of the error."""

    async def play(editor: Editor) -> None:
        text = GOOD + 'guidelines { application "±😀 dose 💊", optimise speed }\nhardware 😀\n'
        found = await editor.open(text)
        ranges = {finding.code: finding.range for finding in found}
        assert ranges["E1016"] == types.Range(at(text, "speed"), at(text, "speed", 5))
        assert at(text, "speed").character == 49  # 47 characters before it, two of them beyond the first plane
        emoji = at(text, "😀\n")
        assert types.Range(emoji, types.Position(emoji.line, emoji.character + 2)) in ranges.values()

    session(play)


def test_hover_shows_what_is_derived() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD)

        async def hover(marker: str, inside: int = 0) -> str:
            params = types.HoverParams(document(), at(GOOD, marker, inside))
            found = await editor.client.text_document_hover_async(params)
            assert found is not None and isinstance(found.contents, types.MarkupContent)
            return found.contents.value

        # 8 x 8 positions, 3 x 3 x 4 weights, 4 filters: 9,216 MACs; 144 weights and 4 biases.
        layer = await hover("first {", 2)
        assert "conv, 8x8x4 to 8x8x4" in layer
        assert "9,216 MACs, 148 parameters" in layer
        assert "output 256 B, weights 160 B" in layer  # 144 bytes of weights, 4 biases of 4 bytes
        assert "on `board` at least 4,608 cycles, 0.0274 ms at 168 MHz" in layer  # two MACs a cycle
        assert layer == await hover("first+last", 1)
        # 256 inputs, 2 outputs: 512 MACs, 514 parameters, with the convolution 9,728 and 662.
        assert "2 layers, 9,728 MACs, 662 parameters" in await hover("net {")
        target = await hover("board {", 1)
        assert "STM32F407VG, Cortex-M4 at 168 MHz" in target
        assert "at least 4,864 cycles" in target
        assert "sram 192 KiB" in await hover("stm32f407")
        nothing = types.HoverParams(document(), at(GOOD, "kernel"))
        assert await editor.client.text_document_hover_async(nothing) is None

    session(play)


def test_completion() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD)

        async def labels(text: str) -> set[str]:
            """Completions at the `@` of a text."""
            await editor.edit(text.replace("@", ""))
            params = types.CompletionParams(document(), at(text, "@"))
            found = await editor.client.text_document_completion_async(params)
            items = found.items if isinstance(found, types.CompletionList) else found or []
            return {item.label for item in items}

        assert {"model", "target", "budget", "quantization"} <= await labels(GOOD + "bu@")
        assert {"first", "last", "total", "overhead"} <= await labels(GOOD + "budget board {\n  latency @")
        assert {"first", "last"} <= await labels(GOOD + "budget board {\n  energy @")
        assert {"first", "last"} <= await labels(GOOD.replace("first+last", "first+@"))
        assert {"conv", "dwconv", "input"} <= await labels(GOOD.replace("  dense last", "  d@\n  dense last"))
        options = await labels(GOOD.replace("padding same", "@"))
        assert {"kernel", "filters", "stride", "padding", "activation", "from"} == options
        assert await labels(GOOD.replace("padding same", "padding @")) == {"same", "valid"}
        hardware = await labels(GOOD.replace("stm32f407", "@"))
        assert {"stm32f407", "nrf52840", "host"} <= hardware
        assert await labels(GOOD.replace("168 MHz", "168 @")) == {"Hz", "kHz", "MHz", "GHz"}
        assert {"ms", "us", "s"} <= await labels(GOOD.replace("1 ms", "1 m@"))
        assert "KiB" not in await labels(GOOD.replace("1 ms", "1 m@"))
        assert {"board", "all"} <= await labels(GOOD + "budget @")
        assert {"board", "all"} <= await labels(GOOD + "kernels @")
        assert await labels(GOOD + "kernels board {\n  @") == {"use", "weights", "rewrite"}
        assert await labels(GOOD + "kernels board {\n  use @") == {"fastest", "smallest", "generic", "tuned"}
        assert await labels(GOOD + "kernels board {\n  weights @") == {"flash", "sram"}
        assert await labels(GOOD + "kernels board {\n  use tuned @") == {"for"}
        assert {"first", "last"} <= await labels(GOOD + "kernels board {\n  use tuned for @")
        assert await labels(GOOD + "kernels board {\n  rewrite all @") == {"on", "off"}
        left = {"activations", "zero_points", "shifts", "rows", "window_sums", "on", "off"}
        assert await labels(GOOD + "kernels board {\n  rewrite padding @") == left
        assert {"first", "last", "x"} == await labels(GOOD.replace("| *  ", "| @  "))
        assert await labels(GOOD + "# mod@") == set()
        assert await labels(GOOD + 'guidelines { application "mod@') == set()

    session(play)


def test_definition_references_and_outline() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD)
        client = editor.client

        async def definition(marker: str, inside: int = 0) -> types.Location:
            params = types.DefinitionParams(document(), at(GOOD, marker, inside))
            found = await client.text_document_definition_async(params)
            assert isinstance(found, types.Location)
            return found

        declared = types.Range(at(GOOD, "first {"), at(GOOD, "first {", 5))
        for marker, inside in (("first+last", 2), ("from first", 6), ("| first", 3)):
            assert await definition(marker, inside) == types.Location(URI, declared)
        there = await definition("stm32f407")
        assert there.uri == (ROOT / "specs" / "targets" / "stm32f407.hwspec").as_uri()
        line = (ROOT / "specs" / "targets" / "stm32f407.hwspec").read_text(encoding="utf-8").splitlines()
        assert line[there.range.start.line].startswith("hardware stm32f407")
        assert (await definition("budget board", 8)).range.start == at(GOOD, "board {")
        context = types.ReferenceContext(include_declaration=False)
        references = await client.text_document_references_async(
            types.ReferenceParams(context, document(), at(GOOD, "first {"))
        )
        assert references is not None and len(references) == 4
        outline = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document()))
        assert outline is not None
        names = [symbol.name for symbol in outline if isinstance(symbol, types.DocumentSymbol)]
        assert names == ["hwspec 1", "net", "net", "board", "board", "board"]

    session(play)


def test_rename_changes_every_use_and_nothing_else() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD)
        client = editor.client

        async def rename(marker: str, name: str, inside: int = 0) -> str:
            position = at(GOOD, marker, inside)
            edit = await client.text_document_rename_async(types.RenameParams(document(), position, name))
            assert edit is not None and edit.changes is not None
            return applied(GOOD, list(edit.changes[URI]))

        assert await rename("first+last", "stem", 1) == GOOD.replace("first", "stem")
        assert await rename("board {", "disco") == GOOD.replace("board", "disco")
        assert await rename("quantization net", "kws", 14) == GOOD.replace("net", "kws")
        prepared = types.PrepareRenameParams(document(), at(GOOD, "from first", 6))
        assert await client.text_document_prepare_rename_async(prepared) is not None
        nothing = types.PrepareRenameParams(document(), at(GOOD, "kernel"))
        assert await client.text_document_prepare_rename_async(nothing) is None
        library = types.PrepareRenameParams(document(), at(GOOD, "stm32f407"))
        with pytest.raises(JsonRpcException, match="is a name of the hardware library"):
            await client.text_document_prepare_rename_async(library)
        for name, message in (
            ("last", "there is a layer `last` already"),
            ("a b", "is no name"),
            ("total", "would have an error"),
        ):
            with pytest.raises(JsonRpcException, match=message):
                await client.text_document_rename_async(types.RenameParams(document(), at(GOOD, "first {"), name))

    session(play)


def test_names_that_a_repetition_makes() -> None:
    text = GOOD.replace(
        "  dense last  { units 2, from first }\n",
        "  repeat 3 as i {\n    conv mid$i { kernel 1x1, filters 4 }\n  }\n  dense last  { units 2, from mid3 }\n",
    )

    async def play(editor: Editor) -> None:
        assert await editor.open(text) == []
        client = editor.client
        found = await client.text_document_definition_async(types.DefinitionParams(document(), at(text, "mid3")))
        assert isinstance(found, types.Location)
        assert found.range == types.Range(at(text, "mid$i"), at(text, "mid$i", 5))
        hover = await client.text_document_hover_async(types.HoverParams(document(), at(text, "mid$i")))
        assert hover is not None and isinstance(hover.contents, types.MarkupContent)
        # Each: 64 positions, 4 x 4 weights: 1,024 MACs; 16 weights and 4 biases.
        assert "3 layers, 3,072 MACs, 60 parameters\n\nmid1, mid2, mid3" in hover.contents.value
        for marker in ("mid$i", "mid3"):
            params = types.PrepareRenameParams(document(), at(text, marker))
            with pytest.raises(JsonRpcException, match=r"`mid\$i` stands for several names"):
                await client.text_document_prepare_rename_async(params)

    session(play)


def test_a_pattern_that_would_miss_a_renamed_layer_refuses_the_name() -> None:
    text = GOOD.replace("latency first+last", "latency fir*")

    async def play(editor: Editor) -> None:
        assert await editor.open(text) == []
        params = types.RenameParams(document(), at(text, "first {"), "stem")
        with pytest.raises(JsonRpcException, match=r"no layer has a name like `fir\*`"):
            await editor.client.text_document_rename_async(params)

    session(play)


def test_an_unsaved_import_counts_at_once_and_is_renamed_with_its_users(tmp_path: Path) -> None:
    model = "hwspec 1\nmodel m { input x 8, dense stem { units 2 }, weights seed 1 }\n"
    spec = 'hwspec 1\nimport "model.hwspec"\ntarget t { use host }\nbudget t { latency stem <= 10 ms }\n'
    paths = {"model.hwspec": model, "spec.hwspec": spec}
    for name, text in paths.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    uris = {name: (tmp_path / name).as_uri() for name in paths}

    async def play(editor: Editor) -> None:
        client = editor.client

        async def findings(uri: str) -> list[types.Diagnostic]:
            while True:
                params = await asyncio.wait_for(editor.published.get(), PATIENCE)
                if params.uri == uri:
                    return list(params.diagnostics)

        for name, text in paths.items():
            item = types.TextDocumentItem(uris[name], "hwspec", 0, text)
            client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        assert await findings(uris["spec.hwspec"]) == []
        identifier = types.VersionedTextDocumentIdentifier(1, uris["model.hwspec"])
        whole = types.TextDocumentContentChangeWholeDocument(model.replace("stem", "root"))
        client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [whole]))
        (found,) = await findings(uris["spec.hwspec"])  # nobody touched this one
        assert "the model has no layer `stem`" in found.message
        fixed = spec.replace("stem", "root")
        identifier = types.VersionedTextDocumentIdentifier(1, uris["spec.hwspec"])
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(identifier, [types.TextDocumentContentChangeWholeDocument(fixed)])
        )
        assert await findings(uris["spec.hwspec"]) == []
        where = types.TextDocumentIdentifier(uris["spec.hwspec"])
        edit = await client.text_document_rename_async(types.RenameParams(where, at(fixed, "root"), "trunk"))
        assert edit is not None and edit.changes is not None
        assert applied(fixed, list(edit.changes[uris["spec.hwspec"]])) == spec.replace("stem", "trunk")
        assert applied(model, list(edit.changes[uris["model.hwspec"]])) == model.replace("stem", "trunk")

    session(play)


def test_formatting_and_quick_fixes() -> None:
    async def play(editor: Editor) -> None:
        client = editor.client
        options = types.FormattingOptions(tab_size=2, insert_spaces=True)
        ugly = GOOD.replace("  conv  first {", "conv first{").replace("±1 }", "+-1}  # 😀")
        await editor.open(ugly)
        edits = await client.text_document_formatting_async(types.DocumentFormattingParams(document(), options))
        assert applied(ugly, list(edits or [])) == GOOD.replace("±1 }", "±1 }  # 😀")
        await editor.edit(GOOD + "}")
        edits = await client.text_document_formatting_async(types.DocumentFormattingParams(document(), options))
        assert not edits

        text = GOOD.replace("+last <=", "+lst <=")
        found = await editor.edit(text)
        context = types.CodeActionContext(found)
        actions = await client.text_document_code_action_async(
            types.CodeActionParams(document(), types.Range(at(text, "lst"), at(text, "lst", 1)), context)
        )
        (action,) = [action for action in actions or [] if isinstance(action, types.CodeAction)]
        assert action.title == "write `last`"
        assert action.edit is not None and action.edit.changes is not None
        assert applied(text, list(action.edit.changes[URI])) == GOOD
        start = types.Range(types.Position(0, 0), types.Position(0, 0))
        params = types.CodeActionParams(document(), start, context)
        assert not await client.text_document_code_action_async(params)

    session(play)


def test_positions_beyond_the_text_and_unknown_files() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD.replace("\n", "\r\n"))
        client = editor.client
        for position in (types.Position(10_000, 0), types.Position(0, 10_000), types.Position(3, 9_999)):
            assert await client.text_document_hover_async(types.HoverParams(document(), position)) is None
            await client.text_document_completion_async(types.CompletionParams(document(), position))
        stranger = types.TextDocumentIdentifier("untitled:none")
        assert await client.text_document_hover_async(types.HoverParams(stranger, types.Position(0, 0))) is None
        client.text_document_did_close(types.DidCloseTextDocumentParams(document()))
        params = await asyncio.wait_for(editor.published.get(), PATIENCE)
        assert not params.diagnostics

    session(play)


def message(content: object) -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def request(number: int, method: str, **params: object) -> bytes:
    return message({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def test_garbage_and_unknown_methods_do_not_end_the_server() -> None:
    text = {"uri": URI, "languageId": "hwspec", "version": 1, "text": GOOD.replace("first+", "frist+")}
    other = {**text, "uri": "file:///b.hwspec", "text": '\ud83d \x00 { { | \\ " '}
    conversation = b"".join(
        [
            request(1, "initialize", processId=None, rootUri=None, capabilities={}),
            message(b"{not json"),
            message({"jsonrpc": "2.0", "id": 2, "method": "no/suchMethod", "params": {}}),
            message({"jsonrpc": "2.0", "method": "$/unknownNotification", "params": {}}),
            message({"jsonrpc": "2.0", "id": 3, "method": "textDocument/hover", "params": {"wrong": 1}}),
            message({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": text}}),
            message({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": other}}),
            request(4, "textDocument/documentSymbol", textDocument={"uri": URI}),
            request(5, "shutdown"),
        ]
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "specc", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(conversation)
        server.stdin.flush()
        answers: dict[int, dict[str, object]] = {}
        while 5 not in answers:
            header = server.stdout.readline()
            assert header, "the server ended"
            while (line := server.stdout.readline()).strip():
                header = line if line.startswith(b"Content-Length") else header
            answer = json.loads(server.stdout.read(int(header.split(b":")[1])))
            if "id" in answer:
                answers[answer["id"]] = answer
        server.stdin.write(message({"jsonrpc": "2.0", "method": "exit"}))
        server.stdin.flush()
        assert server.wait(PATIENCE) == 0
    assert "error" in answers[2]
    assert isinstance(answers[4]["result"], list) and len(answers[4]["result"]) == 6


def test_of_many_edits_the_last_one_counts() -> None:
    async def play(editor: Editor) -> None:
        await editor.open(GOOD)
        for number in range(1, 30):
            text = GOOD.replace("<= 2 ms", f"<= {number} ns")
            identifier = types.VersionedTextDocumentIdentifier(number, URI)
            change = types.TextDocumentContentChangeWholeDocument(text)
            editor.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        seen = []
        while 29 not in seen:
            params = await asyncio.wait_for(editor.published.get(), PATIENCE)
            seen.append(params.version)
        assert "29 ns" in params.diagnostics[0].message
        assert seen == sorted(seen), "what is out of date comes late"
        assert not await editor.edit(GOOD)

    session(play)


def test_completion_and_hover_do_not_wait_for_the_check() -> None:
    before = Document(URI, GOOD, 1, "utf-16")
    before.work_out()
    text = GOOD.replace("<= 2 ms", "<= 3 ms")
    after = Document(URI, text, 2, "utf-16", before=before)
    labels = {item.label for item in complete(after, at(text, "first      <=", 0))}
    shown = hover(after, at(text, "first {"))
    assert "last" in labels and shown is not None and "conv" in str(shown.contents)
    assert "result" not in vars(after), "the request has checked the file"
    assert after.result is not before.result


def test_the_first_request_works_out_what_it_needs() -> None:
    document = Document(URI, GOOD, 1, "utf-16")
    assert {"first", "last"} <= {item.label for item in complete(document, at(GOOD, "first      <="))}
    assert hover(document, at(GOOD, "first {")) is not None


def test_without_pygls_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "pygls").mkdir()
    (tmp_path / "pygls" / "__init__.py").write_text("raise ModuleNotFoundError('No module', name='pygls')\n")
    done = subprocess.run(
        [sys.executable, "-c", "from specc.cli import main; raise SystemExit(main(['lsp']))"],
        cwd=ROOT,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "specc: the language server needs pygls: pip install 'specc[lsp]'\n"
