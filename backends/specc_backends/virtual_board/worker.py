"""The process that runs the virtual board, one request and one answer per line of JSON on its pipes.

Unicorn lives in a process of its own: it is under the GPL, and a guest that brings it down must not take specc along.
Requests: `{"do": "load", ...}` with the arguments of `Machine`, then `{"do": "command", "line": ...}` as often as
wanted. Answers carry what was asked for, or `error`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from specc_backends.virtual_board.cores.decode import UnknownInstruction
from specc_backends.virtual_board.image import ImageError, read_image
from specc_backends.virtual_board.machine import GuestError, Machine


def load(request: dict[str, Any]) -> Machine:
    """A machine as the request describes it."""
    arguments = {key: value for key, value in request.items() if key not in ("do", "elf", "library")}
    return Machine(read_image(Path(request["elf"])), Path(request["library"]), **arguments)


def serve() -> None:
    """Answer requests until the pipe closes."""
    machine: Machine | None = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            if request["do"] == "load":
                machine, answer = load(request), {}
            elif machine is None:
                answer = {"error": "no program was loaded"}
            else:
                reply = machine.command(request["line"].encode("ascii") + b"\n")
                answer = {
                    "reply": reply.decode("ascii", "replace"),
                    "counters": machine.counters(),
                    "exit_code": machine.exit_code,
                }
        except (GuestError, ImageError, UnknownInstruction) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
