"""How soon the language server answers an edit: a real client, a process, a spec of 1,000 lines."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time

from lsprotocol import types
from pygls.lsp.client import LanguageClient

URI = "file:///benchmark/large.hwspec"
LAYERS = 330  # each has a line in the model, in the table and in the budget: 1,000 lines with the rest


def large_spec(last_limit: int) -> str:
    """A spec of 1,000 lines; the limit of its last line is given, so that every edit is one."""
    layers = [f"  conv c{number} {{ kernel 3x3, filters 8, padding same }}" for number in range(LAYERS)]
    rows = [f"  | c{number} | 10 | ±3.2 | 0.01 |" for number in range(LAYERS)]
    limits = [f"  latency c{number} <= 10 ms" for number in range(LAYERS - 1)]
    lines = ["hwspec 1", "model large {", "  input x 8x8x8", *layers, "}"]
    lines += ["quantization large {", "  | layer | bits | range | step |", *rows, "}"]
    lines += ["target m4 { use stm32f407, clock 168 MHz }"]
    lines += ["budget m4 {", *limits, f"  latency c{LAYERS - 1} <= {last_limit} ns", "}"]
    return "\n".join(lines) + "\n"


def answer() -> str:
    """Time from sending an edit to having its diagnostics: median, slowest and fastest of 15, and processor time.

    The processor time of an edit is that of the server with the edits, less that of one that is only opened and closed.
    """
    edits = 15
    start = _processor_seconds()
    times = asyncio.run(_times(edits))
    with_edits = _processor_seconds()
    asyncio.run(_times(0))
    without = _processor_seconds() - with_edits
    each = (with_edits - start - without) / edits
    return (
        f"{statistics.median(times) * 1e3:.0f} ms, from {min(times) * 1e3:.0f} to {max(times) * 1e3:.0f} ms; "
        f"processor {each * 1e3:.0f} ms"
    )


def _processor_seconds() -> float:
    """Processor time of all processes that this one has started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


async def _times(edits: int) -> list[float]:
    client = LanguageClient("benchmark", "1")
    published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: types.PublishDiagnosticsParams) -> None:
        published.put_nowait(params)

    await client.start_io(sys.executable, "-m", "specc", "lsp")
    await client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
    client.initialized(types.InitializedParams())
    item = types.TextDocumentItem(URI, "hwspec", 0, large_spec(1))
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await published.get()
    times = []
    for version in range(1, edits + 1):
        change = types.TextDocumentContentChangeWholeDocument(large_spec(version + 1))
        identifier = types.VersionedTextDocumentIdentifier(version, URI)
        start = time.perf_counter()
        client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        params = await published.get()
        times.append(time.perf_counter() - start)
        if params.version != version or not params.diagnostics:
            raise RuntimeError(f"expected the findings of version {version}, had {params}")
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return times
